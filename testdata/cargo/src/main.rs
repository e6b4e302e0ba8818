use counter::{receive, send, start};

fn main() {
    let counter = start();
    for word in std::env::args().skip(1) {
        send(counter, word.len() as u64);
        println!("{} is word {}", word, receive());
    }
    send(counter, 0);
    receive();
    println!("built for {}", env!("COUNTER_BUILT_FOR"));
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_the_program() {
        println!("the program is tested");
    }
}

//! Roman numerals: the request is an HTTP message on standard input, the response one on
//! standard output.
//!
//!     curl http://localhost:8080/1994

use std::io::{self, BufRead};

const NUMERALS: [(u32, &str); 13] = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
];

fn roman(mut n: u32) -> String {
    let mut text = String::new();
    for (value, numeral) in NUMERALS {
        while n >= value {
            text += numeral;
            n -= value;
        }
    }
    text
}

fn respond(status: &str, body: &str) {
    print!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

fn main() {
    // The request line: GET /1994 HTTP/1.1
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).expect("no request");
    let path = line.split(' ').nth(1).unwrap_or("/");
    match path.trim_start_matches('/').parse::<u32>() {
        Ok(0) => panic!("the Romans had no zero"), // a bug: this request gets 502, the next ones do not notice
        Ok(n) if n < 4000 => respond("200 OK", &format!("{}\n", roman(n))),
        _ => respond("404 Not Found", "Ask for a number below 4000.\n"),
    }
}

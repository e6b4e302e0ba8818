//! A panic below trait objects and a sleep: the message goes to standard error, the process
//! ends in a trap (panic=abort), and what was printed before stays.

use std::thread::sleep;
use std::time::Duration;

trait Step {
    fn run(&self, left: u32, rest: &[Box<dyn Step>]) -> u32;
}

struct Sleep;
struct Index(Vec<u32>);

impl Step for Sleep {
    fn run(&self, left: u32, rest: &[Box<dyn Step>]) -> u32 {
        sleep(Duration::from_millis(1));
        rest[0].run(left - 1, &rest[1..]) + 1
    }
}

impl Step for Index {
    fn run(&self, left: u32, _: &[Box<dyn Step>]) -> u32 {
        println!("about to index {} of {}", left, self.0.len());
        self.0[left as usize]
    }
}

fn main() {
    for n in [5, 4, 3, 12] {
        let mut steps: Vec<Box<dyn Step>> = (0..5).map(|_| -> Box<dyn Step> { Box::new(Sleep) }).collect();
        steps.push(Box::new(Index(vec![10, 20, 30])));
        println!("result {}", steps[0].run(n + 2, &steps[1..]));
    }
}

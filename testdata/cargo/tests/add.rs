// Rust's own tests: their harness is a program as any other.
use counter::add;

#[test]
fn adds() {
    println!("adding");
    assert_eq!(add(40, 2), 42);
}

#[test]
#[cfg(feature = "broken")]
fn adds_wrongly() {
    assert_eq!(add(40, 2), 43);
}

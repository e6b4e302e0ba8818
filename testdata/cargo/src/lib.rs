//! A library for processes: a process that counts, and those who ask it.

/// What the tests and the program take of the host.
pub mod host {
    #[link(wasm_import_module = "lunatic::process")]
    extern "C" {
        pub fn spawn(link: i64, config: i64, module: i64, name: *const u8, name_len: usize, params: *const u8, params_len: usize, id: *mut u64) -> u32;
        pub fn process_id() -> u64;
    }
    #[link(wasm_import_module = "lunatic::message")]
    extern "C" {
        pub fn create_data(tag: i64, capacity: u64);
        pub fn write_data(data: *const u8, len: usize) -> usize;
        pub fn read_data(data: *mut u8, len: usize) -> usize;
        pub fn send(process: u64) -> u32;
        pub fn receive(tags: *const i64, tags_len: usize, timeout: u64) -> u32;
    }
}

/// Sends a number.
pub fn send(to: u64, n: u64) {
    unsafe {
        host::create_data(1, 8);
        host::write_data(n.to_le_bytes().as_ptr(), 8);
        host::send(to);
    }
}

/// Waits for a number.
pub fn receive() -> u64 {
    let mut b = [0; 8];
    unsafe {
        host::receive(std::ptr::null(), 0, u64::MAX);
        host::read_data(b.as_mut_ptr(), 8);
    }
    u64::from_le_bytes(b)
}

/// Starts a process that answers how many numbers it has got, and ends at the number 0.
pub fn start() -> u64 {
    let name = "counter_process";
    let mut params = [0; 17];
    params[0] = 0x7e; // an i64
    params[1..9].copy_from_slice(&unsafe { host::process_id() }.to_le_bytes());
    let mut id = 0;
    let status = unsafe { host::spawn(0, -1, -1, name.as_ptr(), name.len(), params.as_ptr(), params.len(), &mut id) };
    assert_eq!(status, 0, "the process cannot be started");
    id
}

#[export_name = "counter_process"]
extern "C" fn counter_process(parent: u64) {
    let mut n = 0;
    while receive() != 0 {
        n += 1;
        send(parent, n);
    }
    println!("counted to {}", n);
    send(parent, n);
}

/// Adds two numbers.
pub fn add(a: u64, b: u64) -> u64 {
    a + b
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rust's own tests. They are not run where there are tests for processes: see ../tests.
    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3);
    }

    #[export_name = "#lunatic_test_tests::counts"]
    extern "C" fn counts() {
        let counter = start();
        for n in 1..=3 {
            send(counter, n);
            assert_eq!(receive(), n);
        }
        send(counter, 0);
        assert_eq!(receive(), 3);
    }

    #[export_name = "#lunatic_test_#panic_the answer \\#1 is wrong#tests::panics"]
    extern "C" fn panics() {
        panic!("the answer #1 is wrong: {}", add(1, 2));
    }

    #[export_name = "#lunatic_test_tests::sees_the_manifest"]
    extern "C" fn sees_the_manifest() {
        assert!(std::fs::read_to_string("Cargo.toml").unwrap().contains("counter"));
        assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok());
    }

    #[export_name = "#lunatic_test_#ignore_tests::ignored"]
    extern "C" fn ignored() {
        panic!("nobody has asked for it");
    }

    #[cfg(feature = "broken")]
    #[export_name = "#lunatic_test_tests::broken"]
    extern "C" fn broken() {
        let counter = start();
        send(counter, 0);
        assert_eq!(receive(), 1, "nothing was counted");
    }
}

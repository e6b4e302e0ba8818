// Compiled for the machine that builds, and linked by its own linker.
fn main() {
    println!("cargo:rustc-env=COUNTER_BUILT_FOR={}", std::env::var("TARGET").unwrap());
    println!("cargo:rerun-if-changed=build.rs");
}

// Package toolchain finds what else a build of a guest needs on this machine: the Rust
// compiler and its targets, the linker for WebAssembly, and the commands of this project.
package toolchain

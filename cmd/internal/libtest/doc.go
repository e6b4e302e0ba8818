// Package libtest runs the tests that a module exports, each as a process in an
// environment of its own, and reports on them as Rust's test harness, libtest, does.
//
// A test is an exported function whose name says what it is: see Find. What its processes
// write is captured, each process on its own.
//
// Start from Run. The ordinary tests of Rust are not its matter: their harness is a WASI
// program.
package libtest

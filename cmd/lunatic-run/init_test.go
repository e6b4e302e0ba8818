package main

import (
	"fmt"
	"os"
	"strings"
)

// fakeRust is the Rust compiler of the scripts, which knows the targets in RUST_TARGETS
// and has no standard library for any.
func fakeRust() {
	switch strings.Join(os.Args[1:], " ") {
	case "--version":
		fmt.Println("rustc 1.2.3")
	case "--print sysroot":
		fmt.Println(os.Getenv("WORK"))
	case "--print target-list":
		fmt.Println("x86_64-unknown-linux-gnu\n" + strings.ReplaceAll(os.Getenv("RUST_TARGETS"), ",", "\n"))
	}
}

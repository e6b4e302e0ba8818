// Lunatic-wasm-ld is a linker for WebAssembly whose output is an artifact: it has the real
// linker called by lunatic-build --as-linker. Its name ends the way it does because Rust's
// compiler takes from it which language of arguments a linker speaks.
//
//	LUNATIC_LD           the real linker; else the one of the Rust compiler that calls, else
//	                     wasm-ld or rust-lld
//	LUNATIC_BUILD_FLAGS  flags for lunatic-build, separated by spaces
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/lunatic-go/lunatic/cmd/internal/toolchain"
)

func main() {
	err := link(os.Args[1:])
	fmt.Fprintf(os.Stderr, "lunatic-wasm-ld: %v\n", err)
	os.Exit(1)
}

// link returns only if it fails.
func link(args []string) error {
	build, err := toolchain.Sibling("lunatic-build")
	if err != nil {
		return err
	}
	linker, err := toolchain.FindLinker(toolchain.CallingSysroots())
	if err != nil {
		return err
	}
	all := append([]string{"--as-linker"}, strings.Fields(os.Getenv("LUNATIC_BUILD_FLAGS"))...)
	all = append(all, "--", linker.Path)
	if len(args) == 0 || args[0] != "-flavor" { // rustc says it if it knows that it has to
		all = append(all, linker.Args...)
	}
	return toolchain.Become(build, append(all, args...), os.Environ())
}

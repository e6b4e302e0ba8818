// Cargo-lunatic is a subcommand of cargo: cargo lunatic COMMAND does what cargo COMMAND
// does, compiling for WASI, linking with lunatic-wasm-ld, and running with lunatic-run. It
// writes no configuration: it tells cargo by variables of the environment.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/lunatic-go/lunatic/cmd/internal/toolchain"
)

const help = `Cargo-lunatic has cargo build, run and test programs for lunatic-run.

Usage:
  cargo lunatic COMMAND [ARGUMENTS]     cargo COMMAND, compiling for WASI, linking with
                                        lunatic-wasm-ld, running with lunatic-run

What is set for cargo, unless it is set already:
  CARGO_BUILD_TARGET           wasm32-wasip1, or wasm32-wasi of older compilers
  CARGO_TARGET_*_RUNNER        lunatic-run
  CARGO_TARGET_*_LINKER        lunatic-wasm-ld, which makes an artifact of what is linked
LUNATIC_LD names the real linker, LUNATIC_BUILD_FLAGS has flags for lunatic-build.
"lunatic-run init" writes the same into the project's .cargo/config.toml.

Examples:
  cargo lunatic run --release
  cargo lunatic test
  cargo lunatic test -- --nocapture counts
`

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "lunatic" { // cargo passes its subcommand's name
		args = args[1:]
	}
	if len(args) == 0 || args[0] == "-h" || args[0] == "--help" {
		fmt.Print(help)
		return
	}
	err := run(args)
	fmt.Fprintf(os.Stderr, "cargo-lunatic: %v\n", err)
	os.Exit(1)
}

// run returns only if it fails.
func run(args []string) error {
	cargo := os.Getenv("CARGO")
	if cargo == "" {
		cargo = "cargo"
	}
	path, err := exec.LookPath(cargo)
	if err != nil {
		return fmt.Errorf("no cargo: install Rust from https://rustup.rs or the package cargo")
	}
	runner, err := toolchain.Sibling("lunatic-run")
	if err != nil {
		return err
	}
	linker, err := toolchain.Sibling("lunatic-wasm-ld")
	if err != nil {
		return err
	}
	if strings.ContainsAny(runner, " \t") { // cargo splits it
		runner = filepath.Base(runner)
	}
	rust, err := toolchain.FindRust(".")
	if err != nil {
		return err
	}
	set := func(name, value string) {
		if _, ok := os.LookupEnv(name); !ok {
			os.Setenv(name, value)
		}
	}
	set("CARGO_BUILD_TARGET", rust.Target)
	for _, target := range toolchain.Targets {
		name := "CARGO_TARGET_" + strings.ToUpper(strings.ReplaceAll(target, "-", "_"))
		set(name+"_RUNNER", runner)
		set(name+"_LINKER", linker)
	}
	if !rust.Std && os.Getenv("CARGO_BUILD_TARGET") == rust.Target {
		fmt.Fprintf(os.Stderr, "cargo-lunatic: %s has no standard library for %s: %s\n", rust.Version, rust.Target, rust.StdRemedy())
	}
	return toolchain.Become(path, args, os.Environ())
}

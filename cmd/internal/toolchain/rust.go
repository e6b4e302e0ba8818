package toolchain

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Targets are the names of Rust's target for WASI preview 1, newest first: Rust 1.78 has
// added the first, 1.84 has dropped the second.
var Targets = []string{"wasm32-wasip1", "wasm32-wasi"}

// A Rust is an installed Rust compiler.
type Rust struct {
	Version string // as rustc --version prints it
	Sysroot string
	Known   []string // those of Targets that it knows
	// Target is the one of Targets to compile for: one that has a standard library, if
	// there is one.
	Target string
	// Std reports whether the standard library for Target is installed.
	Std bool
}

// ErrNoRust says that there is no Rust compiler.
var ErrNoRust = errors.New("no rustc: install Rust from https://rustup.rs or the package rustc")

// FindRust asks the compiler that RUSTC names, or rustc, in the folder dir, where a file
// may choose the version.
func FindRust(dir string) (*Rust, error) {
	rustc := os.Getenv("RUSTC")
	if rustc == "" {
		rustc = "rustc"
	}
	path, err := exec.LookPath(rustc)
	if err != nil {
		return nil, ErrNoRust
	}
	ask := func(args ...string) (string, error) {
		cmd := exec.Command(path, args...)
		cmd.Dir = dir
		out, err := cmd.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			first, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
			err = fmt.Errorf("%s %s: %s", rustc, strings.Join(args, " "), first)
		}
		return strings.TrimSpace(string(out)), err
	}
	r := &Rust{}
	if r.Version, err = ask("--version"); err != nil {
		return nil, err
	}
	if r.Sysroot, err = ask("--print", "sysroot"); err != nil {
		return nil, err
	}
	list, err := ask("--print", "target-list")
	if err != nil {
		return nil, err
	}
	known := strings.Fields(list)
	for _, t := range Targets {
		if !slices.Contains(known, t) {
			continue
		}
		r.Known = append(r.Known, t)
		std := r.hasStd(t)
		if r.Target == "" || std && !r.Std {
			r.Target, r.Std = t, std
		}
	}
	if r.Target == "" {
		return nil, fmt.Errorf("%s knows neither of the targets %s", r.Version, strings.Join(Targets, " and "))
	}
	return r, nil
}

func (r *Rust) hasStd(target string) bool {
	found, _ := filepath.Glob(filepath.Join(escapeGlob(r.Sysroot), "lib", "rustlib", target, "lib", "libstd-*.rlib"))
	return len(found) > 0
}

// StdRemedy says how to install the standard library for Target.
func (r *Rust) StdRemedy() string {
	if strings.Contains(filepath.ToSlash(r.Sysroot), "/toolchains/") { // rustup's
		return "rustup target add " + r.Target
	}
	return "rustup target add " + r.Target + ", or the package libstd-rust-dev-wasm32"
}

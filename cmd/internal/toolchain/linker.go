package toolchain

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Linker is a program that links WebAssembly modules.
type Linker struct {
	Path string
	// Args have to stand before all others.
	Args []string
}

// ErrNoLinker says that there is none, and what helps.
var ErrNoLinker = errors.New("no linker for WebAssembly: install rustup's wasm32-wasip1 target or Debian's package lld, or name one in LUNATIC_LD")

// FindLinker returns the linker to use: the one that LUNATIC_LD names; that of the Rust
// compilers in sysroots, whose libraries another version may be unable to read; wasm-ld or
// rust-lld of the PATH; the newest wasm-ld that has its version in its name.
func FindLinker(sysroots []string) (Linker, error) {
	if name := os.Getenv("LUNATIC_LD"); name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return Linker{}, fmt.Errorf("LUNATIC_LD: %w", err)
		}
		return linkerAt(path), nil
	}
	var candidates []string
	for _, s := range sysroots {
		own, _ := filepath.Glob(filepath.Join(escapeGlob(s), "lib", "rustlib", "*", "bin", exe("rust-lld")))
		candidates = append(candidates, own...)
		candidates = append(candidates, filepath.Join(s, "bin", exe("rust-lld"))) // Debian
	}
	candidates = append(candidates, "wasm-ld", "rust-lld")
	for _, name := range append(candidates, versioned()...) {
		if path, err := exec.LookPath(name); err == nil {
			return linkerAt(path), nil
		}
	}
	return Linker{}, ErrNoLinker
}

// linkerAt says how a linker is called. LLVM's is several in one: it goes by its name.
func linkerAt(path string) Linker {
	l := Linker{Path: path}
	switch strings.TrimSuffix(filepath.Base(path), ".exe") {
	case "rust-lld", "lld":
		l.Args = []string{"-flavor", "wasm"}
	}
	return l
}

// versioned returns the names of the form wasm-ld-VERSION on the PATH and where Debian
// puts each version, the newest first.
func versioned() []string {
	found := map[string]int{}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		names, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "wasm-ld-*"))
		for _, name := range names {
			if v, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSuffix(filepath.Base(name), ".exe"), "wasm-ld-")); err == nil {
				found[name] = v
			}
		}
	}
	names, _ := filepath.Glob("/usr/lib/llvm-*/bin/wasm-ld")
	for _, name := range names {
		dir := filepath.Base(filepath.Dir(filepath.Dir(name)))
		if v, err := strconv.Atoi(strings.TrimPrefix(dir, "llvm-")); err == nil {
			found[name] = v
		}
	}
	var all []string
	for name := range found {
		all = append(all, name)
	}
	slices.SortFunc(all, func(a, b string) int {
		if found[a] != found[b] {
			return found[b] - found[a]
		}
		return strings.Compare(a, b)
	})
	return all
}

// CallingSysroots returns the sysroots of the Rust compilers that have put the folder of
// their tools into the PATH, as rustc does for the linker it calls.
func CallingSysroots() []string {
	var roots []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		parts := strings.Split(filepath.ToSlash(filepath.Clean(dir)), "/")
		n := len(parts)
		if n > 4 && parts[n-1] == "bin" && parts[n-3] == "rustlib" && parts[n-4] == "lib" {
			if root := filepath.FromSlash(strings.Join(parts[:n-4], "/")); !slices.Contains(roots, root) {
				roots = append(roots, root)
			}
		}
	}
	return roots
}

// escapeGlob returns a pattern that matches a name only.
func escapeGlob(name string) string {
	if filepath.Separator == '\\' { // no escapes there, and no such names
		return name
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

package toolchain

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"rustc": fakeRust})
}

// fakeRust is a Rust compiler whose sysroot and targets are in the environment.
func fakeRust() {
	args := strings.Join(os.Args[1:], " ")
	switch {
	case os.Getenv("FAKE_FAILS") != "":
		os.Stderr.WriteString("error: no toolchain\nmore of it\n")
		os.Exit(1)
	case args == "--version":
		os.Stdout.WriteString("rustc 1.2.3\n")
	case args == "--print sysroot":
		os.Stdout.WriteString(os.Getenv("FAKE_SYSROOT") + "\n")
	case args == "--print target-list":
		os.Stdout.WriteString("a\n" + strings.ReplaceAll(os.Getenv("FAKE_TARGETS"), " ", "\n") + "\n")
	}
}

// program makes a file that can be executed, and returns its path.
func program(t *testing.T, parts ...string) string {
	t.Helper()
	return file(t, exe(filepath.Join(parts...)))
}

func file(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindLinker(t *testing.T) {
	dir := t.TempDir()
	rustup, debian, bin := filepath.Join(dir, "rust[up]"), filepath.Join(dir, "debian"), filepath.Join(dir, "bin")
	rust := program(t, rustup, "lib", "rustlib", "x86_64-unknown-linux-gnu", "bin", "rust-lld")
	deb := program(t, debian, "bin", "rust-lld")
	program(t, bin, "wasm-ld-9")
	newest := program(t, bin, "wasm-ld-1000")
	program(t, bin, "wasm-ld-next")
	other := program(t, dir, "other")
	check := func(what, path string, flavored bool, sysroots ...string) {
		t.Helper()
		l, err := FindLinker(sysroots)
		if err != nil || l.Path != path || (l.Args != nil) != flavored {
			t.Errorf("%s: got %+v, %v, want %s", what, l, err, path)
		}
	}
	t.Setenv("LUNATIC_LD", "")
	t.Setenv("PATH", bin)
	check("of rustup", rust, true, rustup, debian)
	check("of Debian", deb, true, dir, debian)
	check("the newest", newest, false, dir)
	plain := program(t, bin, "wasm-ld")
	check("the PATH's", plain, false)
	t.Setenv("LUNATIC_LD", other)
	check("named", other, false, rustup)
	t.Setenv("LUNATIC_LD", "no-such-linker")
	if _, err := FindLinker(nil); err == nil || !strings.Contains(err.Error(), "LUNATIC_LD: ") {
		t.Errorf("got %v", err)
	}
}

func TestCallingSysroots(t *testing.T) {
	dir := t.TempDir()
	tools := func(root string) string { return filepath.Join(dir, root, "lib", "rustlib", "host", "bin") }
	t.Setenv("PATH", strings.Join([]string{tools("a"), filepath.Join(tools("a"), "self-contained"), filepath.Join(dir, "bin"), tools("b"), tools("a")}, string(filepath.ListSeparator)))
	if got, want := CallingSysroots(), []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFindRust(t *testing.T) {
	for _, tt := range []struct {
		known, installed, target string
		std                      bool
	}{
		{"wasm32-wasi", "", "wasm32-wasi", false},
		{"wasm32-wasi", "wasm32-wasi", "wasm32-wasi", true},
		{"wasm32-wasi wasm32-wasip1", "wasm32-wasi", "wasm32-wasi", true},
		{"wasm32-wasi wasm32-wasip1", "wasm32-wasi wasm32-wasip1", "wasm32-wasip1", true},
		{"wasm32-wasi wasm32-wasip1", "", "wasm32-wasip1", false},
		{"wasm32-wasip1 wasm32-wasip2", "wasm32-wasip1", "wasm32-wasip1", true},
		{"wasm32-wasip2", "wasm32-wasip2", "", false},
	} {
		root := t.TempDir()
		for _, target := range strings.Fields(tt.installed) {
			file(t, filepath.Join(root, "lib", "rustlib", target, "lib", "libstd-123.rlib"))
		}
		t.Setenv("FAKE_SYSROOT", root)
		t.Setenv("FAKE_TARGETS", tt.known)
		r, err := FindRust(root)
		switch {
		case tt.target == "":
			if err == nil || err.Error() != "rustc 1.2.3 knows neither of the targets wasm32-wasip1 and wasm32-wasi" {
				t.Errorf("%s: got %+v, %v", tt.known, r, err)
			}
		case err != nil || r.Target != tt.target || r.Std != tt.std:
			t.Errorf("%s, %s: got %+v, %v, want %s, %v", tt.known, tt.installed, r, err, tt.target, tt.std)
		}
	}
	t.Setenv("FAKE_FAILS", "1")
	if _, err := FindRust("."); err == nil || err.Error() != "rustc --version: error: no toolchain" {
		t.Errorf("got %v", err)
	}
	t.Setenv("RUSTC", "no-such-compiler")
	if _, err := FindRust("."); err != ErrNoRust {
		t.Errorf("got %v", err)
	}
}

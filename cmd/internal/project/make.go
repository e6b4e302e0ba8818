package project

import (
	_ "embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed templates/c.mk
var makeC []byte

//go:embed templates/go.mk
var makeGo []byte

func planC(p *planner) error  { return p.planMake(makeC) }
func planGo(p *planner) error { return p.planMake(makeGo) }

// planMake adds a fragment for make, and a Makefile that includes it if there is none.
func (p *planner) planMake(fragment []byte) error {
	if err := p.own("lunatic.mk", fragment); err != nil {
		return err
	}
	for _, name := range []string{"GNUmakefile", "makefile", "Makefile"} { // as make looks for them
		old, err := p.read(name)
		if err != nil {
			return err
		}
		if old != nil {
			if !strings.Contains(string(old), "lunatic.mk") {
				p.hint("%s: add the line: include lunatic.mk", name)
			}
			return nil
		}
	}
	p.edit("Makefile", nil, []byte("include lunatic.mk\n"))
	return nil
}

func checkGo(dir string) []Requirement {
	golang := found("go", "install Go 1.21 or newer from https://go.dev/dl", "env", "GOVERSION")
	if golang.Found != "" && !knowsWASI(golang.Found) {
		golang.Remedy = "it is " + golang.Found + ", and GOOS=wasip1 needs go1.21: " + golang.Remedy
		golang.Found = ""
	}
	return []Requirement{golang, found("make", "install the package make"), command("lunatic-run"), command("lunatic-build")}
}

// knowsWASI reports whether a version of Go has GOOS=wasip1. A version that is no number
// is a development version.
func knowsWASI(version string) bool {
	parts := strings.Split(strings.TrimPrefix(version, "go"), ".")
	if len(parts) < 2 || parts[0] != "1" {
		return true
	}
	digits := strings.IndexFunc(parts[1]+".", func(r rune) bool { return r < '0' || r > '9' })
	minor, err := strconv.Atoi(parts[1][:digits])
	return err != nil || minor >= 21
}

// clangs are the names under which clang is looked for; c.mk has the same list.
var clangs = []string{"clang", "clang-21", "clang-20", "clang-19", "clang-18", "clang-17", "clang-16", "clang-15", "clang-14"}

const remedyC = "install Debian's packages clang lld wasi-libc libclang-rt-dev-wasm32, or wasi-sdk with WASI_SDK_PATH set"

func checkC(dir string) []Requirement {
	clang, flags := findClang()
	all := []Requirement{
		{Name: "clang", Found: clang, Remedy: remedyC},
		{Name: "a program for WASI can be linked", Remedy: remedyC},
		found("make", "install the package make"), command("lunatic-run"), command("lunatic-build"),
	}
	if clang != "" {
		if err := tryC(clang, flags); err != nil {
			all[1].Remedy = err.Error() + ": " + remedyC
		} else {
			all[1].Found = "yes"
		}
	}
	return all
}

// findClang returns what lunatic.mk would compile with.
func findClang() (path string, flags []string) {
	if sdk := os.Getenv("WASI_SDK_PATH"); sdk != "" {
		if path, err := exec.LookPath(filepath.Join(sdk, "bin", "clang")); err == nil {
			return path, []string{"--target=wasm32-wasi", "--sysroot=" + filepath.Join(sdk, "share", "wasi-sysroot")}
		}
	}
	for _, name := range clangs {
		if path, err := exec.LookPath(name); err == nil {
			return path, []string{"--target=wasm32-wasi", "--sysroot=/usr"}
		}
	}
	return "", nil
}

// tryC compiles and links a program.
func tryC(clang string, flags []string) error {
	dir, err := os.MkdirTemp("", "lunatic-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "a.c")
	if err := os.WriteFile(source, []byte("#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n"), 0o666); err != nil {
		return err
	}
	out, err := exec.Command(clang, append(flags, source, "-o", filepath.Join(dir, "a.wasm"))...).CombinedOutput()
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return errors.New(line)
	}
	return nil
}

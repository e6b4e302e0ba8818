package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// errNoStart refuses a module that is not a program.
var errNoStart = errors.New("module exports no function _start: build a program, not a library (a reactor)")

// refusal is the error of a module that cannot be run, with what to do about it where that
// is known.
func refusal(module []byte, err error) error {
	if errors.Is(err, transform.ErrInternal) {
		return err
	}
	if better := cli.NotModule(module); better != nil {
		return better
	}
	if m, parseErr := wasmparse.Parse(module); parseErr == nil {
		for _, s := range m.Sections {
			switch s.Name {
			case "linking":
				return errors.New("is an object file: link it to a program first (clang without -c)")
			case "dylink.0", "dylink":
				return errors.New("is a library to be linked at run time: build a program (without -shared)")
			}
		}
	}
	var missing *runner.ImportError
	if errors.As(err, &missing) {
		return unknownImports(missing)
	}
	return err
}

// maxMissing is how many unknown imports are named.
const maxMissing = 5

// unknownImports names the imports that nobody provides, with what was meant.
func unknownImports(e *runner.ImportError) error {
	var names []string
	var hint string
	for i, name := range e.Missing {
		if i == maxMissing {
			break
		}
		text := "`" + name + "`"
		if near := nearImport(name, e.Offered); near != "" {
			text += " (did you mean `" + near + "`?)"
		}
		names = append(names, text)
		if hint == "" {
			hint = importHint(name)
		}
	}
	if n := len(e.Missing) - len(names); n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	text := "module imports " + names[0]
	if n := len(names); n > 1 {
		text = "module imports " + strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	if text += ", which no namespace provides"; hint != "" {
		text += ": " + hint
	}
	return errors.New(text)
}

// nearImport returns the function that an import was meant to be.
func nearImport(name string, offered []string) string {
	namespace, function, _ := strings.Cut(name, ".")
	var same, others []string
	for _, o := range offered {
		ns, f, _ := strings.Cut(o, ".")
		if ns == namespace {
			same = append(same, f)
		}
		if f == function {
			others = append(others, o)
		}
	}
	if near := cli.Nearest(function, same); near != "" {
		return namespace + "." + near
	}
	if len(others) == 1 {
		return others[0]
	}
	return cli.Nearest(name, offered)
}

// importHint says where imports of such a namespace come from.
func importHint(name string) string {
	namespace, _, _ := strings.Cut(name, ".")
	switch {
	case namespace == "wasi_unstable":
		return "it was built for an old version of WASI; build it for preview 1"
	case strings.HasPrefix(namespace, "wasi:"):
		return "it was built for WASI preview 2; build it for preview 1 (wasm32-wasip1)"
	case namespace == "wbg", strings.HasPrefix(namespace, "__wbindgen"):
		return "it was built with wasm-bindgen for a browser; build it for wasm32-wasip1"
	case namespace == "gojs", namespace == "go":
		return "it was built with GOOS=js; build it with GOOS=wasip1"
	case name == "env.abort", name == "env.seed", name == "env.trace":
		return "asc has such imports without --use abort=FUNCTION, or a library for WASI"
	case namespace == "env":
		return "a function that the linker has not found becomes such an import"
	}
	return ""
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lunatic-go/lunatic"

// arrows are the imports that packages of this module may have, direct or not, beside
// the standard library: packages of the module by their path in it, and modules. A
// package that is not listed may not be there.
var arrows = map[string][]string{
	"rtlib": {},
	// What commands hand out.
	"rtlib/assemblyscript": {},
	"rtlib/go":             {},
	"rtlib/go/behaviour":   {"rtlib/go"},
	"wasmparse":            {},
	"wasmencode":           {"wasmparse", "rtlib"},
	"asyncify":             {"wasmencode", "wasmparse", "rtlib"},
	"transform":            {"asyncify", "wasmencode", "wasmparse", "rtlib"},

	"runner":         {"rtlib", "github.com/tetratelabs/wazero", "golang.org/x/sys"},
	"runner/httpcli": {"runner", "rtlib", "github.com/tetratelabs/wazero", "golang.org/x/sys"},
	"runner/host":    append([]string{"runner", "rtlib", "github.com/tetratelabs/wazero", "golang.org/x/sys"}, append(sqlite, prometheus...)...),

	"cmd/internal/cli":  {"rtlib", "github.com/spf13/pflag"},
	"cmd/lunatic-build": {"cmd/internal/cli", "transform", "asyncify", "wasmencode", "wasmparse", "rtlib", "github.com/spf13/pflag"},
	"cmd/lunatic-run":   anything,
	"cmd/lunatic-bench": anything,

	"cmd/lunatic-wasm-ld":    {"cmd/internal/toolchain"},
	"cmd/cargo-lunatic":      {"cmd/internal/toolchain"},
	"cmd/internal/toolchain": {},
	"cmd/internal/project":   {"cmd/internal/toolchain", "rtlib/assemblyscript", "github.com/pelletier/go-toml/v2", "github.com/rogpeppe/go-internal"},
	"cmd/internal/libtest":   {"cmd/internal/cli", "runner", "rtlib", "github.com/tetratelabs/wazero", "golang.org/x/sys", "github.com/spf13/pflag"},

	// What only tests and the Makefile use.
	"cmd/internal/cli/clitest":       anything,
	"rtlib/behaviour":                anything,
	"rtlib/guesttest":                anything,
	"rtlib/assemblyscript/tests/run": anything,
	"rtlib/c/tests/run":              anything,
	"docs/doctest":                   anything,
	"examples":                       anything,
	"wasmparse/wasmtest":             anything,
	"testdata":                       anything,
}

// What lunatic::sqlite and lunatic::metrics take, with what these bring along.
var (
	sqlite     = []string{"github.com/ncruces/go-sqlite3", "github.com/ncruces/go-sqlite3-wasm/v3", "github.com/ncruces/julianday"}
	prometheus = []string{
		"github.com/prometheus/client_golang", "github.com/prometheus/client_model", "github.com/prometheus/common", "github.com/prometheus/procfs",
		"github.com/beorn7/perks", "github.com/cespare/xxhash/v2", "github.com/munnerz/goautoneg", "google.golang.org/protobuf",
	}
)

// anything is for programs that join the two halves.
var anything = []string{"*"}

// standard are the packages of the standard library that a package may import itself,
// where not all are allowed.
var standard = map[string][]string{
	"rtlib": {},
}

// A listed is what go list -deps says about one package.
type listed struct {
	ImportPath string
	Standard   bool
	DepOnly    bool
	Imports    []string
	Deps       []string
	Module     *struct{ Path string }
}

func TestImports(t *testing.T) {
	gotool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal("no go command")
	}
	cmd := exec.Command(gotool, "list", "-e", "-deps", "-json=ImportPath,Standard,DepOnly,Imports,Deps,Module", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	packages := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}

	checked := 0
	for path, p := range packages {
		name, ours := strings.CutPrefix(path, module+"/")
		if !ours || p.DepOnly {
			continue
		}
		checked++
		allowed, known := allowedFor(name)
		if !known {
			t.Errorf("%s is in no row of the table of arrows", name)
			continue
		}
		for _, dep := range p.Deps {
			d := packages[dep]
			if d.Standard || slices.Contains(allowed, "*") {
				continue
			}
			to, inside := strings.CutPrefix(dep, module+"/")
			if !inside && d.Module != nil {
				to = d.Module.Path
			}
			if !slices.Contains(allowed, to) {
				t.Errorf("%s -> %s: not an arrow of this project", name, to)
			}
		}
		if few, limited := standard[name]; limited {
			for _, to := range p.Imports {
				if packages[to].Standard && !slices.Contains(few, to) {
					t.Errorf("%s -> %s: not an import it may have", name, to)
				}
			}
		}
	}
	if checked < 4 {
		t.Errorf("only %d packages were checked", checked)
	}
}

// allowedFor returns the row of the package or of the nearest folder around it that may
// import anything.
func allowedFor(name string) ([]string, bool) {
	if row, ok := arrows[name]; ok {
		return row, true
	}
	for folder, row := range arrows {
		if strings.HasPrefix(name, folder+"/") && slices.Contains(row, "*") {
			return row, true
		}
	}
	return nil, false
}

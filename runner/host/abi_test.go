package host

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// A documented is a row of docs/abi.md.
type documented struct {
	typ    string
	params int // that are named
	waits  string
}

var (
	abiHeading = regexp.MustCompile(`^## (lunatic::\w+|wasi_snapshot_preview1)$`)
	abiRow     = regexp.MustCompile("^\\| `(\\w+)\\(([^)]*)\\)` \\| `([^`]*)` \\| ([^ |]+) \\|")
	anyHeading = regexp.MustCompile(`^## `)
	anyRow     = regexp.MustCompile("^\\| `")
)

// readABI returns the tables by NAMESPACE.FUNCTION.
func readABI(t *testing.T) map[string]documented {
	t.Helper()
	text, err := os.ReadFile("../../docs/abi.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]documented)
	namespace := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if anyHeading.MatchString(line) {
			namespace = ""
			if m := abiHeading.FindStringSubmatch(line); m != nil {
				namespace = m[1]
			}
		}
		if namespace == "" || !anyRow.MatchString(line) {
			continue
		}
		m := abiRow.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%s: not a row of a function: %.60s", namespace, line)
			continue
		}
		name := namespace + "." + m[1]
		if _, twice := rows[name]; twice {
			t.Errorf("%s is documented twice", name)
		}
		d := documented{typ: m[3], waits: m[4]}
		if m[2] != "" {
			d.params = len(strings.Split(m[2], ","))
		}
		rows[name] = d
	}
	return rows
}

// offeredTypes returns the types of all host functions by NAMESPACE.FUNCTION, without the variants
// of dialects.
func offeredTypes(t *testing.T) map[string]string {
	t.Helper()
	types := make(map[string]string)
	for _, ns := range All() {
		if ns.Base != nil { // what WASI has of wazero
			for name, typ := range wasiTypes(t) {
				types[ns.Name+"."+name] = typ
			}
		}
		for _, f := range ns.Funcs {
			if f.Of == "" {
				types[ns.Name+"."+f.Name] = f.Type
			}
		}
	}
	return types
}

// wasiTypes returns the types of wazero's functions of WASI.
func wasiTypes(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(ctx)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, rt); err != nil {
		t.Fatal(err)
	}
	types := make(map[string]string)
	for name, def := range rt.Module(wasi_snapshot_preview1.ModuleName).ExportedFunctionDefinitions() {
		var words []string
		for _, p := range def.ParamTypes() {
			words = append(words, api.ValueTypeName(p))
		}
		for i, r := range def.ResultTypes() {
			if i == 0 {
				words = append(words, "->")
			}
			words = append(words, api.ValueTypeName(r))
		}
		types[name] = strings.Join(words, " ")
	}
	return types
}

// What docs/abi.md says of names and types is what guests get.
func TestABI(t *testing.T) {
	rows, types := readABI(t), offeredTypes(t)
	for name, typ := range types {
		d, ok := rows[name]
		switch {
		case !ok:
			t.Errorf("%s is not documented; its type is %s", name, typ)
		case d.typ != typ:
			t.Errorf("%s: documented as %s, the host has %s", name, d.typ, typ)
		}
	}
	waits := []string{"–", "suspends", "parks", "lends", "listed"}
	for name, d := range rows {
		if _, ok := types[name]; !ok {
			t.Errorf("%s is documented, and the host has none", name)
		}
		params, _, _ := strings.Cut(d.typ, "->")
		if n := len(strings.Fields(params)); n != d.params {
			t.Errorf("%s: %d parameters are named, %d have types", name, d.params, n)
		}
		if !slices.Contains(waits, d.waits) {
			t.Errorf("%s: waits %q, which means nothing", name, d.waits)
		}
	}
	wasi, lunatic := 0, 0
	for name := range rows {
		if strings.HasPrefix(name, "lunatic::") {
			lunatic++
		} else {
			wasi++
		}
	}
	want(t, "functions of WASI", wasi, 46)
	want(t, "functions of Lunatic 0.13 and ours", lunatic, 140+30)
}

// Every variant of a dialect is in the document, with its type.
func TestABIDialects(t *testing.T) {
	text, err := os.ReadFile("../../docs/abi.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, ns := range All() {
		for _, f := range ns.Funcs {
			if f.Of == "" {
				continue
			}
			n++
			if row := "| `" + ns.Name + "::" + f.Of + "` | `" + f.Type + "` |"; !strings.Contains(string(text), row) {
				t.Errorf("no row begins with %s", row)
			}
		}
	}
	if n == 0 {
		t.Error("the host has no dialects")
	}
}

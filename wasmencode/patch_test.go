package wasmencode_test

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

const allFeatures = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
	experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesExceptionHandling |
	experimental.CoreFeaturesTypedFunctionReferences

func shiftModule(t testing.TB) *wasmparse.Module {
	t.Helper()
	data, err := os.ReadFile("testdata/shift.wasm") // from shift.wat by wat2wasm --enable-tail-call --enable-exceptions --debug-names
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, data)
}

// run instantiates a module in wazero and calls each export of type [] -> [i32], and
// each of type [i32] -> [i32] with 0, 1 and 2. Traps count as results.
func run(t *testing.T, data []byte) map[string]string {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(allFeatures))
	defer r.Close(ctx)
	_, err := r.NewHostModuleBuilder("env").
		NewFunctionBuilder().WithFunc(func() int32 { return 100 }).Export("base").
		NewFunctionBuilder().WithFunc(func(x int32) int32 { return x + 1000 }).Export("extra").
		NewFunctionBuilder().WithFunc(func() {}).Export("other").
		Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := r.Instantiate(ctx, data)
	if err != nil {
		t.Fatalf("instantiate: %v\n%x", err, data)
	}
	got := map[string]string{}
	for name, def := range mod.ExportedFunctionDefinitions() {
		var args [][]uint64
		switch {
		case len(def.ResultTypes()) != 1:
			continue
		case len(def.ParamTypes()) == 0:
			args = [][]uint64{nil}
		default:
			args = [][]uint64{{0}, {1}, {2}, {3}}
		}
		var out []string
		for _, a := range args {
			res, err := mod.ExportedFunction(name).Call(ctx, a...)
			if err != nil {
				out = append(out, "trap")
				continue
			}
			out = append(out, string(wasmText(res[0])))
		}
		got[name] = strings.Join(out, " ")
	}
	return got
}

func wasmText(v uint64) []byte {
	if v >= 10 {
		return append(wasmText(v/10), byte('0'+v%10))
	}
	return []byte{byte('0' + v)}
}

// fullPatch adds something of everything. extra is env.extra, moved the old functions'
// new indices.
func fullPatch(m *wasmparse.Module) *wasmencode.Patch {
	types := wasmparse.TypeIdx(len(m.Types))
	funcRefs := wasmparse.TypeIdx(0) // [] -> [i32]
	extra := wasmparse.FuncIdx(m.ImportedFuncs)
	two := m.ImportedFuncs + 1
	p := &wasmencode.Patch{
		M: m,
		Types: []wasmparse.FuncType{
			{Params: []wasmparse.ValType{wasmparse.I32}, Results: []wasmparse.ValType{wasmparse.I32}}, {},
		},
		Imports:  []wasmencode.FuncImport{{"env", "extra", types}, {"env", "other", types + 1}},
		Globals:  []wasmencode.NewGlobal{{wasmparse.GlobalType{Val: wasmparse.I32, Mut: true}, []byte{0x41, 5, 0x0b}, "__lunatic_budget"}},
		Producer: "lunatic-build 1.2",
		Custom:   []wasmencode.NewCustom{{"lunatic", []byte("meta")}},
	}
	newTwo := p.NewIdx(wasmparse.FuncIdx(two))
	first := wasmparse.FuncIdx(len(m.Funcs)) + wasmparse.FuncIdx(p.Shift())

	// added: extra(two()) + budget + table 1 [0]()
	body := wasmencode.AppendLocals(nil, nil)
	for _, in := range []wasmparse.Instr{
		{Op: wasmparse.OpCall, A: uint32(newTwo)},
		{Op: wasmparse.OpCall, A: uint32(extra)},
		{Op: wasmparse.OpGlobalGet, A: uint32(len(m.Globals))},
		{Op: wasmparse.OpI32Add},
		{Op: wasmparse.OpI32Const, B: 0},
		{Op: wasmparse.OpCallIndirect, A: uint32(funcRefs), B: uint64(len(m.Tables))},
		{Op: wasmparse.OpI32Add},
		{Op: wasmparse.OpEnd, B: wasmparse.FuncEnd},
	} {
		body = wasmencode.AppendInstr(body, nil, &in)
	}
	p.Funcs = []wasmencode.NewFunc{{Type: funcRefs, Name: "added", Body: body}}
	fill := append(wasmencode.AppendU32([]byte{0xd2}, uint32(newTwo)), 0x0b)
	p.Tables = []wasmparse.TableType{{Elem: wasmparse.FuncRef, Min: 2, Init: fill}}
	p.Elems = []wasmencode.NewElem{
		{Mode: wasmparse.ElemActive, Table: wasmparse.TableIdx(len(m.Tables)), Offset: []byte{0x41, 1, 0x0b}, Funcs: []wasmparse.FuncIdx{first}},
		{Mode: wasmparse.ElemDeclarative, Funcs: []wasmparse.FuncIdx{first, newTwo}},
	}
	p.Exports = []wasmparse.Export{
		{Name: "added", Kind: wasmparse.KindFunc, Idx: uint32(first)},
		{Name: "__lunatic_budget", Kind: wasmparse.KindGlobal, Idx: uint32(len(m.Globals))},
	}
	return p
}

func TestPatchKeepsBehaviour(t *testing.T) {
	m := shiftModule(t)
	want := run(t, m.Data)
	for name, result := range map[string]string{"direct": "101", "tail": "3", "at": "1 2 3 trap", "tailAt": "1 2 3 trap",
		"global": "2", "refFunc": "4", "passive": "3", "passiveExpr": "4", "started": "7", "data": "42"} {
		if want[name] != result {
			t.Fatalf("before: %s gives %s, want %s", name, want[name], result)
		}
	}

	out := write(t, fullPatch(m))
	patched := parse(t, out)
	want["added"] = "1009" // 1000 + 2 + 5 + 2
	same(t, "patched", run(t, out), want)

	// Once more: now the table's initializer and the new segments move too.
	again := &wasmencode.Patch{M: patched, Types: []wasmparse.FuncType{{}},
		Imports: []wasmencode.FuncImport{{"env", "other", wasmparse.TypeIdx(len(patched.Types))}}}
	same(t, "patched twice", run(t, write(t, again)), want)
}

func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s gives %q, want %q", what, name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d functions, want %d", what, len(got), len(want))
	}
}

func TestPatchDeterministic(t *testing.T) {
	m := shiftModule(t)
	if !bytes.Equal(write(t, fullPatch(m)), write(t, fullPatch(m))) {
		t.Error("the same patch gives different bytes")
	}
}

func TestPatchNames(t *testing.T) {
	m := shiftModule(t)
	p := fullPatch(m)
	p.Bodies = make([][]byte, len(m.Bodies))
	patched := parse(t, write(t, p))
	names := patched.Names()
	if names.Module != "shift" {
		t.Errorf("module is called %q", names.Module)
	}
	for f, want := range map[wasmparse.FuncIdx]string{
		0: "base", 1: "env.extra", 2: "env.other", 3: "one", 4: "two",
		wasmparse.FuncIdx(len(patched.Funcs) - 1): "added",
	} {
		if got := names.FuncName(f); got != want {
			t.Errorf("function %d is called %q, want %q", f, got, want)
		}
	}
	ids := []byte{}
	for _, s := range names.Raw {
		ids = append(ids, s.ID)
	}
	if !slices.IsSorted(ids) || !slices.Contains(ids, 7) {
		t.Errorf("subsections %v, want them in order and 7 (globals) among them", ids)
	}
	last := patched.Sections[len(patched.Sections)-1]
	if last.Name != "lunatic" || string(patched.Data[last.Start:last.End]) != "meta" {
		t.Errorf("last section is %q", last.Name)
	}
}

// subsection returns the data of a subsection of the name section.
func subsection(m *wasmparse.Module, id byte) string {
	for _, s := range m.Names().Raw {
		if s.ID == id {
			return string(s.Data)
		}
	}
	return ""
}

// Names of locals and labels are keyed by function; a replaced body has new labels.
func TestPatchLocalAndLabelNames(t *testing.T) {
	const indirect = "\x02" + "\x01\x01\x00\x01x" + "\x02\x01\x00\x01y" // functions 1 and 2
	names := "\x04name" + "\x02\x0b" + indirect + "\x03\x0b" + indirect + "\x63\x03any"
	m := parse(t, []byte(preamble+
		section(1, "\x01\x60\x00\x00")+section(2, "\x01\x01m\x01f\x00\x00")+section(3, "\x02\x00\x00")+
		section(10, "\x02\x02\x00\x0b\x02\x00\x0b")+section(0, names)))
	p := &wasmencode.Patch{M: m, Imports: []wasmencode.FuncImport{{"m", "g", 0}}, Bodies: [][]byte{{0, 1, 0x0b}}}
	out := parse(t, write(t, p))
	if got, want := subsection(out, wasmparse.NamesLocal), "\x02"+"\x02\x01\x00\x01x"+"\x03\x01\x00\x01y"; got != want {
		t.Errorf("locals: got %q, want %q", got, want)
	}
	if got, want := subsection(out, wasmparse.NamesLabel), "\x01"+"\x03\x01\x00\x01y"; got != want {
		t.Errorf("labels: got %q, want %q", got, want)
	}
	if got := subsection(out, 0x63); got != "any" {
		t.Errorf("unknown subsection: got %q", got)
	}
}

// Whatever the name section holds, what is written must not have wazero refuse the
// module.
func TestPatchRepairsNames(t *testing.T) {
	for _, names := range []string{
		"\x00\x02\x01\xff",                                  // module name not UTF-8
		"\x00\x03\x01aa",                                    // longer than its name
		"\x01\x08\x02\x00\x01a\x01\x02b",                    // second name cut off
		"\x01\x04\x01\x00\x01\xff",                          // function name not UTF-8
		"\x01\x07\x02\x01\x01a\x00\x01b",                    // out of order
		"\x01\x04\x01\x7f\x01a",                             // no such function
		"\x02\x05\x01\x00\x02\x00\x01" + "\x03\x01\x7f",     // locals, labels cut off
		"\x02\x06\x01\x00\x01\x00\x01\xff" + "\x01\x02\x03", // local not UTF-8, then nothing
	} {
		m := parse(t, []byte(preamble+section(1, "\x01\x60\x00\x00")+section(3, "\x02\x00\x00")+
			section(10, "\x02\x02\x00\x0b\x02\x00\x0b")+section(0, "\x04name"+names)))
		out := write(t, &wasmencode.Patch{M: m, Imports: []wasmencode.FuncImport{{"env", "other", 0}},
			Funcs: []wasmencode.NewFunc{{Name: "new", Body: []byte{0, 0x0b}}}})
		run(t, out)
		if got := parse(t, out).Names().FuncName(3); got != "new" {
			t.Errorf("%q: new function is called %q", names, got)
		}
	}
}

const preamble = "\x00asm\x01\x00\x00\x00"

func section(id byte, payload string) string {
	return string(wasmencode.AppendU32([]byte{id}, uint32(len(payload)))) + payload
}

// A module with nothing gets every section in its place; custom ones stay in theirs.
func TestPatchCreatesSections(t *testing.T) {
	m := parse(t, []byte(preamble+section(0, "\x01a1")+section(0, "\x01b2")))
	p := &wasmencode.Patch{M: m,
		Types:   []wasmparse.FuncType{{}},
		Imports: []wasmencode.FuncImport{{"m", "f", 0}},
		Funcs:   []wasmencode.NewFunc{{Type: 0, Body: []byte{0, 0x0b}}},
		Tables:  []wasmparse.TableType{{Elem: wasmparse.FuncRef, Min: 1}},
		Mems:    []wasmparse.MemType{{Min: 1, Max: 2, HasMax: true, Shared: true}},
		Globals: []wasmencode.NewGlobal{{wasmparse.GlobalType{Val: wasmparse.I32}, []byte{0x41, 0, 0x0b}, ""}},
		Exports: []wasmparse.Export{{Name: "f", Idx: 1}},
		Elems:   []wasmencode.NewElem{{Offset: []byte{0x41, 0, 0x0b}, Funcs: []wasmparse.FuncIdx{1}}},
		Custom:  []wasmencode.NewCustom{{"c", nil}},
	}
	out := parse(t, write(t, p))
	var got []string
	for _, s := range out.Sections {
		if s.ID == wasmparse.SectionCustom {
			got = append(got, "custom "+s.Name)
		} else {
			got = append(got, s.ID.String())
		}
	}
	want := []string{"custom a", "custom b", "type", "import", "function", "table", "memory", "global", "export", "element", "code", "custom c"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestPatchCustomSections(t *testing.T) {
	m := shiftModule(t)
	has := func(p *wasmencode.Patch) (names []string) {
		p.M = m
		for _, s := range parse(t, write(t, p)).Sections {
			if s.ID == wasmparse.SectionCustom {
				names = append(names, s.Name)
			}
		}
		return names
	}
	for _, c := range []struct {
		what string
		p    wasmencode.Patch
		want []string
	}{
		{"nothing", wasmencode.Patch{}, []string{"name"}},
		{"strip", wasmencode.Patch{Strip: true}, nil},
		{"drop", wasmencode.Patch{DropCustom: func(s string) bool { return s == "name" }}, nil},
		{"producer", wasmencode.Patch{Producer: "x 1"}, []string{"name", "producers"}},
	} {
		if got := has(&c.p); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestPatchStart(t *testing.T) {
	m := shiftModule(t)
	out := parse(t, write(t, &wasmencode.Patch{M: m, NoStart: true}))
	if out.HasStart {
		t.Error("the start section is still there")
	}
}

func TestProducers(t *testing.T) {
	name := func(s string) string { return string(wasmencode.AppendName(nil, s)) }
	added := name("processed-by") + "\x01" + name("lunatic-build") + name("2")
	for _, c := range []struct{ what, in, want string }{
		{"other field", "\x01" + name("language") + "\x01" + name("Go") + name("1.26"),
			"\x02" + name("language") + "\x01" + name("Go") + name("1.26") + added},
		{"other tool", "\x01" + name("processed-by") + "\x01" + name("rustc") + name("1"),
			"\x01" + name("processed-by") + "\x02" + name("rustc") + name("1") + name("lunatic-build") + name("2")},
		{"older version", "\x01" + name("processed-by") + "\x01" + name("lunatic-build") + name("1"), "\x01" + added},
		{"cut off", "\x02" + name("language") + "\x01" + name("Go"), "\x02" + name("language") + "\x01" + name("Go")},
		{"huge count", "\xff\xff\xff\xff\x0f", "\xff\xff\xff\xff\x0f"},
	} {
		m := parse(t, []byte(preamble+section(0, name("producers")+c.in)))
		out := parse(t, write(t, &wasmencode.Patch{M: m, Producer: "lunatic-build 2"}))
		s := out.Sections[0]
		if got := string(out.Data[s.Start:s.End]); got != c.want || len(out.Sections) != 1 {
			t.Errorf("%s:\ngot  %q\nwant %q", c.what, got, c.want)
		}
	}
}

// A writer that fails ends the writing, and its error comes back.
func TestWriteError(t *testing.T) {
	m := shiftModule(t)
	p := fullPatch(m)
	whole := len(write(t, p))
	for n := 0; n < whole; n += 7 {
		w := &failing{left: n}
		if _, err := p.WriteTo(w); err != errFull {
			t.Fatalf("after %d bytes: got %v, want %v", n, err, errFull)
		}
	}
}

type failing struct{ left int }

var errFull = os.ErrClosed

func (w *failing) Write(b []byte) (int, error) {
	if len(b) > w.left {
		n := w.left
		w.left = 0
		return n, errFull
	}
	w.left -= len(b)
	return len(b), nil
}

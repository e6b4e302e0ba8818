package wasmencode_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// validModules calls do with every valid module of the specification's suites that
// come with wazero.
func validModules(t testing.TB, do func(path string, m *wasmparse.Module)) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal("the wazero module is not there: go mod download")
	}
	paths, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "internal/integration_test/spectest/*/testdata/*.wasm"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no modules in the suites", err)
	}
	n := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := wasmparse.Parse(data)
		if err != nil || m.Validate() != nil {
			continue
		}
		n++
		do(path, m)
	}
	if n < 2000 {
		t.Errorf("only %d valid modules", n)
	}
}

// reencode decodes and encodes every body.
func reencode(t testing.TB, m *wasmparse.Module) []byte {
	t.Helper()
	var f wasmparse.Func
	p := wasmencode.Patch{M: m, Bodies: make([][]byte, len(m.Bodies))}
	for i := range m.Bodies {
		if err := f.Decode(m, wasmparse.FuncIdx(m.ImportedFuncs+i)); err != nil {
			t.Fatal(err)
		}
		p.Bodies[i] = wasmencode.AppendFunc(nil, &f)
	}
	return write(t, &p)
}

func write(t testing.TB, p *wasmencode.Patch) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := p.WriteTo(&b)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(b.Len()) {
		t.Errorf("WriteTo says %d bytes, wrote %d", n, b.Len())
	}
	return b.Bytes()
}

func parse(t testing.TB, data []byte) *wasmparse.Module {
	t.Helper()
	m, err := wasmparse.Parse(data)
	if err == nil {
		err = m.Validate()
	}
	if err != nil {
		t.Fatalf("%v\n%x", err, data)
	}
	return m
}

// Decoding and encoding keeps the instructions, and a second time the bytes.
func TestRoundTrip(t *testing.T) {
	seen := map[wasmparse.Opcode]bool{}
	validModules(t, func(path string, m *wasmparse.Module) {
		once := reencode(t, m)
		again := parse(t, once)
		if !bytes.Equal(once, reencode(t, again)) {
			t.Errorf("%s: encoded twice it differs", path)
		}
		sameFuncs(t, path, m, again, seen)
	})
	for op := wasmparse.Opcode(0); op.String() != "unknown opcode"; op++ {
		if !seen[op] {
			t.Errorf("%s is in no valid module", op)
		}
	}
}

// sameFuncs compares the functions of two modules, and notes the opcodes seen.
func sameFuncs(t *testing.T, path string, a, b *wasmparse.Module, seen map[wasmparse.Opcode]bool) {
	t.Helper()
	var f, g wasmparse.Func
	for i := range a.Bodies {
		idx := wasmparse.FuncIdx(a.ImportedFuncs + i)
		if err := f.Decode(a, idx); err != nil {
			t.Fatal(err)
		}
		if err := g.Decode(b, idx); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.Instrs, g.Instrs) || !slices.Equal(f.Targets, g.Targets) ||
			!slices.Equal(f.Catches, g.Catches) || !bytes.Equal(f.Bytes, g.Bytes) || !slices.Equal(f.Locals, g.Locals) {
			t.Errorf("%s: function %d differs:\n%s\n%s", path, idx, wasmparse.Dump(a), wasmparse.Dump(b))
		}
		for _, in := range f.Instrs {
			seen[in.Op] = true
		}
	}
}

// A patch that adds nothing changes nothing.
func TestEmptyPatch(t *testing.T) {
	validModules(t, func(path string, m *wasmparse.Module) {
		if out := write(t, &wasmencode.Patch{M: m}); !bytes.Equal(contents(t, out), contents(t, m.Data)) {
			t.Errorf("%s differs", path)
		}
	})
}

// contents are the sections without their sizes and those of bodies, which may be
// padded, and without the name section, which is written anew.
func contents(t *testing.T, data []byte) []byte {
	t.Helper()
	m := parse(t, data)
	out := append([]byte(nil), data[:8]...)
	for _, s := range m.Sections {
		switch {
		case s.Name == "name":
		case s.ID == wasmparse.SectionCode:
			for _, b := range m.Bodies {
				out = append(out, data[b.Off:b.End]...)
			}
		default:
			out = append(append(out, byte(s.ID)), data[s.Start:s.End]...)
		}
	}
	return out
}

// With imports added every module stays valid, and a second patch of what the first
// gave moves functions on.
func TestShiftStaysValid(t *testing.T) {
	validModules(t, func(path string, m *wasmparse.Module) {
		p := wasmencode.Patch{M: m,
			Types:   []wasmparse.FuncType{{}},
			Imports: []wasmencode.FuncImport{{Module: "a", Name: "b", Type: wasmparse.TypeIdx(len(m.Types))}},
		}
		for range 2 {
			moved := parse(t, write(t, &p))
			if moved.ImportedFuncs != p.M.ImportedFuncs+1 {
				t.Errorf("%s: %d imported functions, want %d", path, moved.ImportedFuncs, p.M.ImportedFuncs+1)
			}
			sameButMoved(t, path, &p, moved)
			p.M = moved
			p.Imports[0].Type = wasmparse.TypeIdx(len(moved.Types))
		}
	})
}

// sameButMoved compares what names functions with the module before p.
func sameButMoved(t *testing.T, path string, p *wasmencode.Patch, moved *wasmparse.Module) {
	t.Helper()
	m := p.M
	var f, g wasmparse.Func
	for i := range m.Bodies {
		old := wasmparse.FuncIdx(m.ImportedFuncs + i)
		if err := f.Decode(m, old); err != nil {
			t.Fatal(err)
		}
		if err := g.Decode(moved, old+1); err != nil {
			t.Fatal(err)
		}
		for j := range f.Instrs {
			if f.Instrs[j].Op.Info().Imm == wasmparse.ImmFunc {
				f.Instrs[j].A = uint32(p.NewIdx(wasmparse.FuncIdx(f.Instrs[j].A)))
			}
		}
		if !slices.Equal(f.Instrs, g.Instrs) {
			t.Errorf("%s: function %d differs", path, old)
		}
	}
	for i := range m.Elems {
		var want, got []wasmparse.FuncIdx
		m.ElemFuncs(wasmparse.ElemIdx(i), func(x wasmparse.FuncIdx) { want = append(want, p.NewIdx(x)) })
		moved.ElemFuncs(wasmparse.ElemIdx(i), func(x wasmparse.FuncIdx) { got = append(got, x) })
		e, d := m.Elems[i], moved.Elems[i]
		if !slices.Equal(want, got) || e.Mode != d.Mode || e.Table != d.Table || e.Type != d.Type || e.NumItems != d.NumItems {
			t.Errorf("%s: segment %d: got %v, want %v", path, i, got, want)
		}
	}
	for i, e := range m.Exports {
		if e.Kind == wasmparse.KindFunc {
			e.Idx = uint32(p.NewIdx(wasmparse.FuncIdx(e.Idx)))
		}
		if moved.Exports[i] != e {
			t.Errorf("%s: export %v, want %v", path, moved.Exports[i], e)
		}
	}
	if m.HasStart && moved.Start != p.NewIdx(m.Start) {
		t.Errorf("%s: start %d, was %d", path, moved.Start, m.Start)
	}
	for idx := range m.Funcs {
		f := wasmparse.FuncIdx(idx)
		if got, want := moved.Names().FuncName(p.NewIdx(f)), m.Names().FuncName(f); got != want {
			t.Errorf("%s: function %d is called %q, was %q", path, idx, got, want)
		}
	}
}

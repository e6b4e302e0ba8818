package asyncify_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// rules are those of the modules in transform/testdata/golden.
var rules = asyncify.Rules{Suspends: func(module, name string) bool { return module+"."+name == "env.wait" }, Workers: 1}

// artifact builds a module of transform/testdata/golden.
func artifact(t *testing.T, name string, opts transform.Options) *wasmparse.Module {
	t.Helper()
	data, err := os.ReadFile("../transform/testdata/golden/" + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	opts.SuspendImports = []string{"env.wait"}
	out, _, err := transform.Build(t.Context(), data, opts)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, out)
}

func parse(t *testing.T, data []byte) *wasmparse.Module {
	t.Helper()
	m, err := wasmparse.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func write(t *testing.T, p *wasmencode.Patch) *wasmparse.Module {
	t.Helper()
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return parse(t, b.Bytes())
}

// An edit changes a function; it reports whether it has found what to change.
type edit func(m *wasmparse.Module, f *wasmparse.Func) bool

// find returns the places of a run of opcodes.
func find(f *wasmparse.Func, ops ...wasmparse.Opcode) (at []int) {
	for i := 0; i+len(ops) <= len(f.Instrs); i++ {
		same := true
		for k, op := range ops {
			same = same && f.Instrs[i+k].Op == op
		}
		if same {
			at = append(at, i)
		}
	}
	return at
}

func isSpill(m *wasmparse.Module, in *wasmparse.Instr) bool {
	return in.Op == wasmparse.OpCall && strings.HasPrefix(m.Names().FuncName(wasmparse.FuncIdx(in.A)), rtlib.Reserved+"spill_")
}

// sites returns where the numbers of sites are pushed, behind the body: before the frame is
// written, or before a branch to where it is.
func sites(m *wasmparse.Module, f *wasmparse.Func) (at []int) {
	for _, end := range find(f, wasmparse.OpEnd, wasmparse.OpI32Const) {
		i := end + 2
		for f.Instrs[i].Op == wasmparse.OpLocalGet {
			i++
		}
		if op := f.Instrs[i].Op; op == wasmparse.OpBr || op == wasmparse.OpEnd || isSpill(m, &f.Instrs[i]) {
			at = append(at, end+1)
		}
	}
	return at
}

// TestCheckRefuses spoils artifacts in all the ways a faulty emitter might.
func TestCheckRefuses(t *testing.T) {
	constant := func(v int32) wasmparse.Instr {
		return wasmparse.Instr{Op: wasmparse.OpI32Const, B: uint64(uint32(v))}
	}
	// after puts instructions behind the first call of env.wait.
	after := func(instrs ...wasmparse.Instr) edit {
		return func(m *wasmparse.Module, f *wasmparse.Func) bool {
			for i := range f.Instrs {
				if in := &f.Instrs[i]; in.Op == wasmparse.OpCall && in.A == 0 {
					f.Instrs = slices.Insert(f.Instrs, i+1, instrs...)
					return true
				}
			}
			return false
		}
	}
	for _, test := range []struct {
		name   string
		golden string
		opts   transform.Options
		in     string // the function to spoil
		edit   edit
		want   string
	}{
		{"no check", "operands", transform.Options{}, "poll", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := find(f, wasmparse.OpI32LtS)
			for _, i := range at {
				if f.Instrs[i+1].Op == wasmparse.OpBrIf {
					f.Instrs[i+1] = wasmparse.Instr{Op: wasmparse.OpDrop}
				}
			}
			return len(at) > 0
		}, "nothing is done about it"},
		{"check of another global", "operands", transform.Options{}, "poll", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := find(f, wasmparse.OpGlobalGet, wasmparse.OpI32Const, wasmparse.OpI32LtS)
			for _, i := range at {
				f.Instrs[i].A++
			}
			return len(at) > 0
		}, "nothing is done about it"},
		{"no frame", "operands", transform.Options{}, "poll", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			for i := range f.Instrs {
				if isSpill(m, &f.Instrs[i]) {
					n := len(m.FuncType(wasmparse.FuncIdx(f.Instrs[i].A)).Params)
					f.Instrs = slices.Replace(f.Instrs, i, i+1, slices.Repeat([]wasmparse.Instr{{Op: wasmparse.OpDrop}}, n)...)
					return true
				}
			}
			return false
		}, "nothing is done about it"},
		{"site of nobody", "operands", transform.Options{}, "poll", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := sites(m, f)
			f.Instrs[at[0]] = constant(77)
			return true
		}, "site 77 does not belong to its clone"},
		{"site not a constant", "operands", transform.Options{}, "poll", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := sites(m, f)
			f.Instrs[at[0]] = wasmparse.Instr{Op: wasmparse.OpLocalGet, A: 0}
			return true
		}, "without the number of its site"},
		{"site twice", "if", transform.Options{}, "choose", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := sites(m, f)
			for _, i := range at {
				f.Instrs[i] = constant(0)
			}
			return len(at) > 1
		}, "site 0 occurs twice"},
		{"no room for the frame", "operands", transform.Options{}, rtlib.Reserved + "spill_Ii", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := find(f, wasmparse.OpI32Const, wasmparse.OpI32Sub)
			for _, i := range at {
				f.Instrs[i] = constant(16)
			}
			return len(at) > 0
		}, "does not make room"},
		{"not counted as pinned", "pinned", transform.Options{}, "pinned", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := find(f, wasmparse.OpI32Const, wasmparse.OpI32Add)
			f.Instrs[at[1]] = constant(0)
			return true
		}, "nothing is done about it"},
		{"tail call with something to do", "tail", transform.Options{}, "tail",
			after(constant(1), wasmparse.Instr{Op: wasmparse.OpI32Add}), "nothing is done about it"},
		{"loop without a charge", "loop", transform.Options{}, "poll", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := find(f, wasmparse.OpI32Const, wasmparse.OpI32Sub, wasmparse.OpGlobalSet)
			for _, i := range at {
				f.Instrs[i] = constant(0)
			}
			return len(at) > 0
		}, "without a charge"},
		{"small loop without a charge", "latch", transform.Options{NoSuspend: true}, "sum", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := find(f, wasmparse.OpI32Const, wasmparse.OpI32Sub, wasmparse.OpLocalTee)
			for _, i := range at {
				f.Instrs[i] = constant(0)
			}
			return len(at) > 0
		}, "without a charge"},
		{"clone's loop without a charge", "loop", transform.Options{}, "poll" + rtlib.ResumeSuffix, func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := find(f, wasmparse.OpI32Const, wasmparse.OpI32Sub, wasmparse.OpGlobalSet)
			for _, i := range at {
				f.Instrs[i] = constant(-1)
			}
			return len(at) > 0
		}, "without a charge"},
		{"clone without a frame", "loop", transform.Options{}, "poll" + rtlib.ResumeSuffix, func(m *wasmparse.Module, f *wasmparse.Func) bool {
			for i := range f.Instrs {
				if isSpill(m, &f.Instrs[i]) {
					n := len(m.FuncType(wasmparse.FuncIdx(f.Instrs[i].A)).Params)
					f.Instrs = slices.Replace(f.Instrs, i, i+1, slices.Repeat([]wasmparse.Instr{{Op: wasmparse.OpDrop}}, n)...)
					return true
				}
			}
			return false
		}, "nothing is done about it"},
		{"clone that goes on while it is unwound", "loop", transform.Options{}, "poll" + rtlib.ResumeSuffix, func(_ *wasmparse.Module, f *wasmparse.Func) bool {
			at := find(f, wasmparse.OpI32GeS, wasmparse.OpBrIf)
			for _, i := range at {
				f.Instrs[i].Op = wasmparse.OpI32LtS
			}
			return len(at) > 0
		}, "nothing is done about it"},
		{"recursion without a charge", "entry", transform.Options{NoSuspend: true}, "fib", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := find(f, wasmparse.OpI32Const, wasmparse.OpI32Sub, wasmparse.OpGlobalSet)
			for _, i := range at {
				f.Instrs[i] = constant(0)
			}
			return len(at) > 0
		}, "call itself again and again"},
		{"resume table used by others", "operands", transform.Options{}, "poll", func(m *wasmparse.Module, f *wasmparse.Func) bool {
			f.Instrs = slices.Insert(f.Instrs, 0, constant(0),
				wasmparse.Instr{Op: wasmparse.OpTableGet, A: uint32(len(m.Tables) - 1)}, wasmparse.Instr{Op: wasmparse.OpDrop})
			return true
		}, "uses the resume table"},
		{"driver that loses a word of a frame", "operands", transform.Options{}, rtlib.ExportResume, func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := slices.IndexFunc(f.Instrs, func(in wasmparse.Instr) bool { return in.Op == wasmparse.OpGlobalSet })
			f.Instrs[at] = wasmparse.Instr{Op: wasmparse.OpDrop}
			return true
		}, "the driver keeps 3 words of a frame, not 4"},
		{"driver that ignores its budget", "operands", transform.Options{}, rtlib.ExportResume, func(m *wasmparse.Module, f *wasmparse.Func) bool {
			at := slices.IndexFunc(f.Instrs, func(in wasmparse.Instr) bool {
				return in.Op == wasmparse.OpLocalGet && in.A == 3+rtlib.ResumeWords
			})
			f.Instrs[at+1] = wasmparse.Instr{Op: wasmparse.OpDrop}
			return true
		}, "the driver does not hand on the budget and FP"},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts := test.opts
			if !strings.Contains(test.want, "again") && !strings.Contains(test.want, "charge") {
				opts.Preempt = transform.PreemptOff
			}
			m := artifact(t, test.golden, opts)
			if err := asyncify.Check(m, rules); err != nil {
				t.Fatalf("refused before it was spoilt: %v", err)
			}
			p := &wasmencode.Patch{M: m, Bodies: make([][]byte, len(m.Bodies))}
			for i := range m.Bodies {
				var f wasmparse.Func
				if err := f.Decode(m, wasmparse.FuncIdx(m.ImportedFuncs+i)); err != nil {
					t.Fatal(err)
				}
				if m.Names().FuncName(f.Idx) == test.in {
					if !test.edit(m, &f) {
						t.Fatal("nothing to spoil")
					}
					p.Bodies[i] = wasmencode.AppendFunc(nil, &f)
				}
			}
			err := asyncify.Check(write(t, p), rules)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && !strings.Contains(err.Error(), test.in) {
				t.Errorf("%q does not name %s", err, test.in)
			}
		})
	}
}

// TestCheckRefusesMeta spoils what is around the functions.
func TestCheckRefusesMeta(t *testing.T) {
	build := func(t *testing.T) *wasmparse.Module {
		return artifact(t, "operands", transform.Options{})
	}
	metaOf := func(t *testing.T, m *wasmparse.Module) *rtlib.Meta {
		for _, s := range m.Sections {
			if s.Name == rtlib.SectionMeta {
				meta, err := rtlib.ParseMeta(m.Data[s.Start:s.End])
				if err != nil {
					t.Fatal(err)
				}
				return meta
			}
		}
		t.Fatal("no meta")
		return nil
	}
	dropMeta := func(name string) bool { return name == rtlib.SectionMeta }
	with := func(edit func(*rtlib.Meta)) func(*testing.T, *wasmparse.Module) *wasmparse.Module {
		return func(t *testing.T, m *wasmparse.Module) *wasmparse.Module {
			meta := metaOf(t, m)
			edit(meta)
			custom := []wasmencode.NewCustom{{Name: rtlib.SectionMeta, Data: rtlib.AppendMeta(nil, meta)}}
			return write(t, &wasmencode.Patch{M: m, DropCustom: dropMeta, Custom: custom})
		}
	}
	rename := func(old, new string) func(*testing.T, *wasmparse.Module) *wasmparse.Module {
		return func(t *testing.T, m *wasmparse.Module) *wasmparse.Module {
			return parse(t, bytes.ReplaceAll(m.Data, []byte(old), []byte(new)))
		}
	}
	for _, test := range []struct {
		name  string
		spoil func(*testing.T, *wasmparse.Module) *wasmparse.Module
		want  string
	}{
		{"no section", func(t *testing.T, m *wasmparse.Module) *wasmparse.Module {
			return write(t, &wasmencode.Patch{M: m, DropCustom: dropMeta})
		}, `no "lunatic" section`},
		{"section malformed", with(func(m *rtlib.Meta) { m.Preempt = "never" }), "malformed"},
		{"clones left out", with(func(m *rtlib.Meta) { m.Funcs, m.Bases, m.Sites = nil, nil, 0 }), "resume table: size 1"},
		{"clone of a function that has none", with(func(m *rtlib.Meta) { m.Funcs[0]++ }), "it writes frames, but has no resume clone"},
		{"clone of no function", with(func(m *rtlib.Meta) { m.Funcs[0] = 1000 }), "which is no function"},
		{"fewer sites", with(func(m *rtlib.Meta) { m.Sites = 0 }), "does not belong to its clone"},
		{"sites without end", with(func(m *rtlib.Meta) { m.Sites = 1<<32 - 1 }), "more than there can be"},
		{"frames larger", with(func(m *rtlib.Meta) { m.MaxFrame = 12 }), "frame of 20 bytes"},
		{"no budget", rename(rtlib.ExportBudget, "a_lunatic_budget"), "missing: export " + rtlib.ExportBudget},
		{"reserved name", rename(rtlib.ExportSlice, "__lunatic_slica"), "__lunatic_slica is not what the contract says"},
		{"no driver", rename(rtlib.ExportResume, "a_lunatic_resume"), "missing: export " + rtlib.ExportResume},
		{"unknown import", rename(rtlib.ImportPreempt, "preemps"), "preemps is not what the contract says"},
		{"resume table exported", func(t *testing.T, m *wasmparse.Module) *wasmparse.Module {
			e := wasmparse.Export{Name: "table", Kind: wasmparse.KindTable, Idx: uint32(len(m.Tables) - 1)}
			return write(t, &wasmencode.Patch{M: m, Exports: []wasmparse.Export{e}})
		}, "resume table: exported"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := asyncify.Check(test.spoil(t, build(t)), rules)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestCheckByRules holds an artifact against rules that it was not built for.
func TestCheckByRules(t *testing.T) {
	m := artifact(t, "operands", transform.Options{NoSuspend: true})
	if err := asyncify.Check(m, rules); err == nil {
		t.Error("an artifact in which nothing suspends passes where env.wait does")
	}
	rules := rules
	rules.Suspends = func(string, string) bool { return false }
	if err := asyncify.Check(m, rules); err != nil {
		t.Error(err)
	}
}

package transform_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/testdata/modules"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmparse"
	"github.com/tetratelabs/wazero"
)

// One test for each known way to get this wrong. Each has a module of its own in
// testdata/traps.

func trapModule(t testing.TB, name string) []byte {
	t.Helper()
	return readFile(t, filepath.Join("testdata", "traps", name+".wasm"))
}

// do is a step.
func do(export string, args ...uint64) step { return step{export, args} }

// same checks that the module behaves alike under every variant and schedule, and
// that something was suspended.
func same(t *testing.T, name string, steps ...step) {
	t.Helper()
	sameAs(t, name, wazero.NewRuntimeConfigCompiler(), steps...)
}

// sameExceptions is same for a module with exceptions, which wazero's compiler gets
// wrong: a local of a try body has its old value in the handler.
func sameExceptions(t *testing.T, name string, steps ...step) {
	t.Helper()
	sameAs(t, name, wazero.NewRuntimeConfigInterpreter(), steps...)
}

func sameAs(t *testing.T, name string, engine wazero.RuntimeConfig, steps ...step) {
	t.Helper()
	module := trapModule(t, name)
	if n := SameBehaviour(t, module, originals(t, module, steps, engine), steps, variants, 1); n == 0 && !t.Failed() {
		t.Error("nothing has been suspended")
	}
}

// original runs the untouched module and returns what it does.
func original(t *testing.T, name string, engine wazero.RuntimeConfig, steps ...step) *outcome {
	t.Helper()
	return originals(t, trapModule(t, name), steps, engine)[0]
}

// built returns a stage with the artifact of a module.
func built(t *testing.T, name string, opts transform.Options) *stage {
	t.Helper()
	s, err := newStage(t, build(t, trapModule(t, name), opts), wazero.NewRuntimeConfigCompiler())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var suspending = transform.Options{SuspendImports: blocking}

func always(int) bool { return true }

// guest is an instance for tests that drive it themselves.
func guest(t *testing.T, s *stage) *runner.Guest {
	t.Helper()
	s.out, s.calls = &outcome{}, 0
	mod, err := s.runtime.InstantiateModule(background, s.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mod.Close(background) })
	g, err := runner.NewGuest(mod, s.meta)
	if err != nil {
		t.Fatal(err)
	}
	g.SetSlice(wholeSlice)
	return g
}

// invoke calls an export with one result word at most through the stage's world.
func (s *stage) invoke(g *runner.Guest, export string, args ...uint64) (uint64, error) {
	stack := make([]uint64, max(len(args), 4))
	copy(stack, args)
	err := s.world.call(g, g.Module().ExportedFunction(export), stack)
	return stack[0], err
}

func TestTrap01_Recursion(t *testing.T) {
	same(t, "01-recursion", do("ackermann", 2, 3), do("walk", 6, 1), do("deep", 500))

	s := built(t, "01-recursion", suspending)
	s.world.suspend = always
	g := guest(t, s)
	base, err := s.invoke(g, "deep", 0)
	if err != nil {
		t.Fatal(err)
	}
	s.calls, s.quiet = 0, true // the host's answer depends on the number of calls
	const depth = 100_000
	got, err := s.invoke(g, "deep", depth)
	if want := uint32(base) + depth*(depth+1)/2%(1<<32); err != nil || uint32(got) != want || s.world.suspensions != 2 {
		t.Fatalf("depth %d: got %#x, %v, want %#x; %d suspensions", depth, got, err, want, s.world.suspensions)
	}
	s.world.suspend = func(n int) bool { return n < 3000 }
	if _, err := s.invoke(g, "endless", 0); trapKind(err) != "stack overflow" {
		t.Errorf("endless recursion: %v", err)
	}
	if _, err := s.invoke(g, "deep", 3); err != nil {
		t.Errorf("after the overflow: %v", err)
	}
}

func TestTrap02_IndirectCalls(t *testing.T) {
	same(t, "02-indirect", do("call", 0, 5), do("call", 1, 5), do("call", 2, 5), do("all", 9),
		do("call", 3, 5), do("call", 4, 5), do("call", 8, 5), do("call", math.MaxUint32, 5), do("call", 1, 6))
	out := original(t, "02-indirect", wazero.NewRuntimeConfigCompiler(), do("call", 3, 5), do("call", 4, 5), do("call", 8, 5))
	for i, want := range []string{"indirect call type mismatch", "invalid table access", "invalid table access"} {
		if out.steps[i].trap != want {
			t.Errorf("the module is not what it should be: step %d: %q, want %q", i, out.steps[i].trap, want)
		}
	}
}

func TestTrap03_Start(t *testing.T) {
	same(t, "03-start", do("ran"))
	s := built(t, "03-start", suspending)
	s.world.suspend = always
	if out := s.run([]step{do("ran")}, schedule{suspend: always, slice: 1}); out.instantiation != "" {
		t.Errorf("start: %s", out.instantiation)
	}
}

func TestTrap04_Grow(t *testing.T) {
	same(t, "04-grow", do("grow", 1<<40))
	s := built(t, "04-grow", suspending)
	s.world.suspend = always
	g := guest(t, s)
	s.world.paused = func(g *runner.Guest) { g.Module().Memory().Grow(3) }
	stack := []uint64{5, 0}
	if err := s.world.call(g, g.Module().ExportedFunction("grow"), stack); err != nil {
		t.Fatal(err)
	}
	// One page before; two pauses of three pages and one page by the guest make eight.
	if stack[0] != 108 || stack[1] != 5+0x11223344 {
		t.Errorf("got %d, %#x", stack[0], stack[1])
	}
	if v, _ := g.Module().Memory().ReadUint32Le(4*rtlib.Page - 4); v != 77 {
		t.Errorf("the end of the new pages holds %d", v)
	}
}

func TestTrap05_MultiValue(t *testing.T) {
	same(t, "05-multivalue", do("many"), do("mixed"), do("stored"), do("params", 4), do("params", 1))
}

func TestTrap06_Operands(t *testing.T) {
	same(t, "06-operands", do("below", 100, 1<<33), do("arms", 3, 0), do("arms", 3, 1), do("nested", math.Float64bits(1.25), 0),
		do("nested", math.Float64bits(1.25), 3))
}

func TestTrap07_UnreachableCode(t *testing.T) {
	same(t, "07-unreachable", do("after", 4), do("after", 0), do("conditions", 3), do("arms", 0), do("arms", 1))
	for _, v := range variants {
		artifact := build(t, trapModule(t, "07-unreachable"), v.opts)
		m, err := wasmparse.Parse(artifact)
		if err == nil {
			err = m.Validate()
		}
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

func TestTrap08_BranchTables(t *testing.T) { same(t, "08-brtable", do("run", 0), do("run", 77)) }

func TestTrap09_If(t *testing.T) {
	same(t, "09-if", do("choose", 1), do("choose", 2), do("choose", 3), do("without", 1), do("without", 2), do("without", 5))
}

func TestTrap10_Liveness(t *testing.T) {
	same(t, "10-liveness", do("locals", 1, 2), do("locals", 2, 1<<50), do("locals", 7, 0), do("untouched", 5))
}

func TestTrap11_SelectReferences(t *testing.T) {
	same(t, "11-select", do("choose", 1, 2, 0), do("choose", 1, 2, 1), do("choose", 0, 2, 2), do("choose", 3, 0, 3), do("pinned", 1), do("pinned", 4))
}

func TestTrap12_Types(t *testing.T) {
	same(t, "12-types", do("v128", 1, 2), do("externref", 9), do("externref", 0), do("funcref", 0), do("refs", 3))
	sameExceptions(t, "12-callref", do("callref", 2), do("exnref", 2))
}

func TestTrap13_NaN(t *testing.T) {
	same(t, "13-nan", do("bits", 0x7fa00001, 0xfff4000000000001, 1<<63|1), do("signalling"))
}

func TestTrap14_ShadowStack(t *testing.T) {
	same(t, "14-shadow", do("work", 0), do("work", 10))
}

func TestTrap15_Window(t *testing.T) {
	same(t, "15-window", do("fill"), do("deep", 5, 1), do("deep", 300, 2))
	// A window of every size from one frame up.
	s := built(t, "15-window", suspending)
	steps := []step{do("fill"), do("deep", 40, 3)}
	want := original(t, "15-window", wazero.NewRuntimeConfigCompiler(), steps...)
	for window := uint32(rtlib.FrameHeader); window <= 512; window += 4 {
		got := s.run(steps, schedule{suspend: always, slice: wholeSlice, window: window, onlyHost: true})
		if d := want.diff(got); d != "" {
			t.Fatalf("window of %d bytes: %s", window, d)
		}
	}
}

func TestTrap16_TailCalls(t *testing.T) {
	same(t, "16-tail", do("count", 0, 4), do("count", 2000, 4), do("even", 50, 1), do("mixed", 65), do("host", 4))
	s := built(t, "16-tail", suspending)
	g := guest(t, s)
	s.world.suspend = always
	most := 0
	s.world.paused = func(g *runner.Guest) { most = max(most, g.FrameBytes()) }
	if _, err := s.invoke(g, "count", 1_000_000, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.invoke(g, "even", 2000, 1); err != nil {
		t.Fatal(err)
	}
	if most > 256 {
		t.Errorf("tail calls left %d bytes of frames", most)
	}
	// Nor may the end of a slice leave a native frame.
	s.world.suspend, s.quiet = nil, true
	g.SetSlice(1)
	if _, err := s.invoke(g, "count", 4_000_000, 1); err != nil {
		t.Errorf("with slices of 1: %s", trapKind(err))
	}
}

func TestTrap17_ReexportedImport(t *testing.T) {
	same(t, "17-reexport", do("again", 3), do("wrapped", 4), do("again", 5))
}

func TestTrap18_Reentrancy(t *testing.T) {
	// see calls inner of the same instance, which calls what can suspend.
	run := func(s *stage) []uint64 {
		g := guest(t, s)
		s.world.suspend = always
		var inner []uint64
		see := func() {
			stack := []uint64{21}
			state, err := g.Call(background, g.Module().ExportedFunction("inner"), stack)
			if err != nil || state != runner.Finished {
				t.Fatalf("inner: %v, %v", state, err)
			}
			inner = append(inner, stack[0])
		}
		s.see = see
		defer func() { s.see = nil }()
		var out []uint64
		for i := range uint64(3) {
			r, err := s.invoke(g, "outer", i)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r)
		}
		return append(out, inner...)
	}
	plain, err := newStage(t, trapModule(t, "18-reentrant"), wazero.NewRuntimeConfigCompiler())
	if err != nil {
		t.Fatal(err)
	}
	want := run(plain)
	s := built(t, "18-reentrant", suspending)
	if got := run(s); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %d, want %d", got, want)
	}
	if s.world.suspensions != 3 || s.world.refused[runner.RefusedNested] != 3 {
		t.Errorf("%d suspensions, refused %v: want 3 of outer, and 3 refused in inner", s.world.suspensions, s.world.refused)
	}

	// While it is suspended the instance may not be called.
	g := guest(t, s)
	s.world.paused = func(g *runner.Guest) {
		if _, err := g.Call(background, g.Module().ExportedFunction("inner"), []uint64{1}); err == nil {
			t.Error("a suspended guest was called")
		}
	}
	if _, err := s.invoke(g, "outer", 1); err != nil {
		t.Error(err)
	}
}

func TestTrap19_NestedSuspensions(t *testing.T) {
	same(t, "19-nested", do("a", 1), do("a", 6))
	s := built(t, "19-nested", suspending)
	g := guest(t, s)
	s.world.suspend = always
	var sizes []int
	s.world.paused = func(g *runner.Guest) { sizes = append(sizes, g.FrameBytes()) }
	if _, err := s.invoke(g, "a", 1); err != nil {
		t.Fatal(err)
	}
	// a; a and b; a, b and d any number of times; a and b again.
	n := len(sizes)
	if n < 4 || sizes[1] <= sizes[0] || sizes[2] <= sizes[1] || sizes[n-1] >= sizes[n-2] {
		t.Errorf("frames grew and shrank like this: %d", sizes)
	}
}

func TestTrap20_TableChanges(t *testing.T) { same(t, "20-table", do("twice", 1), do("twice", 1)) }

func TestTrap21_TrapAfterResume(t *testing.T) {
	var steps []step
	for trap := range uint64(6) {
		steps = append(steps, do("down", 5, trap), do("fine", trap))
	}
	steps = append(steps, do("down", 8, 20), do("down", 3, 20), do("fine", 1))
	same(t, "21-trap", steps...)
	out := original(t, "21-trap", wazero.NewRuntimeConfigCompiler(), steps...)
	if out.steps[0].trap != "unreachable" || out.steps[len(steps)-3].trap != "integer divide by zero" || out.steps[1].trap != "" {
		t.Errorf("the module is not what it should be: %+v", out.steps)
	}

	// The host closes the instance of a suspended guest.
	s := built(t, "21-trap", suspending)
	g := guest(t, s)
	s.world.suspend = always
	s.world.paused = func(g *runner.Guest) { g.Module().CloseWithExitCode(background, 3) }
	if _, err := s.invoke(g, "down", 5, 20); err == nil {
		t.Error("a closed guest was resumed")
	}
}

func TestTrap22_Overflow(t *testing.T) {
	same(t, "22-overflow", do("fine", 4))
	steps := []step{do("fine", 4), do("native", 1), do("fine", 5)}
	want := original(t, "22-overflow", wazero.NewRuntimeConfigCompiler(), steps...)
	few := func(n int) bool { return n < 1000 }
	for _, v := range variants {
		s := built(t, "22-overflow", v.opts)
		for _, sched := range []schedule{{slice: wholeSlice, suspend: few}, {slice: 1, suspend: few}} {
			if d := want.diff(s.run(steps, sched)); d != "" {
				t.Errorf("%s: slice %d: %s", v.name, sched.slice, d)
			}
		}
	}

	s := built(t, "22-overflow", suspending)
	g := guest(t, s)
	s.quiet = true
	s.world.suspend = func(n int) bool { return n < 20_000 }
	if _, err := s.invoke(g, "saved", 1, 2, 3, 4); trapKind(err) != "stack overflow" {
		t.Errorf("endless recursion: %v", err)
	}
	before := memoryHash(g.Module())
	s.world.suspend = always
	_, err := s.invoke(g, "saved", 1, 2, 3, 4)
	if !errors.Is(err, runner.ErrFrames) {
		t.Errorf("endless recursion in saved frames: %v", err)
	}
	if memoryHash(g.Module()) != before {
		t.Error("the overflow has left bytes of frames in the memory")
	}
	if _, err := s.invoke(g, "fine", 1); err != nil {
		t.Errorf("after the overflow: %v", err)
	}
}

func TestTrap23_Sometimes(t *testing.T) { same(t, "23-sometimes", do("ten", 1), do("ten", 0xffffffff)) }

func TestTrap24_Effects(t *testing.T) { same(t, "24-effects", do("outer", 1), do("outer", 2)) }

func TestTrap25_Budgets(t *testing.T) {
	steps := []step{do("fib", 12), do("loops", 9)}
	want := original(t, "25-budget", wazero.NewRuntimeConfigCompiler(), steps...)
	for _, preempt := range []transform.Preempt{transform.PreemptPark, transform.PreemptUnwind} {
		s := built(t, "25-budget", transform.Options{SuspendImports: blocking, Preempt: preempt})
		var counts []int
		for slice := int32(0); slice <= 50; slice++ {
			for _, suspend := range []func(int) bool{nil, always} {
				got := s.run(steps, schedule{suspend: suspend, slice: slice})
				if d := want.diff(got); d != "" {
					t.Fatalf("preempt %d, slice %d: %s", preempt, slice, d)
				}
				if suspend == nil {
					counts = append(counts, s.world.preemptions)
				}
			}
		}
		if counts[0] < 50 || counts[0] < counts[50] {
			t.Errorf("preempt %d: preemptions for slices of 0 to 50: %d", preempt, counts)
		}
		if out := s.run(steps, schedule{slice: math.MaxInt32}); want.diff(out) != "" || s.world.preemptions != 0 {
			t.Errorf("preempt %d: largest slice: %s, %d preemptions", preempt, want.diff(out), s.world.preemptions)
		}
	}
}

func TestTrap26_Starvation(t *testing.T) {
	s := built(t, "26-starvation", suspending)
	const slice = 100
	for _, tt := range []struct {
		export string
		n      uint64
		work   int // reductions it must take at least, each some 32 instructions
	}{
		{"conditional", 300_000, 300_000},
		{"mutual", 20_000, 10_000}, // two calls a charge
		{"table", 300_000, 300_000},
		{"tail", 300_000, 300_000},
		{"fill", 20, 40 * slice}, // 40 instructions, each more than a slice
		{"calls", 300_000, 300_000},
	} {
		s.run([]step{do(tt.export, tt.n)}, schedule{slice: slice})
		if got := s.out.steps[0]; got.trap != "" {
			t.Errorf("%s: %s", tt.export, got.trap)
		}
		if got, want := s.world.preemptions, tt.work/slice*9/10; got < want {
			t.Errorf("%s: %d preemptions, want at least %d", tt.export, got, want)
		}
	}
}

func TestTrap27_Exceptions(t *testing.T) {
	var steps []step
	for x := range uint64(4) {
		for _, export := range []string{"local", "suspend", "rethrow", "nested"} {
			steps = append(steps, do(export, x))
		}
	}
	sameExceptions(t, "27-exceptions", steps...)
	out := original(t, "27-exceptions", wazero.NewRuntimeConfigInterpreter(), do("local", 1), do("rethrow", 2))
	if out.steps[0].results[0] != 42 || out.steps[1].trap != "uncaught exception" {
		t.Errorf("the module is not what it should be: %+v", out.steps)
	}
}

func TestTrap28_NamesAndIndices(t *testing.T) {
	_, _, err := transform.Build(background, trapModule(t, "28-reserved"), transform.Options{})
	if err == nil || !strings.Contains(err.Error(), rtlib.ExportBudget) {
		t.Errorf("reserved export: %v", err)
	}
	artifact := build(t, trapModule(t, "28-shift"), suspending)
	if _, _, err := transform.Build(background, artifact, suspending); !errors.Is(err, transform.ErrAlreadyBuilt) {
		t.Errorf("building twice: %v", err)
	}
	same(t, "28-shift", do("two", 3), do("all", 4))

	for _, m := range modules.All[:1] { // names of functions survive
		before, err1 := wasmparse.Parse(m.Wasm())
		after, err2 := wasmparse.Parse(build(t, m.Wasm(), transform.Options{}))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		shift := after.ImportedFuncs - before.ImportedFuncs
		for i := before.ImportedFuncs; i < len(before.Funcs); i++ {
			want, got := before.Names().FuncName(wasmparse.FuncIdx(i)), after.Names().FuncName(wasmparse.FuncIdx(i+shift))
			if got != want {
				t.Fatalf("function %d was called %q, is called %q", i, want, got)
			}
		}
	}
}

func TestTrap29_ConstantExpressions(t *testing.T) {
	same(t, "29-constants", do("run", 1), do("run", 2))
}

func TestTrap30_Go(t *testing.T) {
	for _, m := range modules.All {
		if m.Lang != "Go" {
			continue
		}
		if testing.Short() {
			return
		}
		st := runProgram(t, m, build(t, m.Wasm(), transform.Options{}), runner.StressSuspend|runner.StressWindow)
		if st.Unwound == 0 {
			t.Error("nothing has been suspended")
		}
		return
	}
	t.Error("no Go program")
}

func TestTrap31_Determinism(t *testing.T) {
	names, _ := filepath.Glob("testdata/traps/*.wasm")
	for _, name := range names {
		if strings.Contains(name, "28-reserved") {
			continue
		}
		input := readFile(t, name)
		for _, v := range variants {
			v.opts.Workers = 1
			one := build(t, input, v.opts)
			v.opts.Workers = 4
			for range 3 {
				if !bytes.Equal(build(t, input, v.opts), one) {
					t.Fatalf("%s, %s: not the same bytes", name, v.name)
				}
			}
		}
	}
}

func TestTrap32_Versions(t *testing.T) {
	input := trapModule(t, "19-nested")
	s := built(t, "19-nested", suspending)
	if s.meta == nil || s.meta.Version != rtlib.Version || s.meta.InputHash != sha256.Sum256(input) {
		t.Fatalf("metadata: %+v", s.meta)
	}
	other := *s.meta
	other.Version++
	s.out, s.calls = &outcome{}, 0
	mod, err := s.runtime.InstantiateModule(background, s.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runner.NewGuest(mod, &other); !errors.Is(err, runner.ErrArtifact) {
		t.Errorf("another version: %v", err)
	}
}

package transform_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmparse/wasmtest"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// This file holds the main theorem: a module and its artifact behave alike, whatever
// is suspended when. Behaviour is what an outcome holds.

// A step is one call of an export from outside.
type step struct {
	export string
	args   []uint64
}

// An outcome is all that the world can see of a module that has been run.
type outcome struct {
	instantiation string // kind of the trap of the start function, if any
	steps         []stepOutcome
	log           []hostCall
}

type stepOutcome struct {
	results []uint64
	trap    string
	state   snapshot
}

// A hostCall is a call of an imported function. The memory at that moment is part of
// it: bytes lent to saved frames must not be seen.
type hostCall struct {
	name   string
	args   []uint64
	memory uint32
}

// A snapshot is the state that a module exports.
type snapshot struct {
	memory  uint32
	pages   uint32
	globals []uint64
}

// diff describes the first difference.
func (want *outcome) diff(got *outcome) string {
	if got.instantiation != want.instantiation {
		return fmt.Sprintf("instantiation: got %q, want %q", got.instantiation, want.instantiation)
	}
	for i := range min(len(want.log), len(got.log)) {
		if w, g := want.log[i], got.log[i]; w.name != g.name || !slices.Equal(w.args, g.args) || w.memory != g.memory {
			return fmt.Sprintf("host call %d:\n\tgot  %s\n\twant %s", i, g, w)
		}
	}
	for i, w := range want.steps {
		if i >= len(got.steps) {
			return fmt.Sprintf("%d steps, want %d", len(got.steps), len(want.steps))
		}
		g := got.steps[i]
		if g.trap != w.trap || !slices.Equal(g.results, w.results) {
			return fmt.Sprintf("step %d: got %#x %q, want %#x %q", i, g.results, g.trap, w.results, w.trap)
		}
		if g.state.memory != w.state.memory || g.state.pages != w.state.pages || !slices.Equal(g.state.globals, w.state.globals) {
			return fmt.Sprintf("after step %d:\n\tgot  %+v\n\twant %+v", i, g.state, w.state)
		}
	}
	if len(got.log) != len(want.log) {
		return fmt.Sprintf("%d host calls, want %d", len(got.log), len(want.log))
	}
	return ""
}

func (c hostCall) String() string { return fmt.Sprintf("%s%#x memory %08x", c.name, c.args, c.memory) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func memoryHash(m api.Module) uint32 {
	mem := m.Memory()
	if mem == nil {
		return 0
	}
	b, _ := mem.Read(0, mem.Size())
	return crc32.Checksum(b, castagnoli)
}

// A stage is a compiled module with its host functions, on which it can be run many
// times.
type stage struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
	meta    *rtlib.Meta

	world world
	out   *outcome
	see   func() // called by the host function see, if not nil
	quiet bool   // do not log host calls
	calls int    // of host functions
}

// newStage compiles a module, original or built, whose imports are a generated
// module's and ticks.
func newStage(t testing.TB, module []byte, config wazero.RuntimeConfig) (*stage, error) {
	s := &stage{runtime: newRuntime(t, config)}
	env := s.runtime.NewHostModuleBuilder(wasmtest.GenModule)
	for _, f := range wasmtest.GenImports {
		env.NewFunctionBuilder().WithGoModuleFunction(s.host(f), f.Params, f.Results).Export(f.Name)
	}
	tick := s.runtime.NewHostModuleBuilder(wasmtest.TickModule)
	tick.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, _ []uint64) {
		s.world.block(m, nil)
	}), nil, nil).Export(wasmtest.TickName)
	_, err1 := env.Instantiate(background)
	_, err2 := tick.Instantiate(background)
	_, err3 := runner.InstantiateRT(background, s.runtime)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.module, err = s.runtime.CompileModule(background, module); err != nil {
		return nil, err
	}
	s.meta, err = metaOf(s.module)
	return s, err
}

// clean returns values without what differs from run to run or is not defined: the
// addresses of functions, and the upper halves of 32-bit values.
func clean(types []api.ValueType, words []uint64) []uint64 {
	var out []uint64
	for _, t := range types {
		switch t {
		case 0x70: // funcref
			if words[0] != 0 {
				out = append(out, 1)
			} else {
				out = append(out, 0)
			}
		case api.ValueTypeI32, api.ValueTypeF32:
			out = append(out, words[0]&0xffffffff)
		default:
			out = append(out, words[:wordsOf(t)]...)
		}
		words = words[wordsOf(t):]
	}
	return out
}

// host is an imported function. Its results depend on its arguments and on how many
// calls there have been.
func (s *stage) host(f wasmtest.GenFunc) api.GoModuleFunc {
	suspends := strings.HasPrefix(f.Name, "block")
	for _, t := range f.Results {
		// Nobody could hand a reference to the frame that waits for it.
		suspends = suspends && t != api.ValueTypeExternref && t != 0x70
	}
	return func(_ context.Context, m api.Module, stack []uint64) {
		args := clean(f.Params, stack)
		if !s.quiet {
			s.out.log = append(s.out.log, hostCall{f.Name, args, memoryHash(m)})
		}
		s.calls++
		results := hostResults(f, args, s.calls)
		if suspends && s.world.block(m, results) {
			for i := range f.Results {
				stack[i] = 0xdeaddeaddeaddead >> (i & 1) // must not be used
			}
			return
		}
		copy(stack, results)
		if f.Name == "see" && s.see != nil {
			s.see()
		}
	}
}

func hostResults(f wasmtest.GenFunc, args []uint64, n int) []uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, f.Name, args, n)
	x := h.Sum64()
	var out []uint64
	for _, t := range f.Results {
		x = x*6364136223846793005 + 1442695040888963407
		switch t {
		case api.ValueTypeI32:
			out = append(out, x>>32>>(x&31))
		case api.ValueTypeF32:
			out = append(out, []uint64{0x3f800000, 0x7fa00001, 0x80000000, 0xffc00077}[x>>62])
		case api.ValueTypeF64:
			out = append(out, []uint64{0x3ff8 << 48, 0x7ff4000000000001, 0xfff8000000000009, 0}[x>>62])
		case api.ValueTypeExternref:
			out = append(out, x>>61)
		case 0x7b:
			out = append(out, x, x*x)
		default:
			out = append(out, x)
		}
	}
	return out
}

// run plays the steps on a fresh instance. fuel is what a generated module may use in
// each of them.
func (s *stage) run(steps []step, sched schedule) *outcome {
	s.out, s.calls = &outcome{}, 0
	s.world = world{suspend: sched.suspend}
	mod, err := s.runtime.InstantiateModule(background, s.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		s.out.instantiation = trapKind(err)
		return s.out
	}
	defer mod.Close(background)
	g, err := runner.NewGuest(mod, s.meta)
	if err != nil {
		s.out.instantiation = err.Error()
		return s.out
	}
	if sched.window > 0 {
		g.SetWindow(sched.window)
	}
	g.SetSlice(sched.slice)
	s.world.paused = func(g *runner.Guest) {
		// What the guest left behind must be its own.
		if n := len(s.out.log); n > 0 && sched.onlyHost && s.out.log[n-1].memory != memoryHash(mod) {
			s.out.log[n-1].name += ": memory differs after the unwinding"
		}
	}
	for _, st := range steps {
		if fuel, ok := mod.ExportedGlobal(wasmtest.GenFuel).(api.MutableGlobal); ok {
			fuel.Set(40)
		}
		fn := mod.ExportedFunction(st.export)
		words := 0
		for _, t := range fn.Definition().ResultTypes() {
			words += wordsOf(t)
		}
		stack := make([]uint64, max(words, len(st.args)))
		copy(stack, st.args)
		so := stepOutcome{trap: trapKind(s.world.call(g, fn, stack))}
		if so.trap == "" {
			so.results = clean(fn.Definition().ResultTypes(), stack)
		}
		so.state = snapshotOf(mod)
		s.out.steps = append(s.out.steps, so)
	}
	return s.out
}

// snapshotOf reads the memory and the exported globals of a generated module.
func snapshotOf(mod api.Module) snapshot {
	s := snapshot{memory: memoryHash(mod)}
	if mem := mod.Memory(); mem != nil {
		s.pages = mem.Size() / rtlib.Page
	}
	name := wasmtest.GenFuel
	for i := 1; ; i++ {
		if g := mod.ExportedGlobal(name); g != nil {
			s.globals = append(s.globals, clean([]api.ValueType{g.Type()}, []uint64{g.Get(), 0})[0])
		} else if i > 1 {
			return s
		}
		name = "g" + strconv.Itoa(i)
	}
}

// A schedule says when a run is suspended and preempted.
type schedule struct {
	name     string
	suspend  func(n int) bool
	slice    int32
	window   uint32
	onlyHost bool // suspended nowhere but in logged host calls
}

const wholeSlice = 1 << 30

// schedules are tried in order. seed varies the random ones.
func schedules(seed uint64) []schedule {
	every := func(k int) func(int) bool { return func(n int) bool { return n%k == 0 } }
	once := func(k int) func(int) bool { return func(n int) bool { return n == k } }
	random := func(seed uint64) func(int) bool {
		r := rand.New(rand.NewPCG(seed, 2))
		return func(int) bool { return r.Uint32()&1 == 0 }
	}
	all := []schedule{
		{name: "never", slice: wholeSlice},
		{name: "never, budget 1", slice: 1},
		{name: "always", suspend: every(1), slice: wholeSlice},
		{name: "always, small window", suspend: every(1), slice: wholeSlice, window: rtlib.FrameHeader},
		{name: "always, budget 1", suspend: every(1), slice: 1},
		{name: "every second, budget 2", suspend: every(2), slice: 2},
		{name: "every third, budget 7", suspend: every(3), slice: 7},
		{name: "random", suspend: random(seed), slice: 5},
		{name: "random, small window", suspend: random(seed + 1), slice: 50, window: 64},
	}
	for k := range 6 {
		all = append(all, schedule{name: "once at " + strconv.Itoa(k), suspend: once(k), slice: wholeSlice})
	}
	return all
}

// A variant is a way to build.
type variant struct {
	name  string
	ticks bool
	opts  transform.Options
}

var blocking = []string{wasmtest.GenModule + ".block*"}

var variants = []variant{
	{name: "suspend", opts: transform.Options{SuspendImports: blocking}},
	{name: "default", opts: transform.Options{}},
	{name: "preempt=unwind", opts: transform.Options{SuspendImports: blocking, Preempt: transform.PreemptUnwind}},
	{name: "preempt=off", opts: transform.Options{SuspendImports: blocking, Preempt: transform.PreemptOff}},
	{name: "ticks", ticks: true, opts: transform.Options{SuspendImports: []string{"*"}}},
	{name: "O0", opts: transform.Options{SuspendImports: blocking, Opt: -1}},
	{name: "O2", opts: transform.Options{SuspendImports: blocking, Opt: 1}},
}

// genSteps calls every export of a generated module, the arguments chosen by seed.
func genSteps(g *wasmtest.Generated, seed uint64) []step {
	r := rand.New(rand.NewPCG(seed, 3))
	var steps []step
	for range 2 {
		for _, f := range g.Exports {
			st := step{export: f.Name}
			for _, t := range f.Params {
				switch t {
				case api.ValueTypeI32:
					st.args = append(st.args, uint64(r.Uint32()>>(r.Uint32()&31)))
				case api.ValueTypeF32:
					st.args = append(st.args, 0x40490fdb)
				case api.ValueTypeF64:
					st.args = append(st.args, 0x7ff4000000000123)
				case api.ValueTypeExternref:
					st.args = append(st.args, uint64(r.Uint32()&3))
				case 0x70: // funcref
					st.args = append(st.args, 0)
				case 0x7b:
					st.args = append(st.args, r.Uint64(), r.Uint64())
				default:
					st.args = append(st.args, r.Uint64())
				}
			}
			steps = append(steps, st)
		}
	}
	return steps
}

// SameBehaviour runs what the variants make of a module under every schedule, and
// reports the first difference to all of wants, what the module itself does. It returns
// how often artifacts were suspended.
func SameBehaviour(t testing.TB, module []byte, wants []*outcome, steps []step, vs []variant, seed uint64) int {
	t.Helper()
	suspensions := 0
	for _, v := range vs {
		input := module
		if v.ticks {
			var err error
			if input, err = wasmtest.InjectTicks(module); err != nil {
				t.Fatalf("ticks: %v", err)
			}
		}
		opts := v.opts
		opts.Verify = true
		artifact, _, err := transform.Build(background, input, opts)
		if err != nil {
			t.Errorf("%s: Build: %v\n%s", v.name, err, keep(t, module))
			return suspensions
		}
		s, err := newStage(t, artifact, wazero.NewRuntimeConfigCompiler())
		if err != nil {
			t.Errorf("%s: %v\n%s", v.name, err, keep(t, module))
			return suspensions
		}
		for _, sched := range schedules(seed) {
			sched.onlyHost = !v.ticks && v.opts.Preempt != transform.PreemptUnwind
			got := s.run(steps, sched)
			suspensions += s.world.suspensions
			d := ""
			for _, want := range wants {
				if d = want.diff(got); d == "" {
					break
				}
			}
			if d != "" {
				t.Errorf("%s, %s: %s\n%s", v.name, sched.name, d, keep(t, module))
				return suspensions
			}
		}
		s.runtime.Close(background)
	}
	return suspensions
}

// sameGenerated is SameBehaviour of a generated module.
func sameGenerated(t testing.TB, g *wasmtest.Generated, vs []variant, seed uint64) int {
	t.Helper()
	steps := genSteps(g, seed)
	engines := []wazero.RuntimeConfig{wazero.NewRuntimeConfigCompiler()}
	if g.Exceptions {
		// Both the compiler and the interpreter have faults in exception handling (a local of
		// a try body has its old value in the handler; a panic with slice bounds): where they
		// disagree, an artifact must do as one of them does.
		engines = append(engines, wazero.NewRuntimeConfigInterpreter())
	}
	wants := originals(t, g.Wasm, steps, engines...)
	if wants == nil {
		return 0
	}
	return SameBehaviour(t, g.Wasm, wants, steps, vs, seed)
}

// originals returns what the untouched module does in some engines; nil if wazero
// fails with it.
func originals(t testing.TB, module []byte, steps []step, engines ...wazero.RuntimeConfig) (wants []*outcome) {
	t.Helper()
	for _, config := range engines {
		s, err := newStage(t, module, config)
		if err != nil {
			t.Fatalf("original: %v", err)
		}
		want := s.run(steps, schedule{})
		s.runtime.Close(background)
		for _, st := range want.steps {
			if strings.HasPrefix(st.trap, "runtime error") {
				t.Logf("wazero fails with the untouched module: %s", st.trap)
				return nil
			}
		}
		wants = append(wants, want)
	}
	return wants
}

// keep writes a module that failed to where it can be looked at.
func keep(t testing.TB, module []byte) string {
	name := filepath.Join(os.TempDir(), fmt.Sprintf("lunatic-%08x.wasm", crc32.ChecksumIEEE(module)))
	if err := os.WriteFile(name, module, 0o644); err != nil {
		return err.Error()
	}
	return "module kept in " + name
}

// genBytes are the bytes that stand for a seed.
func genBytes(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, 100+r.IntN(1400))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestDifferential(t *testing.T) {
	n := uint64(120)
	if testing.Short() {
		n = 12
	}
	if s := os.Getenv("LUNATIC_SEEDS"); s != "" { // for a long search
		n, _ = strconv.ParseUint(s, 10, 32)
	}
	for part := range uint64(4) {
		t.Run(strconv.Itoa(int(part)), func(t *testing.T) {
			t.Parallel()
			suspensions := 0
			for seed := part; seed < n; seed += 4 {
				g := wasmtest.Generate(genBytes(seed))
				suspensions += sameGenerated(t, g, variants, seed)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			if suspensions < int(n) {
				t.Errorf("suspended only %d times", suspensions)
			}
		})
	}
}

func FuzzDifferential(f *testing.F) {
	for seed := range uint64(16) {
		f.Add(genBytes(seed), uint8(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte, choice uint8) {
		if len(data) > 4096 {
			return
		}
		g := wasmtest.Generate(data)
		v := int(choice) % len(variants)
		sameGenerated(t, g, variants[v:v+1], uint64(choice))
	})
}

// FuzzBuild checks that no input makes Build panic or give what wazero refuses. Fuzz
// this and FuzzDifferential with -fuzzminimizetime 5x: a run takes too long for more.
func FuzzBuild(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(wasmtest.Generate(genBytes(seed)).Wasm, uint8(seed))
	}
	names, _ := filepath.Glob("testdata/traps/*.wasm")
	for i, name := range names {
		f.Add(readFile(f, name), uint8(i))
	}
	f.Fuzz(func(t *testing.T, module []byte, choice uint8) {
		opts := variants[int(choice)%len(variants)].opts
		opts.Verify = true
		artifact, _, err := transform.Build(background, module, opts)
		if errors.Is(err, transform.ErrInternal) {
			t.Fatal(err)
		}
		if err != nil {
			return // and not for wazero, which believes sizes
		}
		r := newRuntime(t, wazero.NewRuntimeConfigInterpreter())
		if _, err := r.CompileModule(background, module); err != nil {
			return // for a limit of its own
		}
		if _, err := r.CompileModule(background, artifact); err != nil {
			t.Fatalf("artifact: %v", err)
		}
	})
}

// TestDiffSees checks that a difference in any part of an outcome is one.
func TestDiffSees(t *testing.T) {
	fresh := func() *outcome {
		return &outcome{
			steps: []stepOutcome{{results: []uint64{1}, state: snapshot{memory: 2, pages: 1, globals: []uint64{3}}}, {trap: "unreachable"}},
			log:   []hostCall{{"see", []uint64{4}, 5}},
		}
	}
	if d := fresh().diff(fresh()); d != "" {
		t.Errorf("equal outcomes differ: %s", d)
	}
	for i, change := range []func(o *outcome){
		func(o *outcome) { o.instantiation = "unreachable" },
		func(o *outcome) { o.steps[0].results[0]++ },
		func(o *outcome) { o.steps[0].trap = "unreachable" },
		func(o *outcome) { o.steps[1].trap = "" },
		func(o *outcome) { o.steps[0].state.memory++ },
		func(o *outcome) { o.steps[0].state.pages++ },
		func(o *outcome) { o.steps[0].state.globals[0]++ },
		func(o *outcome) { o.steps = o.steps[:1] },
		func(o *outcome) { o.log[0].name = "block" },
		func(o *outcome) { o.log[0].args[0]++ },
		func(o *outcome) { o.log[0].memory++ },
		func(o *outcome) { o.log = nil },
		func(o *outcome) { o.log = append(o.log, hostCall{name: "see"}) },
	} {
		changed := fresh()
		change(changed)
		if fresh().diff(changed) == "" {
			t.Errorf("change %d is not seen", i)
		}
	}
}

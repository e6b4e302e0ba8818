package transform_test

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmparse/wasmtest"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// specSuites are the specification's test suites inside the wazero module, with all
// their scripts.
var specSuites = []string{
	"v1", "v2", "threads", "tail-call", "extended-const", "exception-handling", "typed-function-references",
}

// A specMode is a way to run a script: what is done to its modules and how they are
// scheduled.
type specMode struct {
	name  string
	plain bool // modules are not built
	// ticks inserts a host call at every function entry and loop head.
	ticks bool
	opts  transform.Options
	slice int32
	// suspends is the number of opportunities in one call that are used to suspend.
	suspends int
}

func (m *specMode) sameArtifacts(o *specMode) bool {
	return m.plain == o.plain && m.ticks == o.ticks && m.opts.Preempt == o.opts.Preempt && slices.Equal(m.opts.SuspendImports, o.opts.SuspendImports)
}

// manySuspends keeps scripts that count to a million within seconds.
const manySuspends = 4000

// specModes share the artifacts of the mode before where ticks and options are equal.
var specModes = []specMode{
	{name: "original", plain: true},
	{name: "instrumented"},
	{name: "budget", slice: 1},
	{name: "suspend", ticks: true, opts: transform.Options{SuspendImports: []string{"*"}}, slice: 1 << 30, suspends: manySuspends},
	{name: "suspend+budget", ticks: true, opts: transform.Options{SuspendImports: []string{"*"}}, slice: 1, suspends: manySuspends},
	{name: "preempt=unwind", ticks: true, opts: transform.Options{SuspendImports: []string{"*"}, Preempt: transform.PreemptUnwind}, slice: 1, suspends: manySuspends},
}

// specException says that an assertion does not hold, and why.
type specException struct {
	modes  string // names separated by spaces; empty for all
	reason string
}

// specExceptions are the assertions that cannot be applied, by suite/script:line. An
// entry that is not needed fails the test.
var specExceptions = map[string]specException{
	"v1/linking:236": {"", bulkSegments},
	"v1/linking:248": {"", bulkSegments},
	"v1/linking:342": {"", bulkSegments},
	"v1/linking:354": {"", bulkSegments},

	"exception-handling/try_table:328": {builtModes, crossesInstances},
	"exception-handling/try_table:329": {builtModes, crossesInstances},
	"exception-handling/try_table:364": {builtModes, crossesInstances},

	"exception-handling/try_table:420": {builtModes, largePayload},
	"exception-handling/try_table:464": {builtModes, largePayload},
	"exception-handling/try_table:465": {builtModes, largePayload},
	"exception-handling/try_table:466": {builtModes, largePayload},
	"exception-handling/try_table:467": {builtModes, largePayload},
	"exception-handling/try_table:468": {builtModes, largePayload},
}

const (
	builtModes = "instrumented budget suspend suspend+budget preempt=unwind"

	bulkSegments     = "since bulk memory, segments before the one that does not fit are written"
	crossesInstances = "an exception leaves one artifact for another, which does not look for it: processes share no instances"
	largePayload     = "Build refuses exnref together with a tag of more than 12 bytes of payload"
)

// specDir is the directory of a suite.
var specDir = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test", "spectest"), nil
})

func TestSpecSuite(t *testing.T) {
	dir, err := specDir()
	if err != nil {
		t.Fatal(err)
	}
	report := newSpecReport()
	t.Run("scripts", func(t *testing.T) {
		for _, suite := range specSuites {
			names, err := filepath.Glob(filepath.Join(dir, suite, "testdata", "*.json"))
			if err != nil || len(names) == 0 {
				t.Fatalf("suite %s has no scripts (%v)", suite, err)
			}
			for i, name := range names {
				if testing.Short() && i%8 != 0 && suite[0] == 'v' {
					continue // a sample of the large suites
				}
				key := suite + "/" + strings.TrimSuffix(filepath.Base(name), ".json")
				t.Run(key, func(t *testing.T) {
					t.Parallel()
					runSpecScript(t, report, key, name)
				})
			}
		}
	})
	report.check(t)
}

// specReport counts what all scripts did and which exceptions they needed.
type specReport struct {
	sync.Mutex
	used        map[string]bool // key, or key + mode
	assertions  map[string]int  // by mode
	suspensions map[string]int
	preemptions map[string]int
}

func newSpecReport() *specReport {
	return &specReport{
		used: map[string]bool{}, assertions: map[string]int{}, suspensions: map[string]int{}, preemptions: map[string]int{},
	}
}

func (r *specReport) add(mode string, assertions int, w *world) {
	r.Lock()
	defer r.Unlock()
	r.assertions[mode] += assertions
	r.suspensions[mode] += w.suspensions
	r.preemptions[mode] += w.preemptions
}

// excused reports whether an assertion may fail in a mode.
func (r *specReport) excused(key, mode string) bool {
	x, ok := specExceptions[key]
	if !ok || x.modes != "" && !slices.Contains(strings.Fields(x.modes), mode) {
		return false
	}
	r.Lock()
	defer r.Unlock()
	r.used[key+" "+mode] = true
	return true
}

// check fails for exceptions that are out of date, and for modes that did nothing.
func (r *specReport) check(t *testing.T) {
	for _, m := range specModes {
		t.Logf("%-15s %6d assertions, %8d suspensions, %8d preemptions", m.name, r.assertions[m.name], r.suspensions[m.name], r.preemptions[m.name])
		if r.assertions[m.name] == 0 {
			t.Errorf("mode %s has no assertions", m.name)
		}
		if m.suspends > 0 && r.suspensions[m.name] == 0 {
			t.Errorf("mode %s has not suspended", m.name)
		}
		if m.slice == 1 && r.preemptions[m.name] == 0 {
			t.Errorf("mode %s has not used up a slice", m.name)
		}
	}
	if testing.Short() || t.Failed() {
		return
	}
	for key, x := range specExceptions {
		for _, m := range specModes {
			if x.modes != "" && !slices.Contains(strings.Fields(x.modes), m.name) {
				continue
			}
			if !r.used[key+" "+m.name] {
				t.Errorf("specExceptions: %s passes in mode %s, but was to fail: %s", key, m.name, x.reason)
			}
		}
	}
}

func runSpecScript(t *testing.T, report *specReport, key, name string) {
	script, err := wasmtest.LoadScript(name)
	if err != nil {
		t.Fatal(err)
	}
	cache := wazero.NewCompilationCache() // artifacts occur in several modes and runs
	defer cache.Close(background)
	artifacts := map[string][]byte{}
	for i, mode := range specModes {
		if i > 0 && !mode.sameArtifacts(&specModes[i-1]) {
			clear(artifacts)
		}
		config := wazero.NewRuntimeConfigCompiler()
		if mode.plain && strings.HasPrefix(key, "exception-handling/") {
			// wazero's compiler gives locals of a try body their old values in the handler.
			config = wazero.NewRuntimeConfigInterpreter()
		}
		s := &specRun{
			t: t, mode: mode, key: key, report: report, dir: filepath.Dir(name), artifacts: artifacts,
			runtime: newRuntime(t, config.WithCompilationCache(cache)),
			named:   map[string]*specInstance{},
		}
		if mode.suspends > 0 {
			s.world.suspend = func(n int) bool { return n < mode.suspends }
		}
		s.hosts()
		for j := 0; j < len(script.Commands); j++ {
			c := &script.Commands[j]
			as := ""
			if next := j + 1; c.Type == "module" && next < len(script.Commands) && script.Commands[next].Type == "register" {
				as = script.Commands[next].As
			}
			s.command(c, as)
		}
		report.add(mode.name, s.assertions, &s.world)
	}
}

// A specRun is one run of a script in one mode.
type specRun struct {
	t         *testing.T
	mode      specMode
	key, dir  string
	report    *specReport
	runtime   wazero.Runtime
	artifacts map[string][]byte // by file name

	world      world
	named      map[string]*specInstance
	latest     *specInstance
	assertions int
}

type specInstance struct {
	mod   api.Module
	guest *runner.Guest
	funcs map[string]api.Function
}

// hosts supplies what the scripts' modules import.
func (s *specRun) hosts() {
	can := func(b wazero.HostModuleBuilder, name string, params ...api.ValueType) {
		b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, _ []uint64) {
			s.world.block(m, nil)
		}), params, nil).Export(name)
	}
	i32, i64, f32, f64 := api.ValueTypeI32, api.ValueTypeI64, api.ValueTypeF32, api.ValueTypeF64
	b := s.runtime.NewHostModuleBuilder("spectest_host")
	can(b, "print")
	can(b, "print_i32", i32)
	can(b, "print_i64", i64)
	can(b, "print_f32", f32)
	can(b, "print_f64", f64)
	can(b, "print_i32_f32", i32, f32)
	can(b, "print_f64_f64", f64, f64)
	tick := s.runtime.NewHostModuleBuilder(wasmtest.TickModule)
	can(tick, wasmtest.TickName)
	_, err1 := b.Instantiate(background)
	_, err2 := tick.Instantiate(background)
	_, err3 := runner.InstantiateRT(background, s.runtime)
	_, err4 := s.runtime.InstantiateWithConfig(background, readFile(s.t, "testdata/spec/spectest.wasm"), wazero.NewModuleConfig().WithName("spectest"))
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// command runs one command. as is the name to register a module by.
func (s *specRun) command(c *wasmtest.Command, as string) {
	var err error
	switch c.Type {
	case "module":
		s.latest = nil
		var inst *specInstance
		if inst, err = s.instantiate(c.Filename, as); err == nil {
			s.latest = inst
			if c.Name != "" {
				s.named[c.Name] = inst
			}
		}
	case "register":
	case "assert_malformed", "assert_invalid":
		return // wasmparse's tests
	case "assert_unlinkable", "assert_uninstantiable":
		if c.ModuleType == "text" {
			return
		}
		_, err = s.instantiate(c.Filename, "")
		switch {
		case c.Text == "out of bounds table access", c.Text == "elements segment does not fit":
			// wazero keeps such an instance, since its functions may be in other tables.
		case err == nil:
			err = fmt.Errorf("instantiated, want %q", c.Text)
		case strings.HasPrefix(err.Error(), "build: "): // not what was asked for
		default:
			err = nil
		}
	case "action", "assert_return":
		err = s.assertReturn(c)
	case "assert_trap", "assert_exhaustion":
		var want string
		if want, err = wasmtest.TrapText(c.Text); err == nil {
			err = s.assertTrap(c, want)
		}
	case "assert_exception":
		err = s.assertTrap(c, errUncaught.Error())
	default:
		err = fmt.Errorf("unknown command")
	}
	s.assertions++
	if err == nil {
		return
	}
	key := fmt.Sprintf("%s:%d", s.key, c.Line)
	if s.report.excused(key, s.mode.name) {
		return
	}
	s.t.Errorf("%s: %s: %s %s%s: %v", key, s.mode.name, c.Type, c.Filename, describe(&c.Action), err)
}

func describe(a *wasmtest.Action) string {
	if a.Type == "" {
		return ""
	}
	return fmt.Sprintf("%s %s %q%v", a.Type, a.Module, a.Field, a.Args)
}

// artifact returns the module that stands for a file in this mode.
func (s *specRun) artifact(file string) ([]byte, error) {
	if a, ok := s.artifacts[file]; ok {
		return a, nil
	}
	data := readFile(s.t, filepath.Join(s.dir, file))
	if s.mode.ticks {
		var err error
		if data, err = wasmtest.InjectTicks(data); err != nil {
			return nil, fmt.Errorf("build: ticks: %w", err)
		}
	}
	if !s.mode.plain {
		var err error
		opts := s.mode.opts
		opts.Workers = 1
		if data, _, err = transform.Build(background, data, opts); err != nil {
			return nil, fmt.Errorf("build: %w", err)
		}
	}
	s.artifacts[file] = data
	return data, nil
}

func (s *specRun) instantiate(file, as string) (*specInstance, error) {
	data, err := s.artifact(file)
	if err != nil {
		return nil, err
	}
	c, err := s.runtime.CompileModule(background, data)
	if err != nil {
		return nil, err
	}
	meta, err := metaOf(c)
	if err != nil {
		return nil, err
	}
	mod, err := s.runtime.InstantiateModule(background, c, wazero.NewModuleConfig().WithName(as))
	if err != nil {
		return nil, err
	}
	g, err := runner.NewGuest(mod, meta)
	if err != nil {
		return nil, err
	}
	if s.mode.slice > 0 {
		g.SetSlice(s.mode.slice)
	}
	return &specInstance{mod, g, map[string]api.Function{}}, nil
}

// invoke calls the function an action names.
func (s *specRun) invoke(a *wasmtest.Action) ([]uint64, error) {
	inst, err := s.instance(a)
	if err != nil {
		return nil, err
	}
	fn := inst.funcs[a.Field]
	if fn == nil {
		if fn = inst.mod.ExportedFunction(a.Field); fn == nil {
			return nil, fmt.Errorf("no export %q", a.Field)
		}
		inst.funcs[a.Field] = fn
	}
	var stack []uint64
	for _, v := range a.Args {
		words, err := v.Words()
		if err != nil {
			return nil, err
		}
		stack = append(stack, words...)
	}
	results := 0
	for _, t := range fn.Definition().ResultTypes() {
		results += wordsOf(t)
	}
	stack = slices.Grow(stack, max(results-len(stack), 0))[:max(results, len(stack))]
	err = s.world.call(inst.guest, fn, stack)
	return stack[:results], err
}

func (s *specRun) instance(a *wasmtest.Action) (*specInstance, error) {
	inst := s.latest
	if a.Module != "" {
		inst = s.named[a.Module]
	}
	if inst == nil {
		return nil, fmt.Errorf("no module %s", cmp.Or(a.Module, "before"))
	}
	return inst, nil
}

func (s *specRun) assertReturn(c *wasmtest.Command) error {
	var got []uint64
	var err error
	if c.Action.Type == "get" {
		inst, err := s.instance(&c.Action)
		if err != nil {
			return err
		}
		g := inst.mod.ExportedGlobal(c.Action.Field)
		if g == nil {
			return fmt.Errorf("no global %q", c.Action.Field)
		}
		got = []uint64{g.Get()}
	} else if got, err = s.invoke(&c.Action); err != nil {
		return err
	}
	if c.Type == "action" {
		return nil
	}
	rest := got
	for _, v := range c.Expected {
		n := 1
		if v.Type == "v128" {
			n = 2
		}
		if len(rest) < n {
			return fmt.Errorf("got %#x, want %v", got, c.Expected)
		}
		ok, err := v.Match(maskI32(v.Type, rest[:n]))
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("got %#x, want %v", got, c.Expected)
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return fmt.Errorf("got %#x, want %v", got, c.Expected)
	}
	return nil
}

// maskI32 drops the upper half of a word, which wazero leaves undefined.
func maskI32(typ string, words []uint64) []uint64 {
	if typ == "i32" || typ == "f32" {
		return []uint64{words[0] & 0xffffffff}
	}
	return words
}

func (s *specRun) assertTrap(c *wasmtest.Command, want string) error {
	got, err := s.invoke(&c.Action)
	if err == nil {
		return fmt.Errorf("got %#x, want trap %q", got, want)
	}
	if kind := trapKind(err); kind != want {
		return fmt.Errorf("got %q, want trap %q", kind, want)
	}
	return nil
}

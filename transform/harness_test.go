package transform_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// allFeatures is everything wazero can run.
const allFeatures = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
	experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesExceptionHandling |
	experimental.CoreFeaturesTypedFunctionReferences

var background = context.Background()

// newRuntime returns a runtime with every feature on that ends with the test.
func newRuntime(t testing.TB, config wazero.RuntimeConfig) wazero.Runtime {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(background, config.WithCoreFeatures(allFeatures).WithCustomSections(true))
	t.Cleanup(func() { r.Close(background) })
	return r
}

// build is transform.Build for a test that needs the artifact.
func build(t testing.TB, module []byte, opts transform.Options) []byte {
	t.Helper()
	artifact, _, err := transform.Build(background, module, opts)
	if err != nil {
		t.Fatalf("Build: %v", err)
	}
	return artifact
}

// metaOf returns what an artifact says about itself, nil if it is not one.
func metaOf(c wazero.CompiledModule) (*rtlib.Meta, error) {
	for _, s := range c.CustomSections() {
		if s.Name() == rtlib.SectionMeta {
			return rtlib.ParseMeta(s.Data())
		}
	}
	return nil, nil
}

// errUncaught is what an exception without a handler is here. wazero's own traps
// contain the same text.
var errUncaught = errors.New("uncaught exception")

// maxResumes bounds how often one call is resumed: more is a call that never ends.
const maxResumes = 4 << 20

// maxHostCalls bounds the host calls of one call from outside in the same way.
const maxHostCalls = 4 << 20

// An activation is one call of a guest from outside, until it has finished.
type activation struct {
	guest *runner.Guest
	// foreign is set once another instance's code has been seen on the stack. The
	// stack cannot be unwound from then on: the other instance would run on with
	// results that are none.
	foreign bool
	// results are the answer to the host call that has suspended the guest.
	results   []uint64
	hostCalls int
}

// A world is everything that runs on one goroutine: some instances and the
// activation that is on its way, if any.
type world struct {
	now *activation
	// suspend decides at every opportunity, n counting from 0 within an activation.
	suspend func(n int) bool
	// paused, if not nil, is called whenever the guest has left its stack.
	paused func(g *runner.Guest)

	opportunities int // in the latest activation

	// Totals.
	suspensions int
	preemptions int
	refused     map[runner.Refusal]int
}

// block is what a host function calls that can block. caller is the instance that
// made the call, if the host function knows, and results its answer. If block returns
// true the host function's own results do not count.
func (w *world) block(caller api.Module, results []uint64) bool {
	a := w.now
	if a == nil {
		return false // a start function
	}
	if a.hostCalls++; a.hostCalls > maxHostCalls {
		panic(errors.New("broken: it never ends"))
	}
	if caller != nil && caller != a.guest.Module() {
		a.foreign = true
	}
	if a.foreign || w.suspend == nil {
		return false
	}
	n := w.opportunities
	w.opportunities++
	if !w.suspend(n) {
		return false
	}
	if why := a.guest.Suspend(); why != runner.Granted {
		if w.refused == nil {
			w.refused = map[runner.Refusal]int{}
		}
		w.refused[why]++
		return false
	}
	w.suspensions++
	a.results = append(a.results[:0], results...)
	return true
}

// preempt is the guest's Preempt.
func (w *world) preempt(_ context.Context, _ *runner.Guest, mayUnwind bool) {
	w.preemptions++
	if !mayUnwind {
		defer func(f func(int) bool) { w.suspend = f }(w.suspend)
		w.suspend = nil
	}
	w.block(nil, nil)
}

// call runs an export to its end, resuming it at once whenever it suspends, and
// checks that nothing is left over. stack is as in api.Function.CallWithStack.
func (w *world) call(g *runner.Guest, fn api.Function, stack []uint64) error {
	a := &activation{guest: g}
	outer := w.now
	w.now = a
	defer func() { w.now = outer }()
	w.opportunities = 0
	g.Preempt = w.preempt
	state, err := g.Call(background, fn, stack)
	for n := 0; err == nil && state == runner.Suspended; n++ {
		if n == maxResumes {
			return errors.New("broken: resumed too often")
		}
		if b := g.Budget(); b < 0 {
			return fmt.Errorf("broken: budget %d while suspended", b)
		}
		if w.paused != nil {
			w.paused(g)
		}
		state, err = g.Resume(background, a.results...)
	}
	if left := g.FrameBytes(); left != 0 {
		return fmt.Errorf("broken: %d bytes of frames left", left)
	}
	if b := g.Budget(); b < 0 {
		return fmt.Errorf("broken: budget %d afterwards", b)
	}
	if p := g.Module().ExportedGlobal(rtlib.ExportPinned); p != nil && p.Get() != 0 {
		return fmt.Errorf("broken: %d pinned frames afterwards", p.Get())
	}
	if err == nil && state == runner.Threw {
		err = errUncaught
	}
	return err
}

// trapKind is the first line of an error, what a trap is called without its backtrace.
func trapKind(err error) string {
	if err == nil {
		return ""
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	if errors.Is(err, runner.ErrFrames) {
		return "stack overflow" // the same recursion, met elsewhere
	}
	return strings.TrimSuffix(strings.TrimPrefix(text, "wasm error: "), " (recovered by wazero)")
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// wordsOf is the number of uint64 a value of a type takes on a call's stack.
func wordsOf(t api.ValueType) int {
	if t == 0x7b { // v128, which wazero's api package does not name
		return 2
	}
	return 1
}

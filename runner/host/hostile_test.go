package host

import (
	"context"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
)

// A process may end while it is linked with one that there is not, or about to be: the end
// of the link has nobody to tell.
func TestEndWithLinkToNobody(t *testing.T) {
	for _, handled := range []bool{false, true} {
		e := in(t, func(p *runner.Process) {
			call(dieWhenLinkDies, p, 0)
			call(link, p, 1, 999)
			if handled {
				p.CheckSignals()
			}
			call(link, p, 2, 998)
			p.Fail("", "the end")
		})
		want(t, "reason", e.Reason, runner.ExitFailed)
	}
}

// Host functions that take long shorten the slice of who calls them.
func TestCharge(t *testing.T) {
	const calls = 50
	for _, tt := range []struct {
		price  int32
		slices uint64 // at least
		less   uint64 // than that
	}{
		{0, 0, 1},
		{-1 << 31, 0, 1},
		{runner.DefaultSlice / 10, 3, calls / 5},
		{1<<31 - 1, calls - 1, calls + 2},
	} {
		ctx := context.Background()
		n := 0
		nothing := func(*runner.Process, []uint64) {}
		next := func(p *runner.Process, stack []uint64) {
			if n++; n > calls {
				p.Fail("", "the end")
			}
			p.Charge(tt.price)
			stack[0] = 0 // guest.nothing
		}
		rt, err := runner.New(ctx, runner.Config{Namespaces: []runner.Namespace{{Name: "fuzz", Funcs: []runner.Func{
			{Name: "next", Type: "-> i32", Call: next}, {Name: "arg", Type: "i32 -> i64", Call: nothing}, {Name: "result", Type: "i64", Call: nothing},
			{Name: "receive", Type: "-> i32", Call: nothing}, {Name: "answer", Call: nothing},
		}}}})
		if err != nil {
			t.Fatal(err)
		}
		artifact, _, err := transform.Build(ctx, fuzzGuest([]hostCall{{module: "guest", name: "nothing"}}), transform.Options{})
		if err != nil {
			t.Fatal(err)
		}
		mod, err := rt.Load(ctx, artifact)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.Run(ctx, mod, runner.ProcessConfig{}); err != nil {
			t.Error(err)
		}
		if got := rt.Stats().Slices; got < tt.slices || got >= tt.less {
			t.Errorf("price %d: %d slices, want %d to %d", tt.price, got, tt.slices, tt.less-1)
		}
		rt.Close(ctx)
	}
}

// wazero has no file system for the standard streams, and would panic.
func TestTimesOfStreams(t *testing.T) {
	for fd := range uint64(3) {
		if got := noStream(nil, []uint64{fd, 4, 4, 5}); got != errnoNotsup {
			t.Errorf("fd %d: errno %d, want %d", fd, got, errnoNotsup)
		}
	}
	want(t, "a file", noStream(nil, []uint64{3, 4, 4, 5}), errnoSuccess)
}

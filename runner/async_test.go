package runner_test

import (
	"context"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// runBlock runs a guest that calls test.block, which is f, and returns how it ended.
// kill, if not nil, ends the process when it is closed.
func runBlock(t *testing.T, kill <-chan bool, f func(context.Context) func([]uint64)) runner.Exit {
	t.Helper()
	block := runner.Func{Name: "block", Call: func(p *runner.Process, stack []uint64) { p.Async(stack, f) }}
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: []runner.Namespace{{Name: "test", Funcs: []runner.Func{block}}}})
	if err != nil {
		t.Fatal(err)
	}
	// (module (import "test" "block" (func)) (func (export "_start") (call 0)))
	mod, err := rt.Load(ctx, []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x02\x0e\x01\x04test\x05block\x00\x00"+
		"\x03\x02\x01\x00\x07\x0a\x01\x06_start\x00\x01\x0a\x06\x01\x04\x00\x10\x00\x0b"))
	if err != nil {
		t.Fatal(err)
	}
	killed, cancel := context.WithCancel(ctx)
	defer cancel()
	if kill != nil {
		go func() { <-kill; cancel() }()
	}
	exit, err := rt.Run(killed, mod, runner.ProcessConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Close(ctx); err != nil {
		t.Fatal(err)
	}
	return exit
}

// A process that is killed while it waits for Async ends the work, and undoes what was
// done.
func TestAsyncIsCanceled(t *testing.T) {
	begun, undone := make(chan bool), make(chan bool, 2)
	exit := runBlock(t, begun, func(ctx context.Context) func([]uint64) {
		runner.OnAbandon(ctx, func() { undone <- true })
		close(begun)
		<-ctx.Done()
		return func([]uint64) { t.Error("finished") }
	})
	wantExit(t, exit, runner.ExitKilled, 0)
	if len(undone) != 1 {
		t.Errorf("undone %d times", len(undone))
	}
}

func TestAsyncFinishes(t *testing.T) {
	finished := false
	exit := runBlock(t, nil, func(ctx context.Context) func([]uint64) {
		runner.OnAbandon(ctx, func() { t.Error("undone") })
		return func([]uint64) { finished = true }
	})
	wantExit(t, exit, runner.ExitNormal, 0)
	if !finished {
		t.Error("not finished")
	}
	wantExit(t, runBlock(t, nil, func(context.Context) func([]uint64) { return nil }), runner.ExitNormal, 0)
}

// A bug of a host function ends the process that called it, and says where it is.
func TestAsyncPanics(t *testing.T) {
	exit := runBlock(t, nil, func(context.Context) func([]uint64) {
		return []func([]uint64){}[len(t.Name())] // index out of range
	})
	if exit.Reason != runner.ExitFailed || !strings.Contains(exit.Err.Error(), "index out of range") || !strings.Contains(exit.Err.Error(), "async_test.go") {
		t.Errorf("got %v, %v", exit.Reason, exit.Err)
	}
}

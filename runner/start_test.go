package runner_test

import (
	"context"
	"errors"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
)

// spinningStart computes for ever in its start function, where it ends slice after slice:
//
//	(module (import "lunatic::rt" "preempt" (func $p)) (memory (export "memory") 1)
//	  (func $s (loop (call $p) (br 0))) (start $s) (func (export "_start")))
const spinningStart = "\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x02\x17\x01\x0blunatic::rt\x07preempt\x00\x00" +
	"\x03\x03\x02\x00\x00\x05\x03\x01\x00\x01\x07\x13\x02\x06memory\x02\x00\x06_start\x00\x02\x08\x01\x01" +
	"\x0a\x0e\x02\x09\x00\x03\x40\x10\x00\x0c\x00\x0b\x0b\x02\x00\x0b"

// A start function that computes for ever ends with its fuel, with its environment, and
// with its parent; others have their turns meanwhile.
func TestStartIsPreempted(t *testing.T) {
	ctx := context.Background()
	spawned := make(chan uint64)
	spawn := runner.Func{Name: "step", Type: "-> i64", Call: func(p *runner.Process, stack []uint64) {
		spawned <- p.ID()
		mod, err := p.Runtime().Load(ctx, []byte(spinningStart))
		if err != nil {
			t.Error(err)
			return
		}
		p.Spawn(mod, nil, "_start", nil, 0)
		t.Error("the start function ended")
	}}
	// It calls test.step.
	const caller = "\x00asm\x01\x00\x00\x00\x01\x08\x02\x60\x00\x00\x60\x00\x01\x7e\x02\x0d\x01\x04test\x04step\x00\x01" +
		"\x03\x02\x01\x00\x05\x03\x01\x00\x01\x07\x13\x02\x06memory\x02\x00\x06_start\x00\x01\x0a\x07\x01\x05\x00\x10\x00\x1a\x0b"
	rt, err := runner.New(ctx, runner.Config{Workers: 1, Namespaces: append(host.All(), runner.Namespace{Name: "test", Funcs: []runner.Func{spawn}})})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	parent, err := rt.Load(ctx, []byte(caller))
	if err != nil {
		t.Fatal(err)
	}
	spinning, err := rt.Load(ctx, []byte(spinningStart))
	if err != nil {
		t.Fatal(err)
	}
	other, err := rt.Load(ctx, actors())
	if err != nil {
		t.Fatal(err)
	}

	env := rt.NewEnvironment()
	if _, err := env.Spawn(spinning, runner.ProcessConfig{MaxFuel: 100}, "_start"); !errors.Is(err, runner.ErrFuel) {
		t.Errorf("got %v, want ErrFuel", err)
	}
	p, err := env.Spawn(parent, runner.ProcessConfig{May: runner.MayAll}, "_start")
	if err != nil {
		t.Fatal(err)
	}
	<-spawned
	ping, err := env.Spawn(other, runner.ProcessConfig{May: runner.MayAll}, "ping", value(int32(100)))
	if err != nil {
		t.Fatal(err)
	}
	<-ping.Done()
	wantExit(t, ping.Exit(), runner.ExitNormal, 0)
	env.Kill(p.ID())
	<-p.Done()
	wantExit(t, p.Exit(), runner.ExitKilled, 0)

	// From outside: the environment's end is the only one.
	failed := make(chan error)
	go func() {
		_, err := env.Spawn(spinning, runner.ProcessConfig{}, "_start")
		failed <- err
	}()
	if err := env.Close(ctx); err != nil {
		t.Error(err)
	}
	if err := <-failed; !errors.Is(err, runner.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

package runner_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// stepsWasm calls test.step, in its start function and then in _start.
//
//	(module (import "test" "step" (func (result i64))) (memory (export "memory") 1)
//	  (func (export "_start") (drop (call 0))) (start 1))
var stepsWasm = []byte("\x00asm\x01\x00\x00\x00\x01\x08\x02\x60\x00\x01\x7e\x60\x00\x00\x02\x0d\x01\x04test\x04step\x00\x00" +
	"\x03\x02\x01\x01\x05\x03\x01\x00\x01\x07\x13\x02\x06memory\x02\x00\x06_start\x00\x01\x08\x01\x01\x0a\x07\x01\x05\x00\x10\x00\x1a\x0b")

// steps makes an environment of a runtime whose processes call step, with what they call.
func steps(t testing.TB, workers int, step func(p *runner.Process, stack []uint64)) (*runner.Environment, *runner.Module) {
	t.Helper()
	ctx := context.Background()
	ns := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: step}}}
	rt, err := runner.New(ctx, runner.Config{Workers: workers, Namespaces: []runner.Namespace{ns}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	mod, err := rt.Load(ctx, stepsWasm)
	if err != nil {
		t.Fatal(err)
	}
	return rt.NewEnvironment(), mod
}

func spawnSteps(t testing.TB, env *runner.Environment, mod *runner.Module) *runner.Process {
	t.Helper()
	p, err := env.Spawn(mod, runner.ProcessConfig{May: runner.MayAll}, "_start")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// normally waits for the end of a process.
func normally(t testing.TB, p *runner.Process) {
	t.Helper()
	<-p.Done()
	if e := p.Exit(); e.Reason != runner.ExitNormal {
		t.Errorf("process %d: %v, %v", p.ID(), e.Reason, e.Err)
	}
}

// More processes than workers are in Blocking, and others go on.
func TestBlockingGivesWorkersAway(t *testing.T) {
	for _, workers := range []int{1, 2} {
		const blocked = 5
		release := make(chan struct{})
		var inside sync.WaitGroup
		inside.Add(blocked)
		env, mod := steps(t, workers, func(p *runner.Process, _ []uint64) {
			if p.Initializing() || p.ID() > blocked {
				return
			}
			p.Blocking(func() {
				inside.Done()
				<-release
			})
			p.PutU32("", 0, 1) // and it is in a process again
		})
		var all []*runner.Process
		for range blocked {
			all = append(all, spawnSteps(t, env, mod))
		}
		inside.Wait()
		for range 10 {
			normally(t, spawnSteps(t, env, mod))
		}
		close(release)
		for _, p := range all {
			normally(t, p)
		}
	}
}

// A process that makes many short calls takes turns with the others.
func TestShortBlockingTakesTurns(t *testing.T) {
	var stop atomic.Bool
	env, mod := steps(t, 1, func(p *runner.Process, _ []uint64) {
		switch {
		case p.Initializing():
		case p.ID() == 1:
			for !stop.Load() {
				p.Blocking(func() {
					for start := time.Now(); time.Since(start) < 100*time.Microsecond; {
					}
				})
			}
		default:
			stop.Store(true)
		}
	})
	first := spawnSteps(t, env, mod)
	normally(t, spawnSteps(t, env, mod))
	normally(t, first)
}

// A signal that comes meanwhile is seen by Interrupted.
func TestBlockingInterrupted(t *testing.T) {
	inside := make(chan struct{})
	env, mod := steps(t, 1, func(p *runner.Process, _ []uint64) {
		if p.Initializing() {
			return
		}
		p.Blocking(func() {
			close(inside)
			for !p.Interrupted() {
			}
		})
		t.Error("survived")
	})
	p := spawnSteps(t, env, mod)
	<-inside
	env.Kill(p.ID())
	<-p.Done()
	if p.Exit().Reason != runner.ExitKilled {
		t.Errorf("got %v", p.Exit())
	}
}

// A panic in f is the host function's.
func TestBlockingPanics(t *testing.T) {
	env, mod := steps(t, 1, func(p *runner.Process, _ []uint64) {
		if !p.Initializing() {
			p.Blocking(func() { time.Sleep(5 * time.Millisecond); p.Fail("arg", "is wrong") })
		}
	})
	p := spawnSteps(t, env, mod)
	<-p.Done()
	var misuse *runner.HostError
	if !errors.As(p.Exit().Err, &misuse) || !strings.Contains(misuse.Error(), "test.step: arg: is wrong") {
		t.Errorf("got %v", p.Exit())
	}
	normally(t, func() *runner.Process {
		env, mod := steps(t, 1, func(*runner.Process, []uint64) {})
		return spawnSteps(t, env, mod)
	}())
}

// until is a Wait that ends when its channel is closed.
type until struct {
	done     chan struct{}
	canceled chan struct{}
	polls    atomic.Int32
}

func newUntil() *until {
	return &until{done: make(chan struct{}), canceled: make(chan struct{})}
}

func (u *until) Poll(*runner.Process, []uint64) bool {
	u.polls.Add(1)
	select {
	case <-u.done:
		return true
	default:
		return false
	}
}

func (u *until) Cancel() { close(u.canceled) }

// A start function that waits, in any way, gives its parent's worker away.
func TestWaitInStart(t *testing.T) {
	block := make(chan struct{})
	tests := []struct {
		name string
		wait func(p *runner.Process, stack []uint64)
	}{
		{"timer", func(p *runner.Process, stack []uint64) {
			p.SetTimeout(20)
			p.Wait(timeUp{}, stack)
		}},
		{"another goroutine", func(p *runner.Process, stack []uint64) {
			u := newUntil()
			time.AfterFunc(20*time.Millisecond, func() { close(u.done); p.Wake() })
			p.Wait(u, stack)
			if n := u.polls.Load(); n > 3 {
				t.Errorf("%d polls", n)
			}
		}},
		{"async", func(p *runner.Process, stack []uint64) {
			p.Async(stack, func(context.Context) func([]uint64) { time.Sleep(20 * time.Millisecond); return nil })
		}},
		{"blocking", func(p *runner.Process, _ []uint64) { p.Blocking(func() { <-block }) }},
		{"yield", func(p *runner.Process, stack []uint64) { p.Yield(stack) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			block = make(chan struct{})
			var other, waits, spawned atomic.Bool
			ready := make(chan struct{})
			env, mod := steps(t, 1, func(p *runner.Process, stack []uint64) {
				switch {
				case p.ID() == 1 && !p.Initializing():
					p.Blocking(func() { <-ready })
					if _, err := p.Spawn(nil, nil, "_start", nil, 0); err != nil {
						t.Error(err)
					}
					spawned.Store(true)
					if !other.Load() && tt.name != "yield" {
						t.Error("the other process did not run")
					}
				case p.ID() == 2 && !p.Initializing():
					for i := 0; !waits.Load() && !spawned.Load() && i < 1e6; i++ {
						p.Yield(stack)
					}
					if other.Swap(true); waits.Load() {
						close(block)
					}
				case p.ID() == 3 && p.Initializing():
					waits.Store(true)
					tt.wait(p, stack)
				}
			})
			first, second := spawnSteps(t, env, mod), spawnSteps(t, env, mod)
			close(ready)
			normally(t, first)
			normally(t, second)
		})
	}
}

type timeUp struct{}

func (timeUp) Poll(p *runner.Process, _ []uint64) bool { return p.TimedOut() }

// A parent that is killed ends the start function that it runs, and what that has done.
func TestKillParentInStart(t *testing.T) {
	u := newUntil()
	closed := make(chan struct{})
	inside := make(chan struct{})
	env, mod := steps(t, 1, func(p *runner.Process, stack []uint64) {
		switch {
		case p.ID() == 1 && !p.Initializing():
			p.Spawn(nil, nil, "_start", nil, 0)
			t.Error("the parent survived")
		case p.ID() == 2:
			closers.Add(p, closer(func() error { close(closed); return nil }))
			close(inside)
			p.Wait(u, stack)
			t.Error("the child survived")
		}
	})
	p := spawnSteps(t, env, mod)
	<-inside
	env.Kill(p.ID())
	<-p.Done()
	if p.Exit().Reason != runner.ExitKilled {
		t.Errorf("got %v", p.Exit())
	}
	<-u.canceled
	<-closed
	if err := env.Close(context.Background()); err != nil || env.Processes() != 0 {
		t.Errorf("%v; %d processes are left", err, env.Processes())
	}
}

type closer func() error

func (c closer) Close() error { return c() }

var (
	closers           = runner.NewKind[io.Closer]("closer")
	_       io.Closer = closer(nil)
)

// The host program's spawn waits for a start function without a worker, and does not
// outlive its environment.
func TestSpawnWaitsInStart(t *testing.T) {
	u := newUntil()
	env, mod := steps(t, 1, func(p *runner.Process, stack []uint64) {
		if p.Initializing() && p.ID() == 1 {
			time.AfterFunc(5*time.Millisecond, func() { close(u.done); p.Wake() })
			p.Blocking(func() {})
			p.Yield(stack)
			p.Wait(u, stack)
		}
	})
	normally(t, spawnSteps(t, env, mod))
	if n := u.polls.Load(); n > 3 {
		t.Errorf("%d polls", n)
	}

	forever := newUntil()
	env, mod = steps(t, 1, func(p *runner.Process, stack []uint64) {
		time.AfterFunc(5*time.Millisecond, func() { env.Close(context.Background()) })
		p.Wait(forever, stack)
	})
	if _, err := env.Spawn(mod, runner.ProcessConfig{}, "_start"); !errors.Is(err, runner.ErrClosed) {
		t.Errorf("got %v", err)
	}
	<-forever.canceled
}

func BenchmarkBlocking(b *testing.B) {
	var n int
	env, mod := steps(b, 1, func(p *runner.Process, _ []uint64) {
		if p.Initializing() {
			return
		}
		b.ResetTimer()
		for b.Loop() {
			p.Blocking(func() { n++ })
		}
	})
	normally(b, spawnSteps(b, env, mod))
}

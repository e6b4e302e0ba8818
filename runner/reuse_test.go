package runner_test

import (
	"context"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
)

// artifact builds one of testdata/instances.
func (w *world) artifact(name string) *runner.Module {
	w.Helper()
	return w.built(name, 0)
}

// built is artifact with a level of optimization.
func (w *world) built(name string, opt int) *runner.Module {
	w.Helper()
	b, err := instances.ReadFile("testdata/instances/" + name + ".wasm")
	if err != nil {
		w.Fatal(err)
	}
	if b, _, err = transform.Build(context.Background(), b, transform.Options{Verify: true, Opt: opt}); err != nil {
		w.Fatal(err)
	}
	mod, err := w.rt.Load(context.Background(), b)
	if err != nil {
		w.Fatal(err)
	}
	return mod
}

// A step of a test is a process in the place of those before it.
type step struct {
	entry  string
	params []any
	reason runner.ExitReason
	rested int // instances afterwards
}

// step runs a step in an environment of its own.
func (w *world) step(mod *runner.Module, s step) runner.Exit {
	w.Helper()
	var params []runner.Value
	for _, x := range s.params {
		params = append(params, value(x))
	}
	env := w.rt.NewEnvironment()
	p, err := env.Spawn(mod, runner.ProcessConfig{}, s.entry, params...)
	if err != nil {
		w.Fatal(err)
	}
	if s.reason != runner.ExitKilled {
		<-p.Done()
	}
	if err := env.Close(context.Background()); err != nil {
		w.Fatal(err)
	}
	return p.Exit()
}

// A process cannot tell a reused instance from a new one, whatever the one before it has
// done; and only one that has come to rest is reused.
func TestReuse(t *testing.T) {
	steps := []step{
		{"spoil", []any{int32(4096), int32(0)}, runner.ExitNormal, 1},
		{"spoil", []any{int32(1), int32(0)}, runner.ExitNormal, 1},
		{"spoil", []any{int32(64), int32(2)}, runner.ExitNormal, 1}, // memory becomes smaller again
		{"spoil", []any{int32(600000), int32(290)}, runner.ExitNormal, 1},
		{"sleep", []any{int32(5000), int32(1)}, runner.ExitNormal, 1},
		{"seek", nil, runner.ExitNormal, 1},
		{"spoil", []any{int32(4096), int32(290)}, runner.ExitNormal, 0},  // more pages than are kept
		{"spoil", []any{int32(70000), int32(297)}, runner.ExitNormal, 0}, // as large as it can be: never smaller
		{"sleep", []any{int32(5000), int32(1)}, runner.ExitNormal, 1},
		{"trap", nil, runner.ExitFailed, 0},
		{"spoil", []any{int32(7), int32(1)}, runner.ExitNormal, 1},
		{"exit", nil, runner.ExitNormal, 0},
		{"spoil", []any{int32(7), int32(1)}, runner.ExitNormal, 1},
		{"close", nil, runner.ExitNormal, 0},
		{"close", nil, runner.ExitNormal, 0},
		{"spoil", []any{int32(7), int32(0)}, runner.ExitNormal, 1},
		{"hang", nil, runner.ExitKilled, 0},
		{"spoil", []any{int32(7), int32(0)}, runner.ExitNormal, 1},
	}
	for _, reuse := range []bool{true, false} {
		inModes(t, func(t *testing.T, cfg runner.Config) {
			cfg.NoReuse = !reuse
			w := newWorld(t, cfg)
			defer w.close()
			mod := w.artifact("reuse")
			for i, s := range steps {
				exit := w.step(mod, s)
				if exit.Reason != s.reason || exit.Code != 0 {
					t.Errorf("step %d, %s: %+v", i, s.entry, exit)
				}
				want := 0
				if reuse {
					want = s.rested
				}
				if cfg.Stress&runner.StressHibernate != 0 && s.reason == runner.ExitKilled && reuse {
					continue // its instance may have rested before
				}
				if n := w.rt.Rested(); n != want {
					t.Errorf("step %d, %s: %d instances rest, want %d", i, s.entry, n, want)
				}
			}
			if st := w.rt.MemoryStats(); st.Memories != 0 || st.Bytes != 0 {
				t.Errorf("left over: %+v", st)
			}
		})
	}
}

// Arguments, variables and streams are not the instance's.
func TestReuseForOtherArguments(t *testing.T) {
	w := newWorld(t, runner.Config{})
	defer w.close()
	mod := w.artifact("reuse")
	for i := range 3 {
		cfg := runner.ProcessConfig{
			Args: []string{"reuse", strconv.Itoa(i)}, Env: [][2]string{{"N", strconv.Itoa(i)}},
			Stdin: strings.NewReader(""), Stdout: io.Discard,
		}
		env := w.rt.NewEnvironment()
		p, err := env.Spawn(mod, cfg, "spoil", value(int32(64)), value(int32(0)))
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if err := env.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n := w.rt.Rested(); n != 1 {
			t.Errorf("after process %d: %d instances rest, want 1", i, n)
		}
	}
}

// The same for many at a time, on several workers: instances are cleaned together.
func TestReuseTogether(t *testing.T) {
	w := newWorld(t, runner.Config{Workers: 3})
	defer w.close()
	mod := w.artifact("reuse")
	var live []*runner.Process
	for i := range 600 {
		entry, params := "spoil", []runner.Value{value(int32(1 + i*37%9000)), value(int32(0))}
		if i%7 == 0 {
			entry = "sleep"
		}
		if i%50 == 0 {
			params[1] = value(int32(2))
		}
		p, err := w.env.Spawn(mod, runner.ProcessConfig{}, entry, params...)
		if err != nil {
			t.Fatal(err)
		}
		live = append(live, p)
		if i%5 != 0 {
			<-p.Done()
		}
	}
	for i, p := range live {
		<-p.Done()
		if exit := p.Exit(); exit.Reason != runner.ExitNormal {
			t.Errorf("process %d: %v", i, exit)
		}
	}
	if n := w.rt.Rested(); n == 0 {
		t.Error("no instance rests")
	}
}

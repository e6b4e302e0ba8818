package transform_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/testdata/modules"
	"github.com/lunatic-go/lunatic/transform"
)

// lockedBuffer is a buffer that several processes may write to.
type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

// TestPrograms runs the programs of testdata/modules in every mode: each must write
// and end as its row says, which the tests of that package hold against the untouched
// program.
func TestPrograms(t *testing.T) {
	everything := []string{"*"}
	modes := []struct {
		name    string
		opts    transform.Options
		stress  runner.Stress
		unwinds bool // the mode must suspend by unwinding
	}{
		{name: "default"},
		{name: "stress=all", stress: runner.StressAll, unwinds: true},
		{name: "everything suspendable", opts: transform.Options{SuspendImports: everything}, stress: runner.StressSuspend, unwinds: true},
		{name: "preempt=unwind", opts: transform.Options{Preempt: transform.PreemptUnwind}, stress: runner.StressAll, unwinds: true},
		{name: "preempt=off", opts: transform.Options{Preempt: transform.PreemptOff}, stress: runner.StressSuspend, unwinds: true},
		{name: "no suspend", opts: transform.Options{NoSuspend: true}, stress: runner.StressYield},
	}
	sum := make([]runner.Stats, len(modes))
	var mu sync.Mutex
	t.Run("program", func(t *testing.T) {
		for i, m := range modules.All {
			if testing.Short() && (i%4 != 0 || len(m.Wasm()) > 1<<20) {
				continue // under the race detector, for one
			}
			t.Run(m.Name, func(t *testing.T) {
				t.Parallel()
				wasm := m.Wasm()
				for j, mode := range modes {
					if testing.Short() && j%2 == 0 {
						continue
					}
					t.Run(mode.name, func(t *testing.T) {
						st := runProgram(t, m, build(t, wasm, mode.opts), mode.stress)
						mu.Lock()
						sum[j].Unwound += st.Unwound
						sum[j].Slices += st.Slices
						mu.Unlock()
					})
				}
			})
		}
	})
	for j, mode := range modes {
		if testing.Short() {
			break
		}
		t.Logf("%-22s %8d unwound, %8d slices used up", mode.name, sum[j].Unwound, sum[j].Slices)
		if mode.unwinds && sum[j].Unwound == 0 {
			t.Errorf("%s: nothing has been suspended", mode.name)
		}
	}
}

func runProgram(t *testing.T, m modules.Module, artifact []byte, stress runner.Stress) runner.Stats {
	t.Helper()
	ctx, cancel := context.WithTimeout(background, 5*time.Minute)
	defer cancel()
	var stdout, stderr lockedBuffer
	rt, err := runner.New(ctx, runner.Config{
		Namespaces: host.All(), Stress: stress, Stdin: strings.NewReader(m.Stdin), Stdout: &stdout, Stderr: &stderr,
		OnFailure: func(p *runner.Process, e runner.Exit) { // as lunatic-run prints it
			fmt.Fprintf(&stderr, "process %d %q: %v\n", p.ID(), e.Names, e.Err)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(background)
	mod, err := rt.Load(ctx, artifact)
	if err != nil {
		t.Fatal(err)
	}
	cfg := runner.ProcessConfig{May: runner.MayAll, Args: append([]string{m.File}, m.Args...)}
	for _, e := range m.Env {
		k, v, _ := strings.Cut(e, "=")
		cfg.Env = append(cfg.Env, [2]string{k, v})
	}
	for guest, dir := range m.Dirs {
		cfg.Dirs = append(cfg.Dirs, runner.Dir{Host: filepath.Join("..", "testdata", "modules", dir), Guest: guest, ReadOnly: true})
	}
	exit, err := rt.Run(ctx, mod, cfg)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	if got, want := stdout.Bytes(), m.Want(); !bytes.Equal(got, want) {
		t.Errorf("standard output:\n%s", firstDifference(got, want))
	}
	if !strings.Contains(stderr.String(), m.Stderr) {
		t.Errorf("standard error:\n got: %s\nwant: ...%s...", stderr.String(), m.Stderr)
	}
	switch {
	case m.Trap != "":
		if exit.Err == nil || !strings.Contains(exit.Err.Error(), m.Trap) {
			t.Errorf("end: got %v, want a trap with %q", exit.Err, m.Trap)
		}
	case exit.Err != nil:
		t.Errorf("end: %v", exit.Err)
	case exit.Code != m.ExitCode:
		t.Errorf("exit code: got %d, want %d", exit.Code, m.ExitCode)
	}
	return rt.Stats()
}

// firstDifference shows the first line that differs.
func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if i >= len(g) || i >= len(w) || a != b {
			return "line " + strconv.Itoa(i+1) + "\n got: " + a + "\nwant: " + b
		}
	}
	return ""
}

// TestDeterminism builds the programs with different numbers of workers, and twice.
func TestDeterminism(t *testing.T) {
	for _, m := range modules.All {
		if testing.Short() && len(m.Wasm()) > 1<<20 {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			wasm := m.Wasm()
			before := bytes.Clone(wasm)
			for _, preempt := range []transform.Preempt{transform.PreemptPark, transform.PreemptUnwind} {
				var first []byte
				for _, workers := range []int{1, 2, 8, 8} {
					got := build(t, wasm, transform.Options{SuspendImports: []string{"*"}, Preempt: preempt, Workers: workers})
					if first == nil {
						first = got
					}
					if !bytes.Equal(got, first) {
						t.Errorf("preempt %d: %d workers give other bytes than 1", preempt, workers)
					}
				}
			}
			if !bytes.Equal(wasm, before) {
				t.Error("Build has changed its input")
			}
		})
	}
}

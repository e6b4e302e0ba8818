package modules

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
)

// output is standard output that many goroutines may write to.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

// take returns what was written and starts again.
func (o *output) take() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.b.Reset()
	return o.b.String()
}

// TestReuse runs every program three times in one runtime: the second and the third time,
// where it ends normally, in the instance that it has run in before. It does the same each
// time.
func TestReuse(t *testing.T) {
	reused := 0
	for _, m := range All {
		if m.Stdin != "" || len(m.Dirs) > 0 {
			continue // standard input is read once, and open files are not reused
		}
		t.Run(m.Name, func(t *testing.T) {
			ctx := context.Background()
			var out output
			rt, err := runner.New(ctx, runner.Config{Namespaces: host.All(), Stdout: &out})
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close(ctx)
			built, _, err := transform.Build(ctx, m.Wasm(), transform.Options{})
			if err != nil {
				t.Fatal(err)
			}
			mod, err := rt.Load(ctx, built)
			if err != nil {
				t.Fatal(err)
			}
			cfg := runner.ProcessConfig{Args: append([]string{m.Name}, m.Args...), May: runner.MayAll}
			for _, kv := range m.Env {
				name, value, _ := strings.Cut(kv, "=")
				cfg.Env = append(cfg.Env, [2]string{name, value})
			}
			for i := range 3 {
				if i > 0 && rt.Rested() > 0 {
					reused++
				}
				exit, err := rt.Run(ctx, mod, cfg)
				if err != nil {
					t.Fatal(err)
				}
				if exit.Code != m.ExitCode || (exit.Err != nil) != (m.Trap != "") {
					t.Errorf("run %d: %+v", i, exit)
				}
				var trap *runner.Trap
				if m.Trap != "" && !(errors.As(exit.Err, &trap) && strings.Contains(trap.Error(), m.Trap)) {
					t.Errorf("run %d: %v, want a trap with %q", i, exit.Err, m.Trap)
				}
				if got := out.take(); got != string(m.Want()) {
					t.Errorf("run %d: wrong standard output:\n%s", i, got)
				}
			}
			if st := rt.MemoryStats(); st.Memories != 0 || st.Bytes != 0 {
				t.Errorf("left over: %+v", st)
			}
		})
	}
	if reused < 10 {
		t.Errorf("only %d runs were in a reused instance", reused)
	}
	t.Logf("%d runs in reused instances", reused)
}

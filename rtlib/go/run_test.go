//go:build !wasip1

package lunatic_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
)

// Examples run in processes, as the other tests: see TestInProcesses.
func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.skip", "^Example")
	os.Exit(m.Run())
}

// patience is how long all tests may take in one mode. It is only reached by failures.
const patience = 5 * time.Minute

// build returns what go makes of a package for processes, rewritten.
func build(t testing.TB, args ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "out.wasm")
	cmd := exec.Command("go", append([]string{args[0], "-o", file}, args[1:]...)...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	artifact, _, err := transform.Build(t.Context(), wasm, transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return artifact
}

// output is what processes on several workers write.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// run runs the test binary in processes. The runtime is closed by the test's end.
func run(t *testing.T, artifact []byte, stress runner.Stress, cache string, cfg runner.ProcessConfig) (*runner.Runtime, *runner.Process, *output) {
	t.Helper()
	out := &output{}
	rt, err := runner.New(t.Context(), runner.Config{
		Namespaces: host.All(), Stress: stress, CacheDir: cache, Stdout: out, Stderr: out,
		OnFailure: func(_ *runner.Process, e runner.Exit) { fmt.Fprintf(out, "%v: %v\n", e.Reason, e.Err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close(context.Background()) })
	mod, err := rt.Load(t.Context(), artifact)
	if err != nil {
		t.Fatal(err)
	}
	cfg.May = runner.MayAll
	cfg.Dirs = []runner.Dir{{Host: t.TempDir(), Guest: "/"}, {Host: t.TempDir(), Guest: "/tmp"}}
	p, err := rt.NewEnvironment().Spawn(mod, cfg, "_start")
	if err != nil {
		t.Fatal(err)
	}
	return rt, p, out
}

// The tests that are built for processes only, and the examples, plainly and under stress; and
// what processes cost that wait.
func TestInProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("the programs are large: 25 s of compiling")
	}
	artifact, cache := build(t, "test", "-c", "-vet=off", "."), t.TempDir()
	for name, stress := range map[string]runner.Stress{"plain": 0, "all": runner.StressAll} {
		t.Run(name, func(t *testing.T) {
			_, p, out := run(t, artifact, stress, cache, runner.ProcessConfig{
				Args: []string{"lunatic.test", "-test.v", "-test.run=" + *inside},
			})
			select {
			case <-p.Done():
			case <-time.After(patience):
				t.Fatalf("it takes too long\n%s", out)
			}
			if exit := p.Exit(); exit.Reason != runner.ExitNormal {
				t.Errorf("ended: %v, code %d, %v\n%s", exit.Reason, exit.Code, exit.Err, out)
			}
		})
	}
	t.Run("idle", func(t *testing.T) {
		rt, _, out := run(t, artifact, 0, cache, runner.ProcessConfig{Env: [][2]string{{"IDLE", "yes"}}})
		begin, before := time.Now(), ^uint64(0)
		for {
			// A process that looked now and then whether there is something would be suspended
			// again and again.
			now := rt.Stats().Unwound
			if out.String() == "idle\n" && now == before {
				return
			}
			if before = now; time.Since(begin) > patience {
				t.Fatalf("%d suspensions, and more and more\n%s", now, out)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

var inside = flag.String("inside", ".", "a regular expression: run only these of the tests that run in processes")

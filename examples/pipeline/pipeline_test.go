// Package pipeline tests the pipeline beside it.
package pipeline

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/rtlib/guesttest"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
)

var dir = flag.String("dir", "", "the folder that make libs fills")

// patience is how long a test waits for what must happen. It is only reached by failures.
const patience = 2 * time.Minute

func file(t *testing.T) string {
	if *dir == "" {
		t.Skip("the pipeline takes asc: make libs")
	}
	return filepath.Join(*dir, "assemblyscript", "pipeline.wasm")
}

// TestLines gives it lines that are fine, and lines that crash a stage.
func TestLines(t *testing.T) {
	lines, err := os.ReadFile("expressions.txt")
	if err != nil {
		t.Fatal(err)
	}
	guesttest.Run(t, guesttest.Program{
		File: file(t), Config: runner.ProcessConfig{May: runner.MayAll, Args: []string{"pipeline"}}, Stdin: string(lines),
		Stdout: `1: 1 + 2 * 3 = 7
2: (1 + 2) * 3 = 9
3: wait(300) - 258 = 42
4: 7 / 2 = 3
5: 8 / (4 - 2 * 2) ! evaluate failed
6: 10 - 3 - 2 = 5
7: 2 * (3 + ! parse failed
8: wait(200) / wait(20) = 10
9: 999999999999 * 1000 = 999999999999000
10: six times seven ! parse failed
11: 100 / 10 / 5 = 2
`,
		Stderr: []string{"lines: 11, failed: 3, ", ", workers that ended: 6\n", "integer divide by zero"},
	})
}

// A program runs.
type program struct {
	*testing.T
	env    *runner.Environment
	stdin  *io.PipeWriter
	stdout log
	stderr log
	exit   <-chan runner.Exit
}

// inModes runs a test plainly and under every stress.
func inModes(t *testing.T, args []string, test func(p *program)) {
	wasm, err := os.ReadFile(file(t))
	if err != nil {
		t.Fatal(err)
	}
	artifact, _, err := transform.Build(t.Context(), wasm, transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	for _, m := range []struct {
		name   string
		stress runner.Stress
	}{{"plain", 0}, {"suspend", runner.StressSuspend}, {"yield", runner.StressYield}, {"all", runner.StressAll}} {
		t.Run(m.name, func(t *testing.T) {
			p := &program{T: t}
			p.stdout.more, p.stderr.more = make(chan struct{}, 1), make(chan struct{}, 1)
			stdin, w := io.Pipe()
			p.stdin = w
			t.Cleanup(func() { stdin.Close() })
			ctx := context.Background()
			rt, err := runner.New(ctx, runner.Config{Namespaces: host.All(), Stress: m.stress, CacheDir: cache, Stdin: stdin, Stdout: &p.stdout, Stderr: &p.stderr})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { rt.Close(ctx) })
			mod, err := rt.Load(ctx, artifact)
			if err != nil {
				t.Fatal(err)
			}
			p.env = rt.NewEnvironment()
			root, err := p.env.Spawn(mod, runner.ProcessConfig{May: runner.MayAll, Args: append([]string{"pipeline"}, args...)}, "_start")
			if err != nil {
				t.Fatal(err)
			}
			exit := make(chan runner.Exit, 1)
			p.exit = exit
			go func() {
				<-root.Done()
				exit <- root.Exit()
			}()
			test(p)
		})
	}
}

// end waits for the end of the program, which has to be a good one.
func (p *program) end() {
	p.Helper()
	select {
	case e := <-p.exit:
		if e.Reason != runner.ExitNormal {
			p.Errorf("ended: %v, %v", e.Reason, e.Err)
		}
	case <-time.After(patience):
		p.Fatalf("it does not end:\n%s%s", p.stdout.String(), p.stderr.String())
	}
}

var summary = regexp.MustCompile(`most under way: (\d+) of (\d+), longest queues: (\d+) and (\d+) of (\d+)`)

// TestBackPressure has lines at once, and a slow stage: they do not pile up.
func TestBackPressure(t *testing.T) {
	const lines = 60
	inModes(t, []string{"--queue", "2", "--window", "8"}, func(p *program) {
		var want strings.Builder
		go func() {
			for i := range lines {
				fmt.Fprintf(p.stdin, "wait(%d)\n", 10*(i%2))
			}
			p.stdin.Close()
		}()
		for i := range lines {
			fmt.Fprintf(&want, "%d: wait(%d) = %[2]d\n", i+1, 10*(i%2))
		}
		p.end()
		if got := p.stdout.String(); got != want.String() {
			t.Errorf("got\n%s\nwant\n%s", got, want.String())
		}
		var underWay, window, parse, evaluate, bound int
		m := summary.FindString(p.stderr.String())
		if _, err := fmt.Sscanf(m, "most under way: %d of %d, longest queues: %d and %d of %d", &underWay, &window, &parse, &evaluate, &bound); err != nil {
			t.Fatalf("%v:\n%s", err, p.stderr.String())
		}
		if window != 8 || underWay < 1 || underWay > window || bound != 2 || parse < 1 || parse > bound || evaluate < 1 || evaluate > bound {
			t.Error(m)
		}
	})
}

// TestKill kills the only worker of a stage, whatever it does, until the line that it would work at
// for an hour is given up. The lines behind it are computed.
func TestKill(t *testing.T) {
	inModes(t, []string{"--evaluators", "1"}, func(p *program) {
		fmt.Fprint(p.stdin, "wait(3600000)\n")
		for kills := 1; !strings.Contains(p.stdout.String(), "1: wait(3600000) ! evaluate failed\n"); kills++ {
			p.stderr.wait(p.T, "start evaluate 1\n", kills)
			if pid, ok := p.env.Whereis("evaluate 1"); ok {
				p.env.Kill(pid.ID)
			}
			p.stderr.wait(p.T, "end evaluate 1 killed\n", kills)
		}
		fmt.Fprint(p.stdin, "2 * 2\n3 * 3\n4 * 4\n")
		p.stdin.Close()
		p.end()
		want := "1: wait(3600000) ! evaluate failed\n2: 2 * 2 = 4\n3: 3 * 3 = 9\n4: 4 * 4 = 16\n"
		if got := p.stdout.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// TestPlumbing kills a queue: what was in it cannot be made good, so the program fails.
func TestPlumbing(t *testing.T) {
	inModes(t, nil, func(p *program) {
		fmt.Fprint(p.stdin, "1 + 1\n")
		p.stdout.wait(p.T, "1: 1 + 1 = 2\n", 1)
		pid, ok := p.env.Whereis("evaluate")
		if !ok {
			t.Fatal("no queue")
		}
		p.env.Kill(pid.ID)
		select {
		case e := <-p.exit:
			if e.Reason != runner.ExitKilled {
				t.Errorf("ended: %v, %v", e.Reason, e.Err)
			}
		case <-time.After(patience):
			t.Error("it goes on")
		}
	})
}

// log is what the program prints.
type log struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // receives when there is more
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// wait waits until the log has the text n times.
func (l *log) wait(t *testing.T, text string, n int) {
	t.Helper()
	for late := time.After(patience); strings.Count(l.String(), text) < n; {
		select {
		case <-l.more:
		case <-late:
			t.Fatalf("it does not say %q %d times:\n%s", text, n, l.String())
		}
	}
}

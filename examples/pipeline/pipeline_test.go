// Package pipeline tests the pipeline beside it.
package pipeline

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib/guesttest"
	"github.com/lunatic-go/lunatic/runner"
)

var dir = flag.String("dir", "", "the folder that make libs fills")

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

// inModes runs a test plainly and under every stress.
func inModes(t *testing.T, args []string, test func(p *guesttest.Running)) {
	guesttest.Each(t, guesttest.Program{
		File: file(t), Config: runner.ProcessConfig{May: runner.MayAll, Args: append([]string{"pipeline"}, args...)},
	}, test)
}

// end waits for the end of the program, which has to be a good one.
func end(p *guesttest.Running) {
	p.Helper()
	if e := p.Exit(); e.Reason != runner.ExitNormal {
		p.Errorf("ended: %v, %v", e.Reason, e.Err)
	}
}

var summary = regexp.MustCompile(`most under way: (\d+) of (\d+), longest queues: (\d+) and (\d+) of (\d+)`)

// TestBackPressure has lines at once, and a slow stage: they do not pile up.
func TestBackPressure(t *testing.T) {
	const lines = 60
	inModes(t, []string{"--queue", "2", "--window", "8"}, func(p *guesttest.Running) {
		var want strings.Builder
		go func() {
			for i := range lines {
				fmt.Fprintf(p.Stdin, "wait(%d)\n", 10*(i%2))
			}
			p.Stdin.Close()
		}()
		for i := range lines {
			fmt.Fprintf(&want, "%d: wait(%d) = %[2]d\n", i+1, 10*(i%2))
		}
		end(p)
		if got := p.Stdout.String(); got != want.String() {
			t.Errorf("got\n%s\nwant\n%s", got, want.String())
		}
		var underWay, window, parse, evaluate, bound int
		m := summary.FindString(p.Stderr.String())
		if _, err := fmt.Sscanf(m, "most under way: %d of %d, longest queues: %d and %d of %d", &underWay, &window, &parse, &evaluate, &bound); err != nil {
			t.Fatalf("%v:\n%s", err, p.Stderr.String())
		}
		if window != 8 || underWay < 1 || underWay > window || bound != 2 || parse < 1 || parse > bound || evaluate < 1 || evaluate > bound {
			t.Error(m)
		}
	})
}

// TestKill kills the only worker of a stage, whatever it does, until the line that it would work at
// for an hour is given up. The lines behind it are computed.
func TestKill(t *testing.T) {
	inModes(t, []string{"--evaluators", "1"}, func(p *guesttest.Running) {
		fmt.Fprint(p.Stdin, "wait(3600000)\n")
		for kills := 1; !strings.Contains(p.Stdout.String(), "1: wait(3600000) ! evaluate failed\n"); kills++ {
			p.Stderr.Wait(p.T, "start evaluate 1\n", kills)
			if pid, ok := p.Env.Whereis("evaluate 1"); ok {
				p.Env.Kill(pid.ID)
			}
			p.Stderr.Wait(p.T, "end evaluate 1 killed\n", kills)
		}
		fmt.Fprint(p.Stdin, "2 * 2\n3 * 3\n4 * 4\n")
		p.Stdin.Close()
		end(p)
		want := "1: wait(3600000) ! evaluate failed\n2: 2 * 2 = 4\n3: 3 * 3 = 9\n4: 4 * 4 = 16\n"
		if got := p.Stdout.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// TestPlumbing kills a queue: what was in it cannot be made good, so the program fails.
func TestPlumbing(t *testing.T) {
	inModes(t, nil, func(p *guesttest.Running) {
		fmt.Fprint(p.Stdin, "1 + 1\n")
		p.Stdout.Wait(p.T, "1: 1 + 1 = 2\n", 1)
		pid, ok := p.Env.Whereis("evaluate")
		if !ok {
			t.Fatal("no queue")
		}
		p.Env.Kill(pid.ID)
		if e := p.Exit(); e.Reason != runner.ExitKilled {
			t.Errorf("ended: %v, %v", e.Reason, e.Err)
		}
	})
}

package libtest

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// A Harness is where tests run and report.
type Harness struct {
	Runtime *runner.Runtime
	Module  *runner.Module
	// Config is the configuration of the tests' processes. Their standard output and error
	// are captured.
	Config runner.ProcessConfig
	Options
	// Stdout is what is reported on; with NoCapture tests write to it, too, and to Stderr.
	// Both must be safe for concurrent use.
	Stdout, Stderr io.Writer

	slow time.Duration // after which a test is said to take long; 0: slowAfter
}

// slowAfter is how long a test may run before somebody is told that it still does.
const slowAfter = 60 * time.Second

// grace is how long the processes that a test leaves behind may take to end.
const grace = time.Second

// A result is how a test ended.
type result struct {
	Test
	ignored, passed bool
	output          string // and why it has failed
}

// Run runs tests, all of them at the same time unless Threads says otherwise, and reports.
// passed is false if one has failed. An error is the context's, or of writing the report.
func (h *Harness) Run(ctx context.Context, tests []Test) (passed bool, err error) {
	chosen := h.choose(tests)
	r := newReport(h.Stdout, &h.Options)
	if h.List {
		return true, r.list(chosen)
	}
	start := time.Now()
	r.begin(len(chosen))
	results := make(chan result, len(chosen))
	slow := make(chan Test, len(chosen))
	threads := h.Threads
	if threads == 0 {
		threads = len(chosen)
	}
	turns := make(chan bool, max(threads, 1))
	go func() {
		for _, t := range chosen {
			turns <- true
			go func() {
				results <- h.test(ctx, t, slow)
				<-turns
			}()
		}
	}()
	for range chosen {
		var res result
		for waiting := true; waiting; {
			select {
			case res = <-results:
				waiting = false
			case t := <-slow:
				r.slow(t, h.patience())
			}
		}
		if ctx.Err() == nil { // else it has only been stopped
			r.add(res)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return false, err
	}
	return len(r.failed) == 0, r.end(len(tests)-len(chosen), time.Since(start))
}

func (h *Harness) patience() time.Duration {
	if h.slow > 0 {
		return h.slow
	}
	return slowAfter
}

// test runs one test to its end.
func (h *Harness) test(ctx context.Context, t Test, slow chan<- Test) result {
	res := result{Test: t}
	if res.ignored = t.Ignore; t.Ignore || ctx.Err() != nil {
		return res
	}
	c := &capture{}
	stdout, stderr := &stream{capture: c}, &stream{capture: c}
	if h.NoCapture {
		stdout.echo, stderr.echo = h.Stdout, h.Stderr
	}
	cfg := h.Config
	cfg.Stdout, cfg.Stderr = stdout, stderr
	env := h.Runtime.NewEnvironment()
	timer := time.AfterFunc(h.patience(), func() { slow <- t })
	root, err := env.Spawn(h.Module, cfg, t.Export)
	if err == nil {
		select {
		case <-root.Done():
		case <-ctx.Done():
		}
	}
	timer.Stop()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	closed := env.Close(closing)
	var note string
	switch {
	case ctx.Err() != nil:
		return res
	case err != nil:
		note = err.Error()
	case closed != nil && !errors.Is(closed, context.DeadlineExceeded):
		note = closed.Error()
	default:
		res.passed, note = t.judge(root.Exit(), c)
	}
	if !h.NoCapture {
		res.output = c.String()
	}
	if note != "" {
		res.output += note + "\n"
	}
	return res
}

// Note tells a test what the host says about the end of one of its processes. It reports
// false if p belongs to no test.
func Note(p *runner.Process, text string) bool {
	s, ok := p.Config().Stderr.(*stream)
	if !ok {
		return false
	}
	s.failed(p, text)
	if s.echo != nil {
		io.WriteString(s.echo, text)
	}
	return true
}

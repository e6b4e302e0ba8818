package guesttest

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
)

// Running is a program that runs, to be talked to.
type Running struct {
	*testing.T
	Env    *runner.Environment
	Stdin  *io.PipeWriter
	Stdout *Log
	Stderr *Log

	root *runner.Process
}

// Each starts a program plainly and under every stress, and calls test with each until whose end
// it runs. File and Config are what counts of the Program.
func Each(t *testing.T, p Program, test func(r *Running)) {
	artifact := p.build(t)
	cache := t.TempDir()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) { test(p.start(t, artifact, cache, m.stress)) })
	}
}

// build rewrites the program's module.
func (p Program) build(t *testing.T) []byte {
	wasm, err := os.ReadFile(p.File)
	if err != nil {
		t.Fatal(err)
	}
	artifact, _, err := transform.Build(t.Context(), wasm, transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return artifact
}

// start runs the program until the end of the test.
func (p Program) start(t *testing.T, artifact []byte, cache string, stress runner.Stress) *Running {
	r := &Running{T: t, Stdout: newLog(), Stderr: newLog()}
	stdin, w := io.Pipe()
	r.Stdin = w
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{
		Namespaces: host.All(), Stress: stress, CacheDir: cache, Stdin: stdin, Stdout: r.Stdout, Stderr: r.Stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := rt.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	mod, err := rt.Load(ctx, artifact)
	if err != nil {
		t.Fatal(err)
	}
	r.Env = rt.NewEnvironment()
	if r.root, err = r.Env.Spawn(mod, p.Config, "_start"); err != nil {
		t.Fatal(err)
	}
	return r
}

// Exit waits for the end of the program.
func (r *Running) Exit() runner.Exit {
	r.Helper()
	select {
	case <-r.root.Done():
	case <-time.After(patience):
		r.Fatalf("it does not end:\n%s%s", r.Stdout, r.Stderr)
	}
	return r.root.Exit()
}

// A Log is what processes on several workers write.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // receives when there is more
}

func newLog() *Log { return &Log{more: make(chan struct{}, 1)} }

// Write implements io.Writer.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(b)
}

// String returns all that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Wait waits until the log has the text n times. One goroutine may wait at a time.
func (l *Log) Wait(t *testing.T, text string, n int) {
	t.Helper()
	for late := time.After(patience); strings.Count(l.String(), text) < n; {
		select {
		case <-l.more:
		case <-late:
			t.Fatalf("it does not say %q %d times:\n%s", text, n, l)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/tetratelabs/wazero/api"
)

// guests play the workloads as processes of a runtime. One workload runs at a time.
type guests struct {
	dir     string
	workers int
	rt      *runner.Runtime
	after   time.Duration // Config.HibernateAfter of rt
	modules map[string]*runner.Module
	start   time.Time

	mu        sync.Mutex // host functions run on any worker
	begun     time.Time
	took      time.Duration
	result    uint64
	latencies []time.Duration
	held      chan struct{} // closed when the root process holds
	release   chan struct{} // closed when it may go on
	listening chan uint64   // a server's port
	failed    error         // the first trap
}

func newGuests(ctx context.Context, dir string, workers int) (*guests, error) {
	g := &guests{dir: dir, workers: workers, start: time.Now()}
	return g, g.open(ctx, hibernateAfter(""))
}

// hibernateAfter is how long processes of a workload wait before they hibernate: servers are as
// their users start them, messages and processes are measured awake.
func hibernateAfter(name string) time.Duration {
	switch name {
	case "hibernate":
		return 50 * time.Millisecond
	case "echo", "http":
		return runner.DefaultHibernateAfter
	}
	return -1
}

// open makes a runtime.
func (g *guests) open(ctx context.Context, after time.Duration) (err error) {
	g.modules, g.after = map[string]*runner.Module{}, after
	bench := runner.Namespace{Name: "bench", Funcs: []runner.Func{
		{Name: "begin", Call: func(*runner.Process, []uint64) { g.begin() }},
		{Name: "done", Type: "i64", Call: func(_ *runner.Process, stack []uint64) { g.done(stack[0]) }},
		{Name: "now", Type: "-> i64", Call: func(_ *runner.Process, stack []uint64) { stack[0] = uint64(time.Since(g.start)) }},
		{Name: "latency", Type: "i64", Call: func(_ *runner.Process, stack []uint64) {
			g.latencies = append(g.latencies, time.Duration(stack[0])) // by one process only
		}},
		{Name: "listening", Type: "i32", Call: func(_ *runner.Process, stack []uint64) { g.listening <- stack[0] }},
		{Name: "hold", Call: func(p *runner.Process, stack []uint64) {
			close(g.held)
			p.Async(stack, func(ctx context.Context) func([]uint64) {
				select {
				case <-g.release:
				case <-ctx.Done():
				}
				return func([]uint64) {}
			})
		}},
	}}
	g.rt, err = runner.New(ctx, runner.Config{
		Namespaces:     append(host.All(), bench),
		Workers:        g.workers,
		Stdout:         portWriter{g},
		Stderr:         os.Stderr,
		HibernateAfter: after,
		OnFailure: func(p *runner.Process, e runner.Exit) {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.failed == nil {
				g.failed = fmt.Errorf("process %d: %w", p.ID(), e.Err)
			}
		},
	})
	return err
}

func (g *guests) close(ctx context.Context) error { return g.rt.Close(ctx) }

func (g *guests) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.begun = time.Now()
}

func (g *guests) done(result uint64) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.took, g.result = now.Sub(g.begun), result
}

// module builds a guest the first time.
func (g *guests) module(ctx context.Context, name string) (*runner.Module, error) {
	if m := g.modules[name]; m != nil {
		return m, nil
	}
	file := filepath.Join(g.dir, "runtime", name+".wasm")
	if name == "http" { // the server of the test programs
		file = filepath.Join(g.dir, "..", "modules", "http.wasm")
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	artifact, _, err := transform.Build(ctx, wasm, transform.Options{SuspendImports: append([]string{"bench.hold"}, transform.DefaultSuspendImports...)})
	if err != nil {
		return nil, err
	}
	m, err := g.rt.Load(ctx, artifact)
	if err != nil {
		return nil, err
	}
	g.modules[name] = m
	return m, nil
}

// run plays a workload in an environment of its own.
func (g *guests) run(ctx context.Context, name string, a args) (score, func() error, error) {
	file, entry := name, "run"
	switch name {
	case "drain":
		file, entry = "selective", "run_drain"
	case "fib", "sort", "hash", "sha":
		file, entry = "compute", "run_"+name
	case "hibernate":
		file = "idle"
	}
	if after := hibernateAfter(name); after != g.after {
		if err := errors.Join(g.close(ctx), g.open(ctx, after)); err != nil {
			return score{}, nil, err
		}
	}
	mod, err := g.module(ctx, file)
	if err != nil {
		return score{}, nil, err
	}
	cfg := runner.ProcessConfig{May: runner.MayAll, Args: []string{name}}
	values := []runner.Value{value(a[0]), value(a[1])}
	if name == "http" {
		entry, values = "_start", nil
	}
	g.took, g.result, g.latencies, g.failed = 0, 0, nil, nil
	g.listening = make(chan uint64, 1)
	g.held, g.release = make(chan struct{}), make(chan struct{})
	env := g.rt.NewEnvironment()
	root, err := env.Spawn(mod, cfg, entry, values...)
	if err != nil {
		return score{}, nil, err
	}
	ended := func() error {
		if err := env.Close(ctx); err != nil {
			return err
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		return errors.Join(g.failed, g.parked())
	}
	release := func() error {
		close(g.release)
		<-root.Done()
		return ended()
	}
	select {
	case <-g.held:
		for name == "hibernate" && g.rt.Census().Hibernating < a[0] && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		return g.score(), release, nil
	case port := <-g.listening:
		return score{result: port}, ended, nil
	case <-root.Done():
	case <-ctx.Done():
		return score{}, nil, ctx.Err()
	}
	if err := env.Close(ctx); err != nil {
		return score{}, nil, err
	}
	if err := g.parked(); err != nil {
		return score{}, nil, err
	}
	if e := root.Exit(); e.Reason != runner.ExitNormal || g.failed != nil {
		return score{}, nil, fmt.Errorf("the first process ended: %v: %w", e.Reason, g.failed)
	}
	return g.score(), nil, nil
}

// parked reports processes that have waited with a goroutine and a stack of their own:
// that is not what is to be measured. At the end of a slice they do.
func (g *guests) parked() error {
	why := g.rt.Stats().ParkedWhy
	delete(why, runner.RefusedSlice.String())
	if len(why) > 0 {
		return fmt.Errorf("processes were parked and not unwound: %v", why)
	}
	return nil
}

func value(x int) runner.Value {
	return runner.Value{Type: api.ValueTypeI64, Bits: [2]uint64{uint64(x)}}
}

// portWriter gets the line with the port that the HTTP server prints.
type portWriter struct{ *guests }

func (w portWriter) Write(p []byte) (int, error) {
	if port, err := strconv.ParseUint(string(bytes.TrimSpace(p)), 10, 16); err == nil {
		w.listening <- port
	}
	return len(p), nil
}

func (g *guests) score() score {
	s := score{took: g.took, result: g.result}
	s.spread(g.latencies)
	return s
}

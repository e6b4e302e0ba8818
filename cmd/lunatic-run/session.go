package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/lunatic-go/lunatic/cmd/internal/libtest"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
)

// A session is a runtime as the command line wants it, for one module and its successors.
type session struct {
	*command
	*options
	rt      *runner.Runtime
	metrics *metricsServer // nil without --metrics
	cache   string
}

// open makes a session. It must be closed.
func (c *command) open(ctx context.Context, o *options) (s *session, err error) {
	s = &session{command: c, options: o, cache: c.cache}
	if o.noCache {
		s.cache = ""
	}
	cfg := runner.Config{
		Namespaces: host.All(),
		Workers:    o.workers, Slice: o.slice, Stress: o.stress, HibernateAfter: o.hibernateAfter,
		MaxProcesses: o.limits.maxProcesses, NoAttenuation: o.limits.noAttenuation,
		Build: func(ctx context.Context, module []byte) ([]byte, error) { return c.artifact(ctx, module, s.cache) },
		Stdin: c.stdin, Stdout: c.stdout, Stderr: c.stderr,
		OnFailure: c.onFailure,
	}
	if o.metrics != "" {
		if s.metrics, err = listenMetrics(o.metrics); err != nil {
			return nil, err
		}
		cfg.Metrics = s.metrics.guests
	}
	if s.cache != "" {
		cfg.CacheDir = filepath.Join(s.cache, "compiled")
	}
	s.rt, err = runner.New(ctx, cfg)
	if err != nil && s.cache != "" { // a cache that cannot be written is no reason not to run
		cfg.CacheDir = ""
		s.rt, err = runner.New(ctx, cfg)
	}
	if err != nil {
		s.closeMetrics()
		return nil, err
	}
	return s, nil
}

// load reads the module, and builds it if that has not been done. tests is not nil if it is
// to be tested, not run.
func (s *session) load(ctx context.Context) (mod *runner.Module, tests []libtest.Test, err error) {
	module, err := readModule(s.module)
	if err != nil {
		return nil, nil, s.noFile(s.module, err)
	}
	artifact, err := s.artifact(ctx, module, s.cache)
	if err != nil {
		return nil, nil, refusal(module, err)
	}
	if tests, err = s.findTests(artifact); err != nil {
		return nil, nil, err
	}
	if mod, err = s.rt.Load(ctx, artifact); err != nil {
		return nil, nil, refusal(module, err)
	}
	if tests == nil && !mod.Exports("_start") {
		return nil, nil, refusal(module, errNoStart)
	}
	return mod, tests, nil
}

// root is the configuration of the first process.
func (s *session) root() runner.ProcessConfig {
	return runner.ProcessConfig{
		May:  runner.MayAll,
		Args: append([]string{filepath.Base(s.module)}, s.args...), Env: s.env, Dirs: s.dirs,
		Net: s.limits.network(), Forbid: s.limits.forbid, MaxMemory: s.limits.maxMemory, MaxFuel: s.limits.maxFuel,
	}
}

// run runs the guest to its end and returns the exit code.
func (s *session) run(ctx context.Context) (code int, err error) {
	mod, tests, err := s.load(ctx)
	if err != nil {
		return 0, err
	}
	s.serveMetrics()
	start := time.Now()
	if tests != nil {
		code, err = s.runTests(ctx, s.options, tests, s.rt, mod, s.root())
	} else {
		var exit runner.Exit
		exit, err = s.rt.Run(ctx, mod, s.root())
		code = exitCode(exit)
	}
	if s.stats && err == nil {
		printStats(s.stderr, s.rt.Stats(), time.Since(start))
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	return code, err
}

// close ends everything. The program ends now: what does not want to end need not be waited
// for.
func (s *session) close(ctx context.Context) {
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 100*time.Millisecond)
	defer cancel()
	s.rt.Close(closing)
	s.closeMetrics()
}

func (s *session) serveMetrics() {
	if s.metrics != nil {
		s.metrics.serve(s.rt)
		fmt.Fprintf(s.stderr, "lunatic-run: metrics at %s\n", s.metrics.url())
	}
}

func (s *session) closeMetrics() {
	if s.metrics != nil {
		s.metrics.close()
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/cmd/internal/libtest"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// testCommand runs the tests that a module exports.
func (c *command) testCommand() *cli.Command {
	var o options
	cmd := o.command()
	cmd.Name, cmd.Summary, cmd.Version = "lunatic-run test", "runs the tests that a module exports", nil
	cmd.Usage = []string{"[flags] MODULE.wasm [FILTER...] [--nocapture] ..."}
	cmd.About = `A test is a function that is exported as #lunatic_test_NAME. Each runs as a process in an
		environment of its own, with the current directory and all environment variables. "cargo test" needs no
		such word. Behind the module stands what Rust's test harness knows: MODULE.wasm --help lists it.`
	cmd.More = libtest.Names
	cmd.Exits = []cli.Exit{
		{Code: "0", Short: "passed", Meaning: "all tests have passed"},
		{Code: "1", Short: "failed", Meaning: "a test has failed, the module is refused or has no tests, or a file cannot be read"},
		{Code: "2", Short: "wrong command line", Meaning: "the command line is wrong"},
		{Code: "128+N", Short: "signal N", Meaning: "interrupted by signal N"},
	}
	cmd.Examples = [][2]string{
		{"lunatic-run test app.wasm", "all"},
		{"lunatic-run test app.wasm counts --nocapture", "with counts in their names"},
		{"lunatic-run test --stress=all app.wasm", "as hard as can be"},
	}
	cmd.Run = func(args []string) (int, error) {
		o.testing = true
		if err := o.check(args); err != nil {
			return 0, err
		}
		return c.program(&o)
	}
	return cmd
}

// findTests returns the tests to run; nil means that the module is an ordinary program.
// It is not if cargo calls for a test binary that exports tests. Those of Rust's own kind
// are ordinary programs: so are benchmarks.
func (o *options) findTests(artifact []byte) ([]libtest.Test, error) {
	cargo := os.Getenv("CARGO_MANIFEST_DIR") != "" && filepath.Ext(o.module) == ".wasm" &&
		filepath.Base(filepath.Dir(o.module)) == "deps" && !slices.Contains(o.args, "--bench")
	if !cargo && !o.testing {
		return nil, nil
	}
	m, err := wasmparse.Parse(artifact)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range m.Exports {
		if e.Kind == wasmparse.KindFunc {
			names = append(names, e.Name)
		}
	}
	tests, err := libtest.Find(names)
	if err == nil && tests == nil && o.testing {
		err = errors.New("has no tests: it exports no function whose name begins with " + libtest.Prefix)
	}
	return tests, err
}

// runTests runs tests with the arguments behind the module.
func (c *command) runTests(ctx context.Context, o *options, tests []libtest.Test, rt *runner.Runtime, mod *runner.Module, cfg runner.ProcessConfig) (code int, err error) {
	lo, err := libtest.Parse(o.args)
	if err != nil {
		return cli.ExitUsage, err
	}
	if lo.Help {
		_, err := io.WriteString(c.stdout, libtest.Help)
		return 0, err
	}
	o.inheritEnv()
	cfg.Args, cfg.Env = cfg.Args[:1], lastOfEach(o.env)
	for _, s := range append([]string{"."}, lo.Dirs...) {
		d, err := parseDir(s)
		if err != nil {
			return cli.ExitUsage, fmt.Errorf("--dir %s: %w", s, err)
		}
		if !slices.ContainsFunc(cfg.Dirs, func(has runner.Dir) bool { return has.Guest == d.Guest }) {
			cfg.Dirs = append(cfg.Dirs, d)
		}
	}
	h := libtest.Harness{Runtime: rt, Module: mod, Config: cfg, Options: lo, Stdout: c.stdout, Stderr: c.stderr}
	passed, err := h.Run(ctx, tests)
	if !passed {
		code = 1
	}
	return code, err
}

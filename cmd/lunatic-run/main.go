// Lunatic-run runs an artifact of lunatic-build, or any module of WASI preview 1. The
// work is done by package runner; this command reads flags, builds what was not built
// yet, and reports.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/cmd/internal/libtest"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
)

// Exit codes, beside those of all commands and those of the guest.
const (
	exitTrap   = 134 // as a shell reports SIGABRT
	exitKilled = 137 // as a shell reports SIGKILL
)

func main() {
	cli.ReserveHeap()
	c := command{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, build: transform.BuildTo}
	if dir, err := os.UserCacheDir(); err == nil {
		c.cache = filepath.Join(dir, "lunatic")
	}
	os.Exit(c.run(os.Args[1:]))
}

// A command is one run of lunatic-run with what it touches of the outside.
type command struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	cache          string // where artifacts and compiled code are kept; empty means nowhere
	build          func(context.Context, io.Writer, []byte, transform.Options) (transform.Stats, error)
	signals        chan os.Signal // in place of the system's; nil: those
}

// run returns the exit code.
func (c *command) run(args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(c.stderr, "lunatic-run: internal error: %v\n%s", p, debug.Stack())
			code = cli.ExitInternal
		}
	}()
	return c.commands().Main(c.output(), args)
}

func (c *command) output() cli.Output { return cli.Output{Stdout: c.stdout, Stderr: c.stderr} }

// program runs the module that o names.
func (c *command) program(o *options) (code int, err error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	stop := c.onSignal(cancel)
	defer stop()
	code, err = c.runModule(ctx, o)
	if err == nil {
		return code, nil
	}
	var sig interrupted
	if errors.As(context.Cause(ctx), &sig) {
		return cli.ExitSignal + int(sig.Signal), nil
	}
	if errors.Is(err, transform.ErrInternal) {
		code = cli.ExitInternal
	}
	return code, fmt.Errorf("%s: %w", o.module, err)
}

// runModule does with the module what the command line says, and returns the exit code.
func (c *command) runModule(ctx context.Context, o *options) (code int, err error) {
	s, err := c.open(ctx, o)
	if err != nil {
		return 0, err
	}
	defer s.close(ctx)
	if o.watch {
		return 0, s.watch(ctx)
	}
	if o.http.addr != "" {
		return s.serve(ctx)
	}
	return s.run(ctx)
}

// onFailure prints the end of a process: its number, its names, the reason and a backtrace.
func (c *command) onFailure(p *runner.Process, e runner.Exit) {
	var names string
	if len(e.Names) > 0 {
		names = fmt.Sprintf(" %q", e.Names) // quoted: a guest may put anything into them
	}
	text := fmt.Sprintf("lunatic-run: process %d%s: %v\n", p.ID(), names, e.Err)
	if trap, ok := e.Err.(*runner.Trap); ok && trap.GoStack != "" {
		text += fmt.Sprintf("lunatic-run: this is a bug in the host, please report it\n%s\n", trap.GoStack)
	}
	if !libtest.Note(p, text) {
		io.WriteString(c.stderr, text)
	}
}

func exitCode(e runner.Exit) int {
	switch {
	case e.Err != nil:
		return exitTrap
	case e.Reason == runner.ExitKilled:
		return exitKilled
	default:
		return int(e.Code)
	}
}

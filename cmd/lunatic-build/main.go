// Lunatic-build rewrites a WebAssembly module so that lunatic-run can preempt and
// suspend it. The work is done by package transform; this command reads flags and
// files, reports, and writes the artifact so that there is a whole one or none.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/transform"
)

// maxInput is the size in bytes above which a module is not read.
const maxInput = 1 << 30

func main() {
	c := command{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, build: transform.BuildTo, explain: transform.Explain, tune: true}
	os.Exit(c.run(os.Args[1:]))
}

// A command is one run of lunatic-build with what it touches of the outside.
type command struct {
	stdin          *os.File
	stdout, stderr *os.File
	build          func(context.Context, io.Writer, []byte, transform.Options) (transform.Stats, error)
	explain        func(context.Context, []byte, transform.Options, string) (string, error)
	tune           bool // the process is ours: set the limits of its memory
}

// run returns the exit code. Whatever goes wrong is told in one line.
func (c *command) run(args []string) (code int) {
	var o options
	defer func() {
		if p := recover(); p != nil {
			c.complain(o.name(), fmt.Errorf("%w: %v\n%s", transform.ErrInternal, p, debug.Stack()))
			code = cli.ExitInternal
		}
	}()
	cmd := o.command()
	cmd.Run = func(args []string) (int, error) { return c.buildOrExplain(&o, args, cmd.AtDash) }
	out := cli.Output{Stdout: c.stdout, Stderr: c.stderr}
	cmd.AddStandardWords(out)
	return cmd.Main(out, args)
}

// name is the input's name in messages.
func (o *options) name() string {
	if o.input == "-" {
		return "stdin"
	}
	return o.input
}

func (c *command) buildOrExplain(o *options, args []string, atDash int) (code int, err error) {
	if err := o.check(args, atDash); err != nil {
		return 0, err
	}
	if o.output == "-" && cli.IsTerminal(c.stdout) {
		return 0, cli.Usagef("a module is not written to a terminal: redirect it or name a file after -o")
	}
	if o.linker != nil {
		return c.link(o), nil
	}
	name := o.name()
	if err = c.work(o, name); err == nil {
		return 0, nil
	}
	return c.failed(name, err), nil
}

// failed tells why the work on an input has failed, and returns the exit code.
func (c *command) failed(name string, err error) int {
	// What stopped us may be an operation on the output: then the error says its name.
	var out *outputError
	if errors.As(err, &out) {
		name, err = out.name, out.err
	}
	c.complain(name, err)
	var sig interrupt
	switch {
	case errors.As(err, &sig):
		return cli.ExitSignal + sig.number()
	case errors.Is(err, transform.ErrInternal):
		return cli.ExitInternal
	}
	return cli.ExitInput
}

// work reads the module and builds or explains it.
func (c *command) work(o *options, name string) error {
	module, err := c.read(o.input)
	if err != nil {
		return err
	}
	if c.tune {
		limitMemory(len(module))
	}
	o.Version = cli.Version()
	if o.explaining {
		text, err := c.explain(context.Background(), module, o.Options, o.explain)
		if err != nil {
			return remedy(module, err)
		}
		_, err = io.WriteString(c.stdout, text)
		return asOutput("stdout", err)
	}

	p := newProgress(c.stderr, name)
	if !o.quiet {
		o.Warn = func(text string) {
			p.clear()
			c.complain(name, errors.New("warning: "+text))
		}
		if cli.IsTerminal(c.stderr) && os.Getenv("TERM") != "dumb" {
			o.Progress = p.update
		}
	}
	var st transform.Stats
	err = writeOutput(o.output, c.stdout, func(ctx context.Context, w io.Writer) error {
		st, err = c.build(ctx, w, module, o.Options)
		return err
	})
	p.clear()
	if err != nil {
		return remedy(module, err)
	}
	st.PeakMemory = peakMemory()
	report := c.stdout
	if o.output == "-" {
		report = c.stderr
	}
	switch o.stats {
	case "text":
		err = writeStats(report, st)
	case "json":
		err = writeStatsJSON(report, st)
	}
	return asOutput("statistics", err)
}

// read returns the input.
func (c *command) read(name string) ([]byte, error) {
	f := c.stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, cli.FileError(name, err)
		}
		defer f.Close()
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case info.IsDir():
		return nil, errors.New("is a directory")
	case info.Size() > maxInput:
		return nil, errTooLarge
	}
	var buf bytes.Buffer
	buf.Grow(int(info.Size()) + bytes.MinRead) // as os.ReadFile: no second allocation at the end
	if _, err = buf.ReadFrom(io.LimitReader(f, maxInput+1)); err != nil {
		return nil, withoutPath(err)
	}
	if buf.Len() > maxInput {
		return nil, errTooLarge
	}
	return buf.Bytes(), nil
}

var errTooLarge = fmt.Errorf("larger than %d MiB, which is as much as is built", maxInput>>20)

// limitMemory trades time for memory, unless the environment says otherwise: most of
// what is live is the input and its rewritten bodies, so with the usual doubling of
// the heap a large module would take twice the memory it needs.
func limitMemory(input int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(64<<20 + 4*int64(input))
	}
}

// complain writes one line to stderr, and below it the stack of an internal error. Names
// in err come from the input: nothing in them reaches the terminal as a control
// character.
func (c *command) complain(name string, err error) {
	line, stack := err.Error(), ""
	if errors.Is(err, transform.ErrInternal) {
		line, stack, _ = strings.Cut(line, "\n")
	}
	if name != "" {
		line = name + ": " + line
	}
	cli.Complain(c.stderr, "lunatic-build", line)
	io.WriteString(c.stderr, stack)
}

// remedy says of a module that is refused what to do, where that is known.
func remedy(module []byte, err error) error {
	var out *outputError
	if errors.As(err, &out) {
		return err
	}
	if better := cli.NotModule(module); better != nil {
		return better
	}
	if errors.Is(err, transform.ErrAlreadyBuilt) {
		return fmt.Errorf("%w: give lunatic-run this file, or lunatic-build the one that it was built from", err)
	}
	return err
}

// withoutPath takes from err the operation and the name, which the message has already.
func withoutPath(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

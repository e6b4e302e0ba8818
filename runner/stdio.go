package runner

import (
	"io"

	"github.com/tetratelabs/wazero"
)

// A ProcessWriter is a standard output or error that is told who writes: WriteProcess is
// called in the place of Write, on the process's goroutine. It must not keep b.
type ProcessWriter interface {
	io.Writer
	WriteProcess(p *Process, b []byte) (n int, err error)
}

// Stdin returns what the process reads as its standard input.
func (p *Process) Stdin() *Stdin { return p.cfg.stdin }

// Stdout returns what the process writes to as its standard output.
func (p *Process) Stdout() io.Writer { return writerOf(p, p.cfg.Stdout) }

// Stderr returns what the process writes to as its standard error.
func (p *Process) Stderr() io.Writer { return writerOf(p, p.cfg.Stderr) }

// CloseStandard notes that the process closes one of its standard streams: a file may be opened
// in its place. HasStandard reports whether it has all of them.
func (p *Process) CloseStandard()    { p.closedStd = true }
func (p *Process) HasStandard() bool { return !p.closedStd }

// inheritStdio fills in the streams that are not set. parent is nil if the host program
// spawns.
func (c *ProcessConfig) inheritStdio(rt *Runtime, parent *ProcessConfig) {
	from := &ProcessConfig{stdin: rt.stdin, Stdout: orDiscard(rt.cfg.Stdout), Stderr: orDiscard(rt.cfg.Stderr)}
	from.shared = !tellsApart(from.Stdout) && !tellsApart(from.Stderr)
	if parent != nil {
		from = parent
	}
	c.shared = from.shared && c.Stdin == nil && c.Stdout == nil && c.Stderr == nil
	if c.stdin = from.stdin; c.Stdin != nil {
		c.stdin = stdinOf(c.Stdin)
	}
	c.Stdin = c.stdin
	if c.Stdout == nil {
		c.Stdout = from.Stdout
	}
	if c.Stderr == nil {
		c.Stderr = from.Stderr
	}
}

func stdinOf(r io.Reader) *Stdin {
	if s, ok := r.(*Stdin); ok {
		return s
	}
	return NewStdin(r)
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

func tellsApart(w io.Writer) bool {
	_, ok := w.(ProcessWriter)
	return ok
}

// writerOf returns a writer that need not be told the process.
func writerOf(p *Process, w io.Writer) io.Writer {
	if tellsApart(w) {
		return writerFunc(func(b []byte) (int, error) { return write(p, w, b) })
	}
	return w
}

func write(p *Process, w io.Writer, b []byte) (int, error) {
	if pw, ok := w.(ProcessWriter); ok {
		return pw.WriteProcess(p, b)
	}
	return w.Write(b)
}

// stdio are the standard streams of an instance: those of the process that it serves at
// the moment. wazero gives an instance its streams once, and instances are used again.
type stdio struct{ p *Process }

// belongTo says which process the instance serves. It does nothing if s is nil.
func (s *stdio) belongTo(p *Process) {
	if s != nil {
		s.p = p
	}
}

// configure makes the configuration of one instance.
func (s *stdio) configure(c wazero.ModuleConfig) wazero.ModuleConfig {
	return c.WithStdin(readerFunc(func(b []byte) (int, error) { return s.p.cfg.stdin.Read(b) })).
		WithStdout(writerFunc(func(b []byte) (int, error) { return write(s.p, s.p.cfg.Stdout, b) })).
		WithStderr(writerFunc(func(b []byte) (int, error) { return write(s.p, s.p.cfg.Stderr, b) }))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// An outputError is an error of writing, told with the name of the output in place of
// the input's.
type outputError struct {
	name string
	err  error
}

func (e *outputError) Error() string { return e.name + ": " + e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

func asOutput(name string, err error) error {
	if err == nil {
		return nil
	}
	return &outputError{name, withoutPath(err)}
}

// An interrupt is the signal that ended a build.
type interrupt struct{ os.Signal }

func (i interrupt) Error() string { return "interrupted" }

func (i interrupt) number() int {
	if s, ok := i.Signal.(syscall.Signal); ok {
		return int(s)
	}
	return int(syscall.SIGINT)
}

// writeOutput has build write to what name names: stdout for "-", a device or pipe as
// it is, and otherwise a file that appears under its name only when build has
// succeeded. Nothing is left of a failed or interrupted build.
func writeOutput(name string, stdout io.Writer, build func(context.Context, io.Writer) error) error {
	if name == "-" {
		return buffered(context.Background(), "stdout", stdout, build)
	}
	mode := fs.FileMode(0)
	switch info, err := os.Stat(name); {
	case err != nil:
		// A new file, unless creating it says otherwise.
	case info.IsDir():
		return asOutput(name, errors.New("is a directory"))
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return asOutput(name, err)
		}
		defer f.Close()
		return buffered(context.Background(), name, f, build)
	default:
		mode = info.Mode().Perm()
	}

	// A link keeps pointing to its file.
	path := name
	if real, err := filepath.EvalSymlinks(name); err == nil {
		path = real
	}
	// The temporary file is made before the work begins: a folder that cannot be written
	// is noticed at once.
	f, err := createBeside(path)
	if err != nil {
		return asOutput(name, err)
	}
	ctx, stop := untilSignal()
	defer stop()
	defer os.Remove(f.Name()) // fails when it has been renamed
	defer f.Close()           // before it is removed, for Windows, and also after a panic
	if err := buffered(ctx, name, f, build); err != nil {
		return err
	}
	if mode != 0 {
		if err := f.Chmod(mode); err != nil {
			return asOutput(name, err)
		}
	}
	if err := f.Close(); err != nil {
		return asOutput(name, err)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return asOutput(name, withoutLink(os.Rename(f.Name(), path)))
}

// buffered runs build with a buffer before w and tells errors of w from others.
func buffered(ctx context.Context, name string, w io.Writer, build func(context.Context, io.Writer) error) error {
	out := &output{ctx: ctx, w: w}
	buf := bufio.NewWriterSize(out, 256<<10)
	err := build(ctx, buf)
	if err == nil {
		err = buf.Flush()
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if out.err != nil {
		return asOutput(name, out.err)
	}
	return err
}

// An output is a writer that stops when ctx is done and keeps its first error.
type output struct {
	ctx context.Context
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err == nil {
		o.err = o.ctx.Err()
	}
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// untilSignal returns a context that the first signal cancels. A second one has its
// usual effect.
func untilSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	ch := make(chan os.Signal, 1)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) { // as nohup has it
			signal.Notify(ch, sig)
		}
	}
	go func() {
		select {
		case sig := <-ch:
			signal.Stop(ch)
			cancel(interrupt{sig})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		cancel(nil)
	}
}

// createBeside creates a new file in the folder of path, with the permissions any new
// file gets (os.CreateTemp's are the owner's alone).
func createBeside(path string) (*os.File, error) {
	for range 100 {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".lunatic-build-%08x.tmp", rand.Uint32()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fs.ErrExist
}

// withoutLink is withoutPath for what os.Rename returns.
func withoutLink(err error) error {
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}

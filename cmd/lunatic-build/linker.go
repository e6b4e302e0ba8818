package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// link is --as-linker: the linker is run with its own arguments, and then the module that
// it has written is rewritten in place. The linker's exit code and messages stay what they
// are; it says nothing itself unless something is wrong.
func (c *command) link(o *options) (code int) {
	name := linkedFile(o.linker[1:])
	before, _ := os.Stat(name)
	code, err := c.runLinker(o.linker)
	if err != nil {
		c.complain(o.linker[0], err)
		return cli.ExitInput
	}
	after, err := os.Stat(name)
	if code != 0 || err != nil || !after.Mode().IsRegular() || unchanged(before, after) {
		return code // there is no output: it has failed, or only printed its version
	}
	module, err := c.read(name)
	if err == nil && !runsAlone(module) {
		return 0
	}
	if err == nil {
		o.input, o.output, o.quiet = name, name, true
		err = c.work(o, name)
	}
	if err == nil {
		return 0
	}
	os.Remove(name) // else who asks for the file takes it for what it should be
	return c.failed(name, err)
}

// runLinker returns the linker's exit code as a shell would. An interrupt reaches the
// linker too, from the terminal; other signals are passed on.
func (c *command) runLinker(args []string) (int, error) {
	ctx, stop := untilSignal()
	defer stop()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, c.stderr
	err := cmd.Run()
	var sig interrupt
	if errors.As(context.Cause(ctx), &sig) {
		return cli.ExitSignal + sig.number(), nil
	}
	var exit *exec.ExitError
	var not *exec.Error
	switch {
	case errors.As(err, &exit):
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return cli.ExitSignal + int(status.Signal()), nil
		}
		return exit.ExitCode(), nil
	case errors.As(err, &not):
		return 0, fmt.Errorf("the linker cannot be run: %w", not.Err)
	case err != nil:
		return 0, fmt.Errorf("the linker cannot be run: %w", withoutPath(err))
	}
	return 0, nil
}

// unchanged reports whether a file is the one that it was.
func unchanged(before, after os.FileInfo) bool {
	return before != nil && os.SameFile(before, after) && before.ModTime().Equal(after.ModTime()) && before.Size() == after.Size()
}

// runsAlone reports whether what a linker has written is a module that is run as it is: a
// command or a reactor. It is not if it is an object or a library that is linked again, or
// if another tool still has to work on it.
func runsAlone(module []byte) bool {
	if !bytes.HasPrefix(module, []byte("\x00asm\x01\x00\x00\x00")) {
		return false
	}
	m, err := wasmparse.Parse(module)
	if err != nil {
		return true // it is the build that says what is wrong
	}
	for i := range m.Sections {
		switch name, _, _ := strings.Cut(m.Sections[i].Name, ":"); name {
		case "linking", "dylink", "dylink.0", "component-type", "__wasm_bindgen_unstable":
			return false
		}
	}
	return slices.ContainsFunc(m.Exports, func(e wasmparse.Export) bool {
		return e.Kind == wasmparse.KindFunc && (e.Name == "_start" || e.Name == "_initialize")
	})
}

// linkedFile returns the name of the file that a linker writes. The last -o counts.
func linkedFile(args []string) string {
	name := "a.out"
	args = expandResponse(args)
	for i, a := range args {
		switch {
		case i > 0 && (args[i-1] == "-o" || args[i-1] == "--output"):
			name = a
		case strings.HasPrefix(a, "--output="):
			name = strings.TrimPrefix(a, "--output=")
		case strings.HasPrefix(a, "-o") && len(a) > 2:
			name = a[2:]
		}
	}
	return name
}

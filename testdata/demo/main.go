// Demo instruments the real programs of testdata/modules with lunatic-build, runs them
// with lunatic-run, plainly and with every suspension forced, and compares what they
// print with what they printed untouched. `make demo` runs it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/lunatic-go/lunatic/testdata/modules"
	"github.com/lunatic-go/lunatic/transform"
)

const (
	timeout  = 30 * time.Second // of one run
	exitTrap = 134              // lunatic-run's, of a guest that trapped
)

func main() {
	bin := flag.String("bin", "bin", "`folder` with lunatic-build and lunatic-run")
	folder := flag.String("modules", "testdata/modules", "`folder` with the programs' files")
	keep := flag.String("keep", "", "`folder` to leave the modules and artifacts in")
	flag.Parse()
	if err := run(*bin, *folder, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(bin, folder, keep string) error {
	if keep == "" {
		var err error
		if keep, err = os.MkdirTemp("", "lunatic-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(keep)
	}

	fmt.Printf(`lunatic-build rewrites each program, lunatic-run runs it: "plain" as it comes, and
"stressed" with a budget of one reduction and its stack unwound and resumed at every
call that may suspend. "same" means: the output, the exit code and the trap that the
untouched program is known for.

%-12s %-14s %9s %11s %8s %13s %8s  %-6s  %s
`, "program", "language", "functions", "suspendable", "charges", "size", "build", "plain", "stressed")
	var total transform.Stats
	failed := 0
	for _, m := range modules.All {
		in, out := filepath.Join(keep, m.Name+".wasm"), filepath.Join(keep, m.Name+".lunatic.wasm")
		if err := os.WriteFile(in, m.Wasm(), 0o666); err != nil {
			return err
		}
		st, err := build(bin, in, out)
		if err != nil {
			fmt.Printf("%-12s %-14s %v\n", m.Name, m.Lang, err)
			failed++
			continue
		}
		plain := check(bin, folder, out, m)
		stressed := check(bin, folder, out, m, "--stress=all")
		row(m.Name, m.Lang, st, mark(plain), mark(stressed))
		for _, err := range []error{plain, stressed} {
			if err != nil {
				fmt.Println("   ", strings.ReplaceAll(err.Error(), "\n", "\n    "))
				failed++
			}
		}
		total.Functions += st.Functions
		total.Suspendable += st.Suspendable
		total.Charges += st.Charges
		total.BytesIn += st.BytesIn
		total.BytesOut += st.BytesOut
		total.Time += st.Time
	}
	row("total", "", total, "", "")
	fmt.Print(`
suspendable are the functions whose frames can be taken off the stack and put back,
charges the places where a process can be preempted; size is the artifact's, and in
percent of the untouched module's.
`)
	for _, m := range modules.All {
		fmt.Printf("  %-12s %s\n", m.Name, m.What)
	}
	if failed > 0 {
		return fmt.Errorf("%d steps failed", failed)
	}
	return nil
}

func row(name, lang string, st transform.Stats, plain, stressed string) {
	size := 0.0
	if st.BytesIn > 0 {
		size = 100 * float64(st.BytesOut) / float64(st.BytesIn)
	}
	fmt.Printf("%-12s %-14s %9d %11d %8d %8.1fK %3.0f%% %8s  %-6s  %s\n", name, lang, st.Functions, st.Suspendable, st.Charges,
		float64(st.BytesOut)/1024, size, st.Time.Round(time.Millisecond), plain, stressed)
}

// build runs lunatic-build on the module at in.
func build(bin, in, out string) (transform.Stats, error) {
	var st transform.Stats
	cmd := exec.Command(filepath.Join(bin, "lunatic-build"), "-q", "--verify", "--stats=json", "-o", out, in)
	report, err := cmd.Output()
	if err != nil {
		return st, withStderr(err)
	}
	return st, json.Unmarshal(report, &st)
}

// check runs the artifact of m and compares what it does with what m is known for.
func check(bin, folder, artifact string, m modules.Module, flags ...string) error {
	args := flags
	for guest, host := range m.Dirs {
		args = append(args, "--dir", filepath.Join(folder, host)+":"+guest+":ro")
	}
	for _, kv := range m.Env {
		args = append(args, "--env", kv)
	}
	args = append(append(args, artifact), m.Args...)

	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "lunatic-run"), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(m.Stdin), &stdout, &stderr
	err := cmd.Run()

	code := int(m.ExitCode)
	if m.Trap != "" {
		code = exitTrap
	}
	fault := ""
	switch {
	case ctx.Err() != nil:
		fault = fmt.Sprintf("still running after %v", timeout)
	case cmd.ProcessState == nil:
		return err
	case cmd.ProcessState.ExitCode() != code:
		fault = fmt.Sprintf("%v, want exit code %d", cmd.ProcessState, code)
	case !bytes.Equal(stdout.Bytes(), m.Want()):
		fault = firstDifference(stdout.String(), string(m.Want()))
	case !strings.Contains(stderr.String(), m.Trap) || !strings.Contains(stderr.String(), m.Stderr):
		fault = fmt.Sprintf("standard error lacks %q or %q", m.Stderr, m.Trap)
	default:
		return nil
	}
	return fmt.Errorf("%s: %s\n%s", strings.Join(cmd.Args, " "), fault, strings.TrimSpace(stderr.String()))
}

// withStderr adds what a command said to the error it ended with.
func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return err
}

// firstDifference names the first line in which got is not want.
func firstDifference(got, want string) string {
	g, w := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	for i := range max(len(g), len(w)) {
		var gl, wl string
		if i < len(g) {
			gl = g[i]
		}
		if i < len(w) {
			wl = w[i]
		}
		if gl != wl {
			return fmt.Sprintf("line %d of the output is %q, want %q", i+1, gl, wl)
		}
	}
	return "the output is the same"
}

func mark(err error) string {
	if err != nil {
		return "FAILED"
	}
	return "same"
}

package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lunatic-go/lunatic/testdata/modules"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/rogpeppe/go-internal/testscript"
)

// unbuilt is a build that changes nothing: the runner then runs the module as it is.
func unbuilt(_ context.Context, w io.Writer, module []byte, _ transform.Options) (transform.Stats, error) {
	_, err := w.Write(module)
	return transform.Stats{}, err
}

// The last four run the same artifact: it is built and compiled once.
var modes = []string{"plain", "built", "suspend", "yield", "all"}

// The programs of testdata/modules do the same plainly, built, and under every stress.
func TestModules(t *testing.T) {
	for _, m := range modules.All {
		t.Run(m.Name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), m.Name+".wasm")
			if err := os.WriteFile(file, m.Wasm(), 0o666); err != nil {
				t.Fatal(err)
			}
			t.Parallel()
			cache := t.TempDir()
			for _, mode := range modes {
				t.Run(mode, func(t *testing.T) {
					if mode == "plain" && m.Exceptions {
						t.Skip("wazero 1.12 compiles try_table wrongly")
					}
					runProgram(t, m, file, cache, mode)
				})
			}
		})
	}
}

func runProgram(t *testing.T, m modules.Module, file, cache, mode string) {
	var args []string
	for guest, folder := range m.Dirs {
		args = append(args, "--dir", filepath.Join("../../testdata/modules", folder)+":"+guest+":ro")
	}
	for _, kv := range m.Env {
		args = append(args, "--env", kv)
	}
	var stdout, stderr bytes.Buffer
	c := command{stdin: strings.NewReader(m.Stdin), stdout: &locked{w: &stdout}, stderr: &locked{w: &stderr}, cache: cache, build: transform.BuildTo}
	switch mode {
	case "plain":
		c.build, c.cache = unbuilt, ""
		args = append(args, "--no-cache")
	case "built":
	default:
		args = append(args, "--stress="+mode)
	}
	code := c.run(append(append(args, file), m.Args...))
	want := int(m.ExitCode)
	if m.Trap != "" {
		want = exitTrap
	}
	if code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
	if !bytes.Equal(stdout.Bytes(), m.Want()) {
		t.Errorf("standard output differs:\n%s", firstDifference(stdout.Bytes(), m.Want()))
	}
	if !strings.Contains(stderr.String(), m.Stderr) || !strings.Contains(stderr.String(), m.Trap) {
		t.Errorf("standard error is %q, want %q and %q in it", stderr.String(), m.Stderr, m.Trap)
	}
	if t.Failed() {
		t.Logf("standard error: %s", stderr.String())
	}
}

// firstDifference shows where two texts part.
func firstDifference(got, want []byte) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	from := bytes.LastIndexByte(got[:i], '\n') + 1
	cut := func(b []byte) []byte { return b[from:min(len(b), i+80)] }
	return "got  " + string(cut(got)) + "\nwant " + string(cut(want))
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lunatic-run": main, "rustc": fakeRust})
}

// TestScript runs the files of testdata/script. To what testscript knows they add
//
//	hex FILE DIGITS...    write the bytes to FILE
//	program NAME          write the program of testdata/modules to NAME.wasm
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_CACHE_HOME", e.WorkDir+"/cache")
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("RUST_TEST_THREADS", "")
			e.Setenv("RUST_TEST_NOCAPTURE", "")
			e.Setenv("CARGO_MANIFEST_DIR", "")
			tests, err := filepath.Abs("../internal/libtest/testdata/tests.wasm")
			e.Setenv("TESTS", tests)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"hex": func(ts *testscript.TestScript, neg bool, args []string) {
				data, err := hex.DecodeString(strings.Join(args[1:], ""))
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
			},
			"program": func(ts *testscript.TestScript, neg bool, args []string) {
				for _, m := range modules.All {
					if m.Name == args[0] {
						ts.Check(os.WriteFile(ts.MkAbs(m.Name+".wasm"), m.Wasm(), 0o666))
						ts.Check(os.WriteFile(ts.MkAbs(m.Name+".out"), m.Want(), 0o666))
						return
					}
				}
				ts.Fatalf("no program is called %s", args[0])
			},
		},
	})
}

// locked is a writer that processes on several workers may use.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

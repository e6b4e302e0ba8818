package modules

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

var dir = flag.String("dir", "", "take the modules from this folder (freshly built ones) instead of the embedded ones")

// TestPlain runs every untouched program under wazero alone: what the instrumented ones
// are compared with.
func TestPlain(t *testing.T) {
	for _, m := range All {
		t.Run(m.Name, func(t *testing.T) {
			if m.Lunatic {
				return // TestActors
			}
			t.Parallel()
			wasm := m.Wasm()
			if *dir != "" {
				var err error
				if wasm, err = os.ReadFile(filepath.Join(*dir, strings.TrimSuffix(m.File, ".gz"))); err != nil {
					t.Fatal(err)
				}
			}
			stdout, stderr, err := run(t, m, wasm)
			if want := m.Want(); !bytes.Equal(stdout, want) {
				t.Errorf("standard output:\n got: %s\nwant: %s", stdout, want)
			}
			if !bytes.Contains(stderr, []byte(m.Stderr)) {
				t.Errorf("standard error:\n got: %s\nwant: ...%s...", stderr, m.Stderr)
			}
			checkEnd(t, m, err)
		})
	}
}

func run(t *testing.T, m Module, wasm []byte) (stdout, stderr []byte, err error) {
	ctx := context.Background()
	rc := wazero.NewRuntimeConfig()
	if m.Exceptions {
		rc = wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling)
	}
	r := wazero.NewRuntimeWithConfig(ctx, rc)
	defer r.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	var out, errs bytes.Buffer
	// Without WithSysNanosleep a sleep returns at once.
	mc := wazero.NewModuleConfig().WithArgs(append([]string{m.File}, m.Args...)...).WithStdin(strings.NewReader(m.Stdin)).
		WithStdout(&out).WithStderr(&errs).WithSysNanotime().WithSysWalltime().WithRandSource(rand.Reader)
	for _, e := range m.Env {
		k, v, _ := strings.Cut(e, "=")
		mc = mc.WithEnv(k, v)
	}
	fsc := wazero.NewFSConfig()
	for path := range m.Dirs {
		fsc = fsc.WithFSMount(m.DirFS(path), path)
	}
	_, err = r.InstantiateWithConfig(ctx, wasm, mc.WithFSConfig(fsc))
	return out.Bytes(), errs.Bytes(), err
}

// checkEnd compares the way the program ended with its row in All.
func checkEnd(t *testing.T, m Module, err error) {
	t.Helper()
	var exit *sys.ExitError
	switch {
	case m.Trap != "":
		if err == nil || !strings.Contains(err.Error(), m.Trap) {
			t.Errorf("end: got %v, want a trap with %q", err, m.Trap)
		}
	case errors.As(err, &exit):
		if exit.ExitCode() != m.ExitCode {
			t.Errorf("exit code: got %d, want %d", exit.ExitCode(), m.ExitCode)
		}
	case err != nil:
		t.Errorf("end: %v", err)
	case m.ExitCode != 0:
		t.Errorf("exit code: got 0, want %d", m.ExitCode)
	}
}

// TestNames checks what every user of the list relies on: unique names, an expected
// output, names of functions for backtraces.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range All {
		if seen[m.Name] {
			t.Errorf("two modules are called %s", m.Name)
		}
		seen[m.Name] = true
		if len(m.Want()) == 0 {
			t.Errorf("%s: no expected output", m.Name)
		}
		// Go's linker drops the names together with the DWARF.
		if !bytes.Contains(m.Wasm(), []byte("\x04name")) && m.Lang != "Go" {
			t.Errorf("%s: no name section", m.Name)
		}
	}
}

// Package behaviour holds the scenarios that the guest libraries of all languages must play
// alike. README.md says what each scenario does; NAME.txt is what it prints. Each language has
// one program, which plays the scenario that its first argument names.
package behaviour

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
)

var (
	dir  = flag.String("dir", "", "take the programs from this folder, LANGUAGE.wasm each (make libs builds them); without it only what Go alone can build is tested")
	only = flag.String("lang", "", "test this language alone")
)

// A language is a guest library with a program that plays the scenarios.
type language struct {
	name string
	// pkg is the folder of a program that the go command builds; empty for other languages.
	pkg string
}

// languages are those whose program is there.
var languages = []language{
	{name: "c"},
	{name: "assemblyscript"},
	{name: "go", pkg: "../go/behaviour"},
	{name: "rust"},
}

var modes = []struct {
	name   string
	stress runner.Stress
}{
	{"plain", 0},
	{"suspend", runner.StressSuspend},
	{"yield", runner.StressYield},
	{"all", runner.StressAll},
}

// patience is how long a scenario may take. It is only reached by failures.
const patience = 2 * time.Minute

// scenarios returns the names of the scenarios.
func scenarios(t *testing.T) (names []string) {
	files, err := filepath.Glob("*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".txt"))
	}
	if len(names) == 0 {
		t.Fatal("there are no scenarios")
	}
	return names
}

func TestBehaviour(t *testing.T) {
	for _, l := range languages {
		if *dir == "" && l.pkg == "" || *only != "" && *only != l.name {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			artifact, _, err := transform.Build(t.Context(), l.program(t), transform.Options{})
			if err != nil {
				t.Fatal(err)
			}
			cache := t.TempDir() // every mode runs the same compiled code
			for _, m := range modes {
				t.Run(m.name, func(t *testing.T) { play(t, artifact, cache, m.stress) })
			}
		})
	}
}

// program returns the language's module, building it if that is asked for.
func (l language) program(t *testing.T) []byte {
	file := filepath.Join(*dir, l.name+".wasm")
	if *dir == "" {
		file = filepath.Join(t.TempDir(), l.name+".wasm")
		cmd := exec.Command("go", "build", "-trimpath", "-o", file, ".")
		cmd.Dir = l.pkg
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build: %v\n%s", err, out)
		}
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// play runs all scenarios, one after another: they share a runtime.
func play(t *testing.T, artifact []byte, cache string, stress runner.Stress) {
	ctx := context.Background()
	var stdout, stderr output
	rt, err := runner.New(ctx, runner.Config{
		Namespaces: host.All(), Stress: stress, CacheDir: cache, Stdout: &stdout, Stderr: &stderr,
		OnFailure: func(p *runner.Process, e runner.Exit) { stderr.Write([]byte(e.Err.Error() + "\n")) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	mod, err := rt.Load(ctx, artifact)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range scenarios(t) {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			exit, err := rt.Run(ctx, mod, runner.ProcessConfig{May: runner.MayAll, Args: []string{"behaviour", name}})
			if err != nil || exit.Reason != runner.ExitNormal {
				t.Errorf("ended: %v, code %d, %v, %v", exit.Reason, exit.Code, exit.Err, err)
			}
			got, diagnostics := stdout.take(), stderr.take()
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if t.Failed() {
				t.Logf("standard error:\n%s", diagnostics)
			}
		})
	}
}

// output is what processes on several workers write.
type output struct {
	mu sync.Mutex
	b  []byte
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b = append(o.b, b...)
	return len(b), nil
}

// take returns what was written since the last call.
func (o *output) take() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer func() { o.b = nil }()
	return slices.Clone(o.b)
}

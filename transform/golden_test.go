package transform_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmparse"
	"github.com/tetratelabs/wazero"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares what the passes make of the modules in testdata/golden, each of
// which shows one idea, with the .golden file beside it.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/golden/*.wat")
	if err != nil || len(names) == 0 {
		t.Fatalf("no golden files (%v)", err)
	}
	for _, wat := range names {
		base := strings.TrimSuffix(wat, ".wat")
		t.Run(filepath.Base(base), func(t *testing.T) {
			opts, all, err := goldenOptions(string(readFile(t, wat)))
			if err != nil {
				t.Fatal(err)
			}
			opts.Verify = true
			opts.Warn = func(text string) { t.Log(text) }
			artifact := build(t, readFile(t, base+".wasm"), opts)
			if _, err := newRuntime(t, wazero.NewRuntimeConfigCompiler()).CompileModule(background, artifact); err != nil {
				t.Errorf("the artifact does not compile: %v", err)
			}
			got := goldenDump(t, artifact, all)
			if *update {
				if err := os.WriteFile(base+".golden", []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := firstDifference([]byte(got), readFile(t, base+".golden")); diff != "" {
				t.Errorf("%s\n\n%s\ngo test ./transform -run Golden -update rewrites the file", diff, got)
			}
		})
	}
}

// goldenOptions reads the line ";; build: FLAGS" of a source, with some of
// lunatic-build's flags. Everything may suspend, unless it says --no-suspend.
func goldenOptions(source string) (opts transform.Options, all bool, err error) {
	opts.SuspendImports = []string{"env.wait"}
	_, flags, found := strings.Cut(source, ";; build: ")
	if !found {
		return opts, false, fmt.Errorf("no line ;; build:")
	}
	flags, _, _ = strings.Cut(flags, "\n")
	for _, f := range strings.Fields(flags) {
		switch f {
		case "--preempt=park":
		case "--preempt=unwind":
			opts.Preempt = transform.PreemptUnwind
		case "--preempt=off":
			opts.Preempt = transform.PreemptOff
		case "--no-suspend":
			opts.NoSuspend = true
		case "--all":
			all = true
		default:
			name, ok := strings.CutPrefix(f, "--suspend-import=")
			if !ok {
				return opts, false, fmt.Errorf("unknown flag %s", f)
			}
			opts.SuspendImports = []string{name}
		}
	}
	return opts, all, nil
}

// goldenDump is the text of an artifact's functions, without those that are the same
// in every artifact unless all is set.
func goldenDump(t *testing.T, artifact []byte, all bool) string {
	m, err := wasmparse.Parse(artifact)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i := range m.Bodies {
		f := wasmparse.FuncIdx(m.ImportedFuncs + i)
		switch m.Names().FuncName(f) {
		case rtlib.Reserved + "slice_end", rtlib.Reserved + "slice_end_park", rtlib.Reserved + "charge_bulk", rtlib.ExportResume:
			if !all {
				continue
			}
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		if err := wasmparse.DumpFunc(&b, m, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

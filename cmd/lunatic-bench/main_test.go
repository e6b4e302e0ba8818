package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/transform"
)

// runCommand runs the command as main does and returns what it printed.
func runCommand(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(t.Context(), args, &out, &errs); got != want {
		t.Fatalf("lunatic-bench %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, want, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// Every workload gives the checksum of the native build, untouched and in every way
// that lunatic-build can make it.
func TestChecksums(t *testing.T) {
	args := []string{"overhead", "-q", "-short", "-rounds", "1", "-variants", "naive,park,all,unwind-all", "-wasm-opt", ""}
	if testing.Short() {
		args = append(args, "-only", "^(fib|qsort|vm_switch|lua/sort)$")
	}
	out, _ := runCommand(t, 0, args...)
	for _, name := range []string{"fib", "vm_switch", "lua/sort"} {
		if !strings.Contains(out, name) {
			t.Errorf("no line for %s:\n%s", name, out)
		}
	}
}

// A wrong checksum is a failure, whatever else is printed.
func TestWrongChecksum(t *testing.T) {
	c := testConfig(t, "^fib$")
	c.variants = []string{"park"}
	c.build = func(ctx context.Context, wasm []byte, _ transform.Options) ([]byte, transform.Stats, error) {
		// i32.const 2, against which fib compares, becomes i32.const 3.
		return bytes.Replace(wasm, []byte{0x41, 0x02}, []byte{0x41, 0x03}, 1), transform.Stats{}, nil
	}
	r, err := overhead(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.failure == nil || !strings.Contains(r.failure.Error(), "the native build has") {
		t.Errorf("failure %v, want one about the checksum", r.failure)
	}
	if v := float64(r.Rows[0].Values[1]); !math.IsNaN(v) {
		t.Errorf("the wrong variant has the figure %v, want none", v)
	}
}

func testConfig(t *testing.T, only string) *config {
	t.Helper()
	c, err := parse(commands[0], []string{"-q", "-short", "-rounds", "1", "-only", only}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Each command runs and writes what it is asked for. What lunatic-build makes is
// checked by checksums.
func TestCommands(t *testing.T) {
	for _, args := range [][]string{
		{"overhead", "-only", "^(fib|qsort)$"},
		{"suspend", "-only", "depth 10$"},
		{"size", "-only", "^(fib|qsort)$"},
		{"build", "-only", "^lua$", "-wasm-opt", ""},
		{"runtime", "-workers", "2", "-only", "^(ring|fair)$"},
	} {
		t.Run(args[0], func(t *testing.T) {
			if testing.Short() && args[0] == "build" {
				t.Skip("builds a command")
			}
			dir := t.TempDir()
			js, svg := filepath.Join(dir, "out.json"), filepath.Join(dir, "out.svg")
			runCommand(t, 0, append(args, "-q", "-short", "-rounds", "1", "-json", js, "-svg", svg, "-out", dir)...)
			var r struct {
				Command string
				Rows    []struct {
					Name   string
					Values []*float64
				}
			}
			text, err := os.ReadFile(js)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &r); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(r.Command, "lunatic-bench "+args[0]+" ") || len(r.Rows) == 0 {
				t.Errorf("JSON has command %q and %d rows", r.Command, len(r.Rows))
			}
			for _, row := range r.Rows {
				for i, v := range row.Values {
					if v == nil && args[0] == "overhead" && i == len(row.Values)-1 {
						continue // no slice ended in so short a time
					}
					if v == nil && args[0] == "runtime" && i == len(row.Values)-1 {
						continue // CPU time of operations only
					}
					if v == nil || *v < 0 {
						t.Errorf("%s: figure %d is missing or negative", row.Name, i)
					}
				}
			}
			checkXML(t, svg)
			checkXML(t, filepath.Join(dir, args[0]+".svg"))
			for file, want := range map[string]string{args[0] + ".md": r.Rows[0].Name, "README.md": args[0] + ".md"} {
				if text, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !strings.Contains(string(text), want) {
					t.Errorf("%s: %v, want %q in\n%s", file, err, want, text)
				}
			}
		})
	}
}

func checkXML(t *testing.T, name string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		want string // in stderr
	}{
		{nil, exitUsage, "usage:"},
		{[]string{"speed"}, exitUsage, `unknown command "speed"`},
		{[]string{"overhead", "-only", "("}, exitUsage, "-only"},
		{[]string{"overhead", "-rounds", "-1"}, exitUsage, "want at least 1"},
		{[]string{"overhead", "-variants", "fastest"}, exitUsage, `unknown "fastest"`},
		{[]string{"overhead", "extra"}, exitUsage, "unexpected argument"},
		{[]string{"runtime", "-workers", "-1"}, exitUsage, "-workers"},
		{[]string{"runtime", "marathon"}, exitFailed, `no workload "marathon"`},
		{[]string{"play", "chess"}, exitFailed, "play is for"},
		{[]string{"overhead", "-only", "^$"}, exitFailed, "nothing matches"},
		{[]string{"overhead", "-dir", t.TempDir()}, exitUsage, "no benchmarks"},
	} {
		_, stderr := runCommand(t, tt.code, tt.args...)
		if !strings.Contains(stderr, tt.want) {
			t.Errorf("lunatic-bench %s: stderr %q, want %q in it", strings.Join(tt.args, " "), stderr, tt.want)
		}
	}
}

func TestStatistics(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		name      string
		got, want float64
	}{
		{"median of an odd number", median([]float64{9, 1, 2}), 2},
		{"median of an even number", median([]float64{4, 1, 2, 9}), 3},
		{"median of nothing", median(nil), nan},
		{"geomean", geomean([]float64{1, 4}), 2},
		{"geomean leaves out what is missing", geomean([]float64{nan, 3}), 3},
		{"geomean of nothing", geomean([]float64{nan}), nan},
		{"step of an axis", svgStep(1.3), 0.5},
	} {
		if !(math.Abs(tt.got-tt.want) < 1e-12) && !(math.IsNaN(tt.got) && math.IsNaN(tt.want)) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	// Round by round: a machine that is twice as slow in one round changes nothing.
	a := &contender{samples: []time.Duration{20, 40, 20}}
	b := &contender{samples: []time.Duration{10, 20, 10}}
	if got := ratio(a, b); got != 2 {
		t.Errorf("ratio: got %v, want 2", got)
	}
}

// Half of the kernels reach the import from the hot function, the others do not: both
// kinds must be there for "every import suspendable" to mean something.
func TestKernels(t *testing.T) {
	files, err := filepath.Glob("../../testdata/bench/kernels/*.c")
	if err != nil {
		t.Fatal(err)
	}
	kernels, cold := 0, 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) == "native.c" {
			continue
		}
		kernels++
		if bytes.Contains(text, []byte("// cold")) {
			cold++
		}
		if !bytes.Contains(text, []byte("blocked(")) {
			t.Errorf("%s does not call the import", name)
		}
		if _, err := os.Stat(strings.TrimSuffix(name, ".c") + ".wasm"); err != nil {
			t.Error(err)
		}
	}
	if kernels < 20 || cold*3 < kernels || cold*3 > kernels*2 {
		t.Errorf("%d kernels, %d of them reach the import from the hot function", kernels, cold)
	}
	c := testConfig(t, "")
	works, err := c.workloads()
	if err != nil {
		t.Fatal(err)
	}
	if len(works) < kernels+20 {
		t.Errorf("expected.txt lists %d workloads for %d kernels and 5 programs: run make -f testdata/bench.mk bench-guests", len(works), kernels)
	}
}

package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The probabilities are sums of binomial coefficients: of 11 samples, 2 or more are less than
// the median with 1 - 12/2048, 3 or more with 1 - 67/2048.
func TestBounds(t *testing.T) {
	for _, tt := range []struct {
		samples   int
		low, high float64 // the samples are 1, 2, 3 ...
	}{{1, 1, 1}, {5, 1, 5}, {7, 1, 7}, {8, 1, 8}, {11, 2, 10}, {15, 3, 13}} {
		var xs []float64
		for i := tt.samples; i > 0; i-- {
			xs = append(xs, float64(i))
		}
		if low, high := bounds(xs); low != tt.low || high != tt.high {
			t.Errorf("bounds of 1 to %d: got %v, %v, want %v, %v", tt.samples, low, high, tt.low, tt.high)
		}
	}
	if low, high := bounds(nil); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("bounds of nothing: got %v, %v, want NaN", low, high)
	}
	// A control that is slower or faster is noise as well.
	for _, control := range [][]float64{rounds(1.25), rounds(0.8)} {
		if got := noiseOf(control); got != 1.25 {
			t.Errorf("noise of a control of %v: got %v, want 1.25", control[0], got)
		}
	}
}

// rounds are as many samples as checkTimes takes, of one value or alternating.
func rounds(xs ...float64) []float64 {
	var all []float64
	for i := range checkRounds {
		all = append(all, xs[i%len(xs)])
	}
	return all
}

// What counts as grown, of made-up measurements with a reference of 1 and a margin of 0.1.
func TestGrown(t *testing.T) {
	quiet := rounds(1)
	for _, tt := range []struct {
		name  string
		takes [][2][]float64 // ratios and control of each time that it is measured
		grown bool
		times int // that it is measured
	}{
		{"as it was", [][2][]float64{{rounds(1), quiet}}, false, 1},
		{"within the margin", [][2][]float64{{rounds(1.09), quiet}}, false, 1},
		{"grown", [][2][]float64{{rounds(1.2), quiet}, {rounds(1.2), quiet}, {rounds(1.2), quiet}}, true, 3},
		{"grown, with some noise", [][2][]float64{{rounds(1.3, 1.4), rounds(1.05, 1)}, {rounds(1.3, 1.25), rounds(1, 1.05)}, {rounds(1.3), quiet}}, true, 3},
		{"the control is as far", [][2][]float64{{rounds(1.3), rounds(1, 1.3)}}, false, 1},
		{"the control is as far, and below", [][2][]float64{{rounds(1.3), rounds(1, 0.75)}}, false, 1},
		{"the rounds contradict each other", [][2][]float64{{rounds(2, 1), quiet}}, false, 1},
		{"once, and not again", [][2][]float64{{rounds(1.5), quiet}, {rounds(1.02), quiet}}, false, 2},
	} {
		times := 0
		g := gauge{name: "made up", attempts: 3, elsewhere: 1, take: func(context.Context, *config) ([]finding, error) {
			take := tt.takes[times]
			times++
			return []finding{judged("speed", take[0], take[1], 0.1)}, nil
		}}
		ref := map[string]float64{"speed": 1}
		fs, err := g.measure(t.Context(), nil, ref)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := g.compare(fs, ref)
		if (err != nil) != tt.grown || times != tt.times || (rows[0].Mark == "GROWN") != tt.grown {
			t.Errorf("%s: error %v, mark %q, measured %d times; want grown %v, %d times", tt.name, err, rows[0].Mark, times, tt.grown, tt.times)
		}
	}
}

// On another machine margins are wider, and what is less than 1 here may be 1 there.
func TestLimit(t *testing.T) {
	f := finding{margin: 0.25, slack: 0.5}
	for _, tt := range []struct{ elsewhere, ref, want float64 }{{1, 2, 3}, {1, 0.4, 1}, {4, 2, 4.5}, {4, 0.4, 2.5}} {
		g := gauge{elsewhere: tt.elsewhere}
		if got := g.limit(f, tt.ref); got != tt.want {
			t.Errorf("reference %v, factor %v: limit %v, want %v", tt.ref, tt.elsewhere, got, tt.want)
		}
	}
}

// The references and what is measured are the same set.
func TestCheckNames(t *testing.T) {
	g := gauge{name: "made up", elsewhere: 1}
	fs := []finding{exact("a", 1, 0, 0), exact("b", 1, 0, 0)}
	for _, tt := range []struct {
		ref  map[string]float64
		want string
	}{
		{map[string]float64{"a": 1, "b": 1}, ""},
		{map[string]float64{"a": 1}, "b has no reference"},
		{map[string]float64{"a": 1, "b": 1, "c": 1}, "c was not measured"},
	} {
		_, err := g.compare(fs, tt.ref)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("references %v: error %v, want %q", tt.ref, err, tt.want)
		}
	}
}

// A real gauge against references made up from its own figures: generous ones, and one that
// no program can keep. The race detector allocates too, hence the generosity.
func TestCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ratios.json")
	args := []string{"check", "-q", "-only", "^count$", "-ratios", file}
	_, stderr := runCommand(t, exitFailed, args...)
	if !strings.Contains(stderr, "ratios.json") {
		t.Errorf("without references: %q", stderr)
	}
	runCommand(t, 0, append(args, "-update")...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var ref references
	if err := json.Unmarshal(text, &ref); err != nil {
		t.Fatal(err)
	}
	counts := ref.Ratios["count"]
	for name := range counts {
		counts[name] += 1000
	}
	write := func() {
		t.Helper()
		if err := writeFile(file, func(w io.Writer) error { return json.NewEncoder(w).Encode(ref) }); err != nil {
			t.Fatal(err)
		}
	}
	write()
	out, _ := runCommand(t, 0, args...)
	const name = "each message: reductions"
	if !strings.Contains(out, name) {
		t.Errorf("no line %q:\n%s", name, out)
	}
	counts[name] = 1
	write()
	out, stderr = runCommand(t, exitFailed, args...)
	if !strings.Contains(stderr, name+" has grown from 1.000") || !strings.Contains(out, "GROWN") {
		t.Errorf("with a smaller reference: stderr %q, stdout\n%s", stderr, out)
	}
}

// Without Erlang there is a note, and no failure.
func TestCheckWithoutErlang(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	out, _ := runCommand(t, 0, "check", "-q", "-only", "Erlang")
	if !strings.Contains(out, "left out") {
		t.Errorf("no note:\n%s", out)
	}
}

// The references that are checked in have the gauges and workloads that there are.
func TestReferences(t *testing.T) {
	c, err := parse(commands[0], []string{"-q"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := c.readReferences()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, g := range gauges {
		want = append(want, g.name)
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(ref.Ratios)); !slices.Equal(got, want) {
		t.Errorf("references of %q, want %q: lunatic-bench check -update", got, want)
	}
	works, err := c.workloads()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range works {
		if _, ok := ref.Ratios["time, of the untouched module's"][w.name+", park"]; ok != checkWorks.MatchString(w.name) {
			t.Errorf("%s: reference %v, measured %v", w.name, ok, !ok)
		}
	}
	if !regexp.MustCompile(`^\w+$`).MatchString(ref.Arch) {
		t.Errorf("architecture %q", ref.Arch)
	}
}

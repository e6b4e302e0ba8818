package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What docs/bench and the README show is what the figures of docs/bench give.
func TestDocs(t *testing.T) {
	const docs = "../../docs/bench"
	dir := t.TempDir()
	figures, err := filepath.Glob(docs + "/*.json")
	if err != nil || len(figures) == 0 {
		t.Fatalf("figures %v, %v: make bench", figures, err)
	}
	for _, name := range figures {
		copyFile(t, name, filepath.Join(dir, filepath.Base(name)))
	}
	runCommand(t, 0, "draw", "-out", dir)
	for _, have := range []string{docs, dir} {
		other := map[string]string{docs: dir, dir: docs}[have]
		files, err := os.ReadDir(have)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			got, _ := os.ReadFile(filepath.Join(docs, f.Name()))
			want, _ := os.ReadFile(filepath.Join(dir, f.Name()))
			if !bytes.Equal(got, want) {
				t.Errorf("docs/bench/%s is not what lunatic-bench draw writes (%s has no such file, or another)", f.Name(), other)
			}
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	reports, err := readReports(docs)
	if err != nil {
		t.Fatal(err)
	}
	want, err := withFigures(readme, reports)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readme, want) {
		t.Error("the figures in README.md are not those of docs/bench: lunatic-bench draw")
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// A report with a value of every kind, and what README and a page make of it.
func TestHighlights(t *testing.T) {
	r := &report{
		Command: "lunatic-bench overhead -rounds 9", Machine: "a machine", Go: "go1", Wazero: "v1", Clock: "time", Rounds: 9,
		Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Title: "Speed",
		Columns: []column{{Name: "untouched", Unit: "ms", Format: "%.1f"}, {Name: "park", Unit: "ratio", Format: "%.3f", Chart: true, Ratio: true}},
		Rows: []row{
			{Name: "fib", Group: "kernels", Values: []figure{10, 1.25}},
			{Name: "a|b", Group: "kernels", Values: []figure{10, 0.8}, Mark: "noisy"},
			{Name: "lua/fib", Group: "programs", Values: []figure{30, 2}},
			{Name: "lua/sort", Group: "programs", Values: []figure{30, missing}},
		},
		Notes: []string{"park: the default"},
	}
	r.summarize()
	got, err := withFigures([]byte("before\n"+readmeBegin+"old\n"+readmeEnd+"after\n"), map[string]*report{"overhead": r})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"before\n" + readmeBegin, readmeEnd + "after\n", "    bin/lunatic-bench overhead -rounds 9\n", "2026-01-02",
		"|  | park |\n| --- | ---: |\n| kernels, geometric mean of 2 | 1.00 |\n| kernels, worst | 1.25 (fib) |\n| programs, geometric mean of 2 | 2.00 |\n| programs, worst | 2.00 (lua/fib) |\n| lua | 2.00 |\n",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("README: want\n%s\nin\n%s", want, got)
		}
	}
	if strings.Contains(string(got), "old") {
		t.Errorf("README keeps the old figures:\n%s", got)
	}
	if _, err := withFigures([]byte("no marks"), nil); err == nil {
		t.Error("README without marks: no error")
	}
	var b bytes.Buffer
	if err := r.markdown(&b, "overhead"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Speed\n\n    lunatic-bench overhead -rounds 9\n", "![Speed](overhead.svg)", "## kernels\n",
		"|  | untouched, ms | park |\n", "| fib | 10.0 | 1.250 |\n", `| a\|b (noisy) | 10.0 | 0.800 |`, "| lua/sort | 30.0 | – |\n", "| **worst** | – | 2.000 |\n", "- park: the default\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("page: want\n%s\nin\n%s", want, b.String())
		}
	}
}

// A folder with figures that are none is an error, not a panic.
func TestBadFigures(t *testing.T) {
	for _, text := range []string{"", "{", `{"rows": [{"name": "a", "values": [1]}]}`, `{"rows": 1}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "overhead.json"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, stderr := runCommand(t, exitFailed, "draw", "-out", dir)
		if !strings.Contains(stderr, "overhead.json") {
			t.Errorf("%q: stderr %q", text, stderr)
		}
	}
}

func TestCommandLine(t *testing.T) {
	got := commandLine([]string{"lunatic-bench", "overhead", "-only", "^(a|b)$", "-out", "docs/bench", "it's", ""})
	if want := `lunatic-bench overhead -only '^(a|b)$' -out docs/bench 'it'\''s' ''`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Ratios far apart are drawn on a logarithmic scale, on which bars begin at 1.
func TestScale(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []float64
		ratios bool
		log    bool
	}{
		{"ratios near 1", []float64{0.9, 1.3}, true, false},
		{"ratios far apart", []float64{0.01, 10}, true, true},
		{"not ratios", []float64{1, 1000}, false, false},
		{"nothing", nil, true, false},
	} {
		s := scaleOf(tt.values, tt.ratios)
		if s.log != tt.log {
			t.Errorf("%s: logarithmic %v, want %v", tt.name, s.log, tt.log)
		}
		last := -1.0
		for _, v := range tt.values {
			if x := s.at(v); x < 0 || x > svgWidth+1e-9 || x < last {
				t.Errorf("%s: %v is at %v", tt.name, v, x)
			} else {
				last = x
			}
		}
		if n := len(s.ticks()); n < 2 || n > 20 {
			t.Errorf("%s: %d lines on the axis", tt.name, n)
		}
	}
}

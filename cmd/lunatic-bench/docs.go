package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A folder of results, docs/bench, has for each command its figures (NAME.json) and what is
// drawn from them: NAME.md, NAME.svg, README.md, and a part of the project's README. So all
// but the figures can be drawn again.

// published are the commands in the order of the index.
var published = []string{"overhead", "suspend", "size", "build", "runtime", "serve"}

// publish writes a report's figures into the folder, and draws.
func (r *report) publish(c *config, name string) error {
	if err := os.MkdirAll(c.outDir, 0o777); err != nil {
		return err
	}
	figures := *r
	figures.Rows = slices.Clone(r.Rows)
	for i := range figures.Rows {
		figures.Rows[i].Samples = nil
	}
	if err := writeFile(filepath.Join(c.outDir, name+".json"), figures.json); err != nil {
		return err
	}
	return c.draw()
}

// draw draws what the folder has figures of.
func (c *config) draw() error {
	reports, err := readReports(c.outDir)
	if err != nil {
		return err
	}
	for name, r := range reports {
		if err := writeFile(filepath.Join(c.outDir, name+".svg"), r.svg); err != nil {
			return err
		}
		markdown := func(w io.Writer) error { return r.markdown(w, name) }
		if err := writeFile(filepath.Join(c.outDir, name+".md"), markdown); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(c.outDir, "README.md"), index(reports), 0o666); err != nil {
		return err
	}
	return c.drawReadme(reports)
}

// readReports reads the figures of a folder.
func readReports(dir string) (map[string]*report, error) {
	reports := map[string]*report{}
	for _, name := range published {
		text, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r := &report{}
		if err := json.Unmarshal(text, r); err != nil {
			return nil, fmt.Errorf("%s.json: %w", name, err)
		}
		if err := r.valid(); err != nil {
			return nil, fmt.Errorf("%s.json: %w", name, err)
		}
		reports[name] = r
	}
	return reports, nil
}

// valid reports rows that do not fit the columns.
func (r *report) valid() error {
	for _, row := range append(slices.Clone(r.Rows), r.Summary...) {
		if len(row.Values) > len(r.Columns) {
			return fmt.Errorf("%s: %d values for %d columns", row.Name, len(row.Values), len(r.Columns))
		}
	}
	return nil
}

// index is the README of the folder.
func index(reports map[string]*report) []byte {
	var b bytes.Buffer
	fmt.Fprint(&b, "# Measurements\n\n`make bench` writes this folder, `lunatic-bench COMMAND -out docs/bench` one of its pages.\n\n")
	fmt.Fprint(&b, "| | | | |\n| --- | --- | --- | --- |\n")
	for _, name := range published {
		if r := reports[name]; r != nil {
			fmt.Fprintf(&b, "| [%s](%s.md) | %s | [chart](%s.svg), [figures](%s.json) | %s |\n", name, name, r.Title, name, name, r.Date.Format("2006-01-02"))
		}
	}
	return b.Bytes()
}

// Where the project's README has figures, and what stands around them.
const (
	readmeBegin = "<!-- lunatic-bench: begin -->\n"
	readmeEnd   = "<!-- lunatic-bench: end -->\n"
)

// drawReadme replaces the figures in the project's README, if this is the project's folder.
func (c *config) drawReadme(reports map[string]*report) error {
	if dir, err := filepath.Abs(c.outDir); err != nil || dir != filepath.Join(c.root, "docs", "bench") {
		return err
	}
	name := filepath.Join(c.root, "README.md")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text, err = withFigures(text, reports)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o666)
}

// withFigures replaces what stands between the marks.
func withFigures(readme []byte, reports map[string]*report) ([]byte, error) {
	before, rest, ok := bytes.Cut(readme, []byte(readmeBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(readmeEnd))
	if !ok || !ok2 {
		return nil, errors.New("README.md has no place for figures")
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(readmeBegin)
	for _, h := range highlights {
		if r := reports[h.name]; r != nil {
			fmt.Fprintf(&b, "\n%s ([all](docs/bench/%s.md)):\n\n    bin/%s\n\n%s.\n\n", h.text, h.name, r.Command, r.circumstances())
			h.table(&b, r)
		}
	}
	b.WriteString("\n" + readmeEnd)
	b.Write(after)
	return b.Bytes(), nil
}

// highlights are what README shows.
var highlights = []struct {
	name, text string
	table      func(w io.Writer, r *report)
}{
	{"overhead", "Speed of instrumented code, as a ratio of its time to the untouched module's. *park* is the default, *all* has every import suspendable, *unwind* is `--preempt=unwind`; *binaryen* is `wasm-opt -O2 --asyncify` over a naive counter; *control* is the untouched module once more, which shows the noise", overheadHighlights},
	{"runtime", "Processes and messages, beside Erlang/OTP and goroutines that do the same work in the same run", runtimeHighlights},
	{"serve", "A web server with a process for each connection, and with one for each request (`lunatic-run --http`); connections on which nothing happens", serveHighlights},
}

// overheadHighlights are means, worst cases, and the means of each program.
func overheadHighlights(w io.Writer, r *report) {
	t := table{names: []string{""}}
	var columns []int
	for i, col := range r.Columns {
		if col.Ratio {
			columns = append(columns, i)
			t.names = append(t.names, col.Name)
		}
	}
	line := func(name string, cell func(column int) string) {
		cells := []string{name}
		for _, i := range columns {
			cells = append(cells, cell(i))
		}
		t.rows = append(t.rows, cells)
	}
	hundredths := func(v float64) string {
		if math.IsNaN(v) {
			return "–"
		}
		return fmt.Sprintf("%.2f", v)
	}
	for _, s := range r.Summary {
		if s.Name == "worst" {
			line(s.Group+", worst", func(i int) string {
				if math.IsNaN(s.value(i)) {
					return "–"
				}
				return hundredths(s.value(i)) + " (" + r.rowWith(s.Group, i, s.Values[i]) + ")"
			})
			continue
		}
		name := fmt.Sprintf("%s, geometric mean of %d", s.Group, len(r.values(s.Group, 0)))
		line(name, func(i int) string { return hundredths(s.value(i)) })
	}
	for _, program := range r.programs() {
		line(program, func(i int) string {
			var xs []float64
			for _, row := range r.Rows {
				if strings.HasPrefix(row.Name, program+"/") {
					xs = append(xs, row.value(i))
				}
			}
			return hundredths(geomean(xs))
		})
	}
	t.write(w)
}

// programs are what stands before the slash in names of rows.
func (r *report) programs() []string {
	var names []string
	for _, row := range r.Rows {
		if name, _, ok := strings.Cut(row.Name, "/"); ok && row.Group == "programs" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// rowWith is the name of the row that has a value.
func (r *report) rowWith(group string, column int, v figure) string {
	for _, row := range r.Rows {
		if row.Group == group && row.value(column) == float64(v) {
			return row.Name
		}
	}
	return ""
}

// runtimeShown are the lines of runtime in README.
var runtimeShown = regexp.MustCompile(`^(message, two processes|hop, ring of .*|spawn and hear back|skynet, .*|[\d,]+ idle.*|.*hibernat.*|two spinning per worker, 99th percentile|TCP echo, [\d,]+ connections|fib\(32\)|SHA-256 .*)$`)

func runtimeHighlights(w io.Writer, r *report) {
	t := table{names: []string{""}}
	last := 0 // the ratios to goroutines, and CPU time, are left to the page
	for i, col := range r.Columns {
		t.names = append(t.names, col.Name)
		if last = i; col.Ratio {
			break
		}
	}
	for _, row := range r.Rows {
		if !runtimeShown.MatchString(row.Name) {
			continue
		}
		unit, _, _ := strings.Cut(row.Group, ",")
		t.rows = append(t.rows, append([]string{row.Name + ": " + unit}, r.cells(row)[:last+1]...))
	}
	t.write(w)
}

func serveHighlights(w io.Writer, r *report) {
	for i, group := range r.groups() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		r.table(w, group, group)
	}
}

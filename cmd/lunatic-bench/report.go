package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is one table of figures with its summary. Missing values are NaN.
type report struct {
	Command string    `json:"command"`
	Machine string    `json:"machine"`
	Go      string    `json:"go"`
	Wazero  string    `json:"wazero"`
	WasmOpt string    `json:"wasmOpt,omitempty"`
	Clock   string    `json:"clock"`
	Rounds  int       `json:"rounds"`
	Date    time.Time `json:"date"`
	Load    string    `json:"load,omitempty"` // average of the last minute, when it began
	Title   string    `json:"title"`
	Columns []column  `json:"columns"`
	Rows    []row     `json:"rows"`
	Summary []row     `json:"summary"` // geomean, worst or total of each group
	Notes   []string  `json:"notes,omitempty"`

	failure error // found while measuring; reported after the figures
}

// A column says what its values are.
type column struct {
	Name   string `json:"name"`
	Unit   string `json:"unit"`
	Format string `json:"format"` // of fmt
	Chart  bool   `json:"chart"`  // a bar in the chart
	Ratio  bool   `json:"ratio"`  // has a geomean and a worst case
}

type row struct {
	Name    string   `json:"name"`
	Group   string   `json:"group"`
	Values  []figure `json:"values"`
	Samples samples  `json:"samplesNs,omitempty"` // per contender
	Mark    string   `json:"mark,omitempty"`
}

// value is NaN where a row has none.
func (r *row) value(column int) float64 {
	if column >= len(r.Values) {
		return math.NaN()
	}
	return float64(r.Values[column])
}

type samples map[string][]time.Duration

// A figure is a number that may be missing, which JSON has no other way to say.
type figure float64

func (f figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

func (f *figure) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*f = missing
		return nil
	}
	return json.Unmarshal(text, (*float64)(f))
}

var missing = figure(math.NaN())

// describe fills in where and with what the figures were taken.
func (r *report) describe(c *config) {
	r.Machine = machine()
	r.Go = runtime.Version()
	r.Wazero = wazeroVersion()
	r.WasmOpt = binaryenVersion(c.wasmOpt)
	if r.Clock == "" {
		r.Clock = clockName
	}
	r.Rounds = c.rounds
	r.Date = time.Now().UTC().Truncate(time.Second)
}

// loadAverage is that of the last minute, where the system tells.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

func machine() string {
	return fmt.Sprintf("%s, %d CPUs, %s/%s", cpuModel(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// cpuModel is the processor's name and, on x86, its generation, which the name need not tell.
func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	of := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		of[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	name := of["model name"]
	if name == "" {
		return "unknown CPU"
	}
	if of["cpu family"] != "" {
		name += fmt.Sprintf(" (family %s, model %s)", of["cpu family"], of["model"])
	}
	return name
}

func wazeroVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/tetratelabs/wazero" {
				return d.Version
			}
		}
	}
	return "unknown"
}

// summarize appends a geomean and a worst case per group for the ratio columns.
func (r *report) summarize() {
	for _, group := range r.groups() {
		mean := row{Name: "geomean", Group: group}
		worst := row{Name: "worst", Group: group}
		for i, col := range r.Columns {
			xs := r.values(group, i)
			if !col.Ratio {
				mean.Values = append(mean.Values, missing)
				worst.Values = append(worst.Values, missing)
				continue
			}
			mean.Values = append(mean.Values, figure(geomean(xs)))
			w := math.NaN()
			for _, x := range xs {
				if !(x <= w) && !math.IsNaN(x) { // w may be NaN
					w = x
				}
			}
			worst.Values = append(worst.Values, figure(w))
		}
		r.Summary = append(r.Summary, mean, worst)
	}
}

// groups in order of appearance.
func (r *report) groups() []string {
	var gs []string
	for _, row := range r.Rows {
		if len(gs) == 0 || gs[len(gs)-1] != row.Group {
			gs = append(gs, row.Group)
		}
	}
	return gs
}

func (r *report) values(group string, column int) []float64 {
	var xs []float64
	for _, row := range r.Rows {
		if row.Group == group {
			xs = append(xs, row.value(column))
		}
	}
	return xs
}

func (r *report) print(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%s; %s; wazero %s", r.Title, r.Machine, r.Go, r.Wazero)
	if r.WasmOpt != "" {
		fmt.Fprintf(w, "; %s", r.WasmOpt)
	}
	fmt.Fprintf(w, "; %s, median of %d rounds\n\n", r.Clock, r.Rounds)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(name string, cells []string, mark string) {
		if mark != "" {
			mark = "  " + mark
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\n", name, strings.Join(cells, "\t"), mark)
	}
	var heads, units []string
	for _, c := range r.Columns {
		heads, units = append(heads, c.Name), append(units, c.Unit)
	}
	line("", heads, "")
	line("", units, "")
	for _, group := range r.groups() {
		line(strings.ToUpper(group), make([]string, len(heads)), "")
		for _, rows := range [][]row{r.Rows, r.Summary} {
			for _, row := range rows {
				if row.Group == group {
					line(row.Name, r.cells(row), row.Mark)
				}
			}
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "\n%s\n", n)
	}
	return nil
}

func (r *report) cells(row row) []string {
	cells := make([]string, len(row.Values))
	for i, v := range row.Values {
		cells[i] = "–"
		if !math.IsNaN(float64(v)) {
			cells[i] = fmt.Sprintf(r.Columns[i].Format, float64(v))
		}
	}
	return cells
}

func (r *report) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

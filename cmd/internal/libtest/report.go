package libtest

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
)

// A report is what libtest prints.
type report struct {
	w                       *bufio.Writer
	o                       *Options
	passed, failed, ignored []result
	column                  int // of the characters of the terse format
	colored                 bool
}

// Colours of a terminal, by what they are for.
const (
	good, bad, other = "32", "31", "33"
)

func (r *report) color(code, text string) string {
	if !r.colored {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// terseColumns is the length of a line of the terse format.
const terseColumns = 88

func newReport(w io.Writer, o *Options) *report {
	colored := o.Color == "always" || o.Color != "never" && bool(cli.StyleOf(w))
	return &report{w: bufio.NewWriter(w), o: o, colored: colored}
}

func (r *report) list(tests []Test) error {
	for _, t := range tests {
		fmt.Fprintf(r.w, "%s: test\n", t.Name)
	}
	if !r.o.Terse {
		fmt.Fprintf(r.w, "\n%s, 0 benchmarks\n", count(len(tests)))
	}
	return r.w.Flush()
}

func (r *report) begin(n int) {
	fmt.Fprintf(r.w, "\nrunning %s\n", count(n))
	r.w.Flush()
}

func count(n int) string {
	if n == 1 {
		return "1 test"
	}
	return fmt.Sprintf("%d tests", n)
}

// slow tells that a test still runs.
func (r *report) slow(t Test, after time.Duration) {
	fmt.Fprintf(r.w, "test %s has been running for over %.0f seconds\n", t.Name, after.Seconds())
	r.w.Flush()
}

// add tells the result of a test.
func (r *report) add(res result) {
	word, char, color := "ok", ".", good
	switch {
	case res.ignored:
		word, char, color = "ignored", "i", other
		r.ignored = append(r.ignored, res)
	case res.passed:
		r.passed = append(r.passed, res)
	default:
		word, char, color = "FAILED", "F", bad
		r.failed = append(r.failed, res)
	}
	if r.o.Terse {
		r.w.WriteString(r.color(color, char))
		if r.column++; r.column%terseColumns == 0 {
			r.w.WriteByte('\n')
		}
	} else {
		fmt.Fprintf(r.w, "test %s ... %s\n", res.title(), r.color(color, word))
	}
	r.w.Flush()
}

// end prints outputs and the numbers.
func (r *report) end(filteredOut int, took time.Duration) error {
	if r.o.Terse && r.column%terseColumns != 0 {
		r.w.WriteByte('\n')
	}
	if r.o.ShowOutput {
		r.outputs("successes", r.passed)
	}
	verdict := r.color(good, "ok")
	if len(r.failed) > 0 {
		verdict = r.color(bad, "FAILED")
		r.outputs("failures", r.failed)
	}
	fmt.Fprintf(r.w, "\ntest result: %s. %d passed; %d failed; %d ignored; 0 measured; %d filtered out; finished in %.2fs\n\n",
		verdict, len(r.passed), len(r.failed), len(r.ignored), filteredOut, took.Seconds())
	return r.w.Flush()
}

// outputs prints what tests have written, and their names.
func (r *report) outputs(what string, results []result) {
	slices.SortFunc(results, func(a, b result) int { return strings.Compare(a.Name, b.Name) })
	fmt.Fprintf(r.w, "\n%s:\n", what)
	gap := "\n"
	for _, res := range results {
		if res.output != "" {
			fmt.Fprintf(r.w, "\n---- %s stdout ----\n%s", res.Name, res.output)
			gap = "\n\n"
		}
	}
	fmt.Fprintf(r.w, "%s%s:\n", gap, what)
	for _, res := range results {
		fmt.Fprintf(r.w, "    %s\n", res.Name)
	}
}

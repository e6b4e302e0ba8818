package libtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// Options are what a harness of Rust is told on its command line.
type Options struct {
	Filters        []string // parts of names, or whole names if Exact; none: all tests
	Skip           []string
	Exact          bool
	Ignored        bool // those to be ignored, and only them
	IncludeIgnored bool
	List           bool
	Terse          bool
	NoCapture      bool
	ShowOutput     bool
	Threads        int // tests that run at the same time; 0: all
	// Dirs are the arguments of --dir, which libtest does not have.
	Dirs []string
	// Color is auto, always or never; "" is auto.
	Color string
	Help  bool
}

// Names says which exports are tests, in paragraphs.
const Names = `Behind #lunatic_test_ stands, if it applies, #ignore_ for a test that only runs if it is
asked for, then #panic_TEXT# for one that has to fail with a message that contains TEXT (any
if it is empty; \# is a #), then the name.`

// Help says what Parse reads.
const Help = `The tests of a module are the functions that it exports under names that begin with
#lunatic_test_. Behind the module:

  [FILTER...]         tests with FILTER in their names (default: all)
      --exact         FILTER is a whole name
      --skip FILTER   without these; repeatable
      --ignored       the tests to be ignored, and only them
      --include-ignored
                      them too
      --list          list the tests and run none
      --nocapture     show what they write while they write it
      --show-output   show what those wrote that have passed, too
      --test-threads N
                      run N at the same time (default: all; $RUST_TEST_THREADS)
      --format FORMAT pretty or terse, a character for each test; -q is terse
      --color WHEN    auto, always or never
      --dir DIR       a directory for the tests, beside the current one; repeatable
  -h, --help          print this text

Exit code 0: all have passed. 1: some have failed, or the module cannot be run.
`

// Parse reads arguments. They may stand in any order; behind -- stand filters.
func Parse(args []string) (Options, error) {
	o := Options{NoCapture: os.Getenv("RUST_TEST_NOCAPTURE") != "" && os.Getenv("RUST_TEST_NOCAPTURE") != "0"}
	threads := os.Getenv("RUST_TEST_THREADS")
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.StringArrayVar(&o.Skip, "skip", nil, "")
	fs.StringArrayVar(&o.Dirs, "dir", nil, "")
	fs.BoolVar(&o.Exact, "exact", false, "")
	fs.BoolVar(&o.Ignored, "ignored", false, "")
	fs.BoolVar(&o.IncludeIgnored, "include-ignored", false, "")
	fs.BoolVar(&o.List, "list", false, "")
	fs.BoolVar(&o.NoCapture, "nocapture", o.NoCapture, "")
	fs.BoolVar(&o.NoCapture, "no-capture", o.NoCapture, "")
	fs.BoolVar(&o.ShowOutput, "show-output", false, "")
	fs.BoolVarP(&o.Terse, "quiet", "q", false, "")
	fs.BoolVarP(&o.Help, "help", "h", false, "")
	fs.Bool("test", false, "") // what else would it run
	fs.StringVar(&threads, "test-threads", threads, "")
	one := func(name string, is func(string), values ...string) {
		fs.Func(name, "", func(s string) error {
			if !slices.Contains(values, s) {
				return fmt.Errorf("must be one of %s", strings.Join(values, ", "))
			}
			is(s)
			return nil
		})
	}
	one("format", func(s string) { o.Terse = s == "terse" }, "pretty", "terse")
	one("color", func(s string) { o.Color = s }, "auto", "always", "never")
	if err := fs.Parse(args); err != nil {
		return Options{}, err
	}
	o.Filters = fs.Args()
	if threads != "" {
		n, err := strconv.ParseUint(threads, 10, 31)
		if err != nil || n == 0 {
			return Options{}, errors.New("--test-threads: must be a number above 0")
		}
		o.Threads = int(n)
	}
	if o.Ignored && o.IncludeIgnored {
		return Options{}, errors.New("--ignored and --include-ignored exclude each other")
	}
	return o, nil
}

// choose returns the tests that are asked for, each with Ignore if it is not to run.
func (o *Options) choose(tests []Test) []Test {
	matches := func(name, filter string) bool {
		if o.Exact {
			return name == filter
		}
		return strings.Contains(name, filter)
	}
	var chosen []Test
	for _, t := range tests {
		any := func(filters []string) bool {
			return slices.ContainsFunc(filters, func(f string) bool { return matches(t.Name, f) })
		}
		if len(o.Filters) > 0 && !any(o.Filters) || any(o.Skip) || o.Ignored && !t.Ignore {
			continue
		}
		t.Ignore = t.Ignore && !o.Ignored && !o.IncludeIgnored
		chosen = append(chosen, t)
	}
	return chosen
}

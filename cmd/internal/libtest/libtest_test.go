package libtest

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmparse"
)

//go:embed testdata/tests.wasm
var module []byte

// exports are the functions that a module exports.
func exports(t *testing.T) []string {
	t.Helper()
	m, err := wasmparse.Parse(module)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range m.Exports {
		names = append(names, e.Name)
	}
	return names
}

func TestFind(t *testing.T) {
	tests, err := Find([]string{
		"memory", "_start", "#lunatic_tes", "#lunatic_test_z::last", "#lunatic_test_#ignore_m::i", "#lunatic_test_#panic_#m::any",
		`#lunatic_test_#ignore_#panic_a \# b\c#m::both`, `#lunatic_test_#panic_\#\##`, "#lunatic_test_a#ignore_b",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range tests {
		got = append(got, fmt.Sprintf("%s %v %v %q", x.Name, x.Ignore, x.Panics, x.Expected))
	}
	want := []string{` false true "##"`, `a#ignore_b false false ""`, `m::any false true ""`, `m::both true true "a # b\\c"`, `m::i true false ""`, `z::last false false ""`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := Find([]string{`#lunatic_test_#panic_a\#b`}); err == nil || !strings.Contains(err.Error(), "has no end") {
		t.Errorf("got %v", err)
	}
}

// The first ones are what programs of Rust 1.63 and 1.95 have printed.
func TestPanics(t *testing.T) {
	for _, tt := range []struct {
		output string
		want   []string
	}{
		{"thread 'main' panicked at 'boom\nand 'more', x', p.rs:1:101\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n", []string{"boom\nand 'more', x"}},
		{"thread 'main' panicked at 'assertion failed: `(left == right)`\n  left: `1`,\n right: `2`', p.rs:1:76\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n", []string{"assertion failed: `(left == right)`\n  left: `1`,\n right: `2`"}},
		{"\nthread 'main' (7287) panicked at p.rs:1:101:\nboom\nand 'more', x\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n", []string{"boom\nand 'more', x"}},
		{"\nthread 'main' (7286) panicked at p.rs:1:76:\nassertion `left == right` failed\n  left: 1\n right: 2\nstack backtrace:\n   0: __rustc::rust_begin_unwind\n", []string{"assertion `left == right` failed\n  left: 1\n right: 2"}},
		{"", nil},
		{"thread panicked", nil},
		{"x\nthread 'main' panicked at 'boom', src/main.rs:1:2\nnote: run with `RUST_BACKTRACE=1` ...\n", []string{"boom"}},
		{"thread '<unnamed>' panicked at 'assertion failed: `(left == right)`\n  left: `1`,\n right: `2`', a b.rs:10:20\n", []string{"assertion failed: `(left == right)`\n  left: `1`,\n right: `2`"}},
		{"thread 'main' panicked at 'it''s, a: 'quote', x', src/main.rs:1:2\n", []string{"it''s, a: 'quote', x"}},
		{"thread 'main' panicked at src/main.rs:1:2:\nboom\nand more\nnote: run with `RUST_BACKTRACE=1` ...\n", []string{"boom\nand more"}},
		{"thread 'main' (123) panicked at src/main.rs:1:2:\nboom", []string{"boom"}},
		{"thread 'main' panicked at src/main.rs:1:2:\n\nstack backtrace:\n 0: x\n", []string{""}},
		{"thread 'a' panicked at a.rs:1:2:\none\nthread 'a' panicked at b.rs:1:2:\ntwo\nnote: run with `RUST_BACKTRACE`", []string{"one", "two"}},
	} {
		if got := panics(tt.output); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.output, got, tt.want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Setenv("RUST_TEST_THREADS", "")
	t.Setenv("RUST_TEST_NOCAPTURE", "")
	for args, want := range map[string]Options{
		"":                                 {},
		"a b":                              {Filters: []string{"a", "b"}},
		"a --exact -- --b":                 {Filters: []string{"a", "--b"}, Exact: true},
		"--skip=x --skip y --ignored":      {Skip: []string{"x", "y"}, Ignored: true},
		"--list --format terse":            {List: true, Terse: true},
		"--format=pretty -q":               {Terse: true},
		"--nocapture --include-ignored":    {NoCapture: true, IncludeIgnored: true},
		"--no-capture --show-output":       {NoCapture: true, ShowOutput: true},
		"--test-threads=3 --color always":  {Threads: 3, Color: "always"},
		"--dir . a --dir b --test --quiet": {Dirs: []string{".", "b"}, Filters: []string{"a"}, Terse: true},
		"-h":                               {Help: true},
	} {
		got, err := Parse(strings.Fields(args))
		if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s: got %+v, %v", args, got, err)
		}
	}
	for args, want := range map[string]string{
		"--frobnicate": "unknown flag: --frobnicate", "--format json": "must be one of pretty, terse", "--test-threads 0": "must be a number above 0",
		"--test-threads x": "must be a number above 0", "--ignored --include-ignored": "exclude each other", "--skip": "needs an argument",
	} {
		if _, err := Parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
	t.Setenv("RUST_TEST_THREADS", "2")
	t.Setenv("RUST_TEST_NOCAPTURE", "1")
	if o, err := Parse(nil); err != nil || o.Threads != 2 || !o.NoCapture {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestChoose(t *testing.T) {
	tests := []Test{{Name: "a::one"}, {Name: "a::two", Ignore: true}, {Name: "b::one"}, {Name: "one"}}
	for _, tt := range []struct {
		o    Options
		want string // with - for those that do not run
	}{
		{Options{}, "a::one -a::two b::one one"},
		{Options{Filters: []string{"a::"}}, "a::one -a::two"},
		{Options{Filters: []string{"one"}, Exact: true}, "one"},
		{Options{Filters: []string{"two", "b"}}, "-a::two b::one"},
		{Options{Skip: []string{"one"}}, "-a::two"},
		{Options{Skip: []string{"one"}, Exact: true}, "a::one -a::two b::one"},
		{Options{Ignored: true}, "a::two"},
		{Options{IncludeIgnored: true, Filters: []string{"a"}}, "a::one a::two"},
		{Options{Filters: []string{"none"}}, ""},
	} {
		var got []string
		for _, x := range tt.o.choose(tests) {
			if x.Ignore {
				x.Name = "-" + x.Name
			}
			got = append(got, x.Name)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.o, s, tt.want)
		}
	}
}

// locked is a buffer that processes may write to.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// harness returns where the module's tests run, and what they and the report write.
func harness(t *testing.T, o Options) (*Harness, []Test, *locked, *locked) {
	t.Helper()
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: host.All(), OnFailure: func(p *runner.Process, e runner.Exit) {
		if !Note(p, fmt.Sprintf("process %d: %v\n", p.ID(), e.Err)) {
			t.Errorf("process %d belongs to no test", p.ID())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	artifact, _, err := transform.Build(ctx, module, transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mod, err := rt.Load(ctx, artifact)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := Find(exports(t))
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr locked
	return &Harness{Runtime: rt, Module: mod, Config: runner.ProcessConfig{May: runner.MayAll}, Options: o, Stdout: &stdout, Stderr: &stderr}, tests, &stdout, &stderr
}

// run runs the module's tests and returns the report, with the results in order.
func run(t *testing.T, o Options) (passed bool, stdout, stderr string) {
	t.Helper()
	h, tests, out, errs := harness(t, o)
	passed, err := h.Run(context.Background(), tests)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`finished in \d+\.\d\ds`).ReplaceAllString(out.String(), "finished in 0.00s")
	lines := regexp.MustCompile(`(?m)(^test .* \.\.\. .*\n)+`)
	return passed, lines.ReplaceAllStringFunc(text, func(s string) string {
		all := strings.SplitAfter(s, "\n")
		slices.Sort(all)
		return strings.Join(all, "")
	}), errs.String()
}

func diff(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
	}
}

// What is expected has the form of what libtest prints for the same results, line by line.
func TestRun(t *testing.T) {
	passed, stdout, stderr := run(t, Options{Skip: []string{"stuck"}})
	diff(t, "standard error", stderr, "")
	if passed {
		t.Error("passed")
	}
	diff(t, "the report", stdout, `
running 16 tests
test any::exit - should panic ... ok
test any::none - should panic ... FAILED
test any::trap - should panic ... ok
test app::exits ... FAILED
test app::fails ... FAILED
test app::ignored ... ignored
test app::quiet ... ok
test app::says ... ok
test family::two ... FAILED
test parameters ... FAILED
test text::ignored - should panic ... ignored
test text::new - should panic ... ok
test text::old - should panic ... ok
test text::other - should panic ... ok
test text::trap - should panic ... ok
test text::wrong - should panic ... FAILED

failures:

---- any::none stdout ----
hello
note: test did not panic as expected

---- app::exits stdout ----
hello
note: the process ended with the exit code 3

---- app::fails stdout ----
hello
thread 'main' panicked at 'boom #1
and more', src/lib.rs:3:5
`+"note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"+`
process 1: unreachable
    at old
    at fails

---- family::two stdout ----
--- process 1 stdout ---
hello
process 1: unreachable
    at two
--- process 2 stdout ---
of the child

---- parameters stdout ----
process 1: entry function "#lunatic_test_parameters" takes 1 parameters, not 0

---- text::wrong stdout ----
hello

thread 'main' (1) panicked at src/lib.rs:3:5:
boom #1
and more
`+"note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"+`
process 1: unreachable
    at new
    at wrong
note: panic did not contain expected string
      panic message: "boom #1\nand more",
 expected substring: "hello"


failures:
    any::none
    app::exits
    app::fails
    family::two
    parameters
    text::wrong

test result: FAILED. 8 passed; 6 failed; 2 ignored; 0 measured; 1 filtered out; finished in 0.00s

`)
}

func TestListTests(t *testing.T) {
	_, stdout, _ := run(t, Options{List: true, Filters: []string{"app::"}})
	diff(t, "the list", stdout, "app::exits: test\napp::fails: test\napp::ignored: test\napp::quiet: test\napp::says: test\n\n5 tests, 0 benchmarks\n")
	_, stdout, _ = run(t, Options{List: true, Terse: true, Ignored: true})
	diff(t, "the list", stdout, "app::ignored: test\ntext::ignored: test\n")
	_, stdout, _ = run(t, Options{List: true, Filters: []string{"app::quiet"}})
	diff(t, "the list", stdout, "app::quiet: test\n\n1 test, 0 benchmarks\n")
}

func TestShowOutput(t *testing.T) {
	passed, stdout, _ := run(t, Options{ShowOutput: true, Filters: []string{"app::says", "app::quiet"}, Exact: true})
	if !passed {
		t.Error("failed")
	}
	diff(t, "the report", stdout, `
running 2 tests
test app::quiet ... ok
test app::says ... ok

successes:

---- app::says stdout ----
hello


successes:
    app::quiet
    app::says

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 15 filtered out; finished in 0.00s

`)
}

func TestNoCapture(t *testing.T) {
	passed, stdout, stderr := run(t, Options{NoCapture: true, Filters: []string{"app::fails", "text::old"}})
	if passed {
		t.Error("passed")
	}
	if n := strings.Count(stdout, "hello\n"); n != 2 || strings.Contains(stdout, "----") || strings.Contains(stdout, "panicked") {
		t.Errorf("standard output:\n%s", stdout)
	}
	if n := strings.Count(stderr, "thread 'main' panicked at 'boom #1\n"); n != 2 || strings.Count(stderr, "process 1: unreachable\n") != 2 {
		t.Errorf("standard error:\n%s", stderr)
	}
	if !strings.HasSuffix(stdout, "\nfailures:\n\nfailures:\n    app::fails\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 15 filtered out; finished in 0.00s\n\n") {
		t.Errorf("standard output:\n%s", stdout)
	}
}

func TestColors(t *testing.T) {
	_, stdout, _ := run(t, Options{Color: "always", Terse: true, Threads: 1, Filters: []string{"app::"}})
	if !strings.HasPrefix(stdout, "\nrunning 5 tests\n\x1b[31mF\x1b[0m\x1b[31mF\x1b[0m\x1b[33mi\x1b[0m\x1b[32m.\x1b[0m\x1b[32m.\x1b[0m\n") ||
		!strings.Contains(stdout, "test result: \x1b[31mFAILED\x1b[0m. 2 passed;") {
		t.Errorf("got %q", stdout)
	}
}

func TestTerse(t *testing.T) {
	_, stdout, _ := run(t, Options{Terse: true, Threads: 1, Filters: []string{"app::"}})
	if !strings.HasPrefix(stdout, "\nrunning 5 tests\nFFi..\n\nfailures:\n") {
		t.Errorf("got\n%s", stdout)
	}
}

// A test that does not end is talked of, and stopped with the harness.
func TestStuck(t *testing.T) {
	h, tests, stdout, _ := harness(t, Options{Filters: []string{"stuck"}})
	ctx, cancel := context.WithCancelCause(context.Background())
	stopped := errors.New("stopped")
	h.slow = time.Millisecond
	h.Stdout = writerFunc(func(b []byte) (int, error) {
		if strings.Contains(string(b), "test stuck::ever has been running for over 0 seconds\n") {
			cancel(stopped)
		}
		return stdout.Write(b)
	})
	if passed, err := h.Run(ctx, tests); passed || err != stopped {
		t.Errorf("got %v, %v", passed, err)
	}
	if strings.Contains(stdout.String(), "...") || strings.Contains(stdout.String(), "result") {
		t.Errorf("got\n%s", stdout)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// Of many processes, the first one is heard whatever the others write.
func TestManyProcesses(t *testing.T) {
	var c capture
	line := bytes.Repeat([]byte("x"), maxOutput/2)
	for id := uint64(2); id < 2+4*maxOutputs/maxOutput; id++ {
		c.add(id, line)
	}
	c.add(1, []byte("last words"))
	kept := 0
	for _, o := range c.by {
		kept += o.size()
	}
	if kept < maxOutputs || kept > maxOutputs+maxOutput {
		t.Errorf("%d bytes are kept", kept)
	}
	if got, _ := c.first(); got != "last words" {
		t.Errorf("got %q", got)
	}
	if text := c.String(); !strings.Contains(text, fmt.Sprintf("\n[%d bytes are left out]\n", len(line))) {
		t.Error("nothing is said of what is left out")
	}
}

// Of endless output, the beginning and the end are kept.
func TestBounds(t *testing.T) {
	var o output
	line := bytes.Repeat([]byte("x"), 1000)
	o.add([]byte("begin"))
	total := len("begin")
	for total < 10*maxOutput {
		o.add(line)
		total += len(line)
	}
	o.add([]byte("end"))
	total += len("end")
	if o.size() > 2*maxOutput || o.size() < maxOutput || o.size()+o.lost != total {
		t.Errorf("%d bytes are kept and %d lost of %d", o.size(), o.lost, total)
	}
	text := o.written()
	if !strings.HasPrefix(text, "beginxxx") || !strings.HasSuffix(text, "xxxend") || !strings.Contains(text, fmt.Sprintf("\n[%d bytes are left out]\n", o.lost)) {
		t.Errorf("got %s ... %s", text[:20], text[len(text)-20:])
	}
}

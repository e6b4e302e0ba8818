package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/transform"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lunatic-build": main, "fake-ld": fakeLinker})
}

// TestScript runs the files of testdata/script. To what testscript knows they add
//
//	hex FILE DIGITS...    write the bytes to FILE
//	mode FILE PERM        FILE has these permissions
//	only FOLDER NAMES...  the folder holds these and nothing else
//	[built]               the pipeline can build a module
//	[explained]           ... and explain one
//	[root]                no permission stops us
func TestScript(t *testing.T) {
	_, _, err := transform.Build(t.Context(), []byte("\x00asm\x01\x00\x00\x00"), transform.Options{})
	built := err == nil
	_, err = transform.Explain(t.Context(), []byte("\x00asm\x01\x00\x00\x00"), transform.Options{}, "")
	explained := err == nil
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "built":
				return built, nil
			case "explained":
				return explained, nil
			case "root":
				return os.Getuid() == 0, nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"hex": func(ts *testscript.TestScript, neg bool, args []string) {
				data, err := hex.DecodeString(strings.Join(args[1:], ""))
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
			},
			"only": func(ts *testscript.TestScript, neg bool, args []string) {
				entries, err := os.ReadDir(ts.MkAbs(args[0]))
				ts.Check(err)
				var got []string
				for _, e := range entries {
					got = append(got, e.Name())
				}
				if !slices.Equal(got, args[1:]) {
					ts.Fatalf("%s holds %q, not %q", args[0], got, args[1:])
				}
			},
			"mode": func(ts *testscript.TestScript, neg bool, args []string) {
				info, err := os.Stat(ts.MkAbs(args[0]))
				ts.Check(err)
				if got := info.Mode().Perm().String(); got != args[1] && runtime.GOOS != "windows" {
					ts.Fatalf("%s has mode %s, not %s", args[0], got, args[1])
				}
			},
		},
	})
}

func TestFlags(t *testing.T) {
	for _, test := range []struct {
		args string
		want func(*options)
	}{
		{"", func(o *options) {}},
		{"--preempt=unwind", func(o *options) { o.Preempt = transform.PreemptUnwind }},
		{"--preempt off", func(o *options) { o.Preempt = transform.PreemptOff }},
		{"-O0", func(o *options) { o.Opt = -1 }},
		{"-O1", func(o *options) { o.Opt = 0 }},
		{"-O 2", func(o *options) { o.Opt = 1 }},
		{"-j3", func(o *options) { o.Workers = 3 }},
		{"-j 1000000", func(o *options) { o.Workers = maxJobs }},
		{"--strip --verify --no-suspend", func(o *options) { o.Strip, o.Verify, o.NoSuspend = true, true, true }},
		{"--suspend-import a.b --suspend-import *", func(o *options) { o.SuspendImports = []string{"a.b", "*"} }},
		{"--suspend-import +a.b", func(o *options) {
			o.SuspendImports = append(append([]string{}, transform.DefaultSuspendImports...), "a.b")
		}},
		{"--stats", func(o *options) { o.stats = "text" }},
		{"--stats=json -q", func(o *options) { o.stats, o.quiet = "json", true }},
	} {
		want := options{input: "in.wasm", output: "out.wasm"}
		test.want(&want)
		var got options
		cmd := got.command()
		args, err := cmd.Parse(strings.Fields("in.wasm -o out.wasm " + test.args))
		if err == nil {
			err = got.check(args, cmd.AtDash)
		}
		if err != nil {
			t.Errorf("%s: %v", test.args, err)
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", test.args, got, want)
		}
	}
}

// run runs the command with build in place of the pipeline and returns what it wrote.
func run(t *testing.T, build func(context.Context, io.Writer, []byte, transform.Options) (transform.Stats, error), args ...string) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	open := func(name string) *os.File {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	c := command{stdin: open("stdin"), stdout: open("stdout"), stderr: open("stderr"), build: build}
	code = c.run(args)
	read := func(f *os.File) string {
		data, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return code, read(c.stdout), read(c.stderr)
}

// folder makes a folder with in.wasm and an old out.wasm, and check holds that nothing
// else is in it and both are as they were.
func folder(t *testing.T) (in, out string, check func()) {
	t.Helper()
	dir := t.TempDir()
	in, out = filepath.Join(dir, "in.wasm"), filepath.Join(dir, "out.wasm")
	for _, name := range []string{in, out} {
		if err := os.WriteFile(name, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return in, out, func() {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 2 {
			t.Errorf("the folder holds %v, %v; want in.wasm and out.wasm", entries, err)
		}
		for _, name := range []string{in, out} {
			if data, err := os.ReadFile(name); err != nil || string(data) != name {
				t.Errorf("%s has been changed: %q, %v", name, data, err)
			}
		}
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func() error // what follows after a part has been written
		code int
		line string
	}{
		{"error", func() error { return errors.New("unexpected end (at offset 0x1f)") }, cli.ExitInput, "unexpected end (at offset 0x1f)"},
		{"hostile name", func() error { return errors.New("func 1 (\x1b[2J\n)") }, cli.ExitInput, `func 1 (\x1b[2J\n)`},
		{"bug", func() error { return transform.ErrInternal }, cli.ExitInternal, transform.ErrInternal.Error()},
		{"panic", func() error { panic("no such case") }, cli.ExitInternal, transform.ErrInternal.Error() + ": no such case"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in, out, check := folder(t)
			code, stdout, stderr := run(t, func(_ context.Context, w io.Writer, _ []byte, _ transform.Options) (transform.Stats, error) {
				w.Write(make([]byte, 1<<20))
				return transform.Stats{}, test.end()
			}, in, "-o", out)
			line, rest, _ := strings.Cut(stderr, "\n")
			if want := "lunatic-build: " + in + ": " + test.line; code != test.code || line != want || stdout != "" {
				t.Errorf("got exit code %d, %q\nwant %d, %q", code, line, test.code, want)
			}
			if rest != "" && test.name != "panic" {
				t.Errorf("more than one line: %q", rest)
			}
			check()
		})
	}
}

func TestInterruptedBuildLeavesNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot signal itself")
	}
	in, out, check := folder(t)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	code, _, stderr := run(t, func(ctx context.Context, w io.Writer, _ []byte, _ transform.Options) (transform.Stats, error) {
		w.Write(make([]byte, 1<<20))
		if err := self.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		// Even a build that takes no notice is not completed.
		w.Write(make([]byte, 1<<20))
		return transform.Stats{}, nil
	}, in, "-o", out)
	if want := "lunatic-build: " + in + ": interrupted\n"; code != cli.ExitSignal+2 || stderr != want {
		t.Errorf("got exit code %d, %q\nwant %d, %q", code, stderr, cli.ExitSignal+2, want)
	}
	check()
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	in, _, check := folder(t)
	build := func(_ context.Context, w io.Writer, _ []byte, _ transform.Options) (transform.Stats, error) {
		_, err := w.Write(make([]byte, 10))
		return transform.Stats{}, err
	}
	code, _, stderr := run(t, build, in, "-o", "/dev/full")
	if want := "lunatic-build: /dev/full: no space left on device\n"; code != cli.ExitInput || stderr != want {
		t.Errorf("got exit code %d, %q\nwant %d, %q", code, stderr, cli.ExitInput, want)
	}
	check()
	if info, err := os.Stat("/dev/full"); err != nil || info.Mode().IsRegular() {
		t.Errorf("the device has been replaced: %v, %v", info, err)
	}
}

func TestWarnings(t *testing.T) {
	in, out, _ := folder(t)
	build := func(_ context.Context, w io.Writer, _ []byte, o transform.Options) (transform.Stats, error) {
		if o.Warn != nil {
			o.Warn("section dropped: linking")
		}
		return transform.Stats{}, nil
	}
	if code, _, stderr := run(t, build, in, "-o", out); code != 0 || stderr != "lunatic-build: "+in+": warning: section dropped: linking\n" {
		t.Errorf("got exit code %d, %q", code, stderr)
	}
	if code, _, stderr := run(t, build, in, "-o", out, "-q"); code != 0 || stderr != "" {
		t.Errorf("with -q: got exit code %d, %q", code, stderr)
	}
}

func TestStats(t *testing.T) {
	st := transform.Stats{
		Functions: 19930, Suspendable: 1993, Pinned: 3, Clones: 1990, Sites: 12345678, TailSites: 17, Charges: 999, MaxFrame: 1000,
		Sections: []transform.SectionSize{{Name: "code", Before: 1000, After: 1500}, {Name: "a\nb", After: 12}},
		BytesIn:  1024, BytesOut: 1536, Time: 1234567 * time.Microsecond,
	}
	build := func(_ context.Context, w io.Writer, _ []byte, _ transform.Options) (transform.Stats, error) {
		_, err := io.WriteString(w, "artifact")
		return st, err
	}
	in, out, _ := folder(t)
	code, stdout, stderr := run(t, build, in, "-o", out, "--stats")
	if code != 0 || stderr != "" {
		t.Fatalf("got exit code %d, %q", code, stderr)
	}
	for _, want := range []string{"functions 19,930", "suspendable 1,993 10.0%", "call sites 12,345,678", "largest frame 1,000 bytes",
		"time 1.235s", "section before after", "code 1,000 1,500 150.0%", `a\nb 0 12`, "total 1,024 1,536 150.0%"} {
		if !strings.Contains(strings.Join(strings.Fields(stdout), " "), want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	code, stdout, stderr = run(t, build, in, "-o", "-", "--stats=json")
	if code != 0 || stdout != "artifact" || !strings.Contains(stderr, `"suspendable": 1993`) {
		t.Errorf("with -o -: got exit code %d, %q, %q", code, stdout, stderr)
	}
	if runtime.GOOS == "linux" && peakMemory() < 1<<20 {
		t.Errorf("peak memory is %d bytes", peakMemory())
	}
}

func TestProgress(t *testing.T) {
	var w bytes.Buffer
	start := time.Unix(0, 0)
	now := start
	p := newProgress(&w, "in.wasm")
	p.now, p.next = func() time.Time { return now }, start.Add(progressAfter)
	for range 21 { // two seconds
		p.update(1000, 4000)
		now = now.Add(50 * time.Millisecond)
	}
	p.clear()
	line := "lunatic-build: in.wasm: 1,000 of 4,000 functions (25.0%)"
	if got, want := w.String(), "\r"+line+"\r"+strings.Repeat(" ", len(line))+"\r"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	w.Reset()
	p.clear()
	if w.Len() > 0 {
		t.Errorf("cleared twice: %q", w.String())
	}
}

func TestPercentAndThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -100: "-100", 12345678: "12,345,678"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
	if got := percent(1, 0); got != "" {
		t.Errorf("percent(1, 0) = %q", got)
	}
}

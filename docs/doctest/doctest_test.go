package doctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// documents are the files whose commands are run, from the top of the repository.
var documents = []string{
	"README.md",
	"docs/tutorial-assemblyscript.md",
	"examples/pipeline/README.md",
	"docs/tutorial-c.md",
	"docs/tutorial-go.md",
	"docs/tutorial-rust.md",
	"examples/chat/README.md",
	"examples/ring/README.md",
	"examples/sandbox/README.md",
	"examples/skynet/README.md",
}

// all, as the value of this variable, makes a missing command a failure: CI has all.
const variable = "DOCS_TEST"

// patience is how long a file may take. It is only reached by failures.
const patience = 10 * time.Minute

// TestMain is also the command nc, under that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "nc" {
		if err := netcat(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "nc:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// netcat sends standard input to HOST PORT and prints what comes back. A server that was started
// by the command before may not listen yet.
func netcat(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: nc HOST PORT")
	}
	var c net.Conn
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		var err error
		if c, err = net.Dial("tcp", net.JoinHostPort(args[0], args[1])); err == nil {
			break
		} else if time.Since(begin) > patience/2 {
			return err
		}
	}
	go func() {
		io.Copy(c, os.Stdin)
		c.(*net.TCPConn).CloseWrite()
	}()
	_, err := io.Copy(os.Stdout, c)
	return err
}

func TestDocuments(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	// asc, where guests-setup has put it, will do; and npm asks no registry for what is a folder.
	path := []string{os.Getenv("PATH"), filepath.Join(root, ".cache", "guests", "node", "node_modules", ".bin")}
	t.Setenv("PATH", strings.Join(path, string(os.PathListSeparator)))
	t.Setenv("npm_config_offline", "true")
	t.Setenv("npm_config_omit", "dev peer")
	t.Setenv("npm_config_legacy_peer_deps", "true")
	bin := ""
	outer := t
	for _, name := range documents {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := Parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(doc.Steps) == 0 {
			t.Errorf("%s: nothing to run", name)
		}
		t.Run(strings.ReplaceAll(name, "/", "-"), func(t *testing.T) {
			for _, c := range doc.Needs {
				if _, err := exec.LookPath(c); err != nil && os.Getenv(variable) == "all" {
					t.Fatal(err)
				} else if err != nil {
					t.Skipf("%v (%s=all makes this a failure)", err, variable)
				}
			}
			if bin == "" {
				bin = commands(outer, root)
			}
			if err := doc.run(t, root, bin); err != nil {
				t.Error(err)
			}
		})
	}
}

// commands builds the project's commands, and nc, into a folder.
func commands(t *testing.T, root string) string {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "./cmd/...")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(bin, "nc"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// run runs a document and compares what its commands print.
func (d *Document) run(t *testing.T, root, bin string) error {
	dir := t.TempDir()
	folder := func(name string) string {
		f := filepath.Join(dir, name)
		if err := os.Mkdir(f, 0o777); err != nil {
			t.Fatal(err)
		}
		return f
	}
	work, home, output := folder("work"), folder("home"), folder("output")
	for _, name := range d.With {
		target := filepath.Join(root, name)
		if name == "bin" {
			target = bin
		}
		if err := os.Symlink(target, filepath.Join(work, name)); err != nil {
			t.Fatal(err)
		}
	}
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte(d.Script()), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", script)
	cmd.Dir = work
	cmd.WaitDelay = 5 * time.Second // what runs in the background has its output open
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "LUNATIC="+root,
		"OUTPUT="+output, "XDG_CACHE_HOME="+home, "NO_COLOR=1", "MAKEFLAGS=", "MFLAGS=", "MAKELEVEL=")
	// The go command's own cache is below XDG_CACHE_HOME, too: from nothing it takes minutes.
	if cache, err := exec.Command("go", "env", "GOCACHE").Output(); err == nil {
		cmd.Env = append(cmd.Env, "GOCACHE="+strings.TrimSpace(string(cache)))
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out.String())
	}
	n := 0
	for _, step := range d.Steps {
		for _, c := range step.Commands {
			printed, failed := os.ReadFile(filepath.Join(output, strconv.Itoa(n)))
			if failed == nil && !c.Matches(string(printed)) {
				err = errors.Join(err, fmt.Errorf("line %d: $ %s\ngot\n%s\nwant\n%s", step.Line, c.Line, printed, c.Output))
			}
			n++
		}
	}
	return err
}

const example = `
<!-- needs: bash cat -->
<!-- with: testdata -->
Text.

    not a command

` + "```sh" + `
x=1
` + "```" + `

` + "```c src/a.c" + `
int $x;
` + "```" + `

<!-- skip: there is no such command -->
` + "```sh" + `
no-such-command
` + "```" + `

    $ echo $x; cat src/a.c
    1
    ...
    $ echo one \
        two
    one two

End.

` + "```console" + `
$ printf '%s\n' "$x" 2 3 4
1
...
4
` + "```" + `
`

func TestParse(t *testing.T) {
	doc, err := Parse(example)
	if err != nil {
		t.Fatal(err)
	}
	want := &Document{
		Needs: []string{"bash", "cat"},
		With:  []string{"testdata"},
		Steps: []Step{
			{Line: 8, Text: "x=1\n"},
			{Line: 12, File: "src/a.c", Text: "int $x;\n"},
			{Line: 21, Commands: []Command{{"echo $x; cat src/a.c", "1\n...\n"}, {"echo one \\\n    two", "one two\n"}}},
			{Line: 30, Commands: []Command{{`printf '%s\n' "$x" 2 3 4`, "1\n...\n4\n"}}},
		},
	}
	if got, want := fmt.Sprintf("%+v", *doc), fmt.Sprintf("%+v", *want); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := Parse("```sh\nx\n"); err == nil {
		t.Error("a block without an end is no error")
	}
	if _, err := Parse("```console\nx\n```\n"); err == nil {
		t.Error("output without a command is no error")
	}
}

// A document runs, in one shell, and fails where it does not do what it says.
func TestRun(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"example", example, ""},
		{"output", "    $ echo a\n    b\n", "line 1: $ echo a\ngot\na\n\nwant\nb\n"},
		{"command", "```sh\nfalse\n```\n    $ echo a\n    b\n", "exit status 1\nline 1\n"},
		{"background", "```sh\nsleep 1000 &\n```\n", ""},
	}
	for _, tt := range tests {
		doc, err := Parse(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := doc.run(t, t.TempDir(), t.TempDir()); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestMatches(t *testing.T) {
	tests := []struct {
		output, printed string
		want            bool
	}{
		{"", "", true},
		{"a\n", "a\n", true},
		{"a\n", "a\nb\n", false},
		{"a.c\n", "abc\n", false},
		{"...\n", "", true},
		{"...\n", "a\nb\n", true},
		{"a\n...\nd\n", "a\nd\n", true},
		{"a\n...\nd\n", "a\nb\nc\nd\n", true},
		{"a\n...\nd\n", "a\nb\n", false},
		{"...\nd\n", "ad\n", false},
	}
	for _, tt := range tests {
		if got := (Command{Output: tt.output}).Matches(tt.printed); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.output, tt.printed, got, tt.want)
		}
	}
}

// Package clitest tests what is made from the description of a command.
package clitest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
)

// The screen that a help text should fit.
const (
	columns = 80
	rows    = 56
)

// Texts checks the help of a program and its subcommands: it fits a screen, says something
// of every flag, and has an example.
func Texts(t *testing.T, program *cli.Command) {
	for _, c := range append([]*cli.Command{program}, program.Words...) {
		lines := strings.Split(strings.TrimSuffix(c.Help(false), "\n"), "\n")
		if len(lines) > rows {
			t.Errorf("%s: the help has %d lines, more than %d", c.Name, len(lines), rows)
		}
		for _, line := range lines {
			if len(line) > columns {
				t.Errorf("%s: longer than %d columns: %q", c.Name, columns, line)
			}
		}
		if len(c.Examples) == 0 {
			t.Errorf("%s: no examples", c.Name)
		}
		for _, g := range c.Groups {
			g.Flags.VisitAll(func(f *pflag.Flag) {
				if value, text, ok := strings.Cut(f.Usage, "\t"); value == "" || ok && text == "" {
					t.Errorf("%s: --%s has no text", c.Name, f.Name)
				} else if bool := f.Value.Type() == "bool"; ok == bool {
					t.Errorf("%s: --%s: a name for the value: %v; it takes one: %v", c.Name, f.Name, ok, !bool)
				}
			})
		}
	}
}

// Readme checks that a file names every flag, and has every exit code with its meaning as
// a row of a table.
func Readme(t *testing.T, program *cli.Command, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, c := range append([]*cli.Command{program}, program.Words...) {
		for _, g := range c.Groups {
			g.Flags.VisitAll(func(f *pflag.Flag) {
				if !strings.Contains(text, "`--"+f.Name) {
					t.Errorf("%s does not have --%s of %s", file, f.Name, c.Name)
				}
			})
		}
		for _, e := range c.Exits {
			if row := "| " + e.Code + " | " + e.Meaning + " |"; !strings.Contains(text, row) {
				t.Errorf("%s does not have the row %s", file, row)
			}
		}
	}
}

// Run runs a command with input and returns what it prints, all of it. ok is false if there
// is no such command.
func Run(t *testing.T, input, name string, args ...string) (output string, ok bool) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		return "", false
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdin = t.TempDir(), strings.NewReader(input)
	for _, file := range []string{"app.wasm", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(cmd.Dir, file), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(cmd.Dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "LC_ALL=C.UTF-8", "TERM=dumb")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out), true
}

// ManPages has groff read the man pages: it may have no complaint.
func ManPages(t *testing.T, program *cli.Command) {
	for _, c := range append([]*cli.Command{program}, program.Words...) {
		page := c.Man("0.0.0")
		for _, flag := range []string{`\-\-help`, ".SH EXAMPLES", ".SH NAME"} {
			if !strings.Contains(page, flag) {
				t.Errorf("%s: the man page lacks %s", c.Name, flag)
			}
		}
		if out, ok := Run(t, page, "groff", "-man", "-ww", "-z"); ok && out != "" {
			t.Errorf("%s: groff says %s", c.Name, out)
		}
	}
}

// A Completed is a command line, without the program and with the word under the cursor
// last, and the completions that there must be, in alphabetical order, when the folder has
// app.wasm, notes.txt and folder.
type Completed struct {
	Line []string
	Want []string
}

// Bash checks completions in bash.
func Bash(t *testing.T, program *cli.Command, lines []Completed) {
	script := program.Completion("bash")
	for _, l := range lines {
		// Bash makes words of their own of =.
		words := program.Name
		for _, w := range l.Line {
			words += " '" + strings.ReplaceAll(w, "=", "' '=' '") + "'"
		}
		words = strings.ReplaceAll(words, "'=' ''", "'='")
		call := "\nCOMP_WORDS=(" + words + ")\nCOMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))\n" +
			"_" + strings.ReplaceAll(program.Name, "-", "_") + "\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
		if out, ok := Run(t, script+call, "bash", "-s"); ok {
			compare(t, "bash", l, out)
		}
	}
}

// Fish checks completions in fish.
func Fish(t *testing.T, program *cli.Command, lines []Completed) {
	for _, l := range lines {
		line := program.Name + " " + strings.Join(l.Line, " ")
		out, ok := Run(t, program.Completion("fish")+"complete -C '"+line+"'\n", "fish")
		if !ok {
			return
		}
		var words []string
		for _, row := range strings.Split(out, "\n") {
			word, _, _ := strings.Cut(row, "\t")
			words = append(words, word)
		}
		compare(t, "fish", l, strings.Join(words, "\n"))
	}
}

// Zsh has zsh read the script.
func Zsh(t *testing.T, program *cli.Command) {
	if out, _ := Run(t, program.Completion("zsh"), "zsh", "-n"); out != "" {
		t.Errorf("zsh says %s", out)
	}
}

func compare(t *testing.T, shell string, l Completed, out string) {
	t.Helper()
	got := strings.Fields(out)
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, l.Want) {
		t.Errorf("%s, %q: got %q, want %q", shell, l.Line, got, l.Want)
	}
}

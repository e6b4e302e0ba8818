package main

import (
	"fmt"
	"io"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/cmd/internal/project"
)

// initCommand sets up a project of another language.
func (c *command) initCommand() *cli.Command {
	var check, force bool
	fs := cli.NewFlags()
	fs.BoolVar(&check, "check", false, "write nothing; say what is missing")
	cli.More(fs, "check", "It is looked for on this machine: compilers, their targets and linkers, and the commands of this project. The exit code is 1 if something is missing.")
	fs.BoolVar(&force, "force", false, "overwrite what is set to something else")
	return &cli.Command{
		Name:    "lunatic-run init",
		Summary: "sets up a project for cargo, asc, go or make",
		Usage:   []string{"[DIR] [--check] [--force]"},
		About: `In a cargo project it writes .cargo/config.toml: cargo build makes an artifact, cargo run and
			cargo test use lunatic-run. In an npm project with asc, asc writes an artifact, and npm run build
			and npm start use it. In a Go module or a folder with C, it writes lunatic.mk for make.

			It shows what it has written. What is in a file stays there: if something is set to
			another value, nothing is written, unless it is forced.`,
		Groups: []cli.Group{{Title: "Flags", Flags: fs}},
		Exits: []cli.Exit{
			{Code: "0", Short: "set up", Meaning: "the project is set up; with `--check`, also nothing is missing"},
			{Code: "1", Short: "not", Meaning: "there is no project, something is in the way, or missing"},
			{Code: "2", Short: "wrong command line", Meaning: "the command line is wrong"},
		},
		Examples: [][2]string{
			{"lunatic-run init", "the current directory"},
			{"lunatic-run init --check app", "is everything there?"},
		},
		Args: cli.Values{Kind: cli.Dirs},
		Run: func(args []string) (int, error) {
			if len(args) > 1 {
				return 0, cli.Usagef("one folder at a time, not %d", len(args))
			}
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			code, err := 0, error(nil)
			if check {
				code, err = c.checkProject(dir)
			} else {
				code, err = c.setUpProject(dir, force)
			}
			if err != nil && dir != "." {
				err = fmt.Errorf("%s: %w", dir, cli.FileError(dir, err))
			}
			return code, err
		},
	}
}

// setUpProject writes what is needed and shows it.
func (c *command) setUpProject(dir string, force bool) (code int, err error) {
	s, err := project.Plan(dir, force)
	if err != nil {
		return 0, err
	}
	if s.Conflicts != nil {
		for _, text := range s.Conflicts {
			cli.Complain(c.stderr, "lunatic-run", text)
		}
		return 0, fmt.Errorf("nothing is written: --force overwrites what is set")
	}
	if err := s.Apply(); err != nil {
		return 0, err
	}
	for _, e := range s.Edits {
		fmt.Fprintln(c.stdout, e.Diff())
	}
	if s.Edits == nil {
		fmt.Fprintln(c.stdout, "The project is set up already.")
	}
	for _, text := range s.Hints {
		fmt.Fprintln(c.stdout, text)
	}
	missing, err := project.Check(dir)
	if err != nil {
		return 0, err
	}
	printMissing(c.stdout, missing)
	return 0, nil
}

// printMissing prints what is not there and returns how many things that are.
func printMissing(w io.Writer, all []project.Requirement) (n int) {
	for _, r := range all {
		if r.Found == "" {
			fmt.Fprintf(w, "missing: %s: %s\n", r.Name, cli.Printable(r.Remedy))
			n++
		}
	}
	return n
}

// checkProject says what is there and what is missing.
func (c *command) checkProject(dir string) (code int, err error) {
	all, err := project.Check(dir)
	if err != nil {
		return 0, err
	}
	s, err := project.Plan(dir, false)
	if err != nil {
		return 0, err
	}
	for _, r := range all {
		if r.Found != "" {
			fmt.Fprintf(c.stdout, "ok: %s: %s\n", r.Name, cli.Printable(r.Found))
		}
	}
	n := printMissing(c.stdout, all)
	for _, e := range s.Edits {
		fmt.Fprintf(c.stdout, "missing: %s: lunatic-run init\n", e.Name)
	}
	for _, text := range s.Conflicts {
		fmt.Fprintf(c.stdout, "missing: %s: lunatic-run init --force\n", cli.Printable(text))
	}
	if n+len(s.Edits)+len(s.Conflicts) > 0 {
		code = 1
	}
	return code, nil
}

package main

import (
	"testing"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/cmd/internal/cli/clitest"
)

// program is the description that run uses.
func program() *cli.Command {
	cmd := new(options).command()
	cmd.AddStandardWords(cli.Output{})
	return cmd
}

func TestTexts(t *testing.T) {
	clitest.Texts(t, program())
	clitest.Readme(t, program(), "../../README.md")
	clitest.ManPages(t, program())
}

func TestCompletion(t *testing.T) {
	lines := []clitest.Completed{
		{Line: []string{"--pre"}, Want: []string{"--preempt"}},
		{Line: []string{"a"}, Want: []string{"app.wasm"}},
		{Line: []string{"app.wasm", "-o", "no"}, Want: []string{"notes.txt"}},
		{Line: []string{"comp"}, Want: []string{"completion"}},
		{Line: []string{"completion", ""}, Want: []string{"bash", "fish", "zsh"}},
		{Line: []string{"help", ""}, Want: []string{"completion", "help"}},
		{Line: []string{"help", "--m"}, Want: []string{"--man"}},
	}
	clitest.Bash(t, program(), append(lines,
		clitest.Completed{Line: []string{"--preempt="}, Want: []string{"off", "park", "unwind"}},
		clitest.Completed{Line: []string{"--preempt", ""}, Want: []string{"off", "park", "unwind"}},
		clitest.Completed{Line: []string{"--stats=j"}, Want: []string{"json"}},
		clitest.Completed{Line: []string{"-O", ""}, Want: []string{"0", "1", "2"}},
	))
	clitest.Fish(t, program(), append(lines,
		clitest.Completed{Line: []string{"--preempt=p"}, Want: []string{"--preempt=park"}},
		clitest.Completed{Line: []string{"--preempt", ""}, Want: []string{"off", "park", "unwind"}},
	))
	clitest.Zsh(t, program())
}

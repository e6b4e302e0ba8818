package main

import (
	"io"
	"testing"

	"github.com/lunatic-go/lunatic/cmd/internal/cli/clitest"
)

func TestTexts(t *testing.T) {
	program := (&command{stdout: io.Discard, stderr: io.Discard}).commands()
	clitest.Texts(t, program)
	clitest.Readme(t, program, "../../README.md")
	clitest.ManPages(t, program)
}

func TestCompletion(t *testing.T) {
	program := (&command{stdout: io.Discard, stderr: io.Discard}).commands()
	lines := []clitest.Completed{
		{Line: []string{"--max-m"}, Want: []string{"--max-memory"}},
		{Line: []string{"a"}, Want: []string{"app.wasm"}},
		{Line: []string{"--stress", ""}, Want: []string{"all", "hibernate", "suspend", "yield"}},
		{Line: []string{"completion", "z"}, Want: []string{"zsh"}},
		{Line: []string{"run", "--sli"}, Want: []string{"--slice"}},
	}
	clitest.Bash(t, program, append(lines,
		clitest.Completed{Line: []string{"--stress=y"}, Want: []string{"yield"}},
		clitest.Completed{Line: []string{"--dir", ""}, Want: []string{"folder"}},
		// What follows the module is the guest's.
		clitest.Completed{Line: []string{"--workers", "2", "app.wasm", "n"}, Want: []string{"notes.txt"}},
		clitest.Completed{Line: []string{"--workers=2", "app.wasm", "--max-m"}, Want: nil},
		clitest.Completed{Line: []string{"run", "app.wasm", "no"}, Want: []string{"notes.txt"}},
	))
	clitest.Fish(t, program, append(lines,
		clitest.Completed{Line: []string{"--dir", ""}, Want: []string{"folder/"}},
	))
	clitest.Zsh(t, program)
}

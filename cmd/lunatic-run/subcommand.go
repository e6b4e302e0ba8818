package main

import (
	"errors"
	"io/fs"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
)

// commands returns what the command line may say: how to run a module, and the words that
// may stand first, each in a file of its own, in the order of the help.
func (c *command) commands() *cli.Command {
	root := c.runCommand()
	run := c.runCommand()
	run.Name, run.Summary, run.Version = "lunatic-run run", "runs a module: the word may be left out", nil
	root.Words = []*cli.Command{
		run,
		c.testCommand(),
		c.inspectCommand(),
		c.initCommand(),
	}
	root.AddStandardWords(c.output())
	return root
}

// runCommand runs a module.
func (c *command) runCommand() *cli.Command {
	var o options
	cmd := o.command()
	cmd.Run = func(args []string) (int, error) {
		if err := o.check(args); err != nil {
			return 0, err
		}
		return c.program(&o)
	}
	return cmd
}

// noFile is the error of a file that cannot be read: it may have been meant as a word.
func (c *command) noFile(name string, err error) error {
	if near := c.commands().NearWord(name); near != "" && errors.Is(err, fs.ErrNotExist) {
		return errors.New(errors.Unwrap(err).Error() + "; did you mean the command " + near + "?")
	}
	return cli.FileError(name, err)
}

package cli

import (
	"fmt"
	"io"
	"strings"
)

// AddStandardWords adds what programs have in common: completion and help.
func (c *Command) AddStandardWords(out Output) {
	c.Words = append(c.Words, c.completionWord(out))
	c.Words = append(c.Words, c.helpWord(out))
}

func (c *Command) completionWord(out Output) *Command {
	return &Command{
		Name:    c.Name + " completion",
		Summary: "prints a script that completes command lines",
		Usage:   []string{strings.Join(Shells, "|")},
		About:   "The script completes flags, their values, subcommands and files. It is made from the same table as the help.",
		Args:    Values{Words, Shells},
		Examples: [][2]string{
			{"source <(" + c.Name + " completion bash)", "bash, this session"},
			{c.Name + " completion zsh > ~/.zfunc/_" + c.Name, "zsh"},
			{c.Name + " completion fish | source", "fish, this session"},
		},
		Run: func(args []string) (int, error) {
			if len(args) != 1 {
				return 0, Usagef("name one shell: %s", strings.Join(Shells, ", "))
			}
			script := c.Completion(args[0])
			if script == "" {
				return 0, Usagef("%s: not one of the shells %s", args[0], strings.Join(Shells, ", "))
			}
			_, err := io.WriteString(out.Stdout, script)
			return 0, err
		},
	}
}

func (c *Command) helpWord(out Output) *Command {
	man, words := false, false
	fs := NewFlags()
	fs.BoolVar(&man, "man", false, "the man page, for man -l")
	fs.BoolVar(&words, "words", false, "the words that may stand first, one a line")
	return &Command{
		Name:    c.Name + " help",
		Summary: "prints the help, of a command or of all",
		Usage:   []string{"[--man] [COMMAND]", "--words"},
		Groups:  []Group{{"Flags", fs}},
		Args:    Values{Words, append(c.words(), "help")},
		Examples: [][2]string{
			{c.Name + " help --man | man -l -", "read the man page"},
		},
		Run: func(args []string) (int, error) {
			of, err := c.find(args)
			if err != nil {
				return 0, err
			}
			text := of.Help(StyleOf(out.Stdout))
			switch {
			case words:
				text = strings.Join(c.words(), "\n") + "\n"
			case man:
				text = of.Man(c.program() + " " + Version())
			}
			_, err = io.WriteString(out.Stdout, text)
			return 0, err
		},
	}
}

// NearWord returns the subcommand that name was meant to be; empty if there is none.
func (c *Command) NearWord(name string) string { return Nearest(name, c.words()) }

// find returns the command that args name.
func (c *Command) find(args []string) (*Command, error) {
	if len(args) == 0 {
		return c, nil
	}
	for _, w := range c.Words {
		if len(args) == 1 && w.word() == args[0] {
			return w, nil
		}
	}
	hint := ""
	if near := c.NearWord(args[0]); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return nil, Usagef("no command is called %q%s", strings.Join(args, " "), hint)
}

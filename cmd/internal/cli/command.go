// Package cli is what the commands share: flags and their errors, and the texts that are
// made from one description of a command: its help, its man page and the completion of
// shells.
package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// A Command is a program, or a word that may stand first after the program's name. A file of
// that name is given as ./NAME.
type Command struct {
	Name    string   // as it is typed: lunatic-run inspect
	Summary string   // what it does, for one line: "says what a module needs"
	Usage   []string // what stands behind the name
	About   string   // paragraphs, divided by empty lines
	More    string   // further ones, which only the man page has
	Groups  []Group
	Exits   []Exit
	// Examples are command lines, each with what it does, which may be empty.
	Examples [][2]string
	// Words are the subcommands, of a program.
	Words []*Command
	// Args says how shells complete arguments.
	Args Values
	// Stop says that the first argument ends the flags: what follows is somebody else's.
	Stop    bool
	Version func() string // what --version prints; nil: there is no such flag
	// Run does it, with the arguments that are not flags, and returns the exit code; with
	// an error, which is printed, 0 means ExitInput. A *UsageError is told with a pointer to
	// the help.
	Run func(args []string) (code int, err error)
	// AtDash is how many of the arguments stand before --, after they were parsed; -1: there
	// is none.
	AtDash int
}

// A Group is flags under a heading.
type Group struct {
	Title string
	Flags *pflag.FlagSet
}

// An Exit is an exit code, which may be a pattern, and its meaning: in few words for the
// help, in a sentence for the man page.
type Exit struct{ Code, Short, Meaning string }

// Exit codes of all commands.
const (
	ExitInput    = 1
	ExitUsage    = 2
	ExitInternal = 3
	ExitSignal   = 128 // plus the number of the signal
)

// Output is where a command writes.
type Output struct{ Stdout, Stderr io.Writer }

// Main runs the command with its arguments and returns the exit code.
func (c *Command) Main(out Output, args []string) (code int) {
	if len(args) > 0 {
		for _, w := range c.Words {
			if w.word() == args[0] {
				return w.Main(out, args[1:])
			}
		}
	}
	p, rest, err := c.parse(args)
	switch {
	case err != nil:
	case p.help:
		io.WriteString(out.Stdout, c.Help(StyleOf(out.Stdout)))
		return 0
	case p.version:
		fmt.Fprintln(out.Stdout, c.program(), c.Version())
		return 0
	default:
		code, err = c.Run(rest)
	}
	if err == nil {
		return code
	}
	if code == 0 {
		code = ExitInput
	}
	line := err.Error()
	var usage *UsageError
	if errors.As(err, &usage) {
		code, line = ExitUsage, line+" (see "+c.Name+" --help)"
	}
	Complain(out.Stderr, c.program(), line)
	return code
}

// word is the last word of the name, program the first.
func (c *Command) word() string    { return c.Name[strings.LastIndexByte(c.Name, ' ')+1:] }
func (c *Command) program() string { p, _, _ := strings.Cut(c.Name, " "); return p }

// A UsageError is a fault of the command line.
type UsageError struct{ text string }

func (e *UsageError) Error() string { return e.text }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}

// Complain writes a message of the program's. What is in it may come from files and guests:
// nothing of it reaches a terminal as a control character.
func Complain(w io.Writer, program, line string) {
	fmt.Fprintf(w, "%s %s\n", StyleOf(w).Error(program+":"), Printable(line))
}

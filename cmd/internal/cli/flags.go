package cli

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// NewFlags makes an empty set. The text of a flag is short; of one that takes a value it
// begins with what stands for the value, and a tab: "FILE\twrite to FILE".
func NewFlags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.SortFlags = false
	return fs
}

// Values says what an argument, or the value of a flag, may be. Shells complete it.
type Values struct {
	Kind  Kind
	Words []string // for Words
}

// Kind is a kind of values.
type Kind int

const (
	Anything Kind = iota
	Words
	Files
	Modules // files that end in .wasm
	Dirs
	Rest // a module, then the arguments of the guest
)

// annotations of a flag
const (
	noteMore  = "more"
	noteWords = "words"
	noteFiles = "files"
	noteDirs  = "dirs"
)

// More adds to the text of a flag what only the man page says.
func More(fs *pflag.FlagSet, flag, text string) { fs.SetAnnotation(flag, noteMore, []string{text}) }

// OneOf says which values a flag takes.
func OneOf(fs *pflag.FlagSet, flag string, words ...string) {
	fs.SetAnnotation(flag, noteWords, words)
}

// IsFile and IsDir say that a flag takes the name of one.
func IsFile(fs *pflag.FlagSet, flag string) { fs.SetAnnotation(flag, noteFiles, nil) }
func IsDir(fs *pflag.FlagSet, flag string)  { fs.SetAnnotation(flag, noteDirs, nil) }

// valuesOf returns what a flag takes.
func valuesOf(f *pflag.Flag) Values {
	if words, ok := f.Annotations[noteWords]; ok {
		return Values{Words, words}
	}
	if _, ok := f.Annotations[noteFiles]; ok {
		return Values{Kind: Files}
	}
	if _, ok := f.Annotations[noteDirs]; ok {
		return Values{Kind: Dirs}
	}
	return Values{}
}

// textOf returns what stands for the flag's value, if it has one, and its text.
func textOf(f *pflag.Flag) (value, text string) {
	value, text, ok := strings.Cut(f.Usage, "\t")
	if !ok {
		return "", value
	}
	return value, text
}

// takesValue reports whether the next argument is the flag's value.
func takesValue(f *pflag.Flag) bool { return f.NoOptDefVal == "" }

// standard are the flags of every command.
type standard struct{ help, version bool }

// flags returns all flags: those of the groups, and the standard ones.
func (c *Command) flags() (*pflag.FlagSet, *standard) {
	var s standard
	fs := NewFlags()
	fs.SetInterspersed(!c.Stop)
	for _, g := range c.groups(&s) {
		fs.AddFlagSet(g.Flags)
	}
	return fs, &s
}

// groups returns the groups with the standard flags at the end of the last one.
func (c *Command) groups(s *standard) []Group {
	last := NewFlags()
	title := "Flags"
	groups := slices.Clone(c.Groups)
	if n := len(groups); n > 0 {
		title = groups[n-1].Title
		last.AddFlagSet(groups[n-1].Flags)
		groups = groups[:n-1]
	}
	if c.Version != nil {
		last.BoolVar(&s.version, "version", false, "print the version")
	}
	last.BoolVarP(&s.help, "help", "h", false, "print this text")
	return append(groups, Group{title, last})
}

// Parse reads the flags and returns the arguments that are none.
func (c *Command) Parse(args []string) ([]string, error) {
	_, rest, err := c.parse(args)
	return rest, err
}

// parse reads the flags and returns the arguments that are none.
func (c *Command) parse(args []string) (*standard, []string, error) {
	fs, s := c.flags()
	err := fs.Parse(args)
	if err == nil {
		c.AtDash = fs.ArgsLenAtDash()
		return s, fs.Args(), nil
	}
	text := err.Error()
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		fs.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := Nearest(unknown.GetSpecifiedName(), names); near != "" && unknown.GetSpecifiedShortnames() == "" {
			text += "; did you mean --" + near + "?"
		}
	}
	return nil, nil, &UsageError{text}
}

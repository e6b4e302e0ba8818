package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// width is that of the help in columns, and column where the texts of flags begin.
const (
	width  = 80
	column = 28
)

// Help is the text for --help.
func (c *Command) Help(s Style) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.\n\n%s\n", c.Name, c.Summary, s.Heading("Usage:"))
	for _, u := range c.Usage {
		fmt.Fprintf(&b, "  %s %s\n", c.Name, u)
	}
	if c.About != "" {
		for _, paragraph := range strings.Split(c.About, "\n\n") {
			fmt.Fprintf(&b, "\n%s\n", strings.Join(wrap(paragraph, width), "\n"))
		}
	}
	b.WriteString("\n")
	for _, g := range c.groups(&standard{}) {
		fmt.Fprintf(&b, "%s\n", s.Heading(g.Title+":"))
		g.Flags.VisitAll(func(f *pflag.Flag) {
			_, text := textOf(f)
			row(&b, flagName(f), text)
		})
	}
	if len(c.Words) > 0 {
		fmt.Fprintf(&b, "%s\n", s.Heading("Instead of a file ("+c.Name+" help WORD says more):"))
		for _, w := range c.Words {
			row(&b, "      "+w.word(), w.Summary)
		}
	}
	if len(c.Exits) > 0 {
		var codes []string
		for _, e := range c.Exits {
			codes = append(codes, e.Code+" "+e.Short)
		}
		fmt.Fprintf(&b, "%s\n", s.Heading("Exit codes:"))
		row(&b, "", strings.Join(codes, ", "))
	}
	if len(c.Examples) > 0 {
		fmt.Fprintf(&b, "%s\n", s.Heading("Examples:"))
		for _, e := range c.Examples {
			b.WriteString(strings.TrimRight(fmt.Sprintf("  %-*s  %s", c.longest(), e[0], e[1]), " ") + "\n")
		}
	}
	return b.String()
}

// longest is the length of the longest example.
func (c *Command) longest() (n int) {
	for _, e := range c.Examples {
		n = max(n, len(e[0]))
	}
	return n
}

// flagName is how a flag is written: "  -o, --output FILE", "      --stats[=json]".
func flagName(f *pflag.Flag) string {
	value, _ := textOf(f)
	name := "      --" + f.Name
	if f.Shorthand != "" {
		name = "  -" + f.Shorthand + ", --" + f.Name
	}
	switch {
	case f.Value.Type() == "bool":
		return name
	case f.NoOptDefVal != "":
		return name + "[=" + value + "]"
	default:
		return name + " " + value
	}
}

// row writes a name and, beside or below it, a text.
func row(b *strings.Builder, name, text string) {
	lines := wrap(text, width-column)
	if len(name) > column-2 {
		b.WriteString(name + "\n")
		name = ""
	}
	for _, line := range lines {
		fmt.Fprintf(b, "%-*s%s\n", column, name, line)
		name = ""
	}
}

// wrap divides a text into lines of at most n columns.
func wrap(text string, n int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > n:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

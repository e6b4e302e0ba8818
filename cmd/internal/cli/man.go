package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// Man is the man page, in the language of man(7).
func (c *Command) Man(version string) string {
	var b strings.Builder
	page := strings.ReplaceAll(c.Name, " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" %s Lunatic\n", quote(strings.ToUpper(page)), quote(version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(page), roff(c.Summary))
	b.WriteString(".SH SYNOPSIS\n")
	for i, u := range c.Usage {
		if i > 0 {
			b.WriteString(".br\n")
		}
		fmt.Fprintf(&b, ".B %s\n%s\n", roff(c.Name), roff(u))
	}
	b.WriteString(".SH DESCRIPTION\n")
	manText(&b, strings.TrimSpace(c.About+"\n\n"+c.More), ".PP\n")
	b.WriteString(".SH OPTIONS\n")
	for _, g := range c.groups(&standard{}) {
		fmt.Fprintf(&b, ".SS %s\n", quote(g.Title))
		g.Flags.VisitAll(func(f *pflag.Flag) { manFlag(&b, f) })
	}
	if len(c.Words) > 0 {
		b.WriteString(".SH COMMANDS\n")
		for _, w := range c.Words {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(w.word()), roff(w.Summary+"."))
		}
	}
	if len(c.Exits) > 0 {
		b.WriteString(".SH \"EXIT STATUS\"\n")
		for _, e := range c.Exits {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(e.Code), roff(e.Meaning))
		}
	}
	if len(c.Examples) > 0 {
		b.WriteString(".SH EXAMPLES\n")
		for i, e := range c.Examples {
			if i > 0 {
				b.WriteString(".PP\n")
			}
			if e[1] != "" {
				fmt.Fprintf(&b, "%s:\n", roff(e[1]))
			}
			fmt.Fprintf(&b, ".RS 4\n.nf\n%s\n.fi\n.RE\n", roff(e[0]))
		}
	}
	return b.String()
}

// manFlag writes a flag with all there is to say about it.
func manFlag(b *strings.Builder, f *pflag.Flag) {
	_, text := textOf(f)
	if more := f.Annotations[noteMore]; len(more) > 0 {
		text += "\n\n" + more[0]
	}
	fmt.Fprintf(b, ".TP\n.B %s\n", roff(strings.TrimSpace(flagName(f))))
	manText(b, text, ".IP\n")
}

// manText writes paragraphs.
func manText(b *strings.Builder, text, between string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(roff(strings.Join(strings.Fields(paragraph), " ")) + "\n")
	}
}

// roff writes text so that it means itself.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "~", `\(ti`, "^", `\(ha`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// quote is roff for an argument of a macro.
func quote(s string) string { return `"` + strings.ReplaceAll(roff(s), `"`, `\(dq`) + `"` }

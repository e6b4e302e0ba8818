package cli

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// A Style says whether text is coloured.
type Style bool

// StyleOf is for what is written to w: colours are for terminals that know them, unless
// NO_COLOR is set.
func StyleOf(w io.Writer) Style {
	f, ok := w.(*os.File)
	return Style(ok && IsTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// Error is for the name of the program that complains, Heading for a heading.
func (s Style) Error(text string) string   { return s.with("1;31", text) }
func (s Style) Heading(text string) string { return s.with("1", text) }

func (s Style) with(code, text string) string {
	if !s || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// IsTerminal reports whether somebody may be reading f.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// Printable replaces what a terminal would not print.
func Printable(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unprintable(r) {
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }

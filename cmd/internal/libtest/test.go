package libtest

import (
	"fmt"
	"slices"
	"strings"
)

// Prefix begins the names of exported functions that are tests.
const Prefix = "#lunatic_test_"

// A Test is an exported function that is a test.
type Test struct {
	Name   string // to be shown and filtered
	Export string // of the function
	Ignore bool   // it only runs if it is asked for
	// Panics: it passes if it fails, with a message that contains Expected.
	Panics   bool
	Expected string
}

// Find returns the tests among a module's exports, sorted by name. Behind the prefix
// stands, if it applies, #ignore_, then #panic_TEXT# with \# for # in the text, and then the
// test's name.
func Find(exports []string) ([]Test, error) {
	var tests []Test
	for _, e := range exports {
		name, ok := strings.CutPrefix(e, Prefix)
		if !ok {
			continue
		}
		t := Test{Export: e}
		name, t.Ignore = strings.CutPrefix(name, "#ignore_")
		if name, t.Panics = strings.CutPrefix(name, "#panic_"); t.Panics {
			if t.Expected, name, ok = cutText(name); !ok {
				return nil, fmt.Errorf("export %q: the text that the test is expected to fail with has no end", e)
			}
		}
		t.Name = name
		tests = append(tests, t)
	}
	slices.SortFunc(tests, func(a, b Test) int { return strings.Compare(a.Name, b.Name) })
	return tests, nil
}

// cutText cuts s at the first # that has no backslash before it.
func cutText(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], `\#`):
			b.WriteByte('#')
			i++
		case s[i] == '#':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

// title is how the test is called where its result is told.
func (t *Test) title() string {
	if t.Panics {
		return t.Name + " - should panic"
	}
	return t.Name
}

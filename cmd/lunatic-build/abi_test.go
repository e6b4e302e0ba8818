package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/transform"
)

// What docs/abi.md calls suspending is what lunatic-build makes so by default, function by
// function. TestABI of runner/host compares names and types.
func TestABISuspends(t *testing.T) {
	text, err := os.ReadFile("../../docs/abi.md")
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`^## (.*)\n`)
	row := regexp.MustCompile("^\\| `(\\w+)\\([^)]*\\)` \\| `[^`]*` \\| (suspends|listed) \\|")
	var found []string
	namespace := ""
	for line := range strings.Lines(string(text)) {
		if m := heading.FindStringSubmatch(line); m != nil {
			namespace = m[1]
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := namespace + "." + m[1]
		found = append(found, name)
		if !slices.Contains(transform.DefaultSuspendImports, name) {
			t.Errorf("%s %s, but is not in transform.DefaultSuspendImports: no caller of it can be unwound", name, m[2])
		}
	}
	for _, name := range transform.DefaultSuspendImports {
		if !slices.Contains(found, name) {
			t.Errorf("%s is in transform.DefaultSuspendImports, and docs/abi.md does not say that it suspends", name)
		}
	}
}

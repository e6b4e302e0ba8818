package project

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// errByHand says that a file is written in a way that an edit does not understand.
var errByHand = errors.New("is written in a way that a program had better not edit")

// A tomlFile is a text in TOML, and what it says.
type tomlFile struct {
	text string
	doc  map[string]any
}

func parseTOML(text string) (*tomlFile, error) {
	f := &tomlFile{text: text, doc: map[string]any{}}
	if err := toml.Unmarshal([]byte(text), &f.doc); err != nil {
		return nil, err
	}
	return f, nil
}

// get returns the value of a key in a table; nil if there is none.
func (f *tomlFile) get(table []string, key string) any {
	doc := f.doc
	for _, name := range table {
		doc, _ = doc[name].(map[string]any)
	}
	return doc[key]
}

// set gives a key of a table a string as its value. Everything else stays as it is written.
// It fails with errByHand if it cannot: the table may be written inline, say.
func (f *tomlFile) set(table []string, key, value string) error {
	lines := strings.SplitAfter(f.text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	line := fmt.Sprintf("%s = %q\n", key, value)
	start, end := findTable(lines, table)
	switch at := findKey(lines[start:end], key); {
	case start == end: // no such table
		if n := len(lines); n > 0 {
			if !strings.HasSuffix(lines[n-1], "\n") {
				lines[n-1] += "\n"
			}
			lines = append(lines, "\n")
		}
		lines = append(lines, "["+strings.Join(table, ".")+"]\n", line)
	case at >= 0:
		lines[start+at] = line
	default: // behind its last line that is not empty
		for end > start+1 && strings.TrimSpace(lines[end-1]) == "" {
			end--
		}
		if !strings.HasSuffix(lines[end-1], "\n") {
			lines[end-1] += "\n"
		}
		lines = append(lines[:end:end], append([]string{line}, lines[end:]...)...)
	}
	changed, err := parseTOML(strings.Join(lines, ""))
	if err != nil {
		return errByHand
	}
	put(f.doc, table, key, value)
	if !reflect.DeepEqual(changed.doc, f.doc) {
		return errByHand
	}
	f.text = changed.text
	return nil
}

func put(doc map[string]any, table []string, key, value string) {
	for _, name := range table {
		inner, ok := doc[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			doc[name] = inner
		}
		doc = inner
	}
	doc[key] = value
}

// findTable returns the range of the lines of a table, its header included; an empty one
// if there is none.
func findTable(lines []string, table []string) (start, end int) {
	var names []string
	for _, name := range table {
		names = append(names, `["']?`+regexp.QuoteMeta(name)+`["']?`)
	}
	header := regexp.MustCompile(`^\s*\[\s*` + strings.Join(names, `\s*\.\s*`) + `\s*\]\s*(#.*)?$`)
	for i, line := range lines {
		if !header.MatchString(strings.TrimRight(line, "\r\n")) {
			continue
		}
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[end]), "[") {
			end++
		}
		return i, end
	}
	return 0, 0
}

// findKey returns the line that sets a key, -1 if there is none.
func findKey(lines []string, key string) int {
	sets := regexp.MustCompile(`^\s*["']?` + regexp.QuoteMeta(key) + `["']?\s*=`)
	for i, line := range lines {
		if sets.MatchString(line) {
			return i
		}
	}
	return -1
}

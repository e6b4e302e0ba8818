package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

// A jsonFile is a text in JSON, and what it says.
type jsonFile struct {
	text string
	doc  map[string]any
}

func parseJSON(text string) (*jsonFile, error) {
	f := &jsonFile{text: text}
	if err := json.Unmarshal([]byte(text), &f.doc); err != nil {
		return nil, err
	}
	if f.doc == nil {
		return nil, errors.New("is not an object")
	}
	return f, nil
}

// get returns a value by the names that lead to it; nil if there is none.
func (f *jsonFile) get(path ...string) any {
	var v any = f.doc
	for _, name := range path {
		doc, _ := v.(map[string]any)
		v = doc[name]
	}
	return v
}

// text returns a string by the names that lead to it; "" if there is none.
func (f *jsonFile) str(path ...string) string {
	s, _ := f.get(path...).(string)
	return s
}

// set gives a member a value, which becomes the last one of its object if it is new. The
// rest of the text stays as it is.
func (f *jsonFile) set(value any, path ...string) error {
	text, err := setJSON(f.text, value, path, "\n")
	if err != nil {
		return err
	}
	changed, err := parseJSON(text)
	if err != nil || !reflect.DeepEqual(changed.get(path...), canonical(value)) {
		return errByHand
	}
	*f = *changed
	return nil
}

// canonical returns a value as it is read back.
func canonical(value any) (v any) {
	b, _ := json.Marshal(value)
	json.Unmarshal(b, &v)
	return v
}

// A member is a name and the place of its value.
type member struct {
	name       string
	start, end int
}

// setJSON sets a member of the object that text is. outer is what stands before a member of
// the object around it: a line's end and its indentation.
func setJSON(text string, value any, path []string, outer string) (string, error) {
	open, members, err := membersOf(text)
	if err != nil {
		return "", err
	}
	before := outer + indentOf(outer)
	if len(members) > 0 {
		before = text[open+1 : open+1+strings.IndexByte(text[open+1:], '"')]
	}
	for _, m := range members {
		if m.name != path[0] {
			continue
		}
		inner := encode(value, before)
		if len(path) > 1 {
			if inner, err = setJSON(text[m.start:m.end], value, path[1:], before); err != nil {
				return "", err
			}
		}
		return text[:m.start] + inner + text[m.end:], nil
	}
	for i := len(path) - 1; i > 0; i-- {
		value = map[string]any{path[i]: value}
	}
	added := before + encode(path[0], "") + ": " + encode(value, before)
	if len(members) == 0 {
		return text[:open+1] + added + outer + strings.TrimLeft(text[open+1:], " \t\r\n"), nil
	}
	if !strings.Contains(before, "\n") && before == "" {
		added = " " + added
	}
	last := members[len(members)-1].end
	return text[:last] + "," + added + text[last:], nil
}

// membersOf returns the members of the object that text is, and where it opens.
func membersOf(text string) (open int, members []member, err error) {
	dec := json.NewDecoder(strings.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return 0, nil, errByHand
	}
	open = int(dec.InputOffset()) - 1
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return 0, nil, err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return 0, nil, err
		}
		end := int(dec.InputOffset())
		s, _ := name.(string)
		members = append(members, member{s, end - len(raw), end})
	}
	return open, members, nil
}

// indentOf returns one step of indentation, given what stands before a member.
func indentOf(before string) string {
	if strings.Contains(before, "\t") {
		return "\t"
	}
	return "  "
}

// encode returns a value's text, its lines indented as before says.
func encode(value any, before string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_, list := value.([]string)
	if strings.Contains(before, "\n") && !list {
		enc.SetIndent(before[strings.LastIndexByte(before, '\n')+1:], indentOf(before))
	}
	enc.Encode(value)
	return strings.TrimSpace(b.String())
}

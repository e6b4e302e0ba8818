package project

import (
	"errors"
	"testing"
)

func TestSetTOML(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "[build]\ntarget = \"w\"\n"},
		{"another table", "[alias]\nb = \"build\"\n", "[alias]\nb = \"build\"\n\n[build]\ntarget = \"w\"\n"},
		{"no line's end", "[alias]\nb = \"build\"", "[alias]\nb = \"build\"\n\n[build]\ntarget = \"w\"\n"},
		{"the table", "# mine\n[build] # here\njobs = 2\n\n[alias]\n", "# mine\n[build] # here\njobs = 2\ntarget = \"w\"\n\n[alias]\n"},
		{"an empty table", "[build]\n", "[build]\ntarget = \"w\"\n"},
		{"an empty table at the end", "[build]", "[build]\ntarget = \"w\"\n"},
		{"another value", "[ build ]\n  target= 'x' # why\njobs = 2\n", "[ build ]\ntarget = \"w\"\njobs = 2\n"},
		{"a table below", "[build.env]\na = \"b\"\n", "[build.env]\na = \"b\"\n\n[build]\ntarget = \"w\"\n"},
		{"quoted", "['build']\njobs = 2\n", "['build']\njobs = 2\ntarget = \"w\"\n"},
		{"an array of tables", "[[x]]\ntarget = 'a'\n", "[[x]]\ntarget = 'a'\n\n[build]\ntarget = \"w\"\n"},
		{"CRLF", "[build]\r\njobs = 2\r\n", "[build]\r\njobs = 2\r\ntarget = \"w\"\n"},
		// Written in other ways: nothing is damaged.
		{"inline", "build = { jobs = 2 }\n", ""},
		{"dotted", "build.jobs = 2\n", ""},
		{"a list over lines", "[build]\ntarget = [\n'a',\n]\n", ""},
		{"in a string", "a = '''\n[build]\n'''\n", ""},
		{"a key in a string", "[build]\na = '''\ntarget = 3\n'''\ntarget = 'x'\n", ""},
	} {
		f, err := parseTOML(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		err = f.set([]string{"build"}, "target", "w")
		switch {
		case tt.want == "":
			if !errors.Is(err, errByHand) || f.text != tt.text {
				t.Errorf("%s: got %v and\n%s", tt.name, err, f.text)
			}
		case err != nil || f.text != tt.want:
			t.Errorf("%s: got %v and\n%s\nwant\n%s", tt.name, err, f.text, tt.want)
		}
	}
}

func TestSetJSON(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		value      any
		path       []string
		want       string
	}{
		{"empty", "{}", "v", []string{"a"}, "{\n  \"a\": \"v\"\n}"},
		{"empty, with a line", "{\n}\n", "v", []string{"a", "b"}, "{\n  \"a\": {\n    \"b\": \"v\"\n  }\n}\n"},
		{"behind", "{\n    \"x\": 1\n}\n", "v", []string{"a"}, "{\n    \"x\": 1,\n    \"a\": \"v\"\n}\n"},
		{"tabs", "{\n\t\"x\": {\n\t\t\"y\": [1, 2]\n\t}\n}\n", "v", []string{"x", "a", "b"}, "{\n\t\"x\": {\n\t\t\"y\": [1, 2],\n\t\t\"a\": {\n\t\t\t\"b\": \"v\"\n\t\t}\n\t}\n}\n"},
		{"replaced", "{ \"b\": 1,  \"a\" :{\"c\":2}, \"d\": 3 }", "v", []string{"a"}, "{ \"b\": 1,  \"a\" :\"v\", \"d\": 3 }"},
		{"one line", `{"x":1}`, "v", []string{"a"}, `{"x":1, "a": "v"}`},
		{"a list", "{\n  \"x\": {}\n}", []string{"p", "q"}, []string{"x", "a"}, "{\n  \"x\": {\n    \"a\": [\"p\",\"q\"]\n  }\n}"},
		{"no HTML", "{}", "a && <b>", []string{"a"}, "{\n  \"a\": \"a && <b>\"\n}"},
		{"a number", "{}", 3, []string{"a"}, "{\n  \"a\": 3\n}"},
		{"a quote in a name", `{"a\"b": {"c": "}"}}`, "v", []string{`a"b`, "d"}, `{"a\"b": {"c": "}", "d": "v"}}`},
		{"no object on the way", `{"a": 1}`, "v", []string{"a", "b"}, ""},
	} {
		f, err := parseJSON(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		err = f.set(tt.value, tt.path...)
		switch {
		case tt.want == "":
			if err == nil || f.text != tt.text {
				t.Errorf("%s: got %v and\n%s", tt.name, err, f.text)
			}
		case err != nil || f.text != tt.want:
			t.Errorf("%s: got %v and\n%s\nwant\n%s", tt.name, err, f.text, tt.want)
		}
	}
	for _, text := range []string{"", "null", "[]", "{", `{"a":}`} {
		if f, err := parseJSON(text); err == nil {
			t.Errorf("%q: got %v", text, f.doc)
		}
	}
}

func TestKnowsWASI(t *testing.T) {
	for version, want := range map[string]bool{
		"go1.20": false, "go1.20.14": false, "go1.9": false, "go1.21": true, "go1.21rc2": true, "go1.20rc1": false, "go1.26.8": true, "go2.0": true, "devel go1.27-abc": true, "": true,
	} {
		if got := knowsWASI(version); got != want {
			t.Errorf("%s: got %v", version, got)
		}
	}
}

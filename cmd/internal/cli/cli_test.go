package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"max-memory", "max-fuel", "dir", "env", "env-inherit"}
	for name, want := range map[string]string{
		"max-memry": "max-memory", "mx-fuel": "max-fuel", "dri": "dir", "evn": "env",
		"frobnicate": "", "": "", "x": "", "max": "",
		strings.Repeat("a", 1000): "",
	} {
		if got := Nearest(name, words); got != want {
			t.Errorf("Nearest(%.20q) = %q, want %q", name, got, want)
		}
	}
}

// By hand: the letters that differ, those too many, and neighbours swapped.
func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abd", 1}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// /dev/zero stands for a terminal: it is a device of characters, too.
func TestStyle(t *testing.T) {
	f, err := os.Open("/dev/zero")
	if err != nil {
		t.Skip("no device of characters")
	}
	defer f.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	if StyleOf(file) || StyleOf(&bytes.Buffer{}) {
		t.Error("what is not a terminal has colours")
	}
	if s := StyleOf(f); !s || s.Heading("Usage:") != "\x1b[1mUsage:\x1b[0m" {
		t.Errorf("a terminal has no colours: %q", s.Heading("Usage:"))
	}
	t.Setenv("TERM", "dumb")
	if StyleOf(f) {
		t.Error("a dumb terminal has colours")
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	if StyleOf(f) {
		t.Error("there are colours in spite of NO_COLOR")
	}
}

func TestComplain(t *testing.T) {
	var b bytes.Buffer
	Complain(&b, "program", "func \x1b[2J \xff\n")
	if got, want := b.String(), `program: func \x1b[2J �\n`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNotModule(t *testing.T) {
	for data, want := range map[string]string{
		"":                               "is empty",
		"\x00asm\x01\x00\x00\x00":        "",
		"\x00asm\x0d\x00\x01\x00":        "component",
		"\x7fELF\x02\x01":                "for this machine",
		"MZ\x90":                         "for this machine",
		"!<arch>\nx":                     "library",
		"\x1f\x8b\x08":                   "gzip",
		"#!/bin/sh\n":                    "script",
		";; a comment\n (; ; ;) (module": "wat2wasm",
		"(module)":                       "wat2wasm",
		"(;":                             "",
		"hello":                          "",
	} {
		err := NotModule([]byte(data))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", data, err, want)
		}
	}
}

// roff text means itself: what man(7) prints is what was written.
func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		`.dot 'quote' back\slash -h`: `\&.dot \(aqquote\(aq back\eslash \-h`,
		"'first":                     `\(aqfirst`,
	} {
		if got := roff(text); got != want {
			t.Errorf("roff(%q) = %q, want %q", text, got, want)
		}
	}
}

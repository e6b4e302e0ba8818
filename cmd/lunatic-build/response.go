package main

import (
	"os"
	"runtime"
	"strings"
)

// maxResponse bounds a response file in bytes, and what files that name each other may
// come to.
const maxResponse = 64 << 20

// expandResponse replaces arguments of the form @FILE by the arguments in that file, as
// LLVM's linkers do: a file that cannot be read is an argument. rustc writes one if its
// command line would be too long.
func expandResponse(args []string) []string {
	e := expander{windows: runtime.GOOS == "windows"}
	for _, a := range args {
		if q, ok := strings.CutPrefix(a, "--rsp-quoting="); ok {
			e.windows = q == "windows"
		}
	}
	e.add(args, 0)
	return e.args
}

type expander struct {
	windows bool // how arguments are quoted
	read    int  // bytes
	args    []string
}

func (e *expander) add(args []string, depth int) {
	for _, a := range args {
		name, ok := strings.CutPrefix(a, "@")
		if !ok || depth > 8 || !e.addFile(name, depth) {
			e.args = append(e.args, a)
		}
	}
}

func (e *expander) addFile(name string, depth int) bool {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxResponse-int64(e.read) {
		return false
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return false
	}
	e.read += len(text)
	split := splitPosix
	if e.windows {
		split = splitWindows
	}
	e.add(split(string(text)), depth+1)
	return true
}

// splitPosix splits a text as a shell does: a backslash takes away the meaning of what
// follows, also in double quotes.
func splitPosix(text string) (args []string) {
	var arg strings.Builder
	inside := false // of an argument
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && i+1 < len(text):
			i++
			arg.WriteByte(text[i])
			inside = true
		case quote == 0 && (c == '"' || c == '\''):
			quote, inside = c, true
		case quote == 0 && isSpace(c):
			if inside {
				args = append(args, arg.String())
			}
			arg.Reset()
			inside = false
		default:
			arg.WriteByte(c)
			inside = true
		}
	}
	if inside {
		args = append(args, arg.String())
	}
	return args
}

// splitWindows splits a text as programs for Windows do: a backslash is itself, but before
// a quote, where two stand for one, and \" for a quote. A doubled quote inside of quotes is
// one, too.
func splitWindows(text string) (args []string) {
	var arg strings.Builder
	inside, quoted := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			n := 1
			for i+n < len(text) && text[i+n] == '\\' {
				n++
			}
			inside = true
			if i+n == len(text) || text[i+n] != '"' {
				arg.WriteString(text[i : i+n])
				i += n - 1
				continue
			}
			arg.WriteString(text[i : i+n/2])
			i += n - 1
			if n%2 == 1 {
				arg.WriteByte('"')
				i++
			}
		case c == '"' && quoted && i+1 < len(text) && text[i+1] == '"':
			arg.WriteByte('"')
			i++
		case c == '"':
			quoted, inside = !quoted, true
		case !quoted && isSpace(c):
			if inside {
				args = append(args, arg.String())
			}
			arg.Reset()
			inside = false
		default:
			arg.WriteByte(c)
			inside = true
		}
	}
	if inside {
		args = append(args, arg.String())
	}
	return args
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// Package run runs the programs of the folder above, the tests of the guest library for
// AssemblyScript, which make libs builds.
package run

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib/guesttest"
	"github.com/lunatic-go/lunatic/runner"
)

var dir = flag.String("dir", "", "the folder that make libs fills")

// TestPrograms runs each program, which prints what NAME.out says.
func TestPrograms(t *testing.T) {
	if *dir == "" {
		t.Skip("AssemblyScript programs take asc: make libs")
	}
	certificate, key := guesttest.NewCertificate(t)
	_, other := guesttest.NewCertificate(t)
	for _, p := range []struct {
		name string
		guesttest.Program
	}{
		{name: "messages"},
		{name: "globals", Program: guesttest.Program{
			Config: runner.ProcessConfig{Args: []string{"globals", "a", "b c"}},
			Stdin:  "one\r\ntwo\n\nthree",
			Code:   3,
			Stderr: []string{
				"to standard error\n", "trace: numbers 1.5, 2.5\n", "abort: gr\u00fc\u00dfe " + strings.Repeat("x", 1100) + " at ",
				"abort: thrown at ", "tests/globals.ts:44:19\n",
			},
		}},
		{name: "memory"},
		{name: "memory_minimal"},
		{name: "memory_stub"},
		{name: "modules"},
		{name: "network"},
		{name: "supervision"},
	} {
		t.Run(p.name, func(t *testing.T) {
			program, _, _ := strings.Cut(p.name, "_")
			out, err := os.ReadFile(filepath.Join("..", program+".out"))
			if err != nil {
				t.Fatal(err)
			}
			p.File, p.Stdout = filepath.Join(*dir, "assemblyscript", p.name+".wasm"), string(out)
			p.Config.May = runner.MayAll
			p.Config.Env = [][2]string{{"CERTIFICATE", certificate}, {"KEY", key}, {"OTHER_KEY", other}, {"HOME_OF", "root"}}
			guesttest.Run(t, p.Program)
		})
	}
}

// TestImports holds the library's imports against docs/abi.md.
func TestImports(t *testing.T) {
	abi, err := os.ReadFile("../../../../docs/abi.md")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{} // of functions by NAMESPACE.NAME, as the tables have them
	namespace := ""
	heading := regexp.MustCompile(`^## (\S+)$`)
	row := regexp.MustCompile("^\\| `(\\w+)\\(.*?\\)` \\| `(.*?)` \\|")
	for line := range strings.Lines(string(abi)) {
		line = strings.TrimSpace(line)
		if m := heading.FindStringSubmatch(line); m != nil {
			namespace = m[1]
		} else if m := row.FindStringSubmatch(line); m != nil {
			types[namespace+"."+m[1]] = m[2]
		}
	}
	declared := regexp.MustCompile(`@external\("([^"]+)", "([^"]+)"\)\n(?:export )?declare function \w+\((.*)\): (\w+);`)
	wasm := map[string]string{"usize": "i32", "u32": "i32", "i32": "i32", "u64": "i64", "i64": "i64", "f64": "f64"}
	n := 0
	for _, pattern := range []string{"lib/*.ts", "assembly/*.ts", "assembly/*/*.ts"} {
		files, err := filepath.Glob("../../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found := declared.FindAllStringSubmatch(string(source), -1)
			if want := strings.Count(string(source), "@external("); len(found) != want {
				t.Errorf("%s: %d imports, of which %d were understood", file, want, len(found))
			}
			for _, f := range found {
				n++
				var words []string
				for _, p := range strings.Split(f[3], ", ") {
					if _, typ, ok := strings.Cut(p, ": "); ok {
						words = append(words, wasm[typ])
					}
				}
				if f[4] != "void" {
					words = append(words, "->", wasm[f[4]])
				}
				name := f[1] + "." + f[2]
				if got, want := strings.Join(words, " "), types[name]; got != want {
					t.Errorf("%s: %s is declared with the type %q, and has %q", file, name, got, want)
				}
			}
		}
	}
	if n < 100 {
		t.Errorf("%d imports", n)
	}
}

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeLinker is the command fake-ld of the scripts: it copies a file to where a linker
// would write, says something, and ends with a code.
func fakeLinker() {
	fs := flag.NewFlagSet("fake-ld", flag.ExitOnError)
	from := fs.String("from", "", "")
	to := fs.String("o", "", "")
	say := fs.String("say", "", "")
	code := fs.Int("exit", 0, "")
	kill := fs.Bool("kill", false, "")
	fs.Parse(expandResponse(os.Args[1:]))
	fmt.Print(fs.Args())
	fmt.Fprint(os.Stderr, *say)
	if *from != "" {
		data, err := os.ReadFile(*from)
		if err == nil {
			err = os.WriteFile(*to, data, 0o755)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(99)
		}
	}
	if *kill {
		self, _ := os.FindProcess(os.Getpid())
		self.Kill()
		select {}
	}
	os.Exit(*code)
}

func TestLinkedFile(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return "@" + path
	}
	// As rustc 1.63 writes it: an argument on each line, a backslash before spaces.
	rust := file("rust", "-flavor\nwasm\n--export\nmain\n-L\n/a\\ b\n-o\n/target/my\\ app.wasm\n--gc-sections\n")
	loop := file("loop", "-o x.wasm @"+filepath.Join(dir, "loop"))
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "a.out"},
		{[]string{"-o", "x.wasm"}, "x.wasm"},
		{[]string{"-ox.wasm", "a.o"}, "x.wasm"},
		{[]string{"--output=x.wasm"}, "x.wasm"},
		{[]string{"--output", "x.wasm"}, "x.wasm"},
		{[]string{"-o", "x.wasm", "-o", "y.wasm"}, "y.wasm"},
		{[]string{"-o"}, "a.out"},
		{[]string{"--rsp-quoting=posix", rust}, "/target/my app.wasm"},
		{[]string{"--rsp-quoting=windows", rust}, `/target/my\`},
		{[]string{"-o", "@" + filepath.Join(dir, "missing")}, "@" + filepath.Join(dir, "missing")},
		{[]string{"-o", "@" + dir}, "@" + dir},
		{[]string{"--rsp-quoting=posix", loop}, "x.wasm"},
	} {
		if got := linkedFile(tt.args); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.args, got, tt.want)
		}
	}
}

func TestSplitResponse(t *testing.T) {
	for _, tt := range []struct{ text, posix, windows string }{
		{"", "", ""},
		{" \t\r\n", "", ""},
		{"a  b\nc", "a|b|c", "a|b|c"},
		{`"a b" ''`, `a b|`, `a b|''`},
		{`a\ b`, `a b`, `a\|b`},
		{`a"b c"d`, `ab cd`, `ab cd`},
		{`'a "b'`, `a "b`, `'a|b'`},
		{`"a \" b"`, `a " b`, `a " b`},
		{`c:\dir\x`, `c:dirx`, `c:\dir\x`},
		{`"c:\dir\\" x`, `c:dir\|x`, `c:\dir\|x`},
		{`a\`, `a\`, `a\`},
		{`"a""b"`, `ab`, `a"b`},
		{`"open`, `open`, `open`},
		{`""`, ``, ``},
	} {
		want := func(s string) []string {
			if tt.text == `""` {
				return []string{""}
			}
			if s == "" {
				return nil
			}
			return strings.Split(s, "|")
		}
		if got := splitPosix(tt.text); !slices.Equal(got, want(tt.posix)) {
			t.Errorf("posix %q: got %q, want %q", tt.text, got, tt.posix)
		}
		if got := splitWindows(tt.text); !slices.Equal(got, want(tt.windows)) {
			t.Errorf("windows %q: got %q, want %q", tt.text, got, tt.windows)
		}
	}
}

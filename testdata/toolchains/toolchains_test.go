package toolchains

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var (
	bin    = flag.String("bin", "../../bin", "the folder of the commands")
	guests = flag.String("guests", "../../.cache/guests", "the folder of the compilers: see testdata/guests.mk")
)

// TestScript runs the files of testdata/script. To what testscript knows they add
//
//	project NAME        copy the project of ../NAME to the folder NAME
//	artifact FILE       FILE is an artifact
//	! artifact FILE     FILE is a module and no artifact
func TestScript(t *testing.T) {
	folder := func(name string) string {
		path, err := filepath.Abs(name)
		if err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			t.Fatalf("%v: make build guests-setup", err)
		}
		return path
	}
	commands, debian, node := folder(*bin), folder(filepath.Join(*guests, "debian")), folder(filepath.Join(*guests, "node", "node_modules"))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", strings.Join([]string{commands, filepath.Join(debian, "usr", "bin"), os.Getenv("PATH")}, string(filepath.ListSeparator)))
			e.Setenv("LD_LIBRARY_PATH", filepath.Join(debian, "usr", "lib", "x86_64-linux-gnu"))
			e.Setenv("CARGO_HOME", filepath.Join(e.WorkDir, "cargo-home"))
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("NODE_MODULES", node)
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("GOCACHE", output(t, "go", "env", "GOCACHE"))
			e.Setenv("npm_config_update_notifier", "false")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"project": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(filepath.Join("..", args[0]))))
			},
			"artifact": func(ts *testscript.TestScript, neg bool, args []string) {
				out, err := exec.Command(filepath.Join(commands, "lunatic-build"), ts.MkAbs(args[0]), "-o", os.DevNull).CombinedOutput()
				built := strings.Contains(string(out), "module has been built already")
				if built == neg || !built && err != nil {
					ts.Fatalf("%s: %v, %s", args[0], err, out)
				}
			},
		},
	})
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

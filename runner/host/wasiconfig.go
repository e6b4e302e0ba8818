package host

import (
	"os"

	"github.com/lunatic-go/lunatic/runner"
)

// What processes of a configuration get through WASI. All of it is appended.
var lunaticWASI = runner.Namespace{Name: "lunatic::wasi", Funcs: []runner.Func{
	{Name: "config_add_environment_variable", Type: "i64 i32 i32 i32 i32", Call: addEnvironmentVariable},
	{Name: "config_add_command_line_argument", Type: "i64 i32 i32", Call: addCommandLineArgument},
	{Name: "config_preopen_dir", Type: "i64 i32 i32", Call: preopenDir},
}}

// addEnvironmentVariable appends a variable. Of several with one name, the last counts.
func addEnvironmentVariable(p *runner.Process, stack []uint64) {
	c := changed(p, stack[0])
	key := p.Text("key", stack[1], stack[2])
	value := p.Text("value", stack[3], stack[4])
	c.grow(p, "key", len(c.c.Env), len(key)+len(value))
	c.c.Env = append(c.c.Env, [2]string{key, value})
}

// addCommandLineArgument appends an argument; the first one is the program's name.
func addCommandLineArgument(p *runner.Process, stack []uint64) {
	c := changed(p, stack[0])
	arg := p.Text("argument", stack[1], stack[2])
	c.grow(p, "argument", len(c.c.Args), len(arg))
	c.c.Args = append(c.c.Args, arg)
}

// preopenDir adds a directory, which the child sees under the same name. A name in one of
// the process's own directories, as the process sees them, is that place; other names are
// the host's, and ~ is the user's home. Whether it exists, and is one that the process may
// give to its children, is found out when one is spawned.
func preopenDir(p *runner.Process, stack []uint64) {
	c := changed(p, stack[0])
	dir := p.Text("dir", stack[1], stack[2])
	c.grow(p, "dir", len(c.c.Dirs), len(dir))
	c.c.Dirs = append(c.c.Dirs, runner.Dir{Host: hostDir(p, dir), Guest: dir})
}

func hostDir(p *runner.Process, dir string) string {
	if host, ok := p.Config().HostPath(dir); ok {
		return host
	}
	if dir == "~" {
		if home, err := os.UserHomeDir(); err == nil {
			return home
		}
	}
	return dir
}

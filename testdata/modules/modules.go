// Package modules holds small real programs in C, C++, Rust, AssemblyScript and Go,
// compiled to WebAssembly, with what they print. They are what shows that an
// instrumented module behaves like the untouched one; README.md says what each
// exercises, where its expected output comes from, and how it is built.
//
// Start with All.
package modules

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
)

// A Module is one program, how to start it, and what it must do.
type Module struct {
	Name string
	File string // in this folder; a name that ends in .gz is compressed
	Args []string
	Env  []string // KEY=VALUE
	// Stdin is the text of standard input.
	Stdin string
	// Dirs are the preopened directories: the path the guest sees, and a folder under
	// this one; DirFS opens it.
	Dirs map[string]string
	// ExitCode is the code given to proc_exit. A program that returns from _start has 0.
	ExitCode uint32
	// Trap is part of the text of the trap that ends the program, "" if it does not trap.
	Trap string
	// Stderr is a text that standard error contains.
	Stderr string
	Lang   string
	What   string
	// Lunatic says that the program imports lunatic::* and so needs this project's runtime.
	Lunatic bool
	// Exceptions says that the program uses the instructions of exception handling. The
	// compiler of wazero 1.12 gets them wrong: untouched it must run under the interpreter.
	Exceptions bool
}

// All lists every program, the quick ones first.
var All = []Module{
	{Name: "suspend", File: "suspend.wasm", Lang: "C", What: "sleeps in recursion, callbacks, expressions, loops, large frames"},
	{Name: "script", File: "script.wasm", Lang: "C", What: "interpreter of a Lua-like language: closures, tables, indirect calls, nested interpreters"},
	{Name: "json", File: "json.wasm", Lang: "C", What: "JSON parser and printer"},
	{Name: "compress", File: "compress.wasm", Lang: "C", What: "DEFLATE compressor and decompressor"},
	{Name: "sort", File: "sort.wasm", Lang: "C", What: "qsort, merge sort, heap sort with comparison callbacks"},
	{Name: "text", File: "text.wasm", Lang: "C", What: "SHA-256, hash table, string search, errors as values"},
	{Name: "wasi", File: "wasi.wasm", Lang: "C", What: "standard input, arguments, environment, files, clocks",
		Args: []string{"one", "two words", ""}, Env: []string{"GREETING=good morning", "EMPTY="},
		Stdin: stdin, Dirs: map[string]string{"/data": "data"}, ExitCode: 3, Stderr: "this goes to standard error\n"},
	{Name: "objects", File: "objects.wasm", Lang: "C++", What: "virtual calls, templates, containers, lambdas, static constructors"},
	{Name: "exceptions", File: "exceptions.wasm", Lang: "C++", What: "throw, catch by type, destructors, rethrow (try_table)", Exceptions: true},
	{Name: "traits", File: "traits.wasm", Lang: "Rust", What: "trait objects, collections, formatting, Rc and RefCell, drop glue that sleeps"},
	{Name: "panics", File: "panics.wasm", Lang: "Rust", What: "a panic below sleeps and trait objects: message, then trap",
		Trap: "unreachable", Stderr: "index out of bounds: the len is 3 but the index is 9"},
	{Name: "collector", File: "collector.wasm", Lang: "AssemblyScript", What: "incremental garbage collector, growing memory, sleeps while allocating"},
	{Name: "goroutines", File: "goroutines.wasm.gz", Lang: "Go", What: "goroutines, channels, timers, garbage collector, panics, encoding/json", ExitCode: 4},
	{Name: "actors", File: "actors.wasm", Lang: "C", What: "processes, messages, links and monitors through the Lunatic functions", Lunatic: true},
	{Name: "catch", File: "catch.wasm", Lang: "C", What: "traps that are caught, waiting and dying within the call that is caught", Lunatic: true,
		Stderr: "unreachable\n    at crasher"},
	{Name: "names", File: "names.wasm", Lang: "C", What: "names, get_or_spawn, timers, metrics, a cluster of one node, a request of Lunatic 0.12", Lunatic: true,
		Stderr: `["crash one" "crash two"]: unreachable`},
	{Name: "database", File: "database.wasm", Lang: "C", What: "SQLite: statements, parameters, rows, errors, in a read-only database and in memory", Lunatic: true,
		Dirs: map[string]string{"/words": "words"}},
}

// Servers lists the programs that serve clients until they are told to end, and so have no
// expected output: their tests are their clients. The first line of standard output is the
// port of 127.0.0.1 that they listen on, which the first argument says, 0 or none for any.
var Servers = []Module{
	{Name: "chat", File: "chat.wasm", Lang: "C", What: "telnet chat: rooms, nicknames, two processes for each client", Lunatic: true},
	{Name: "http", File: "http.wasm", Lang: "C", What: "HTTP/1.1: keep-alive, pipelining, chunked bodies, a process for each connection", Lunatic: true},
}

// stdin has lines that the guest's reads cut anywhere, the last one without an end.
const stdin = "12\n-7\n100000\n\n0042\n31415926\nnot a number\n2147483647"

//go:embed *.wasm *.wasm.gz *.out data words
var files embed.FS

func read(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // a row of All without its file: a bug
	}
	return b
}

// Wasm returns the program in the binary format.
func (m Module) Wasm() []byte {
	b := read(m.File)
	if !bytes.HasPrefix(b, []byte("\x1f\x8b")) {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err == nil {
		b, err = io.ReadAll(z)
	}
	if err != nil {
		panic(err)
	}
	return b
}

// Want returns what the program writes to standard output.
func (m Module) Want() []byte { return read(m.Name + ".out") }

// DirFS returns the preopened directory that the guest sees as path.
func (m Module) DirFS(path string) fs.FS {
	sub, err := fs.Sub(files, m.Dirs[path])
	if err != nil {
		panic(err)
	}
	return sub
}

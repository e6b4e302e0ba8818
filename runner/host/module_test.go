package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// Its exports run and _start call test.step; it is not the module of the tests' root.
//
//	(module (import "test" "step" (func $step (result i64))) (memory (export "memory") 1)
//	  (func (export "run") (drop (call $step))) (func (export "_start") (drop (call $step))))
var other = []byte("\x00asm\x01\x00\x00\x00\x01\x08\x02\x60\x00\x01\x7e\x60\x00\x00\x02\x0d\x01\x04test\x04step\x00\x00" +
	"\x03\x03\x02\x01\x01\x05\x03\x01\x00\x01\x07\x19\x03\x06memory\x02\x00\x03run\x00\x01\x06_start\x00\x02" +
	"\x0a\x0d\x02\x05\x00\x10\x00\x1a\x0b\x05\x00\x10\x00\x1a\x0b")

// compile calls compile_module and returns the status and what was written to id_ptr.
func compile(p *runner.Process, code []byte) (status, id uint64) {
	copy(p.Bytes("", moreAt, uint64(len(code))), code)
	status = call(compileModule, p, moreAt, uint64(len(code)), outAt)
	return status, binary.LittleEndian.Uint64(p.Bytes("", outAt, 8))
}

// importing is a module that imports one function of the type [] -> [].
func importing(module, name string) []byte {
	body := append([]byte{1, byte(len(module))}, module...)
	body = append(append(body, byte(len(name))), name...)
	body = append(body, 0, 0)
	m := []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00")
	return append(append(m, 2, byte(len(body))), body...)
}

func TestCompileModule(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		for _, x := range []struct {
			name string
			code []byte
			want string
		}{
			{"nothing", nil, "not a WebAssembly module"},
			{"text", []byte("(module)"), "not a WebAssembly module"},
			{"cut", other[:40], "unexpected end"},
			{"invalid", bytes.Replace(other, []byte("\x10\x00\x1a"), []byte("\x10\x01\x1a"), 1), "invalid function"},
			{"unknown namespace", importing("env", "f"), "unknown import env.f"},
			{"unknown function", importing("lunatic::process", "spawn_all"), "unknown import lunatic::process.spawn_all"},
			{"wrong type", importing("lunatic::process", "spawn"), "import lunatic::process.spawn has the type ->, but the host's is i64 i64 i64 i32 i32 i32 i32 i32 -> i32"},
			{"wrong type of WASI", importing("wasi_snapshot_preview1", "fd_write"), "import wasi_snapshot_preview1.fd_write has the type ->"},
			{"wrong type of the runtime's", importing("lunatic::rt", "spawn"), "unknown import lunatic::rt.spawn"},
			{"memory", []byte("\x00asm\x01\x00\x00\x00\x02\x08\x01\x01a\x01b\x02\x00\x01"), "unknown import a.b: the host offers no memory"},
		} {
			status, _ := compile(p, x.code)
			want(t, x.name, status, failed)
			if got := errorOf(p); status == failed && !strings.Contains(got, x.want) {
				t.Errorf("%s: got %q, want %q", x.name, got, x.want)
			}
		}
		before := p.Runtime().Modules()
		status, first := compile(p, other)
		want(t, "compile", status, ok)
		want(t, "first id", first, 0)
		_, second := compile(p, other)
		want(t, "second id", second, 1)
		if modules.Get(p, "", first) != modules.Get(p, "", second) {
			t.Error("the same module was compiled twice")
		}
		want(t, "modules in memory", p.Runtime().Modules(), before+1)
		mod := modules.Get(p, "", first)
		call(dropModule, p, first)
		fam.child(p, inherit, second, func(child *runner.Process) {
			if child.Module() != mod {
				t.Error("the child is of another module")
			}
			fam.child(child, inherit, inherit, func(grandchild *runner.Process) {
				if grandchild.Module() != mod {
					t.Error("the grandchild is of another module")
				}
			})
		})
	}))
}

func TestModuleMisuse(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    func(p *runner.Process)
		want string
	}{
		{"data outside", func(p *runner.Process) { call(compileModule, p, 65530, 8, outAt) }, "module_data: 8 bytes at 0xfffa"},
		{"data outside, wrapping", func(p *runner.Process) { call(compileModule, p, 1<<32-1, 1<<32-1, outAt) }, "module_data"},
		{"result outside", func(p *runner.Process) { call(compileModule, p, 0, 8, 65529) }, "id_ptr: 8 bytes at 0xfff9"},
		{"drop nothing", func(p *runner.Process) { call(dropModule, p, 0) }, "module_id: no module has the id 0"},
		{"drop the caller's own", func(p *runner.Process) { call(dropModule, p, inherit) }, "no module has the id"},
		{"drop twice", func(p *runner.Process) {
			_, id := compile(p, other)
			call(dropModule, p, id)
			call(dropModule, p, id)
		}, "module_id: no module has the id 0"},
		{"spawn of what was dropped", func(p *runner.Process) {
			_, id := compile(p, other)
			call(dropModule, p, id)
			try(p, inherit, id)
		}, "module_id: no module has the id 0"},
		{"attach nothing", func(p *runner.Process) { call(createData, p, 0, 0); call(share(modules), p, 0) }, "no module has the id 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := in(t, tt.f)
			if e.Err == nil || !strings.Contains(e.Err.Error(), tt.want) {
				t.Errorf("got %v, want %q", e.Err, tt.want)
			}
		})
	}
}

// A module goes to another process in a message, and the sender keeps its own handle.
func TestSendModule(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		_, id := compile(p, other)
		mod := modules.Get(p, "", id)
		done := make(chan bool, 1)
		fam.children <- func(child *runner.Process) {
			defer func() { done <- true }()
			want(t, "receive", call(receive, child, 0, 0, 1<<64-1), 0)
			got := call(take(modules), child, 0)
			want(t, "the receiver's id", got, 0)
			if modules.Get(child, "", got) != mod {
				t.Error("another module has arrived")
			}
			fam.child(child, inherit, got, func(grandchild *runner.Process) {
				if grandchild.Module() != mod {
					t.Error("the grandchild is of another module")
				}
			})
		}
		_, pid := try(p, inherit, inherit)
		call(createData, p, 0, 0)
		want(t, "index", call(share(modules), p, id), 0)
		call(send, p, pid)
		await(p, done)
		if modules.Get(p, "", id) != mod {
			t.Error("the sender has lost its handle")
		}
	}))
}

// What is not an artifact is built first, once.
func TestCompileBuilds(t *testing.T) {
	var builds atomic.Int64
	broken := errors.New("cannot be built")
	build := func(_ context.Context, module []byte) ([]byte, error) {
		builds.Add(1)
		if bytes.HasPrefix(module, []byte("(bad")) {
			return nil, broken
		}
		return other, nil
	}
	ends(t, inFamily(t, runner.Config{Build: build}, root, func(fam *family, p *runner.Process) {
		for range 3 {
			status, _ := compile(p, []byte("(module)"))
			want(t, "compile", status, ok)
		}
		want(t, "builds", builds.Load(), 1)
		fam.child(p, inherit, 1, func(*runner.Process) {})
		status, _ := compile(p, []byte("(bad)"))
		want(t, "compile", status, failed)
		want(t, "error", errorOf(p), broken.Error())
	}))
}

// A process can be killed while it compiles, and what others wait for is made all the
// same.
func TestKillWhileCompiling(t *testing.T) {
	started, release := make(chan bool, 10), make(chan bool)
	build := func(ctx context.Context, module []byte) ([]byte, error) {
		started <- true
		select {
		case <-release:
			return other, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	ends(t, inFamily(t, runner.Config{Build: build}, root, func(fam *family, p *runner.Process) {
		done := make(chan bool, 1)
		fam.children <- func(p *runner.Process) { compile(p, []byte("(module)")); t.Error("survived") }
		_, victim := try(p, inherit, inherit)
		await(p, started)
		fam.children <- func(p *runner.Process) {
			status, _ := compile(p, []byte("(module)"))
			want(t, "compile", status, ok)
			done <- true
		}
		try(p, inherit, inherit)
		call(monitor, p, victim)
		call(kill, p, victim)
		want(t, "the end", call(receive, p, 0, 0, 1<<64-1), 2)
		await(p, started) // the other one's turn
		close(release)
		await(p, done)
	}))
}

// Bounds of what a process can make the host compile and keep.
func TestCompileLimits(t *testing.T) {
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		rt := p.Runtime()
		if _, err := rt.Reserve(runner.MaxModule + 1); err == nil || !strings.Contains(err.Error(), "more than 134217728") {
			t.Errorf("got %v", err)
		}
		var releases []func()
		for range runner.MaxCompiling / runner.MaxModule {
			release, err := rt.Reserve(runner.MaxModule)
			if err != nil {
				t.Fatal(err)
			}
			releases = append(releases, release)
		}
		status, _ := compile(p, other)
		want(t, "compile", status, failed)
		want(t, "error", errorOf(p), "too many modules are being compiled")
		for _, release := range releases {
			release()
		}
		for range maxModules {
			if status, _ := compile(p, other); status != ok {
				t.Fatal(errorOf(p))
			}
		}
		status, _ = compile(p, other)
		want(t, "compile", status, failed)
		want(t, "error", errorOf(p), "the process holds too many modules")
	}))
}

// The code of modules is freed when nobody can reach it, and not before.
func TestModulesAreFreed(t *testing.T) {
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: All()})
	if err != nil {
		t.Fatal(err)
	}
	var last *runner.Module
	for i := range 100 {
		custom := append(importing("lunatic::version", "major"), 0, 3, 1, 'x', byte(i))
		if last, err = rt.Compile(ctx, typed(custom)); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(time.Minute); rt.Modules() > 1; runtime.Gosched() {
		runtime.GC()
		if time.Now().After(deadline) {
			t.Fatalf("%d modules are kept", rt.Modules())
		}
	}
	if again, err := rt.Compile(ctx, typed(append(importing("lunatic::version", "major"), 0, 3, 1, 'x', 99))); err != nil || again != last {
		t.Errorf("the module that is in use was compiled again: %v", err)
	}
	if err := rt.Close(ctx); err != nil {
		t.Error(err)
	}
	runtime.KeepAlive(last)
	last = nil
	runtime.GC() // closes what is left, after the runtime
}

// typed gives the import of a module from importing the type [] -> [i32].
func typed(m []byte) []byte {
	return append([]byte("\x00asm\x01\x00\x00\x00\x01\x05\x01\x60\x00\x01\x7f"), m[14:]...)
}

// Code stays as long as it runs, whoever has dropped it, and goes when it has ended.
func TestCodeStaysWhileItRuns(t *testing.T) {
	var rt *runner.Runtime
	collect := func(until int) {
		for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
			runtime.GC()
			if n := rt.Modules(); n == until {
				return
			} else if time.Now().After(deadline) {
				t.Errorf("%d modules are in memory, want %d", n, until)
				return
			}
		}
	}
	ends(t, inFamily(t, runner.Config{}, root, func(fam *family, p *runner.Process) {
		rt = p.Runtime()
		for range 3 {
			_, id := compile(p, other)
			running, goOn := make(chan bool), make(chan bool)
			fam.children <- func(p *runner.Process) {
				close(running)
				await(p, goOn)
			}
			_, pid := try(p, inherit, id)
			call(monitor, p, pid)
			call(dropModule, p, id)
			await(p, running)
			for range 5 {
				runtime.GC()
			}
			want(t, "modules while it runs", rt.Modules(), 2)
			close(goOn)
			want(t, "its end", call(receive, p, 0, 0, inherit), 2)
			collect(1)
		}
	}))
}

// The end of a runtime does not wait for what cannot be ended, if it is told so.
func TestCloseWhileCompiling(t *testing.T) {
	started, release, ended := make(chan bool), make(chan bool), make(chan bool)
	build := func(context.Context, []byte) ([]byte, error) {
		close(started)
		<-release
		close(ended)
		return other, nil
	}
	ctx := context.Background()
	step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) {
		compile(p, []byte("(module)"))
		t.Error("survived")
	}}}}
	rt, err := runner.New(ctx, runner.Config{Namespaces: append(All(), step), Build: build})
	if err != nil {
		t.Fatal(err)
	}
	mod, err := rt.Load(ctx, guest)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rt.NewEnvironment().Spawn(mod, root, "_start"); err != nil {
		t.Fatal(err)
	}
	<-started
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := rt.Close(short); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "asynchronous host function still runs") {
		t.Errorf("got %v", err)
	}
	close(release)
	<-ended
}

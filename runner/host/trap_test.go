package host

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// catcher calls catch(3, 4) in _start, drops what it returns and then calls step; the
// export calls step, too, whose result is the catch's.
//
//	(module (import "lunatic::trap" "catch" (func (param i32 i32) (result i32)))
//	  (import "test" "step" (func (param i32 i32) (result i32)))
//	  (memory (export "memory") 1)
//	  (func (export "_start") (drop (call 1 (i32.const -1) (call 0 (i32.const 3) (i32.const 4)))))
//	  (func (export "_lunatic_catch_trap") (param i32 i32) (result i32) (call 1 (local.get 0) (local.get 1))))
func catcher(export string) []byte {
	return []byte("\x00asm\x01\x00\x00\x00" +
		section(1, "\x02\x60\x02\x7f\x7f\x01\x7f\x60\x00\x00") +
		section(2, "\x02"+entry("lunatic::trap", "catch", 0)+entry("test", "step", 0)) +
		section(3, "\x02\x01\x00") + section(5, "\x01\x00\x01") +
		section(7, "\x03\x06memory\x02\x00\x06_start\x00\x02"+string([]byte{byte(len(export))})+export+"\x00\x03") +
		section(10, "\x02\x0d\x00\x41\x7f\x41\x03\x41\x04\x10\x00\x10\x01\x1a\x0b\x08\x00\x20\x00\x20\x01\x10\x01\x0b"))
}

// catching runs a catcher. inside is called within catch with its parameters, after with
// what it answered.
func catching(t testing.TB, export string, inside func(p *runner.Process, a, b uint32) uint64, after func(p *runner.Process, result uint64)) runner.Exit {
	t.Helper()
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: append(All(), runner.Namespace{Name: "test", Funcs: []runner.Func{
		{Name: "step", Type: "i32 i32 -> i32", Call: func(p *runner.Process, stack []uint64) {
			if uint32(stack[0]) == 1<<32-1 {
				after(p, stack[1])
				return
			}
			stack[0] = inside(p, uint32(stack[0]), uint32(stack[1]))
		}},
	}})})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	mod, err := rt.Load(ctx, catcher(export))
	if err != nil {
		t.Fatal(err)
	}
	exit, err := rt.Run(ctx, mod, runner.ProcessConfig{May: runner.MayAll})
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

func TestCatch(t *testing.T) {
	tests := []struct {
		name   string
		inside func(p *runner.Process) uint64
		want   uint64
	}{
		{"a result", func(*runner.Process) uint64 { return 42 }, 42},
		{"a negative result", func(*runner.Process) uint64 { return 1<<32 - 1 }, 1<<32 - 1},
		{"misuse", func(p *runner.Process) uint64 { return call(getTag, p) }, 0},
		{"proc_exit", func(p *runner.Process) uint64 { return call(procExit, p, 0) }, 0},
		{"proc_exit with a code", func(p *runner.Process) uint64 { return call(procExit, p, 3) }, 0},
		{"waiting", func(p *runner.Process) uint64 {
			call(sleep, p, 1)
			return call(receive, p, 0, 0, 1)
		}, 9027},
		{"misuse after waiting", func(p *runner.Process) uint64 {
			call(receive, p, 0, 0, 1)
			return call(getTag, p)
		}, 0},
		{"a panic with a text", func(*runner.Process) uint64 { panic("not a bug of Go's") }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			done := false
			ends(t, catching(t, catchTrap, func(p *runner.Process, a, b uint32) uint64 {
				want(t, "parameters", [2]uint32{a, b}, [2]uint32{3, 4})
				return tt.inside(p)
			}, func(p *runner.Process, result uint64) {
				want(t, "result", result, tt.want)
				call(sleep, p, 1) // it can still wait, and has no time-out left over
				want(t, "receive", call(receive, p, 0, 0, 0), 9027)
				done = true
			}))
			want(t, "went on", done, true)
		})
	}
}

// What ends the process is not caught.
func TestCatchNot(t *testing.T) {
	goesOn := func(*runner.Process, uint64) { t.Error("the process goes on") }
	e := catching(t, catchTrap, func(p *runner.Process, _, _ uint32) uint64 {
		call(kill, p, p.ID())
		return call(sleep, p, 1<<64-1)
	}, goesOn)
	want(t, "reason of a kill", e.Reason, runner.ExitKilled)
	e = catching(t, catchTrap, func(p *runner.Process, _, _ uint32) uint64 {
		call(link, p, 0, 999)
		return call(receive, p, 0, 0, 1<<64-1)
	}, goesOn)
	want(t, "reason of a link's end", e.Reason, runner.ExitKilled)
	e = catching(t, catchTrap, func(*runner.Process, uint32, uint32) uint64 {
		var none []int
		return uint64(none[3])
	}, goesOn)
	want(t, "reason of a bug", e.Reason, runner.ExitFailed)
	var trap *runner.Trap
	if !errors.As(e.Err, &trap) || trap.GoStack == "" {
		t.Errorf("a bug: %v, Go stack %q", e.Err, trap.GoStack)
	}
	e = catching(t, "something else", func(*runner.Process, uint32, uint32) uint64 { return 0 }, goesOn)
	misused(t, e, `lunatic::trap.catch: the module does not export the function "_lunatic_catch_trap"`)
}

// Catches within catches end at some depth: the next one traps, in the one before it.
func TestCatchDeep(t *testing.T) {
	depth, deepest := 0, 0
	ends(t, catching(t, catchTrap, func(p *runner.Process, a, b uint32) uint64 {
		depth++
		deepest = max(deepest, depth)
		r := call(catch, p, uint64(a), uint64(b))
		depth-- // not reached by the innermost
		return r + 1
	}, func(_ *runner.Process, result uint64) {
		want(t, "levels that returned", result, runner.MaxNested-1)
	}))
	want(t, "levels", deepest, runner.MaxNested)
}

func TestVersionAndErrors(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		for name, n := range map[string]uint64{"major": 0, "minor": 13, "patch": 2} {
			want(t, name, call(offered(t, "lunatic::version", name), p), n)
		}
		id := runner.Errors.Add(p, errors.New(""))
		want(t, "size of an empty text", call(errorSize, p, id), 0)
		call(errorString, p, id, 65536) // nothing, at the end of the memory
		first := runner.Errors.Add(p, errors.New("größer"))
		want(t, "size in bytes", call(errorSize, p, first), 8)
	}))
	bad := func(name, text string, f func(p *runner.Process, id uint64)) {
		t.Run(name, func(t *testing.T) {
			misused(t, in(t, func(p *runner.Process) { f(p, runner.Errors.Add(p, errors.New("12345678"))) }), text)
		})
	}
	bad("text outside", "error_str_ptr: 8 bytes", func(p *runner.Process, id uint64) { call(errorString, p, id, 65529) })
	bad("text of no error", "error_id: no error has the id 1", func(p *runner.Process, id uint64) { call(errorString, p, id+1, 0) })
	bad("drop of no error", "error_id: no error has the id 18446744073709551615", func(p *runner.Process, id uint64) { call(errorDrop, p, id-1) })
	bad("use after drop", "error_id: no error has the id 0", func(p *runner.Process, id uint64) {
		call(errorDrop, p, id)
		call(errorString, p, id, 0)
	})
}

// _initialize is called before the entry function, and only once if it is that.
func TestInitialize(t *testing.T) {
	ctx := context.Background()
	var calls strings.Builder
	log := func(s string) func(*runner.Process, []uint64) {
		return func(*runner.Process, []uint64) { calls.WriteString(s) }
	}
	rt, err := runner.New(ctx, runner.Config{Namespaces: []runner.Namespace{{Name: "t", Funcs: []runner.Func{
		{Name: "i", Call: log("initialize ")}, {Name: "s", Call: log("start ")},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	mod, err := rt.Load(ctx, []byte("\x00asm\x01\x00\x00\x00"+section(1, "\x01\x60\x00\x00")+section(2, "\x02"+entry("t", "i", 0)+entry("t", "s", 0))+
		section(3, "\x02\x00\x00")+section(7, "\x02\x0b_initialize\x00\x02\x06_start\x00\x03")+section(10, "\x02\x04\x00\x10\x00\x0b\x04\x00\x10\x01\x0b")))
	if err != nil {
		t.Fatal(err)
	}
	env := rt.NewEnvironment()
	for entry, order := range map[string]string{"_start": "initialize start ", "_initialize": "initialize "} {
		calls.Reset()
		p, err := env.Spawn(mod, runner.ProcessConfig{}, entry)
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		ends(t, p.Exit())
		want(t, entry, calls.String(), order)
	}
}

// BenchmarkCatch is a catch of a function that returns at once: two host calls and a call of
// the guest.
func BenchmarkCatch(b *testing.B) {
	catching(b, catchTrap, func(*runner.Process, uint32, uint32) uint64 { return 1 }, func(p *runner.Process, _ uint64) {
		for b.Loop() {
			p.Catch(catchTrap, "i32 i32 -> i32", 1, 2)
		}
	})
}

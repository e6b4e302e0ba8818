package host

import (
	"context"
	"encoding/binary"
	"math"
	"reflect"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

// WASI preview 1 is wazero's, but for what waits, what a guest could harm others with,
// and what wazero has no answer for. What may block in the system does so in
// Process.Blocking. A bad pointer gives EFAULT before anything is done.
//
// Differences from what POSIX programs expect: errors that wazero has no name for, such as
// a full disk, are EIO; fd_fdstat_set_rights is ENOTSUP, because nothing would enforce
// them; sockets are never preopened, so sock_* are EBADF.
var wasi = runner.Namespace{Name: wasi_snapshot_preview1.ModuleName, Base: wasiBase, Funcs: []runner.Func{
	{Name: "args_get", Type: "i32 i32 -> i32", Call: argsGet},
	{Name: "args_sizes_get", Type: "i32 i32 -> i32", Call: argsSizes},
	{Name: "environ_get", Type: "i32 i32 -> i32", Call: environGet},
	{Name: "environ_sizes_get", Type: "i32 i32 -> i32", Call: environSizes},
	{Name: "fd_fdstat_set_rights", Type: "i32 i64 i64 -> i32", Call: setRights},
	{Name: "fd_read", Type: "i32 i32 i32 i32 -> i32", Call: fdRead},
	{Name: "fd_write", Type: "i32 i32 i32 i32 -> i32", Call: fdWrite},
	{Name: "poll_oneoff", Type: "i32 i32 i32 i32 -> i32", Call: pollOneoff},
	{Name: "proc_exit", Type: "i32", Call: procExit},
	{Name: "proc_raise", Type: "i32 -> i32", Call: procRaise},
	{Name: "sched_yield", Type: "-> i32", Call: schedYield},
}}

// Values of preview 1.
const (
	errnoSuccess = 0
	errnoAgain   = 6
	errnoBadf    = 8
	errnoFault   = 21
	errnoInval   = 28
	errnoIO      = 29
	errnoMfile   = 33
	errnoNotsup  = 58

	fdflagNonblock = 4

	filetypeUnknown         = 0
	filetypeCharacterDevice = 2
	filetypeDatagramSocket  = 5
	filetypeStreamSocket    = 6

	rightPoll  = 1 << 27 // poll_fd_readwrite
	fdstatSize = 24
)

// maxFiles is the number of files that a process may have open, as ulimit -n is: the
// descriptors are the host's, which all processes share.
const maxFiles = 1024

// passed are wazero's functions that are called in Process.Blocking.
var passed = []struct {
	name, typ string
	out       int    // the parameter that points to the result; 0: none
	size      uint64 // bytes of the result
	check     func(p *runner.Process, params []uint64) (errno uint64)
	// descriptor is called instead if parameter 0 is one; nil: EBADF.
	descriptor func(p *runner.Process, fd uint64) (errno uint64)
}{
	{name: "fd_advise", typ: "i32 i64 i64 i32 -> i32"},
	{name: "fd_allocate", typ: "i32 i64 i64 -> i32", check: allocatable},
	{name: "fd_close", typ: "i32 -> i32", check: closing, descriptor: shutDescriptor},
	{name: "fd_datasync", typ: "i32 -> i32"},
	{name: "fd_fdstat_set_flags", typ: "i32 i32 -> i32", check: flagsSettable},
	{name: "fd_filestat_get", typ: "i32 i32 -> i32", out: 1, size: 64},
	{name: "fd_filestat_set_size", typ: "i32 i64 -> i32"},
	{name: "fd_filestat_set_times", typ: "i32 i64 i64 i32 -> i32", check: noStream},
	{name: "fd_pread", typ: "i32 i32 i32 i64 i32 -> i32", out: 4, size: 4, check: vectors},
	{name: "fd_pwrite", typ: "i32 i32 i32 i64 i32 -> i32", out: 4, size: 4, check: vectors},
	{name: "fd_readdir", typ: "i32 i32 i32 i64 i32 -> i32", out: 4, size: 4, check: within(1, 2)},
	{name: "fd_renumber", typ: "i32 i32 -> i32", check: renumberable},
	{name: "fd_seek", typ: "i32 i64 i32 i32 -> i32", out: 3, size: 8},
	{name: "fd_sync", typ: "i32 -> i32"},
	{name: "fd_tell", typ: "i32 i32 -> i32", out: 1, size: 8},
	{name: "path_create_directory", typ: "i32 i32 i32 -> i32"},
	{name: "path_filestat_get", typ: "i32 i32 i32 i32 i32 -> i32", out: 4, size: 64},
	{name: "path_filestat_set_times", typ: "i32 i32 i32 i32 i64 i64 i32 -> i32"},
	{name: "path_link", typ: "i32 i32 i32 i32 i32 i32 i32 -> i32"},
	{name: "path_readlink", typ: "i32 i32 i32 i32 i32 i32 -> i32", out: 5, size: 4, check: within(3, 4)},
	{name: "path_remove_directory", typ: "i32 i32 i32 -> i32"},
	{name: "path_rename", typ: "i32 i32 i32 i32 i32 i32 -> i32"},
	{name: "path_symlink", typ: "i32 i32 i32 i32 i32 -> i32"},
	{name: "path_unlink_file", typ: "i32 i32 i32 -> i32"},
	{name: "random_get", typ: "i32 i32 -> i32"},
	{name: "sock_accept", typ: "i32 i32 i32 -> i32", out: 2, size: 4},
	{name: "sock_recv", typ: "i32 i32 i32 i32 i32 i32 -> i32", out: 4, size: 4},
	{name: "sock_send", typ: "i32 i32 i32 i32 i32 -> i32", out: 4, size: 4},
	{name: "sock_shutdown", typ: "i32 i32 -> i32"},
}

// wasiBase exports wazero's functions, and returns those that stand around them.
func wasiBase(b wazero.HostModuleBuilder) (funcs []runner.Func) {
	wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions(b)
	for _, w := range passed {
		f := builtin(b, w.name)
		if f == nil {
			continue
		}
		funcs = append(funcs, runner.Func{Name: w.name, Type: w.typ, Call: func(p *runner.Process, stack []uint64) {
			p.CheckSignals()
			if w.descriptor != nil && isDescriptor(stack[0]) {
				stack[0] = w.descriptor(p, stack[0])
				return
			}
			if w.out > 0 && !inside(p, stack[w.out], w.size) {
				stack[0] = errnoFault
				return
			}
			if w.check != nil {
				if errno := w.check(p, stack); errno != errnoSuccess {
					stack[0] = errno
					return
				}
			}
			blocking(p, f, stack)
		}})
	}
	if f := builtin(b, "fd_fdstat_get"); f != nil {
		funcs = append(funcs, runner.Func{Name: "fd_fdstat_get", Type: "i32 i32 -> i32", Call: fdstat{f}.get})
	}
	open, shut := builtin(b, "path_open"), builtin(b, "fd_close")
	if open != nil && shut != nil {
		funcs = append(funcs, runner.Func{Name: "path_open", Type: "i32 i32 i32 i32 i32 i64 i64 i32 i32 -> i32",
			Call: func(p *runner.Process, stack []uint64) { openPath(p, open, shut, stack) }})
	}
	return funcs
}

// blocking calls a function of wazero's that may block.
func blocking(p *runner.Process, f api.GoModuleFunction, stack []uint64) {
	p.Blocking(func() { f.Call(context.Background(), p.Instance(), stack) })
	p.CheckSignals()
}

// builtin returns the function that wazero has exported to a builder, which it has
// no method for. Nil if wazero has changed: then the function stays wazero's own, and
// blocks a worker, which TestWASIFunctions would tell.
func builtin(b wazero.HostModuleBuilder, name string) api.GoModuleFunction {
	funcs := reflect.Indirect(reflect.ValueOf(b))
	if funcs.Kind() != reflect.Struct {
		return nil
	}
	funcs = funcs.FieldByName("nameToHostFunc")
	if funcs.Kind() != reflect.Map || funcs.Type().Key().Kind() != reflect.String {
		return nil
	}
	f := funcs.MapIndex(reflect.ValueOf(name))
	if f.Kind() != reflect.Pointer || f.Type().Elem().Kind() != reflect.Struct {
		return nil
	}
	code := reflect.NewAt(f.Type().Elem(), f.UnsafePointer()).Elem().FieldByName("Code")
	if code.Kind() != reflect.Struct || !code.FieldByName("GoFunc").IsValid() {
		return nil
	}
	call, _ := code.FieldByName("GoFunc").Interface().(api.GoModuleFunction)
	return call
}

// inside reports whether a range is all in the guest's memory.
func inside(p *runner.Process, ptr, n uint64) bool { return ptr+n <= uint64(p.MemorySize()) }

// within checks a buffer given by a pointer and its length.
func within(ptr, n int) func(*runner.Process, []uint64) uint64 {
	return func(p *runner.Process, params []uint64) uint64 {
		if !inside(p, params[ptr], params[n]) {
			return errnoFault
		}
		return errnoSuccess
	}
}

// closing notes when a standard stream is closed.
func closing(p *runner.Process, params []uint64) uint64 {
	if params[0] <= 2 {
		p.CloseStandard()
	}
	return errnoSuccess
}

// noStream refuses the standard streams, for which wazero 1.12 panics.
func noStream(_ *runner.Process, params []uint64) uint64 {
	if params[0] < 3 {
		return errnoNotsup
	}
	return errnoSuccess
}

// vectors checks the buffers that parameters 1 and 2 list.
func vectors(p *runner.Process, params []uint64) uint64 {
	list, n := params[1], params[2]
	if !inside(p, list, 8*n) {
		return errnoFault
	}
	b := p.Bytes("iovs", list, 8*n)
	for ; len(b) > 0; b = b[8:] {
		ptr, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if !inside(p, uint64(ptr), uint64(n)) {
			return errnoFault
		}
	}
	return errnoSuccess
}

// allocatable checks for an overflow that wazero does not see.
func allocatable(_ *runner.Process, params []uint64) uint64 {
	if offset, n := params[1], params[2]; offset > math.MaxInt64 || n > math.MaxInt64-offset {
		return errnoInval
	}
	return errnoSuccess
}

// renumberable bounds the table of files, which wazero makes as long as it takes.
func renumberable(_ *runner.Process, params []uint64) uint64 {
	if params[1] >= maxFiles {
		return errnoBadf
	}
	return errnoSuccess
}

// flagsSettable does not let a process change the mode of the standard streams, which
// all processes share, and the host with them.
func flagsSettable(p *runner.Process, params []uint64) uint64 {
	if f, ok := lookup(p, params[0]); ok && f.stdio && params[1]&fdflagNonblock != 0 {
		return errnoNotsup
	}
	return errnoSuccess
}

// setRights does not pretend.
func setRights(p *runner.Process, stack []uint64) {
	_, ok := lookup(p, stack[0])
	if stack[0] = errnoNotsup; !ok {
		stack[0] = errnoBadf
	}
}

// procExit does not close the instance, as wazero's does: the process does when it
// ends.
func procExit(_ *runner.Process, stack []uint64) { panic(sys.NewExitError(uint32(stack[0]))) }

// procRaise does what the signal does to a process that does not handle it: it ends it as
// proc_exit would, with the code of shells, 128 and the signal's number; or nothing.
func procRaise(_ *runner.Process, stack []uint64) {
	switch signal := uint32(stack[0]); signal {
	case 0, 16, 17, 22, 27: // none, chld, cont, urg, winch
		stack[0] = errnoSuccess
	case 18, 19, 20, 21: // stop, tstp, ttin, ttou
		stack[0] = errnoNotsup
	default:
		if signal > 30 {
			stack[0] = errnoInval
			return
		}
		panic(sys.NewExitError(128 + signal))
	}
}

func schedYield(p *runner.Process, stack []uint64) { p.Yield(stack) }

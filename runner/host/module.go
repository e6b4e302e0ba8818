package host

import (
	"bytes"
	"context"
	"errors"

	"github.com/lunatic-go/lunatic/runner"
)

// Of lunatic::process, what concerns modules:
//
//	compile_module  bytes -> handle
//	drop_module     forget a handle; processes and messages keep the code

// modules are the handles of compiled modules. Several of them can stand for one.
var modules = runner.NewKind[*runner.Module]("module")

// maxModules is the number of handles that a process may hold.
const maxModules = 4096

// denied is the result of functions whose permission is missing.
const (
	deniedI32 = 1<<32 - 1
	deniedI64 = 1<<64 - 1
)

// compileModule is compile_module: the module is copied, and compiled while the process
// waits. Text is not understood.
func compileModule(p *runner.Process, stack []uint64) {
	if p.Permitted(runner.MayCompile) != nil {
		stack[0] = deniedI32
		return
	}
	p.CheckSignals()
	out := stack[2]
	p.Bytes("id_ptr", out, 8)
	code := p.Bytes("module_data", stack[0], stack[1])
	rt := p.Runtime()
	release, err := rt.Reserve(len(code))
	if modules.Len(p) >= maxModules && err == nil {
		release()
		err = errors.New("the process holds too many modules")
	}
	if err != nil {
		stack[0] = fail(p, "id_ptr", out, err)
		return
	}
	code = bytes.Clone(code)
	p.Async(stack, func(ctx context.Context) func([]uint64) {
		defer release()
		m, err := rt.Compile(ctx, code)
		return func(results []uint64) {
			if err != nil {
				results[0] = fail(p, "id_ptr", out, err)
				return
			}
			p.PutU64("id_ptr", out, modules.Add(p, m))
			results[0] = ok
		}
	})
}

func dropModule(p *runner.Process, stack []uint64) { modules.Remove(p, "module_id", stack[0]) }

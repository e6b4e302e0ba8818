package transform

import (
	"cmp"
	"slices"

	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// wazero checks the bounds of each memory access, 57 bytes of machine code, unless an access
// before it, through the same value of the same local, has reached as far. Where loads through
// one local follow each other with rising offsets, a probe of the furthest one is put before
// the first, and the others need no check:
//
//	                                 (drop (i32.load8_u offset=11 (local.get $p)))
//	(i32.load offset=4 (local.get $p))   (i32.load offset=4 (local.get $p))
//	(i32.load offset=8 (local.get $p))   (i32.load offset=8 (local.get $p))
//
// The engine drops the load itself. Nothing that could be seen may lie between the probe and
// the access it is for: no store (which may be the last access itself), no call, no change of
// a global, no branch, and no instruction that traps in another way.

// A prober puts probes into functions. Its memory is reused.
type prober struct {
	shared bool // the memory may grow between two instructions: nothing is done
	out    wasmparse.Func

	locals []probedLocal
	stack  []probedValue // operands, as far as they are known
	epoch  uint32        // changes where other ways come in, and with the function
	active []uint32      // locals with a run
	probes []probe
}

// A probedLocal is what is known of a local's present value.
type probedLocal struct {
	version uint32 // of the value
	epoch   uint32 // in which reach is true
	reach   uint64 // what has been accessed through it, as an end of bytes

	// The run of accesses under way.
	first int    // instruction
	steps int    // how often the bound has risen
	end   uint64 // the bound
}

// A probedValue is an operand: a local's value, or anything.
type probedValue struct {
	known          bool
	local, version uint32
}

type probe struct {
	at    int // before this instruction
	local uint32
	end   uint64
}

// probe rewrites a function and reports whether it has changed. The result is valid until the
// next call.
func (x *prober) probe(fn *wasmparse.Func) (*wasmparse.Func, bool) {
	if x.shared {
		return fn, false
	}
	if x.find(fn); len(x.probes) == 0 {
		return fn, false
	}
	slices.SortFunc(x.probes, func(a, b probe) int { return cmp.Compare(a.at, b.at) })
	out := &x.out
	out.Idx, out.Type, out.Locals = fn.Idx, fn.Type, fn.Locals
	out.Targets, out.Bytes, out.Catches = fn.Targets, fn.Bytes, fn.Catches
	out.Instrs, out.Offs = out.Instrs[:0], out.Offs[:0]
	from := 0
	for _, p := range x.probes {
		out.Instrs, out.Offs = append(out.Instrs, fn.Instrs[from:p.at]...), append(out.Offs, fn.Offs[from:p.at]...)
		out.Instrs = append(out.Instrs,
			wasmparse.Instr{Op: wasmparse.OpLocalGet, A: p.local},
			wasmparse.Instr{Op: wasmparse.OpI32Load8U, B: p.end - 1},
			wasmparse.Instr{Op: wasmparse.OpDrop})
		off := fn.Offs[p.at]
		out.Offs = append(out.Offs, off, off, off)
		from = p.at
	}
	out.Instrs, out.Offs = append(out.Instrs, fn.Instrs[from:]...), append(out.Offs, fn.Offs[from:]...)
	link(out)
	return out, true
}

// find fills probes.
func (x *prober) find(fn *wasmparse.Func) {
	if n := len(fn.Locals) - len(x.locals); n > 0 {
		x.locals = append(x.locals, make([]probedLocal, n)...)
	}
	x.stack, x.active, x.probes = x.stack[:0], x.active[:0], x.probes[:0]
	x.epoch++
	for i := range fn.Instrs {
		in := &fn.Instrs[i]
		switch op := in.Op; {
		case op == wasmparse.OpLocalGet:
			x.push(probedValue{true, in.A, x.locals[in.A].version})
		case op == wasmparse.OpLocalSet, op == wasmparse.OpLocalTee:
			x.pop(1)
			x.flush(in.A)
			l := &x.locals[in.A]
			*l = probedLocal{version: l.version + 1}
			if op == wasmparse.OpLocalTee {
				x.push(probedValue{true, in.A, l.version})
			}
		case wasmparse.OpI32Load <= op && op <= wasmparse.OpI64Load32U:
			x.access(i, in, x.pop(1))
			x.push(probedValue{})
		case wasmparse.OpI32Store <= op && op <= wasmparse.OpI64Store32:
			x.access(i, in, x.pop(2))
			x.barrier()
		case op == wasmparse.OpSelect:
			x.pop(3)
			x.push(probedValue{})
		case op == wasmparse.OpDrop:
			x.pop(1)
		case op == wasmparse.OpNop:
		case op == wasmparse.OpGlobalGet:
			x.push(probedValue{})
		case quiet(op):
			x.pop(len(op.Info().Params))
			x.push(probedValue{})
		case op == wasmparse.OpBlock && in.A == 0:
		default:
			x.barrier()
			x.stack = x.stack[:0]
			if op == wasmparse.OpLoop || op == wasmparse.OpElse || op == wasmparse.OpEnd || op == asyncify.OpCheckThrow {
				x.epoch++
			}
		}
	}
}

// quiet reports whether an instruction takes and gives numbers, and does not trap.
func quiet(op wasmparse.Opcode) bool {
	switch op {
	case wasmparse.OpI32DivS, wasmparse.OpI32DivU, wasmparse.OpI32RemS, wasmparse.OpI32RemU,
		wasmparse.OpI64DivS, wasmparse.OpI64DivU, wasmparse.OpI64RemS, wasmparse.OpI64RemU,
		wasmparse.OpI32TruncF32S, wasmparse.OpI32TruncF32U, wasmparse.OpI32TruncF64S, wasmparse.OpI32TruncF64U,
		wasmparse.OpI64TruncF32S, wasmparse.OpI64TruncF32U, wasmparse.OpI64TruncF64S, wasmparse.OpI64TruncF64U:
		return false
	}
	return wasmparse.OpI32Const <= op && op <= wasmparse.OpI64Extend32S
}

// access notes a load or a store through v.
func (x *prober) access(i int, in *wasmparse.Instr, v probedValue) {
	end := in.B + 1<<in.Op.Info().N
	if !v.known || end > 1<<32 {
		return
	}
	l := &x.locals[v.local]
	if v.version != l.version {
		return
	}
	if l.epoch != x.epoch {
		l.epoch, l.reach = x.epoch, 0
	}
	if end <= l.reach {
		return
	}
	if l.steps == 0 {
		l.first = i
		x.active = append(x.active, v.local)
	}
	l.steps++
	l.end, l.reach = end, end
}

// flush ends the run of accesses through a local.
func (x *prober) flush(local uint32) {
	l := &x.locals[local]
	if l.steps > 1 {
		x.probes = append(x.probes, probe{l.first, local, l.end})
	}
	l.steps = 0
}

// barrier ends all runs.
func (x *prober) barrier() {
	for _, local := range x.active {
		x.flush(local)
	}
	x.active = x.active[:0]
}

func (x *prober) push(v probedValue) { x.stack = append(x.stack, v) }

// pop drops n operands and returns the lowest of them.
func (x *prober) pop(n int) probedValue {
	switch {
	case n == 0:
		return probedValue{}
	case len(x.stack) < n:
		x.stack = x.stack[:0]
		return probedValue{}
	}
	v := x.stack[len(x.stack)-n]
	x.stack = x.stack[:len(x.stack)-n]
	return v
}

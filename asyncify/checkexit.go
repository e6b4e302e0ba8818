package asyncify

import (
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// An exitWalk follows what a function does behind a call that comes back with a negative
// budget: the instructions from there to the function's end, of which every branch must
// be decided by what is known, the budget and constants. Its memory is reused.
type exitWalk struct {
	b      *bodyChecker
	budget int32
	stack  []known
	locals []knownLocal
	spills []spillCall // the frames that are written
	anon   bool        // one of them without a number that is known
}

// known is a value, of which v is known if ok.
type known struct {
	v  int32
	ok bool
}

type knownLocal struct {
	local uint32
	known
}

// leavesAfter reports whether the function leaves with one frame if the call at i comes
// back unwinding, and that frame.
func (b *bodyChecker) leavesAfter(i int) (frame spillCall, ok bool, err error) {
	switch b.fn.Instrs[i].Op {
	case wasmparse.OpReturnCall, wasmparse.OpReturnCallIndirect, wasmparse.OpReturnCallRef:
		return spillCall{}, false, nil // nothing is behind it
	}
	w := b.walk(rtlib.Unwinding)
	for range b.results(&b.fn.Instrs[i]) {
		w.push(known{})
	}
	left := w.run(i + 1)
	if w.anon {
		return spillCall{}, false, b.c.fault(b.f, "frame without the number of its site behind the call at offset %#x", b.fn.Offs[i])
	}
	if !left || len(w.spills) != 1 {
		return spillCall{}, false, nil
	}
	return w.spills[0], true, nil
}

// leavesThrowing reports whether the function leaves without a frame if an exception is
// under way at instruction i.
func (b *bodyChecker) leavesThrowing(i int) bool {
	w := b.walk(rtlib.Throwing)
	return w.run(i) && len(w.spills) == 0
}

func (b *bodyChecker) walk(budget int32) *exitWalk {
	w := &b.exit
	w.b, w.budget, w.anon = b, budget, false
	w.stack, w.locals, w.spills = w.stack[:0], w.locals[:0], w.spills[:0]
	return w
}

func (w *exitWalk) push(v known) { w.stack = append(w.stack, v) }

func (w *exitWalk) pop() known {
	n := len(w.stack) - 1
	if n < 0 {
		return known{} // from below the call
	}
	v := w.stack[n]
	w.stack = w.stack[:n]
	return v
}

func (w *exitWalk) set(local uint32, v known) {
	for k := range w.locals {
		if w.locals[k].local == local {
			w.locals[k].known = v
			return
		}
	}
	w.locals = append(w.locals, knownLocal{local, v})
}

func (w *exitWalk) get(local uint32) known {
	for k := range w.locals {
		if w.locals[k].local == local {
			return w.locals[k].known
		}
	}
	return known{}
}

// run goes on from instruction j until the function is left; it reports false if it does
// anything else on the way than to move values and write frames.
func (w *exitWalk) run(j int) bool {
	fn := &w.b.fn
	for range len(fn.Instrs) {
		in := &fn.Instrs[j]
		to := j + 1
		switch in.Op {
		case wasmparse.OpReturn, wasmparse.OpUnreachable:
			return true
		case wasmparse.OpEnd:
			if in.Opener() < 0 {
				return true
			}
		case wasmparse.OpElse:
			to = in.End()
		case wasmparse.OpBr:
			to = int(w.b.dest[j])
		case wasmparse.OpBrIf, wasmparse.OpIf:
			c := w.pop()
			switch {
			case !c.ok:
				return false
			case in.Op == wasmparse.OpBrIf && c.v != 0:
				to = int(w.b.dest[j])
			case in.Op == wasmparse.OpIf && c.v == 0 && in.Else() != 0:
				to = in.Else() + 1
			case in.Op == wasmparse.OpIf && c.v == 0:
				to = in.End()
			}
		case wasmparse.OpCall:
			if in.A >= uint32(len(w.b.c.frame)) || w.b.c.frame[in.A] == 0 {
				return false
			}
			w.spill(in.A)
		default:
			if !w.step(in) {
				return false
			}
		}
		j = to
	}
	return false
}

// spill follows the call of a helper, whose first parameter is the site.
func (w *exitWalk) spill(helper uint32) {
	var site known
	for range w.b.c.m.FuncType(wasmparse.FuncIdx(helper)).Params {
		site = w.pop()
	}
	w.anon = w.anon || !site.ok
	w.spills = append(w.spills, spillCall{site: uint32(site.v), helper: helper})
}

// step follows an instruction that only moves values, or turns results into the bits of
// r; it reports false for others.
func (w *exitWalk) step(in *wasmparse.Instr) bool {
	switch in.Op {
	case wasmparse.OpNop, wasmparse.OpBlock, wasmparse.OpLoop:
	case wasmparse.OpDrop:
		w.pop()
	case wasmparse.OpI32Const:
		w.push(known{int32(uint32(in.B)), true})
	case wasmparse.OpI64Const, wasmparse.OpF32Const, wasmparse.OpF64Const, wasmparse.OpV128Const, wasmparse.OpRefNull:
		w.push(known{})
	case wasmparse.OpLocalGet:
		w.push(w.get(in.A))
	case wasmparse.OpLocalSet:
		w.set(in.A, w.pop())
	case wasmparse.OpLocalTee:
		v := w.pop()
		w.set(in.A, v)
		w.push(v)
	case wasmparse.OpGlobalGet:
		w.push(known{w.budget, in.A == w.b.c.budget})
	case wasmparse.OpGlobalSet:
		w.pop()
		return w.b.c.result[in.A]
	case wasmparse.OpI64ExtendI32U, wasmparse.OpI32ReinterpretF32, wasmparse.OpI64ReinterpretF64, wasmparse.OpI64x2ExtractLane:
		w.pop()
		w.push(known{})
	default:
		y, x := w.pop(), w.pop()
		v, ok := fold(in.Op, x.v, y.v)
		w.push(known{v, ok && x.ok && y.ok})
		return ok
	}
	return true
}

// fold computes what emitters compute with numbers of sites and the budget.
func fold(op wasmparse.Opcode, x, y int32) (v int32, ok bool) {
	truth := func(b bool) (int32, bool) {
		if b {
			return 1, true
		}
		return 0, true
	}
	switch op {
	case wasmparse.OpI32Add:
		return x + y, true
	case wasmparse.OpI32Sub:
		return x - y, true
	case wasmparse.OpI32Eq:
		return truth(x == y)
	case wasmparse.OpI32Ne:
		return truth(x != y)
	case wasmparse.OpI32LtS:
		return truth(x < y)
	case wasmparse.OpI32GeS:
		return truth(x >= y)
	case wasmparse.OpI32LtU:
		return truth(uint32(x) < uint32(y))
	}
	return 0, false
}

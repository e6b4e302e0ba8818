package transform

import "github.com/lunatic-go/lunatic/wasmparse"

// wazero 1.12 compiles a remainder wrongly on arm64 where registers are scarce. It writes the
// quotient to the register that the result is for, checks the divisor, and multiplies and
// subtracts; if the check needs a register, it may take that one, for what is live longest is
// spilled first, and a value is stored where it is defined last, behind the subtraction. The
// remainder of x is then x, or anything. So what lives on is not the result itself, but the
// result of an instruction behind it:
//
//	(local.set $r (i32.rem_u (x) (y)))   (local.set $r (i32.or (i32.rem_u (x) (y)) (i32.const 0)))
//
// The engine does not see through it.

// A remainders puts these instructions behind remainders. Its memory is reused.
type remainders struct{ out wasmparse.Func }

// guard rewrites a function and reports whether it has changed. The result is valid until the
// next call.
func (x *remainders) guard(fn *wasmparse.Func) (*wasmparse.Func, bool) {
	out, done := &x.out, 0
	for i := range fn.Instrs {
		zero, or, ok := afterRemainder(fn.Instrs[i].Op)
		if !ok {
			continue
		}
		if done == 0 {
			instrs, offs := out.Instrs[:0], out.Offs[:0]
			*out = *fn
			out.Instrs, out.Offs = instrs, offs
		}
		off := fn.Offs[i]
		out.Instrs = append(append(out.Instrs, fn.Instrs[done:i+1]...), wasmparse.Instr{Op: zero}, wasmparse.Instr{Op: or})
		out.Offs = append(append(out.Offs, fn.Offs[done:i+1]...), off, off)
		done = i + 1
	}
	if done == 0 {
		return fn, false
	}
	out.Instrs = append(out.Instrs, fn.Instrs[done:]...)
	out.Offs = append(out.Offs, fn.Offs[done:]...)
	link(out)
	return out, true
}

// afterRemainder returns the instructions to follow op, if it is a remainder.
func afterRemainder(op wasmparse.Opcode) (zero, or wasmparse.Opcode, ok bool) {
	switch op {
	case wasmparse.OpI32RemS, wasmparse.OpI32RemU:
		return wasmparse.OpI32Const, wasmparse.OpI32Or, true
	case wasmparse.OpI64RemS, wasmparse.OpI64RemU:
		return wasmparse.OpI64Const, wasmparse.OpI64Or, true
	}
	return 0, 0, false
}

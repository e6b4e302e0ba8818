package transform

import (
	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// Tiny loops are unrolled: wazero does not, and a round of a few instructions is then
// mostly the charge, the branch and the moves of what the loop carries.
//
//	loop $L                           loop $L
//	  body                              body
//	  cond                              cond
//	  br_if $L                          if
//	  tail                                body
//	end                                   cond
//	                                      if
//	                                        br $L
//	                                      end
//	                                    end
//	                                    tail
//	                                  end
//
// Every copy keeps its exits, so the number of rounds need not be known. What is tiny
// has no calls, whose sites are counted before, and no loop in it. Most resume clones are
// made without it, see build.unrollsClones.

// An unrollLimit says how many instructions all copies of a body may have, and how many
// copies there may be.
type unrollLimit struct {
	inner, innerCopies int // of a loop in a loop
	outer, outerCopies int // of others, which go round less often
	branchy            int // instructions, if there are blocks in the body: they gain less
}

// unrollLimitOf returns the limit for a level of Options.Opt.
func unrollLimitOf(opt int) unrollLimit {
	switch {
	case opt < 0:
		return unrollLimit{}
	case opt == 0:
		return unrollLimit{inner: 128, innerCopies: 4, outer: 80, outerCopies: 2}
	}
	return unrollLimit{inner: 200, innerCopies: 8, outer: 200, outerCopies: 8, branchy: 128}
}

// copiesOf is how many times a body of so many instructions is to be there, whose loop
// stands in so many others.
func (l *unrollLimit) copiesOf(instrs, around int, branchy bool) int {
	most, copies := l.inner, l.innerCopies
	if around == 0 {
		most, copies = l.outer, l.outerCopies
	}
	if branchy {
		most = min(most, l.branchy)
	}
	return min(copies, most/instrs)
}

// An unroller copies the bodies of tiny loops. Its memory is reused.
type unroller struct {
	limit unrollLimit
	out   wasmparse.Func
	loops []tinyLoop
	ends  []int // of the loops around
}

// A tinyLoop is a loop to unroll: its opening instruction, its one branch back, which
// stands right in it, and how many times its body is to be there.
type tinyLoop struct{ open, back, copies int }

// unroll returns fn with its tiny loops unrolled, valid until the next call; fn itself
// if it has none. fn has not been validated yet.
func (u *unroller) unroll(fn *wasmparse.Func) *wasmparse.Func {
	u.find(fn)
	if len(u.loops) == 0 {
		return fn
	}
	instrs, offs := u.out.Instrs[:0], u.out.Offs[:0]
	u.out = *fn
	u.out.Instrs, u.out.Offs = instrs, offs
	done := 0
	for _, l := range u.loops {
		u.copy(fn, done, l.back, 0)
		off, ifs := fn.Offs[l.back], uint32(0)
		for n := range l.copies {
			if n > 0 {
				u.copy(fn, l.open+1, l.back, ifs)
			}
			if fn.Instrs[l.back].Op == wasmparse.OpBrIf {
				u.emit(wasmparse.Instr{Op: wasmparse.OpIf}, off)
				ifs++
			}
		}
		u.emit(wasmparse.Instr{Op: wasmparse.OpBr, A: ifs}, off)
		for range ifs {
			u.emit(wasmparse.Instr{Op: wasmparse.OpEnd}, off)
		}
		done = l.back + 1
	}
	u.copy(fn, done, len(fn.Instrs), 0)
	link(&u.out)
	return &u.out
}

func (u *unroller) emit(in wasmparse.Instr, off uint32) {
	u.out.Instrs = append(u.out.Instrs, in)
	u.out.Offs = append(u.out.Offs, off)
}

// copy appends instructions of fn that now stand in so many constructs more. Branches
// that leave the range leave these as well.
func (u *unroller) copy(fn *wasmparse.Func, from, to int, more uint32) {
	start := len(u.out.Instrs)
	u.out.Instrs = append(u.out.Instrs, fn.Instrs[from:to]...)
	u.out.Offs = append(u.out.Offs, fn.Offs[from:to]...)
	if more == 0 {
		return
	}
	depth := uint32(0)
	for i := range u.out.Instrs[start:] {
		switch in := &u.out.Instrs[start+i]; in.Op {
		case wasmparse.OpBlock, wasmparse.OpIf:
			depth++
		case wasmparse.OpEnd:
			depth--
		case wasmparse.OpBr, wasmparse.OpBrIf:
			if in.A >= depth {
				in.A += more
			}
		}
	}
}

// find fills loops.
func (u *unroller) find(fn *wasmparse.Func) {
	u.loops, u.ends = u.loops[:0], u.ends[:0]
	open, back := -1, -1               // of the loop around, if it may be tiny
	depth, branchy := uint32(0), false // within it
	for i := range fn.Instrs {
		in := &fn.Instrs[i]
		if in.Op == wasmparse.OpLoop {
			open, back, depth, branchy = i, -1, 0, false
			for len(u.ends) > 0 && u.ends[len(u.ends)-1] < i {
				u.ends = u.ends[:len(u.ends)-1]
			}
			u.ends = append(u.ends, in.End())
			if in.BlockType() != 0 {
				open = -1
			}
			continue
		}
		if open < 0 {
			continue
		}
		switch in.Op {
		case wasmparse.OpBlock, wasmparse.OpIf:
			depth++
			branchy = true
		case wasmparse.OpEnd:
			if depth > 0 {
				depth--
				continue
			}
			if back >= 0 {
				if n := u.limit.copiesOf(back-open, len(u.ends)-1, branchy); n > 1 {
					u.loops = append(u.loops, tinyLoop{open, back, n})
				}
			}
			open = -1
		case wasmparse.OpBr, wasmparse.OpBrIf:
			if in.A != depth {
				continue
			}
			if depth > 0 || back >= 0 {
				open = -1
			}
			back = i
		default:
			if !copyable(in.Op) {
				open = -1
			}
		}
	}
}

// copyable reports whether there may be more of an instruction than there were.
func copyable(op wasmparse.Opcode) bool {
	switch op {
	case asyncify.OpCheckThrow, wasmparse.OpBrTable, wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull, wasmparse.OpTryTable,
		wasmparse.OpMemoryCopy, wasmparse.OpMemoryFill, wasmparse.OpMemoryInit,
		wasmparse.OpTableCopy, wasmparse.OpTableFill, wasmparse.OpTableInit:
		return false
	}
	return !op.Info().Call
}

package transform

import (
	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// An edge of the control flow is critical if it leads from a branch with two ways out to a
// label with several ways in. wazero splits such edges after it has chosen what to join, and
// makes a truth value and tests it (cmp, set, movzx, test, jnz) where a comparison and a jump
// would do. So they are split here: each branch under a comparison gets a block of its own, an
// edge block, that goes on to the label:
//
//	block $L                         block $L
//	                                   block $E2
//	                                     block $E1
//	  (br_if $L (i32.eq …))                (br_if $E1 (i32.eq …))
//	  …                                    …
//	  (br_if $L (i32.lt_s …))              (br_if $E2 (i32.lt_s …))
//	  …                                    …
//	                                       br $L
//	                                     end
//	                                     br $L
//	                                   end
//	end                              end
//
// A br_if back to a loop becomes an if with a br.

// An edgeSplitter rewrites functions. Its memory is reused.
type edgeSplitter struct {
	m   *wasmparse.Module // whose types the functions have
	out wasmparse.Func

	open   []edgeLabel
	cands  []edgeCand
	splits []int32 // by instruction, see find
	dead   []bool  // by the instruction that closes an arm: control does not come to it
	first  int32   // edge blocks of the function's own label
	blocks int     // edge blocks in all
	depth  int     // labels open in the output
}

// An edgeLabel is a construct around the current instruction.
type edgeLabel struct {
	opener int // -1 for the function
	arm    int // the opener, or its else
	loop   bool
	ways   int   // that lead to the label
	first  int32 // 1 + the first of the candidates that branch to it, 0
	last   int32 // the same of the last
	label  int   // of the output
	blocks int   // edge blocks that are open
}

// An edgeCand is a branch that would gain.
type edgeCand struct {
	at, arm int
	next    int32 // 1 + the next one to the same label, 0
}

// maxEdgeBlocks bounds what a function gets, and how deep its constructs nest.
const maxEdgeBlocks = 1 << 14

// split rewrites a function that has no unreachable code, and reports whether it has changed.
// The result is valid until the next call.
func (x *edgeSplitter) split(fn *wasmparse.Func) (*wasmparse.Func, bool) {
	if !x.find(fn) {
		return fn, false
	}
	x.write(fn)
	return &x.out, true
}

// find fills splits: what begins an arm has the number of edge blocks in it, a br_if the
// number of its own among them, from 1.
func (x *edgeSplitter) find(fn *wasmparse.Func) (found bool) {
	x.splits = append(x.splits[:0], make([]int32, len(fn.Instrs))...)
	x.dead = append(x.dead[:0], make([]bool, len(fn.Instrs))...)
	x.first, x.blocks, x.cands = 0, 0, x.cands[:0]
	x.open = append(x.open[:0], edgeLabel{opener: -1, arm: -1, ways: 2}) // wazero splits all edges to a return
	live := true
	way := func(depth uint32) { x.open[len(x.open)-1-int(depth)].ways++ }
	for i := range fn.Instrs {
		in := &fn.Instrs[i]
		switch in.Op {
		case wasmparse.OpBlock, wasmparse.OpLoop, wasmparse.OpIf:
			l := edgeLabel{opener: i, arm: i, loop: in.Op == wasmparse.OpLoop}
			if l.loop || in.Op == wasmparse.OpIf && in.Else() == 0 {
				l.ways = 1
			}
			x.open = append(x.open, l)
		case wasmparse.OpElse:
			l := &x.open[len(x.open)-1]
			l.arm, x.dead[i] = i, !live
			if live {
				l.ways++
			}
			live = true
		case wasmparse.OpEnd:
			l := &x.open[len(x.open)-1]
			x.dead[i] = !live
			if live && !l.loop {
				l.ways++
			}
			found = x.close(fn, l) || found
			live = live || !l.loop && l.ways > 0
			x.open = x.open[:len(x.open)-1]
		case wasmparse.OpBr:
			way(in.A)
			live = false
		case wasmparse.OpBrIf:
			way(in.A)
			if i > 0 && compares(fn.Instrs[i-1].Op) {
				x.candidate(i, &x.open[len(x.open)-1-int(in.A)])
			}
		case wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
			way(in.A)
		case asyncify.OpCheckThrow:
			if in.A != asyncify.CheckLeaves {
				way(in.A)
			}
		case wasmparse.OpBrTable:
			for _, t := range fn.Targets[in.B : in.B+uint64(in.A)] {
				way(t)
			}
			live = false
		default:
			live = live && !in.Op.Leaves()
		}
	}
	return found
}

// candidate notes the branch at i to a label.
func (x *edgeSplitter) candidate(i int, l *edgeLabel) {
	x.cands = append(x.cands, edgeCand{at: i, arm: l.arm})
	n := int32(len(x.cands))
	if l.first == 0 {
		l.first = n
	} else {
		x.cands[l.last-1].next = n
	}
	l.last = n
}

// close decides about the candidates that branch to a label.
func (x *edgeSplitter) close(fn *wasmparse.Func, l *edgeLabel) (found bool) {
	if l.ways < 2 || !x.fits(fn, l.opener) {
		return false
	}
	for n := l.first; n > 0 && x.blocks < maxEdgeBlocks; {
		c := &x.cands[n-1]
		n = c.next
		arm := &x.first
		if c.arm >= 0 {
			arm = &x.splits[c.arm]
		}
		if l.loop {
			x.splits[c.at] = 1
		} else {
			*arm++
			x.blocks++
			x.splits[c.at] = *arm
		}
		found = true
	}
	return found
}

// fits reports whether an edge block can have the type of a construct: it takes no operands,
// and a type of its own need not be made for it.
func (x *edgeSplitter) fits(fn *wasmparse.Func, opener int) bool {
	if opener < 0 {
		return len(fn.Type.Results) < 2
	}
	params, _ := x.m.BlockSig(fn.Instrs[opener].BlockType())
	return len(params) == 0
}

// write fills out.
func (x *edgeSplitter) write(fn *wasmparse.Func) {
	out := &x.out
	out.Idx, out.Type, out.Locals = fn.Idx, fn.Type, fn.Locals
	out.Instrs, out.Offs = out.Instrs[:0], out.Offs[:0]
	out.Targets = append(out.Targets[:0], fn.Targets...)
	out.Bytes, out.Catches = fn.Bytes, fn.Catches
	x.open, x.depth = append(x.open[:0], edgeLabel{opener: -1}), 1
	result := uint32(0)
	if len(fn.Type.Results) == 1 {
		result = uint32(fn.Type.Results[0])
	}
	x.openBlocks(fn.Offs[0], int(x.first), result)
	for i, in := range fn.Instrs {
		off := fn.Offs[i]
		switch in.Op {
		case wasmparse.OpBlock, wasmparse.OpLoop, wasmparse.OpIf:
			x.open = append(x.open, edgeLabel{loop: in.Op == wasmparse.OpLoop, label: x.depth})
			x.depth++
			x.emit(off, in)
			x.openBlocks(off, int(x.splits[i]), in.A)
			continue
		case wasmparse.OpElse:
			x.closeBlocks(i, off)
			x.emit(off, in)
			x.openBlocks(off, int(x.splits[i]), fn.Instrs[in.Opener()].A)
			continue
		case wasmparse.OpEnd:
			x.closeBlocks(i, off)
			x.open = x.open[:len(x.open)-1]
			x.depth--
		case wasmparse.OpBrIf:
			l := &x.open[len(x.open)-1-int(in.A)]
			switch k := int(x.splits[i]); {
			case k > 0 && l.loop:
				x.emit(off, wasmparse.Instr{Op: wasmparse.OpIf})
				x.emit(off, wasmparse.Instr{Op: wasmparse.OpBr, A: x.to(in.A) + 1})
				in = wasmparse.Instr{Op: wasmparse.OpEnd}
			case k > 0:
				in.A = uint32(x.depth - 1 - l.label - k)
			default:
				in.A = x.to(in.A)
			}
		case wasmparse.OpBr, wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
			in.A = x.to(in.A)
		case asyncify.OpCheckThrow:
			if in.A != asyncify.CheckLeaves {
				in.A = x.to(in.A)
			}
		case wasmparse.OpBrTable:
			t := out.Targets[in.B : in.B+uint64(in.A)]
			for k := range t {
				t[k] = x.to(t[k])
			}
		}
		x.emit(off, in)
	}
	link(out)
}

// openBlocks opens the n edge blocks of an arm.
func (x *edgeSplitter) openBlocks(off uint32, n int, bt uint32) {
	x.open[len(x.open)-1].blocks = n
	x.depth += n
	for range n {
		x.emit(off, wasmparse.Instr{Op: wasmparse.OpBlock, A: bt})
	}
}

// closeBlocks closes them, before the instruction that closes the arm.
func (x *edgeSplitter) closeBlocks(i int, off uint32) {
	l := &x.open[len(x.open)-1]
	live := !x.dead[i]
	for ; l.blocks > 0; l.blocks-- {
		if live {
			x.emit(off, wasmparse.Instr{Op: wasmparse.OpBr, A: uint32(x.depth - 1 - l.label)})
		}
		live = true
		x.depth--
		x.emit(off, wasmparse.Instr{Op: wasmparse.OpEnd})
	}
}

// to is the depth of a label in the output.
func (x *edgeSplitter) to(depth uint32) uint32 {
	return uint32(x.depth - 1 - x.open[len(x.open)-1-int(depth)].label)
}

func (x *edgeSplitter) emit(off uint32, in wasmparse.Instr) {
	x.out.Instrs = append(x.out.Instrs, in)
	x.out.Offs = append(x.out.Offs, off)
}

// compares reports whether wazero joins an instruction with a branch on its result.
func compares(op wasmparse.Opcode) bool {
	return op >= wasmparse.OpI32Eqz && op <= wasmparse.OpF64Ge
}

package asyncify

import (
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// A reloc is a place in a body that waits for the index of a helper.
type reloc struct {
	off    uint32
	helper helperID
}

// emitter is what the fast and the resume clone have in common.
type emitter struct {
	*plan
	base   uint32 // number of the function's first site
	out    []byte
	relocs []reloc
	shift  uint32 // added to every local index
	ids    map[helper]helperID
	locals []wasmparse.ValType
	decl   []byte
	clone  bool // writing the resume clone

	// Of the fast clone: constructs of the function around the current point, and blocks
	// around its body; exits, see exit.go, and the way of each site.
	depthNow, wrapped int
	exits             []exit
	ways              []way
	wayOf, bySize     []int32

	// Of the resume clone.
	labels  labels
	levels  []level
	pending []int32 // levels whose labels are open and not dispatched: their first items
	reach   bool
	agains  []int // labels that lead back to a dispatch: the function's, those of loops
	again   bool  // whether the function's is used
	spills  int   // the label behind which the frame is written
	unwinds bool  // whether it is used
	resets  int   // loops around that dispatch in every round
	chain   []int32
}

func (e *emitter) local(op wasmparse.Opcode, n uint32) {
	e.out = appendOp(e.out, op, n+e.shift)
}

func (e *emitter) global(op wasmparse.Opcode, n wasmparse.GlobalIdx) {
	e.out = appendOp(e.out, op, uint32(n))
}

// callHelper calls a helper, whose index is filled in later.
func (e *emitter) callHelper(k helper) {
	id, ok := e.ids[k]
	if !ok {
		id = e.env.helpers.id(k)
		e.ids[k] = id
	}
	e.out = append(e.out, 0x10)
	e.relocs = append(e.relocs, reloc{uint32(len(e.out)), id})
	e.out = append(e.out, make([]byte, e.env.HelperWidth)...)
}

// below0 pushes whether the budget is negative: the callee has left instead of
// returning.
func (e *emitter) below0() {
	e.global(wasmparse.OpGlobalGet, e.env.Budget)
	e.out = append(e.out, 0x41, 0, opI32LtS)
}

// thrown pushes whether what is under way is an exception.
func (e *emitter) thrown() {
	e.global(wasmparse.OpGlobalGet, e.env.Budget)
	e.out = appendI32Const(e.out, rtlib.Throwing)
	e.out = append(e.out, opI32Eq)
}

// instr copies an instruction.
func (e *emitter) instr(in *wasmparse.Instr) {
	switch in.Op {
	case wasmparse.OpLocalGet, wasmparse.OpLocalSet, wasmparse.OpLocalTee:
		e.local(in.Op, in.A)
	case wasmparse.OpBr, wasmparse.OpBrIf, wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
		moved := *in
		moved.A = e.depth(in.A)
		e.out = wasmencode.AppendInstr(e.out, e.fn, &moved)
	case wasmparse.OpBrTable:
		e.out = append(e.out, opBrTable)
		e.out = wasmencode.AppendU32(e.out, in.A-1)
		for _, t := range e.fn.Targets[in.B : in.B+uint64(in.A)] {
			e.out = wasmencode.AppendU32(e.out, e.depth(t))
		}
	default:
		e.out = wasmencode.AppendInstr(e.out, e.fn, in)
	}
}

// keepCopies copies the values that instruction i has pushed to their slots, for the
// sites at which they are still on the stack.
func (e *emitter) keepCopies(i int) {
	if e.keep[i] == 0 {
		return
	}
	types := e.pushed(i)
	if len(types) < 2 {
		e.local(wasmparse.OpLocalTee, e.keepSlot[i])
		return
	}
	height := e.slotKeys[int(e.keepSlot[i])-len(e.fn.Locals)].height
	for k := len(types) - 1; k >= 0; k-- {
		e.local(wasmparse.OpLocalSet, e.slot(height+uint32(k), types[k]))
	}
	for k := range types {
		e.local(wasmparse.OpLocalGet, e.slot(height+uint32(k), types[k]))
	}
}

// pushed returns the types that instruction i pushes if they can be more than one.
func (p *plan) pushed(i int) []wasmparse.ValType {
	in := &p.fn.Instrs[i]
	switch {
	case in.Op.Info().Call:
		return p.env.callee(in).typ.Results
	case in.Op == wasmparse.OpBlock || in.Op == wasmparse.OpLoop || in.Op == wasmparse.OpIf:
		params, _ := p.env.M.BlockSig(wasmparse.BlockType(in.A))
		return params
	case in.Op == wasmparse.OpElse:
		params, _ := p.env.M.BlockSig(wasmparse.BlockType(p.fn.Instrs[uint32(in.B)].A))
		return params
	case in.Op == wasmparse.OpEnd:
		if op := opener(p.fn, i); op >= 0 {
			_, results := p.env.M.BlockSig(wasmparse.BlockType(p.fn.Instrs[op].A))
			return results
		}
	}
	return nil
}

// opener returns the instruction that the end at i closes, -1 for the function's.
func opener(fn *wasmparse.Func, i int) int {
	if i == len(fn.Instrs)-1 {
		return -1
	}
	return int(uint32(fn.Instrs[i].B))
}

// fast writes the fast clone: the function as it was, plus an exit behind every call
// that may come back unwinding or throwing. Such an exit joins nothing of the function,
// so the engine's register allocation for the rest of it stays as it was, and it stands
// out of line, behind the body:
//
//	block $exit
//	  block $cold1
//	    block $cold0
//	      body: … call; global.get $budget; i32.const 0; i32.lt_s; br_if $cold0 …
//	      return
//	    end
//	    spill the frame of site 0
//	    br $exit
//	  end
//	  spill the frame of site 1
//	end
//	zeros
func (e *emitter) fast() []byte {
	e.out, e.relocs, e.shift, e.clone = e.out[:0], e.relocs[:0], 0, false
	e.ways, e.wrapped = e.ways[:0], 0
	if e.pinned == "" {
		e.findExits()
	}
	if n := len(e.ways); n > 0 {
		e.wrapped = n + 1
		e.openWays()
	}
	e.body()
	if len(e.ways) > 0 {
		e.out = append(e.out, opReturn)
		e.closeWays()
		e.leave(0)
	}
	e.out = append(e.out, opEnd)
	return e.finish(e.fn.Locals[len(e.fn.Type.Params):])
}

// body writes the instructions of the function but for its last end.
func (e *emitter) body() {
	next := 0 // site
	e.depthNow = 0
	for i := range e.fn.Instrs[:len(e.fn.Instrs)-1] {
		in := &e.fn.Instrs[i]
		switch in.Op {
		case OpCheckThrow:
			if next == 0 || e.sites[next-1].instr != i-1 || e.pinned != "" {
				e.checkThrow(in.A)
			} // else it is part of the site's exit
			continue
		case wasmparse.OpEnd:
			e.depthNow--
		}
		site := next < len(e.sites) && e.sites[next].instr == i
		if site && e.pinned != "" {
			e.pin(1)
		}
		e.instr(in)
		if in.Op.Opens() {
			e.depthNow++
		}
		if site {
			switch {
			case e.pinned != "":
				e.pin(-1)
			case !e.sites[next].tail:
				e.leaveFor(next)
			}
			next++
		}
		e.keepCopies(i)
	}
}

// finish puts the declarations of locals in front of what has been written.
func (e *emitter) finish(locals []wasmparse.ValType) []byte {
	e.locals = append(append(e.locals[:0], locals...), e.slots...)
	e.decl = wasmencode.AppendLocals(e.decl[:0], e.locals)
	body := make([]byte, 0, len(e.decl)+len(e.out))
	for i := range e.relocs {
		e.relocs[i].off += uint32(len(e.decl))
	}
	return append(append(body, e.decl...), e.out...)
}

// depth translates a label of the input to a label at the current point.
func (e *emitter) depth(label uint32) uint32 {
	switch {
	case e.clone:
		return e.labels.depth(label)
	case int(label) == e.depthNow:
		return label + uint32(e.wrapped) // the function's own
	}
	return label
}

// pin adds to the number of frames on the stack that cannot be unwound.
func (e *emitter) pin(by int32) {
	e.global(wasmparse.OpGlobalGet, e.env.Pinned)
	e.out = appendI32Const(e.out, by)
	e.out = append(e.out, opI32Add)
	e.global(wasmparse.OpGlobalSet, e.env.Pinned)
}

// checkThrow writes the check behind a call that may throw but not suspend.
func (e *emitter) checkThrow(label uint32) {
	e.below0()
	if label != CheckLeaves {
		e.out = appendOp(e.out, wasmparse.OpBrIf, e.depth(label))
		return
	}
	e.out = append(e.out, opIf, blockVoid)
	e.leave(1)
	e.out = append(e.out, opEnd)
}

// leave returns zeros. depth is the number of labels the emitter has opened around
// without noting them.
func (e *emitter) leave(depth uint32) {
	if e.clone {
		e.out = appendOp(e.out, wasmparse.OpBr, uint32(e.labels.open-1)+depth)
		return
	}
	for _, t := range e.fn.Type.Results {
		var ok bool
		if e.out, ok = appendZero(e.out, t); !ok {
			// Only reached when a function that returns a reference that cannot be null is left
			// by an exception: there is no such value to return. See doc.go, "Limits".
			e.out = append(e.out, opUnreachable)
			return
		}
	}
	e.out = append(e.out, opReturn)
}

package wasmparse

import "fmt"

// A Func is one decoded function. Decode reuses the memory of what it held before.
type Func struct {
	Idx  FuncIdx
	Type *FuncType
	// Locals are the parameters, then the declared locals, one each.
	Locals []ValType
	// Instrs ends with the function's own end.
	Instrs []Instr
	// Offs holds for each instruction its byte offset in the module.
	Offs []uint32

	// Side tables; see Instr for what points into them.
	Targets []uint32
	Catches []Catch
	Bytes   []byte

	scan Scanner
	open []int32 // openers of the blocks around the instruction being decoded
}

// MaxLocals is how many locals a function may have, parameters included.
const MaxLocals = 50_000

// maxNesting is how deep structured instructions may nest. Each takes memory while a
// function is validated.
const maxNesting = 2_000_000

// Decode reads the defined function idx of m, and matches each structured
// instruction with its end. It does not validate: see Stack.
func (f *Func) Decode(m *Module, idx FuncIdx) error {
	f.Idx, f.Type = idx, m.FuncType(idx)
	f.Instrs, f.Offs = f.Instrs[:0], f.Offs[:0]
	f.Targets, f.Catches, f.Bytes, f.open = f.Targets[:0], f.Catches[:0], f.Bytes[:0], f.open[:0]

	b := m.Body(idx)
	f.scan.resetAt(m, SectionCode, b.Off, b.End)
	f.locals()
	f.body()
	f.scan.attribute(idx)
	return f.scan.Err()
}

func (f *Func) locals() {
	r := &f.scan.r
	f.Locals = append(f.Locals[:0], f.Type.Params...)
	total := uint64(0)
	over := -1 // offset of the first group that is too many
	for groups := r.u32(); groups > 0 && r.err == nil; groups-- {
		off := r.pos
		n := r.u32()
		t := r.valType()
		total += uint64(n)
		switch {
		case total > 1<<32-1:
			r.malformed(off, "too many locals")
		case total+uint64(len(f.Type.Params)) <= MaxLocals:
			for ; n > 0; n-- {
				f.Locals = append(f.Locals, t)
			}
		case over < 0:
			over = off
		}
	}
	if over >= 0 && r.err == nil {
		r.unsupported(over, fmt.Sprintf("more than %d locals", MaxLocals), "too many locals")
	}
}

func (f *Func) body() {
	s := &f.scan
	instrs, offs := f.Instrs, f.Offs // in registers: this is the hot loop
	closed := false                  // the function's own end has been read
	for s.Next() {
		if closed {
			s.r.malformed(s.Start, "END opcode expected")
			break
		}
		instrs = append(instrs, Instr{Op: s.Op, Aux: s.Aux, A: s.A, B: s.B})
		offs = append(offs, uint32(s.Start))
		if linked[s.Op] {
			f.Instrs = instrs
			closed = f.link(len(instrs) - 1)
		}
	}
	f.Instrs, f.Offs = instrs, offs
	if !closed {
		f.noEnd()
	}
}

// linked are the opcodes whose B points to somewhere else.
var linked = [numOps]bool{
	OpBlock: true, OpLoop: true, OpIf: true, OpTryTable: true, OpElse: true, OpEnd: true,
	OpBrTable: true, OpV128Const: true, OpI8x16Shuffle: true,
}

// link sets the B of instruction i, just read, and reports whether it is the
// function's own end.
func (f *Func) link(i int) (closed bool) {
	s, in := &f.scan, &f.Instrs[i]
	switch in.Op {
	case OpBlock, OpLoop, OpIf:
		f.enter(i)
	case OpTryTable:
		in.B = uint64(len(f.Catches))
		f.Catches = s.Catches(f.Catches)
		f.enter(i)
	case OpElse:
		if !f.elseOf(i, in) {
			s.r.malformed(s.Start, "illegal opcode")
		}
	case OpEnd:
		return f.endOf(i, in)
	case OpBrTable:
		in.B = uint64(len(f.Targets))
		f.Targets = s.Targets(f.Targets)
	case OpV128Const, OpI8x16Shuffle:
		in.B = uint64(len(f.Bytes))
		f.Bytes = append(f.Bytes, s.r.data[s.End-16:s.End]...)
	}
	return false
}

// enter notes that instruction i opens a block.
func (f *Func) enter(i int) {
	if len(f.open) >= maxNesting {
		f.scan.r.unsupported(f.scan.Start, fmt.Sprintf("more than %d nested blocks", maxNesting), "")
	}
	f.open = append(f.open, int32(i))
}

// noEnd fails since the body is over and the function is not.
func (f *Func) noEnd() {
	r := &f.scan.r
	msg := "END opcode expected"
	if r.pos == len(r.m.Data) {
		msg = msgEnd
	}
	r.malformed(r.pos, msg)
}

// elseOf matches an else at i with its if.
func (f *Func) elseOf(i int, in *Instr) bool {
	if len(f.open) == 0 {
		return false
	}
	open := f.open[len(f.open)-1]
	opener := &f.Instrs[open]
	if opener.Op != OpIf || opener.Else() != 0 {
		return false
	}
	opener.B = uint64(i)
	in.B = uint64(open)
	return true
}

// endOf matches an end at i with its opener and reports whether it is the function's.
func (f *Func) endOf(i int, in *Instr) bool {
	if len(f.open) == 0 {
		in.B = FuncEnd
		return true
	}
	open := f.open[len(f.open)-1]
	f.open = f.open[:len(f.open)-1]
	in.B = uint64(open)
	opener := &f.Instrs[open]
	opener.B |= uint64(i) << 32
	if opener.Op == OpIf {
		if e := opener.Else(); e != 0 {
			f.Instrs[e].B |= uint64(i) << 32
		}
	}
	return false
}

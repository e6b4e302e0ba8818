package transform

import (
	"fmt"

	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// Exceptions are lowered to branches and to the check behind calls that suspension
// needs anyway. wazero 1.12 miscompiles try_table (a local set in its body has its old
// value in the handler), takes microseconds to enter one, and could not unwind through
// it.
//
//	throw $t         payload and tag into globals; the budget is put aside and set to
//	                 Throwing; branch to the landing pad of the try_table around, or
//	                 return
//	call             if the callee may throw: budget < 0 ? branch to the landing pad, or
//	                 return (asyncify.OpCheckThrow, which is merged with the check for
//	                 unwinding)
//	try_table        block $out (block $landing body, br $out) landing pad: compare the
//	                 tag with each clause; take the budget back and branch to the
//	                 clause's label, or go on to the landing pad around
//
// An exnref becomes a v128: the tag's number, counted from 1, in its first lane, null
// being 0, and up to 12 bytes of payload behind it. It has no identity to lose.
//
// An exception does not cross from one instance to another: a process is one instance.

// exnPayload is how many 32-bit cells of payload an exnref holds.
const exnPayload = 3

// exceptions is what the lowering adds to a module.
type exceptions struct {
	used    bool // there is something to lower
	refs    bool // values of type exnref can occur
	budget  wasmparse.GlobalIdx
	tag     wasmparse.GlobalIdx
	payload [][]wasmparse.GlobalIdx // by tag, parameter
	// Functions (input's index space plus those of fixed index): v128 from the globals,
	// and back.
	pack, unpack wasmparse.FuncIdx
	// m is the module that lowered functions are validated against: the input with the
	// globals and functions that they use, and v128 for exnref.
	m *wasmparse.Module
}

// unref maps exnref to what stands for it.
func unref(t wasmparse.ValType) wasmparse.ValType {
	if t.Heap() == wasmparse.ExnRef {
		return wasmparse.V128
	}
	return t
}

// planExceptions finds out which functions may throw, and refuses what is not lowered.
func (b *build) planExceptions() error {
	m, g := b.m, b.g
	x := &b.exn
	for i := range g.Bodies {
		x.used = x.used || g.Bodies[i].Throws
		x.refs = x.refs || g.Bodies[i].ExnRefs
	}
	for i := range m.Types {
		for _, ts := range [][]wasmparse.ValType{m.Types[i].Params, m.Types[i].Results} {
			for _, t := range ts {
				x.refs = x.refs || t.Heap() == wasmparse.ExnRef
			}
		}
	}
	g.Throw(func(f wasmparse.FuncIdx) bool {
		return int(f) >= m.ImportedFuncs && g.Bodies[int(f)-m.ImportedFuncs].Throw
	})
	if !x.refs {
		return nil
	}
	x.used = true
	for i := range m.Tables {
		if m.Tables[i].Elem.Heap() == wasmparse.ExnRef {
			return fmt.Errorf("%w: exnref in a table", wasmparse.ErrUnsupported)
		}
	}
	for i := range m.Globals {
		if m.Globals[i].Type.Val.Heap() == wasmparse.ExnRef {
			return fmt.Errorf("%w: exnref in a global", wasmparse.ErrUnsupported)
		}
	}
	for i := range m.Imports {
		if im := &m.Imports[i]; im.Kind == wasmparse.KindFunc {
			t := m.TypeAt(im.Type)
			for _, v := range append(append([]wasmparse.ValType(nil), t.Params...), t.Results...) {
				if v.Heap() == wasmparse.ExnRef {
					return fmt.Errorf("%w: exnref in the type of import %s.%s", wasmparse.ErrUnsupported, im.Module, im.Name)
				}
			}
		}
	}
	for _, t := range m.Tags {
		cells := 0
		for _, v := range m.TypeAt(t).Params {
			switch v {
			case wasmparse.I32, wasmparse.F32:
				cells++
			case wasmparse.I64, wasmparse.F64:
				cells += 2
			default:
				cells = exnPayload + 1
			}
		}
		if cells > exnPayload {
			return fmt.Errorf("%w: exnref together with a tag of more than %d bytes of payload", wasmparse.ErrUnsupported, 4*exnPayload)
		}
	}
	return nil
}

// layoutExceptions adds the globals.
func (b *build) layoutExceptions(global func(string, wasmparse.ValType, []byte, bool) wasmparse.GlobalIdx) {
	x := &b.exn
	if !x.used {
		return
	}
	x.budget = global(rtlib.Reserved+"exn_budget", wasmparse.I32, []byte{0x41, 0}, false)
	x.tag = global(rtlib.Reserved+"exn_tag", wasmparse.I32, []byte{0x41, 0}, false)
	type cell struct {
		t wasmparse.ValType
		n int
	}
	cells := map[cell]wasmparse.GlobalIdx{} // shared by all tags
	for _, t := range b.m.Tags {
		seen := map[wasmparse.ValType]int{}
		var row []wasmparse.GlobalIdx
		for _, v := range b.m.TypeAt(t).Params {
			c := cell{v, seen[v]}
			seen[v]++
			if _, ok := cells[c]; !ok {
				init, null := zeroOf(v)
				if !null {
					init, _ = zeroOf(v.Nullable())
					v = v.Nullable()
				}
				cells[c] = global("", v, init, false)
			}
			row = append(row, cells[c])
		}
		x.payload = append(x.payload, row)
	}
}

// zeroOf returns the constant instruction for a type's default.
func zeroOf(t wasmparse.ValType) ([]byte, bool) {
	in, ok := zeroInstr(t)
	if t == wasmparse.V128 {
		return append([]byte{0xfd, 12}, make([]byte, 16)...), true
	}
	return wasmencode.AppendInstr(nil, nil, &in), ok
}

func zeroInstr(t wasmparse.ValType) (wasmparse.Instr, bool) {
	switch t {
	case wasmparse.I32:
		return wasmparse.Instr{Op: wasmparse.OpI32Const}, true
	case wasmparse.I64:
		return wasmparse.Instr{Op: wasmparse.OpI64Const}, true
	case wasmparse.F32:
		return wasmparse.Instr{Op: wasmparse.OpF32Const}, true
	case wasmparse.F64:
		return wasmparse.Instr{Op: wasmparse.OpF64Const}, true
	}
	return wasmparse.Instr{Op: wasmparse.OpRefNull, A: uint32(t.Nullable())}, t.Defaultable()
}

// packBody makes an exnref of the exception in the globals.
func (b *build) packBody() []byte {
	x := &b.exn
	code := wasmencode.AppendLocals(nil, nil)
	get := func(g wasmparse.GlobalIdx) { code = wasmencode.AppendU32(append(code, 0x23), uint32(g)) }
	lane := func(n int) { code = append(code, 0xfd, 28, byte(n)) } // i32x4.replace_lane
	for i, t := range b.m.Tags {
		get(x.tag)
		code = append(wasmencode.AppendS32(append(code, 0x41), int32(i+1)), 0x46, 0x04, 0x40) // i32.const; i32.eq; if
		code = append(append(code, 0xfd, 12), make([]byte, 16)...)
		get(x.tag)
		lane(0)
		n := 1
		for k, v := range b.m.TypeAt(t).Params {
			g := x.payload[i][k]
			switch v {
			case wasmparse.I32:
				get(g)
				lane(n)
			case wasmparse.F32:
				get(g)
				code = append(code, 0xbc)
				lane(n)
			default:
				for half := range 2 {
					get(g)
					if v == wasmparse.F64 {
						code = append(code, 0xbd)
					}
					if half == 1 {
						code = append(code, 0x42, 32, 0x88) // i64.const 32; i64.shr_u
					}
					code = append(code, 0xa7)
					lane(n + half)
				}
				n++
			}
			n++
		}
		code = append(code, 0x0f, 0x0b) // return; end
	}
	return append(code, 0x00, 0x0b)
}

// unpackBody puts the exception of an exnref into the globals. Null traps.
func (b *build) unpackBody() []byte {
	x := &b.exn
	code := wasmencode.AppendLocals(nil, nil)
	lane := func(n int) { code = append(code, 0x20, 0, 0xfd, 27, byte(n)) } // i32x4.extract_lane
	set := func(g wasmparse.GlobalIdx) { code = wasmencode.AppendU32(append(code, 0x24), uint32(g)) }
	lane(0)
	set(x.tag)
	for i, t := range b.m.Tags {
		lane(0)
		code = append(wasmencode.AppendS32(append(code, 0x41), int32(i+1)), 0x46, 0x04, 0x40)
		n := 1
		for k, v := range b.m.TypeAt(t).Params {
			switch v {
			case wasmparse.I32:
				lane(n)
			case wasmparse.F32:
				lane(n)
				code = append(code, 0xbe)
			default:
				lane(n)
				code = append(code, 0xad)
				lane(n + 1)
				code = append(code, 0xad, 0x42, 32, 0x86, 0x84) // extend; i64.const 32; shl; or
				if v == wasmparse.F64 {
					code = append(code, 0xbf)
				}
				n++
			}
			n++
			set(x.payload[i][k])
		}
		code = append(code, 0x0f, 0x0b)
	}
	return append(code, 0xd0, 0x69, 0x0a, 0x0b) // ref.null exn; throw_ref: the trap of the original
}

// A thrower lowers functions. Its memory is reused.
type thrower struct {
	b      *build
	in     *wasmparse.Func
	out    wasmparse.Func
	stack  wasmparse.Stack
	labels []tryLabel
	open   int
	dead   deadCode
	err    error
}

// A tryLabel is a construct of the input around the current instruction.
type tryLabel struct {
	label   int // the output's label for branches to it
	landing int // label of the landing pad, 0 for what is not a try_table
	instr   int
}

// lower returns fn without exceptions; fn itself if it has nothing to do with them.
func (t *thrower) lower(fn *wasmparse.Func) (*wasmparse.Func, error) {
	b := t.b
	if !b.exn.used {
		return fn, nil
	}
	facts := &b.g.Bodies[int(fn.Idx)-b.m.ImportedFuncs]
	if !facts.Throws && !b.g.MayThrow[fn.Idx] && !b.exn.refs {
		return fn, nil
	}
	t.in, t.err = fn, nil
	t.stack.Reset(b.m, fn)
	out := &t.out
	out.Idx, out.Type = fn.Idx, b.exn.m.FuncType(fn.Idx)
	out.Locals = out.Locals[:0]
	for _, v := range fn.Locals {
		out.Locals = append(out.Locals, unref(v))
	}
	out.Instrs, out.Offs, out.Catches = out.Instrs[:0], out.Offs[:0], out.Catches[:0]
	out.Targets = append(out.Targets[:0], fn.Targets...)
	out.Bytes = append(out.Bytes[:0], fn.Bytes...)
	t.labels, t.open, t.dead = append(t.labels[:0], tryLabel{}), 1, deadCode{}
	for i := range fn.Instrs {
		live, skip := t.dead.at(fn.Instrs[i].Op, &t.stack)
		var top wasmparse.ValType
		if n := len(t.stack.Vals); n > 0 {
			top = t.stack.Vals[n-1]
		}
		if err := t.stack.Step(i); err != nil {
			return nil, err
		}
		if !skip {
			t.instr(i, live, top)
		}
	}
	link(out)
	return out, t.err
}

func (t *thrower) emit(op wasmparse.Opcode, a uint32) *wasmparse.Instr {
	t.out.Instrs = append(t.out.Instrs, wasmparse.Instr{Op: op, A: a})
	off := uint32(0)
	if n := len(t.out.Offs); n > 0 {
		off = t.out.Offs[n-1]
	}
	t.out.Offs = append(t.out.Offs, off)
	return &t.out.Instrs[len(t.out.Instrs)-1]
}

func (t *thrower) copy(i int, in wasmparse.Instr) {
	t.out.Instrs = append(t.out.Instrs, in)
	t.out.Offs = append(t.out.Offs, t.in.Offs[i])
}

func (t *thrower) unsupported(what string) {
	if t.err == nil {
		t.err = fmt.Errorf("%w: func %d (%s): %s", wasmparse.ErrUnsupported, t.in.Idx, t.b.m.Names().FuncName(t.in.Idx), what)
	}
}

func (t *thrower) depth(d uint32) uint32 {
	return uint32(t.open - 1 - t.labels[len(t.labels)-1-int(d)].label)
}

// landing returns the label of the landing pad of the innermost try_table around, of
// those below the top-most skip constructs; 0 if there is none.
func (t *thrower) landing(skip int) int {
	for k := len(t.labels) - 1 - skip; k >= 0; k-- {
		if l := t.labels[k].landing; l > 0 {
			return l
		}
	}
	return 0
}

// blockType maps a block type of the input. Types by index are mapped as a whole.
func blockType(bt wasmparse.BlockType) wasmparse.BlockType {
	if bt == 0 || bt&wasmparse.BlockTypeIdx != 0 {
		return bt
	}
	return wasmparse.BlockType(unref(wasmparse.ValType(bt)))
}

func (t *thrower) instr(i int, live bool, top wasmparse.ValType) {
	in := t.in.Instrs[i]
	switch in.Op {
	case wasmparse.OpBlock, wasmparse.OpLoop, wasmparse.OpIf:
		in.A = uint32(blockType(in.BlockType()))
		t.labels = append(t.labels, tryLabel{label: t.open, instr: i})
		t.open++
		t.copy(i, in)
	case wasmparse.OpTryTable:
		t.tryTable(i, &in)
	case wasmparse.OpEnd:
		t.end(i, live)
	case wasmparse.OpThrow:
		p := t.b.exn.payload[in.A]
		for k := len(p) - 1; k >= 0; k-- {
			t.emit(wasmparse.OpGlobalSet, uint32(p[k]))
		}
		t.emit(wasmparse.OpI32Const, 0).B = uint64(in.A + 1)
		t.emit(wasmparse.OpGlobalSet, uint32(t.b.exn.tag))
		t.begin()
	case wasmparse.OpThrowRef:
		t.emit(wasmparse.OpCall, uint32(t.b.exn.unpack))
		t.begin()
	case wasmparse.OpBr, wasmparse.OpBrIf, wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
		if top.Heap() == wasmparse.ExnRef && (in.Op == wasmparse.OpBrOnNull || in.Op == wasmparse.OpBrOnNonNull) {
			t.unsupported(in.Op.String() + " of an exnref")
		}
		in.A = t.depth(in.A)
		t.copy(i, in)
	case wasmparse.OpBrTable:
		for k, d := range t.out.Targets[in.B : in.B+uint64(in.A)] {
			t.out.Targets[int(in.B)+k] = t.depth(d)
		}
		t.copy(i, in)
	case wasmparse.OpRefNull:
		if wasmparse.ValType(in.A).Heap() == wasmparse.ExnRef {
			n := len(t.out.Bytes)
			t.out.Bytes = append(t.out.Bytes, make([]byte, 16)...)
			in = wasmparse.Instr{Op: wasmparse.OpV128Const, B: uint64(n)}
		}
		t.copy(i, in)
	case wasmparse.OpRefIsNull:
		if top.Heap() == wasmparse.ExnRef {
			t.emit(wasmparse.OpI32x4ExtractLane, 0)
			in = wasmparse.Instr{Op: wasmparse.OpI32Eqz}
		}
		t.copy(i, in)
	case wasmparse.OpRefAsNonNull:
		if top.Heap() == wasmparse.ExnRef {
			t.unsupported("ref.as_non_null of an exnref")
		}
		t.copy(i, in)
	case wasmparse.OpSelectT:
		in.A = uint32(unref(wasmparse.ValType(in.A)))
		t.copy(i, in)
	default:
		t.copy(i, in)
		if t.mayThrow(&in) {
			t.check()
		}
	}
}

func (t *thrower) mayThrow(in *wasmparse.Instr) bool {
	switch in.Op {
	case wasmparse.OpCall:
		return t.b.g.MayThrow[in.A]
	case wasmparse.OpCallIndirect, wasmparse.OpCallRef:
		return t.b.g.IndirectThrows[t.b.g.Canon[in.A]]
	}
	return false
}

// check stands behind a call that may throw.
func (t *thrower) check() {
	if l := t.landing(0); l > 0 {
		t.emit(asyncify.OpCheckThrow, uint32(t.open-1-l))
		return
	}
	t.emit(asyncify.OpCheckThrow, asyncify.CheckLeaves)
}

// begin starts the way of the exception in the globals to its handler.
func (t *thrower) begin() {
	x := &t.b.exn
	t.emit(wasmparse.OpGlobalGet, uint32(t.b.env.Budget))
	t.emit(wasmparse.OpGlobalSet, uint32(x.budget))
	throwing := rtlib.Throwing
	t.emit(wasmparse.OpI32Const, 0).B = uint64(uint32(throwing))
	t.emit(wasmparse.OpGlobalSet, uint32(t.b.env.Budget))
	t.propagate(0)
}

// propagate goes to the next landing pad, or leaves the function.
func (t *thrower) propagate(skip int) {
	if l := t.landing(skip); l > 0 {
		t.emit(wasmparse.OpBr, uint32(t.open-1-l))
		return
	}
	for _, v := range t.out.Type.Results {
		if v == wasmparse.V128 {
			n := len(t.out.Bytes)
			t.out.Bytes = append(t.out.Bytes, make([]byte, 16)...)
			t.emit(wasmparse.OpV128Const, 0).B = uint64(n)
			continue
		}
		zero, ok := zeroInstr(v)
		if !ok {
			t.unsupported("an exception leaves a function that returns a reference that cannot be null")
		}
		t.emit(zero.Op, zero.A)
	}
	t.emit(wasmparse.OpReturn, 0)
}

// tryTable opens the blocks of a try_table.
func (t *thrower) tryTable(i int, in *wasmparse.Instr) {
	params, results := t.b.m.BlockSig(in.BlockType())
	bt := blockType(in.BlockType())
	if len(params) > 0 {
		switch len(results) {
		case 0:
			bt = 0
		case 1:
			bt = wasmparse.BlockType(unref(results[0]))
		default:
			t.unsupported("a try_table with parameters and several results")
		}
	}
	first := len(t.out.Locals)
	for _, p := range params {
		if !p.Defaultable() && unref(p) == p {
			t.unsupported("a try_table with a parameter that cannot be null")
		}
		t.out.Locals = append(t.out.Locals, unref(p))
	}
	for k := len(params) - 1; k >= 0; k-- {
		t.emit(wasmparse.OpLocalSet, uint32(first+k))
	}
	t.emit(wasmparse.OpBlock, uint32(bt))
	t.emit(wasmparse.OpBlock, 0)
	t.labels = append(t.labels, tryLabel{label: t.open, landing: t.open + 1, instr: i})
	t.open += 2
	for k := range params {
		t.emit(wasmparse.OpLocalGet, uint32(first+k))
	}
}

// end closes a construct; behind the body of a try_table stands its landing pad.
func (t *thrower) end(i int, live bool) {
	l := t.labels[len(t.labels)-1]
	if l.landing == 0 {
		t.labels = t.labels[:len(t.labels)-1]
		t.open--
		t.copy(i, t.in.Instrs[i])
		return
	}
	x := &t.b.exn
	if live {
		t.emit(wasmparse.OpBr, 1)
	}
	t.emit(wasmparse.OpEnd, 0)
	t.open--
	try := &t.in.Instrs[l.instr]
	all := false
	for _, c := range t.in.Catches[uint32(try.B) : uint32(try.B)+uint32(try.Aux)] {
		named := c.Kind == wasmparse.CatchTag || c.Kind == wasmparse.CatchTagRef
		if named {
			t.emit(wasmparse.OpGlobalGet, uint32(x.tag))
			t.emit(wasmparse.OpI32Const, 0).B = uint64(c.Tag + 1)
			t.emit(wasmparse.OpI32Eq, 0)
			t.emit(wasmparse.OpIf, 0)
			t.open++
		}
		t.emit(wasmparse.OpGlobalGet, uint32(x.budget))
		t.emit(wasmparse.OpGlobalSet, uint32(t.b.env.Budget))
		if named {
			for k, g := range x.payload[c.Tag] {
				t.emit(wasmparse.OpGlobalGet, uint32(g))
				if !t.b.m.TypeAt(t.b.m.Tags[c.Tag]).Params[k].Defaultable() {
					t.emit(wasmparse.OpRefAsNonNull, 0)
				}
			}
		}
		if c.Kind == wasmparse.CatchTagRef || c.Kind == wasmparse.CatchAllRef {
			t.emit(wasmparse.OpCall, uint32(x.pack))
		}
		t.emit(wasmparse.OpBr, t.depth(c.Label+1))
		if !named {
			all = true
			break
		}
		t.emit(wasmparse.OpEnd, 0)
		t.open--
	}
	if !all {
		t.propagate(1)
	}
	t.labels = t.labels[:len(t.labels)-1]
	t.open--
	t.copy(i, t.in.Instrs[i])
}

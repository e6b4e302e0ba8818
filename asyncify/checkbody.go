package asyncify

import (
	"slices"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// bodyFacts are what the checker keeps of one body. Callees are nodes of its graph.
type bodyFacts struct {
	unwinds []uint32   // callees whose unwinding goes on to the caller
	bare    []bareCall // calls behind which nothing is done about unwinding
	free    []uint32   // callees that can be reached from the entry without a charge
	returns bool       // it can return without a charge
	loops   bool       // a loop can go round without a charge, or with one in a callee
	spills  []spillCall
}

type bareCall struct {
	callee uint32
	off    uint32 // in the artifact
}

// A spillCall is the frame that is written behind a call, with a helper.
type spillCall struct{ site, helper, callee uint32 }

// A bodyChecker looks at bodies one after the other. Its memory is reused.
type bodyChecker struct {
	c     *checker
	f     uint32
	fn    wasmparse.Func
	dest  []int32 // of every branch, the instruction it goes to; for br_table see targets
	table []int32 // destinations of all br_tables, parallel to fn.Targets
	catch []int32 // destinations of all catch clauses, parallel to fn.Catches
	open  []int32
	color []uint8
	stack []cfgVisit
	moves moves
	exit  exitWalk
	count []bool // locals that hold the budget while a small loop runs
}

type cfgVisit struct{ instr, next int32 }

func (b *bodyChecker) check(f uint32, out *bodyFacts) error {
	b.f = f
	if err := b.fn.Decode(b.c.m, wasmparse.FuncIdx(f)); err != nil {
		return err
	}
	b.resolve()
	for i := range b.fn.Instrs {
		in := &b.fn.Instrs[i]
		if !in.Op.Info().Call {
			continue
		}
		callee := b.callee(in)
		if callee < uint32(len(b.c.frame)) && b.c.frame[callee] > 0 || b.isPinned(i) {
			continue
		}
		out.unwinds = append(out.unwinds, callee)
		spill, checked, err := b.leavesAfter(i)
		if err != nil {
			return err
		}
		if checked {
			spill.callee = callee
			out.spills = append(out.spills, spill)
		} else if !b.isTail(i) {
			out.bare = append(out.bare, bareCall{callee, b.fn.Offs[i]})
		}
	}
	slices.Sort(out.unwinds)
	out.unwinds = slices.Compact(out.unwinds)
	if b.c.meta.Preempt != "off" && !b.c.helper[f] {
		b.counters()
		out.loops = b.freeCycles(out) >= 0
	}
	return nil
}

// again looks at the loops of a body in which one has no charge of its own, now that it
// is known which callees have one.
func (b *bodyChecker) again(f uint32) error {
	b.f = f
	if err := b.fn.Decode(b.c.m, wasmparse.FuncIdx(f)); err != nil {
		return err
	}
	b.resolve()
	b.counters()
	find := b.freeCycles
	if b.c.cloneNo[f] >= 0 {
		find = b.freeCyclesOfClone
	}
	if i := find(nil); i >= 0 {
		return b.c.fault(f, "the loop at offset %#x can go round without a charge", b.fn.Offs[i])
	}
	return nil
}

// callee returns the node that a call leads to.
func (b *bodyChecker) callee(in *wasmparse.Instr) uint32 {
	switch in.Op {
	case wasmparse.OpCall, wasmparse.OpReturnCall:
		return in.A
	case wasmparse.OpCallIndirect, wasmparse.OpReturnCallIndirect:
		if uint32(in.B) == b.c.table {
			return b.c.tableNode()
		}
	}
	return b.c.typeNode(in.A)
}

// is reports whether instruction i is op with the immediate a (or b, of a constant).
func (b *bodyChecker) is(i int, op wasmparse.Opcode, imm uint32) bool {
	if i < 0 || i >= len(b.fn.Instrs) {
		return false
	}
	in := &b.fn.Instrs[i]
	if op == wasmparse.OpI32Const {
		return in.Op == op && uint32(in.B) == imm
	}
	return in.Op == op && in.A == imm
}

// isPinned reports whether the counter of pinned frames is raised before the call at i
// and lowered behind it.
func (b *bodyChecker) isPinned(i int) bool {
	adds := func(at int, n uint32) bool {
		return b.is(at, wasmparse.OpGlobalGet, b.c.pinned) && b.is(at+1, wasmparse.OpI32Const, n) &&
			b.is(at+2, wasmparse.OpI32Add, 0) && b.is(at+3, wasmparse.OpGlobalSet, b.c.pinned)
	}
	return adds(i-4, 1) && adds(i+1, ^uint32(0))
}

// below0 reports whether a test of the budget's sign begins at i: what decides on it
// is instruction i+3.
func (b *bodyChecker) below0(i int) bool {
	return b.is(i, wasmparse.OpGlobalGet, b.c.budget) && b.is(i+1, wasmparse.OpI32Const, 0) && b.is(i+2, wasmparse.OpI32LtS, 0)
}

// isTail reports whether nothing remains to be done behind the call at i but to return
// its results: then no frame is needed, and no check.
func (b *bodyChecker) isTail(i int) bool {
	switch b.fn.Instrs[i].Op {
	case wasmparse.OpReturnCall, wasmparse.OpReturnCallIndirect, wasmparse.OpReturnCallRef:
		return true
	}
	want := b.fn.Type.Results
	clone := b.c.cloneNo[b.f] >= 0
	if clone {
		want = b.c.m.FuncType(wasmparse.FuncIdx(b.c.meta.Funcs[b.c.cloneNo[b.f]])).Results
	}
	if len(want) > 0 && !slices.Equal(b.results(&b.fn.Instrs[i]), want) {
		return false
	}
	b.moves.start(len(b.results(&b.fn.Instrs[i])))
	j := i + 1
	for range len(b.fn.Instrs) {
		in := &b.fn.Instrs[j]
		switch in.Op {
		case wasmparse.OpReturn:
			return b.moves.returns(want, clone)
		case wasmparse.OpEnd:
			if in.Opener() < 0 {
				return b.moves.returns(want, clone)
			}
		case wasmparse.OpElse:
			j = in.End()
		case wasmparse.OpBr:
			if j = int(b.dest[j]); b.fn.Instrs[j].Op == wasmparse.OpLoop {
				return false
			}
			continue
		case wasmparse.OpGlobalGet: // a check for exceptions: it may leave, there is no frame to write
			if !b.below0(j) || b.fn.Instrs[j+3].Op != wasmparse.OpIf {
				return false
			}
			if !b.leavesThrowing(j) {
				return false
			}
			j = b.fn.Instrs[j+3].End()
		case wasmparse.OpGlobalSet:
			if !clone || !b.c.result[in.A] {
				return false
			}
			b.moves.pop()
		default:
			if !b.moves.step(in) {
				return false
			}
		}
		j++
	}
	return false
}

// moves follows the results of a call through the operand stack and locals: 1 stands
// for the first result, 2 for the second, 0 for any other value.
type moves struct {
	stack  []int
	locals map[uint32]int
}

func (m *moves) start(results int) {
	m.stack = m.stack[:0]
	for k := range results {
		m.stack = append(m.stack, k+1)
	}
	clear(m.locals)
	if m.locals == nil {
		m.locals = map[uint32]int{}
	}
}

func (m *moves) pop() int {
	if len(m.stack) == 0 {
		return 0 // from below the call
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

// step follows an instruction; it reports false for one that does more than move a
// value, or turn it into the bits of a clone's result.
func (m *moves) step(in *wasmparse.Instr) bool {
	switch in.Op {
	case wasmparse.OpNop, wasmparse.OpI64ExtendI32U, wasmparse.OpI32ReinterpretF32, wasmparse.OpI64ReinterpretF64,
		wasmparse.OpI64x2ExtractLane:
	case wasmparse.OpDrop:
		m.pop()
	case wasmparse.OpLocalSet:
		m.locals[in.A] = m.pop()
	case wasmparse.OpLocalTee:
		m.locals[in.A] = m.pop()
		m.stack = append(m.stack, m.locals[in.A])
	case wasmparse.OpLocalGet:
		m.stack = append(m.stack, m.locals[in.A])
	case wasmparse.OpI64Const:
		m.stack = append(m.stack, 0)
	default:
		return false
	}
	return true
}

// returns reports whether what is returned now are the results of the call: all of
// them, or, by a clone, the first one in r.
func (m *moves) returns(want []wasmparse.ValType, clone bool) bool {
	switch {
	case len(want) == 0 || clone && want[0].IsRef():
		return true
	case clone:
		return m.pop() == 1
	}
	for k := len(want); k > 0; k-- {
		if m.pop() != k {
			return false
		}
	}
	return true
}

func (b *bodyChecker) results(call *wasmparse.Instr) []wasmparse.ValType {
	if call.Op == wasmparse.OpCall {
		return b.c.m.FuncType(wasmparse.FuncIdx(call.A)).Results
	}
	return b.c.m.TypeAt(wasmparse.TypeIdx(call.A)).Results
}

// resolve finds where every branch goes: to the loop or to the end of another construct.
func (b *bodyChecker) resolve() {
	fn := &b.fn
	b.dest = slices.Grow(b.dest[:0], len(fn.Instrs))[:len(fn.Instrs)]
	b.table = slices.Grow(b.table[:0], len(fn.Targets))[:len(fn.Targets)]
	b.catch = slices.Grow(b.catch[:0], len(fn.Catches))[:len(fn.Catches)]
	b.open = b.open[:0]
	target := func(depth uint32) int32 {
		n := len(b.open) - 1 - int(depth)
		if n < 0 {
			return int32(len(fn.Instrs) - 1)
		}
		if op := &fn.Instrs[b.open[n]]; op.Op != wasmparse.OpLoop {
			return int32(op.End())
		}
		return b.open[n]
	}
	for i := range fn.Instrs {
		in := &fn.Instrs[i]
		switch in.Op {
		case wasmparse.OpTryTable:
			for k := range uint32(in.Aux) {
				b.catch[uint32(in.B)+k] = target(fn.Catches[uint32(in.B)+k].Label)
			}
			b.open = append(b.open, int32(i))
		case wasmparse.OpBlock, wasmparse.OpLoop, wasmparse.OpIf:
			b.open = append(b.open, int32(i))
		case wasmparse.OpEnd:
			if len(b.open) > 0 {
				b.open = b.open[:len(b.open)-1]
			}
		case wasmparse.OpBr, wasmparse.OpBrIf, wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
			b.dest[i] = target(in.A)
		case wasmparse.OpBrTable:
			for k := in.B; k < in.B+uint64(in.A); k++ {
				b.table[k] = target(fn.Targets[k])
			}
		}
	}
}

// next returns the n-th instruction that may follow instruction i, -1 behind the last.
func (b *bodyChecker) next(i, n int32) int32 {
	in := &b.fn.Instrs[i]
	falls := true
	var dests []int32
	switch in.Op {
	case wasmparse.OpBr:
		dests, falls = b.dest[i:i+1], false
	case wasmparse.OpBrIf, wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
		dests = b.dest[i : i+1]
	case wasmparse.OpBrTable:
		dests, falls = b.table[in.B:in.B+uint64(in.A)], false
	case wasmparse.OpTryTable:
		dests = b.catch[uint32(in.B) : uint32(in.B)+uint32(in.Aux)]
	case wasmparse.OpElse: // the end of the first arm
		if n == 0 {
			return int32(in.End())
		}
		return -1
	case wasmparse.OpIf:
		over := int32(in.End())
		if e := in.Else(); e != 0 {
			over = int32(e) + 1
		}
		return [...]int32{i + 1, over, -1}[min(n, 2)]
	default:
		falls = !in.Op.Leaves() && int(i) < len(b.fn.Instrs)-1
	}
	switch {
	case int(n) < len(dests):
		return dests[n]
	case int(n) == len(dests) && falls:
		return i + 1
	}
	return -1
}

// counters finds the locals that the budget is copied to, and that nothing else is
// ever stored in but what is left of it after a charge.
func (b *bodyChecker) counters() {
	n := len(b.fn.Locals)
	b.count = slices.Grow(b.count[:0], n)[:n]
	clear(b.count)
	for pass := range 2 {
		for i := range b.fn.Instrs {
			in := &b.fn.Instrs[i]
			if in.Op != wasmparse.OpLocalSet && in.Op != wasmparse.OpLocalTee {
				continue
			}
			copied := b.is(i-1, wasmparse.OpGlobalGet, b.c.budget)
			if pass == 0 && copied {
				b.count[in.A] = true
			} else if pass == 1 && !copied && !b.reduces(i, wasmparse.OpLocalGet, in.A) {
				b.count[in.A] = false
			}
		}
	}
}

// reduces reports whether what instruction i stores is what get has loaded, less a
// weight.
func (b *bodyChecker) reduces(i int, get wasmparse.Opcode, idx uint32) bool {
	if !b.is(i-3, get, idx) || !b.is(i-1, wasmparse.OpI32Sub, 0) {
		return false
	}
	weight := &b.fn.Instrs[i-2]
	return weight.Op == wasmparse.OpI32Const && weight.I32() > 0
}

// isCharge reports whether instruction i writes back a budget that has been reduced.
// calls says whether a call of a function that always charges counts as well.
func (b *bodyChecker) isCharge(i int, calls bool) bool {
	switch in := &b.fn.Instrs[i]; in.Op {
	case wasmparse.OpGlobalSet:
		return in.A == b.c.budget && b.reduces(i, wasmparse.OpGlobalGet, in.A)
	case wasmparse.OpLocalSet, wasmparse.OpLocalTee:
		return b.count[in.A] && b.reduces(i, wasmparse.OpLocalGet, in.A)
	case wasmparse.OpCall:
		callee := int(in.A) - b.c.m.ImportedFuncs
		return calls && callee >= 0 && !b.c.facts[callee].returns
	}
	return false
}

// freeCycles walks from the entry, and from behind every charge, up to the next charge.
// It returns an instruction at which a way comes back to itself, or -1. In out, unless
// it is nil, it notes what is on ways from the entry.
func (b *bodyChecker) freeCycles(out *bodyFacts) (cycle int32) {
	const (
		white = iota
		grey
		black
	)
	cycle = -1
	b.color = slices.Grow(b.color[:0], len(b.fn.Instrs))[:len(b.fn.Instrs)]
	clear(b.color)
	roots := []int32{0}
	for n := 0; n < len(roots); n++ {
		if b.color[roots[n]] != white {
			continue
		}
		b.color[roots[n]] = grey
		b.stack = append(b.stack[:0], cfgVisit{instr: roots[n]})
		for len(b.stack) > 0 {
			v := &b.stack[len(b.stack)-1]
			i := v.instr
			if v.next == 0 && n == 0 && out != nil {
				b.fromEntry(int(i), out)
			}
			to := b.next(i, v.next)
			v.next++
			switch {
			case to < 0:
				b.color[i] = black
				b.stack = b.stack[:len(b.stack)-1]
			case b.isCharge(int(to), out == nil):
				if b.color[to] == white {
					b.color[to] = black
					roots = append(roots, to+1)
				}
			case b.color[to] == white:
				b.color[to] = grey
				b.stack = append(b.stack, cfgVisit{instr: to})
			case b.color[to] == grey:
				cycle = to
			}
		}
	}
	if out != nil {
		slices.Sort(out.free)
		out.free = slices.Compact(out.free)
	}
	return cycle
}

// fromEntry notes that instruction i can be reached without a charge.
func (b *bodyChecker) fromEntry(i int, out *bodyFacts) {
	in := &b.fn.Instrs[i]
	if in.Op.Info().Call {
		out.free = append(out.free, b.callee(in))
	}
	switch in.Op {
	case wasmparse.OpReturn, wasmparse.OpReturnCall, wasmparse.OpReturnCallIndirect, wasmparse.OpReturnCallRef:
		out.returns = true
	case wasmparse.OpEnd:
		out.returns = out.returns || in.Opener() < 0
	}
}

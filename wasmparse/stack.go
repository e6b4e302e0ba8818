package wasmparse

import (
	"fmt"
	"strings"
)

// A Stack validates a function instruction by instruction, by the algorithm in the
// specification's appendix, and shows the types of the operands and the control frames
// on the way.
//
//	s.Reset(m, f)
//	for i := range f.Instrs {
//		// s.Vals are the operand types before instruction i.
//		if err := s.Step(i); err != nil { … }
//	}
//
// https://webassembly.github.io/spec/core/appendix/algorithm.html
type Stack struct {
	// Vals are the operand types, the top last. In unreachable code a type may be
	// Unknown (or UnknownRef), and operands below those shown may be taken.
	Vals []ValType
	// Ctrls are the control frames, the function's own first. After the function's end
	// there are none, and Vals are its results.
	Ctrls []Ctrl
	// Popped and Pushed are how many operands the last Step took and gave; in reachable
	// code exactly. For block, loop, if and try_table both count the parameters; for end
	// and else Popped counts the results, Pushed what the stack holds after it.
	Popped, Pushed int

	m      *Module
	f      *Func
	height int // of the innermost control frame
	hasMem bool

	// Locals that hold nothing yet. Only used if the function has any that cannot be
	// null; inited lists them in the order they were set, for end to take back.
	track  bool
	unset  []bool
	inited []LocalIdx
}

// A Ctrl is a control frame.
type Ctrl struct {
	Op              Opcode // OpBlock for the function's own
	Start           int    // index of the instruction that opened it, -1 for the function's own
	Params, Results []ValType
	Height          int // of Vals, below the parameters
	InitHeight      int // of the list of locals set
	Unreachable     bool
}

// Label returns the types that a branch to the frame's label takes.
func (c *Ctrl) Label() []ValType {
	if c.Op == OpLoop {
		return c.Params
	}
	return c.Results
}

// Reset prepares s for the instructions of f, which has been decoded from m.
func (s *Stack) Reset(m *Module, f *Func) {
	s.m, s.f = m, f
	s.Vals, s.Ctrls, s.inited = s.Vals[:0], s.Ctrls[:0], s.inited[:0]
	s.Popped, s.Pushed, s.height = 0, 0, 0
	s.hasMem = len(m.Mems) > 0
	s.track = false
	for i, t := range f.Locals[len(f.Type.Params):] {
		if t.Defaultable() {
			continue
		}
		if !s.track {
			s.track = true
			s.unset = append(s.unset[:0], make([]bool, len(f.Locals))...)
		}
		s.unset[len(f.Type.Params)+i] = true
	}
	s.Ctrls = append(s.Ctrls, Ctrl{Op: OpBlock, Start: -1, Results: f.Type.Results})
}

// Reachable reports whether control can come to the next instruction.
func (s *Stack) Reachable() bool {
	return len(s.Ctrls) > 0 && !s.Ctrls[len(s.Ctrls)-1].Unreachable
}

// Step checks instruction i. Steps must be taken in order from 0.
func (s *Stack) Step(i int) error {
	in := &s.f.Instrs[i]
	switch in.Op {
	case OpLocalGet:
		if uint(in.A) >= uint(len(s.f.Locals)) {
			return s.unknown(i, "local", in.A)
		}
		if s.track && s.unset[in.A] {
			return s.fail(i, fmt.Sprintf("uninitialized local %d", in.A))
		}
		s.Vals = append(s.Vals, s.f.Locals[in.A])
		s.Popped, s.Pushed = 0, 1
		return nil
	case OpLocalSet, OpLocalTee:
		return s.localSet(i, in)
	case OpI32Const:
		s.Vals = append(s.Vals, I32)
		s.Popped, s.Pushed = 0, 1
		return nil
	case OpDrop:
		s.Popped, s.Pushed = 1, 0
		if n := len(s.Vals); n > s.height {
			s.Vals = s.Vals[:n-1]
			return nil
		}
		_, err := s.popAny(i)
		return err

	case OpUnreachable:
		s.Popped, s.Pushed = 0, 0
		s.leave()
		return nil
	case OpBlock, OpLoop, OpIf, OpTryTable:
		return s.enter(i, in)
	case OpElse, OpEnd:
		return s.end(i, in)
	case OpBr, OpBrIf, OpBrTable:
		return s.branch(i, in)
	case OpReturn:
		s.Popped, s.Pushed = len(s.f.Type.Results), 0
		if err := s.popAll(i, s.f.Type.Results); err != nil {
			return err
		}
		s.leave()
		return nil
	case OpThrow, OpThrowRef:
		return s.throw(i, in)
	case OpCall:
		if uint(in.A) >= uint(len(s.m.Funcs)) {
			return s.unknown(i, "function", in.A)
		}
		t := &s.m.Types[s.m.Funcs[in.A]]
		return s.apply(i, t.Params, t.Results)
	case OpCallIndirect, OpReturnCall, OpReturnCallIndirect, OpCallRef, OpReturnCallRef:
		return s.call(i, in)

	case OpSelect:
		return s.selectAny(i)
	case OpSelectT:
		t := ValType(in.A)
		s.Popped, s.Pushed = 3, 1
		if err := s.pop3(i, t, t, I32); err != nil {
			return err
		}
		s.push(t)
		return nil
	case OpGlobalGet, OpGlobalSet:
		return s.global(i, in)
	case OpTableGet, OpTableSet, OpTableGrow, OpTableFill:
		return s.table(i, in)
	case OpRefNull:
		s.Popped, s.Pushed = 0, 1
		s.push(ValType(in.A))
		return nil
	case OpRefFunc:
		return s.refFunc(i, in)
	case OpRefIsNull, OpRefAsNonNull:
		return s.refTest(i, in)
	case OpBrOnNull, OpBrOnNonNull:
		return s.branchOnNull(i, in)
	}
	return s.simple(i, in)
}

// simple checks an instruction whose types are in the table.
func (s *Stack) simple(i int, in *Instr) error {
	sig := &opSigs[in.Op]
	if sig.check != checkNothing {
		if !(sig.check == checkMemArg && s.hasMem && in.A <= uint32(sig.n)) {
			if err := s.immediates(i, in, sig); err != nil {
				return err
			}
		}
	}
	s.Popped, s.Pushed = int(sig.np), int(sig.nr)
	n := len(s.Vals) - int(sig.np)
	ok := n >= s.height
	if ok {
		switch v := s.Vals[n:]; len(v) {
		case 1:
			ok = v[0] == ValType(sig.p[0])
		case 2:
			ok = v[0] == ValType(sig.p[0]) && v[1] == ValType(sig.p[1])
		case 3:
			ok = v[0] == ValType(sig.p[0]) && v[1] == ValType(sig.p[1]) && v[2] == ValType(sig.p[2])
		}
	}
	if !ok {
		var want [3]ValType
		for j, c := range sig.p {
			want[j] = ValType(c)
		}
		if err := s.pop3(i, want[0], want[1], want[2]); err != nil {
			return err
		}
		n = len(s.Vals)
	}
	if sig.nr == 0 {
		s.Vals = s.Vals[:n]
		return nil
	}
	s.Vals = append(s.Vals[:n], ValType(sig.r))
	return nil
}

// immediates checks those of an instruction whose operand types are in the table.
func (s *Stack) immediates(i int, in *Instr, sig *opSig) error {
	switch sig.check {
	case checkMemArg, checkAtomic, checkMemArgLane:
		switch {
		case !s.hasMem:
			return s.unknown(i, "memory", 0)
		case sig.check == checkAtomic && in.A < uint32(sig.n):
			return s.fail(i, "atomic alignment must be natural")
		case in.A > uint32(sig.n):
			return s.fail(i, "alignment must not be larger than natural")
		case sig.check == checkMemArgLane && in.Aux >= 16>>sig.n:
			return s.fail(i, "invalid lane index")
		}
	case checkMem:
		if !s.hasMem {
			return s.unknown(i, "memory", 0)
		}
	case checkLane:
		if in.Aux >= uint16(sig.n) {
			return s.fail(i, "invalid lane index")
		}
	case checkOther:
		return s.indices(i, in)
	}
	return nil
}

func (s *Stack) indices(i int, in *Instr) error {
	m := s.m
	switch in.Op {
	case OpI8x16Shuffle:
		for _, lane := range s.f.Bytes[in.B : in.B+16] {
			if lane >= 32 {
				return s.fail(i, "invalid lane index")
			}
		}
	case OpMemoryInit, OpDataDrop:
		if in.Op == OpMemoryInit && !s.hasMem {
			return s.unknown(i, "memory", 0)
		}
		if in.A >= m.DataCount {
			return s.unknown(i, "data segment", in.A)
		}
	case OpElemDrop:
		if uint(in.A) >= uint(len(m.Elems)) {
			return s.unknown(i, "elem segment", in.A)
		}
	case OpTableInit:
		if in.B >= uint64(len(m.Tables)) {
			return s.unknown(i, "table", uint32(in.B))
		}
		if uint(in.A) >= uint(len(m.Elems)) {
			return s.unknown(i, "elem segment", in.A)
		}
		if !m.Elems[in.A].Type.Matches(m.Tables[in.B].Elem) {
			return s.fail(i, msgMismatch)
		}
	case OpTableCopy:
		for _, t := range [2]uint32{in.A, uint32(in.B)} {
			if uint(t) >= uint(len(m.Tables)) {
				return s.unknown(i, "table", t)
			}
		}
		if !m.Tables[in.B].Elem.Matches(m.Tables[in.A].Elem) {
			return s.fail(i, msgMismatch)
		}
	case OpTableSize:
		if uint(in.A) >= uint(len(m.Tables)) {
			return s.unknown(i, "table", in.A)
		}
	}
	return nil
}

func (s *Stack) push(t ValType) { s.Vals = append(s.Vals, t) }

// popAny takes an operand of any type; Unknown in unreachable code.
func (s *Stack) popAny(i int) (ValType, error) {
	if n := len(s.Vals); n > s.height {
		t := s.Vals[n-1]
		s.Vals = s.Vals[:n-1]
		return t, nil
	}
	if s.Reachable() {
		return 0, s.fail(i, msgMismatch+": instruction requires [any] but stack has []")
	}
	return Unknown, nil
}

// pop3 takes operands of the types given, leaving out those that are 0.
func (s *Stack) pop3(i int, a, b, c ValType) error {
	want := [3]ValType{a, b, c}
	n := 0
	for n < 3 && want[n] != 0 {
		n++
	}
	return s.popAll(i, want[:n])
}

// popAll takes operands of types want, the last from the top.
func (s *Stack) popAll(i int, want []ValType) error {
	n := len(s.Vals)
	low := n - len(want)
	if low < s.height {
		if s.Reachable() {
			return s.mismatch(i, want)
		}
		want = want[s.height-low:]
		low = s.height
	}
	for j, t := range s.Vals[low:n] {
		if t != want[j] && !t.Matches(want[j]) {
			return s.mismatch(i, want)
		}
	}
	s.Vals = s.Vals[:low]
	return nil
}

// peekAll checks that operands of types want are there, and leaves them.
func (s *Stack) peekAll(i int, want []ValType) error {
	vals := s.Vals
	err := s.popAll(i, want)
	s.Vals = vals
	return err
}

// apply takes params and gives results.
func (s *Stack) apply(i int, params, results []ValType) error {
	s.Popped, s.Pushed = len(params), len(results)
	if err := s.popAll(i, params); err != nil {
		return err
	}
	s.Vals = append(s.Vals, results...)
	return nil
}

// leave makes the rest of the innermost block unreachable.
func (s *Stack) leave() {
	c := &s.Ctrls[len(s.Ctrls)-1]
	s.Vals = s.Vals[:c.Height]
	c.Unreachable = true
}

func (s *Stack) localSet(i int, in *Instr) error {
	if uint(in.A) >= uint(len(s.f.Locals)) {
		return s.unknown(i, "local", in.A)
	}
	t := s.f.Locals[in.A]
	n := len(s.Vals) - 1
	if n < s.height || s.Vals[n] != t {
		if err := s.pop3(i, t, 0, 0); err != nil {
			return err
		}
		n = len(s.Vals)
	}
	if s.track && s.unset[in.A] {
		s.unset[in.A] = false
		s.inited = append(s.inited, LocalIdx(in.A))
	}
	s.Popped, s.Pushed = 1, 0
	s.Vals = s.Vals[:n]
	if in.Op == OpLocalTee {
		s.Pushed = 1
		s.push(t)
	}
	return nil
}

func (s *Stack) enter(i int, in *Instr) error {
	params, results := s.m.BlockSig(in.BlockType())
	s.Popped, s.Pushed = len(params), len(params)
	if in.Op == OpIf {
		s.Popped++
		if err := s.pop3(i, I32, 0, 0); err != nil {
			return err
		}
	}
	if in.Op == OpTryTable {
		if err := s.catches(i, in); err != nil {
			return err
		}
	}
	if err := s.popAll(i, params); err != nil {
		return err
	}
	s.Ctrls = append(s.Ctrls, Ctrl{Op: in.Op, Start: i, Params: params, Results: results,
		Height: len(s.Vals), InitHeight: len(s.inited)})
	s.height = len(s.Vals)
	s.Vals = append(s.Vals, params...)
	return nil
}

// catches checks that what a clause delivers is what its label takes. The try_table's
// own label is not among those counted.
func (s *Stack) catches(i int, in *Instr) error {
	start := uint32(in.B)
	for _, c := range s.f.Catches[start : start+uint32(in.Aux)] {
		var gives []ValType
		if c.Kind == CatchTag || c.Kind == CatchTagRef {
			if uint(c.Tag) >= uint(len(s.m.Tags)) {
				return s.unknown(i, "tag", uint32(c.Tag))
			}
			gives = s.m.Types[s.m.Tags[c.Tag]].Params
		}
		label, err := s.label(i, c.Label)
		if err != nil {
			return err
		}
		if c.Kind == CatchTagRef || c.Kind == CatchAllRef {
			last := len(label) - 1
			if last < 0 || !ExnRef.NonNull().Matches(label[last]) {
				return s.fail(i, msgMismatch)
			}
			label = label[:last]
		}
		if !match(gives, label) {
			return s.fail(i, msgMismatch)
		}
	}
	return nil
}

func match(a, b []ValType) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Matches(b[i]) {
			return false
		}
	}
	return true
}

// end checks an end or else: the operands of the block must be its results, and there
// may be none beyond them.
func (s *Stack) end(i int, in *Instr) error {
	c := &s.Ctrls[len(s.Ctrls)-1]
	if err := s.popAll(i, c.Results); err != nil {
		return err
	}
	if len(s.Vals) != c.Height {
		return s.fail(i, msgMismatch+": values remaining on stack at end of block")
	}
	if in.Op == OpEnd && c.Op == OpIf && s.f.Instrs[c.Start].Else() == 0 && !match(c.Params, c.Results) {
		return s.fail(i, msgMismatch+": if without else")
	}
	for len(s.inited) > c.InitHeight {
		s.unset[s.inited[len(s.inited)-1]] = true
		s.inited = s.inited[:len(s.inited)-1]
	}
	s.Popped = len(c.Results)
	if in.Op == OpElse {
		c.Unreachable = false
		s.Pushed = len(c.Params)
		s.Vals = append(s.Vals, c.Params...)
		return nil
	}
	s.Pushed = len(c.Results)
	s.Vals = append(s.Vals, c.Results...)
	n := len(s.Ctrls) - 1
	s.Ctrls = s.Ctrls[:n]
	s.height = 0
	if n > 0 {
		s.height = s.Ctrls[n-1].Height
	}
	return nil
}

func (s *Stack) label(i int, depth uint32) ([]ValType, error) {
	if uint64(depth) >= uint64(len(s.Ctrls)) {
		return nil, s.unknown(i, "label", depth)
	}
	return s.Ctrls[len(s.Ctrls)-1-int(depth)].Label(), nil
}

func (s *Stack) branch(i int, in *Instr) error {
	if in.Op == OpBrTable {
		return s.branchTable(i, in)
	}
	types, err := s.label(i, in.A)
	if err != nil {
		return err
	}
	s.Popped, s.Pushed = len(types), 0
	if in.Op == OpBr {
		if err := s.popAll(i, types); err != nil {
			return err
		}
		s.leave()
		return nil
	}
	if err := s.pop3(i, I32, 0, 0); err != nil {
		return err
	}
	if err := s.popAll(i, types); err != nil {
		return err
	}
	s.Popped, s.Pushed = len(types)+1, len(types)
	s.Vals = append(s.Vals, types...)
	return nil
}

func (s *Stack) branchTable(i int, in *Instr) error {
	if err := s.pop3(i, I32, 0, 0); err != nil {
		return err
	}
	targets := s.f.Targets[in.B : in.B+uint64(in.A)]
	last, err := s.label(i, targets[len(targets)-1])
	if err != nil {
		return err
	}
	// A label checked before costs nothing: tables name few labels many times.
	prev := targets[len(targets)-1]
	for _, l := range targets[:len(targets)-1] {
		if l == prev {
			continue
		}
		prev = l
		types, err := s.label(i, l)
		if err != nil {
			return err
		}
		if len(types) != len(last) {
			return s.fail(i, msgMismatch+": labels of br_table differ")
		}
		if err := s.peekAll(i, types); err != nil {
			return err
		}
	}
	if err := s.popAll(i, last); err != nil {
		return err
	}
	s.Popped, s.Pushed = len(last)+1, 0
	s.leave()
	return nil
}

func (s *Stack) branchOnNull(i int, in *Instr) error {
	types, err := s.label(i, in.A)
	if err != nil {
		return err
	}
	if in.Op == OpBrOnNull {
		t, err := s.popRef(i)
		if err != nil {
			return err
		}
		if err := s.apply(i, types, types); err != nil {
			return err
		}
		s.push(t.NonNull())
		s.Popped, s.Pushed = len(types)+1, len(types)+1
		return nil
	}
	last := len(types) - 1
	if last < 0 || !types[last].IsRef() {
		return s.fail(i, msgMismatch)
	}
	if err := s.pop3(i, types[last].Nullable(), 0, 0); err != nil {
		return err
	}
	if err := s.apply(i, types[:last], types[:last]); err != nil {
		return err
	}
	s.Popped++
	return nil
}

func (s *Stack) throw(i int, in *Instr) error {
	params := oneType[ExnRef : ExnRef+1]
	if in.Op == OpThrow {
		if uint(in.A) >= uint(len(s.m.Tags)) {
			return s.unknown(i, "tag", in.A)
		}
		params = s.m.Types[s.m.Tags[in.A]].Params
	}
	if err := s.apply(i, params, nil); err != nil {
		return err
	}
	s.leave()
	return nil
}

// call checks the calls other than OpCall.
func (s *Stack) call(i int, in *Instr) error {
	var callee ValType // of the operand on top that says what is called
	idx := TypeIdx(in.A)
	switch in.Op {
	case OpReturnCall:
		if uint(in.A) >= uint(len(s.m.Funcs)) {
			return s.unknown(i, "function", in.A)
		}
		idx = s.m.Funcs[in.A]
	case OpCallIndirect, OpReturnCallIndirect:
		if in.B >= uint64(len(s.m.Tables)) {
			return s.unknown(i, "table", uint32(in.B))
		}
		if !s.m.Tables[in.B].Elem.Matches(FuncRef) {
			return s.fail(i, msgMismatch+": table of "+s.m.Tables[in.B].Elem.String())
		}
		callee = I32
	}
	if uint(idx) >= uint(len(s.m.Types)) {
		return s.unknown(i, "type", uint32(idx))
	}
	if in.Op == OpCallRef || in.Op == OpReturnCallRef {
		callee = RefType(s.m.canon[idx], true)
	}
	t := &s.m.Types[idx]
	tail := in.Op != OpCallIndirect && in.Op != OpCallRef
	if tail && !match(t.Results, s.f.Type.Results) {
		return s.fail(i, msgMismatch+": results of the tail call")
	}
	if err := s.pop3(i, callee, 0, 0); err != nil {
		return err
	}
	if err := s.apply(i, t.Params, t.Results); err != nil {
		return err
	}
	if callee != 0 {
		s.Popped++
	}
	if tail {
		s.Pushed = 0
		s.leave()
	}
	return nil
}

// selectAny checks the select without a type: two numbers or two vectors.
func (s *Stack) selectAny(i int) error {
	s.Popped, s.Pushed = 3, 1
	if n := len(s.Vals) - 3; n >= s.height && s.Vals[n+2] == I32 && s.Vals[n] == s.Vals[n+1] {
		if t := s.Vals[n]; t >= V128 && t <= I32 {
			s.Vals = s.Vals[:n+1]
			return nil
		}
	}
	if err := s.pop3(i, I32, 0, 0); err != nil {
		return err
	}
	a, err := s.popAny(i)
	if err != nil {
		return err
	}
	b, err := s.popAny(i)
	if err != nil {
		return err
	}
	if a.IsRef() || b.IsRef() || a != b && a != Unknown && b != Unknown {
		return s.fail(i, msgMismatch+": select of "+b.String()+" and "+a.String())
	}
	s.push(max(a, b))
	return nil
}

func (s *Stack) global(i int, in *Instr) error {
	if uint(in.A) >= uint(len(s.m.Globals)) {
		return s.unknown(i, "global", in.A)
	}
	g := s.m.Globals[in.A].Type
	if in.Op == OpGlobalGet {
		s.Popped, s.Pushed = 0, 1
		s.push(g.Val)
		return nil
	}
	if !g.Mut {
		return s.fail(i, "global is immutable")
	}
	s.Popped, s.Pushed = 1, 0
	return s.pop3(i, g.Val, 0, 0)
}

func (s *Stack) table(i int, in *Instr) error {
	if uint(in.A) >= uint(len(s.m.Tables)) {
		return s.unknown(i, "table", in.A)
	}
	t := s.m.Tables[in.A].Elem
	var err error
	switch in.Op {
	case OpTableGet:
		s.Popped, s.Pushed = 1, 1
		if err = s.pop3(i, I32, 0, 0); err == nil {
			s.push(t)
		}
	case OpTableSet:
		s.Popped, s.Pushed = 2, 0
		err = s.pop3(i, I32, t, 0)
	case OpTableGrow:
		s.Popped, s.Pushed = 2, 1
		if err = s.pop3(i, t, I32, 0); err == nil {
			s.push(I32)
		}
	case OpTableFill:
		s.Popped, s.Pushed = 3, 0
		err = s.pop3(i, I32, t, I32)
	}
	return err
}

func (s *Stack) refFunc(i int, in *Instr) error {
	if uint(in.A) >= uint(len(s.m.Funcs)) {
		return s.unknown(i, "function", in.A)
	}
	if !s.m.IsDeclared(FuncIdx(in.A)) {
		return s.fail(i, fmt.Sprintf("undeclared function reference %d", in.A))
	}
	s.Popped, s.Pushed = 0, 1
	s.push(RefType(s.m.canon[s.m.Funcs[in.A]], false))
	return nil
}

// popRef takes a reference of any type; UnknownRef in unreachable code.
func (s *Stack) popRef(i int) (ValType, error) {
	t, err := s.popAny(i)
	if err != nil {
		return 0, err
	}
	if t == Unknown {
		return UnknownRef, nil
	}
	if !t.IsRef() {
		return 0, s.fail(i, msgMismatch+": instruction requires a reference but stack has ["+t.String()+"]")
	}
	return t, nil
}

func (s *Stack) refTest(i int, in *Instr) error {
	s.Popped, s.Pushed = 1, 1
	t, err := s.popRef(i)
	if err != nil {
		return err
	}
	if in.Op == OpRefIsNull {
		s.push(I32)
		return nil
	}
	s.push(t.NonNull())
	return nil
}

func unknown(what string, idx uint32) string { return fmt.Sprintf("unknown %s %d", what, idx) }

func (s *Stack) unknown(i int, what string, idx uint32) error {
	return s.fail(i, unknown(what, idx))
}

func (s *Stack) fail(i int, msg string) error {
	return &Error{Off: int64(s.f.Offs[i]), Section: SectionCode, Func: s.f.Idx, HasFunc: true,
		Msg: msg, Err: ErrInvalid, m: s.m}
}

// mismatch says what was wanted and as much of what there is.
func (s *Stack) mismatch(i int, want []ValType) error {
	has := s.Vals[max(s.height, len(s.Vals)-len(want)):]
	return s.fail(i, fmt.Sprintf("%s: instruction requires %s but stack has %s",
		msgMismatch, typeList(want), typeList(has)))
}

func typeList(ts []ValType) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, t := range ts {
		if i == 8 {
			b.WriteString(" …")
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.String())
	}
	b.WriteByte(']')
	return b.String()
}

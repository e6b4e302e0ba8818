package wasmparse

import "encoding/binary"

// A Scanner walks over the instructions of an expression without copying anything or
// allocating. It checks how instructions are encoded, not that they nest or validate.
//
//	s := wasmparse.NewScanner(expr)
//	for s.Next() {
//		if s.Op == wasmparse.OpCall { … FuncIdx(s.A) … }
//	}
//	err := s.Err()
type Scanner struct {
	// Of the instruction last read. They are as in Instr, but where that points
	// elsewhere: B is 0 for structured instructions, br_table, v128.const and
	// i8x16.shuffle. Use Targets, Catches, and the last 16 bytes of the window.
	Op  Opcode
	Aux uint16
	A   uint32
	B   uint64
	// Start and End are its window in the bytes scanned, Imm where its immediates start.
	Start, Imm, End int

	r reader
}

// NewScanner returns a Scanner over the instructions in expr.
func NewScanner(expr []byte) *Scanner {
	s := new(Scanner)
	s.Reset(expr)
	return s
}

// Reset makes s scan expr. Type indices are taken as they stand.
func (s *Scanner) Reset(expr []byte) {
	*s = Scanner{r: reader{data: expr, section: SectionCode}}
}

// ResetBody makes s scan the instructions of a defined function. Start, Imm and End
// are then offsets in m.Data, and types are those of m.
func (s *Scanner) ResetBody(m *Module, idx FuncIdx) {
	b := m.Body(idx)
	s.resetAt(m, SectionCode, b.Off, b.End)
	for n := s.r.u32(); n > 0 && s.r.err == nil; n-- {
		s.r.u32()
		s.r.valType()
	}
	s.End = s.r.pos
	s.attribute(idx)
}

func (s *Scanner) resetAt(m *Module, section SectionID, off, end int) {
	*s = Scanner{r: reader{data: m.Data[:end], pos: off, m: m, section: section}}
}

// attribute says in an error which function it is about.
func (s *Scanner) attribute(idx FuncIdx) {
	if s.r.err != nil {
		s.r.err.Func, s.r.err.HasFunc = idx, true
	}
}

// Err returns what ended the scan, nil at the end of the bytes.
func (s *Scanner) Err() error { return s.r.error() }

// Next reads the next instruction. It returns false at the end and after an error.
func (s *Scanner) Next() bool {
	r := &s.r
	pos := r.pos
	if pos >= len(r.data) {
		return false
	}
	s.Start = pos
	b := r.data[pos]
	pos++
	r.pos = pos
	op := opByByte[b]
	s.Op, s.Imm, s.Aux, s.A, s.B = op, pos, 0, 0, 0

	// What most instructions are, without a call.
	switch quick[b] {
	case quickNone:
		s.End = pos
		return true
	case quickU32:
		if pos < len(r.data) {
			if v := r.data[pos]; v < 0x80 {
				s.A = uint32(v)
				r.pos = pos + 1
				s.End = pos + 1
				return true
			}
		}
	case quickMemArg:
		if pos+1 < len(r.data) {
			if a, v := r.data[pos], r.data[pos+1]; a < 0x20 && v < 0x80 {
				s.A, s.B = uint32(a), uint64(v)
				r.pos = pos + 2
				s.End = pos + 2
				return true
			}
		}
	case quickConst:
		if pos < len(r.data) {
			if v := r.data[pos]; v < 0x80 {
				x := int64(v) << 57 >> 57 // 7 bits and their sign
				if op == OpI32Const {
					x = int64(uint32(x))
				}
				s.B = uint64(x)
				r.pos = pos + 1
				s.End = pos + 1
				return true
			}
		}
	}
	if op == noOp {
		if op = s.prefixed(); op == noOp {
			return false
		}
		s.Op, s.Imm = op, r.pos
	}
	s.immediates(op)
	s.End = r.pos
	return r.err == nil
}

// quick[b] says which short way Next can go for the first byte b.
var quick = func() (t [256]uint8) {
	for op := range opTable {
		o := &opTable[op]
		if o.Prefix != 0 {
			continue
		}
		switch o.Imm {
		case ImmNone:
			t[o.Code] = quickNone
		case ImmLocal, ImmGlobal, ImmLabel, ImmFunc, ImmType, ImmTag, ImmElem, ImmTable:
			t[o.Code] = quickU32
		case ImmMemArg:
			t[o.Code] = quickMemArg
		case ImmI32, ImmI64:
			t[o.Code] = quickConst
		}
	}
	return
}()

const (
	quickNot uint8 = iota
	quickNone
	quickU32
	quickMemArg
	quickConst
)

// immediates reads what follows the opcode.
func (s *Scanner) immediates(op Opcode) {
	r := &s.r
	switch opTable[op].Imm {
	case ImmNone:
	case ImmLocal, ImmGlobal, ImmLabel, ImmFunc, ImmType, ImmTag, ImmElem, ImmTable:
		s.A = r.u32()
	case ImmData:
		s.A = r.u32()
		s.needDataCount()
	case ImmMemArg:
		s.memArg()
	case ImmMemArgLane:
		s.memArg()
		s.Aux = uint16(r.u8())
	case ImmI32:
		s.B = uint64(uint32(r.leb(32, true)))
	case ImmI64:
		s.B = r.leb(64, true)
	case ImmF32:
		if b := s.fixed(4); b != nil {
			s.B = uint64(binary.LittleEndian.Uint32(b))
		}
	case ImmF64:
		if b := s.fixed(8); b != nil {
			s.B = binary.LittleEndian.Uint64(b)
		}
	case ImmBlock:
		s.A = uint32(s.blockType())
	case ImmBrTable:
		s.brTable()
	case ImmTryTable:
		s.tryTable()
	case ImmCallIndirect:
		s.A = r.u32()
		s.B = uint64(r.u32())
	case ImmTableInit, ImmTableCopy:
		s.A = r.u32()
		s.B = uint64(r.u32())
	case ImmSelectT:
		s.selectT()
	case ImmRefNull:
		s.A = uint32(r.heapType())
	case ImmMem, ImmFence:
		s.zero()
	case ImmMemCopy:
		s.zero()
		s.zero()
	case ImmMemInit:
		s.A = r.u32()
		s.zero()
		s.needDataCount()
	case ImmV128, ImmShuffle:
		s.fixed(16)
	case ImmLane:
		s.Aux = uint16(r.u8())
	default:
		panic("wasmparse: no immediates for " + op.String())
	}
}

// prefixed returns the opcode whose first byte, already read, has no instruction of
// its own.
func (s *Scanner) prefixed() Opcode {
	r := &s.r
	var table []Opcode
	prefix := r.data[s.Start]
	switch prefix {
	case 0xfc:
		table = opByFC[:]
	case 0xfd:
		table = opByFD[:]
	case 0xfe:
		table = opByFE[:]
	default:
		s.refuse(uint32(prefix))
		return noOp
	}
	code := r.u32()
	if r.err != nil {
		return noOp
	}
	if code < uint32(len(table)) {
		if op := table[code]; op != noOp {
			return op
		}
	}
	s.refuse(uint32(prefix)<<16 | min(code, 0xffff))
	return noOp
}

// refuse tells the features we know of and refuse from bytes that mean nothing. code
// is the byte, or the prefix <<16 and the number.
func (s *Scanner) refuse(code uint32) {
	feature := ""
	switch {
	case code == 0x06, code == 0x07, code == 0x09, code == 0x18, code == 0x19:
		feature = "legacy exception handling"
	case code == 0xd3, code>>16 == 0xfb:
		feature = "garbage collection"
	case code == 0xfb:
		feature = "garbage collection"
	case code>>16 == 0xfd && code&0xffff >= 0x100 && code&0xffff <= 0x113:
		feature = "relaxed SIMD"
	case code>>16 == 0xfc && code&0xffff == 18:
		feature = "memory control"
	case code>>16 == 0xfc && code&0xffff >= 19 && code&0xffff <= 22:
		feature = "wide arithmetic"
	}
	if feature != "" {
		s.r.unsupported(s.Start, feature, "")
		return
	}
	s.r.malformed(s.Start, "illegal opcode")
}

// fixed returns the next n bytes, or nil.
func (s *Scanner) fixed(n int) []byte {
	r := &s.r
	if r.remaining() < n {
		r.malformed(len(r.data), msgEnd)
		return nil
	}
	b := r.data[r.pos : r.pos+n]
	r.pos += n
	return b
}

func (s *Scanner) zero() {
	off := s.r.pos
	if s.r.u8() != 0 {
		s.r.malformed(off, "zero byte expected")
	}
}

func (s *Scanner) memArg() {
	r := &s.r
	off := r.pos
	s.A = r.u32()
	if s.A >= 32 && r.err == nil {
		if s.A&^0x1f == 0x40 {
			r.unsupported(off, "multi-memory", "malformed memop flags")
		} else {
			r.malformed(off, "malformed memop flags")
		}
	}
	s.B = uint64(r.u32())
}

// needDataCount: the section exists so that bodies can be checked before the data.
func (s *Scanner) needDataCount() {
	if m := s.r.m; m != nil && !m.HasDataCount {
		s.r.malformed(s.Start, "data count section required")
	}
}

func (s *Scanner) blockType() BlockType {
	r := &s.r
	off := r.pos
	if off >= len(r.data) {
		r.malformed(off, msgEnd)
		return 0
	}
	b := r.data[off]
	if b == 0x40 {
		r.pos++
		return 0
	}
	if b&0xc0 == 0x40 { // a negative number of one byte: a value type
		return BlockType(r.valType())
	}
	idx := int64(r.leb(33, true))
	if idx < 0 {
		r.malformed(off, "malformed block type")
	}
	if idx >= int64(BlockTypeIdx) {
		r.invalid(off, unknown("type", uint32(idx)))
		return 0
	}
	if r.m != nil && idx >= int64(len(r.m.Types)) {
		r.invalid(off, unknown("type", uint32(idx)))
		return 0
	}
	return BlockType(idx) | BlockTypeIdx
}

func (s *Scanner) brTable() {
	r := &s.r
	off := r.pos
	n := r.u32()
	if uint64(n) >= uint64(r.remaining()) && r.err == nil {
		r.malformed(off, msgEnd)
	}
	for i := uint32(0); i <= n && r.err == nil; i++ {
		r.u32()
	}
	s.A = n + 1
}

// Targets appends the labels of a br_table just read, the default last.
func (s *Scanner) Targets(dst []uint32) []uint32 {
	r := reader{data: s.r.data[:s.End], pos: s.Imm}
	r.u32()
	for r.pos < len(r.data) {
		dst = append(dst, r.u32())
	}
	return dst
}

func (s *Scanner) tryTable() {
	r := &s.r
	s.A = uint32(s.blockType())
	off := r.pos
	n := r.u32()
	if n > MaxCatches && r.err == nil {
		r.unsupported(off, "more than 65535 catch clauses", "too many catch clauses")
	}
	for ; n > 0 && r.err == nil; n-- {
		r.catch()
		s.Aux++
	}
}

func (r *reader) catch() (c Catch) {
	off := r.pos
	c.Kind = r.u8()
	switch c.Kind {
	case CatchTag, CatchTagRef:
		c.Tag = TagIdx(r.u32())
	case CatchAll, CatchAllRef:
	default:
		r.malformed(off, "malformed catch clause")
	}
	c.Label = r.u32()
	return c
}

// Catches appends the clauses of a try_table just read.
func (s *Scanner) Catches(dst []Catch) []Catch {
	t := Scanner{r: reader{data: s.r.data[:s.End], pos: s.Imm, m: s.r.m}}
	t.blockType()
	for n := t.r.u32(); n > 0; n-- {
		dst = append(dst, t.r.catch())
	}
	return dst
}

func (s *Scanner) selectT() {
	r := &s.r
	off := r.pos
	if n := r.u32(); n != 1 && r.err == nil {
		r.invalid(off, "invalid result arity")
	}
	s.A = uint32(r.valType())
}

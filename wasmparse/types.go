package wasmparse

import "strconv"

// A ValType is a value type. The low 8 bits are the code of the binary format for
// number, vector and abstract reference types; for a reference to a type index the
// low 8 bits are 0x63 (ref null) or 0x64 (ref) and the bits above hold the index.
// (ref func) and its like, non-nullable abstract references, are 0x64 with
// the bits from 8 on holding the heap type's code | abstractHeap.
//
// Two types are the same exactly if their ValTypes are equal: of equivalent type
// indices the lowest is used.
// https://webassembly.github.io/spec/core/binary/types.html#value-types
type ValType uint32

// The value types.
const (
	I32       ValType = 0x7f
	I64       ValType = 0x7e
	F32       ValType = 0x7d
	F64       ValType = 0x7c
	V128      ValType = 0x7b
	FuncRef   ValType = 0x70
	ExternRef ValType = 0x6f
	ExnRef    ValType = 0x69
)

// Unknown is the type of an operand in code that cannot be reached, where nothing is
// known of it. Only a Stack shows it.
const Unknown ValType = 0

// UnknownRef is the same where it is known to be a reference that is not null.
const UnknownRef = ref | abstractHeap<<8

const (
	refNull ValType = 0x63
	ref     ValType = 0x64

	// abstractHeap is above every type index: there are at most maxTypes.
	abstractHeap ValType = 1 << 22
)

// RefType returns the reference type to functions of type t.
func RefType(t TypeIdx, nullable bool) ValType {
	if nullable {
		return refNull | ValType(t)<<8
	}
	return ref | ValType(t)<<8
}

// IsRef reports whether t is a reference type.
func (t ValType) IsRef() bool {
	switch t & 0xff {
	case FuncRef, ExternRef, ExnRef, refNull, ref:
		return true
	}
	return false
}

// Defaultable reports whether a local of type t starts with a value of its own: all
// but non-nullable references do.
func (t ValType) Defaultable() bool { return t&0xff != ref }

// NonNull returns the reference type t without null.
func (t ValType) NonNull() ValType {
	switch t & 0xff {
	case FuncRef, ExternRef, ExnRef:
		return ref | (t|abstractHeap)<<8
	case refNull:
		return t&^0xff | ref
	}
	return t
}

// Nullable returns the reference type t with null.
func (t ValType) Nullable() ValType {
	if t&0xff != ref {
		return t
	}
	if h := t >> 8; h&abstractHeap != 0 && h != abstractHeap {
		return h &^ abstractHeap
	}
	return t&^0xff | refNull
}

// Index returns the type index a reference type refers to.
func (t ValType) Index() (idx TypeIdx, ok bool) {
	c, h := t&0xff, t>>8
	if (c == ref || c == refNull) && h&abstractHeap == 0 {
		return TypeIdx(h), true
	}
	return 0, false
}

// Heap returns the code of an abstract reference type's heap type: FuncRef, ExternRef
// or ExnRef. It is 0 for other types.
func (t ValType) Heap() ValType {
	switch t & 0xff {
	case FuncRef, ExternRef, ExnRef:
		return t
	case ref, refNull:
		if h := t >> 8; h&abstractHeap != 0 {
			return h &^ abstractHeap
		}
	}
	return 0
}

// Matches reports whether a value of type t may stand where u is asked for.
// https://webassembly.github.io/spec/core/valid/matching.html
func (t ValType) Matches(u ValType) bool {
	if t == u || t == Unknown || u == Unknown {
		return true
	}
	if !t.IsRef() || !u.IsRef() {
		return false
	}
	if t == UnknownRef {
		return true
	}
	if u.Defaultable() {
		t = t.Nullable()
	} else if t.Defaultable() {
		return false
	}
	if t == u {
		return true
	}
	_, idx := t.Index()
	return idx && u.Heap() == FuncRef
}

// String returns the text format's name.
func (t ValType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	case ExnRef:
		return "exnref"
	case Unknown, UnknownRef:
		return "unknown"
	}
	s := "(ref "
	if t.Defaultable() {
		s = "(ref null "
	}
	if idx, ok := t.Index(); ok {
		return s + strconv.Itoa(int(idx)) + ")"
	}
	switch t.Heap() {
	case FuncRef:
		return s + "func)"
	case ExternRef:
		return s + "extern)"
	}
	return s + "exn)"
}

// Index kinds of the specification.
// https://webassembly.github.io/spec/core/syntax/modules.html#indices
type (
	TypeIdx   uint32
	FuncIdx   uint32
	TableIdx  uint32
	MemIdx    uint32
	GlobalIdx uint32
	TagIdx    uint32
	ElemIdx   uint32
	DataIdx   uint32
	LocalIdx  uint32
)

// A FuncType is a function type.
type FuncType struct {
	Params, Results []ValType
}

// A BlockType is the type of a structured instruction: 0 for [] -> [], a ValType for
// [] -> [t], or a type index with the high bit set.
type BlockType uint32

// BlockTypeIdx marks a BlockType that is a type index.
const BlockTypeIdx BlockType = 1 << 31

// oneType holds for every code the type of that code, so that a slice of one can be
// had without allocation; oneNonNull the non-nullable reference types.
var oneType, oneNonNull = func() (a, b [256]ValType) {
	for c := range a {
		a[c] = ValType(c)
		b[c] = ref | (ValType(c)|abstractHeap)<<8
	}
	return
}()

// BlockSig returns the operands and results of a block of type bt, which must be
// valid in m. The slices belong to m.
func (m *Module) BlockSig(bt BlockType) (params, results []ValType) {
	if bt == 0 {
		return nil, nil
	}
	if bt&BlockTypeIdx != 0 {
		t := &m.Types[bt&^BlockTypeIdx]
		return t.Params, t.Results
	}
	t := ValType(bt)
	if t < 0x100 {
		return nil, oneType[t : t+1]
	}
	if idx, ok := t.Index(); ok {
		i := 2 * idx
		if t&0xff == ref {
			i++
		}
		return nil, m.refTypes[i : i+1]
	}
	c := t.Heap()
	return nil, oneNonNull[c : c+1]
}

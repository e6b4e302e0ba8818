package wasmparse

// special marks operands or results that depend on immediates or on the stack.
const special = "*"

// OpInfo is a row of the opcode table.
type OpInfo struct {
	// Text is the specification's name. The two forms of select share theirs.
	Text string
	// Prefix is 0xfc, 0xfd or 0xfe, or 0 for an instruction of one byte.
	Prefix byte
	// Code is the byte, or the number after the prefix.
	Code uint32
	// Imm says what follows the opcode.
	Imm Imm
	// Params and Results are the operand types, a letter each: i, I, f, F and v are
	// i32, i64, f32, f64 and v128. "*" means that they are not fixed.
	Params, Results string
	Since           Feature
	// N is the natural alignment's exponent of a memory access, or the number of lanes
	// that a lane immediate chooses from.
	N uint8
	// Call is true of the instructions that call a function.
	Call bool
}

// Imm is the kind of an instruction's immediates.
type Imm uint8

// The kinds of immediates.
const (
	ImmNone         Imm = iota
	ImmBlock            // block type
	ImmLabel            // label
	ImmBrTable          // vector of labels, default label
	ImmTryTable         // block type, vector of catch clauses
	ImmFunc             // funcidx
	ImmType             // typeidx
	ImmCallIndirect     // typeidx, tableidx
	ImmSelectT          // vector of value types
	ImmLocal            // localidx
	ImmGlobal           // globalidx
	ImmTable            // tableidx
	ImmTableInit        // elemidx, tableidx
	ImmElem             // elemidx
	ImmTableCopy        // tableidx, tableidx
	ImmTag              // tagidx
	ImmRefNull          // heap type
	ImmMemArg           // alignment, offset
	ImmMemArgLane       // alignment, offset, lane
	ImmMem              // memidx, always 0
	ImmMemInit          // dataidx, memidx
	ImmData             // dataidx
	ImmMemCopy          // memidx, memidx
	ImmI32              // signed LEB128
	ImmI64              // signed LEB128
	ImmF32              // 4 bytes
	ImmF64              // 8 bytes
	ImmV128             // 16 bytes
	ImmShuffle          // 16 lanes
	ImmLane             // lane
	ImmFence            // zero byte
)

// A Feature is the proposal an instruction came with.
type Feature uint8

// The features.
const (
	MVP Feature = iota
	SignExtension
	SatConversion
	BulkMemory
	ReferenceTypes
	SIMD
	TailCall
	Exceptions
	FunctionReferences
	Threads
)

// Info returns the opcode's row of the table.
func (op Opcode) Info() *OpInfo { return &opTable[op] }

// String returns the specification's name.
func (op Opcode) String() string {
	if op >= numOps {
		return "unknown opcode"
	}
	return opTable[op].Text
}

// Opens reports whether op starts a structured instruction, which a matching end
// closes.
func (op Opcode) Opens() bool {
	return op == OpBlock || op == OpLoop || op == OpIf || op == OpTryTable
}

// Branches reports whether op names a label or labels it may branch to. A try_table's
// catch clauses do so too, but it is not among them.
func (op Opcode) Branches() bool {
	return op == OpBr || op == OpBrIf || op == OpBrTable || op == OpBrOnNull || op == OpBrOnNonNull
}

// Leaves reports whether control never goes on to the instruction after op.
func (op Opcode) Leaves() bool {
	switch op {
	case OpUnreachable, OpBr, OpBrTable, OpReturn, OpReturnCall, OpReturnCallIndirect,
		OpReturnCallRef, OpThrow, OpThrowRef:
		return true
	}
	return false
}

// noOp is what the decoding tables hold where there is no instruction.
const noOp = numOps

// Decoding tables, made from opTable.
var (
	opByByte [256]Opcode
	opByFC   [18]Opcode
	opByFD   [256]Opcode
	opByFE   [0x4f]Opcode
)

// An opSig is what Stack.Step needs of a row, in 8 bytes.
type opSig struct {
	np, nr uint8
	p      [3]uint8 // codes of the operand types
	r      uint8    // code of the result type
	check  opCheck
	n      uint8
}

// opCheck says what must be checked of the immediates of a fixed-type instruction.
type opCheck uint8

const (
	checkNothing opCheck = iota
	checkMemArg
	checkAtomic // as checkMemArg, and the alignment is exactly natural
	checkMem
	checkLane
	checkMemArgLane
	checkOther
)

var opSigs [numOps]opSig

var letterType = [256]ValType{'i': I32, 'I': I64, 'f': F32, 'F': F64, 'v': V128}

func init() {
	for _, t := range [][]Opcode{opByByte[:], opByFC[:], opByFD[:], opByFE[:]} {
		for i := range t {
			t[i] = noOp
		}
	}
	for op := Opcode(0); op < numOps; op++ {
		o := &opTable[op]
		switch o.Prefix {
		case 0:
			opByByte[o.Code] = op
		case 0xfc:
			opByFC[o.Code] = op
		case 0xfd:
			opByFD[o.Code] = op
		case 0xfe:
			opByFE[o.Code] = op
		}
		if o.Params == special || o.Results == special {
			continue
		}
		sig := &opSigs[op]
		sig.np, sig.nr, sig.n = uint8(len(o.Params)), uint8(len(o.Results)), o.N
		for i := range o.Params {
			sig.p[i] = uint8(letterType[o.Params[i]])
		}
		if sig.nr == 1 {
			sig.r = uint8(letterType[o.Results[0]])
		}
		sig.check = o.checks()
	}
}

func (o *OpInfo) checks() opCheck {
	switch o.Imm {
	case ImmNone, ImmI32, ImmI64, ImmF32, ImmF64, ImmV128, ImmFence:
		return checkNothing
	case ImmMemArg:
		if o.Since == Threads {
			return checkAtomic
		}
		return checkMemArg
	case ImmMem, ImmMemCopy:
		return checkMem
	case ImmLane:
		return checkLane
	case ImmMemArgLane:
		return checkMemArgLane
	}
	return checkOther
}

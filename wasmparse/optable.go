package wasmparse

// An Opcode is the dense number of an instruction. It is not the binary encoding:
// the table below has that.
type Opcode uint16

// The instructions, in the order of the specification's index of instructions by
// kind.
// https://webassembly.github.io/spec/core/appendix/index-instructions.html
const (

	// Control instructions.
	OpUnreachable Opcode = iota
	OpNop
	OpBlock
	OpLoop
	OpIf
	OpElse
	OpThrow
	OpThrowRef
	OpEnd
	OpBr
	OpBrIf
	OpBrTable
	OpReturn
	OpCall
	OpCallIndirect
	OpReturnCall
	OpReturnCallIndirect
	OpCallRef
	OpReturnCallRef
	OpTryTable

	// Parametric instructions.
	OpDrop
	OpSelect
	OpSelectT

	// Variable instructions.
	OpLocalGet
	OpLocalSet
	OpLocalTee
	OpGlobalGet
	OpGlobalSet

	// Table instructions.
	OpTableGet
	OpTableSet
	OpTableInit
	OpElemDrop
	OpTableCopy
	OpTableGrow
	OpTableSize
	OpTableFill

	// Reference instructions.
	OpRefNull
	OpRefIsNull
	OpRefFunc
	OpRefAsNonNull
	OpBrOnNull
	OpBrOnNonNull

	// Memory instructions.
	OpI32Load
	OpI64Load
	OpF32Load
	OpF64Load
	OpI32Load8S
	OpI32Load8U
	OpI32Load16S
	OpI32Load16U
	OpI64Load8S
	OpI64Load8U
	OpI64Load16S
	OpI64Load16U
	OpI64Load32S
	OpI64Load32U
	OpI32Store
	OpI64Store
	OpF32Store
	OpF64Store
	OpI32Store8
	OpI32Store16
	OpI64Store8
	OpI64Store16
	OpI64Store32
	OpMemorySize
	OpMemoryGrow
	OpMemoryInit
	OpDataDrop
	OpMemoryCopy
	OpMemoryFill

	// Numeric instructions.
	OpI32Const
	OpI64Const
	OpF32Const
	OpF64Const
	OpI32Eqz
	OpI32Eq
	OpI32Ne
	OpI32LtS
	OpI32LtU
	OpI32GtS
	OpI32GtU
	OpI32LeS
	OpI32LeU
	OpI32GeS
	OpI32GeU
	OpI64Eqz
	OpI64Eq
	OpI64Ne
	OpI64LtS
	OpI64LtU
	OpI64GtS
	OpI64GtU
	OpI64LeS
	OpI64LeU
	OpI64GeS
	OpI64GeU
	OpF32Eq
	OpF32Ne
	OpF32Lt
	OpF32Gt
	OpF32Le
	OpF32Ge
	OpF64Eq
	OpF64Ne
	OpF64Lt
	OpF64Gt
	OpF64Le
	OpF64Ge
	OpI32Clz
	OpI32Ctz
	OpI32Popcnt
	OpI32Add
	OpI32Sub
	OpI32Mul
	OpI32DivS
	OpI32DivU
	OpI32RemS
	OpI32RemU
	OpI32And
	OpI32Or
	OpI32Xor
	OpI32Shl
	OpI32ShrS
	OpI32ShrU
	OpI32Rotl
	OpI32Rotr
	OpI64Clz
	OpI64Ctz
	OpI64Popcnt
	OpI64Add
	OpI64Sub
	OpI64Mul
	OpI64DivS
	OpI64DivU
	OpI64RemS
	OpI64RemU
	OpI64And
	OpI64Or
	OpI64Xor
	OpI64Shl
	OpI64ShrS
	OpI64ShrU
	OpI64Rotl
	OpI64Rotr
	OpF32Abs
	OpF32Neg
	OpF32Ceil
	OpF32Floor
	OpF32Trunc
	OpF32Nearest
	OpF32Sqrt
	OpF32Add
	OpF32Sub
	OpF32Mul
	OpF32Div
	OpF32Min
	OpF32Max
	OpF32Copysign
	OpF64Abs
	OpF64Neg
	OpF64Ceil
	OpF64Floor
	OpF64Trunc
	OpF64Nearest
	OpF64Sqrt
	OpF64Add
	OpF64Sub
	OpF64Mul
	OpF64Div
	OpF64Min
	OpF64Max
	OpF64Copysign
	OpI32WrapI64
	OpI32TruncF32S
	OpI32TruncF32U
	OpI32TruncF64S
	OpI32TruncF64U
	OpI64ExtendI32S
	OpI64ExtendI32U
	OpI64TruncF32S
	OpI64TruncF32U
	OpI64TruncF64S
	OpI64TruncF64U
	OpF32ConvertI32S
	OpF32ConvertI32U
	OpF32ConvertI64S
	OpF32ConvertI64U
	OpF32DemoteF64
	OpF64ConvertI32S
	OpF64ConvertI32U
	OpF64ConvertI64S
	OpF64ConvertI64U
	OpF64PromoteF32
	OpI32ReinterpretF32
	OpI64ReinterpretF64
	OpF32ReinterpretI32
	OpF64ReinterpretI64
	OpI32Extend8S
	OpI32Extend16S
	OpI64Extend8S
	OpI64Extend16S
	OpI64Extend32S
	OpI32TruncSatF32S
	OpI32TruncSatF32U
	OpI32TruncSatF64S
	OpI32TruncSatF64U
	OpI64TruncSatF32S
	OpI64TruncSatF32U
	OpI64TruncSatF64S
	OpI64TruncSatF64U

	// Vector instructions.
	OpV128Load
	OpV128Load8x8S
	OpV128Load8x8U
	OpV128Load16x4S
	OpV128Load16x4U
	OpV128Load32x2S
	OpV128Load32x2U
	OpV128Load8Splat
	OpV128Load16Splat
	OpV128Load32Splat
	OpV128Load64Splat
	OpV128Store
	OpV128Const
	OpI8x16Shuffle
	OpI8x16Swizzle
	OpI8x16Splat
	OpI16x8Splat
	OpI32x4Splat
	OpI64x2Splat
	OpF32x4Splat
	OpF64x2Splat
	OpI8x16ExtractLaneS
	OpI8x16ExtractLaneU
	OpI8x16ReplaceLane
	OpI16x8ExtractLaneS
	OpI16x8ExtractLaneU
	OpI16x8ReplaceLane
	OpI32x4ExtractLane
	OpI32x4ReplaceLane
	OpI64x2ExtractLane
	OpI64x2ReplaceLane
	OpF32x4ExtractLane
	OpF32x4ReplaceLane
	OpF64x2ExtractLane
	OpF64x2ReplaceLane
	OpI8x16Eq
	OpI8x16Ne
	OpI8x16LtS
	OpI8x16LtU
	OpI8x16GtS
	OpI8x16GtU
	OpI8x16LeS
	OpI8x16LeU
	OpI8x16GeS
	OpI8x16GeU
	OpI16x8Eq
	OpI16x8Ne
	OpI16x8LtS
	OpI16x8LtU
	OpI16x8GtS
	OpI16x8GtU
	OpI16x8LeS
	OpI16x8LeU
	OpI16x8GeS
	OpI16x8GeU
	OpI32x4Eq
	OpI32x4Ne
	OpI32x4LtS
	OpI32x4LtU
	OpI32x4GtS
	OpI32x4GtU
	OpI32x4LeS
	OpI32x4LeU
	OpI32x4GeS
	OpI32x4GeU
	OpF32x4Eq
	OpF32x4Ne
	OpF32x4Lt
	OpF32x4Gt
	OpF32x4Le
	OpF32x4Ge
	OpF64x2Eq
	OpF64x2Ne
	OpF64x2Lt
	OpF64x2Gt
	OpF64x2Le
	OpF64x2Ge
	OpV128Not
	OpV128And
	OpV128Andnot
	OpV128Or
	OpV128Xor
	OpV128Bitselect
	OpV128AnyTrue
	OpV128Load8Lane
	OpV128Load16Lane
	OpV128Load32Lane
	OpV128Load64Lane
	OpV128Store8Lane
	OpV128Store16Lane
	OpV128Store32Lane
	OpV128Store64Lane
	OpV128Load32Zero
	OpV128Load64Zero
	OpF32x4DemoteF64x2Zero
	OpF64x2PromoteLowF32x4
	OpI8x16Abs
	OpI8x16Neg
	OpI8x16Popcnt
	OpI8x16AllTrue
	OpI8x16Bitmask
	OpI8x16NarrowI16x8S
	OpI8x16NarrowI16x8U
	OpF32x4Ceil
	OpF32x4Floor
	OpF32x4Trunc
	OpF32x4Nearest
	OpI8x16Shl
	OpI8x16ShrS
	OpI8x16ShrU
	OpI8x16Add
	OpI8x16AddSatS
	OpI8x16AddSatU
	OpI8x16Sub
	OpI8x16SubSatS
	OpI8x16SubSatU
	OpF64x2Ceil
	OpF64x2Floor
	OpI8x16MinS
	OpI8x16MinU
	OpI8x16MaxS
	OpI8x16MaxU
	OpF64x2Trunc
	OpI8x16AvgrU
	OpI16x8ExtaddPairwiseI8x16S
	OpI16x8ExtaddPairwiseI8x16U
	OpI32x4ExtaddPairwiseI16x8S
	OpI32x4ExtaddPairwiseI16x8U
	OpI16x8Abs
	OpI16x8Neg
	OpI16x8Q15mulrSatS
	OpI16x8AllTrue
	OpI16x8Bitmask
	OpI16x8NarrowI32x4S
	OpI16x8NarrowI32x4U
	OpI16x8ExtendLowI8x16S
	OpI16x8ExtendHighI8x16S
	OpI16x8ExtendLowI8x16U
	OpI16x8ExtendHighI8x16U
	OpI16x8Shl
	OpI16x8ShrS
	OpI16x8ShrU
	OpI16x8Add
	OpI16x8AddSatS
	OpI16x8AddSatU
	OpI16x8Sub
	OpI16x8SubSatS
	OpI16x8SubSatU
	OpF64x2Nearest
	OpI16x8Mul
	OpI16x8MinS
	OpI16x8MinU
	OpI16x8MaxS
	OpI16x8MaxU
	OpI16x8AvgrU
	OpI16x8ExtmulLowI8x16S
	OpI16x8ExtmulHighI8x16S
	OpI16x8ExtmulLowI8x16U
	OpI16x8ExtmulHighI8x16U
	OpI32x4Abs
	OpI32x4Neg
	OpI32x4AllTrue
	OpI32x4Bitmask
	OpI32x4ExtendLowI16x8S
	OpI32x4ExtendHighI16x8S
	OpI32x4ExtendLowI16x8U
	OpI32x4ExtendHighI16x8U
	OpI32x4Shl
	OpI32x4ShrS
	OpI32x4ShrU
	OpI32x4Add
	OpI32x4Sub
	OpI32x4Mul
	OpI32x4MinS
	OpI32x4MinU
	OpI32x4MaxS
	OpI32x4MaxU
	OpI32x4DotI16x8S
	OpI32x4ExtmulLowI16x8S
	OpI32x4ExtmulHighI16x8S
	OpI32x4ExtmulLowI16x8U
	OpI32x4ExtmulHighI16x8U
	OpI64x2Abs
	OpI64x2Neg
	OpI64x2AllTrue
	OpI64x2Bitmask
	OpI64x2ExtendLowI32x4S
	OpI64x2ExtendHighI32x4S
	OpI64x2ExtendLowI32x4U
	OpI64x2ExtendHighI32x4U
	OpI64x2Shl
	OpI64x2ShrS
	OpI64x2ShrU
	OpI64x2Add
	OpI64x2Sub
	OpI64x2Mul
	OpI64x2Eq
	OpI64x2Ne
	OpI64x2LtS
	OpI64x2GtS
	OpI64x2LeS
	OpI64x2GeS
	OpI64x2ExtmulLowI32x4S
	OpI64x2ExtmulHighI32x4S
	OpI64x2ExtmulLowI32x4U
	OpI64x2ExtmulHighI32x4U
	OpF32x4Abs
	OpF32x4Neg
	OpF32x4Sqrt
	OpF32x4Add
	OpF32x4Sub
	OpF32x4Mul
	OpF32x4Div
	OpF32x4Min
	OpF32x4Max
	OpF32x4Pmin
	OpF32x4Pmax
	OpF64x2Abs
	OpF64x2Neg
	OpF64x2Sqrt
	OpF64x2Add
	OpF64x2Sub
	OpF64x2Mul
	OpF64x2Div
	OpF64x2Min
	OpF64x2Max
	OpF64x2Pmin
	OpF64x2Pmax
	OpI32x4TruncSatF32x4S
	OpI32x4TruncSatF32x4U
	OpF32x4ConvertI32x4S
	OpF32x4ConvertI32x4U
	OpI32x4TruncSatF64x2SZero
	OpI32x4TruncSatF64x2UZero
	OpF64x2ConvertLowI32x4S
	OpF64x2ConvertLowI32x4U

	// Atomic instructions.
	OpMemoryAtomicNotify
	OpMemoryAtomicWait32
	OpMemoryAtomicWait64
	OpAtomicFence
	OpI32AtomicLoad
	OpI64AtomicLoad
	OpI32AtomicLoad8U
	OpI32AtomicLoad16U
	OpI64AtomicLoad8U
	OpI64AtomicLoad16U
	OpI64AtomicLoad32U
	OpI32AtomicStore
	OpI64AtomicStore
	OpI32AtomicStore8
	OpI32AtomicStore16
	OpI64AtomicStore8
	OpI64AtomicStore16
	OpI64AtomicStore32
	OpI32AtomicRmwAdd
	OpI64AtomicRmwAdd
	OpI32AtomicRmw8AddU
	OpI32AtomicRmw16AddU
	OpI64AtomicRmw8AddU
	OpI64AtomicRmw16AddU
	OpI64AtomicRmw32AddU
	OpI32AtomicRmwSub
	OpI64AtomicRmwSub
	OpI32AtomicRmw8SubU
	OpI32AtomicRmw16SubU
	OpI64AtomicRmw8SubU
	OpI64AtomicRmw16SubU
	OpI64AtomicRmw32SubU
	OpI32AtomicRmwAnd
	OpI64AtomicRmwAnd
	OpI32AtomicRmw8AndU
	OpI32AtomicRmw16AndU
	OpI64AtomicRmw8AndU
	OpI64AtomicRmw16AndU
	OpI64AtomicRmw32AndU
	OpI32AtomicRmwOr
	OpI64AtomicRmwOr
	OpI32AtomicRmw8OrU
	OpI32AtomicRmw16OrU
	OpI64AtomicRmw8OrU
	OpI64AtomicRmw16OrU
	OpI64AtomicRmw32OrU
	OpI32AtomicRmwXor
	OpI64AtomicRmwXor
	OpI32AtomicRmw8XorU
	OpI32AtomicRmw16XorU
	OpI64AtomicRmw8XorU
	OpI64AtomicRmw16XorU
	OpI64AtomicRmw32XorU
	OpI32AtomicRmwXchg
	OpI64AtomicRmwXchg
	OpI32AtomicRmw8XchgU
	OpI32AtomicRmw16XchgU
	OpI64AtomicRmw8XchgU
	OpI64AtomicRmw16XchgU
	OpI64AtomicRmw32XchgU
	OpI32AtomicRmwCmpxchg
	OpI64AtomicRmwCmpxchg
	OpI32AtomicRmw8CmpxchgU
	OpI32AtomicRmw16CmpxchgU
	OpI64AtomicRmw8CmpxchgU
	OpI64AtomicRmw16CmpxchgU
	OpI64AtomicRmw32CmpxchgU

	numOps
)

// opTable is the one list of facts about opcodes; everything else is derived from it.
var opTable = [numOps]OpInfo{
	// text, prefix, code, imm, params, results, since, n, call

	// Control instructions.
	OpUnreachable:        {"unreachable", 0, 0x00, ImmNone, special, special, MVP, 0, false},
	OpNop:                {"nop", 0, 0x01, ImmNone, "", "", MVP, 0, false},
	OpBlock:              {"block", 0, 0x02, ImmBlock, special, special, MVP, 0, false},
	OpLoop:               {"loop", 0, 0x03, ImmBlock, special, special, MVP, 0, false},
	OpIf:                 {"if", 0, 0x04, ImmBlock, special, special, MVP, 0, false},
	OpElse:               {"else", 0, 0x05, ImmNone, special, special, MVP, 0, false},
	OpThrow:              {"throw", 0, 0x08, ImmTag, special, special, Exceptions, 0, false},
	OpThrowRef:           {"throw_ref", 0, 0x0a, ImmNone, special, special, Exceptions, 0, false},
	OpEnd:                {"end", 0, 0x0b, ImmNone, special, special, MVP, 0, false},
	OpBr:                 {"br", 0, 0x0c, ImmLabel, special, special, MVP, 0, false},
	OpBrIf:               {"br_if", 0, 0x0d, ImmLabel, special, special, MVP, 0, false},
	OpBrTable:            {"br_table", 0, 0x0e, ImmBrTable, special, special, MVP, 0, false},
	OpReturn:             {"return", 0, 0x0f, ImmNone, special, special, MVP, 0, false},
	OpCall:               {"call", 0, 0x10, ImmFunc, special, special, MVP, 0, true},
	OpCallIndirect:       {"call_indirect", 0, 0x11, ImmCallIndirect, special, special, MVP, 0, true},
	OpReturnCall:         {"return_call", 0, 0x12, ImmFunc, special, special, TailCall, 0, true},
	OpReturnCallIndirect: {"return_call_indirect", 0, 0x13, ImmCallIndirect, special, special, TailCall, 0, true},
	OpCallRef:            {"call_ref", 0, 0x14, ImmType, special, special, FunctionReferences, 0, true},
	OpReturnCallRef:      {"return_call_ref", 0, 0x15, ImmType, special, special, FunctionReferences, 0, true},
	OpTryTable:           {"try_table", 0, 0x1f, ImmTryTable, special, special, Exceptions, 0, false},

	// Parametric instructions.
	OpDrop:    {"drop", 0, 0x1a, ImmNone, special, special, MVP, 0, false},
	OpSelect:  {"select", 0, 0x1b, ImmNone, special, special, MVP, 0, false},
	OpSelectT: {"select", 0, 0x1c, ImmSelectT, special, special, ReferenceTypes, 0, false},

	// Variable instructions.
	OpLocalGet:  {"local.get", 0, 0x20, ImmLocal, special, special, MVP, 0, false},
	OpLocalSet:  {"local.set", 0, 0x21, ImmLocal, special, special, MVP, 0, false},
	OpLocalTee:  {"local.tee", 0, 0x22, ImmLocal, special, special, MVP, 0, false},
	OpGlobalGet: {"global.get", 0, 0x23, ImmGlobal, special, special, MVP, 0, false},
	OpGlobalSet: {"global.set", 0, 0x24, ImmGlobal, special, special, MVP, 0, false},

	// Table instructions.
	OpTableGet:  {"table.get", 0, 0x25, ImmTable, special, special, ReferenceTypes, 0, false},
	OpTableSet:  {"table.set", 0, 0x26, ImmTable, special, special, ReferenceTypes, 0, false},
	OpTableInit: {"table.init", 0xfc, 0x0c, ImmTableInit, "iii", "", BulkMemory, 0, false},
	OpElemDrop:  {"elem.drop", 0xfc, 0x0d, ImmElem, "", "", BulkMemory, 0, false},
	OpTableCopy: {"table.copy", 0xfc, 0x0e, ImmTableCopy, "iii", "", BulkMemory, 0, false},
	OpTableGrow: {"table.grow", 0xfc, 0x0f, ImmTable, special, special, ReferenceTypes, 0, false},
	OpTableSize: {"table.size", 0xfc, 0x10, ImmTable, "", "i", ReferenceTypes, 0, false},
	OpTableFill: {"table.fill", 0xfc, 0x11, ImmTable, special, special, ReferenceTypes, 0, false},

	// Reference instructions.
	OpRefNull:      {"ref.null", 0, 0xd0, ImmRefNull, special, special, ReferenceTypes, 0, false},
	OpRefIsNull:    {"ref.is_null", 0, 0xd1, ImmNone, special, special, ReferenceTypes, 0, false},
	OpRefFunc:      {"ref.func", 0, 0xd2, ImmFunc, special, special, ReferenceTypes, 0, false},
	OpRefAsNonNull: {"ref.as_non_null", 0, 0xd4, ImmNone, special, special, FunctionReferences, 0, false},
	OpBrOnNull:     {"br_on_null", 0, 0xd5, ImmLabel, special, special, FunctionReferences, 0, false},
	OpBrOnNonNull:  {"br_on_non_null", 0, 0xd6, ImmLabel, special, special, FunctionReferences, 0, false},

	// Memory instructions.
	OpI32Load:    {"i32.load", 0, 0x28, ImmMemArg, "i", "i", MVP, 2, false},
	OpI64Load:    {"i64.load", 0, 0x29, ImmMemArg, "i", "I", MVP, 3, false},
	OpF32Load:    {"f32.load", 0, 0x2a, ImmMemArg, "i", "f", MVP, 2, false},
	OpF64Load:    {"f64.load", 0, 0x2b, ImmMemArg, "i", "F", MVP, 3, false},
	OpI32Load8S:  {"i32.load8_s", 0, 0x2c, ImmMemArg, "i", "i", MVP, 0, false},
	OpI32Load8U:  {"i32.load8_u", 0, 0x2d, ImmMemArg, "i", "i", MVP, 0, false},
	OpI32Load16S: {"i32.load16_s", 0, 0x2e, ImmMemArg, "i", "i", MVP, 1, false},
	OpI32Load16U: {"i32.load16_u", 0, 0x2f, ImmMemArg, "i", "i", MVP, 1, false},
	OpI64Load8S:  {"i64.load8_s", 0, 0x30, ImmMemArg, "i", "I", MVP, 0, false},
	OpI64Load8U:  {"i64.load8_u", 0, 0x31, ImmMemArg, "i", "I", MVP, 0, false},
	OpI64Load16S: {"i64.load16_s", 0, 0x32, ImmMemArg, "i", "I", MVP, 1, false},
	OpI64Load16U: {"i64.load16_u", 0, 0x33, ImmMemArg, "i", "I", MVP, 1, false},
	OpI64Load32S: {"i64.load32_s", 0, 0x34, ImmMemArg, "i", "I", MVP, 2, false},
	OpI64Load32U: {"i64.load32_u", 0, 0x35, ImmMemArg, "i", "I", MVP, 2, false},
	OpI32Store:   {"i32.store", 0, 0x36, ImmMemArg, "ii", "", MVP, 2, false},
	OpI64Store:   {"i64.store", 0, 0x37, ImmMemArg, "iI", "", MVP, 3, false},
	OpF32Store:   {"f32.store", 0, 0x38, ImmMemArg, "if", "", MVP, 2, false},
	OpF64Store:   {"f64.store", 0, 0x39, ImmMemArg, "iF", "", MVP, 3, false},
	OpI32Store8:  {"i32.store8", 0, 0x3a, ImmMemArg, "ii", "", MVP, 0, false},
	OpI32Store16: {"i32.store16", 0, 0x3b, ImmMemArg, "ii", "", MVP, 1, false},
	OpI64Store8:  {"i64.store8", 0, 0x3c, ImmMemArg, "iI", "", MVP, 0, false},
	OpI64Store16: {"i64.store16", 0, 0x3d, ImmMemArg, "iI", "", MVP, 1, false},
	OpI64Store32: {"i64.store32", 0, 0x3e, ImmMemArg, "iI", "", MVP, 2, false},
	OpMemorySize: {"memory.size", 0, 0x3f, ImmMem, "", "i", MVP, 0, false},
	OpMemoryGrow: {"memory.grow", 0, 0x40, ImmMem, "i", "i", MVP, 0, false},
	OpMemoryInit: {"memory.init", 0xfc, 0x08, ImmMemInit, "iii", "", BulkMemory, 0, false},
	OpDataDrop:   {"data.drop", 0xfc, 0x09, ImmData, "", "", BulkMemory, 0, false},
	OpMemoryCopy: {"memory.copy", 0xfc, 0x0a, ImmMemCopy, "iii", "", BulkMemory, 0, false},
	OpMemoryFill: {"memory.fill", 0xfc, 0x0b, ImmMem, "iii", "", BulkMemory, 0, false},

	// Numeric instructions.
	OpI32Const:          {"i32.const", 0, 0x41, ImmI32, "", "i", MVP, 0, false},
	OpI64Const:          {"i64.const", 0, 0x42, ImmI64, "", "I", MVP, 0, false},
	OpF32Const:          {"f32.const", 0, 0x43, ImmF32, "", "f", MVP, 0, false},
	OpF64Const:          {"f64.const", 0, 0x44, ImmF64, "", "F", MVP, 0, false},
	OpI32Eqz:            {"i32.eqz", 0, 0x45, ImmNone, "i", "i", MVP, 0, false},
	OpI32Eq:             {"i32.eq", 0, 0x46, ImmNone, "ii", "i", MVP, 0, false},
	OpI32Ne:             {"i32.ne", 0, 0x47, ImmNone, "ii", "i", MVP, 0, false},
	OpI32LtS:            {"i32.lt_s", 0, 0x48, ImmNone, "ii", "i", MVP, 0, false},
	OpI32LtU:            {"i32.lt_u", 0, 0x49, ImmNone, "ii", "i", MVP, 0, false},
	OpI32GtS:            {"i32.gt_s", 0, 0x4a, ImmNone, "ii", "i", MVP, 0, false},
	OpI32GtU:            {"i32.gt_u", 0, 0x4b, ImmNone, "ii", "i", MVP, 0, false},
	OpI32LeS:            {"i32.le_s", 0, 0x4c, ImmNone, "ii", "i", MVP, 0, false},
	OpI32LeU:            {"i32.le_u", 0, 0x4d, ImmNone, "ii", "i", MVP, 0, false},
	OpI32GeS:            {"i32.ge_s", 0, 0x4e, ImmNone, "ii", "i", MVP, 0, false},
	OpI32GeU:            {"i32.ge_u", 0, 0x4f, ImmNone, "ii", "i", MVP, 0, false},
	OpI64Eqz:            {"i64.eqz", 0, 0x50, ImmNone, "I", "i", MVP, 0, false},
	OpI64Eq:             {"i64.eq", 0, 0x51, ImmNone, "II", "i", MVP, 0, false},
	OpI64Ne:             {"i64.ne", 0, 0x52, ImmNone, "II", "i", MVP, 0, false},
	OpI64LtS:            {"i64.lt_s", 0, 0x53, ImmNone, "II", "i", MVP, 0, false},
	OpI64LtU:            {"i64.lt_u", 0, 0x54, ImmNone, "II", "i", MVP, 0, false},
	OpI64GtS:            {"i64.gt_s", 0, 0x55, ImmNone, "II", "i", MVP, 0, false},
	OpI64GtU:            {"i64.gt_u", 0, 0x56, ImmNone, "II", "i", MVP, 0, false},
	OpI64LeS:            {"i64.le_s", 0, 0x57, ImmNone, "II", "i", MVP, 0, false},
	OpI64LeU:            {"i64.le_u", 0, 0x58, ImmNone, "II", "i", MVP, 0, false},
	OpI64GeS:            {"i64.ge_s", 0, 0x59, ImmNone, "II", "i", MVP, 0, false},
	OpI64GeU:            {"i64.ge_u", 0, 0x5a, ImmNone, "II", "i", MVP, 0, false},
	OpF32Eq:             {"f32.eq", 0, 0x5b, ImmNone, "ff", "i", MVP, 0, false},
	OpF32Ne:             {"f32.ne", 0, 0x5c, ImmNone, "ff", "i", MVP, 0, false},
	OpF32Lt:             {"f32.lt", 0, 0x5d, ImmNone, "ff", "i", MVP, 0, false},
	OpF32Gt:             {"f32.gt", 0, 0x5e, ImmNone, "ff", "i", MVP, 0, false},
	OpF32Le:             {"f32.le", 0, 0x5f, ImmNone, "ff", "i", MVP, 0, false},
	OpF32Ge:             {"f32.ge", 0, 0x60, ImmNone, "ff", "i", MVP, 0, false},
	OpF64Eq:             {"f64.eq", 0, 0x61, ImmNone, "FF", "i", MVP, 0, false},
	OpF64Ne:             {"f64.ne", 0, 0x62, ImmNone, "FF", "i", MVP, 0, false},
	OpF64Lt:             {"f64.lt", 0, 0x63, ImmNone, "FF", "i", MVP, 0, false},
	OpF64Gt:             {"f64.gt", 0, 0x64, ImmNone, "FF", "i", MVP, 0, false},
	OpF64Le:             {"f64.le", 0, 0x65, ImmNone, "FF", "i", MVP, 0, false},
	OpF64Ge:             {"f64.ge", 0, 0x66, ImmNone, "FF", "i", MVP, 0, false},
	OpI32Clz:            {"i32.clz", 0, 0x67, ImmNone, "i", "i", MVP, 0, false},
	OpI32Ctz:            {"i32.ctz", 0, 0x68, ImmNone, "i", "i", MVP, 0, false},
	OpI32Popcnt:         {"i32.popcnt", 0, 0x69, ImmNone, "i", "i", MVP, 0, false},
	OpI32Add:            {"i32.add", 0, 0x6a, ImmNone, "ii", "i", MVP, 0, false},
	OpI32Sub:            {"i32.sub", 0, 0x6b, ImmNone, "ii", "i", MVP, 0, false},
	OpI32Mul:            {"i32.mul", 0, 0x6c, ImmNone, "ii", "i", MVP, 0, false},
	OpI32DivS:           {"i32.div_s", 0, 0x6d, ImmNone, "ii", "i", MVP, 0, false},
	OpI32DivU:           {"i32.div_u", 0, 0x6e, ImmNone, "ii", "i", MVP, 0, false},
	OpI32RemS:           {"i32.rem_s", 0, 0x6f, ImmNone, "ii", "i", MVP, 0, false},
	OpI32RemU:           {"i32.rem_u", 0, 0x70, ImmNone, "ii", "i", MVP, 0, false},
	OpI32And:            {"i32.and", 0, 0x71, ImmNone, "ii", "i", MVP, 0, false},
	OpI32Or:             {"i32.or", 0, 0x72, ImmNone, "ii", "i", MVP, 0, false},
	OpI32Xor:            {"i32.xor", 0, 0x73, ImmNone, "ii", "i", MVP, 0, false},
	OpI32Shl:            {"i32.shl", 0, 0x74, ImmNone, "ii", "i", MVP, 0, false},
	OpI32ShrS:           {"i32.shr_s", 0, 0x75, ImmNone, "ii", "i", MVP, 0, false},
	OpI32ShrU:           {"i32.shr_u", 0, 0x76, ImmNone, "ii", "i", MVP, 0, false},
	OpI32Rotl:           {"i32.rotl", 0, 0x77, ImmNone, "ii", "i", MVP, 0, false},
	OpI32Rotr:           {"i32.rotr", 0, 0x78, ImmNone, "ii", "i", MVP, 0, false},
	OpI64Clz:            {"i64.clz", 0, 0x79, ImmNone, "I", "I", MVP, 0, false},
	OpI64Ctz:            {"i64.ctz", 0, 0x7a, ImmNone, "I", "I", MVP, 0, false},
	OpI64Popcnt:         {"i64.popcnt", 0, 0x7b, ImmNone, "I", "I", MVP, 0, false},
	OpI64Add:            {"i64.add", 0, 0x7c, ImmNone, "II", "I", MVP, 0, false},
	OpI64Sub:            {"i64.sub", 0, 0x7d, ImmNone, "II", "I", MVP, 0, false},
	OpI64Mul:            {"i64.mul", 0, 0x7e, ImmNone, "II", "I", MVP, 0, false},
	OpI64DivS:           {"i64.div_s", 0, 0x7f, ImmNone, "II", "I", MVP, 0, false},
	OpI64DivU:           {"i64.div_u", 0, 0x80, ImmNone, "II", "I", MVP, 0, false},
	OpI64RemS:           {"i64.rem_s", 0, 0x81, ImmNone, "II", "I", MVP, 0, false},
	OpI64RemU:           {"i64.rem_u", 0, 0x82, ImmNone, "II", "I", MVP, 0, false},
	OpI64And:            {"i64.and", 0, 0x83, ImmNone, "II", "I", MVP, 0, false},
	OpI64Or:             {"i64.or", 0, 0x84, ImmNone, "II", "I", MVP, 0, false},
	OpI64Xor:            {"i64.xor", 0, 0x85, ImmNone, "II", "I", MVP, 0, false},
	OpI64Shl:            {"i64.shl", 0, 0x86, ImmNone, "II", "I", MVP, 0, false},
	OpI64ShrS:           {"i64.shr_s", 0, 0x87, ImmNone, "II", "I", MVP, 0, false},
	OpI64ShrU:           {"i64.shr_u", 0, 0x88, ImmNone, "II", "I", MVP, 0, false},
	OpI64Rotl:           {"i64.rotl", 0, 0x89, ImmNone, "II", "I", MVP, 0, false},
	OpI64Rotr:           {"i64.rotr", 0, 0x8a, ImmNone, "II", "I", MVP, 0, false},
	OpF32Abs:            {"f32.abs", 0, 0x8b, ImmNone, "f", "f", MVP, 0, false},
	OpF32Neg:            {"f32.neg", 0, 0x8c, ImmNone, "f", "f", MVP, 0, false},
	OpF32Ceil:           {"f32.ceil", 0, 0x8d, ImmNone, "f", "f", MVP, 0, false},
	OpF32Floor:          {"f32.floor", 0, 0x8e, ImmNone, "f", "f", MVP, 0, false},
	OpF32Trunc:          {"f32.trunc", 0, 0x8f, ImmNone, "f", "f", MVP, 0, false},
	OpF32Nearest:        {"f32.nearest", 0, 0x90, ImmNone, "f", "f", MVP, 0, false},
	OpF32Sqrt:           {"f32.sqrt", 0, 0x91, ImmNone, "f", "f", MVP, 0, false},
	OpF32Add:            {"f32.add", 0, 0x92, ImmNone, "ff", "f", MVP, 0, false},
	OpF32Sub:            {"f32.sub", 0, 0x93, ImmNone, "ff", "f", MVP, 0, false},
	OpF32Mul:            {"f32.mul", 0, 0x94, ImmNone, "ff", "f", MVP, 0, false},
	OpF32Div:            {"f32.div", 0, 0x95, ImmNone, "ff", "f", MVP, 0, false},
	OpF32Min:            {"f32.min", 0, 0x96, ImmNone, "ff", "f", MVP, 0, false},
	OpF32Max:            {"f32.max", 0, 0x97, ImmNone, "ff", "f", MVP, 0, false},
	OpF32Copysign:       {"f32.copysign", 0, 0x98, ImmNone, "ff", "f", MVP, 0, false},
	OpF64Abs:            {"f64.abs", 0, 0x99, ImmNone, "F", "F", MVP, 0, false},
	OpF64Neg:            {"f64.neg", 0, 0x9a, ImmNone, "F", "F", MVP, 0, false},
	OpF64Ceil:           {"f64.ceil", 0, 0x9b, ImmNone, "F", "F", MVP, 0, false},
	OpF64Floor:          {"f64.floor", 0, 0x9c, ImmNone, "F", "F", MVP, 0, false},
	OpF64Trunc:          {"f64.trunc", 0, 0x9d, ImmNone, "F", "F", MVP, 0, false},
	OpF64Nearest:        {"f64.nearest", 0, 0x9e, ImmNone, "F", "F", MVP, 0, false},
	OpF64Sqrt:           {"f64.sqrt", 0, 0x9f, ImmNone, "F", "F", MVP, 0, false},
	OpF64Add:            {"f64.add", 0, 0xa0, ImmNone, "FF", "F", MVP, 0, false},
	OpF64Sub:            {"f64.sub", 0, 0xa1, ImmNone, "FF", "F", MVP, 0, false},
	OpF64Mul:            {"f64.mul", 0, 0xa2, ImmNone, "FF", "F", MVP, 0, false},
	OpF64Div:            {"f64.div", 0, 0xa3, ImmNone, "FF", "F", MVP, 0, false},
	OpF64Min:            {"f64.min", 0, 0xa4, ImmNone, "FF", "F", MVP, 0, false},
	OpF64Max:            {"f64.max", 0, 0xa5, ImmNone, "FF", "F", MVP, 0, false},
	OpF64Copysign:       {"f64.copysign", 0, 0xa6, ImmNone, "FF", "F", MVP, 0, false},
	OpI32WrapI64:        {"i32.wrap_i64", 0, 0xa7, ImmNone, "I", "i", MVP, 0, false},
	OpI32TruncF32S:      {"i32.trunc_f32_s", 0, 0xa8, ImmNone, "f", "i", MVP, 0, false},
	OpI32TruncF32U:      {"i32.trunc_f32_u", 0, 0xa9, ImmNone, "f", "i", MVP, 0, false},
	OpI32TruncF64S:      {"i32.trunc_f64_s", 0, 0xaa, ImmNone, "F", "i", MVP, 0, false},
	OpI32TruncF64U:      {"i32.trunc_f64_u", 0, 0xab, ImmNone, "F", "i", MVP, 0, false},
	OpI64ExtendI32S:     {"i64.extend_i32_s", 0, 0xac, ImmNone, "i", "I", MVP, 0, false},
	OpI64ExtendI32U:     {"i64.extend_i32_u", 0, 0xad, ImmNone, "i", "I", MVP, 0, false},
	OpI64TruncF32S:      {"i64.trunc_f32_s", 0, 0xae, ImmNone, "f", "I", MVP, 0, false},
	OpI64TruncF32U:      {"i64.trunc_f32_u", 0, 0xaf, ImmNone, "f", "I", MVP, 0, false},
	OpI64TruncF64S:      {"i64.trunc_f64_s", 0, 0xb0, ImmNone, "F", "I", MVP, 0, false},
	OpI64TruncF64U:      {"i64.trunc_f64_u", 0, 0xb1, ImmNone, "F", "I", MVP, 0, false},
	OpF32ConvertI32S:    {"f32.convert_i32_s", 0, 0xb2, ImmNone, "i", "f", MVP, 0, false},
	OpF32ConvertI32U:    {"f32.convert_i32_u", 0, 0xb3, ImmNone, "i", "f", MVP, 0, false},
	OpF32ConvertI64S:    {"f32.convert_i64_s", 0, 0xb4, ImmNone, "I", "f", MVP, 0, false},
	OpF32ConvertI64U:    {"f32.convert_i64_u", 0, 0xb5, ImmNone, "I", "f", MVP, 0, false},
	OpF32DemoteF64:      {"f32.demote_f64", 0, 0xb6, ImmNone, "F", "f", MVP, 0, false},
	OpF64ConvertI32S:    {"f64.convert_i32_s", 0, 0xb7, ImmNone, "i", "F", MVP, 0, false},
	OpF64ConvertI32U:    {"f64.convert_i32_u", 0, 0xb8, ImmNone, "i", "F", MVP, 0, false},
	OpF64ConvertI64S:    {"f64.convert_i64_s", 0, 0xb9, ImmNone, "I", "F", MVP, 0, false},
	OpF64ConvertI64U:    {"f64.convert_i64_u", 0, 0xba, ImmNone, "I", "F", MVP, 0, false},
	OpF64PromoteF32:     {"f64.promote_f32", 0, 0xbb, ImmNone, "f", "F", MVP, 0, false},
	OpI32ReinterpretF32: {"i32.reinterpret_f32", 0, 0xbc, ImmNone, "f", "i", MVP, 0, false},
	OpI64ReinterpretF64: {"i64.reinterpret_f64", 0, 0xbd, ImmNone, "F", "I", MVP, 0, false},
	OpF32ReinterpretI32: {"f32.reinterpret_i32", 0, 0xbe, ImmNone, "i", "f", MVP, 0, false},
	OpF64ReinterpretI64: {"f64.reinterpret_i64", 0, 0xbf, ImmNone, "I", "F", MVP, 0, false},
	OpI32Extend8S:       {"i32.extend8_s", 0, 0xc0, ImmNone, "i", "i", SignExtension, 0, false},
	OpI32Extend16S:      {"i32.extend16_s", 0, 0xc1, ImmNone, "i", "i", SignExtension, 0, false},
	OpI64Extend8S:       {"i64.extend8_s", 0, 0xc2, ImmNone, "I", "I", SignExtension, 0, false},
	OpI64Extend16S:      {"i64.extend16_s", 0, 0xc3, ImmNone, "I", "I", SignExtension, 0, false},
	OpI64Extend32S:      {"i64.extend32_s", 0, 0xc4, ImmNone, "I", "I", SignExtension, 0, false},
	OpI32TruncSatF32S:   {"i32.trunc_sat_f32_s", 0xfc, 0x00, ImmNone, "f", "i", SatConversion, 0, false},
	OpI32TruncSatF32U:   {"i32.trunc_sat_f32_u", 0xfc, 0x01, ImmNone, "f", "i", SatConversion, 0, false},
	OpI32TruncSatF64S:   {"i32.trunc_sat_f64_s", 0xfc, 0x02, ImmNone, "F", "i", SatConversion, 0, false},
	OpI32TruncSatF64U:   {"i32.trunc_sat_f64_u", 0xfc, 0x03, ImmNone, "F", "i", SatConversion, 0, false},
	OpI64TruncSatF32S:   {"i64.trunc_sat_f32_s", 0xfc, 0x04, ImmNone, "f", "I", SatConversion, 0, false},
	OpI64TruncSatF32U:   {"i64.trunc_sat_f32_u", 0xfc, 0x05, ImmNone, "f", "I", SatConversion, 0, false},
	OpI64TruncSatF64S:   {"i64.trunc_sat_f64_s", 0xfc, 0x06, ImmNone, "F", "I", SatConversion, 0, false},
	OpI64TruncSatF64U:   {"i64.trunc_sat_f64_u", 0xfc, 0x07, ImmNone, "F", "I", SatConversion, 0, false},

	// Vector instructions.
	OpV128Load:                  {"v128.load", 0xfd, 0x00, ImmMemArg, "i", "v", SIMD, 4, false},
	OpV128Load8x8S:              {"v128.load8x8_s", 0xfd, 0x01, ImmMemArg, "i", "v", SIMD, 3, false},
	OpV128Load8x8U:              {"v128.load8x8_u", 0xfd, 0x02, ImmMemArg, "i", "v", SIMD, 3, false},
	OpV128Load16x4S:             {"v128.load16x4_s", 0xfd, 0x03, ImmMemArg, "i", "v", SIMD, 3, false},
	OpV128Load16x4U:             {"v128.load16x4_u", 0xfd, 0x04, ImmMemArg, "i", "v", SIMD, 3, false},
	OpV128Load32x2S:             {"v128.load32x2_s", 0xfd, 0x05, ImmMemArg, "i", "v", SIMD, 3, false},
	OpV128Load32x2U:             {"v128.load32x2_u", 0xfd, 0x06, ImmMemArg, "i", "v", SIMD, 3, false},
	OpV128Load8Splat:            {"v128.load8_splat", 0xfd, 0x07, ImmMemArg, "i", "v", SIMD, 0, false},
	OpV128Load16Splat:           {"v128.load16_splat", 0xfd, 0x08, ImmMemArg, "i", "v", SIMD, 1, false},
	OpV128Load32Splat:           {"v128.load32_splat", 0xfd, 0x09, ImmMemArg, "i", "v", SIMD, 2, false},
	OpV128Load64Splat:           {"v128.load64_splat", 0xfd, 0x0a, ImmMemArg, "i", "v", SIMD, 3, false},
	OpV128Store:                 {"v128.store", 0xfd, 0x0b, ImmMemArg, "iv", "", SIMD, 4, false},
	OpV128Const:                 {"v128.const", 0xfd, 0x0c, ImmV128, "", "v", SIMD, 0, false},
	OpI8x16Shuffle:              {"i8x16.shuffle", 0xfd, 0x0d, ImmShuffle, "vv", "v", SIMD, 32, false},
	OpI8x16Swizzle:              {"i8x16.swizzle", 0xfd, 0x0e, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16Splat:                {"i8x16.splat", 0xfd, 0x0f, ImmNone, "i", "v", SIMD, 0, false},
	OpI16x8Splat:                {"i16x8.splat", 0xfd, 0x10, ImmNone, "i", "v", SIMD, 0, false},
	OpI32x4Splat:                {"i32x4.splat", 0xfd, 0x11, ImmNone, "i", "v", SIMD, 0, false},
	OpI64x2Splat:                {"i64x2.splat", 0xfd, 0x12, ImmNone, "I", "v", SIMD, 0, false},
	OpF32x4Splat:                {"f32x4.splat", 0xfd, 0x13, ImmNone, "f", "v", SIMD, 0, false},
	OpF64x2Splat:                {"f64x2.splat", 0xfd, 0x14, ImmNone, "F", "v", SIMD, 0, false},
	OpI8x16ExtractLaneS:         {"i8x16.extract_lane_s", 0xfd, 0x15, ImmLane, "v", "i", SIMD, 16, false},
	OpI8x16ExtractLaneU:         {"i8x16.extract_lane_u", 0xfd, 0x16, ImmLane, "v", "i", SIMD, 16, false},
	OpI8x16ReplaceLane:          {"i8x16.replace_lane", 0xfd, 0x17, ImmLane, "vi", "v", SIMD, 16, false},
	OpI16x8ExtractLaneS:         {"i16x8.extract_lane_s", 0xfd, 0x18, ImmLane, "v", "i", SIMD, 8, false},
	OpI16x8ExtractLaneU:         {"i16x8.extract_lane_u", 0xfd, 0x19, ImmLane, "v", "i", SIMD, 8, false},
	OpI16x8ReplaceLane:          {"i16x8.replace_lane", 0xfd, 0x1a, ImmLane, "vi", "v", SIMD, 8, false},
	OpI32x4ExtractLane:          {"i32x4.extract_lane", 0xfd, 0x1b, ImmLane, "v", "i", SIMD, 4, false},
	OpI32x4ReplaceLane:          {"i32x4.replace_lane", 0xfd, 0x1c, ImmLane, "vi", "v", SIMD, 4, false},
	OpI64x2ExtractLane:          {"i64x2.extract_lane", 0xfd, 0x1d, ImmLane, "v", "I", SIMD, 2, false},
	OpI64x2ReplaceLane:          {"i64x2.replace_lane", 0xfd, 0x1e, ImmLane, "vI", "v", SIMD, 2, false},
	OpF32x4ExtractLane:          {"f32x4.extract_lane", 0xfd, 0x1f, ImmLane, "v", "f", SIMD, 4, false},
	OpF32x4ReplaceLane:          {"f32x4.replace_lane", 0xfd, 0x20, ImmLane, "vf", "v", SIMD, 4, false},
	OpF64x2ExtractLane:          {"f64x2.extract_lane", 0xfd, 0x21, ImmLane, "v", "F", SIMD, 2, false},
	OpF64x2ReplaceLane:          {"f64x2.replace_lane", 0xfd, 0x22, ImmLane, "vF", "v", SIMD, 2, false},
	OpI8x16Eq:                   {"i8x16.eq", 0xfd, 0x23, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16Ne:                   {"i8x16.ne", 0xfd, 0x24, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16LtS:                  {"i8x16.lt_s", 0xfd, 0x25, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16LtU:                  {"i8x16.lt_u", 0xfd, 0x26, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16GtS:                  {"i8x16.gt_s", 0xfd, 0x27, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16GtU:                  {"i8x16.gt_u", 0xfd, 0x28, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16LeS:                  {"i8x16.le_s", 0xfd, 0x29, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16LeU:                  {"i8x16.le_u", 0xfd, 0x2a, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16GeS:                  {"i8x16.ge_s", 0xfd, 0x2b, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16GeU:                  {"i8x16.ge_u", 0xfd, 0x2c, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8Eq:                   {"i16x8.eq", 0xfd, 0x2d, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8Ne:                   {"i16x8.ne", 0xfd, 0x2e, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8LtS:                  {"i16x8.lt_s", 0xfd, 0x2f, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8LtU:                  {"i16x8.lt_u", 0xfd, 0x30, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8GtS:                  {"i16x8.gt_s", 0xfd, 0x31, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8GtU:                  {"i16x8.gt_u", 0xfd, 0x32, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8LeS:                  {"i16x8.le_s", 0xfd, 0x33, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8LeU:                  {"i16x8.le_u", 0xfd, 0x34, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8GeS:                  {"i16x8.ge_s", 0xfd, 0x35, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8GeU:                  {"i16x8.ge_u", 0xfd, 0x36, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4Eq:                   {"i32x4.eq", 0xfd, 0x37, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4Ne:                   {"i32x4.ne", 0xfd, 0x38, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4LtS:                  {"i32x4.lt_s", 0xfd, 0x39, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4LtU:                  {"i32x4.lt_u", 0xfd, 0x3a, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4GtS:                  {"i32x4.gt_s", 0xfd, 0x3b, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4GtU:                  {"i32x4.gt_u", 0xfd, 0x3c, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4LeS:                  {"i32x4.le_s", 0xfd, 0x3d, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4LeU:                  {"i32x4.le_u", 0xfd, 0x3e, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4GeS:                  {"i32x4.ge_s", 0xfd, 0x3f, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4GeU:                  {"i32x4.ge_u", 0xfd, 0x40, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Eq:                   {"f32x4.eq", 0xfd, 0x41, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Ne:                   {"f32x4.ne", 0xfd, 0x42, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Lt:                   {"f32x4.lt", 0xfd, 0x43, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Gt:                   {"f32x4.gt", 0xfd, 0x44, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Le:                   {"f32x4.le", 0xfd, 0x45, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Ge:                   {"f32x4.ge", 0xfd, 0x46, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Eq:                   {"f64x2.eq", 0xfd, 0x47, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Ne:                   {"f64x2.ne", 0xfd, 0x48, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Lt:                   {"f64x2.lt", 0xfd, 0x49, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Gt:                   {"f64x2.gt", 0xfd, 0x4a, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Le:                   {"f64x2.le", 0xfd, 0x4b, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Ge:                   {"f64x2.ge", 0xfd, 0x4c, ImmNone, "vv", "v", SIMD, 0, false},
	OpV128Not:                   {"v128.not", 0xfd, 0x4d, ImmNone, "v", "v", SIMD, 0, false},
	OpV128And:                   {"v128.and", 0xfd, 0x4e, ImmNone, "vv", "v", SIMD, 0, false},
	OpV128Andnot:                {"v128.andnot", 0xfd, 0x4f, ImmNone, "vv", "v", SIMD, 0, false},
	OpV128Or:                    {"v128.or", 0xfd, 0x50, ImmNone, "vv", "v", SIMD, 0, false},
	OpV128Xor:                   {"v128.xor", 0xfd, 0x51, ImmNone, "vv", "v", SIMD, 0, false},
	OpV128Bitselect:             {"v128.bitselect", 0xfd, 0x52, ImmNone, "vvv", "v", SIMD, 0, false},
	OpV128AnyTrue:               {"v128.any_true", 0xfd, 0x53, ImmNone, "v", "i", SIMD, 0, false},
	OpV128Load8Lane:             {"v128.load8_lane", 0xfd, 0x54, ImmMemArgLane, "iv", "v", SIMD, 0, false},
	OpV128Load16Lane:            {"v128.load16_lane", 0xfd, 0x55, ImmMemArgLane, "iv", "v", SIMD, 1, false},
	OpV128Load32Lane:            {"v128.load32_lane", 0xfd, 0x56, ImmMemArgLane, "iv", "v", SIMD, 2, false},
	OpV128Load64Lane:            {"v128.load64_lane", 0xfd, 0x57, ImmMemArgLane, "iv", "v", SIMD, 3, false},
	OpV128Store8Lane:            {"v128.store8_lane", 0xfd, 0x58, ImmMemArgLane, "iv", "", SIMD, 0, false},
	OpV128Store16Lane:           {"v128.store16_lane", 0xfd, 0x59, ImmMemArgLane, "iv", "", SIMD, 1, false},
	OpV128Store32Lane:           {"v128.store32_lane", 0xfd, 0x5a, ImmMemArgLane, "iv", "", SIMD, 2, false},
	OpV128Store64Lane:           {"v128.store64_lane", 0xfd, 0x5b, ImmMemArgLane, "iv", "", SIMD, 3, false},
	OpV128Load32Zero:            {"v128.load32_zero", 0xfd, 0x5c, ImmMemArg, "i", "v", SIMD, 2, false},
	OpV128Load64Zero:            {"v128.load64_zero", 0xfd, 0x5d, ImmMemArg, "i", "v", SIMD, 3, false},
	OpF32x4DemoteF64x2Zero:      {"f32x4.demote_f64x2_zero", 0xfd, 0x5e, ImmNone, "v", "v", SIMD, 0, false},
	OpF64x2PromoteLowF32x4:      {"f64x2.promote_low_f32x4", 0xfd, 0x5f, ImmNone, "v", "v", SIMD, 0, false},
	OpI8x16Abs:                  {"i8x16.abs", 0xfd, 0x60, ImmNone, "v", "v", SIMD, 0, false},
	OpI8x16Neg:                  {"i8x16.neg", 0xfd, 0x61, ImmNone, "v", "v", SIMD, 0, false},
	OpI8x16Popcnt:               {"i8x16.popcnt", 0xfd, 0x62, ImmNone, "v", "v", SIMD, 0, false},
	OpI8x16AllTrue:              {"i8x16.all_true", 0xfd, 0x63, ImmNone, "v", "i", SIMD, 0, false},
	OpI8x16Bitmask:              {"i8x16.bitmask", 0xfd, 0x64, ImmNone, "v", "i", SIMD, 0, false},
	OpI8x16NarrowI16x8S:         {"i8x16.narrow_i16x8_s", 0xfd, 0x65, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16NarrowI16x8U:         {"i8x16.narrow_i16x8_u", 0xfd, 0x66, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Ceil:                 {"f32x4.ceil", 0xfd, 0x67, ImmNone, "v", "v", SIMD, 0, false},
	OpF32x4Floor:                {"f32x4.floor", 0xfd, 0x68, ImmNone, "v", "v", SIMD, 0, false},
	OpF32x4Trunc:                {"f32x4.trunc", 0xfd, 0x69, ImmNone, "v", "v", SIMD, 0, false},
	OpF32x4Nearest:              {"f32x4.nearest", 0xfd, 0x6a, ImmNone, "v", "v", SIMD, 0, false},
	OpI8x16Shl:                  {"i8x16.shl", 0xfd, 0x6b, ImmNone, "vi", "v", SIMD, 0, false},
	OpI8x16ShrS:                 {"i8x16.shr_s", 0xfd, 0x6c, ImmNone, "vi", "v", SIMD, 0, false},
	OpI8x16ShrU:                 {"i8x16.shr_u", 0xfd, 0x6d, ImmNone, "vi", "v", SIMD, 0, false},
	OpI8x16Add:                  {"i8x16.add", 0xfd, 0x6e, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16AddSatS:              {"i8x16.add_sat_s", 0xfd, 0x6f, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16AddSatU:              {"i8x16.add_sat_u", 0xfd, 0x70, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16Sub:                  {"i8x16.sub", 0xfd, 0x71, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16SubSatS:              {"i8x16.sub_sat_s", 0xfd, 0x72, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16SubSatU:              {"i8x16.sub_sat_u", 0xfd, 0x73, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Ceil:                 {"f64x2.ceil", 0xfd, 0x74, ImmNone, "v", "v", SIMD, 0, false},
	OpF64x2Floor:                {"f64x2.floor", 0xfd, 0x75, ImmNone, "v", "v", SIMD, 0, false},
	OpI8x16MinS:                 {"i8x16.min_s", 0xfd, 0x76, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16MinU:                 {"i8x16.min_u", 0xfd, 0x77, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16MaxS:                 {"i8x16.max_s", 0xfd, 0x78, ImmNone, "vv", "v", SIMD, 0, false},
	OpI8x16MaxU:                 {"i8x16.max_u", 0xfd, 0x79, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Trunc:                {"f64x2.trunc", 0xfd, 0x7a, ImmNone, "v", "v", SIMD, 0, false},
	OpI8x16AvgrU:                {"i8x16.avgr_u", 0xfd, 0x7b, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8ExtaddPairwiseI8x16S: {"i16x8.extadd_pairwise_i8x16_s", 0xfd, 0x7c, ImmNone, "v", "v", SIMD, 0, false},
	OpI16x8ExtaddPairwiseI8x16U: {"i16x8.extadd_pairwise_i8x16_u", 0xfd, 0x7d, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4ExtaddPairwiseI16x8S: {"i32x4.extadd_pairwise_i16x8_s", 0xfd, 0x7e, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4ExtaddPairwiseI16x8U: {"i32x4.extadd_pairwise_i16x8_u", 0xfd, 0x7f, ImmNone, "v", "v", SIMD, 0, false},
	OpI16x8Abs:                  {"i16x8.abs", 0xfd, 0x80, ImmNone, "v", "v", SIMD, 0, false},
	OpI16x8Neg:                  {"i16x8.neg", 0xfd, 0x81, ImmNone, "v", "v", SIMD, 0, false},
	OpI16x8Q15mulrSatS:          {"i16x8.q15mulr_sat_s", 0xfd, 0x82, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8AllTrue:              {"i16x8.all_true", 0xfd, 0x83, ImmNone, "v", "i", SIMD, 0, false},
	OpI16x8Bitmask:              {"i16x8.bitmask", 0xfd, 0x84, ImmNone, "v", "i", SIMD, 0, false},
	OpI16x8NarrowI32x4S:         {"i16x8.narrow_i32x4_s", 0xfd, 0x85, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8NarrowI32x4U:         {"i16x8.narrow_i32x4_u", 0xfd, 0x86, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8ExtendLowI8x16S:      {"i16x8.extend_low_i8x16_s", 0xfd, 0x87, ImmNone, "v", "v", SIMD, 0, false},
	OpI16x8ExtendHighI8x16S:     {"i16x8.extend_high_i8x16_s", 0xfd, 0x88, ImmNone, "v", "v", SIMD, 0, false},
	OpI16x8ExtendLowI8x16U:      {"i16x8.extend_low_i8x16_u", 0xfd, 0x89, ImmNone, "v", "v", SIMD, 0, false},
	OpI16x8ExtendHighI8x16U:     {"i16x8.extend_high_i8x16_u", 0xfd, 0x8a, ImmNone, "v", "v", SIMD, 0, false},
	OpI16x8Shl:                  {"i16x8.shl", 0xfd, 0x8b, ImmNone, "vi", "v", SIMD, 0, false},
	OpI16x8ShrS:                 {"i16x8.shr_s", 0xfd, 0x8c, ImmNone, "vi", "v", SIMD, 0, false},
	OpI16x8ShrU:                 {"i16x8.shr_u", 0xfd, 0x8d, ImmNone, "vi", "v", SIMD, 0, false},
	OpI16x8Add:                  {"i16x8.add", 0xfd, 0x8e, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8AddSatS:              {"i16x8.add_sat_s", 0xfd, 0x8f, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8AddSatU:              {"i16x8.add_sat_u", 0xfd, 0x90, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8Sub:                  {"i16x8.sub", 0xfd, 0x91, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8SubSatS:              {"i16x8.sub_sat_s", 0xfd, 0x92, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8SubSatU:              {"i16x8.sub_sat_u", 0xfd, 0x93, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Nearest:              {"f64x2.nearest", 0xfd, 0x94, ImmNone, "v", "v", SIMD, 0, false},
	OpI16x8Mul:                  {"i16x8.mul", 0xfd, 0x95, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8MinS:                 {"i16x8.min_s", 0xfd, 0x96, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8MinU:                 {"i16x8.min_u", 0xfd, 0x97, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8MaxS:                 {"i16x8.max_s", 0xfd, 0x98, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8MaxU:                 {"i16x8.max_u", 0xfd, 0x99, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8AvgrU:                {"i16x8.avgr_u", 0xfd, 0x9b, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8ExtmulLowI8x16S:      {"i16x8.extmul_low_i8x16_s", 0xfd, 0x9c, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8ExtmulHighI8x16S:     {"i16x8.extmul_high_i8x16_s", 0xfd, 0x9d, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8ExtmulLowI8x16U:      {"i16x8.extmul_low_i8x16_u", 0xfd, 0x9e, ImmNone, "vv", "v", SIMD, 0, false},
	OpI16x8ExtmulHighI8x16U:     {"i16x8.extmul_high_i8x16_u", 0xfd, 0x9f, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4Abs:                  {"i32x4.abs", 0xfd, 0xa0, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4Neg:                  {"i32x4.neg", 0xfd, 0xa1, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4AllTrue:              {"i32x4.all_true", 0xfd, 0xa3, ImmNone, "v", "i", SIMD, 0, false},
	OpI32x4Bitmask:              {"i32x4.bitmask", 0xfd, 0xa4, ImmNone, "v", "i", SIMD, 0, false},
	OpI32x4ExtendLowI16x8S:      {"i32x4.extend_low_i16x8_s", 0xfd, 0xa7, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4ExtendHighI16x8S:     {"i32x4.extend_high_i16x8_s", 0xfd, 0xa8, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4ExtendLowI16x8U:      {"i32x4.extend_low_i16x8_u", 0xfd, 0xa9, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4ExtendHighI16x8U:     {"i32x4.extend_high_i16x8_u", 0xfd, 0xaa, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4Shl:                  {"i32x4.shl", 0xfd, 0xab, ImmNone, "vi", "v", SIMD, 0, false},
	OpI32x4ShrS:                 {"i32x4.shr_s", 0xfd, 0xac, ImmNone, "vi", "v", SIMD, 0, false},
	OpI32x4ShrU:                 {"i32x4.shr_u", 0xfd, 0xad, ImmNone, "vi", "v", SIMD, 0, false},
	OpI32x4Add:                  {"i32x4.add", 0xfd, 0xae, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4Sub:                  {"i32x4.sub", 0xfd, 0xb1, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4Mul:                  {"i32x4.mul", 0xfd, 0xb5, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4MinS:                 {"i32x4.min_s", 0xfd, 0xb6, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4MinU:                 {"i32x4.min_u", 0xfd, 0xb7, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4MaxS:                 {"i32x4.max_s", 0xfd, 0xb8, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4MaxU:                 {"i32x4.max_u", 0xfd, 0xb9, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4DotI16x8S:            {"i32x4.dot_i16x8_s", 0xfd, 0xba, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4ExtmulLowI16x8S:      {"i32x4.extmul_low_i16x8_s", 0xfd, 0xbc, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4ExtmulHighI16x8S:     {"i32x4.extmul_high_i16x8_s", 0xfd, 0xbd, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4ExtmulLowI16x8U:      {"i32x4.extmul_low_i16x8_u", 0xfd, 0xbe, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4ExtmulHighI16x8U:     {"i32x4.extmul_high_i16x8_u", 0xfd, 0xbf, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2Abs:                  {"i64x2.abs", 0xfd, 0xc0, ImmNone, "v", "v", SIMD, 0, false},
	OpI64x2Neg:                  {"i64x2.neg", 0xfd, 0xc1, ImmNone, "v", "v", SIMD, 0, false},
	OpI64x2AllTrue:              {"i64x2.all_true", 0xfd, 0xc3, ImmNone, "v", "i", SIMD, 0, false},
	OpI64x2Bitmask:              {"i64x2.bitmask", 0xfd, 0xc4, ImmNone, "v", "i", SIMD, 0, false},
	OpI64x2ExtendLowI32x4S:      {"i64x2.extend_low_i32x4_s", 0xfd, 0xc7, ImmNone, "v", "v", SIMD, 0, false},
	OpI64x2ExtendHighI32x4S:     {"i64x2.extend_high_i32x4_s", 0xfd, 0xc8, ImmNone, "v", "v", SIMD, 0, false},
	OpI64x2ExtendLowI32x4U:      {"i64x2.extend_low_i32x4_u", 0xfd, 0xc9, ImmNone, "v", "v", SIMD, 0, false},
	OpI64x2ExtendHighI32x4U:     {"i64x2.extend_high_i32x4_u", 0xfd, 0xca, ImmNone, "v", "v", SIMD, 0, false},
	OpI64x2Shl:                  {"i64x2.shl", 0xfd, 0xcb, ImmNone, "vi", "v", SIMD, 0, false},
	OpI64x2ShrS:                 {"i64x2.shr_s", 0xfd, 0xcc, ImmNone, "vi", "v", SIMD, 0, false},
	OpI64x2ShrU:                 {"i64x2.shr_u", 0xfd, 0xcd, ImmNone, "vi", "v", SIMD, 0, false},
	OpI64x2Add:                  {"i64x2.add", 0xfd, 0xce, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2Sub:                  {"i64x2.sub", 0xfd, 0xd1, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2Mul:                  {"i64x2.mul", 0xfd, 0xd5, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2Eq:                   {"i64x2.eq", 0xfd, 0xd6, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2Ne:                   {"i64x2.ne", 0xfd, 0xd7, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2LtS:                  {"i64x2.lt_s", 0xfd, 0xd8, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2GtS:                  {"i64x2.gt_s", 0xfd, 0xd9, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2LeS:                  {"i64x2.le_s", 0xfd, 0xda, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2GeS:                  {"i64x2.ge_s", 0xfd, 0xdb, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2ExtmulLowI32x4S:      {"i64x2.extmul_low_i32x4_s", 0xfd, 0xdc, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2ExtmulHighI32x4S:     {"i64x2.extmul_high_i32x4_s", 0xfd, 0xdd, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2ExtmulLowI32x4U:      {"i64x2.extmul_low_i32x4_u", 0xfd, 0xde, ImmNone, "vv", "v", SIMD, 0, false},
	OpI64x2ExtmulHighI32x4U:     {"i64x2.extmul_high_i32x4_u", 0xfd, 0xdf, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Abs:                  {"f32x4.abs", 0xfd, 0xe0, ImmNone, "v", "v", SIMD, 0, false},
	OpF32x4Neg:                  {"f32x4.neg", 0xfd, 0xe1, ImmNone, "v", "v", SIMD, 0, false},
	OpF32x4Sqrt:                 {"f32x4.sqrt", 0xfd, 0xe3, ImmNone, "v", "v", SIMD, 0, false},
	OpF32x4Add:                  {"f32x4.add", 0xfd, 0xe4, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Sub:                  {"f32x4.sub", 0xfd, 0xe5, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Mul:                  {"f32x4.mul", 0xfd, 0xe6, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Div:                  {"f32x4.div", 0xfd, 0xe7, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Min:                  {"f32x4.min", 0xfd, 0xe8, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Max:                  {"f32x4.max", 0xfd, 0xe9, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Pmin:                 {"f32x4.pmin", 0xfd, 0xea, ImmNone, "vv", "v", SIMD, 0, false},
	OpF32x4Pmax:                 {"f32x4.pmax", 0xfd, 0xeb, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Abs:                  {"f64x2.abs", 0xfd, 0xec, ImmNone, "v", "v", SIMD, 0, false},
	OpF64x2Neg:                  {"f64x2.neg", 0xfd, 0xed, ImmNone, "v", "v", SIMD, 0, false},
	OpF64x2Sqrt:                 {"f64x2.sqrt", 0xfd, 0xef, ImmNone, "v", "v", SIMD, 0, false},
	OpF64x2Add:                  {"f64x2.add", 0xfd, 0xf0, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Sub:                  {"f64x2.sub", 0xfd, 0xf1, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Mul:                  {"f64x2.mul", 0xfd, 0xf2, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Div:                  {"f64x2.div", 0xfd, 0xf3, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Min:                  {"f64x2.min", 0xfd, 0xf4, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Max:                  {"f64x2.max", 0xfd, 0xf5, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Pmin:                 {"f64x2.pmin", 0xfd, 0xf6, ImmNone, "vv", "v", SIMD, 0, false},
	OpF64x2Pmax:                 {"f64x2.pmax", 0xfd, 0xf7, ImmNone, "vv", "v", SIMD, 0, false},
	OpI32x4TruncSatF32x4S:       {"i32x4.trunc_sat_f32x4_s", 0xfd, 0xf8, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4TruncSatF32x4U:       {"i32x4.trunc_sat_f32x4_u", 0xfd, 0xf9, ImmNone, "v", "v", SIMD, 0, false},
	OpF32x4ConvertI32x4S:        {"f32x4.convert_i32x4_s", 0xfd, 0xfa, ImmNone, "v", "v", SIMD, 0, false},
	OpF32x4ConvertI32x4U:        {"f32x4.convert_i32x4_u", 0xfd, 0xfb, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4TruncSatF64x2SZero:   {"i32x4.trunc_sat_f64x2_s_zero", 0xfd, 0xfc, ImmNone, "v", "v", SIMD, 0, false},
	OpI32x4TruncSatF64x2UZero:   {"i32x4.trunc_sat_f64x2_u_zero", 0xfd, 0xfd, ImmNone, "v", "v", SIMD, 0, false},
	OpF64x2ConvertLowI32x4S:     {"f64x2.convert_low_i32x4_s", 0xfd, 0xfe, ImmNone, "v", "v", SIMD, 0, false},
	OpF64x2ConvertLowI32x4U:     {"f64x2.convert_low_i32x4_u", 0xfd, 0xff, ImmNone, "v", "v", SIMD, 0, false},

	// Atomic instructions.
	OpMemoryAtomicNotify:     {"memory.atomic.notify", 0xfe, 0x00, ImmMemArg, "ii", "i", Threads, 2, false},
	OpMemoryAtomicWait32:     {"memory.atomic.wait32", 0xfe, 0x01, ImmMemArg, "iiI", "i", Threads, 2, false},
	OpMemoryAtomicWait64:     {"memory.atomic.wait64", 0xfe, 0x02, ImmMemArg, "iII", "i", Threads, 3, false},
	OpAtomicFence:            {"atomic.fence", 0xfe, 0x03, ImmFence, "", "", Threads, 0, false},
	OpI32AtomicLoad:          {"i32.atomic.load", 0xfe, 0x10, ImmMemArg, "i", "i", Threads, 2, false},
	OpI64AtomicLoad:          {"i64.atomic.load", 0xfe, 0x11, ImmMemArg, "i", "I", Threads, 3, false},
	OpI32AtomicLoad8U:        {"i32.atomic.load8_u", 0xfe, 0x12, ImmMemArg, "i", "i", Threads, 0, false},
	OpI32AtomicLoad16U:       {"i32.atomic.load16_u", 0xfe, 0x13, ImmMemArg, "i", "i", Threads, 1, false},
	OpI64AtomicLoad8U:        {"i64.atomic.load8_u", 0xfe, 0x14, ImmMemArg, "i", "I", Threads, 0, false},
	OpI64AtomicLoad16U:       {"i64.atomic.load16_u", 0xfe, 0x15, ImmMemArg, "i", "I", Threads, 1, false},
	OpI64AtomicLoad32U:       {"i64.atomic.load32_u", 0xfe, 0x16, ImmMemArg, "i", "I", Threads, 2, false},
	OpI32AtomicStore:         {"i32.atomic.store", 0xfe, 0x17, ImmMemArg, "ii", "", Threads, 2, false},
	OpI64AtomicStore:         {"i64.atomic.store", 0xfe, 0x18, ImmMemArg, "iI", "", Threads, 3, false},
	OpI32AtomicStore8:        {"i32.atomic.store8", 0xfe, 0x19, ImmMemArg, "ii", "", Threads, 0, false},
	OpI32AtomicStore16:       {"i32.atomic.store16", 0xfe, 0x1a, ImmMemArg, "ii", "", Threads, 1, false},
	OpI64AtomicStore8:        {"i64.atomic.store8", 0xfe, 0x1b, ImmMemArg, "iI", "", Threads, 0, false},
	OpI64AtomicStore16:       {"i64.atomic.store16", 0xfe, 0x1c, ImmMemArg, "iI", "", Threads, 1, false},
	OpI64AtomicStore32:       {"i64.atomic.store32", 0xfe, 0x1d, ImmMemArg, "iI", "", Threads, 2, false},
	OpI32AtomicRmwAdd:        {"i32.atomic.rmw.add", 0xfe, 0x1e, ImmMemArg, "ii", "i", Threads, 2, false},
	OpI64AtomicRmwAdd:        {"i64.atomic.rmw.add", 0xfe, 0x1f, ImmMemArg, "iI", "I", Threads, 3, false},
	OpI32AtomicRmw8AddU:      {"i32.atomic.rmw8.add_u", 0xfe, 0x20, ImmMemArg, "ii", "i", Threads, 0, false},
	OpI32AtomicRmw16AddU:     {"i32.atomic.rmw16.add_u", 0xfe, 0x21, ImmMemArg, "ii", "i", Threads, 1, false},
	OpI64AtomicRmw8AddU:      {"i64.atomic.rmw8.add_u", 0xfe, 0x22, ImmMemArg, "iI", "I", Threads, 0, false},
	OpI64AtomicRmw16AddU:     {"i64.atomic.rmw16.add_u", 0xfe, 0x23, ImmMemArg, "iI", "I", Threads, 1, false},
	OpI64AtomicRmw32AddU:     {"i64.atomic.rmw32.add_u", 0xfe, 0x24, ImmMemArg, "iI", "I", Threads, 2, false},
	OpI32AtomicRmwSub:        {"i32.atomic.rmw.sub", 0xfe, 0x25, ImmMemArg, "ii", "i", Threads, 2, false},
	OpI64AtomicRmwSub:        {"i64.atomic.rmw.sub", 0xfe, 0x26, ImmMemArg, "iI", "I", Threads, 3, false},
	OpI32AtomicRmw8SubU:      {"i32.atomic.rmw8.sub_u", 0xfe, 0x27, ImmMemArg, "ii", "i", Threads, 0, false},
	OpI32AtomicRmw16SubU:     {"i32.atomic.rmw16.sub_u", 0xfe, 0x28, ImmMemArg, "ii", "i", Threads, 1, false},
	OpI64AtomicRmw8SubU:      {"i64.atomic.rmw8.sub_u", 0xfe, 0x29, ImmMemArg, "iI", "I", Threads, 0, false},
	OpI64AtomicRmw16SubU:     {"i64.atomic.rmw16.sub_u", 0xfe, 0x2a, ImmMemArg, "iI", "I", Threads, 1, false},
	OpI64AtomicRmw32SubU:     {"i64.atomic.rmw32.sub_u", 0xfe, 0x2b, ImmMemArg, "iI", "I", Threads, 2, false},
	OpI32AtomicRmwAnd:        {"i32.atomic.rmw.and", 0xfe, 0x2c, ImmMemArg, "ii", "i", Threads, 2, false},
	OpI64AtomicRmwAnd:        {"i64.atomic.rmw.and", 0xfe, 0x2d, ImmMemArg, "iI", "I", Threads, 3, false},
	OpI32AtomicRmw8AndU:      {"i32.atomic.rmw8.and_u", 0xfe, 0x2e, ImmMemArg, "ii", "i", Threads, 0, false},
	OpI32AtomicRmw16AndU:     {"i32.atomic.rmw16.and_u", 0xfe, 0x2f, ImmMemArg, "ii", "i", Threads, 1, false},
	OpI64AtomicRmw8AndU:      {"i64.atomic.rmw8.and_u", 0xfe, 0x30, ImmMemArg, "iI", "I", Threads, 0, false},
	OpI64AtomicRmw16AndU:     {"i64.atomic.rmw16.and_u", 0xfe, 0x31, ImmMemArg, "iI", "I", Threads, 1, false},
	OpI64AtomicRmw32AndU:     {"i64.atomic.rmw32.and_u", 0xfe, 0x32, ImmMemArg, "iI", "I", Threads, 2, false},
	OpI32AtomicRmwOr:         {"i32.atomic.rmw.or", 0xfe, 0x33, ImmMemArg, "ii", "i", Threads, 2, false},
	OpI64AtomicRmwOr:         {"i64.atomic.rmw.or", 0xfe, 0x34, ImmMemArg, "iI", "I", Threads, 3, false},
	OpI32AtomicRmw8OrU:       {"i32.atomic.rmw8.or_u", 0xfe, 0x35, ImmMemArg, "ii", "i", Threads, 0, false},
	OpI32AtomicRmw16OrU:      {"i32.atomic.rmw16.or_u", 0xfe, 0x36, ImmMemArg, "ii", "i", Threads, 1, false},
	OpI64AtomicRmw8OrU:       {"i64.atomic.rmw8.or_u", 0xfe, 0x37, ImmMemArg, "iI", "I", Threads, 0, false},
	OpI64AtomicRmw16OrU:      {"i64.atomic.rmw16.or_u", 0xfe, 0x38, ImmMemArg, "iI", "I", Threads, 1, false},
	OpI64AtomicRmw32OrU:      {"i64.atomic.rmw32.or_u", 0xfe, 0x39, ImmMemArg, "iI", "I", Threads, 2, false},
	OpI32AtomicRmwXor:        {"i32.atomic.rmw.xor", 0xfe, 0x3a, ImmMemArg, "ii", "i", Threads, 2, false},
	OpI64AtomicRmwXor:        {"i64.atomic.rmw.xor", 0xfe, 0x3b, ImmMemArg, "iI", "I", Threads, 3, false},
	OpI32AtomicRmw8XorU:      {"i32.atomic.rmw8.xor_u", 0xfe, 0x3c, ImmMemArg, "ii", "i", Threads, 0, false},
	OpI32AtomicRmw16XorU:     {"i32.atomic.rmw16.xor_u", 0xfe, 0x3d, ImmMemArg, "ii", "i", Threads, 1, false},
	OpI64AtomicRmw8XorU:      {"i64.atomic.rmw8.xor_u", 0xfe, 0x3e, ImmMemArg, "iI", "I", Threads, 0, false},
	OpI64AtomicRmw16XorU:     {"i64.atomic.rmw16.xor_u", 0xfe, 0x3f, ImmMemArg, "iI", "I", Threads, 1, false},
	OpI64AtomicRmw32XorU:     {"i64.atomic.rmw32.xor_u", 0xfe, 0x40, ImmMemArg, "iI", "I", Threads, 2, false},
	OpI32AtomicRmwXchg:       {"i32.atomic.rmw.xchg", 0xfe, 0x41, ImmMemArg, "ii", "i", Threads, 2, false},
	OpI64AtomicRmwXchg:       {"i64.atomic.rmw.xchg", 0xfe, 0x42, ImmMemArg, "iI", "I", Threads, 3, false},
	OpI32AtomicRmw8XchgU:     {"i32.atomic.rmw8.xchg_u", 0xfe, 0x43, ImmMemArg, "ii", "i", Threads, 0, false},
	OpI32AtomicRmw16XchgU:    {"i32.atomic.rmw16.xchg_u", 0xfe, 0x44, ImmMemArg, "ii", "i", Threads, 1, false},
	OpI64AtomicRmw8XchgU:     {"i64.atomic.rmw8.xchg_u", 0xfe, 0x45, ImmMemArg, "iI", "I", Threads, 0, false},
	OpI64AtomicRmw16XchgU:    {"i64.atomic.rmw16.xchg_u", 0xfe, 0x46, ImmMemArg, "iI", "I", Threads, 1, false},
	OpI64AtomicRmw32XchgU:    {"i64.atomic.rmw32.xchg_u", 0xfe, 0x47, ImmMemArg, "iI", "I", Threads, 2, false},
	OpI32AtomicRmwCmpxchg:    {"i32.atomic.rmw.cmpxchg", 0xfe, 0x48, ImmMemArg, "iii", "i", Threads, 2, false},
	OpI64AtomicRmwCmpxchg:    {"i64.atomic.rmw.cmpxchg", 0xfe, 0x49, ImmMemArg, "iII", "I", Threads, 3, false},
	OpI32AtomicRmw8CmpxchgU:  {"i32.atomic.rmw8.cmpxchg_u", 0xfe, 0x4a, ImmMemArg, "iii", "i", Threads, 0, false},
	OpI32AtomicRmw16CmpxchgU: {"i32.atomic.rmw16.cmpxchg_u", 0xfe, 0x4b, ImmMemArg, "iii", "i", Threads, 1, false},
	OpI64AtomicRmw8CmpxchgU:  {"i64.atomic.rmw8.cmpxchg_u", 0xfe, 0x4c, ImmMemArg, "iII", "I", Threads, 0, false},
	OpI64AtomicRmw16CmpxchgU: {"i64.atomic.rmw16.cmpxchg_u", 0xfe, 0x4d, ImmMemArg, "iII", "I", Threads, 1, false},
	OpI64AtomicRmw32CmpxchgU: {"i64.atomic.rmw32.cmpxchg_u", 0xfe, 0x4e, ImmMemArg, "iII", "I", Threads, 2, false},
}

package wasmparse

// An Instr is one instruction. What A, B and Aux hold depends on Op:
//
//	block, loop          A block type; B index of the matching end <<32
//	if                   A block type; B index of its end <<32 | index of its else, 0 if none
//	try_table            A block type; B index of its end <<32 | start in Func.Catches;
//	                     Aux number of clauses
//	else                 B index of its end <<32 | index of its if
//	end                  B index of its opener; FuncEnd for the function's own
//	br, br_if,
//	br_on_null,
//	br_on_non_null       A label depth
//	br_table             A number of targets, the default (last) included; B start in Func.Targets
//	call, return_call,
//	ref.func             A funcidx
//	call_indirect,
//	return_call_indirect A typeidx; B tableidx
//	call_ref,
//	return_call_ref      A typeidx
//	local.*              A localidx
//	global.*             A globalidx
//	table.get, set,
//	size, grow, fill     A tableidx
//	throw                A tagidx
//	loads and stores     A alignment's exponent; B offset; Aux lane
//	iN.const, fN.const   B bits; those of an i32 are not sign-extended
//	v128.const, shuffle  B start of 16 bytes in Func.Bytes
//	extract, replace_lane Aux lane
//	select t             A the value type
//	ref.null             A the nullable reference type it makes
//	memory.init          A dataidx
//	data.drop            A dataidx
//	table.init           A elemidx; B tableidx
//	elem.drop            A elemidx
//	table.copy           A destination; B source
type Instr struct {
	Op  Opcode
	Aux uint16
	A   uint32
	B   uint64
}

// FuncEnd is the B of the end that closes a function.
const FuncEnd = 1 << 63

// MaxCatches is how many clauses a try_table may have.
const MaxCatches = 1<<16 - 1

// The accessors interpret A and B; see Instr for where they apply.

// BlockType returns the type of a block, loop, if or try_table.
func (in *Instr) BlockType() BlockType { return BlockType(in.A) }

// End returns the index of the end of a block, loop, if, try_table or else.
func (in *Instr) End() int { return int(in.B >> 32) }

// Else returns the index of an if's else, or 0.
func (in *Instr) Else() int { return int(uint32(in.B)) }

// Opener returns the index of what an else or an end belongs to, -1 for the function.
func (in *Instr) Opener() int {
	if in.B == FuncEnd && in.Op == OpEnd {
		return -1
	}
	return int(uint32(in.B))
}

// Label returns the depth of the label that a br, br_if, br_on_null or
// br_on_non_null targets.
func (in *Instr) Label() uint32 { return in.A }

// I32 returns the value of an i32.const.
func (in *Instr) I32() int32 { return int32(in.B) }

// I64 returns the value of an i64.const.
func (in *Instr) I64() int64 { return int64(in.B) }

// A CatchKind is the kind of a catch clause.
type CatchKind = byte

// The kinds of catch clauses.
const (
	CatchTag CatchKind = iota
	CatchTagRef
	CatchAll
	CatchAllRef
)

// A Catch is a clause of a try_table.
type Catch struct {
	Kind  CatchKind
	Tag   TagIdx // not for CatchAll, CatchAllRef
	Label uint32 // depth, seen from outside the try_table
}

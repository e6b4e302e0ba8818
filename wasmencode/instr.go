package wasmencode

import (
	"encoding/binary"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// AppendInstr appends an instruction of f. Only br_table, try_table, v128.const and
// i8x16.shuffle look at f, which may be nil for others. Indices are written as they are.
func AppendInstr(dst []byte, f *wasmparse.Func, in *wasmparse.Instr) []byte {
	info := in.Op.Info()
	if info.Prefix == 0 {
		dst = append(dst, byte(info.Code))
	} else {
		dst = AppendU32(append(dst, info.Prefix), info.Code)
	}
	switch info.Imm {
	case wasmparse.ImmNone:
	case wasmparse.ImmBlock:
		dst = AppendBlockType(dst, in.BlockType())
	case wasmparse.ImmLabel, wasmparse.ImmFunc, wasmparse.ImmType, wasmparse.ImmLocal,
		wasmparse.ImmGlobal, wasmparse.ImmTable, wasmparse.ImmElem, wasmparse.ImmTag,
		wasmparse.ImmData:
		dst = AppendU32(dst, in.A)
	case wasmparse.ImmCallIndirect, wasmparse.ImmTableInit, wasmparse.ImmTableCopy:
		dst = AppendU32(AppendU32(dst, in.A), uint32(in.B))
	case wasmparse.ImmBrTable:
		dst = AppendU32(dst, in.A-1)
		for _, label := range f.Targets[in.B : in.B+uint64(in.A)] {
			dst = AppendU32(dst, label)
		}
	case wasmparse.ImmTryTable:
		dst = appendTryTable(dst, f, in)
	case wasmparse.ImmSelectT:
		dst = AppendValType(append(dst, 1), wasmparse.ValType(in.A))
	case wasmparse.ImmRefNull:
		dst = appendHeapType(dst, wasmparse.ValType(in.A))
	case wasmparse.ImmMemArg:
		dst = AppendU32(AppendU32(dst, in.A), uint32(in.B))
	case wasmparse.ImmMemArgLane:
		dst = append(AppendU32(AppendU32(dst, in.A), uint32(in.B)), byte(in.Aux))
	case wasmparse.ImmMem, wasmparse.ImmFence:
		dst = append(dst, 0)
	case wasmparse.ImmMemInit:
		dst = append(AppendU32(dst, in.A), 0)
	case wasmparse.ImmMemCopy:
		dst = append(dst, 0, 0)
	case wasmparse.ImmI32:
		dst = AppendS32(dst, in.I32())
	case wasmparse.ImmI64:
		dst = AppendS64(dst, in.I64())
	case wasmparse.ImmF32:
		dst = binary.LittleEndian.AppendUint32(dst, uint32(in.B))
	case wasmparse.ImmF64:
		dst = binary.LittleEndian.AppendUint64(dst, in.B)
	case wasmparse.ImmV128, wasmparse.ImmShuffle:
		dst = append(dst, f.Bytes[in.B:in.B+16]...)
	case wasmparse.ImmLane:
		dst = append(dst, byte(in.Aux))
	default:
		panic("wasmencode: no encoding for " + in.Op.String()) // a bug, not an input
	}
	return dst
}

func appendTryTable(dst []byte, f *wasmparse.Func, in *wasmparse.Instr) []byte {
	dst = AppendBlockType(dst, in.BlockType())
	dst = AppendU32(dst, uint32(in.Aux))
	start := uint32(in.B)
	for _, c := range f.Catches[start : start+uint32(in.Aux)] {
		dst = append(dst, c.Kind)
		if c.Kind == wasmparse.CatchTag || c.Kind == wasmparse.CatchTagRef {
			dst = AppendU32(dst, uint32(c.Tag))
		}
		dst = AppendU32(dst, c.Label)
	}
	return dst
}

// AppendFunc appends the body of f: locals and expression.
func AppendFunc(dst []byte, f *wasmparse.Func) []byte {
	dst = AppendLocals(dst, f.Locals[len(f.Type.Params):])
	for i := range f.Instrs {
		dst = AppendInstr(dst, f, &f.Instrs[i])
	}
	return dst
}

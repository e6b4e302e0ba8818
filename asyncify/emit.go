package asyncify

import (
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// Single-byte instructions this package writes itself.
// https://webassembly.github.io/spec/core/binary/instructions.html
const (
	opUnreachable = 0x00
	opBlock       = 0x02
	opLoop        = 0x03
	opIf          = 0x04
	opElse        = 0x05
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opBrTable     = 0x0e
	opReturn      = 0x0f
	opDrop        = 0x1a
	opSelect      = 0x1b
	opI32Eqz      = 0x45
	opI32Eq       = 0x46
	opI32Ne       = 0x47
	opI32LtS      = 0x48
	opI32LtU      = 0x49
	opI32GeS      = 0x4e
	opI32Add      = 0x6a
	opI32Sub      = 0x6b
	opI32Wrap     = 0xa7
	opI64ExtendU  = 0xad
	opI32FromF32  = 0xbc
	opI64FromF64  = 0xbd
	opF32FromI32  = 0xbe
	opF64FromI64  = 0xbf
	opRefNull     = 0xd0
	opRefIsNull   = 0xd1

	blockVoid = 0x40
)

// appendOp appends an instruction with one index as its immediate.
func appendOp(b []byte, op wasmparse.Opcode, idx uint32) []byte {
	return wasmencode.AppendU32(append(b, byte(op.Info().Code)), idx)
}

func appendI32Const(b []byte, v int32) []byte {
	return wasmencode.AppendS32(append(b, 0x41), v)
}

// appendMem appends a load or store without alignment.
func appendMem(b []byte, op wasmparse.Opcode, off uint32) []byte {
	if p := op.Info().Prefix; p != 0 {
		b = append(b, p)
		b = wasmencode.AppendU32(b, uint32(op.Info().Code))
	} else {
		b = append(b, byte(op.Info().Code))
	}
	return wasmencode.AppendU32(append(b, 0), off)
}

// appendZero appends a value of type t that nobody will look at. It reports false for
// a type that has no constant: a reference that cannot be null.
func appendZero(b []byte, t wasmparse.ValType) ([]byte, bool) {
	switch t {
	case wasmparse.I32:
		return append(b, 0x41, 0), true
	case wasmparse.I64:
		return append(b, 0x42, 0), true
	case wasmparse.F32:
		return append(b, 0x43, 0, 0, 0, 0), true
	case wasmparse.F64:
		return append(b, 0x44, 0, 0, 0, 0, 0, 0, 0, 0), true
	case wasmparse.V128:
		b = append(b, 0xfd, 12)
		return append(b, make([]byte, 16)...), true
	}
	if !t.Defaultable() {
		return b, false
	}
	return wasmencode.AppendInstr(b, nil, &wasmparse.Instr{Op: wasmparse.OpRefNull, A: uint32(t)}), true
}

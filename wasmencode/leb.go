package wasmencode

import "github.com/lunatic-go/lunatic/wasmparse"

// AppendU32 appends an unsigned integer in LEB128.
// https://webassembly.github.io/spec/core/binary/values.html#integers
func AppendU32(dst []byte, v uint32) []byte { return AppendU64(dst, uint64(v)) }

// AppendU64 appends an unsigned integer in LEB128.
func AppendU64(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// AppendS32 appends a signed integer in LEB128.
func AppendS32(dst []byte, v int32) []byte { return AppendS64(dst, int64(v)) }

// AppendS64 appends a signed integer in LEB128.
func AppendS64(dst []byte, v int64) []byte {
	for v < -0x40 || v >= 0x40 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v)&0x7f)
}

// lenU32 returns the length of what AppendU32 appends.
func lenU32(v uint32) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// AppendName appends a name: its length and its bytes.
func AppendName(dst []byte, name string) []byte {
	return append(AppendU32(dst, uint32(len(name))), name...)
}

// AppendValType appends a value type.
func AppendValType(dst []byte, t wasmparse.ValType) []byte {
	if form := byte(t); form == 0x63 || form == 0x64 { // ref null, ref
		return appendHeapType(append(dst, form), t)
	}
	return append(dst, byte(t))
}

func appendHeapType(dst []byte, t wasmparse.ValType) []byte {
	if idx, ok := t.Index(); ok {
		return AppendS64(dst, int64(idx))
	}
	return append(dst, byte(t.Heap()))
}

// AppendBlockType appends a block type.
func AppendBlockType(dst []byte, bt wasmparse.BlockType) []byte {
	switch {
	case bt == 0:
		return append(dst, 0x40)
	case bt&wasmparse.BlockTypeIdx != 0:
		return AppendS64(dst, int64(bt&^wasmparse.BlockTypeIdx))
	}
	return AppendValType(dst, wasmparse.ValType(bt))
}

// AppendFuncType appends a function type.
func AppendFuncType(dst []byte, t *wasmparse.FuncType) []byte {
	dst = append(dst, 0x60)
	for _, ts := range [2][]wasmparse.ValType{t.Params, t.Results} {
		dst = AppendU32(dst, uint32(len(ts)))
		for _, v := range ts {
			dst = AppendValType(dst, v)
		}
	}
	return dst
}

// AppendLocals appends the declarations of a function's locals, parameters left out,
// with equal neighbours put together.
func AppendLocals(dst []byte, locals []wasmparse.ValType) []byte {
	groups := uint32(0)
	for i := range locals {
		if i == 0 || locals[i] != locals[i-1] {
			groups++
		}
	}
	dst = AppendU32(dst, groups)
	for len(locals) > 0 {
		n := 1
		for n < len(locals) && locals[n] == locals[0] {
			n++
		}
		dst = AppendValType(AppendU32(dst, uint32(n)), locals[0])
		locals = locals[n:]
	}
	return dst
}

package wasmparse

import (
	"fmt"
	"unicode/utf8"
)

// A reader reads a window of the module and keeps its first error; after one it
// reads zeros. So a record is read first, and the error looked at once.
type reader struct {
	data    []byte // the module up to the window's end
	pos     int
	m       *Module
	section SectionID
	err     *Error
}

const (
	msgEnd      = "unexpected end of section or function"
	msgLong     = "integer representation too long"
	msgLarge    = "integer too large"
	msgLength   = "length out of bounds"
	msgMismatch = "type mismatch"
)

func (r *reader) fail(off int, kind error, msg string) {
	if r.err == nil {
		r.err = &Error{Off: int64(off), Section: r.section, Msg: msg, Err: kind, m: r.m}
	}
	r.pos = len(r.data)
}

func (r *reader) malformed(off int, msg string) { r.fail(off, ErrMalformed, msg) }
func (r *reader) invalid(off int, msg string)   { r.fail(off, ErrInvalid, msg) }

// unsupported fails with the feature's name. msg may be empty.
func (r *reader) unsupported(off int, feature, msg string) {
	if msg == "" {
		msg = "unsupported feature"
	}
	first := r.err == nil
	r.fail(off, ErrUnsupported, msg+": "+feature)
	if first {
		r.err.Feature = feature
	}
}

// error returns the first error as an error; a nil *Error must not become one.
func (r *reader) error() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

func (r *reader) remaining() int { return len(r.data) - r.pos }

func (r *reader) u8() byte {
	if r.pos >= len(r.data) {
		r.malformed(len(r.data), msgEnd)
		return 0
	}
	b := r.data[r.pos]
	r.pos++
	return b
}

func (r *reader) u32() uint32 {
	data, pos := r.data, r.pos
	if pos < len(data) && data[pos] < 0x80 {
		r.pos = pos + 1
		return uint32(data[pos])
	}
	// Up to four bytes, nothing about them can be wrong.
	var v uint32
	for i := 0; i < 4 && pos+i < len(data); i++ {
		b := data[pos+i]
		v |= uint32(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.pos = pos + i + 1
			return v
		}
	}
	return uint32(r.leb(32, false))
}

// count reads the length of a vector whose elements take at least one byte each.
func (r *reader) count(limit int, what string) int {
	off := r.pos
	n := r.u32()
	if int64(n) > int64(limit) {
		r.unsupported(off, fmt.Sprintf("more than %d %s", limit, what), "too many "+what)
		return 0
	}
	return int(n)
}

// leb reads an integer of the given number of bits.
// https://webassembly.github.io/spec/core/binary/values.html#integers
func (r *reader) leb(bits uint, signed bool) uint64 {
	// Up to four bytes, nothing about them can be wrong.
	data, pos := r.data, r.pos
	var x uint64
	for shift := uint(0); shift < 28 && pos < len(data); shift += 7 {
		b := data[pos]
		pos++
		x |= uint64(b&0x7f) << shift
		if b < 0x80 {
			r.pos = pos
			if signed && b&0x40 != 0 {
				x |= ^uint64(0) << (shift + 7)
			}
			return x
		}
	}
	v, n, msg := lebAt(r.data, r.pos, bits, signed)
	if msg == msgEnd && r.m != nil {
		// An integer that would be wrong without the window's end is wrong in that way.
		if _, n2, msg2 := lebAt(r.m.Data, r.pos, bits, signed); msg2 != "" {
			n, msg = n2, msg2
		}
	}
	if msg != "" {
		r.malformed(r.pos+n, msg)
		return 0
	}
	r.pos += n
	return v
}

// lebAt decodes the integer at pos. If msg is not empty it says what is wrong n bytes
// further on.
func lebAt(data []byte, pos int, bits uint, signed bool) (v uint64, n int, msg string) {
	var shift uint
	for {
		if pos+n >= len(data) {
			return 0, n, msgEnd
		}
		b := data[pos+n]
		v |= uint64(b&0x7f) << shift
		left := bits - shift // bits that this byte may use
		if left < 7 {
			if b&0x80 != 0 {
				return 0, n, msgLong
			}
			// What the byte has beyond them must be zero, or copies of the sign.
			rest := b & 0x7f >> left
			if signed {
				rest = b & 0x7f >> (left - 1)
				if rest != 0 && rest != 0x7f>>(left-1) {
					return 0, n, msgLarge
				}
			} else if rest != 0 {
				return 0, n, msgLarge
			}
		}
		n++
		shift += 7
		if b&0x80 == 0 {
			if signed && shift < 64 && b&0x40 != 0 {
				v |= ^uint64(0) << shift
			}
			return v, n, ""
		}
	}
}

// bytes returns the next n bytes of the input itself. If there are not so many it
// fails with msg.
func (r *reader) bytes(n uint32, msg string) []byte {
	if uint64(n) > uint64(r.remaining()) {
		r.malformed(r.pos, msg)
		return nil
	}
	b := r.data[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return b
}

func (r *reader) name() string {
	n := r.u32()
	off := r.pos
	b := r.bytes(n, msgLength)
	if !utf8.Valid(b) {
		r.malformed(off, "malformed UTF-8 encoding")
		return ""
	}
	return string(b)
}

// Heap types beyond those known here. All belong to one proposal.
func isGCHeap(b byte) bool { return b >= 0x6a && b <= 0x6e || b >= 0x71 && b <= 0x74 }

// heapType reads a heap type and returns the nullable reference type to it.
func (r *reader) heapType() ValType {
	off := r.pos
	if off < len(r.data) {
		switch b := r.data[off]; {
		case b == byte(FuncRef) || b == byte(ExternRef) || b == byte(ExnRef):
			r.pos++
			return ValType(b)
		case isGCHeap(b):
			r.unsupported(off, "garbage collection", "")
			return FuncRef
		}
	}
	idx := int64(r.leb(33, true))
	if r.err == nil && idx < 0 {
		r.malformed(off, "malformed heap type")
	}
	if r.err != nil {
		return FuncRef
	}
	if r.m == nil {
		return RefType(TypeIdx(idx), true)
	}
	if idx >= int64(len(r.m.canon)) {
		r.invalid(off, unknown("type", uint32(idx)))
		return FuncRef
	}
	return RefType(r.m.canon[idx], true)
}

// valType reads a value type.
func (r *reader) valType() ValType {
	off := r.pos
	b := r.u8()
	switch t := ValType(b); t {
	case I32, I64, F32, F64, V128, FuncRef, ExternRef, ExnRef:
		return t
	case refNull:
		return r.heapType()
	case ref:
		return r.heapType().NonNull()
	}
	if isGCHeap(b) {
		r.unsupported(off, "garbage collection", "")
	} else {
		r.malformed(off, "malformed value type")
	}
	return I32
}

func (r *reader) refType() ValType {
	if r.pos < len(r.data) {
		switch b := ValType(r.data[r.pos]); {
		case b.IsRef(), isGCHeap(byte(b)):
		default:
			r.malformed(r.pos, "malformed reference type")
			return FuncRef
		}
	}
	return r.valType()
}

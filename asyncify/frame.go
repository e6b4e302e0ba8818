package asyncify

import (
	"sort"
	"sync"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// A class groups the value types that are saved alike. The order of the constants is
// the order of the values in a frame and in the parameters of its helpers: larger
// ones first.
type class uint8

const (
	classV128 class = iota
	classI64
	classF64
	classI32
	classF32
	classFunc   // funcref: saved as an index into a private table
	classExtern // externref: likewise
	numClasses
	classNone class = numClasses // cannot be saved
)

var classInfo = [numClasses]struct {
	size  uint32 // bytes in the frame
	typ   wasmparse.ValType
	load  wasmparse.Opcode
	store wasmparse.Opcode
	align uint32
}{
	classV128:   {16, wasmparse.V128, wasmparse.OpV128Load, wasmparse.OpV128Store, 0},
	classI64:    {8, wasmparse.I64, wasmparse.OpI64Load, wasmparse.OpI64Store, 0},
	classF64:    {8, wasmparse.F64, wasmparse.OpF64Load, wasmparse.OpF64Store, 0},
	classI32:    {4, wasmparse.I32, wasmparse.OpI32Load, wasmparse.OpI32Store, 0},
	classF32:    {4, wasmparse.F32, wasmparse.OpF32Load, wasmparse.OpF32Store, 0},
	classFunc:   {4, wasmparse.FuncRef, wasmparse.OpI32Load, wasmparse.OpI32Store, 0},
	classExtern: {4, wasmparse.ExternRef, wasmparse.OpI32Load, wasmparse.OpI32Store, 0},
}

// classOf returns the class of a type, classNone for references that cannot be saved
// (typed ones: what comes back from a table of funcref has lost its type).
func classOf(t wasmparse.ValType) class {
	switch t {
	case wasmparse.I32:
		return classI32
	case wasmparse.I64:
		return classI64
	case wasmparse.F32:
		return classF32
	case wasmparse.F64:
		return classF64
	case wasmparse.V128:
		return classV128
	case wasmparse.FuncRef:
		return classFunc
	case wasmparse.ExternRef:
		return classExtern
	}
	return classNone
}

// A layout is the shape of a frame: how many values of each class. It names the pair
// of helpers that spill and load such a frame.
type layout [numClasses]uint16

// size is the number of bytes of a frame, header included.
func (l layout) size() uint32 {
	n := uint32(rtlib.FrameHeader)
	for c, k := range l {
		n += uint32(k) * classInfo[c].size
	}
	return n
}

func (l layout) values() int {
	n := 0
	for _, k := range l {
		n += int(k)
	}
	return n
}

// types appends the types of the values in order.
func (l layout) types() []wasmparse.ValType {
	ts := make([]wasmparse.ValType, 0, l.values())
	for c, k := range l {
		for range k {
			ts = append(ts, classInfo[c].typ)
		}
	}
	return ts
}

// helperID numbers helpers in the order in which workers ask for them. The numbers
// differ from run to run; number() replaces them by what depends on the module only.
type helperID uint32

// A helper is a function that spills or loads frames of one layout.
type helper struct {
	layout layout
	load   bool
}

// helpers is the registry that all workers share.
type helpers struct {
	mu  sync.Mutex
	ids map[helper]helperID
	all []helper
}

func (h *helpers) id(k helper) helperID {
	h.mu.Lock()
	defer h.mu.Unlock()
	id, ok := h.ids[k]
	if !ok {
		if h.ids == nil {
			h.ids = map[helper]helperID{}
		}
		id = helperID(len(h.all))
		h.ids[k] = id
		h.all = append(h.all, k)
	}
	return id
}

// number gives every helper its place: sorted by layout, so that it does not depend on
// who came first. It returns the place of each id and the helpers in their places.
func (h *helpers) number() (place []uint32, sorted []helper) {
	order := make([]helperID, len(h.all))
	for i := range order {
		order[i] = helperID(i)
	}
	sort.Slice(order, func(i, j int) bool {
		a, b := h.all[order[i]], h.all[order[j]]
		if a.layout != b.layout {
			for c := range a.layout {
				if a.layout[c] != b.layout[c] {
					return a.layout[c] < b.layout[c]
				}
			}
		}
		return !a.load && b.load
	})
	place = make([]uint32, len(order))
	sorted = make([]helper, len(order))
	for i, id := range order {
		place[id] = uint32(i)
		sorted[i] = h.all[id]
	}
	return place, sorted
}

// helperName is the name of a helper in the name section, such as
// __lunatic_spill_iiF.
func (k helper) name() string {
	b := []byte(rtlib.Reserved + "spill_")
	if k.load {
		b = []byte(rtlib.Reserved + "load_")
	}
	for c, n := range k.layout {
		for range n {
			b = append(b, "vIFifre"[c])
		}
	}
	return string(b)
}

// funcType is the type of a helper: spill takes the site and the values, load returns
// the values.
func (k helper) funcType() wasmparse.FuncType {
	ts := k.layout.types()
	if k.load {
		return wasmparse.FuncType{Results: ts}
	}
	return wasmparse.FuncType{Params: append([]wasmparse.ValType{wasmparse.I32}, ts...)}
}

// body writes the helper. See doc.go, "Frames".
func (k helper) body(e *Env) []byte {
	if k.load {
		return k.loadBody(e)
	}
	return k.spillBody(e)
}

func (k helper) spillBody(e *Env) []byte {
	n := uint32(k.layout.values())
	p := n + 1 // the frame's address; parameter 0 is the site
	idx := n + 2
	size := k.layout.size()
	b := wasmencode.AppendLocals(nil, []wasmparse.ValType{wasmparse.I32, wasmparse.I32})
	at := func() {
		b = appendOp(b, wasmparse.OpGlobalGet, uint32(e.FP))
		b = appendI32Const(b, int32(size))
		b = append(b, opI32Sub)
		b = appendOp(b, wasmparse.OpLocalTee, p)
	}
	at()
	b = appendI32Const(b, 0)
	b = append(b, opI32LtS, opIf, blockVoid)
	b = appendOp(b, wasmparse.OpCall, uint32(e.Window))
	at()
	b = append(b, opDrop, opEnd)
	// The highest offset first: the engine then knows that the others are in bounds.
	off := size - 4
	b = appendOp(b, wasmparse.OpLocalGet, p)
	b = appendI32Const(b, int32(size))
	b = appendMem(b, wasmparse.OpI32Store, off)
	off -= 4
	b = appendOp(b, wasmparse.OpLocalGet, p)
	b = appendOp(b, wasmparse.OpLocalGet, 0)
	b = appendMem(b, wasmparse.OpI32Store, off)
	v := n + 1
	for c := int(numClasses) - 1; c >= 0; c-- {
		for range k.layout[c] {
			v--
			off -= classInfo[c].size
			if c := class(c); c == classFunc || c == classExtern {
				b = e.appendSaveRef(b, c, v, idx)
				b = appendOp(b, wasmparse.OpLocalGet, p)
				b = appendOp(b, wasmparse.OpLocalGet, idx)
			} else {
				b = appendOp(b, wasmparse.OpLocalGet, p)
				b = appendOp(b, wasmparse.OpLocalGet, v)
			}
			b = appendMem(b, classInfo[c].store, off)
		}
	}
	b = appendOp(b, wasmparse.OpLocalGet, p)
	b = appendOp(b, wasmparse.OpGlobalSet, uint32(e.FP))
	return append(b, opEnd)
}

// The driver has put a small frame into globals, and the runtime a large one at address
// 0; Window gives the bytes back.
func (k helper) loadBody(e *Env) []byte {
	small := k.layout.size() <= rtlib.SmallFrame
	b := wasmencode.AppendLocals(nil, []wasmparse.ValType{wasmparse.I32})
	off := uint32(0)
	for c := range k.layout {
		for range k.layout[c] {
			if small {
				b = e.appendWord(b, class(c), off)
			} else {
				b = appendI32Const(b, 0)
				b = appendMem(b, classInfo[c].load, off)
			}
			off += classInfo[c].size
			if c := class(c); c == classFunc || c == classExtern {
				b = e.appendLoadRef(b, c, 0)
			}
		}
	}
	if !small {
		b = appendOp(b, wasmparse.OpCall, uint32(e.Window))
	}
	return append(b, opEnd)
}

// appendWord pushes the value of a class at an offset of a small frame.
func (e *Env) appendWord(b []byte, c class, off uint32) []byte {
	b = appendOp(b, wasmparse.OpGlobalGet, uint32(e.Words[off/8]))
	switch c {
	case classV128:
		b = append(b, 0xfd, 0x12) // i64x2.splat
		b = appendOp(b, wasmparse.OpGlobalGet, uint32(e.Words[off/8+1]))
		return append(b, 0xfd, 0x1e, 1) // i64x2.replace_lane
	case classI64:
		return b
	case classF64:
		return append(b, 0xbf) // f64.reinterpret_i64
	}
	if off%8 != 0 {
		b = append(b, 0x42, 32, 0x88) // i64.const 32, i64.shr_u
	}
	b = append(b, 0xa7) // i32.wrap_i64
	if c == classF32 {
		b = append(b, 0xbe) // f32.reinterpret_i32
	}
	return b
}

// refTable returns the private table of a reference class and the global that holds
// how many of its slots may be in use.
func (e *Env) refTable(c class) (table, top uint32) {
	if c == classFunc {
		return uint32(e.FuncTable), uint32(e.FuncTop)
	}
	return uint32(e.ExternTable), uint32(e.ExternTop)
}

// appendSaveRef stores the reference in local v in its private table and sets local
// idx to its slot, or to -1 for null: every slot in use holds something, so the slots
// that a pop has freed can be told from those of the frames that remain.
func (e *Env) appendSaveRef(b []byte, c class, v, idx uint32) []byte {
	table, top := e.refTable(c)
	b = appendI32Const(b, -1)
	b = appendOp(b, wasmparse.OpLocalSet, idx)
	b = appendOp(b, wasmparse.OpLocalGet, v)
	b = append(b, opRefIsNull, opI32Eqz, opIf, blockVoid)
	b = appendOp(b, wasmparse.OpGlobalGet, top)
	b = appendOp(b, wasmparse.OpLocalTee, idx)
	b = append(b, 0xfc)
	b = wasmencode.AppendU32(b, 16) // table.size
	b = wasmencode.AppendU32(b, table)
	b = append(b, opI32Eq, opIf, blockVoid)
	b = append(b, opRefNull, byte(classInfo[c].typ))
	b = appendI32Const(b, 64)
	b = append(b, 0xfc)
	b = wasmencode.AppendU32(b, 15) // table.grow
	b = wasmencode.AppendU32(b, table)
	b = append(b, opDrop, opEnd)
	b = appendOp(b, wasmparse.OpLocalGet, idx)
	b = appendOp(b, wasmparse.OpLocalGet, v)
	b = appendOp(b, wasmparse.OpTableSet, table)
	b = appendOp(b, wasmparse.OpLocalGet, idx)
	b = appendI32Const(b, 1)
	b = append(b, opI32Add)
	b = appendOp(b, wasmparse.OpGlobalSet, top)
	return append(b, opEnd)
}

// appendLoadRef replaces the slot number on the operand stack by the reference in it,
// frees the slot, and lowers the top past freed slots. idx is a scratch i32 local.
func (e *Env) appendLoadRef(b []byte, c class, idx uint32) []byte {
	table, top := e.refTable(c)
	typ := byte(classInfo[c].typ)
	b = appendOp(b, wasmparse.OpLocalTee, idx)
	b = appendI32Const(b, 0)
	b = append(b, opI32LtS, opIf, typ)
	b = append(b, opRefNull, typ, opElse)
	b = appendOp(b, wasmparse.OpLocalGet, idx)
	b = appendOp(b, wasmparse.OpTableGet, table)
	b = appendOp(b, wasmparse.OpLocalGet, idx)
	b = append(b, opRefNull, typ)
	b = appendOp(b, wasmparse.OpTableSet, table)
	b = append(b, opBlock, blockVoid, opLoop, blockVoid)
	b = appendOp(b, wasmparse.OpGlobalGet, top)
	b = append(b, opI32Eqz, opBrIf, 1)
	b = appendOp(b, wasmparse.OpGlobalGet, top)
	b = appendI32Const(b, 1)
	b = append(b, opI32Sub)
	b = appendOp(b, wasmparse.OpTableGet, table)
	b = append(b, opRefIsNull, opI32Eqz, opBrIf, 1)
	b = appendOp(b, wasmparse.OpGlobalGet, top)
	b = appendI32Const(b, 1)
	b = append(b, opI32Sub)
	b = appendOp(b, wasmparse.OpGlobalSet, top)
	b = append(b, opBr, 0, opEnd, opEnd)
	return append(b, opEnd)
}

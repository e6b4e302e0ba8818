package transform

import (
	"strconv"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// reusable reports whether memory and mutable globals are all the state that an instance
// of the input has: see rtlib.Meta.Reusable. The globals that the build adds have no
// meaning while no stack and no frame exists, but for those of exceptions, which are not
// looked into.
func (b *build) reusable() bool {
	m := b.m
	switch {
	case m.HasStart, b.exn.used:
		return false
	case m.ImportedTables+m.ImportedMems+m.ImportedGlobals+m.ImportedTags > 0:
		return false
	case len(m.Mems) > 1 || len(m.Mems) == 1 && m.Mems[0].Shared:
		return false
	}
	for i := range b.g.Bodies {
		if b.g.Bodies[i].Alters {
			return false
		}
	}
	state := b.state()
	for _, g := range state {
		switch m.Globals[g].Type.Val {
		case wasmparse.I32, wasmparse.I64, wasmparse.F32, wasmparse.F64:
		default:
			return false
		}
	}
	return len(state) <= rtlib.MaxState
}

// movable reports whether frames hold no references: see rtlib.Meta.Movable.
func (b *build) movable() bool {
	funcs, externs := b.refTypes()
	return b.reusable() && !funcs && !externs
}

// state lists the input's mutable globals.
func (b *build) state() []wasmparse.GlobalIdx {
	var state []wasmparse.GlobalIdx
	for i := b.m.ImportedGlobals; i < len(b.m.Globals); i++ {
		if b.m.Globals[i].Type.Mut {
			state = append(state, wasmparse.GlobalIdx(i))
		}
	}
	return state
}

// layoutState exports them, if an instance may be reused.
func (b *build) layoutState() {
	if !b.reusable() {
		return
	}
	for i, g := range b.state() {
		b.patch.Exports = append(b.patch.Exports, wasmparse.Export{
			Name: rtlib.ExportState + strconv.Itoa(i), Kind: wasmparse.KindGlobal, Idx: uint32(g),
		})
	}
}

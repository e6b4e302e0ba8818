package transform

import (
	"slices"

	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// A message that a program receives and reads at once is two host calls. Where read_data
// comes next if receive has answered 0, a message with data, one does both: receive_read
// copies the data when the message is there, and its result has the status in the lower
// half and the number of bytes in the upper one.
//
//	(br_if $not (call $receive (tags) (n) (timeout)))   (br_if $not (i32.wrap_i64 (local.tee $both
//	                                                      (call $receive_read (tags) (n) (timeout) (ptr) (len)))))
//	(call $read_data (ptr) (len))                       (i32.wrap_i64 (i64.shr_u (local.get $both) (i64.const 32)))

const receivedName = "receive_read"

// A receiveFusion has the functions it is about, in the output's index space.
type receiveFusion struct {
	possible      bool
	receive, read wasmparse.FuncIdx
	both          wasmparse.FuncIdx // receive_read
}

// planReceiveFusion looks whether the module has the functions, and a body that calls both.
func (b *build) planReceiveFusion() {
	x := &b.received
	i32, i64 := wasmparse.I32, wasmparse.I64
	var ok [2]bool
	x.receive, ok[0] = b.messageImport("receive", true, []wasmparse.ValType{i32, i32, i64}, []wasmparse.ValType{i32})
	x.read, ok[1] = b.messageImport("read_data", false, []wasmparse.ValType{i32, i32}, []wasmparse.ValType{i32})
	if b.opts.Opt < 0 || ok != [2]bool{true, true} || slices.ContainsFunc(b.m.Imports, func(im wasmparse.Import) bool {
		return im.Module == fusedModule && im.Name == receivedName // one of its own, which need not suspend
	}) {
		return
	}
	for i := range b.g.Bodies {
		c := b.g.Bodies[i].Callees
		if slices.Contains(c, x.receive) && slices.Contains(c, x.read) {
			x.possible = true
			return
		}
	}
}

// layoutReceiveFusion adds the import.
func (b *build) layoutReceiveFusion(types *typeTable) {
	if !b.received.possible {
		return
	}
	i32, i64 := wasmparse.I32, wasmparse.I64
	p := b.patch
	p.Imports = append(p.Imports, wasmencode.FuncImport{
		Module: fusedModule, Name: receivedName,
		Type: types.idx([]wasmparse.ValType{i32, i32, i64, i32, i32}, []wasmparse.ValType{i64}),
	})
	b.received.both = wasmparse.FuncIdx(b.m.ImportedFuncs + len(p.Imports) - 1)
}

// fuse rewrites a function, whose indices are the output's, and reports whether anything has
// changed.
func (x *receiveFusion) fuse(fn *wasmparse.Func) (changed bool) {
	if !x.possible {
		return false
	}
	both := uint32(len(fn.Locals))
	for i := 0; i+2 < len(fn.Instrs); i++ {
		is := fn.Instrs
		if !calls(&is[i], x.receive) || is[i+1].Op != wasmparse.OpBrIf {
			continue
		}
		read, ok := pushes(is, i+2, 2)
		if !ok || !calls(&is[read], x.read) || slices.ContainsFunc(is[i+2:read], changes) {
			continue
		}
		with := append(slices.Clone(is[i+2:read]),
			wasmparse.Instr{Op: wasmparse.OpCall, A: uint32(x.both)},
			wasmparse.Instr{Op: wasmparse.OpLocalTee, A: both},
			wasmparse.Instr{Op: wasmparse.OpI32WrapI64},
			is[i+1],
			wasmparse.Instr{Op: wasmparse.OpLocalGet, A: both},
			wasmparse.Instr{Op: wasmparse.OpI64Const, B: 32},
			wasmparse.Instr{Op: wasmparse.OpI64ShrU},
			wasmparse.Instr{Op: wasmparse.OpI32WrapI64},
		)
		offs := slices.Repeat(fn.Offs[i:i+1], len(with))
		fn.Instrs = slices.Replace(fn.Instrs, i, read+1, with...)
		fn.Offs = slices.Replace(fn.Offs, i, read+1, offs...)
		i += len(with) - 1
		changed = true
	}
	if changed {
		fn.Locals = append(fn.Locals, wasmparse.I64)
		link(fn)
	}
	return changed
}

// changes reports whether an instruction of those that pushes accepts may do something else
// before receive than behind it.
func changes(in wasmparse.Instr) bool {
	return in.Op == wasmparse.OpLocalTee || in.Op == wasmparse.OpGlobalGet
}

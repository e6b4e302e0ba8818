package transform

import (
	"slices"

	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// A message that a program of Lunatic's sends is three host calls: create_data, write_data and
// send. Where they follow each other, with nothing between that could tell or change
// anything, the first two are left out, their operands stay on the stack, and the third one
// is a call of new_data_send, which does what all three do:
//
//	(call $create_data (tag) (capacity))
//	(drop (call $write_data (ptr) (len)))     (call $new_data_send
//	(call $send (process))                      (tag) (capacity) (ptr) (len) (process))

const (
	fusedModule = "lunatic::message"
	fusedName   = "new_data_send"
)

// A message that it receives is two host calls, if it reads it at once: see receiveFusion.

// A fusion has the functions it is about, in the output's index space.
type fusion struct {
	possible            bool
	create, write, send wasmparse.FuncIdx
	all                 wasmparse.FuncIdx // new_data_send
}

// planFusion looks whether the module has the functions, and a body that calls all three.
// None of them may suspend: that would be a place between them.
func (b *build) planFusion() {
	x := &b.fusion
	i32, i64 := wasmparse.I32, wasmparse.I64
	find := func(name string, params, results []wasmparse.ValType) (f wasmparse.FuncIdx, ok bool) {
		return b.messageImport(name, false, params, results)
	}
	var ok [3]bool
	x.create, ok[0] = find("create_data", []wasmparse.ValType{i64, i64}, nil)
	x.write, ok[1] = find("write_data", []wasmparse.ValType{i32, i32}, []wasmparse.ValType{i32})
	x.send, ok[2] = find("send", []wasmparse.ValType{i64}, []wasmparse.ValType{i32})
	if b.opts.Opt < 0 || ok != [3]bool{true, true, true} {
		return
	}
	for i := range b.g.Bodies {
		c := b.g.Bodies[i].Callees
		if slices.Contains(c, x.create) && slices.Contains(c, x.write) && slices.Contains(c, x.send) {
			x.possible = true
			return
		}
	}
}

// messageImport finds an imported function of lunatic::message.
func (b *build) messageImport(name string, suspends bool, params, results []wasmparse.ValType) (f wasmparse.FuncIdx, ok bool) {
	n := 0
	for i := range b.m.Imports {
		im := &b.m.Imports[i]
		if im.Kind != wasmparse.KindFunc {
			continue
		}
		if t := b.m.TypeAt(im.Type); im.Module == fusedModule && im.Name == name && b.g.MaySuspend[n] == suspends &&
			slices.Equal(t.Params, params) && slices.Equal(t.Results, results) {
			return wasmparse.FuncIdx(n), true
		}
		n++
	}
	return 0, false
}

// layoutFusion adds the import.
func (b *build) layoutFusion(types *typeTable) {
	if !b.fusion.possible {
		return
	}
	i32, i64 := wasmparse.I32, wasmparse.I64
	p := b.patch
	p.Imports = append(p.Imports, wasmencode.FuncImport{
		Module: fusedModule, Name: fusedName,
		Type: types.idx([]wasmparse.ValType{i64, i64, i32, i32, i64}, []wasmparse.ValType{i32}),
	})
	b.fusion.all = wasmparse.FuncIdx(b.m.ImportedFuncs + len(p.Imports) - 1)
}

// fuse rewrites a function, whose indices are the output's, and reports whether anything has
// changed.
func (x *fusion) fuse(fn *wasmparse.Func) (changed bool) {
	if !x.possible {
		return false
	}
	is := fn.Instrs
	for i := range is {
		if !calls(&is[i], x.create) {
			continue
		}
		write, ok := pushes(is, i+1, 2)
		if !ok || !calls(&is[write], x.write) || is[write+1].Op != wasmparse.OpDrop {
			continue
		}
		send, ok := pushes(is, write+2, 1)
		if !ok || !calls(&is[send], x.send) {
			continue
		}
		nop := wasmparse.Instr{Op: wasmparse.OpNop}
		is[i], is[write], is[write+1] = nop, nop, nop
		is[send].A = uint32(x.all)
		changed = true
	}
	return changed
}

func calls(in *wasmparse.Instr, f wasmparse.FuncIdx) bool {
	return in.Op == wasmparse.OpCall && in.A == uint32(f)
}

// pushes goes over instructions that can neither trap nor change anything but locals, and
// that do nothing but push n operands. It returns the index of the first other one.
func pushes(is []wasmparse.Instr, i, n int) (next int, ok bool) {
	height := 0
	for ; ; i++ {
		switch is[i].Op {
		case wasmparse.OpNop:
		case wasmparse.OpLocalGet, wasmparse.OpGlobalGet, wasmparse.OpI32Const, wasmparse.OpI64Const:
			height++
		case wasmparse.OpLocalTee, wasmparse.OpI32WrapI64, wasmparse.OpI64ExtendI32U, wasmparse.OpI64ExtendI32S:
			if height < 1 { // of an operand from before
				return i, false
			}
		case wasmparse.OpI32Add, wasmparse.OpI32Sub, wasmparse.OpI32Or, wasmparse.OpI64Add, wasmparse.OpI64Or:
			if height < 2 {
				return i, false
			}
			height--
		default:
			return i, height == n
		}
	}
}

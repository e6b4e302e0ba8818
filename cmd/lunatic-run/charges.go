package main

import (
	"slices"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// charges counts the places in an artifact where the budget is reduced: subtractions from
// its global, and from the locals that hold it within small loops; and calls that do so for
// the length of a bulk instruction. A loop that has a resume clone is in the artifact twice.
func charges(m *wasmparse.Module, preempt string) (n int) {
	budget := slices.IndexFunc(m.Exports, func(e wasmparse.Export) bool { return e.Name == rtlib.ExportBudget })
	if budget < 0 || preempt == "off" {
		return 0
	}
	var f wasmparse.Func
	for i := range m.Bodies {
		if f.Decode(m, wasmparse.FuncIdx(m.ImportedFuncs+i)) == nil {
			n += chargesIn(f.Instrs, m.Exports[budget].Idx)
		}
	}
	return n
}

func chargesIn(code []wasmparse.Instr, budget uint32) (n int) {
	copies := make(map[uint32]bool) // locals that hold the budget
	for i := 1; i < len(code); i++ {
		if code[i].Op == wasmparse.OpLocalSet && code[i-1].Op == wasmparse.OpGlobalGet && code[i-1].A == budget {
			copies[code[i].A] = true
		}
		if bulk(code[i].Op) && code[i-1].Op == wasmparse.OpCall {
			n++
		}
		if i < 2 || code[i].Op != wasmparse.OpI32Sub || code[i-1].Op != wasmparse.OpI32Const {
			continue
		}
		switch from := code[i-2]; from.Op {
		case wasmparse.OpGlobalGet:
			if from.A == budget {
				n++
			}
		case wasmparse.OpLocalGet:
			if copies[from.A] {
				n++
			}
		}
	}
	return n
}

// bulk reports whether an instruction works in proportion to an operand.
func bulk(op wasmparse.Opcode) bool {
	switch op {
	case wasmparse.OpMemoryCopy, wasmparse.OpMemoryFill, wasmparse.OpMemoryInit,
		wasmparse.OpTableCopy, wasmparse.OpTableFill, wasmparse.OpTableInit:
		return true
	}
	return false
}

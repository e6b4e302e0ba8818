package asyncify

import (
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// An Env is what all functions of one build share. It is frozen while functions are
// rewritten, but for the registry of helpers. All indices are those of the output.
type Env struct {
	G *Graph
	// M is the module as the rewritten functions see it: the input with the new imports,
	// types, globals, tables and the functions of fixed number.
	M *wasmparse.Module
	// Shift is the number of new imports: by so much the index of every defined function
	// has grown.
	Shift uint32

	Budget, Slice, FP, Pinned wasmparse.GlobalIdx
	Words                     [rtlib.ResumeWords]wasmparse.GlobalIdx // of a small frame, see rtlib.ExportResume
	FuncTable, ExternTable    wasmparse.TableIdx                     // private tables for live references
	FuncTop, ExternTop        wasmparse.GlobalIdx                    // their stack tops
	// Results are the i64 globals for results that do not fit in r; RefResults the
	// globals for those that are references, by type.
	Results    []wasmparse.GlobalIdx
	RefResults map[wasmparse.ValType][]wasmparse.GlobalIdx

	Window wasmparse.FuncIdx // the import
	// SlowUnwind is the function called at charges that may suspend.
	SlowUnwind    wasmparse.FuncIdx
	HasSlowUnwind bool
	// Received is an import among the new ones that may suspend.
	Received    wasmparse.FuncIdx
	HasReceived bool
	// Landing is the type [] -> results of each function type (by canonical index) with
	// more than one result.
	Landing map[wasmparse.TypeIdx]wasmparse.TypeIdx

	// SiteBase is the number of the first site of each defined function.
	SiteBase []uint32
	// HelperWidth is the number of bytes of a helper's index in the code. Helpers are
	// numbered when all functions are done.
	HelperWidth int
	// HelperBase is the function index of the first helper.
	HelperBase wasmparse.FuncIdx

	helpers helpers
}

// A callee says what a call instruction can do to its caller.
type callee struct {
	suspends bool
	throws   bool
	typ      *wasmparse.FuncType
}

// callee describes the call instruction in. A function with a result that cannot be
// handed from frame to frame is pinned, so calls of it never come back unwinding.
func (e *Env) callee(in *wasmparse.Instr) callee {
	c := e.reaches(in)
	c.suspends = c.suspends && canDeliver(c.typ.Results)
	return c
}

// canDeliver reports whether results of these types have a place between two frames.
func canDeliver(results []wasmparse.ValType) bool {
	for _, t := range results {
		if classOf(t) == classNone {
			return false
		}
	}
	return true
}

// reaches describes a call by the call graph alone.
func (e *Env) reaches(in *wasmparse.Instr) callee {
	switch in.Op {
	case wasmparse.OpCall, wasmparse.OpReturnCall:
		c := callee{typ: e.M.FuncType(wasmparse.FuncIdx(in.A))}
		imported := uint32(e.G.M.ImportedFuncs)
		switch {
		case in.A < imported:
			c.suspends, c.throws = e.G.MaySuspend[in.A], e.G.MayThrow[in.A]
		case in.A < imported+e.Shift:
			c.suspends = e.HasReceived && in.A == uint32(e.Received)
		case in.A-e.Shift < uint32(len(e.G.M.Funcs)):
			c.suspends, c.throws = e.G.MaySuspend[in.A-e.Shift], e.G.MayThrow[in.A-e.Shift]
		default:
			c.suspends = e.HasSlowUnwind && in.A == uint32(e.SlowUnwind)
		}
		return c
	case wasmparse.OpCallIndirect, wasmparse.OpReturnCallIndirect, wasmparse.OpCallRef, wasmparse.OpReturnCallRef:
		t := e.G.Canon[in.A]
		return callee{e.G.IndirectSuspends[t], e.G.IndirectThrows[t], e.M.TypeAt(wasmparse.TypeIdx(in.A))}
	}
	return callee{}
}

// extraResults counts the results of ts that do not travel in r: i64 globals, and
// globals by reference type (through count).
func extraResults(ts []wasmparse.ValType, count func(t wasmparse.ValType, n int)) (i64s int) {
	refs := map[wasmparse.ValType]int{}
	for i, t := range ts {
		switch {
		case t.IsRef():
			refs[t]++
			count(t, refs[t])
		case t == wasmparse.V128 && i == 0:
			i64s++
		case t == wasmparse.V128:
			i64s += 2
		case i > 0:
			i64s++
		}
	}
	return i64s
}

// MaxSites is the number of sites the body can have at most.
func (b *BodyFacts) MaxSites(preemptUnwinds bool) int {
	n := b.Calls
	if preemptUnwinds {
		n += b.Loops + 1 + b.Bulk
	}
	return n
}

// maxValues is the number of values one frame may hold: a helper has that many
// parameters, and engines allow 1,000.
const maxValues = 900

// canSave reports whether frames of layout l can be written at all.
func (l layout) canSave() bool {
	return l.values() <= maxValues && l.size() <= rtlib.Window
}

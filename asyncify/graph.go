package asyncify

import (
	"sync"
	"sync/atomic"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// A Graph is the call graph of a module and what one look at every body can tell.
// It is frozen once Scan and Suspend have run; all indices are those of the input.
type Graph struct {
	M *wasmparse.Module

	// Bodies has one entry per defined function.
	Bodies []BodyFacts

	// Canon maps a type index to the first structurally equal one: call_indirect
	// compares structures, not indices.
	Canon []wasmparse.TypeIdx

	// Taken lists, for each canonical type, the functions of it that can be reached
	// through a table or a reference.
	Taken [][]wasmparse.FuncIdx

	// MaySuspend holds for a function, imported or defined, if a call of it can return
	// unwinding. IndirectSuspends is the same for calls through a canonical type.
	MaySuspend       []bool
	IndirectSuspends []bool
	// Why is, for a function that may suspend, the callee that makes it so; itself for
	// a suspending import. For Explain.
	Why []wasmparse.FuncIdx

	// MayThrow and IndirectThrows are the same for exceptions that leave a function.
	MayThrow       []bool
	IndirectThrows []bool
}

// BodyFacts are what the scan of one body found.
type BodyFacts struct {
	Callees  []wasmparse.FuncIdx // direct calls, in order of first appearance, each once
	Indirect []wasmparse.TypeIdx // canonical types of calls through tables and references, each once
	// CallCounts and IndirectCounts say how often each of them stands in the body.
	CallCounts, IndirectCounts []uint32
	Instrs                     int  // number of instructions
	Calls                      int  // number of calls of any kind
	Loops                      int  // number of loops
	Bulk                       int  // number of bulk instructions
	Throw                      bool // contains throw or throw_ref
	Throws                     bool // contains these or try_table

	// FuncRefs and ExternRefs say whether values of these types come up in the body.
	FuncRefs, ExternRefs, ExnRefs bool

	// TailCalls says whether it contains any.
	TailCalls bool

	// Alters says whether it contains an instruction that changes a table, or drops a
	// segment.
	Alters bool

	refs []wasmparse.FuncIdx // ref.func
}

// Scan reads every body once. It does not validate; a malformed body is an error.
func Scan(m *wasmparse.Module, workers int) (*Graph, error) {
	g := &Graph{M: m, Bodies: make([]BodyFacts, len(m.Bodies))}
	g.Canon = make([]wasmparse.TypeIdx, len(m.Types))
	for i := range g.Canon {
		g.Canon[i] = m.Canonical(wasmparse.TypeIdx(i))
	}
	errs := make([]error, len(m.Bodies))
	var failed atomic.Bool
	Parallel(len(m.Bodies), workers, func() func(int) {
		s := bodyScanner{g: g, seenCall: map[wasmparse.FuncIdx]int{}, seenType: map[wasmparse.TypeIdx]int{}}
		return func(i int) {
			if failed.Load() {
				return
			}
			if errs[i] = s.scan(i, &g.Bodies[i]); errs[i] != nil {
				failed.Store(true)
			}
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	g.takeAddresses()
	return g, nil
}

// Parallel runs do(i) for every i below n on so many workers. Each worker makes its
// own do with start. Indices are handed out in runs, in ascending order.
func Parallel(n, workers int, start func() func(int)) {
	const run = 8
	if workers < 2 || n <= run {
		do := start()
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, (n+run-1)/run) {
		wg.Go(func() {
			do := start()
			for {
				lo := int(next.Add(run)) - run
				if lo >= n {
					return
				}
				for i := lo; i < min(lo+run, n); i++ {
					do(i)
				}
			}
		})
	}
	wg.Wait()
}

// bodyScanner is the memory one worker reuses from body to body.
type bodyScanner struct {
	g        *Graph
	seenCall map[wasmparse.FuncIdx]int // place in calls
	seenType map[wasmparse.TypeIdx]int
	calls    []wasmparse.FuncIdx
	types    []wasmparse.TypeIdx
	callN    []uint32
	typeN    []uint32
	sc       wasmparse.Scanner
	catches  []wasmparse.Catch
	refs     []wasmparse.FuncIdx
}

func (s *bodyScanner) scan(i int, out *BodyFacts) error {
	clear(s.seenCall)
	clear(s.seenType)
	s.calls, s.types, s.refs = s.calls[:0], s.types[:0], s.refs[:0]
	s.callN, s.typeN = s.callN[:0], s.typeN[:0]
	m := s.g.M
	sc := &s.sc
	sc.ResetBody(m, wasmparse.FuncIdx(m.ImportedFuncs+i))
	for sc.Next() {
		out.Instrs++
		switch sc.Op {
		case wasmparse.OpReturnCall, wasmparse.OpReturnCallIndirect, wasmparse.OpReturnCallRef:
			out.TailCalls = true
		case wasmparse.OpTableSet, wasmparse.OpTableGrow, wasmparse.OpTableFill, wasmparse.OpTableCopy,
			wasmparse.OpTableInit, wasmparse.OpElemDrop, wasmparse.OpDataDrop:
			out.Alters = true
		}
		switch sc.Op {
		case wasmparse.OpCall, wasmparse.OpReturnCall:
			out.Calls++
			f := wasmparse.FuncIdx(sc.A)
			if int(f) >= len(m.Funcs) {
				continue // invalid: the validation that follows says so
			}
			n, ok := s.seenCall[f]
			if !ok {
				n = len(s.calls)
				s.seenCall[f] = n
				s.calls, s.callN = append(s.calls, f), append(s.callN, 0)
			}
			s.callN[n]++
		case wasmparse.OpCallIndirect, wasmparse.OpReturnCallIndirect, wasmparse.OpCallRef, wasmparse.OpReturnCallRef:
			out.Calls++
			if int(sc.A) >= len(s.g.Canon) {
				continue
			}
			t := s.g.Canon[sc.A]
			n, ok := s.seenType[t]
			if !ok {
				n = len(s.types)
				s.seenType[t] = n
				s.types, s.typeN = append(s.types, t), append(s.typeN, 0)
			}
			s.typeN[n]++
		case wasmparse.OpLoop:
			out.Loops++
		case wasmparse.OpMemoryCopy, wasmparse.OpMemoryFill, wasmparse.OpMemoryInit,
			wasmparse.OpTableCopy, wasmparse.OpTableFill, wasmparse.OpTableInit:
			out.Bulk++
		case wasmparse.OpRefFunc:
			s.refs = append(s.refs, wasmparse.FuncIdx(sc.A))
			out.FuncRefs = true
		case wasmparse.OpRefNull:
			out.see(wasmparse.ValType(sc.A))
		case wasmparse.OpTableGet:
			if int(sc.A) < len(m.Tables) {
				out.see(m.Tables[sc.A].Elem)
			}
		case wasmparse.OpTryTable:
			out.Throws = true
			s.catches = sc.Catches(s.catches[:0])
			for _, c := range s.catches {
				out.ExnRefs = out.ExnRefs || c.Kind == wasmparse.CatchTagRef || c.Kind == wasmparse.CatchAllRef
			}
		case wasmparse.OpThrow, wasmparse.OpThrowRef:
			out.Throw, out.Throws = true, true
			out.ExnRefs = out.ExnRefs || sc.Op == wasmparse.OpThrowRef
		}
	}
	if err := sc.Err(); err != nil {
		return err
	}
	out.Callees = append([]wasmparse.FuncIdx(nil), s.calls...)
	out.Indirect = append([]wasmparse.TypeIdx(nil), s.types...)
	out.CallCounts = append([]uint32(nil), s.callN...)
	out.IndirectCounts = append([]uint32(nil), s.typeN...)
	out.refs = append([]wasmparse.FuncIdx(nil), s.refs...)
	return nil
}

func (b *BodyFacts) see(t wasmparse.ValType) {
	b.FuncRefs = b.FuncRefs || t == wasmparse.FuncRef
	b.ExternRefs = b.ExternRefs || t == wasmparse.ExternRef
	b.ExnRefs = b.ExnRefs || t.Heap() == wasmparse.ExnRef
}

// takeAddresses finds what calls through tables and references can reach: functions
// in element segments and under ref.func; exported ones too if another module can
// write to a table of ours.
func (g *Graph) takeAddresses() {
	m := g.M
	taken := make([]bool, len(m.Funcs))
	take := func(f wasmparse.FuncIdx) {
		if int(f) < len(taken) {
			taken[f] = true
		}
	}
	for i := range m.Elems {
		m.ElemFuncs(wasmparse.ElemIdx(i), take)
	}
	for i := range m.Globals {
		constFuncs(m.Globals[i].Init, take)
	}
	for i := range m.Tables {
		constFuncs(m.Tables[i].Init, take)
	}
	for i := range g.Bodies {
		for _, f := range g.Bodies[i].refs {
			take(f)
		}
		g.Bodies[i].refs = nil
	}
	shared := m.ImportedTables > 0
	for i := range m.Exports {
		shared = shared || m.Exports[i].Kind == wasmparse.KindTable
	}
	if shared {
		for i := range m.Exports {
			if m.Exports[i].Kind == wasmparse.KindFunc {
				take(wasmparse.FuncIdx(m.Exports[i].Idx))
			}
		}
	}
	g.Taken = make([][]wasmparse.FuncIdx, len(m.Types))
	for f, t := range taken {
		if t {
			c := g.Canon[m.Funcs[f]]
			g.Taken[c] = append(g.Taken[c], wasmparse.FuncIdx(f))
		}
	}
}

// constFuncs visits the functions that a constant expression refers to.
func constFuncs(expr []byte, visit func(wasmparse.FuncIdx)) {
	for s := wasmparse.NewScanner(expr); s.Next(); {
		if s.Op == wasmparse.OpRefFunc {
			visit(wasmparse.FuncIdx(s.A))
		}
	}
}

// callers is the reversed graph in compressed rows: who calls function f directly is
// list[row[f]:row[f+1]]; who calls through canonical type t is byType[t].
type callers struct {
	row    []uint32
	list   []wasmparse.FuncIdx
	byType [][]wasmparse.FuncIdx
}

func (g *Graph) reverse() *callers {
	m := g.M
	r := &callers{row: make([]uint32, len(m.Funcs)+1), byType: make([][]wasmparse.FuncIdx, len(m.Types))}
	for i := range g.Bodies {
		for _, c := range g.Bodies[i].Callees {
			r.row[c+1]++
		}
	}
	for i := range m.Funcs {
		r.row[i+1] += r.row[i]
	}
	r.list = make([]wasmparse.FuncIdx, r.row[len(m.Funcs)])
	at := append([]uint32(nil), r.row...)
	for i := range g.Bodies {
		f := wasmparse.FuncIdx(m.ImportedFuncs + i)
		for _, c := range g.Bodies[i].Callees {
			r.list[at[c]] = f
			at[c]++
		}
		for _, t := range g.Bodies[i].Indirect {
			r.byType[t] = append(r.byType[t], f)
		}
	}
	return r
}

// Suspend decides which functions may suspend: those that can reach a seed, an
// imported function for which seed says so, or a body that suspends by itself.
func (g *Graph) Suspend(seed func(wasmparse.FuncIdx) bool) {
	g.MaySuspend, g.IndirectSuspends, g.Why = g.reach(seed, func(wasmparse.FuncIdx) bool { return false })
}

// Throw decides which functions may be left by an exception. A function with a
// try_table is taken to let through what reaches it: its clauses are not compared.
func (g *Graph) Throw(seed func(wasmparse.FuncIdx) bool) {
	g.MayThrow, g.IndirectThrows, _ = g.reach(seed, func(wasmparse.FuncIdx) bool { return false })
}

// reach is the closure of the callers of the seeds. Functions for which stop holds
// are not passed.
func (g *Graph) reach(seed, stop func(wasmparse.FuncIdx) bool) (in, indirect []bool, why []wasmparse.FuncIdx) {
	m := g.M
	rev := g.reverse()
	in = make([]bool, len(m.Funcs))
	indirect = make([]bool, len(m.Types))
	why = make([]wasmparse.FuncIdx, len(m.Funcs))
	isTaken := make([]bool, len(m.Funcs))
	for _, fs := range g.Taken {
		for _, f := range fs {
			isTaken[f] = true
		}
	}
	var work []wasmparse.FuncIdx
	add := func(f, because wasmparse.FuncIdx) {
		if !in[f] && !stop(f) {
			in[f], why[f] = true, because
			work = append(work, f)
		}
	}
	for i := range m.Funcs {
		if f := wasmparse.FuncIdx(i); seed(f) {
			add(f, f)
		}
	}
	// First in, first out: the chains that Explain shows are the shortest.
	for n := 0; n < len(work); n++ {
		f := work[n]
		for _, c := range rev.list[rev.row[f]:rev.row[f+1]] {
			add(c, f)
		}
		if t := g.Canon[m.Funcs[f]]; isTaken[f] && !indirect[t] {
			indirect[t] = true
			for _, c := range rev.byType[t] {
				add(c, f)
			}
		}
	}
	return in, indirect, why
}

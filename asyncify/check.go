package asyncify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// Rules are what the checker has to be told, since an artifact does not say it.
type Rules struct {
	// Suspends reports whether the import MODULE.NAME may suspend its caller.
	Suspends func(module, name string) bool
	// Workers is how many functions are checked at once.
	Workers int
}

// Check holds an artifact, which must be valid, against the contract in rtlib:
//
//   - the reserved imports and exports are there, and Meta agrees with the tables;
//   - behind every call that can come back unwinding, the function looks at the budget
//     and leaves with a frame, or has nothing left to do, or is counted as pinned;
//   - every site has a number of its own, in the range of the clone that resumes it;
//   - if reductions are counted, no cycle, neither of branches nor of calls, is free.
//
// It shares no code with the emitters and knows nothing of their plans: it works out
// again, from the artifact alone, which calls can unwind.
func Check(m *wasmparse.Module, r Rules) error {
	c := &checker{m: m, rules: r}
	for _, step := range []func() error{c.metadata, c.reserved, c.resumeTable, c.survey, c.bodies, c.unwinding, c.sites, c.loops, c.recursion} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// none is the index of what the artifact does not have.
const none = ^uint32(0)

// A checker holds what is known of the artifact as a whole.
type checker struct {
	m     *wasmparse.Module
	rules Rules
	meta  *rtlib.Meta

	// Indices, or none.
	budget, fp, pinned             uint32
	resume, table                  uint32   // the driver, and the table it calls through
	words                          []uint32 // globals of a small frame
	window, preempt, preemptUnwind uint32

	result  map[uint32]bool // globals that hold results
	clones  []uint32        // by number
	cloneNo []int32         // by function: the number of the clone it is, or -1
	resumed []int32         // by function: the number of the clone that resumes it, or -1

	// frame is, by function, the size of the frame that a spill helper writes; 0 for other
	// functions. helper marks those that call Window or read a small frame.
	frame  []uint32
	helper []bool
	taken  [][]uint32 // by canonical type: functions reached through tables and references

	facts []bodyFacts // by defined function
	can   []bool      // by node: whether it can be left unwinding
}

// The call graph has a node for each function, one for each canonical type, which
// leads to the functions taken of that type, and one for the resume table.
func (c *checker) typeNode(t uint32) uint32 {
	return uint32(len(c.m.Funcs)) + uint32(c.m.Canonical(wasmparse.TypeIdx(t)))
}

func (c *checker) tableNode() uint32 { return uint32(len(c.m.Funcs) + len(c.m.Types)) }

func (c *checker) nodes() int { return len(c.m.Funcs) + len(c.m.Types) + 1 }

// edges lists where a node leads; of is what a function does.
func (c *checker) edges(node uint32, of func(*bodyFacts) []uint32) []uint32 {
	nf := uint32(len(c.m.Funcs))
	switch {
	case node == c.tableNode():
		return c.clones
	case node >= nf:
		return c.taken[node-nf]
	case int(node) < c.m.ImportedFuncs:
		return nil
	}
	return of(&c.facts[int(node)-c.m.ImportedFuncs])
}

// fault is an error about function f.
func (c *checker) fault(f uint32, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if name := c.m.Names().FuncName(wasmparse.FuncIdx(f)); name != "" {
		return fmt.Errorf("func %d (%s): %s", f, name, text)
	}
	return fmt.Errorf("func %d: %s", f, text)
}

// metadata reads the custom section.
func (c *checker) metadata() error {
	for i := range c.m.Sections {
		s := &c.m.Sections[i]
		if s.ID != wasmparse.SectionCustom || s.Name != rtlib.SectionMeta {
			continue
		}
		if c.meta != nil {
			return fmt.Errorf("more than one %q section", s.Name)
		}
		var err error
		if c.meta, err = rtlib.ParseMeta(c.m.Data[s.Start:s.End]); err != nil {
			return err
		}
	}
	if c.meta == nil {
		return fmt.Errorf("no %q section", rtlib.SectionMeta)
	}
	return nil
}

// reserved finds the reserved imports and exports and checks their types.
func (c *checker) reserved() error {
	m := c.m
	void := func(t wasmparse.TypeIdx) bool {
		ft := m.TypeAt(t)
		return len(ft.Params)+len(ft.Results) == 0
	}
	imports := map[string]*uint32{
		rtlib.ImportWindow: &c.window, rtlib.ImportPreempt: &c.preempt, rtlib.ImportPreemptUnwind: &c.preemptUnwind,
	}
	for _, at := range imports {
		*at = none
	}
	n := uint32(0)
	for i := range m.Imports {
		im := &m.Imports[i]
		if im.Module == rtlib.ImportModule {
			at := imports[im.Name]
			if at == nil || im.Kind != wasmparse.KindFunc || !void(im.Type) || *at != none {
				return fmt.Errorf("import %s.%s is not what the contract says", im.Module, im.Name)
			}
			*at = n
		}
		if im.Kind == wasmparse.KindFunc {
			n++
		}
	}
	slice := none
	globals := map[string]*uint32{
		rtlib.ExportBudget: &c.budget, rtlib.ExportSlice: &slice, rtlib.ExportFP: &c.fp, rtlib.ExportPinned: &c.pinned,
	}
	for _, at := range globals {
		*at = none
	}
	c.resume, c.result = none, map[uint32]bool{}
	if c.meta.Reusable && m.HasStart {
		return errors.New("a module with a start function may not be reused")
	}
	for _, e := range m.Exports {
		if err := c.export(e, globals); err != nil {
			return err
		}
	}
	need := map[string]bool{
		"export " + rtlib.ExportBudget:        c.budget != none,
		"export " + rtlib.ExportSlice:         slice != none,
		"import " + rtlib.ImportPreempt:       c.preempt != none || c.meta.Preempt == "off",
		"import " + rtlib.ImportPreemptUnwind: c.preemptUnwind != none || c.meta.Preempt != "unwind",
	}
	if c.suspends() {
		need["export "+rtlib.ExportFP] = c.fp != none
		need["export "+rtlib.ExportResume] = c.resume != none
		need["import "+rtlib.ImportWindow] = c.window != none
	}
	var missing []string
	for what, ok := range need {
		if !ok {
			missing = append(missing, what)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return fmt.Errorf("missing: %s", strings.Join(missing, ", "))
	}
	return nil
}

// suspends reports whether the artifact has any part of what suspending needs.
func (c *checker) suspends() bool {
	return len(c.meta.Bases) > 0 || c.resume != none || c.window != none || c.fp != none
}

// export takes note of a reserved export.
func (c *checker) export(e wasmparse.Export, globals map[string]*uint32) error {
	if !strings.HasPrefix(e.Name, rtlib.Reserved) {
		return nil
	}
	wrong := fmt.Errorf("export %s is not what the contract says", e.Name)
	if e.Name == rtlib.ExportResume {
		i32, i64 := wasmparse.I32, wasmparse.I64
		params := append([]wasmparse.ValType{i32, i32, i64}, slices.Repeat([]wasmparse.ValType{i64}, rtlib.ResumeWords)...)
		params = append(params, i32, i32)
		if e.Kind != wasmparse.KindFunc || !c.hasType(e.Idx, params, []wasmparse.ValType{i64, i32, i32}) {
			return wrong
		}
		c.resume = e.Idx
		return nil
	}
	if e.Kind != wasmparse.KindGlobal || !c.m.Globals[e.Idx].Type.Mut || int(e.Idx) < c.m.ImportedGlobals {
		return wrong
	}
	t := c.m.Globals[e.Idx].Type.Val
	switch {
	case globals[e.Name] != nil && t == wasmparse.I32:
		*globals[e.Name] = e.Idx
	case strings.HasPrefix(e.Name, rtlib.ExportRef) && t.IsRef(),
		strings.HasPrefix(e.Name, rtlib.ExportResult) && t == wasmparse.I64:
		c.result[e.Idx] = true
	case strings.HasPrefix(e.Name, rtlib.ExportState) && !t.IsRef() && t != wasmparse.V128 && c.meta.Reusable:
	default:
		return wrong
	}
	return nil
}

func (c *checker) hasType(f uint32, params, results []wasmparse.ValType) bool {
	t := c.m.FuncType(wasmparse.FuncIdx(f))
	return slices.Equal(t.Params, params) && slices.Equal(t.Results, results)
}

// resumeTable finds the clones: through the one table that the driver calls through.
func (c *checker) resumeTable() error {
	m := c.m
	c.table = none
	c.cloneNo, c.resumed = make([]int32, len(m.Funcs)), make([]int32, len(m.Funcs))
	for f := range c.cloneNo {
		c.cloneNo[f], c.resumed[f] = -1, -1
	}
	n := len(c.meta.Funcs)
	if c.resume == none {
		if n > 0 {
			return errors.New("the metadata names resume clones, but there is no driver")
		}
		return nil
	}
	if int(c.resume) < m.ImportedFuncs {
		return c.fault(c.resume, "the driver is an import")
	}
	var sc wasmparse.Scanner
	var state []uint32 // budget and FP: set, and read behind the call
	for sc.ResetBody(m, wasmparse.FuncIdx(c.resume)); sc.Next(); {
		switch {
		case sc.Op == wasmparse.OpCallIndirect:
			c.table = uint32(sc.B)
		case sc.Op == wasmparse.OpGlobalGet && c.table != none,
			sc.Op == wasmparse.OpGlobalSet && c.table == none && (sc.A == c.budget || sc.A == c.fp):
			state = append(state, sc.A)
		case c.table != none && sc.Op != wasmparse.OpEnd:
			state = append(state, none) // more behind the call than that
		case sc.Op == wasmparse.OpGlobalSet:
			c.words = append(c.words, sc.A)
		}
	}
	if !slices.Equal(state, []uint32{c.budget, c.fp, c.budget, c.fp}) {
		return c.fault(c.resume, "the driver does not hand on the budget and FP")
	}
	if len(c.words) != rtlib.ResumeWords {
		return c.fault(c.resume, "the driver keeps %d words of a frame, not %d", len(c.words), rtlib.ResumeWords)
	}
	if c.table == none || int(c.table) < m.ImportedTables {
		return c.fault(c.resume, "the driver does not call through a table of its own")
	}
	if t := &m.Tables[c.table]; int(t.Min) != n || !t.HasMax || t.Max != t.Min {
		return fmt.Errorf("resume table: size %d, but the metadata has %d clones", t.Min, n)
	}
	for _, e := range m.Exports {
		if e.Kind == wasmparse.KindTable && e.Idx == c.table {
			return errors.New("resume table: exported")
		}
	}
	for i := range m.Elems {
		e := &m.Elems[i]
		if e.Mode != wasmparse.ElemActive || uint32(e.Table) != c.table {
			continue
		}
		if c.clones != nil || e.NumItems != n || string(e.Offset) != "\x41\x00\x0b" {
			return errors.New("resume table: not filled by one segment from its start")
		}
		m.ElemFuncs(wasmparse.ElemIdx(i), func(f wasmparse.FuncIdx) { c.clones = append(c.clones, uint32(f)) })
	}
	if len(c.clones) != n {
		return fmt.Errorf("resume table: %d entries, but the metadata has %d clones", len(c.clones), n)
	}
	for k, f := range c.clones {
		of := c.meta.Funcs[k]
		switch {
		case !c.hasType(f, []wasmparse.ValType{wasmparse.I32, wasmparse.I64}, []wasmparse.ValType{wasmparse.I64}):
			return c.fault(f, "resume clone of another type than (i32 i64) -> i64")
		case int(f) < m.ImportedFuncs || c.cloneNo[f] >= 0:
			return c.fault(f, "not a resume clone of its own")
		case int(of) >= len(m.Funcs) || int(of) < m.ImportedFuncs || c.resumed[of] >= 0:
			return c.fault(f, "it resumes func %d, which is no function or has a clone", of)
		}
		c.cloneNo[f], c.resumed[of] = int32(k), int32(k)
	}
	return nil
}

// survey looks at every body for helpers, and for functions whose reference is taken.
func (c *checker) survey() error {
	m := c.m
	c.frame, c.helper = make([]uint32, len(m.Funcs)), make([]bool, len(m.Funcs))
	errs := make([]error, len(m.Bodies))
	refs := make([][]uint32, len(m.Bodies))
	Parallel(len(m.Bodies), c.rules.Workers, func() func(int) {
		var sc wasmparse.Scanner
		return func(i int) {
			f := uint32(m.ImportedFuncs + i)
			spills, window, words := false, false, false
			for sc.ResetBody(m, wasmparse.FuncIdx(f)); sc.Next(); {
				switch sc.Op {
				case wasmparse.OpGlobalSet:
					spills = spills || sc.A == c.fp && c.fp != none && f != c.resume
				case wasmparse.OpGlobalGet:
					words = words || slices.Contains(c.words, sc.A)
				case wasmparse.OpCall:
					window = window || sc.A == c.window && c.window != none
				case wasmparse.OpRefFunc:
					refs[i] = append(refs[i], sc.A)
				case wasmparse.OpCallIndirect, wasmparse.OpReturnCallIndirect, wasmparse.OpTableInit:
					if uint32(sc.B) == c.table && f != c.resume {
						errs[i] = c.fault(f, "it uses the resume table")
					}
				case wasmparse.OpTableGet, wasmparse.OpTableSet, wasmparse.OpTableGrow, wasmparse.OpTableFill, wasmparse.OpTableCopy:
					if sc.A == c.table || sc.Op == wasmparse.OpTableCopy && uint32(sc.B) == c.table {
						errs[i] = c.fault(f, "it uses the resume table")
					}
				}
			}
			c.helper[f] = window || words
			if spills && errs[i] == nil {
				c.frame[f], errs[i] = c.spillHelper(f, window)
			}
		}
	})
	c.take(refs)
	return firstOf(errs)
}

// spillHelper checks a function that moves FP: its frame must hold what it is given,
// and fit into the window.
func (c *checker) spillHelper(f uint32, window bool) (uint32, error) {
	t := c.m.FuncType(wasmparse.FuncIdx(f))
	n := len(t.Params) - 1
	if !window || n < 0 || t.Params[0] != wasmparse.I32 || len(t.Results) > 0 {
		return 0, c.fault(f, "it moves the frame pointer, but is no spill helper")
	}
	size := uint32(rtlib.FrameHeader)
	for _, v := range t.Params[1:] {
		switch v {
		case wasmparse.V128:
			size += 16
		case wasmparse.I64, wasmparse.F64:
			size += 8
		default:
			size += 4
		}
	}
	if size > rtlib.Window || size > c.meta.MaxFrame {
		return 0, c.fault(f, "frame of %d bytes: the window has %d, the metadata says %d at the most", size, rtlib.Window, c.meta.MaxFrame)
	}
	// Every time FP is read it is lowered by just this much.
	var fn wasmparse.Func
	if err := fn.Decode(c.m, wasmparse.FuncIdx(f)); err != nil {
		return 0, err
	}
	for i := range fn.Instrs {
		if in := &fn.Instrs[i]; in.Op != wasmparse.OpGlobalGet || in.A != c.fp {
			continue
		}
		room, sub := &fn.Instrs[min(i+1, len(fn.Instrs)-1)], &fn.Instrs[min(i+2, len(fn.Instrs)-1)]
		if room.Op != wasmparse.OpI32Const || uint32(room.B) != size || sub.Op != wasmparse.OpI32Sub {
			return 0, c.fault(f, "it does not make room for the %d bytes of its frame", size)
		}
	}
	return size, nil
}

// take finds the functions that a call through a table or a reference can reach.
func (c *checker) take(refs [][]uint32) {
	m := c.m
	taken := make([]bool, len(m.Funcs))
	mark := func(f wasmparse.FuncIdx) { taken[f] = true }
	for i := range m.Elems {
		if e := &m.Elems[i]; e.Mode != wasmparse.ElemActive || uint32(e.Table) != c.table {
			m.ElemFuncs(wasmparse.ElemIdx(i), mark)
		}
	}
	for i := range m.Globals {
		constFuncs(m.Globals[i].Init, mark)
	}
	for i := range m.Tables {
		constFuncs(m.Tables[i].Init, mark)
	}
	for _, fs := range refs {
		for _, f := range fs {
			taken[f] = true
		}
	}
	shared := m.ImportedTables > 0
	for _, e := range m.Exports {
		shared = shared || e.Kind == wasmparse.KindTable
	}
	for _, e := range m.Exports { // another module may put them into a shared table
		if shared && e.Kind == wasmparse.KindFunc && !strings.HasPrefix(e.Name, rtlib.Reserved) {
			taken[e.Idx] = true
		}
	}
	c.taken = make([][]uint32, len(m.Types))
	for f, t := range taken {
		if t {
			k := m.Canonical(m.Funcs[f])
			c.taken[k] = append(c.taken[k], uint32(f))
		}
	}
}

// bodies looks at every body by itself.
func (c *checker) bodies() error {
	n := len(c.m.Bodies)
	c.facts = make([]bodyFacts, n)
	errs := make([]error, n)
	Parallel(n, c.rules.Workers, func() func(int) {
		b := bodyChecker{c: c}
		return func(i int) { errs[i] = b.check(uint32(c.m.ImportedFuncs+i), &c.facts[i]) }
	})
	return firstOf(errs)
}

// unwinding works out which functions can be left unwinding, and refuses calls of them
// behind which nothing is done about it.
func (c *checker) unwinding() error {
	callers := make([][]uint32, c.nodes())
	for node := range uint32(c.nodes()) {
		for _, to := range c.edges(node, func(b *bodyFacts) []uint32 { return b.unwinds }) {
			callers[to] = append(callers[to], node)
		}
	}
	can := make([]bool, c.nodes())
	c.can = can
	var work []uint32
	add := func(node uint32) {
		if !can[node] {
			can[node] = true
			work = append(work, node)
		}
	}
	c.seeds(add)
	for n := 0; n < len(work); n++ {
		for _, caller := range callers[work[n]] {
			add(caller)
		}
	}
	for i := range c.facts {
		if uint32(c.m.ImportedFuncs+i) == c.resume {
			continue // it ends with its call, but for what it hands on
		}
		for _, b := range c.facts[i].bare {
			if can[b.callee] {
				return c.fault(uint32(c.m.ImportedFuncs+i),
					"the call at offset %#x may come back unwinding, and nothing is done about it", b.off)
			}
		}
	}
	return nil
}

// seeds calls add for the imports that may suspend. One that returns a reference
// cannot: the host has no place to put the result.
func (c *checker) seeds(add func(uint32)) {
	n := uint32(0)
	for i := range c.m.Imports {
		im := &c.m.Imports[i]
		if im.Kind != wasmparse.KindFunc {
			continue
		}
		f := n
		n++
		if im.Module == rtlib.ImportModule {
			if f == c.preemptUnwind {
				add(f)
			}
			continue
		}
		isRef := func(t wasmparse.ValType) bool { return t.IsRef() }
		if c.rules.Suspends(im.Module, im.Name) && !slices.ContainsFunc(c.m.TypeAt(im.Type).Results, isRef) {
			add(f)
		}
	}
}

// sites checks the numbers of the frames that functions and their clones write.
func (c *checker) sites() error {
	if uint64(c.meta.Sites) > uint64(len(c.m.Data)) {
		return fmt.Errorf("the metadata has %d sites, more than there can be", c.meta.Sites)
	}
	of := make([]uint32, c.meta.Sites)           // the helper of each site, plus one
	for _, clones := range []bool{false, true} { // the functions first
		for i := range c.facts {
			f := uint32(c.m.ImportedFuncs + i)
			if (c.cloneNo[f] >= 0) != clones {
				continue
			}
			if err := c.sitesOf(f, c.facts[i].spills, of); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) sitesOf(f uint32, spills []spillCall, of []uint32) error {
	k := c.resumed[f]
	clone := c.cloneNo[f] >= 0
	if clone {
		k = c.cloneNo[f]
	}
	if k < 0 && len(spills) > 0 {
		return c.fault(f, "it writes frames, but has no resume clone")
	}
	seen := map[uint32]bool{}
	for _, s := range spills {
		if !c.can[s.callee] { // what a clone would do then is never done
			continue
		}
		owner, ok := c.meta.Clone(s.site)
		switch {
		case !ok || int32(owner) != k:
			return c.fault(f, "site %d does not belong to its clone", s.site)
		case seen[s.site]:
			return c.fault(f, "site %d occurs twice", s.site)
		case clone && of[s.site] != s.helper+1:
			return c.fault(f, "site %d has another frame than in the function it resumes", s.site)
		}
		seen[s.site] = true
		of[s.site] = s.helper + 1
	}
	return nil
}

// loops refuses loops without a charge. A body that has one that is charged only in a
// callee has to be looked at a second time.
func (c *checker) loops() error {
	n := len(c.facts)
	errs := make([]error, n)
	Parallel(n, c.rules.Workers, func() func(int) {
		b := bodyChecker{c: c}
		return func(i int) {
			if c.facts[i].loops {
				errs[i] = b.again(uint32(c.m.ImportedFuncs + i))
			}
		}
	})
	return firstOf(errs)
}

// recursion refuses recursion without a charge, through direct calls, tables and
// references.
func (c *checker) recursion() error {
	if c.meta.Preempt == "off" {
		return nil
	}
	const (
		white = iota
		grey
		black
	)
	color := make([]uint8, c.nodes())
	type visit struct{ node, next uint32 }
	var stack []visit
	free := func(b *bodyFacts) []uint32 { return b.free }
	for root := range uint32(len(c.m.Funcs)) {
		if color[root] != white {
			continue
		}
		color[root] = grey
		stack = append(stack, visit{node: root})
		for len(stack) > 0 {
			v := &stack[len(stack)-1]
			to := c.edges(v.node, free)
			if int(v.next) == len(to) {
				color[v.node] = black
				stack = stack[:len(stack)-1]
				continue
			}
			next := to[v.next]
			v.next++
			switch color[next] {
			case white:
				color[next] = grey
				stack = append(stack, visit{node: next})
			case grey:
				f := next
				for k := len(stack) - 1; int(f) >= len(c.m.Funcs); k-- { // a type: name a function
					f = stack[k].node
				}
				return c.fault(f, "it can call itself again and again without a charge")
			}
		}
	}
	return nil
}

// firstOf returns the first error, so that it is the same for every number of workers.
func firstOf(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

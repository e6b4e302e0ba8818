package transform

import (
	"github.com/lunatic-go/lunatic/rtlib"
	"sort"

	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// Reductions are counted where a cycle closes: at the latches of loops, and at one
// entry on every cycle of the call graph. What happens in between is bounded, and its
// weight is added to the next charge.
//
// The shape of a charge decides what it costs. A cold call inside an inline if makes
// wazero's register allocator spill what is live across the join, on the hot path; so
// the call stands outside the loop, reached by a br_if at the latch:
//
//	block $X                          ;; loops that fall through leave by br $X
//	  loop $O
//	    block $C
//	      loop $L
//	        …                         ;; br_if $L becomes if charge; br_if $C; br $L end
//	      end
//	    end
//	    call $slow
//	    br $O
//	  end
//	  unreachable
//	end
//
// At a function's entry the cold code stands behind the body and calls the function
// again; a loop around the body would have its parameters kept alive throughout.
//
// A loop with more than two back edges, or one from a br_table (a bytecode
// interpreter's), gets one latch: its body is put into a block $K, back edges become
// branches to $K, and the charge stands behind it. See copyCarried for its cold code.

// foldLimit is the number of instructions that a function without a charge of its own
// may run; one that can run more is charged at its entry.
const foldLimit = 100_000

// A reduction is about so many instructions: like Erlang's, the work of a small
// function.
const instrsPerReduction = rtlib.InstrsPerReduction

// hostCallInstrs is how many instructions a call of the host counts as: it takes 65 ns and
// more. Host functions that take much longer charge for themselves.
const hostCallInstrs = 512

// maxWeight bounds the weight of a single charge: a body counts in full, however
// little of it one way through takes.
const maxWeight = 16

// reductions is the weight of so many instructions.
func reductions(instrs uint64) uint32 {
	return uint32(max(1, min(instrs/instrsPerReduction, maxWeight)))
}

// A chargePlan says which functions are charged at their entry.
type chargePlan struct {
	simple    bool     // every loop and every cycle is charged, in the plain way
	tailCalls bool     // the module has any
	entry     []uint32 // weight by function index of the input, 0 for none
	cost      []uint32 // instructions an uncharged function runs at most, outside loops counted once
	typ       []uint32 // the same for calls through a canonical type
}

// charges reports whether a function of the input is charged at its entry.
func (p *chargePlan) charges(f uint32) bool { return int(f) < len(p.entry) && p.entry[f] > 0 }

// planCharges decides which functions are charged at their entry: at least one on every
// cycle of the call graph, and those that would run too long without.
func planCharges(g *asyncify.Graph, opt int) *chargePlan {
	m := g.M
	p := &chargePlan{
		entry: make([]uint32, len(m.Funcs)), cost: make([]uint32, len(m.Funcs)), typ: make([]uint32, len(m.Types)),
	}
	for i := range g.Bodies {
		p.tailCalls = p.tailCalls || g.Bodies[i].TailCalls
	}
	for i := range m.ImportedFuncs {
		p.cost[i] = hostCallInstrs
	}
	w := &callWalk{g: g, nf: len(m.Funcs), cut: make([]bool, len(m.Funcs))}
	w.cutCycles()
	if p.simple = opt < 0; !p.simple {
		w.thin(maxThinning << (4 * opt))
	}
	w.stop = true
	w.walk(func(n int) { p.finish(w, n) }, nil)
	return p
}

// finish computes what a node costs once all it calls is known.
func (p *chargePlan) finish(w *callWalk, n int) {
	g := w.g
	if n >= w.nf {
		for _, f := range g.Taken[n-w.nf] {
			p.typ[n-w.nf] = max(p.typ[n-w.nf], p.cost[f])
		}
		return
	}
	if n < g.M.ImportedFuncs {
		return
	}
	b := &g.Bodies[n-g.M.ImportedFuncs]
	cost := uint64(b.Instrs)
	for i, c := range b.Callees {
		cost += uint64(p.cost[c]) * uint64(b.CallCounts[i])
	}
	for i, t := range b.Indirect {
		cost += uint64(p.typ[t]) * uint64(b.IndirectCounts[i])
	}
	if w.cut[n] || cost > foldLimit {
		p.entry[n] = reductions(cost)
		return
	}
	p.cost[n] = uint32(cost)
}

// A callWalk goes through the call graph. Its nodes are the functions, then the
// canonical types: calls through a type lead to the functions of it that can be
// reached so.
type callWalk struct {
	g    *asyncify.Graph
	nf   int
	cut  []bool // functions charged at their entry, so that they are on no cycle any more
	stop bool   // do not follow calls of these

	stack []visit
	color []uint8
}

type visit struct{ node, next int32 }

// The colours of a depth-first walk.
const (
	white uint8 = iota
	grey
	black
)

func (w *callWalk) edges(n int32) (calls []wasmparse.FuncIdx, types []wasmparse.TypeIdx) {
	switch {
	case int(n) >= w.nf:
		return w.g.Taken[int(n)-w.nf], nil
	case int(n) < w.g.M.ImportedFuncs:
		return nil, nil
	}
	b := &w.g.Bodies[int(n)-w.g.M.ImportedFuncs]
	return b.Callees, b.Indirect
}

// walk visits every node depth first and calls done when all it leads to is done. On
// an edge back to a node that is still being visited it calls back.
func (w *callWalk) walk(done func(n int), back func(from, to int)) {
	w.color = make([]uint8, w.nf+len(w.g.M.Types))
	for root := w.g.M.ImportedFuncs; root < w.nf; root++ {
		if w.color[root] == white {
			w.from(int32(root), done, back)
		}
	}
}

// from is walk from one node.
func (w *callWalk) from(root int32, done func(n int), back func(from, to int)) {
	w.color[root] = grey
	w.stack = append(w.stack[:0], visit{node: root})
	for len(w.stack) > 0 {
		v := &w.stack[len(w.stack)-1]
		calls, types := w.edges(v.node)
		var to int32
		switch {
		case int(v.next) < len(calls):
			to = int32(calls[v.next])
		case int(v.next) < len(calls)+len(types):
			to = int32(w.nf) + int32(types[int(v.next)-len(calls)])
		default:
			w.color[v.node] = black
			if done != nil {
				done(int(v.node))
			}
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		v.next++
		if w.stop && int(to) < w.nf && w.cut[to] {
			continue
		}
		switch w.color[to] {
		case white:
			w.color[to] = grey
			w.stack = append(w.stack, visit{node: to})
		case grey:
			if back != nil {
				back(int(v.node), int(to))
			}
		}
	}
}

// cutCycles cuts functions so that no cycle is left: where an edge leads back to a
// function that is still being visited, that function; where it leads back to a type,
// the caller, as other cycles may leave the type another way.
func (w *callWalk) cutCycles() {
	w.walk(nil, func(from, to int) {
		if to >= w.nf {
			to = from
		}
		w.cut[to] = true
	})
}

// maxThinning bounds the edges followed to find functions that need not be cut, unless
// more work is asked for.
const maxThinning = 1 << 24

// thinLimit is the number of instructions up to which a function is looked at by thin.
// In larger ones a charge is lost, and it bounds what their callers may run: without
// it these reach foldLimit and are charged instead (SQLite: 1.16 against 1.02).
const thinLimit = 200

// thin takes back what is cut without need: a small function that lies on no cycle of
// functions that are not cut. The smallest come first.
func (w *callWalk) thin(edges int) {
	size := func(f int) int { return w.g.Bodies[f-w.g.M.ImportedFuncs].Instrs }
	var order []int
	for f, c := range w.cut {
		if c && size(f) <= thinLimit {
			order = append(order, f)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return size(order[i]) < size(order[j]) })
	seen := make([]int32, w.nf+len(w.g.M.Types))
	work := 0
	var todo []int32
	for round, f := range order {
		mark := int32(round + 1)
		todo = append(todo[:0], int32(f))
		cycle := false
		visit := func(n int32) {
			cycle = cycle || n == int32(f)
			if seen[n] != mark && (int(n) >= w.nf || !w.cut[n]) {
				seen[n] = mark
				todo = append(todo, n)
			}
		}
		for len(todo) > 0 && !cycle && work < edges {
			n := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			calls, types := w.edges(n)
			work += len(calls) + len(types)
			for _, c := range calls {
				visit(int32(c))
			}
			for _, t := range types {
				visit(int32(w.nf) + int32(t))
			}
		}
		if work >= edges {
			return
		}
		w.cut[f] = cycle
	}
}

// chargeKind is how a loop is charged.
type chargeKind uint8

const (
	chargeNone   chargeKind = iota
	chargeLatch             // at each of its one or two back edges
	chargeMerged            // at one latch that all back edges lead to
	chargeHead              // at the head, for loops with parameters
)

// A chargedLoop is what the first look at a body tells about a loop.
type chargedLoop struct {
	kind   chargeKind
	instrs uint64 // of one round, inner loops not counted
	weight uint32 // in reductions
	edges  uint32
	odd    bool // a back edge that is not a br or br_if
	// covered: every way round passes a call of a function that charges at its entry.
	covered bool
	// small: a few instructions without calls or inner loops. The budget is kept in a
	// local while it runs, or each round would wait for the store of the one before.
	small bool
	local uint32 // that local, in the output
}

// A charger rewrites functions; it moves them to the index space of the output, drops
// unreachable code, and adds the charges. Its memory is reused.
type charger struct {
	plan  *chargePlan // nil: nothing is charged
	g     *asyncify.Graph
	m     *wasmparse.Module // what functions are validated against
	shift uint32
	// Of the output: the budget, and the functions for the end of a slice and for bulk
	// instructions.
	budget wasmparse.GlobalIdx
	slow   wasmparse.FuncIdx
	bulk   wasmparse.FuncIdx

	in      *wasmparse.Func
	out     wasmparse.Func
	stack   wasmparse.Stack
	dead    deadCode
	loops   []chargedLoop // by order of their opening
	labels  []chargeLabel
	open    int // labels open in the output
	charges int
	merged  int // open loops with one latch
	carrier carrier
}

// A chargeLabel is a construct of the input around the current instruction.
type chargeLabel struct {
	label int // the output's label that branches to it lead to
	loop  int // index in loops, -1
	base  int // number of the first label opened for a charged loop
	mark  int // of the carrier, for a loop with one latch
}

// survey fills loops.
func (c *charger) survey() {
	c.loops = c.loops[:0]
	var around []int32 // loop index of each construct around, -1
	var openers []int  // their opening instructions
	inner := []int32{} // loops around
	for i := range c.in.Instrs {
		in := &c.in.Instrs[i]
		if in.Op == asyncify.OpCheckThrow {
			continue
		}
		if len(inner) > 0 {
			if in.Op.Info().Call || in.Op == wasmparse.OpBrTable || c.chargesBulk(i) || in.Op == wasmparse.OpBrOnNull || in.Op == wasmparse.OpBrOnNonNull ||
				in.Op == wasmparse.OpGlobalSet && in.A >= uint32(len(c.g.M.Globals)) {
				c.loops[inner[len(inner)-1]].small = false
			}
			c.loops[inner[len(inner)-1]].instrs += uint64(c.weigh(in))
		}
		edge := func(depth uint32, odd bool) {
			if int(depth) >= len(around) {
				return
			}
			if l := around[len(around)-1-int(depth)]; l >= 0 {
				c.loops[l].edges++
				c.loops[l].odd = c.loops[l].odd || odd
			}
		}
		switch in.Op {
		case wasmparse.OpLoop:
			n := int32(len(c.loops))
			l := chargedLoop{small: true}
			if n := len(inner); n > 0 {
				c.loops[inner[n-1]].small = false
			}
			if params, _ := c.m.BlockSig(in.BlockType()); len(params) > 0 {
				l.kind = chargeHead
			}
			c.loops = append(c.loops, l)
			around, openers = append(around, n), append(openers, i)
			inner = append(inner, n)
		case wasmparse.OpBlock, wasmparse.OpIf:
			around, openers = append(around, -1), append(openers, i)
		case wasmparse.OpEnd:
			if n := len(around); n > 0 {
				if around[n-1] >= 0 {
					inner = inner[:len(inner)-1]
				}
				around, openers = around[:n-1], openers[:n-1]
			}
		case wasmparse.OpBr:
			edge(in.A, false)
		case wasmparse.OpBrIf:
			edge(in.A, false)
			// An exit under a condition that takes operands has no place for the flush.
			if n := len(inner); n > 0 && c.loops[inner[n-1]].small && c.takesOperands(openers, in.A) {
				c.loops[inner[n-1]].small = false
			}
		case wasmparse.OpCall:
			// Right in the loop, and before any back edge: every way round comes by.
			if n := len(around); c.plan != nil && n > 0 && around[n-1] >= 0 && c.plan.charges(in.A) {
				if l := &c.loops[around[n-1]]; l.edges == 0 {
					l.covered = true
				}
			}
		case wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
			edge(in.A, true)
		case wasmparse.OpBrTable:
			for _, t := range c.in.Targets[in.B : in.B+uint64(in.A)] {
				edge(t, true)
			}
		}
	}
	for i := range c.loops {
		l := &c.loops[i]
		l.weight = reductions(l.instrs)
		switch {
		case c.plan == nil || l.edges == 0:
			l.kind = chargeNone
		case l.covered && !c.plan.simple:
			l.kind = chargeNone
		case l.kind == chargeHead:
		case l.odd || l.edges > 2:
			l.kind = chargeMerged
		default:
			l.kind = chargeLatch
		}
		l.small = l.small && l.kind == chargeLatch && l.instrs <= smallLoop && !c.plan.simple
	}
}

// takesOperands reports whether a branch to the label at depth takes operands.
func (c *charger) takesOperands(openers []int, depth uint32) bool {
	if int(depth) >= len(openers) {
		return len(c.in.Type.Results) > 0
	}
	in := &c.in.Instrs[openers[len(openers)-1-int(depth)]]
	params, results := c.m.BlockSig(in.BlockType())
	if in.Op == wasmparse.OpLoop {
		return len(params) > 0
	}
	return len(results) > 0
}

// smallLoop is the number of instructions up to which a loop's budget is kept in a
// local.
const smallLoop = 64

// weigh returns what an instruction adds to the weight of the loop around it.
func (c *charger) weigh(in *wasmparse.Instr) uint32 {
	if c.plan == nil {
		return 1
	}
	switch in.Op {
	case wasmparse.OpCall, wasmparse.OpReturnCall:
		if int(in.A) < len(c.plan.cost) {
			return 1 + c.plan.cost[in.A]
		}
	case wasmparse.OpCallIndirect, wasmparse.OpReturnCallIndirect, wasmparse.OpCallRef, wasmparse.OpReturnCallRef:
		if int(in.A) < len(c.g.Canon) {
			return 1 + c.plan.typ[c.g.Canon[in.A]]
		}
	}
	return 1
}

// rewrite validates in and returns the rewritten function, valid until the next call.
func (c *charger) rewrite(in *wasmparse.Func) (*wasmparse.Func, error) {
	c.in = in
	c.stack.Reset(c.m, in)
	out := &c.out
	out.Idx, out.Type = in.Idx+wasmparse.FuncIdx(c.shift), in.Type
	out.Locals = append(out.Locals[:0], in.Locals...)
	out.Instrs, out.Offs = out.Instrs[:0], out.Offs[:0]
	out.Targets = append(out.Targets[:0], in.Targets...)
	out.Bytes, out.Catches = in.Bytes, in.Catches
	c.survey()
	c.carrier.reset(len(in.Locals))
	c.merged = 0
	c.labels, c.open, c.charges = append(c.labels[:0], chargeLabel{loop: -1}), 1, 0

	weight := uint32(0)
	if c.plan != nil {
		weight = c.plan.entry[in.Idx]
	}
	if weight > 0 {
		c.emit(wasmparse.OpBlock, 0)
		c.open++
		c.charge(weight, 1)
	}
	loop := 0
	c.dead = deadCode{}
	last := len(in.Instrs) - 1
	for i := range in.Instrs {
		instr := &in.Instrs[i]
		live, skip := c.dead.at(instr.Op, &c.stack)
		if instr.Op == asyncify.OpCheckThrow {
			if instr.A != asyncify.CheckLeaves {
				c.copyLabel(i, instr)
			} else {
				c.copy(i, *instr)
			}
			continue
		}
		if err := c.stack.Step(i); err != nil {
			return nil, err
		}
		if skip {
			if instr.Op == wasmparse.OpLoop {
				loop++
			}
			continue
		}
		if i == last {
			break
		}
		switch instr.Op {
		case wasmparse.OpLoop:
			c.loop(i, instr, loop)
			loop++
		case wasmparse.OpBlock, wasmparse.OpIf:
			c.labels = append(c.labels, chargeLabel{label: c.open, loop: -1})
			c.open++
			c.copy(i, *instr)
		case wasmparse.OpEnd:
			c.end(i, live)
		case wasmparse.OpBr:
			c.branch(i, instr.A)
		case wasmparse.OpBrIf:
			l := c.target(instr.A)
			if l.loop >= 0 && c.loops[l.loop].kind == chargeLatch || c.leaves(instr.A) != nil {
				c.emit(wasmparse.OpIf, 0)
				c.open++
				c.branch(i, instr.A)
				c.emit(wasmparse.OpEnd, 0)
				c.open--
				continue
			}
			c.copyLabel(i, instr)
		case wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
			c.copyLabel(i, instr)
		case wasmparse.OpReturn:
			c.flush(uint32(len(c.labels) - 1))
			c.copy(i, *instr)
		case wasmparse.OpBrTable:
			t := out.Targets[instr.B : instr.B+uint64(instr.A)]
			for k := range t {
				t[k] = c.depth(t[k])
			}
			c.copy(i, *instr)
		case wasmparse.OpCall, wasmparse.OpReturnCall, wasmparse.OpRefFunc:
			moved := *instr
			if int(instr.A) >= c.g.M.ImportedFuncs {
				moved.A += c.shift
			}
			c.copy(i, moved)
		case wasmparse.OpMemoryCopy, wasmparse.OpMemoryFill, wasmparse.OpMemoryInit,
			wasmparse.OpTableCopy, wasmparse.OpTableFill, wasmparse.OpTableInit:
			c.chargeBulk(i)
			c.copy(i, *instr)
		default:
			if c.merged > 0 {
				c.carrier.use(instr)
			}
			c.copy(i, *instr)
		}
	}
	if weight > 0 {
		if c.reachableEnd() {
			c.emit(wasmparse.OpReturn, 0)
		}
		c.emit(wasmparse.OpEnd, 0)
		c.emit(wasmparse.OpCall, uint32(c.slow))
		// The function starts again, and so the charge is made again: give back what it
		// takes, or a slice smaller than the weight would never get past it.
		c.emit(wasmparse.OpGlobalGet, uint32(c.budget))
		c.constant(weight)
		c.emit(wasmparse.OpI32Add, 0)
		c.emit(wasmparse.OpGlobalSet, uint32(c.budget))
		for k := range in.Type.Params {
			c.emit(wasmparse.OpLocalGet, uint32(k))
		}
		// Only tail calls come round without ever returning; a frame left behind at every
		// slice would then add up.
		again := wasmparse.OpCall
		if c.plan.tailCalls {
			again = wasmparse.OpReturnCall
		}
		c.emit(again, uint32(out.Idx))
	}
	c.emit(wasmparse.OpEnd, 0)
	link(out)
	return out, nil
}

// reachableEnd reports whether what has been written can run to its end.
func (c *charger) reachableEnd() bool {
	n := len(c.out.Instrs)
	return n == 0 || !c.out.Instrs[n-1].Op.Leaves()
}

func (c *charger) emit(op wasmparse.Opcode, a uint32) {
	c.out.Instrs = append(c.out.Instrs, wasmparse.Instr{Op: op, A: a})
	off := uint32(0)
	if n := len(c.out.Offs); n > 0 {
		off = c.out.Offs[n-1]
	}
	c.out.Offs = append(c.out.Offs, off)
}

func (c *charger) copy(i int, in wasmparse.Instr) {
	c.out.Instrs = append(c.out.Instrs, in)
	c.out.Offs = append(c.out.Offs, c.in.Offs[i])
}

func (c *charger) target(depth uint32) *chargeLabel {
	return &c.labels[len(c.labels)-1-int(depth)]
}

func (c *charger) depth(depth uint32) uint32 {
	return uint32(c.open - 1 - c.target(depth).label)
}

func (c *charger) copyLabel(i int, in *wasmparse.Instr) {
	moved := *in
	moved.A = c.depth(in.A)
	c.copy(i, moved)
}

// branch writes an unconditional branch, with a charge if it closes a cycle.
func (c *charger) branch(i int, depth uint32) {
	l := *c.target(depth)
	if l.loop >= 0 && c.loops[l.loop].kind == chargeLatch {
		c.chargeLatch(&l)
	}
	c.flush(depth)
	c.copy(i, wasmparse.Instr{Op: wasmparse.OpBr, A: c.depth(depth)})
}

// chargeLatch charges at a back edge to the loop of l.
func (c *charger) chargeLatch(l *chargeLabel) {
	loop := &c.loops[l.loop]
	if !loop.small {
		c.charge(loop.weight, l.base+2)
		return
	}
	c.charges++
	c.emit(wasmparse.OpLocalGet, loop.local)
	c.constant(loop.weight)
	c.emit(wasmparse.OpI32Sub, 0)
	c.emit(wasmparse.OpLocalTee, loop.local)
	c.constant(0)
	c.emit(wasmparse.OpI32LtS, 0)
	c.emit(wasmparse.OpBrIf, uint32(c.open-1-(l.base+2)))
}

// flush writes the budget back where a branch leaves a small loop.
func (c *charger) flush(depth uint32) {
	if loop := c.leaves(depth); loop != nil {
		c.emit(wasmparse.OpLocalGet, loop.local)
		c.emit(wasmparse.OpGlobalSet, uint32(c.budget))
	}
}

// leaves returns the small loop that a branch leaves, nil if there is none.
func (c *charger) leaves(depth uint32) *chargedLoop {
	for k := len(c.labels) - 1; k >= 0; k-- {
		if l := &c.labels[k]; l.loop >= 0 {
			if loop := &c.loops[l.loop]; loop.small && len(c.labels)-1-int(depth) < k {
				return loop
			}
			return nil
		}
	}
	return nil
}

// charge subtracts from the budget and leaves for the cold label if it has run out.
// cold is the number of that label, 0 if there is none.
func (c *charger) charge(weight uint32, cold int) {
	c.charges++
	b := uint32(c.budget)
	c.emit(wasmparse.OpGlobalGet, b)
	c.constant(weight)
	c.emit(wasmparse.OpI32Sub, 0)
	c.emit(wasmparse.OpGlobalSet, b)
	c.emit(wasmparse.OpGlobalGet, b)
	c.constant(0)
	c.emit(wasmparse.OpI32LtS, 0)
	if cold > 0 {
		c.emit(wasmparse.OpBrIf, uint32(c.open-1-cold))
	}
}

func (c *charger) constant(v uint32) {
	c.emit(wasmparse.OpI32Const, 0)
	c.out.Instrs[len(c.out.Instrs)-1].B = uint64(v)
}

// loop opens a loop and the labels its charge needs.
func (c *charger) loop(i int, in *wasmparse.Instr, n int) {
	l := chargeLabel{loop: n, base: c.open}
	switch c.loops[n].kind {
	case chargeNone, chargeHead:
		l.label = c.open
		c.open++
		c.copy(i, *in)
		if c.loops[n].kind == chargeHead {
			c.charge(c.loops[n].weight, 0)
			c.emit(wasmparse.OpIf, 0)
			c.emit(wasmparse.OpCall, uint32(c.slow))
			c.emit(wasmparse.OpEnd, 0)
		}
	case chargeLatch, chargeMerged:
		c.emit(wasmparse.OpBlock, in.A)
		c.emit(wasmparse.OpLoop, 0)
		if loop := &c.loops[n]; loop.small {
			loop.local = uint32(len(c.out.Locals))
			c.out.Locals = append(c.out.Locals, wasmparse.I32)
			c.emit(wasmparse.OpGlobalGet, uint32(c.budget))
			c.emit(wasmparse.OpLocalSet, loop.local)
		}
		c.emit(wasmparse.OpBlock, 0)
		c.emit(wasmparse.OpLoop, 0)
		c.open += 4
		l.label = c.open - 1
		if c.loops[n].kind == chargeMerged {
			c.emit(wasmparse.OpBlock, 0)
			c.open++
			l.label = c.open - 1
			l.mark = len(c.carrier.uses)
			c.merged++
		}
	}
	c.labels = append(c.labels, l)
}

// end closes a construct.
func (c *charger) end(i int, live bool) {
	l := c.labels[len(c.labels)-1]
	c.labels = c.labels[:len(c.labels)-1]
	kind := chargeNone
	if l.loop >= 0 {
		kind = c.loops[l.loop].kind
	}
	if kind == chargeNone || kind == chargeHead {
		c.open--
		c.copy(i, c.in.Instrs[i])
		return
	}
	if live {
		if loop := &c.loops[l.loop]; loop.small {
			c.emit(wasmparse.OpLocalGet, loop.local)
			c.emit(wasmparse.OpGlobalSet, uint32(c.budget))
		}
		c.emit(wasmparse.OpBr, uint32(c.open-1-l.base))
	}
	if kind == chargeMerged {
		c.emit(wasmparse.OpEnd, 0)
		c.open--
		c.charge(c.loops[l.loop].weight, l.base+2)
		c.emit(wasmparse.OpBr, 0)
	}
	c.emit(wasmparse.OpEnd, 0) // $L
	c.emit(wasmparse.OpEnd, 0) // $C
	if kind == chargeMerged {
		c.copyCarried(l.mark)
		c.merged--
	}
	c.emit(wasmparse.OpCall, uint32(c.slow))
	c.emit(wasmparse.OpBr, 0)
	c.emit(wasmparse.OpEnd, 0) // $O
	c.emit(wasmparse.OpUnreachable, 0)
	c.emit(wasmparse.OpEnd, 0) // $X
	c.open -= 4
}

// bulkFree is how many bytes or elements a bulk instruction may move without a charge
// of its own.
const bulkFree = 4096

// chargesBulk reports whether an instruction is charged by its length: a bulk instruction
// whose length is no small constant.
func (c *charger) chargesBulk(i int) bool {
	switch c.in.Instrs[i].Op {
	case wasmparse.OpMemoryCopy, wasmparse.OpMemoryFill, wasmparse.OpMemoryInit,
		wasmparse.OpTableCopy, wasmparse.OpTableFill, wasmparse.OpTableInit:
	default:
		return false
	}
	if c.plan == nil {
		return false
	}
	length := &c.in.Instrs[i-1]
	return length.Op != wasmparse.OpI32Const || uint32(length.B) > bulkFree
}

// chargeBulk charges for the length on top of the stack.
func (c *charger) chargeBulk(i int) {
	if !c.chargesBulk(i) {
		return
	}
	c.charges++
	c.copy(i, wasmparse.Instr{Op: wasmparse.OpCall, A: uint32(c.bulk)})
}

// deadCode finds the instructions that are dropped because control cannot come to them:
// all but what closes the construct they are in.
type deadCode struct {
	depth int // constructs around that are unreachable as a whole
}

// at is asked before each Step. live says whether control can come to the instruction;
// skip, that it is to be dropped.
func (d *deadCode) at(op wasmparse.Opcode, s *wasmparse.Stack) (live, skip bool) {
	if d.depth == 0 && s.Reachable() {
		return true, false
	}
	switch {
	case op.Opens():
		d.depth++
	case op == wasmparse.OpEnd && d.depth > 0:
		d.depth--
	case d.depth == 0 && (op == wasmparse.OpEnd || op == wasmparse.OpElse):
		return false, false
	}
	return false, true
}

// link sets what structured instructions know of each other.
func link(f *wasmparse.Func) {
	var open []int32
	for i := range f.Instrs {
		in := &f.Instrs[i]
		switch in.Op {
		case wasmparse.OpBlock, wasmparse.OpLoop, wasmparse.OpIf:
			in.B = 0
			open = append(open, int32(i))
		case wasmparse.OpElse:
			opener := open[len(open)-1]
			f.Instrs[opener].B = uint64(i)
			in.B = uint64(opener)
		case wasmparse.OpEnd:
			if len(open) == 0 {
				in.B = wasmparse.FuncEnd
				return
			}
			n := open[len(open)-1]
			open = open[:len(open)-1]
			opener := &f.Instrs[n]
			if e := int(uint32(opener.B)); opener.Op == wasmparse.OpIf && e != 0 {
				f.Instrs[e].B |= uint64(i) << 32
			}
			opener.B |= uint64(i) << 32
			in.B = uint64(n)
		}
	}
}

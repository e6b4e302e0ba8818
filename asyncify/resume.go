package asyncify

import (
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// The resume clone has the parameters (site, r), then all locals of the function.
const (
	paramSite   = 0
	paramResult = 1
	cloneParams = 2
)

// labels maps the labels of the function to those of the clone, which has more.
type labels struct {
	open  int     // labels open in the clone
	outer []outer // constructs of the function around the current point
}

type outer struct {
	label int   // number of the clone's label, counted from the outside
	item  int32 // the item it is, -1 if it has no sites
}

func (l *labels) depth(d uint32) uint32 {
	return uint32(l.open - 1 - l.outer[len(l.outer)-1-int(d)].label)
}

// level is the list of items that the emitter is going through.
type level struct {
	next  int32 // the item to come, -1 if there is none
	reach bool  // whether its start can be reached other than by resuming
}

// resume writes the resume clone: the function once more, with a way in behind every
// site. See doc.go, "The resume clone".
//
//	block $left
//	  block $landing [] -> results
//	    block $spill
//	      take the values of the frame
//	      loop $top
//	        block $again [] -> [i32]
//	          dispatch on the site; the function, in which after a call of site 5 stand
//	            r = result; i32.const 5; br $again; the way in behind site 5
//	          br $landing
//	        end
//	        site = the number on the operand stack
//	        if budget >= 0 { br $top }
//	      end
//	    end
//	    write the frame
//	    br $left
//	  end
//	  return the results
//	end
//	0
//
// So behind a site there is one way in, not another one of the call that has returned:
// each local has one place that all ways in share, where the engine would merge two
// variables for each local at each site. What it costs is a dispatch for each call of a
// site in a frame that has been resumed. Loops have a $top and an $again of their own.
func (e *emitter) resume() []byte {
	e.again, e.unwinds = false, false
	out := e.resumeWith(true, true)
	if !e.again { // no site comes after another but in loops
		out = e.resumeWith(false, e.unwinds)
	}
	return out
}

func (e *emitter) resumeWith(again, spills bool) []byte {
	e.out, e.relocs, e.shift, e.clone = e.out[:0], e.relocs[:0], cloneParams, true
	e.labels = labels{outer: e.labels.outer[:0]}
	e.levels, e.pending, e.agains = e.levels[:0], e.pending[:0], e.agains[:0]
	e.reach, e.resets = false, 0
	results := e.fn.Type.Results
	e.label() // 0: left with a branch when suspended or throwing
	e.out = append(e.out, opBlock)
	e.out = wasmencode.AppendBlockType(e.out, e.landing())
	e.enter(-1)
	if spills {
		e.spills = e.label()
	}
	if e.base != 0 {
		e.pc()
		e.out = append(appendI32Const(e.out, int32(e.base)), opI32Sub)
		e.out = appendOp(e.out, wasmparse.OpLocalSet, paramSite)
	}
	e.byGroup(func(g *group) {
		locals := e.localsOf(g)
		if len(locals) == 0 {
			return
		}
		e.callHelper(helper{layout: g.layout, load: true})
		for v := len(locals) - 1; v >= 0; v-- {
			e.local(wasmparse.OpLocalSet, locals[v])
		}
	})
	if again {
		e.openAgain(0)
	}
	last := len(e.fn.Instrs) - 1
	for i := e.begin(0, e.first, 0, 0); i < last; {
		i = e.step(i)
	}
	if spills {
		e.br(opBr, 1)
	}
	if again {
		e.closeAgain()
	}
	if spills {
		e.endLabel()
		e.byGroup(func(g *group) {
			e.pc()
			e.siteNumber()
			for _, l := range e.localsOf(g) {
				e.local(wasmparse.OpLocalGet, l)
			}
			e.callHelper(helper{layout: g.layout})
		})
		e.br(opBr, 0)
	}
	e.out = append(e.out, opEnd)
	e.deliver(results)
	e.out = append(e.out, opReturn, opEnd, 0x42, 0, opEnd)
	return e.finish(e.fn.Locals)
}

// openAgain opens a loop with a dispatch, which returns what t says when it is left by
// its last end.
func (e *emitter) openAgain(t wasmparse.BlockType) {
	e.out = wasmencode.AppendBlockType(append(e.out, opLoop), t)
	e.out = append(e.out, opBlock, byte(wasmparse.I32))
	e.labels.open += 2
	e.agains = append(e.agains, e.labels.open-1)
}

// closeAgain closes it: with the number of a site on the operand stack, that one is
// next, or the function is left there.
func (e *emitter) closeAgain() {
	e.agains = e.agains[:len(e.agains)-1]
	e.endLabel()
	e.out = appendOp(e.out, wasmparse.OpLocalSet, paramSite)
	e.global(wasmparse.OpGlobalGet, e.env.Budget)
	if e.catches() { // an exception is looked for behind the call
		e.out = appendI32Const(e.out, rtlib.Unwinding)
		e.out = append(e.out, opI32Ne)
	} else {
		e.out = append(e.out, 0x41, 0, opI32GeS)
	}
	e.out = append(e.out, opBrIf, 0)
	e.br(opBr, e.spills)
	e.unwinds = true
	e.endLabel()
}

// toAgain goes to the site whose number is on the operand stack.
func (e *emitter) toAgain() {
	n := len(e.agains) - 1
	e.br(opBr, e.agains[n])
	e.again = e.again || n == 0
}

// catches reports whether a site of the function can come back with an exception.
func (e *emitter) catches() bool {
	for n := range e.sites {
		if e.fn.Instrs[e.sites[n].instr+1].Op == OpCheckThrow {
			return true
		}
	}
	return false
}

// byGroup writes code for each group, which is run if the site is one of it.
func (e *emitter) byGroup(code func(g *group)) {
	last := len(e.groups) - 1
	if last > 0 {
		e.label()
	}
	for g := range e.groups[:last] {
		e.pc()
		e.out = appendI32Const(e.out, e.groups[g].end)
		e.out = append(e.out, opI32LtU, opIf, blockVoid)
		code(&e.groups[g])
		e.out = append(e.out, opBr, 1, opEnd)
	}
	code(&e.groups[last])
	if last > 0 {
		e.endLabel()
	}
}

// landing is the type of a block with the function's results.
func (e *emitter) landing() wasmparse.BlockType {
	switch r := e.fn.Type.Results; len(r) {
	case 0:
		return 0
	case 1:
		return wasmparse.BlockType(r[0])
	}
	t := e.env.G.Canon[e.typeIdx()]
	return wasmparse.BlockTypeIdx | wasmparse.BlockType(e.env.Landing[t])
}

func (e *emitter) typeIdx() wasmparse.TypeIdx { return e.env.M.Funcs[e.fn.Idx] }

// enter notes that a label has been opened for a construct of the function.
func (e *emitter) enter(item int32) {
	e.labels.outer = append(e.labels.outer, outer{e.labels.open, item})
	e.labels.open++
}

// label opens a block of the clone's own and returns its number.
func (e *emitter) label() int {
	e.out = append(e.out, opBlock, blockVoid)
	e.labels.open++
	return e.labels.open - 1
}

func (e *emitter) endLabel() {
	e.out = append(e.out, opEnd)
	e.labels.open--
}

func (e *emitter) br(op byte, label int) {
	e.out = wasmencode.AppendU32(append(e.out, op), uint32(e.labels.open-1-label))
}

// step writes instruction i, or the item it is, and returns what comes next.
func (e *emitter) step(i int) int {
	lv := &e.levels[len(e.levels)-1]
	if n := lv.next; n >= 0 && e.items[n].instr == i {
		lv.next = e.items[n].next
		if j := e.items[n].join; j >= 0 {
			e.agains = append(e.agains, e.items[j].joinLabel)
		}
		if e.items[n].site >= 0 {
			return e.site(&e.items[n])
		}
		return e.construct(n)
	}
	in := &e.fn.Instrs[i]
	switch in.Op {
	case wasmparse.OpBlock, wasmparse.OpLoop, wasmparse.OpIf:
		e.instr(in)
		e.enter(-1)
	case wasmparse.OpElse:
		return e.elseArm(i)
	case wasmparse.OpEnd:
		e.endConstruct(i)
	case wasmparse.OpReturn:
		e.br(opBr, 1)
	case wasmparse.OpReturnCall, wasmparse.OpReturnCallIndirect, wasmparse.OpReturnCallRef:
		// The callee's results have to be delivered, so it cannot replace the clone. If it
		// suspends, what is delivered here is never looked at.
		call := *in
		switch in.Op {
		case wasmparse.OpReturnCall:
			call.Op = wasmparse.OpCall
		case wasmparse.OpReturnCallIndirect:
			call.Op = wasmparse.OpCallIndirect
		default:
			call.Op = wasmparse.OpCallRef
		}
		e.instr(&call)
		e.br(opBr, 1)
	case OpCheckThrow:
		e.checkThrow(in.A)
	default:
		e.instr(in)
	}
	e.keepCopies(i)
	return i + 1
}

// begin starts the level whose first instruction is i and whose first item is first,
// with params values of a block on the operand stack, to be kept in the slots at
// slotList[slots]. It returns where to go on.
func (e *emitter) begin(i int, first int32, params, slots uint32) int {
	e.levels = append(e.levels, level{first, e.reach})
	if first < 0 {
		if e.reach {
			return i
		}
		// An arm that is entered neither from above nor by resuming.
		e.out = append(e.out, opUnreachable)
		return e.armEnd(i)
	}
	for k := int(params) - 1; k >= 0; k-- {
		e.local(wasmparse.OpLocalSet, e.slotList[int(slots)+k])
	}
	x := &e.items[e.leaf(first)]
	op := e.fn.Instrs[x.instr].Op
	deferred := x.site < 0 && op != wasmparse.OpIf && (!e.reach || x.instr == i && x.below+x.params == 0 && params == 0)
	only := !e.reach && e.items[first].next < 0 && !e.waiting()
	e.openLabels(first, deferred || only)
	e.pending = append(e.pending, first)
	if !deferred {
		if !only {
			e.dispatch()
		}
		e.pending = e.pending[:0]
	}
	if !e.reach {
		return e.items[first].instr
	}
	for k := range int(params) {
		e.local(wasmparse.OpLocalGet, e.slotList[int(slots)+k])
	}
	return i
}

// waiting reports whether any item of the levels opened so far needs a dispatch.
func (e *emitter) waiting() bool {
	for _, first := range e.pending {
		if e.items[e.leaf(first)].label >= 0 || e.items[first].next >= 0 {
			return true
		}
	}
	return false
}

// armEnd returns the else or end that closes the level at whose start, i, we are.
func (e *emitter) armEnd(i int) int {
	opening := &e.fn.Instrs[i-1]
	if opening.Op == wasmparse.OpIf && opening.Else() != 0 {
		return opening.Else()
	}
	return opening.End()
}

// openLabels opens the labels of a level's items, the last item's first. The first
// item gets none if skip is set.
func (e *emitter) openLabels(first int32, skip bool) {
	chain := e.chain[:0]
	for n := first; n >= 0; n = e.items[n].next {
		chain = append(chain, n)
	}
	e.chain = chain
	for k := len(chain) - 1; k >= 0; k-- {
		x := &e.items[chain[k]]
		for ; x.inline; x = &e.items[x.first] {
			e.instr(&e.fn.Instrs[x.instr])
			x.label = e.labels.open
			e.labels.open++
		}
		x.label = -1
		if k > 0 || !skip {
			x.label = e.label()
		}
		if x.joins {
			e.out = append(e.out, opBlock, byte(wasmparse.I32))
			x.joinLabel = e.labels.open
			e.labels.open++
		}
	}
}

// dispatch branches to the item that holds the site to be resumed, for the items of
// all open levels; their sites are in ascending order from the innermost level's on.
func (e *emitter) dispatch() {
	targets := e.chain[:0]
	for k := len(e.pending) - 1; k >= 0; k-- {
		for n := e.pending[k]; n >= 0; n = e.items[n].next {
			if leaf := e.leaf(n); e.items[leaf].label >= 0 {
				targets = append(targets, leaf)
			}
		}
	}
	e.chain = targets
	for len(targets) > 0 {
		n := 1 // sites next to each other
		for n < len(targets) && e.items[targets[n-1]].hi == e.items[targets[n-1]].lo+1 &&
			e.items[targets[n]].lo == e.items[targets[n-1]].hi && e.items[targets[n]].hi == e.items[targets[n]].lo+1 {
			n++
		}
		last := !e.reach && n == len(targets)
		if n > 2 {
			e.dispatchTable(targets[:n], last)
		} else {
			e.dispatchChain(targets[:n], last)
		}
		targets = targets[n:]
	}
}

// dispatchTable goes to one of several sites next to each other; to no other site if
// last is set. A table has each label once: for each of its entries the engine emits all
// the moves to the label.
func (e *emitter) dispatchTable(targets []int32, last bool) {
	other := -1
	if !last {
		other = e.label()
	}
	e.fromEntry(e.items[targets[0]].lo)
	e.out = append(e.out, opBrTable)
	count := len(targets)
	if last {
		count-- // the last one is the default
	}
	e.out = wasmencode.AppendU32(e.out, uint32(count))
	for _, n := range targets {
		e.out = wasmencode.AppendU32(e.out, uint32(e.labels.open-1-e.items[n].label))
	}
	if !last {
		e.out = wasmencode.AppendU32(e.out, uint32(e.labels.open-1-other))
		e.endLabel()
	}
}

// dispatchChain compares one by one. On a normal way the site is none of theirs.
func (e *emitter) dispatchChain(targets []int32, last bool) {
	for k, n := range targets {
		x := &e.items[n]
		switch {
		case last && k == len(targets)-1:
			e.br(opBr, x.label)
			return
		case !e.reach:
			e.pc()
			e.out = append(appendI32Const(e.out, x.hi), opI32LtU)
		default:
			e.within(x.lo, x.hi)
		}
		e.br(opBrIf, x.label)
	}
}

// within pushes whether the site is lo or above, and below hi.
func (e *emitter) within(lo, hi int32) {
	if hi == lo+1 {
		e.pc()
		e.out = append(appendI32Const(e.out, lo), opI32Eq)
		return
	}
	e.fromEntry(lo)
	e.out = append(appendI32Const(e.out, hi-lo), opI32LtU)
}

// fromEntry pushes how far the site is behind entry lo.
func (e *emitter) fromEntry(lo int32) {
	e.pc()
	if lo != 0 {
		e.out = append(appendI32Const(e.out, lo), opI32Sub)
	}
}

// pc pushes the number of the site behind which the clone was entered last.
func (e *emitter) pc() {
	e.out = appendOp(e.out, wasmparse.OpLocalGet, paramSite)
}

// construct enters a construct that contains sites.
func (e *emitter) construct(n int32) int {
	x := &e.items[n]
	in := &e.fn.Instrs[x.instr]
	if x.inline {
		return e.inline(n)
	}
	slots := e.slotList[x.slots : x.slots+x.below+x.params]
	direct := x.label < 0 && e.reach // the first thing in its level: nothing on the stack
	var cond uint32
	if in.Op == wasmparse.OpIf && e.reach {
		cond = e.slot(condSlot, wasmparse.I32)
	}
	if x.label >= 0 {
		if e.reach {
			if in.Op == wasmparse.OpIf {
				e.local(wasmparse.OpLocalSet, cond)
			}
			for k := len(slots) - 1; k >= int(x.below); k-- {
				e.local(wasmparse.OpLocalSet, slots[k])
			}
			e.drop(int(x.below))
		}
		e.endLabel()
	}
	// What is below stays away until the end: when resuming it is not known before the
	// frame has been loaded.
	if !direct {
		for _, l := range slots[x.below:] {
			e.local(wasmparse.OpLocalGet, l)
		}
	}
	switch in.Op {
	case wasmparse.OpIf:
		e.condition(x, cond)
	case wasmparse.OpLoop:
		e.reach = true
		if e.isFlat(x) {
			e.flatLoop(n)
			return e.begin(x.instr+1, x.first, 0, 0)
		}
		e.resets++
	}
	e.instr(in)
	e.enter(n)
	return e.begin(x.instr+1, x.first, x.params, x.slots+x.below)
}

// inline enters a block whose label has been opened together with those of the level around.
func (e *emitter) inline(n int32) int {
	x := &e.items[n]
	e.labels.outer = append(e.labels.outer, outer{x.label, n})
	e.levels = append(e.levels, level{x.first, e.reach})
	if !e.reach {
		return e.items[x.first].instr
	}
	e.drop(int(x.below))
	return x.instr + 1
}

// flatLoop opens a loop:
//
//	block $out [] -> results
//	  loop $top
//	    block $again [] -> [i32]
//	      block $continue
//	        dispatch; the loop's body, with $continue for its label
//	        br $out
//	      end
//	      i32.const -1
//	    end
//	    as in the function
//	  end
//	end
func (e *emitter) flatLoop(n int32) {
	t := e.loopResult(&e.items[n])
	e.out = wasmencode.AppendBlockType(append(e.out, opBlock), t)
	e.labels.open++
	e.openAgain(t)
	e.out = append(e.out, opBlock, blockVoid)
	e.enter(n)
}

// loopResult is the type of the block that stands for a loop: its result, unless that
// goes by way of slots.
func (e *emitter) loopResult(x *item) wasmparse.BlockType {
	_, results := e.env.M.BlockSig(e.fn.Instrs[x.instr].BlockType())
	if x.below > 0 || len(results) != 1 {
		return 0
	}
	return wasmparse.BlockType(results[0])
}

// endFlatLoop closes a loop, whose results are on the operand stack or in slots.
func (e *emitter) endFlatLoop(x *item) {
	if last := &e.fn.Instrs[e.fn.Instrs[x.instr].End()-1]; !last.Op.Leaves() {
		e.out = append(e.out, opBr, 3)
	}
	e.endLabel()
	e.out = append(e.out, 0x41, 0x7f)
	e.closeAgain()
	e.endLabel()
}

// condition pushes the condition of an if: when resuming, whether the site is in the
// first arm; else what the function has computed.
func (e *emitter) condition(x *item, cond uint32) {
	mid := x.mid
	if x.second < 0 {
		mid = x.hi
	}
	e.pc()
	e.out = append(appendI32Const(e.out, mid), opI32LtU)
	if e.reach {
		e.local(wasmparse.OpLocalGet, cond)
		e.within(x.lo, x.hi)
		e.out = append(e.out, opSelect)
	}
}

func (e *emitter) drop(n int) {
	for range n {
		e.out = append(e.out, opDrop)
	}
}

// elseArm goes on with the second arm of an if.
func (e *emitter) elseArm(i int) int {
	o := e.labels.outer[len(e.labels.outer)-1]
	e.out = append(e.out, opElse)
	if o.item < 0 {
		e.keepCopies(i)
		return i + 1
	}
	x := &e.items[o.item]
	e.reach = e.levels[len(e.levels)-1].reach
	e.levels = e.levels[:len(e.levels)-1]
	if x.second < 0 && e.reach {
		e.levels = append(e.levels, level{-1, e.reach})
		e.keepCopies(i)
		return i + 1
	}
	if x.second < 0 {
		e.levels = append(e.levels, level{-1, e.reach})
		e.out = append(e.out, opUnreachable)
		return e.fn.Instrs[i].End()
	}
	return e.begin(i+1, x.second, x.params, x.slots+x.below)
}

// endConstruct closes a construct.
func (e *emitter) endConstruct(i int) {
	o := e.labels.outer[len(e.labels.outer)-1]
	e.labels.outer = e.labels.outer[:len(e.labels.outer)-1]
	if o.item < 0 {
		e.endLabel()
		return
	}
	x := &e.items[o.item]
	_, results := e.env.M.BlockSig(e.fn.Instrs[x.instr].BlockType())
	flat := e.isFlat(x)
	inSlots := x.below > 0 || flat && len(results) > 1
	store := func() {
		for k := len(results) - 1; k >= 0 && inSlots; k-- {
			e.local(wasmparse.OpLocalSet, e.slot(resultSlot+uint32(k), results[k]))
		}
	}
	if flat {
		store()
		e.endFlatLoop(x)
	} else {
		e.endLabel()
		store()
	}
	e.levels = e.levels[:len(e.levels)-1]
	e.reach = true
	if !flat && e.fn.Instrs[x.instr].Op == wasmparse.OpLoop {
		e.resets--
	}
	for _, l := range e.slotList[x.slots : x.slots+x.below] {
		e.local(wasmparse.OpLocalGet, l)
	}
	for k := 0; k < len(results) && inSlots; k++ {
		e.local(wasmparse.OpLocalGet, e.slot(resultSlot+uint32(k), results[k]))
	}
}

// site writes a call that may suspend and the way in behind it, and returns what
// comes next.
func (e *emitter) site(x *item) int {
	s := &e.sites[x.site]
	in := &e.fn.Instrs[s.instr]
	results := e.env.callee(in).typ.Results
	if e.reach {
		e.instr(in)
		if len(results) > 0 {
			e.deliver(results)
			e.out = appendOp(e.out, wasmparse.OpLocalSet, paramResult)
		}
		e.out = appendI32Const(e.out, s.num)
		e.toAgain()
	}
	if x.joins {
		e.agains = e.agains[:len(e.agains)-1]
		e.endLabel()
		e.toAgain()
	}
	if x.label >= 0 {
		e.endLabel()
	}
	if e.resets > 0 {
		e.out = append(e.out, 0x41, 0x7f)
		e.out = appendOp(e.out, wasmparse.OpLocalSet, paramSite)
	}
	next := s.instr + 1
	if check := &e.fn.Instrs[next]; check.Op == OpCheckThrow {
		e.checkThrow(check.A)
		next++
	}
	for _, l := range e.slotList[s.slots+s.level : s.slots+s.height] {
		e.local(wasmparse.OpLocalGet, l)
	}
	e.fetch(results)
	e.keepCopies(s.instr)
	e.reach = true
	return next
}

// Heights that no operand has, for locals of the clone's own.
const (
	resultSlot = 1 << 30
	condSlot   = 1 << 31
)

// fetch pushes the results of the call that is resumed, from r and the globals.
func (e *emitter) fetch(results []wasmparse.ValType) {
	next := 0
	cell := func() {
		e.global(wasmparse.OpGlobalGet, e.env.Results[next])
		next++
	}
	for k, t := range results {
		if t.IsRef() {
			e.global(wasmparse.OpGlobalGet, e.env.RefResults[t][e.refOrdinal(results[:k], t)])
			continue
		}
		if k == 0 {
			e.out = appendOp(e.out, wasmparse.OpLocalGet, paramResult)
		} else {
			cell()
		}
		switch t {
		case wasmparse.I32:
			e.out = append(e.out, opI32Wrap)
		case wasmparse.F32:
			e.out = append(e.out, opI32Wrap, opF32FromI32)
		case wasmparse.F64:
			e.out = append(e.out, opF64FromI64)
		case wasmparse.V128:
			e.out = append(e.out, 0xfd, i64x2Splat)
			cell()
			e.out = append(e.out, 0xfd, i64x2ReplaceLane, 1)
		}
	}
}

// refOrdinal counts the results of type t before.
func (e *emitter) refOrdinal(before []wasmparse.ValType, t wasmparse.ValType) int {
	n := 0
	for _, b := range before {
		if b == t {
			n++
		}
	}
	return n
}

const (
	i64x2Splat       = 18
	i64x2ExtractLane = 29
	i64x2ReplaceLane = 30
)

// deliver turns the function's results on the operand stack into the clone's result
// and the globals.
func (e *emitter) deliver(results []wasmparse.ValType) {
	cells := extraResults(results, func(wasmparse.ValType, int) {})
	for k := len(results) - 1; k >= 0; k-- {
		t := results[k]
		cell := func() {
			cells--
			e.global(wasmparse.OpGlobalSet, e.env.Results[cells])
		}
		if t.IsRef() {
			e.global(wasmparse.OpGlobalSet, e.env.RefResults[t][e.refOrdinal(results[:k], t)])
			if k == 0 {
				e.out = append(e.out, 0x42, 0)
			}
			continue
		}
		switch t {
		case wasmparse.I32:
			e.out = append(e.out, opI64ExtendU)
		case wasmparse.F32:
			e.out = append(e.out, opI32FromF32, opI64ExtendU)
		case wasmparse.F64:
			e.out = append(e.out, opI64FromF64)
		case wasmparse.V128:
			v := e.slot(resultSlot, wasmparse.V128)
			e.local(wasmparse.OpLocalTee, v)
			e.out = append(e.out, 0xfd, i64x2ExtractLane, 1)
			cell()
			e.local(wasmparse.OpLocalGet, v)
			e.out = append(e.out, 0xfd, i64x2ExtractLane, 0)
		}
		if k > 0 {
			cell()
		}
	}
	if len(results) == 0 {
		e.out = append(e.out, 0x42, 0)
	}
}

package asyncify

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// OpCheckThrow is an instruction of ours that the lowering of exceptions puts behind
// a call that may throw: A is the depth of the label to branch to if it did, or
// CheckLeaves if the exception leaves the function. It is never encoded.
const (
	OpCheckThrow = wasmparse.Opcode(0xfffe)
	CheckLeaves  = ^uint32(0)
)

// A plan is what the two emitters need to know of one function. Its memory is reused.
type plan struct {
	env *Env
	fn  *wasmparse.Func // indices of the output; no unreachable code

	sites []site
	items []item   // constructs and sites that contain sites, see item
	live  []uint32 // what is live at each site, in the order of its layout

	groups      []group  // of sites that have one frame
	frameLocals []uint32 // of all groups, each in the order of its layout
	member      []uint32 // by local: one more than the group it was last put into

	// keep[i] is how many of the values that instruction i pushes (for an opening: its
	// parameters) are still on the operand stack at a site: they are copied to slots,
	// the first of them to keepSlot[i].
	keep, keepSlot []uint32
	// slotBase: locals beyond fn.Locals that hold copies of operands.
	slots    []wasmparse.ValType
	slotKeys []slotKey
	slotOf   map[slotKey]uint32
	slotList []uint32 // of sites and constructs: the slots of operands
	pinned   string   // why the function cannot be unwound; empty if it can
	first    int32    // first item of the body

	loops, loopDepth, branches int

	stack wasmparse.Stack
	prod  []producer
	open  []openItem
	lv    liveness
}

// A site is a call behind which the function may have to leave.
type site struct {
	instr  int
	tail   bool   // the caller returns what the call returns: no frame, no check
	height uint32 // operands below the arguments
	level  uint32 // of these, those below the innermost construct's own
	live   uint32 // start in plan.live; layout.values() long
	layout layout
	slots  uint32 // the slots of the height operands, start in plan.slotList
	num    int32  // its number in the function; in a frame, counted from Env.SiteBase
	group  int32
}

// A group is a run of sites whose frames hold the same locals.
type group struct {
	end    int32  // number behind that of its last site
	locals uint32 // start in plan.frameLocals; layout.values() long
	layout layout
}

// An item is a construct that contains sites, or a site, in its place in the tree of
// constructs: a level (the body of a construct, or one arm of an if) has a list of
// items in order.
type item struct {
	instr  int   // opening instruction, or the call
	site   int32 // index of the site, -1 for a construct
	lo, hi int32 // numbers of the sites inside
	first  int32 // first item of the level inside (of the first arm), -1 if none
	second int32 // first item of the else arm
	next   int32 // next item of the same level, -1 at the end

	mid int32 // sites below mid are in the first arm of an if with an else

	// Constructs: the slots of the below operands of the level around, then those of the
	// params parameters, stand at slots in plan.slotList.
	below, params, slots uint32

	// A join of the resume clone that begins with this item ends at the site that is item
	// join, -1 if there is none; joins says whether one ends here.
	join  int32
	joins bool

	inline bool // a block that the resume clone opens with the labels around, see join.go

	// Of the emitter of the resume clone: the label before the way in, -1 if none, that of an
	// inline block, and that of the join which ends here.
	label, joinLabel int
}

type slotKey struct {
	height uint32
	typ    wasmparse.ValType
}

type producer struct {
	instr uint32
	ord   uint32
}

// openItem is a construct that has been entered, while the tree is built.
type openItem struct {
	instr  int
	height uint32
	first  int32 // list of the level being read
	last   int32
	then   int32 // list of the then arm, once in the else arm
}

// prepare reads the function and fills the plan.
func (p *plan) prepare(env *Env, fn *wasmparse.Func) error {
	p.env, p.fn = env, fn
	p.sites, p.items, p.live, p.slots = p.sites[:0], p.items[:0], p.live[:0], p.slots[:0]
	p.prod, p.open, p.slotList = p.prod[:0], p.open[:0], p.slotList[:0]
	p.slotKeys = p.slotKeys[:0]
	p.pinned = ""
	p.loops, p.loopDepth, p.branches = 0, 0, 0
	if p.slotOf == nil {
		p.slotOf = map[slotKey]uint32{}
	}
	clear(p.slotOf)
	if cap(p.keep) < len(fn.Instrs) {
		p.keep = make([]uint32, len(fn.Instrs)+len(fn.Instrs)/4)
		p.keepSlot = make([]uint32, len(p.keep))
	}
	p.keep, p.keepSlot = p.keep[:len(fn.Instrs)], p.keepSlot[:len(fn.Instrs)]
	clear(p.keep)
	if err := p.forward(); err != nil {
		return err
	}
	if len(p.sites) == 0 {
		return nil
	}
	if !canDeliver(fn.Type.Results) {
		p.pinned = "it returns a reference of a type that cannot be handed to a frame"
	}
	p.frames()
	return nil
}

// forward types the body, finds the sites and their operands, and builds the tree.
func (p *plan) forward() error {
	fn := p.fn
	p.stack.Reset(p.env.M, fn)
	p.open = append(p.open, openItem{instr: -1, first: -1, last: -1, then: -1})
	depth := 0
	for i := range fn.Instrs {
		in := &fn.Instrs[i]
		if in.Op == OpCheckThrow {
			p.branches++
			continue
		}
		if err := p.stack.Step(i); err != nil {
			return fmt.Errorf("rewritten code, instruction %d (%s): %w", i, in.Op, err)
		}
		base := len(p.stack.Vals) - p.stack.Pushed
		switch in.Op {
		case wasmparse.OpBrIf, wasmparse.OpBrOnNonNull:
			base = len(p.stack.Vals) // the label's operands stay as they are
		case wasmparse.OpBrOnNull:
			base = len(p.stack.Vals) - 1
		}
		if in.Op == wasmparse.OpEnd && i == len(fn.Instrs)-1 {
			break
		}
		if len(p.prod) > base {
			p.prod = p.prod[:base]
		}
		for k := len(p.prod); k < len(p.stack.Vals); k++ {
			p.prod = append(p.prod, producer{uint32(i), uint32(k - base)})
		}
		switch in.Op {
		case wasmparse.OpBlock, wasmparse.OpIf, wasmparse.OpLoop:
			p.branches++
			if in.Op == wasmparse.OpLoop {
				p.loops++
				depth++
				p.loopDepth = max(p.loopDepth, depth)
			}
			p.open = append(p.open, openItem{instr: i, height: uint32(base), first: -1, last: -1, then: -1})
		case wasmparse.OpElse:
			o := &p.open[len(p.open)-1]
			o.then, o.first, o.last = o.first, -1, -1
		case wasmparse.OpEnd:
			if fn.Instrs[p.open[len(p.open)-1].instr].Op == wasmparse.OpLoop {
				depth--
			}
			p.close()
		case wasmparse.OpBr, wasmparse.OpBrIf, wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
			p.branches++
		case wasmparse.OpBrTable:
			p.branches += int(in.A)
		default:
			if in.Op.Info().Call {
				p.call(i, base)
			}
		}
	}
	p.first = p.open[0].first
	p.number(p.first, 0)
	p.join(p.first, 0)
	return nil
}

// number numbers the sites of a level from n on, in the order in which they stand, and
// returns the number behind the last.
func (p *plan) number(first, n int32) int32 {
	for i := first; i >= 0; i = p.items[i].next {
		x := &p.items[i]
		x.lo = n
		if x.site >= 0 {
			p.sites[x.site].num = n
			n++
		} else {
			n = p.number(x.first, n)
			x.mid = n
			n = p.number(x.second, n)
		}
		x.hi = n
	}
	return n
}

// isFlat reports whether a construct is a loop that the resume clone makes in its own
// way, see emitter.flatLoop: all but those that take parameters, which no compiler makes.
func (p *plan) isFlat(x *item) bool {
	return x.site < 0 && p.fn.Instrs[x.instr].Op == wasmparse.OpLoop && x.params == 0
}

// call makes a site of the call at i, if it is one.
func (p *plan) call(i, base int) {
	in := &p.fn.Instrs[i]
	if in.Op == wasmparse.OpReturnCall || in.Op == wasmparse.OpReturnCallIndirect || in.Op == wasmparse.OpReturnCallRef {
		return // nothing of this function remains
	}
	c := p.env.callee(in)
	if !c.suspends {
		return
	}
	n := int32(len(p.sites))
	s := site{instr: i, height: uint32(base), level: p.open[len(p.open)-1].height}
	s.tail = p.isTail(i, c.typ.Results)
	if !s.tail {
		// What was on the stack at an earlier site has its copy, and so has all below it.
		for k := base - 1; k >= 0; k-- {
			pr := p.prod[k]
			if p.keep[pr.instr] > pr.ord {
				break
			}
			p.keep[pr.instr] = pr.ord + 1
			k -= int(pr.ord)
			p.keepSlot[pr.instr] = p.slot(uint32(k), p.stack.Vals[k])
		}
		p.add(item{instr: i, site: n, first: -1, second: -1, next: -1, join: -1})
		s.slots = p.copies(0, base)
	}
	p.sites = append(p.sites, s)
}

// copies lists the slots for the operands from height lo up to hi, and returns where
// in slotList it starts.
func (p *plan) copies(lo, hi int) uint32 {
	at := uint32(len(p.slotList))
	if at > maxSlotList {
		p.pinned = "too many operands on the stack at its calls"
		return at
	}
	for k := lo; k < hi; k++ {
		t := p.stack.Vals[k]
		if classOf(t) == classNone {
			p.pinned = "an operand of a type that cannot be saved is on the stack at a call"
		}
		p.slotList = append(p.slotList, p.slot(uint32(k), t))
	}
	return at
}

// maxSlotList bounds the work for operands at sites; a function beyond it is pinned.
const maxSlotList = 1 << 20

// add appends an item to the level being read.
func (p *plan) add(it item) int32 {
	n := int32(len(p.items))
	p.items = append(p.items, it)
	o := &p.open[len(p.open)-1]
	if o.last >= 0 {
		p.items[o.last].next = n
	} else {
		o.first = n
	}
	o.last = n
	return n
}

// close leaves a construct; it becomes an item of the level around if it has sites.
func (p *plan) close() {
	o := p.open[len(p.open)-1]
	p.open = p.open[:len(p.open)-1]
	first, second := o.first, int32(-1)
	if p.fn.Instrs[o.instr].Else() != 0 && p.fn.Instrs[o.instr].Op == wasmparse.OpIf {
		first, second = o.then, o.first
	}
	if first < 0 && second < 0 {
		return
	}
	around := p.open[len(p.open)-1].height
	params, _ := p.env.M.BlockSig(wasmparse.BlockType(p.fn.Instrs[o.instr].A))
	it := item{
		instr: o.instr, site: -1,
		first: first, second: second, next: -1, join: -1,
		below: o.height - around, slots: p.copies(int(around), int(o.height)), params: uint32(len(params)),
	}
	for k, t := range params {
		if classOf(t) == classNone {
			p.pinned = "a block with sites takes a parameter of a type that cannot be saved"
		}
		p.slotList = append(p.slotList, p.slot(o.height+uint32(k), t))
	}
	p.add(it)
}

// slot returns the local for a copy of the operand at height.
func (p *plan) slot(height uint32, t wasmparse.ValType) uint32 {
	k := slotKey{height, t}
	n, ok := p.slotOf[k]
	if !ok {
		n = uint32(len(p.fn.Locals) + len(p.slots))
		p.slots = append(p.slots, t)
		p.slotKeys = append(p.slotKeys, k)
		p.slotOf[k] = n
	}
	return n
}

// isTail reports whether what follows the call at i only returns its results.
func (p *plan) isTail(i int, results []wasmparse.ValType) bool {
	fn := p.fn
	ret := fn.Type.Results
	if len(ret) > 0 {
		if len(results) != len(ret) {
			return false
		}
		for k := range ret {
			if ret[k] != results[k] {
				return false
			}
		}
	}
	top := len(p.open) - 1 // the innermost construct around instruction j
	for j, steps := i+1, 0; steps < 32; steps++ {
		in := &fn.Instrs[j]
		switch in.Op {
		case wasmparse.OpReturn:
			return true
		case wasmparse.OpEnd:
			if top == 0 {
				return true
			}
			top--
			j++
		case wasmparse.OpElse:
			j = in.End()
		case wasmparse.OpDrop:
			if len(ret) > 0 {
				return false
			}
			j++
		case wasmparse.OpBr:
			top -= int(in.A)
			if top == 0 {
				return true
			}
			opening := &fn.Instrs[p.open[top].instr]
			if opening.Op == wasmparse.OpLoop {
				return false
			}
			j = opening.End()
		case OpCheckThrow:
			if in.A != CheckLeaves {
				return false
			}
			j++
		default:
			return false
		}
	}
	return false
}

// frames decides what is saved at each site.
func (p *plan) frames() {
	if p.pinned != "" {
		return
	}
	ok := p.lv.run(p, func(n int, live []uint64) {
		if n == len(p.sites)-1 {
			p.live = p.live[:0]
		}
		s := &p.sites[n]
		if s.tail {
			return
		}
		p.frame(s, live)
	})
	switch {
	case !ok:
		p.pinned = "too large for the analysis of live locals"
	case len(p.live) > maxLive:
		p.pinned = "too many live locals at its calls"
	default:
		p.share()
	}
}

// share gives runs of sites one frame, the union of what they save. What is dead at a
// site is saved as zero there. A frame is then written and loaded by the same code for
// all of them, which pays even where a half of it is dead.
func (p *plan) share() {
	n := len(p.fn.Locals) + len(p.slots)
	if cap(p.member) < n {
		p.member = make([]uint32, n)
	}
	p.member = p.member[:n]
	clear(p.member)
	p.groups, p.frameLocals = p.groups[:0], p.frameLocals[:0]
	var sites, values int // of the group: how many, and what they save together
	for i := range p.sites {
		s := &p.sites[i]
		if s.tail {
			continue
		}
		live := p.live[s.live : int(s.live)+s.layout.values()]
		g := len(p.groups)
		fits := g > 0 && p.extend(live, sites+1, values+len(live))
		if !fits {
			sites, values = 0, 0
			p.groups = append(p.groups, group{locals: uint32(len(p.frameLocals))})
			p.extend(live, 1, len(live))
		}
		sites, values = sites+1, values+len(live)
		g = len(p.groups) - 1
		s.group, p.groups[g].end = int32(g), s.num+1
	}
	for g := range p.groups {
		locals := p.localsOf(&p.groups[g])
		slices.SortFunc(locals, func(a, b uint32) int {
			if c := cmp.Compare(classOf(p.typeOf(a)), classOf(p.typeOf(b))); c != 0 {
				return c
			}
			return cmp.Compare(a, b)
		})
	}
}

// maxDead bounds what a shared frame may be larger than what its sites save on average.
const maxDead = 2.5

// extend adds what is live at a site to the frame of the last group, which then has so
// many sites that save so many values; it reports false if that does not pay.
func (p *plan) extend(live []uint32, sites, values int) bool {
	g := &p.groups[len(p.groups)-1]
	l, at := g.layout, len(p.frameLocals)
	for _, v := range live {
		if p.member[v] != uint32(len(p.groups)) {
			p.frameLocals = append(p.frameLocals, v)
			l[classOf(p.typeOf(v))]++
		}
	}
	if sites > 1 && (float64(l.values()*sites) > maxDead*float64(values) && l.size() > rtlib.SmallFrame || !l.canSave()) {
		p.frameLocals = p.frameLocals[:at]
		return false
	}
	for _, v := range p.frameLocals[at:] {
		p.member[v] = uint32(len(p.groups))
	}
	g.layout = l
	return true
}

// localsOf returns what the frames of a group hold.
func (p *plan) localsOf(g *group) []uint32 {
	return p.frameLocals[g.locals : int(g.locals)+g.layout.values()]
}

// typeOf returns the type of a local, slots included.
func (p *plan) typeOf(l uint32) wasmparse.ValType {
	if int(l) < len(p.fn.Locals) {
		return p.fn.Locals[l]
	}
	return p.slots[int(l)-len(p.fn.Locals)]
}

// frameOf returns the layout of the frame of a site.
func (p *plan) frameOf(s *site) layout { return p.groups[s.group].layout }

// maxLive bounds the values saved at all sites of a function together.
const maxLive = 1 << 22

// frame lists the live locals and the operands of a site in the order of the layout.
func (p *plan) frame(s *site, live []uint64) {
	if len(p.live) > maxLive || p.pinned != "" {
		return
	}
	var l layout
	var start [numClasses]int
	visit := func(do func(local uint32, c class)) {
		each(live, func(local uint32) { do(local, classOf(p.fn.Locals[local])) })
		for _, slot := range p.slotList[s.slots : s.slots+s.height] {
			do(slot, classOf(p.slots[int(slot)-len(p.fn.Locals)]))
		}
	}
	visit(func(_ uint32, c class) {
		if c == classNone {
			p.pinned = "a local of a type that cannot be saved is live at a call"
			return
		}
		l[c]++
	})
	if !l.canSave() {
		p.pinned = "more values live at a call than one frame may hold"
	}
	if p.pinned != "" {
		return
	}
	s.live, s.layout = uint32(len(p.live)), l
	at := len(p.live)
	for c := range start {
		start[c] = at
		at += int(l[c])
	}
	for range l.values() {
		p.live = append(p.live, 0)
	}
	visit(func(local uint32, c class) {
		p.live[start[c]] = local
		start[c]++
	})
	if s.height > 0 { // slots come as they lie on the stack
		for c, end := range start {
			slices.Sort(p.live[end-int(l[c]) : end])
		}
	}
}

package asyncify

import (
	"cmp"
	"slices"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// An exit is where sites at which the same values are live leave the function. It writes
// the frame, or zeroes what is dead here and goes to another exit, which writes that, too.
type exit struct {
	lo, hi  int32 // its sites, in emitter.bySize
	thrown  bool  // an exception goes on to the caller, without a frame
	to      int32 // the exit to go on to, -1 if this one writes the frame
	from    int32 // the first exit that goes on to this one, -1 if there is none
	sibling int32 // the next one that goes where this one goes, -1
}

// A way is a label behind the body of the fast clone: that of an exit, or of one of the
// sites of an exit to which more than one way leads. To branch to the exit right behind
// the call would cost time: a compare and a branch to where others branch as well are
// not one instruction to wazero.
type way struct {
	exit int32
	site int32 // -1 for the exit's own
}

// findExits decides which sites share an exit: those that write the same. To share one, or
// what another one does, keeps nothing alive at a site that would not be anyway.
func (e *emitter) findExits() {
	e.exits, e.bySize, e.ways = e.exits[:0], e.bySize[:0], e.ways[:0]
	for n := range e.sites {
		if !e.sites[n].tail {
			e.bySize = append(e.bySize, int32(n))
		}
	}
	slices.SortStableFunc(e.bySize, e.compare)
	for i, n := range e.bySize {
		if i > 0 && e.compare(e.bySize[i-1], n) == 0 {
			e.exits[len(e.exits)-1].hi++
			continue
		}
		x := exit{lo: int32(i), hi: int32(i) + 1, thrown: e.throwsOn(int(n)), from: -1, sibling: -1}
		if x.to = e.wider(&x); x.to >= 0 {
			x.sibling = e.exits[x.to].from
			e.exits[x.to].from = int32(len(e.exits))
		}
		e.exits = append(e.exits, x)
	}
	e.wayOf = slices.Grow(e.wayOf[:0], len(e.sites))[:len(e.sites)]
	for k := range e.exits {
		if e.exits[k].to < 0 {
			e.place(int32(k))
		}
	}
}

// compare orders sites by what they write, the largest frames first.
func (e *emitter) compare(a, b int32) int {
	throws := func(n int32) int {
		if e.throwsOn(int(n)) {
			return 1
		}
		return 0
	}
	la, lb := e.liveAt(int(a)), e.liveAt(int(b))
	return cmp.Or(len(lb)-len(la), cmp.Compare(e.sites[a].group, e.sites[b].group), throws(a)-throws(b), slices.Compare(la, lb))
}

// place gives labels to an exit and to all that lead to it, which come before.
func (e *emitter) place(k int32) {
	x := &e.exits[k]
	for c := x.from; c >= 0; c = e.exits[c].sibling {
		e.place(c)
	}
	single := e.isSingle(x)
	for _, n := range e.bySize[x.lo:x.hi] {
		e.wayOf[n] = int32(len(e.ways))
		if !single {
			e.ways = append(e.ways, way{k, n})
		}
	}
	e.ways = append(e.ways, way{k, -1})
}

// isSingle reports whether there is one way only to an exit.
func (e *emitter) isSingle(x *exit) bool { return x.from < 0 && x.hi == x.lo+1 }

// maxZeroed bounds what an exit zeroes to go on to another, and maxWider how many others
// it looks at for one.
const (
	maxZeroed = 4
	maxWider  = 64
)

// wider finds an exit that writes all that x writes, and little else.
func (e *emitter) wider(x *exit) int32 {
	best, least := int32(-1), maxZeroed+1
	for k := len(e.exits) - 1; k >= max(0, len(e.exits)-maxWider); k-- {
		y := &e.exits[k]
		if y.thrown != x.thrown || e.sites[e.siteOf(y)].group != e.sites[e.siteOf(x)].group {
			continue
		}
		if more := len(e.written(y)) - len(e.written(x)); more < least && covers(e.written(y), e.written(x)) {
			best, least = int32(k), more
		}
	}
	return best
}

// covers reports whether all of b is in a. Both are sorted alike.
func covers(a, b []uint32) bool {
	for _, l := range b {
		for len(a) > 0 && a[0] != l {
			a = a[1:]
		}
		if len(a) == 0 {
			return false
		}
	}
	return true
}

// siteOf returns a site of an exit.
func (e *emitter) siteOf(x *exit) int { return int(e.bySize[x.lo]) }

// written returns the locals that an exit takes into the frame.
func (e *emitter) written(x *exit) []uint32 { return e.liveAt(e.siteOf(x)) }

// liveAt returns the locals that are live at site n in the order of its layout.
func (p *plan) liveAt(n int) []uint32 {
	s := &p.sites[n]
	return p.live[s.live : int(s.live)+s.layout.values()]
}

// throwsOn reports whether an exception from the call of site n leaves the function.
func (e *emitter) throwsOn(n int) bool {
	check := &e.fn.Instrs[e.sites[n].instr+1]
	return check.Op == OpCheckThrow && check.A == CheckLeaves
}

// openWays opens the labels of all ways around the body.
func (e *emitter) openWays() {
	e.out = append(e.out, opBlock, blockVoid) // left by all
	for k := len(e.ways) - 1; k >= 0; k-- {
		t := byte(blockVoid)
		if w := e.ways[k]; w.site < 0 && !e.isSingle(&e.exits[w.exit]) {
			t = byte(wasmparse.I32) // the number of the site
		}
		e.out = append(e.out, opBlock, t)
	}
}

// leaveFor goes to the exit of site n if the callee has not returned.
func (e *emitter) leaveFor(n int) {
	far := uint32(e.depthNow) + uint32(e.wayOf[n])
	e.below0()
	check := &e.fn.Instrs[e.sites[n].instr+1]
	if check.Op != OpCheckThrow || check.A == CheckLeaves {
		e.out = appendOp(e.out, wasmparse.OpBrIf, far)
		return
	}
	e.out = append(e.out, opIf, blockVoid)
	e.thrown()
	e.out = appendOp(e.out, wasmparse.OpBrIf, e.depth(check.A)+1)
	e.out = appendOp(e.out, wasmparse.OpBr, far+1)
	e.out = append(e.out, opEnd)
}

// closeWays writes what stands at each way.
func (e *emitter) closeWays() {
	for k, w := range e.ways {
		e.out = append(e.out, opEnd)
		x := &e.exits[w.exit]
		next := w.exit // the exit to go on to
		switch {
		case w.site >= 0:
			e.out = appendI32Const(e.out, e.sites[w.site].num)
		case x.to >= 0:
			if e.isSingle(x) {
				e.out = appendI32Const(e.out, e.sites[e.siteOf(x)].num)
			}
			e.zero(x)
			next = x.to
		default:
			e.write(x, uint32(len(e.ways)-1-k))
			next = -1
		}
		to := k + 1
		for to < len(e.ways) && (next < 0 || e.ways[to] != way{next, -1}) {
			to++
		}
		if to > k+1 {
			e.out = appendOp(e.out, wasmparse.OpBr, uint32(to-k-1))
		}
	}
	e.out = append(e.out, opEnd)
}

// zero clears what is dead at an exit that goes on to another.
func (e *emitter) zero(x *exit) {
	live := e.written(x)
	for _, l := range e.written(&e.exits[x.to]) {
		if len(live) > 0 && live[0] == l {
			live = live[1:]
			continue
		}
		e.out, _ = appendZero(e.out, e.typeOf(l))
		e.local(wasmparse.OpLocalSet, l)
	}
}

// write writes the frame at an exit. The label that all exits leave by is at depth leave.
func (e *emitter) write(x *exit, leave uint32) {
	if x.thrown {
		e.thrown()
		e.out = appendOp(e.out, wasmparse.OpBrIf, leave)
	}
	n := e.siteOf(x)
	if e.isSingle(x) {
		e.out = appendI32Const(e.out, int32(e.base)+e.sites[n].num)
	} else {
		e.siteNumber()
	}
	live := e.written(x)
	for _, l := range e.localsOf(&e.groups[e.sites[n].group]) { // in the same order
		if len(live) > 0 && live[0] == l {
			e.local(wasmparse.OpLocalGet, l)
			live = live[1:]
		} else {
			e.out, _ = appendZero(e.out, e.typeOf(l))
		}
	}
	e.callHelper(helper{layout: e.frameOf(&e.sites[n])})
}

// siteNumber turns a number that counts from the function's first site, on the operand
// stack, into that of a frame.
func (e *emitter) siteNumber() {
	if e.base != 0 {
		e.out = append(appendI32Const(e.out, int32(e.base)), opI32Add)
	}
}

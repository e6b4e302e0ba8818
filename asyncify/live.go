package asyncify

import (
	"math/bits"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// liveness finds, for every site, which locals hold a value that is read later on.
//
// It walks the body backwards with one bit per local. A branch takes the set of its
// label: what is live behind a block's end, or at a loop's head. The head is not known
// when the walk comes to the loop's end. But the function from the set that back edges
// bring to the set at the head only adds and removes bits (x -> a | x&b), so its least
// fixpoint is what it gives for the empty set: one walk makes the outermost loops'
// heads exact, each further walk one more depth of nesting, and the walk that changes
// no head has seen them all. https://en.wikipedia.org/wiki/Live-variable_analysis
type liveness struct {
	words  int      // per set
	cur    []uint64 // the set at the current point
	heads  []uint64 // per loop, in order of appearance
	labels []liveLabel
	sets   []uint64 // memory of labels: two sets each
}

type liveLabel struct {
	loop int32 // number of the loop, last one first; -1 for other constructs
}

// maxLiveWork bounds the words moved for one function; a function beyond it is pinned.
const maxLiveWork = 1 << 29

// label returns the set that a branch to the label brings, and the set kept for the
// else branch.
func (l *liveness) label(i int) (set, other []uint64) {
	at := i * 2 * l.words
	set, other = l.sets[at:at+l.words], l.sets[at+l.words:at+2*l.words]
	if n := l.labels[i].loop; n >= 0 {
		set = l.heads[int(n)*l.words : int(n+1)*l.words]
	}
	return set, other
}

func (l *liveness) push(loop int32) {
	l.labels = append(l.labels, liveLabel{loop})
	if need := len(l.labels) * 2 * l.words; len(l.sets) < need {
		l.sets = append(l.sets, make([]uint64, max(need-len(l.sets), 64*l.words))...)
	}
}

// branch adds the set of the label at depth.
func (l *liveness) branch(depth uint32) {
	set, _ := l.label(len(l.labels) - 1 - int(depth))
	for i, w := range set {
		l.cur[i] |= w
	}
}

// run computes the sets and calls record for every site, last one first, with the set
// behind the call; it may do so more than once, the last time is right. It reports
// false if the function is too large.
func (l *liveness) run(p *plan, record func(site int, live []uint64)) bool {
	l.words = (len(p.fn.Locals) + 63) / 64
	if uint64(l.words)*uint64(p.branches)*uint64(p.loopDepth+1) > maxLiveWork {
		return false
	}
	if cap(l.cur) < l.words {
		l.cur = make([]uint64, l.words)
	}
	l.cur = l.cur[:l.words]
	if n := p.loops * l.words; cap(l.heads) < n {
		l.heads = make([]uint64, n)
	} else {
		l.heads = l.heads[:n]
		clear(l.heads)
	}
	if p.loopDepth > 0 {
		l.walk(p, nil)
	}
	for l.walk(p, record) {
	}
	return true
}

// walk goes through the body once and reports whether a loop's head has changed.
func (l *liveness) walk(p *plan, record func(int, []uint64)) (changed bool) {
	fn := p.fn
	site := len(p.sites) - 1
	loop := int32(0)
	l.labels = l.labels[:0]
	clear(l.cur)
	for i := len(fn.Instrs) - 1; i >= 0; i-- {
		in := &fn.Instrs[i]
		if site >= 0 && p.sites[site].instr == i {
			if record != nil {
				record(site, l.cur)
			}
			site--
		}
		switch in.Op {
		case wasmparse.OpLocalGet:
			l.cur[in.A>>6] |= 1 << (in.A & 63)
		case wasmparse.OpLocalSet, wasmparse.OpLocalTee:
			l.cur[in.A>>6] &^= 1 << (in.A & 63)
		case wasmparse.OpEnd:
			if op := opener(fn, i); op >= 0 && fn.Instrs[op].Op == wasmparse.OpLoop {
				l.push(loop)
				loop++
				continue
			}
			l.push(-1)
			set, _ := l.label(len(l.labels) - 1)
			copy(set, l.cur)
		case wasmparse.OpElse:
			set, other := l.label(len(l.labels) - 1)
			copy(other, l.cur)
			copy(l.cur, set)
		case wasmparse.OpIf:
			top := len(l.labels) - 1
			set, other := l.label(top)
			if in.Else() == 0 {
				other = set
			}
			for k, w := range other {
				l.cur[k] |= w
			}
			l.labels = l.labels[:top]
		case wasmparse.OpBlock, wasmparse.OpTryTable:
			l.labels = l.labels[:len(l.labels)-1]
		case wasmparse.OpLoop:
			head, _ := l.label(len(l.labels) - 1)
			for k, w := range l.cur {
				if head[k] != w {
					changed = true
					head[k] = w
				}
			}
			l.labels = l.labels[:len(l.labels)-1]
		case wasmparse.OpBr:
			clear(l.cur)
			l.branch(in.A)
		case wasmparse.OpBrIf, wasmparse.OpBrOnNull, wasmparse.OpBrOnNonNull:
			l.branch(in.A)
		case OpCheckThrow:
			if in.A != CheckLeaves {
				l.branch(in.A)
			}
		case wasmparse.OpBrTable:
			clear(l.cur)
			for _, t := range fn.Targets[in.B : in.B+uint64(in.A)] {
				l.branch(t)
			}
		case wasmparse.OpUnreachable, wasmparse.OpReturn, wasmparse.OpReturnCall,
			wasmparse.OpReturnCallIndirect, wasmparse.OpReturnCallRef, wasmparse.OpThrow, wasmparse.OpThrowRef:
			clear(l.cur)
		}
	}
	return changed
}

// each calls do for every member of the set.
func each(set []uint64, do func(local uint32)) {
	for i, w := range set {
		for ; w != 0; w &= w - 1 {
			do(uint32(i*64 + bits.TrailingZeros64(w)))
		}
	}
}

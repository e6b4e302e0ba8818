package asyncify

import (
	"slices"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// A cloneNode is an instruction of a resume clone, together with what its first
// parameter, the entry that was taken last, is then.
type cloneNode struct{ instr, site int32 }

// anySite stands for an entry that is not known.
const anySite = -1 << 31

// freeCyclesOfClone is freeCycles for a resume clone. A clone goes in circles through
// its dispatch, but not from one site to any other; so what branches depend on the
// entry are followed for each entry by itself.
func (b *bodyChecker) freeCyclesOfClone(*bodyFacts) (cycle int32) {
	const (
		grey  = 1
		black = 2
	)
	type visit struct {
		at   cloneNode
		to   []cloneNode
		next int
	}
	color := map[cloneNode]uint8{}
	var roots []cloneNode
	of := b.c.meta.Funcs[b.c.cloneNo[b.f]]
	for _, s := range b.c.facts[int(of)-b.c.m.ImportedFuncs].spills {
		if b.c.can[s.callee] {
			roots = append(roots, cloneNode{0, int32(s.site)})
		}
	}
	cycle = -1
	var stack []visit
	enter := func(n cloneNode) {
		color[n] = grey
		stack = append(stack, visit{at: n, to: b.cloneNext(n)})
	}
	for n := 0; n < len(roots); n++ {
		if color[roots[n]] != 0 {
			continue
		}
		enter(roots[n])
		for len(stack) > 0 {
			v := &stack[len(stack)-1]
			if v.next == len(v.to) {
				color[v.at] = black
				stack = stack[:len(stack)-1]
				continue
			}
			to := v.to[v.next]
			v.next++
			switch {
			case b.isCharge(int(to.instr), true):
				if color[to] == 0 {
					color[to] = black
					roots = append(roots, cloneNode{to.instr + 1, to.site})
				}
			case color[to] == 0:
				enter(to)
			case color[to] == grey:
				cycle = to.instr
			}
		}
	}
	return cycle
}

// cloneNext lists where a clone may go on from a node.
func (b *bodyChecker) cloneNext(n cloneNode) (to []cloneNode) {
	i := int(n.instr)
	in := &b.fn.Instrs[i]
	site := n.site
	switch in.Op {
	case wasmparse.OpLocalSet:
		if in.A == 0 {
			from := i - 1
			if b.fn.Instrs[from].Op == wasmparse.OpEnd { // of the block that a branch would leave
				from--
			}
			site = anySite
			if v, _ := b.eval(from, n.site); v.ok {
				site = v.v
			}
		}
	case wasmparse.OpI32Const:
		// The number of an entry goes on to where it is stored.
		for j := i + 1; ; {
			switch {
			case b.fn.Instrs[j].Op == wasmparse.OpBr && b.fn.Instrs[b.dest[j]].Op == wasmparse.OpEnd:
				j = int(b.dest[j]) + 1
				continue
			case b.is(j, wasmparse.OpLocalSet, 0):
				return []cloneNode{{int32(j) + 1, int32(uint32(in.B))}}
			}
			break
		}
	case wasmparse.OpBrIf, wasmparse.OpIf:
		if c, _ := b.eval(i-1, site); c.ok {
			k := int32(0) // where next has the way on which the condition holds
			if c.v == 0 {
				k = 1
			}
			return []cloneNode{{b.next(n.instr, k), site}}
		}
	case wasmparse.OpBrTable:
		if c, _ := b.eval(i-1, site); c.ok {
			k := min(uint64(uint32(c.v)), uint64(in.A)-1)
			return []cloneNode{{b.table[in.B+k], site}}
		}
	}
	for k := int32(0); ; k++ {
		next := b.next(n.instr, k)
		if next < 0 {
			return to
		}
		if node := (cloneNode{next, site}); !slices.Contains(to, node) {
			to = append(to, node)
		}
	}
}

// eval computes the operand that instruction i has pushed from the site and constants,
// and returns the first instruction that has to do with it.
func (b *bodyChecker) eval(i int, site int32) (v known, first int) {
	if i < 0 {
		return known{}, i
	}
	in := &b.fn.Instrs[i]
	switch in.Op {
	case wasmparse.OpI32Const:
		return known{int32(uint32(in.B)), true}, i
	case wasmparse.OpLocalGet:
		return known{site, in.A == 0 && site != anySite}, i
	case wasmparse.OpSelect:
		c, first := b.eval(i-1, site)
		no, first := b.eval(first-1, site)
		yes, first := b.eval(first-1, site)
		switch {
		case !c.ok:
			return known{}, first
		case c.v != 0:
			return yes, first
		}
		return no, first
	}
	if _, ok := fold(in.Op, 0, 0); !ok {
		return known{}, i
	}
	y, first := b.eval(i-1, site)
	x, first := b.eval(first-1, site)
	if !x.ok || !y.ok {
		return known{}, first
	}
	r, _ := fold(in.Op, x.v, y.v)
	return known{r, true}, first
}

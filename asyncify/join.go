package asyncify

import "github.com/lunatic-go/lunatic/wasmparse"

// Where many sites branch to one dispatch, the engine fills on each of these edges a place
// for every local that has changed anywhere. So in the resume clone neighbouring sites branch
// to a join of their own, from which one edge goes on, with the number of the site on the
// operand stack:
//
//	block $b                      ;; the way in behind the last site of the join
//	  block $join [] -> [i32]
//	    …; call a; r = its result; i32.const a; br $join
//	    …; call b; r = its result; i32.const b; br $join
//	  end
//	  br $again                   ;; or to the join around
//	end
//
// What reaches $join is filled for locals alone that are set between its sites.

const (
	// joinEdges is how many edges make a join.
	joinEdges = 4
	// joinSites bounds the sites that lead to a join, and with it the joins that a site passes.
	joinSites = 64
)

// A joinRun is a run of items of one level that may become a join.
type joinRun struct {
	first        int32 // -1 if it is empty
	edges, sites int32
}

// join makes joins of the items of a level that starts at instruction start, and returns how
// many edges leave the level.
func (p *plan) join(first int32, start int) (edges int32) {
	run := joinRun{first: -1}
	end := func() {
		edges += run.edges
		run = joinRun{first: -1}
	}
	for i := first; i >= 0; i = p.items[i].next {
		n := i
		for p.isShort(&p.items[n]) && p.items[n].instr != start {
			p.items[n].inline, n = true, p.items[n].first
		}
		x := &p.items[n]
		out, sites := int32(1), x.hi-x.lo
		if x.site < 0 {
			out = p.join(x.first, x.instr+1) + p.join(x.second, p.fn.Instrs[x.instr].Else()+1)
		}
		if out == 0 || p.isFlat(x) { // to a dispatch of its own
			continue
		}
		if run.sites+sites > joinSites {
			end()
			if sites > joinSites {
				edges += out
				continue
			}
		}
		if run.first < 0 {
			run.first = n
		}
		run.edges, run.sites = run.edges+out, run.sites+sites
		if x.site >= 0 && run.edges >= joinEdges {
			p.items[run.first].join, x.joins = n, true
			run.edges = 1
			end()
		}
	}
	end()
	return edges
}

// isShort reports whether a construct is a block with one site. Unless its level starts with
// it, it is inline: the resume clone opens it together with the labels of the level around
// it, and enters behind the site from there. A way in at the block's beginning would be a
// join for all that has been set before it.
func (p *plan) isShort(x *item) bool {
	return x.site < 0 && x.hi == x.lo+1 && x.params == 0 && p.fn.Instrs[x.instr].Op == wasmparse.OpBlock
}

// leaf returns what an item is but for blocks that are inline.
func (p *plan) leaf(n int32) int32 {
	for p.items[n].inline {
		n = p.items[n].first
	}
	return n
}

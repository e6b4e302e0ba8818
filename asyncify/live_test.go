package asyncify

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// A codeGen makes structured code at random. Types do not matter to liveness, so the
// operand stack is not looked after; every call is a site.
type codeGen struct {
	*rand.Rand
	fn     wasmparse.Func
	open   []int
	locals int
}

func (g *codeGen) emit(op wasmparse.Opcode, a int) int {
	g.fn.Instrs = append(g.fn.Instrs, wasmparse.Instr{Op: op, A: uint32(a)})
	return len(g.fn.Instrs) - 1
}

// body writes n instructions or so, then whatever closes the level.
func (g *codeGen) body(n, depth int) {
	for range n {
		switch k := g.IntN(16); {
		case k < 4:
			g.emit(wasmparse.OpLocalGet, g.IntN(g.locals))
		case k < 6:
			g.emit(wasmparse.OpLocalSet, g.IntN(g.locals))
		case k < 7:
			g.emit(wasmparse.OpLocalTee, g.IntN(g.locals))
		case k < 9:
			g.emit(wasmparse.OpCall, 0)
		case k < 10:
			g.emit(wasmparse.OpBrIf, g.IntN(len(g.open)+1))
		case k < 11:
			g.emit(OpCheckThrow, g.IntN(len(g.open)+1))
			if g.IntN(4) == 0 {
				g.fn.Instrs[len(g.fn.Instrs)-1].A = CheckLeaves
			}
		case depth > 0:
			g.construct([]wasmparse.Opcode{wasmparse.OpBlock, wasmparse.OpLoop, wasmparse.OpIf}[g.IntN(3)], depth-1)
		}
	}
	switch g.IntN(8) {
	case 0:
		g.emit(wasmparse.OpBr, g.IntN(len(g.open)+1))
	case 1:
		g.emit(wasmparse.OpReturn, 0)
	case 2:
		g.emit(wasmparse.OpUnreachable, 0)
	case 3:
		n := 1 + g.IntN(4)
		at := len(g.fn.Targets)
		for range n {
			g.fn.Targets = append(g.fn.Targets, uint32(g.IntN(len(g.open)+1)))
		}
		g.fn.Instrs[g.emit(wasmparse.OpBrTable, n)].B = uint64(at)
	}
}

func (g *codeGen) construct(op wasmparse.Opcode, depth int) {
	at := g.emit(op, 0)
	g.open = append(g.open, at)
	g.body(g.IntN(8), depth)
	elseAt := 0
	if op == wasmparse.OpIf && g.IntN(2) == 0 {
		elseAt = g.emit(wasmparse.OpElse, 0)
		g.body(g.IntN(8), depth)
	}
	g.open = g.open[:len(g.open)-1]
	end := g.emit(wasmparse.OpEnd, 0)
	g.fn.Instrs[end].B = uint64(at)
	g.fn.Instrs[at].B = uint64(end)<<32 | uint64(elseAt)
	if elseAt > 0 {
		g.fn.Instrs[elseAt].B = uint64(end)<<32 | uint64(at)
	}
}

func randomFunc(seed uint64) *wasmparse.Func {
	g := &codeGen{Rand: rand.New(rand.NewPCG(seed, 1)), locals: 1 + int(seed%70)}
	g.body(4+g.IntN(24), 5)
	g.fn.Instrs[g.emit(wasmparse.OpEnd, 0)].B = wasmparse.FuncEnd
	g.fn.Locals = slices.Repeat([]wasmparse.ValType{wasmparse.I32}, g.locals)
	g.fn.Type = &wasmparse.FuncType{}
	return &g.fn
}

// naiveLive finds what is live behind every instruction by the textbook: successors,
// and the equations over and over until nothing changes.
func naiveLive(fn *wasmparse.Func) []map[uint32]bool {
	n := len(fn.Instrs)
	var open []int
	succ := make([][]int, n)
	target := func(depth uint32) int {
		k := len(open) - 1 - int(depth)
		if k < 0 {
			return n - 1
		}
		if in := &fn.Instrs[open[k]]; in.Op != wasmparse.OpLoop {
			return in.End()
		}
		return open[k]
	}
	for i := range fn.Instrs {
		in := &fn.Instrs[i]
		switch in.Op {
		case wasmparse.OpBlock, wasmparse.OpLoop:
			open = append(open, i)
			succ[i] = []int{i + 1}
		case wasmparse.OpIf:
			open = append(open, i)
			over := in.End()
			if in.Else() > 0 {
				over = in.Else() + 1
			}
			succ[i] = []int{i + 1, over}
		case wasmparse.OpElse:
			succ[i] = []int{in.End()}
		case wasmparse.OpEnd:
			if len(open) > 0 {
				open = open[:len(open)-1]
				succ[i] = []int{i + 1}
			}
		case wasmparse.OpBr:
			succ[i] = []int{target(in.A)}
		case wasmparse.OpBrIf:
			succ[i] = []int{target(in.A), i + 1}
		case OpCheckThrow:
			succ[i] = []int{i + 1}
			if in.A != CheckLeaves {
				succ[i] = append(succ[i], target(in.A))
			}
		case wasmparse.OpBrTable:
			for _, t := range fn.Targets[in.B : in.B+uint64(in.A)] {
				succ[i] = append(succ[i], target(t))
			}
		case wasmparse.OpReturn, wasmparse.OpUnreachable:
		default:
			succ[i] = []int{i + 1}
		}
	}
	in, out := make([]map[uint32]bool, n), make([]map[uint32]bool, n)
	for i := range in {
		in[i], out[i] = map[uint32]bool{}, map[uint32]bool{}
	}
	for changed := true; changed; {
		changed = false
		for i := n - 1; i >= 0; i-- {
			for _, s := range succ[i] {
				for l := range in[s] {
					if !out[i][l] {
						out[i][l], changed = true, true
					}
				}
			}
			op, l := fn.Instrs[i].Op, fn.Instrs[i].A
			for k := range out[i] {
				sets := (op == wasmparse.OpLocalSet || op == wasmparse.OpLocalTee) && k == l
				if !sets && !in[i][k] {
					in[i][k], changed = true, true
				}
			}
			if op == wasmparse.OpLocalGet && !in[i][l] {
				in[i][l], changed = true, true
			}
		}
	}
	return out
}

// planOf is what liveness needs of a plan.
func planOf(fn *wasmparse.Func) *plan {
	p := &plan{fn: fn}
	loops := 0
	for i := range fn.Instrs {
		in := &fn.Instrs[i]
		switch in.Op {
		case wasmparse.OpCall:
			p.sites = append(p.sites, site{instr: i})
		case wasmparse.OpLoop:
			p.loops++
			loops++
			p.loopDepth = max(p.loopDepth, loops)
		case wasmparse.OpEnd:
			if op := opener(fn, i); op >= 0 && fn.Instrs[op].Op == wasmparse.OpLoop {
				loops--
			}
		}
		p.branches++
	}
	return p
}

func TestLiveness(t *testing.T) {
	var lv liveness // its memory is reused, as in a build
	sites, live, loops := 0, 0, 0
	for seed := range uint64(2000) {
		fn := randomFunc(seed)
		p := planOf(fn)
		loops += p.loops
		want := naiveLive(fn)
		got := make([][]uint32, len(p.sites))
		if !lv.run(p, func(n int, set []uint64) {
			got[n] = nil
			each(set, func(l uint32) { got[n] = append(got[n], l) })
		}) {
			t.Fatalf("seed %d: refused", seed)
		}
		for n, s := range p.sites {
			var w []uint32
			for l := range want[s.instr] {
				w = append(w, l)
			}
			slices.Sort(w)
			if !slices.Equal(got[n], w) {
				t.Fatalf("seed %d: live behind instruction %d: got %v, want %v\n%s", seed, s.instr, got[n], w, listing(fn))
			}
			sites, live = sites+1, live+len(w)
		}
	}
	if sites < 1000 || live < sites || loops < 1000 {
		t.Errorf("%d sites, %d live locals, %d loops: too few to say anything", sites, live, loops)
	}
}

func TestLivenessRefusesHugeFunctions(t *testing.T) {
	fn := randomFunc(1)
	fn.Locals = make([]wasmparse.ValType, 50_000)
	p := planOf(fn)
	p.branches = 1 << 22
	var lv liveness
	if lv.run(p, func(int, []uint64) { t.Error("recorded a site") }) {
		t.Error("a function that takes minutes is not refused")
	}
}

func listing(fn *wasmparse.Func) string {
	s := ""
	for i, in := range fn.Instrs {
		name := "check_throw"
		if in.Op != OpCheckThrow {
			name = in.Op.String()
		}
		s += fmt.Sprintf("%3d %s %d\n", i, name, in.A)
	}
	return s
}

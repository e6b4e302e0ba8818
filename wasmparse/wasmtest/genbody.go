package wasmtest

import "slices"

// A label is an open block of a body being generated.
type label struct {
	params, results []byte
	height          int // of the operand stack below the block's own operands
	loop, dead      bool
	hasElse         bool // of an if
	isIf            bool
}

// types are the operands a branch to the label takes.
func (l *label) types() []byte {
	if l.loop {
		return l.params
	}
	return l.results
}

// A bodyGen generates one function. Its stack mirrors the operand stack, so that
// every instruction that is emitted is valid where it stands.
type bodyGen struct {
	*generator
	code   []byte
	sig    sig
	locals []byte // parameters first; the last two serve canonical
	stack  []byte
	labels []label
	instrs int
}

// body returns the code of a function, without its size.
func (m *generator) body(f int) []byte {
	g := &bodyGen{generator: m, sig: m.funcs[f]}
	declared := append(m.valTypes(6), f32, f64)
	g.locals = append(slices.Clone(g.sig.params), declared...)
	g.code = appendU(nil, uint64(len(declared)))
	for _, t := range declared {
		g.code = append(g.code, 1, t)
	}
	g.open(label{results: g.sig.results})
	g.burn()
	for len(g.labels) > 0 {
		if g.instrs < genMaxInstrs && len(m.data) > 0 {
			g.instr()
		} else {
			g.close()
		}
		g.instrs++
	}
	return g.code
}

func (g *bodyGen) emit(b ...byte)   { g.code = append(g.code, b...) }
func (g *bodyGen) top() *label      { return &g.labels[len(g.labels)-1] }
func (g *bodyGen) push(t ...byte)   { g.stack = append(g.stack, t...) }
func (g *bodyGen) operands() []byte { return g.stack[g.top().height:] }

// pop removes operands that take has made sure of; in dead code there may be fewer.
func (g *bodyGen) pop(n int) {
	g.stack = g.stack[:max(len(g.stack)-n, g.top().height)]
}

// open starts a block whose parameters are on the stack.
func (g *bodyGen) open(l label) {
	if len(g.labels) > 0 {
		g.pop(len(l.params))
	}
	l.height = len(g.stack)
	g.labels = append(g.labels, l)
	g.push(l.params...)
}

// close ends the innermost block, or its first half.
func (g *bodyGen) close() {
	l := g.top()
	g.exactly(l.results)
	if l.isIf && !l.hasElse && (g.byte()&3 != 0 || !slices.Equal(l.params, l.results)) {
		g.emit(0x05)
		l.hasElse, l.dead = true, false
		g.stack = append(g.stack[:l.height], l.params...)
		return
	}
	g.emit(0x0b)
	results := l.results
	g.stack = g.stack[:l.height]
	g.labels = g.labels[:len(g.labels)-1]
	if len(g.labels) > 0 {
		g.push(results...)
	}
}

// kill marks the rest of the block as unreachable.
func (g *bodyGen) kill() {
	g.top().dead = true
	g.stack = g.stack[:g.top().height]
}

// burn takes a unit of fuel, or returns if there is none.
func (g *bodyGen) burn() {
	g.emit(0x23, 0, 0x45, 0x04, 0x40)
	for _, t := range g.sig.results {
		g.code = appendZero(g.code, t)
	}
	g.emit(0x0f, 0x0b, 0x23, 0, 0x41, 1, 0x6b, 0x24, 0)
}

// take makes sure that the operands on top have the given types, and uses what is
// there as far as it fits.
func (g *bodyGen) take(types ...byte) {
	have := g.operands()
	if g.top().dead && len(have) <= len(types) && slices.Equal(have, types[len(types)-len(have):]) && g.byte()&1 == 0 {
		return // unreachable code has operands of every type below
	}
	for k := min(len(have), len(types)); k >= 0; k-- {
		if slices.Equal(have[len(have)-k:], types[:k]) {
			for _, t := range types[k:] {
				g.value(t)
			}
			return
		}
	}
}

// exactly makes the block's operands the given ones.
func (g *bodyGen) exactly(types []byte) {
	have := g.operands()
	if g.top().dead && len(have) <= len(types) && slices.Equal(have, types[len(types)-len(have):]) {
		g.stack = append(g.stack[:g.top().height], types...)
		return
	}
	for k := min(len(have), len(types)); k >= 0; k-- {
		if slices.Equal(have[:k], types[:k]) {
			for range have[k:] {
				g.emit(0x1a)
				g.pop(1)
			}
			for _, t := range types[k:] {
				g.value(t)
			}
			return
		}
	}
}

// value pushes a value of a type: a local, a global or a constant.
func (g *bodyGen) value(t byte) {
	how := g.byte()
	if how&3 != 0 {
		if i := g.local(t, int(how>>2)); i >= 0 {
			g.emit(0x20, byte(i))
			g.push(t)
			return
		}
	}
	if i := slices.Index(genGlobals[1:], t); how&0x1c == 0x04 && i >= 0 {
		g.emit(0x23, byte(i+1))
		g.push(t)
		return
	}
	switch t {
	case i32:
		g.code = appendS(append(g.code, 0x41), int64(int32(g.integer())))
	case i64:
		g.code = appendS(append(g.code, 0x42), g.integer())
	case f32:
		v := floatBits[g.below(len(floatBits))]
		g.emit(0x43, byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
	case f64:
		v := floatBits[g.below(len(floatBits))]
		g.emit(0x44)
		for i := range 8 {
			g.emit(byte(v >> (8 * i)))
		}
	case v128:
		g.emit(0xfd, 12)
		b := g.byte()
		for i := range 16 {
			g.emit(b + byte(i)*17)
		}
	case funcref:
		if how&0x40 != 0 {
			g.code = appendU(append(g.code, 0xd2), uint64(g.below(len(g.funcs))))
		} else {
			g.emit(0xd0, funcref)
		}
	case externref:
		if how&0x40 != 0 {
			g.emit(0x41, how>>4&7, 0x25, externTable)
		} else {
			g.emit(0xd0, externref)
		}
	default:
		g.emit(0xd0, t)
	}
	g.push(t)
}

// floatBits are the bits of f64 constants, whose upper halves are the f32 ones: NaNs
// with payloads, quiet and signalling, among them.
var floatBits = []uint64{
	0, 0x3ff0000000000000, 0x7ff4000012345678, 0xfff8000000000001, 0x7fa0000155555555, 0xffc1234512345678,
	0x8000000000000000, 0x40091eb851eb851f, 0x7ff0000000000000, 0x4059000000000000,
}

func (g *bodyGen) integer() int64 {
	b := g.byte()
	switch b & 7 {
	case 0:
		return -1
	case 1:
		return -1 << 31
	case 2:
		return int64(b) << 37
	case 3:
		return int64(b)<<32 | int64(g.byte())<<16 | 0x7f
	default:
		return int64(b >> 3)
	}
}

// local returns the index of a local of a type, -1 if there is none. The two that
// serve canonical are not for general use.
func (g *bodyGen) local(t byte, from int) int {
	n := len(g.locals) - 2
	for k := range n {
		if i := (from + k) % n; g.locals[i] == t {
			return i
		}
	}
	return -1
}

// canonical replaces a NaN, whose bits an engine may choose, with one of fixed bits.
func (g *bodyGen) canonical(t byte) {
	if t == f32 {
		i := byte(len(g.locals) - 2)
		g.emit(0x21, i, 0x43, 0, 0, 0xc0, 0x7f, 0x20, i, 0x20, i, 0x20, i, 0x5c, 0x1b)
	} else {
		i := byte(len(g.locals) - 1)
		g.emit(0x21, i, 0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0x20, i, 0x20, i, 0x20, i, 0x62, 0x1b)
	}
}

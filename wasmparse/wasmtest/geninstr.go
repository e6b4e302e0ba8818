package wasmtest

import "slices"

// simpleOps are instructions without immediates and without effects on anything but
// the operand stack. canonical ones may make a NaN of any bits.
var simpleOps = []struct {
	op        []byte
	params    []byte
	result    byte
	canonical bool
}{
	{[]byte{0x6a}, []byte{i32, i32}, i32, false},
	{[]byte{0x6b}, []byte{i32, i32}, i32, false},
	{[]byte{0x6c}, []byte{i32, i32}, i32, false},
	{[]byte{0x71}, []byte{i32, i32}, i32, false},
	{[]byte{0x73}, []byte{i32, i32}, i32, false},
	{[]byte{0x77}, []byte{i32, i32}, i32, false},
	{[]byte{0x48}, []byte{i32, i32}, i32, false},
	{[]byte{0x45}, []byte{i32}, i32, false},
	{[]byte{0x67}, []byte{i32}, i32, false},
	{[]byte{0xc0}, []byte{i32}, i32, false},
	{[]byte{0x7c}, []byte{i64, i64}, i64, false},
	{[]byte{0x7d}, []byte{i64, i64}, i64, false},
	{[]byte{0x7e}, []byte{i64, i64}, i64, false},
	{[]byte{0x89}, []byte{i64, i64}, i64, false},
	{[]byte{0x85}, []byte{i64, i64}, i64, false},
	{[]byte{0x54}, []byte{i64, i64}, i32, false},
	{[]byte{0x50}, []byte{i64}, i32, false},
	{[]byte{0xa7}, []byte{i64}, i32, false},
	{[]byte{0xac}, []byte{i32}, i64, false},
	{[]byte{0xad}, []byte{i32}, i64, false},
	{[]byte{0xbc}, []byte{f32}, i32, false},
	{[]byte{0xbd}, []byte{f64}, i64, false},
	{[]byte{0xbe}, []byte{i32}, f32, false},
	{[]byte{0xbf}, []byte{i64}, f64, false},
	{[]byte{0x92}, []byte{f32, f32}, f32, true},
	{[]byte{0x94}, []byte{f32, f32}, f32, true},
	{[]byte{0x98}, []byte{f32, f32}, f32, false},
	{[]byte{0x8c}, []byte{f32}, f32, false},
	{[]byte{0xa0}, []byte{f64, f64}, f64, true},
	{[]byte{0xa3}, []byte{f64, f64}, f64, true},
	{[]byte{0xa6}, []byte{f64, f64}, f64, false},
	{[]byte{0x99}, []byte{f64}, f64, false},
	{[]byte{0x61}, []byte{f64, f64}, i32, false},
	{[]byte{0x5d}, []byte{f32, f32}, i32, false},
	{[]byte{0xbb}, []byte{f32}, f64, true},
	{[]byte{0xb6}, []byte{f64}, f32, true},
	{[]byte{0xb7}, []byte{i32}, f64, false},
	{[]byte{0xb4}, []byte{i64}, f32, false},
	{[]byte{0xfc, 0}, []byte{f32}, i32, false},
	{[]byte{0xfc, 6}, []byte{f64}, i64, false},
	{[]byte{0xfd, 0x0f}, []byte{i32}, v128, false},
	{[]byte{0xfd, 0x12}, []byte{i64}, v128, false},
	{[]byte{0xfd, 0x14}, []byte{f64}, v128, false},
	{[]byte{0xfd, 0x15, 3}, []byte{v128}, i32, false},
	{[]byte{0xfd, 0x1d, 1}, []byte{v128}, i64, false},
	{[]byte{0xfd, 0x21, 1}, []byte{v128}, f64, false},
	{[]byte{0xfd, 0x1c, 2}, []byte{v128, i32}, v128, false},
	{[]byte{0xfd, 0x51}, []byte{v128, v128}, v128, false},
	{[]byte{0xfd, 0xae, 1}, []byte{v128, v128}, v128, false},
	{[]byte{0xfd, 0x52}, []byte{v128, v128, v128}, v128, false},
	{[]byte{0xfd, 0x53}, []byte{v128}, i32, false},
	{[]byte{0xd1}, []byte{externref}, i32, false},
	{[]byte{0xd1}, []byte{funcref}, i32, false},
}

// memOps are loads and stores: a load's result type, or a store's value type.
var memOps = []struct {
	op    []byte
	typ   byte
	store bool
}{
	{[]byte{0x28}, i32, false}, {[]byte{0x2d}, i32, false}, {[]byte{0x29}, i64, false}, {[]byte{0x2a}, f32, false},
	{[]byte{0x2b}, f64, false}, {[]byte{0x34}, i64, false}, {[]byte{0xfd, 0}, v128, false}, {[]byte{0xfd, 0x5d}, v128, false},
	{[]byte{0x36}, i32, true}, {[]byte{0x3b}, i32, true}, {[]byte{0x37}, i64, true}, {[]byte{0x38}, f32, true},
	{[]byte{0x39}, f64, true}, {[]byte{0x3c}, i64, true}, {[]byte{0xfd, 11}, v128, true}, {[]byte{0x3a}, i32, true},
}

// instr emits one instruction with what it needs.
func (g *bodyGen) instr() {
	switch op := g.byte(); op % 64 {
	case 0, 1, 2, 3:
		if len(g.labels) > 1 || g.byte()&7 == 0 {
			g.close()
		}
	case 4, 5, 6, 7, 8, 9:
		g.value(g.valType())
	case 10, 11, 12, 13, 14, 15, 16, 17, 18, 19:
		g.simple()
	case 20, 21, 22, 23:
		g.setLocal()
	case 24, 25:
		g.global()
	case 26, 27, 28, 29:
		g.memory()
	case 30:
		g.bulk()
	case 31, 32, 33, 34:
		g.block()
	case 35, 36:
		g.branch()
	case 37, 38, 39:
		g.branchIf()
	case 40:
		g.branchTable()
	case 41, 42, 43, 44, 45, 46:
		g.call(g.below(len(g.funcs)))
	case 47, 48, 49, 50, 51:
		g.call(g.below(len(GenImports)))
	case 52, 53:
		g.callIndirect()
	case 54:
		g.tailCall()
	case 55, 56:
		g.selectValue()
	case 57:
		g.table()
	case 58:
		g.divide()
	case 59:
		g.callRef()
	case 60, 61:
		g.exception()
	case 62:
		if len(g.operands()) > 0 {
			g.emit(0x1a)
			g.pop(1)
		}
	case 63:
		if g.byte()&7 == 0 {
			g.emit(0x00)
			g.kill()
		} else {
			g.emit(0x01)
		}
	}
}

// simple emits one of simpleOps, preferably one that takes what is on the stack.
func (g *bodyGen) simple() {
	from := g.below(len(simpleOps))
	at := from
	if have := g.operands(); len(have) > 0 {
		last := have[len(have)-1]
		for k := range simpleOps {
			i := (from + k) % len(simpleOps)
			if p := simpleOps[i].params; p[len(p)-1] == last && (len(p) == 1 || len(have) > 1 && p[0] == have[len(have)-2]) {
				at = i
				break
			}
		}
	}
	op := &simpleOps[at]
	g.take(op.params...)
	g.emit(op.op...)
	g.pop(len(op.params))
	if op.canonical {
		g.canonical(op.result)
	}
	g.push(op.result)
}

func (g *bodyGen) setLocal() {
	i := g.below(len(g.locals) - 2 + 1)
	if i == len(g.locals)-2 {
		return
	}
	t := g.locals[i]
	g.take(t)
	if g.byte()&1 == 0 {
		g.emit(0x22, byte(i))
		g.pop(1)
		g.push(t)
		return
	}
	g.emit(0x21, byte(i))
	g.pop(1)
}

func (g *bodyGen) global() {
	i := 1 + g.below(len(genGlobals)-1)
	if g.byte()&1 == 0 {
		g.emit(0x23, byte(i))
		g.push(genGlobals[i])
		return
	}
	g.take(genGlobals[i])
	g.emit(0x24, byte(i))
	g.pop(1)
}

// address pushes an address, mostly one near the low end, where windows are lent.
func (g *bodyGen) address() {
	g.take(i32)
	if g.byte()&31 != 0 {
		g.emit(0x41, 0xff, 0x0b, 0x71) // i32.const 0x5ff, i32.and
	}
	g.pop(1)
	g.push(i32)
}

func (g *bodyGen) memory() {
	op := &memOps[g.below(len(memOps))]
	g.address()
	if op.store {
		g.value(op.typ)
	}
	g.emit(op.op...)
	g.emit(0)
	g.code = appendU(g.code, uint64(g.byte()&15))
	g.pop(1)
	if op.store {
		g.pop(1)
	} else {
		g.push(op.typ)
	}
}

// bulk emits memory.size, grow, copy, fill and init.
func (g *bodyGen) bulk() {
	switch g.below(6) {
	case 0:
		g.emit(0x3f, 0)
		g.push(i32)
	case 1:
		g.emit(0x41, g.byte()&1, 0x40, 0)
		g.push(i32)
	case 2:
		g.address()
		g.address2()
		g.emit(0x41, g.byte()&63, 0xfc, 10, 0, 0)
		g.pop(2)
	case 3:
		g.address()
		g.value(i32)
		g.emit(0x41, g.byte()&63, 0xfc, 11, 0)
		g.pop(2)
	case 4:
		g.address()
		g.emit(0x41, g.byte()&31, 0x41, g.byte()&31, 0xfc, 8, 1, 0)
		g.pop(1)
	case 5:
		if g.byte()&7 == 0 {
			g.emit(0xfc, 9, 1)
		}
	}
}

// address2 pushes a second address, whatever is below it.
func (g *bodyGen) address2() {
	g.value(i32)
	g.emit(0x41, 0xff, 0x07, 0x71) // i32.const 0x3ff, i32.and
}

// block opens a block, a loop or an if, with parameters from the stack.
func (g *bodyGen) block() {
	if len(g.labels) >= genMaxDepth {
		return
	}
	kind := g.below(4)
	have := g.operands()
	params := slices.Clone(have[len(have)-min(len(have), g.below(4)):])
	results := g.valTypes(2)
	if g.byte()&1 == 0 {
		results = params
	}
	l := label{params: params, results: results}
	op := byte(0x02)
	switch kind {
	case 0, 1:
		op, l.loop = 0x03, true
	case 2:
		op, l.isIf = 0x04, true
		g.value(i32)
		g.pop(1)
	}
	g.emit(op)
	g.blockType(params, results)
	l.dead = false
	g.open(l)
	if l.loop {
		g.burn()
	}
}

func (g *bodyGen) blockType(params, results []byte) {
	switch {
	case len(params) == 0 && len(results) == 0:
		g.emit(0x40)
	case len(params) == 0 && len(results) == 1:
		g.emit(results[0])
	default:
		g.code = appendS(g.code, int64(g.typeIdx(sig{params, results})))
	}
}

// target chooses a label; depth 0 is the innermost.
func (g *bodyGen) target() (depth int, types []byte) {
	depth = g.below(len(g.labels))
	return depth, g.labels[len(g.labels)-1-depth].types()
}

func (g *bodyGen) branch() {
	if g.byte()&3 == 0 {
		g.take(g.sig.results...)
		g.emit(0x0f)
	} else {
		depth, types := g.target()
		g.take(types...)
		g.emit(0x0c, byte(depth))
	}
	g.kill()
}

func (g *bodyGen) branchIf() {
	depth, types := g.target()
	g.take(append(slices.Clone(types), i32)...)
	g.emit(0x0d, byte(depth))
	g.pop(1 + len(types))
	g.push(types...)
}

// branchTable emits a br_table whose labels all take what the default takes.
func (g *bodyGen) branchTable() {
	depth, types := g.target()
	var fit []byte
	for d := range g.labels {
		if slices.Equal(g.labels[len(g.labels)-1-d].types(), types) {
			fit = append(fit, byte(d))
		}
	}
	g.take(append(slices.Clone(types), i32)...)
	n := g.below(5)
	g.emit(0x0e, byte(n))
	for range n {
		g.emit(fit[g.below(len(fit))])
	}
	g.emit(byte(depth))
	g.kill()
}

func (g *bodyGen) call(f int) {
	s := g.funcs[f]
	g.take(s.params...)
	g.code = appendU(append(g.code, 0x10), uint64(f))
	g.pop(len(s.params))
	g.push(s.results...)
}

// indirect chooses a table and pushes an index into it, mostly of a function of the
// type that is returned.
func (g *bodyGen) indirect() (s sig, table int) {
	table = g.below(len(g.elems))
	i := g.below(genTableSize)
	s = g.funcs[g.elems[table][i]]
	g.take(s.params...)
	if g.byte()&15 == 0 {
		g.value(i32)
		g.emit(0x41, 15, 0x71)
	} else {
		g.emit(0x41, byte(i))
		g.push(i32)
	}
	return s, table
}

func (g *bodyGen) callIndirect() {
	s, table := g.indirect()
	g.emit(0x11)
	g.code = appendU(g.code, uint64(g.typeIdx(s)))
	g.emit(byte(table))
	g.pop(1 + len(s.params))
	g.push(s.results...)
}

// tailCall emits return_call or return_call_indirect of a function whose results are
// this one's.
func (g *bodyGen) tailCall() {
	from := g.below(len(g.funcs))
	for k := range g.funcs {
		f := (from + k) % len(g.funcs)
		s := g.funcs[f]
		if !slices.Equal(s.results, g.sig.results) {
			continue
		}
		g.take(s.params...)
		for t := range g.elems {
			if i := slices.Index(g.elems[t][:], f); i >= 0 && g.byte()&1 == 0 {
				g.emit(0x41, byte(i), 0x13)
				g.code = appendU(g.code, uint64(g.typeIdx(s)))
				g.emit(byte(t))
				g.kill()
				return
			}
		}
		g.code = appendU(append(g.code, 0x12), uint64(f))
		g.kill()
		return
	}
}

func (g *bodyGen) selectValue() {
	t := g.valType()
	if have := g.operands(); len(have) > 0 {
		t = have[len(have)-1]
	}
	if t == exnref {
		return // wazero refuses it
	}
	g.take(t, t, i32)
	if t == funcref || t == externref || g.byte()&3 == 0 {
		g.emit(0x1c, 1, t)
	} else {
		g.emit(0x1b)
	}
	g.pop(3)
	g.push(t)
}

func (g *bodyGen) table() {
	t := byte(g.below(genTables))
	typ := funcref
	if t == externTable {
		typ = externref
	}
	index := func() {
		g.value(i32)
		g.emit(0x41, 7, 0x71)
	}
	switch g.below(6) {
	case 0:
		index()
		g.emit(0x25, t)
		g.pop(1)
		g.push(typ)
	case 1, 2:
		index()
		g.value(typ)
		g.emit(0x26, t)
		g.pop(2)
	case 3:
		g.emit(0xfc, 16, t)
		g.push(i32)
	case 4:
		g.value(typ)
		g.emit(0x41, g.byte()&1, 0xfc, 15, t)
		g.pop(1)
		g.push(i32)
	case 5:
		if typ == funcref {
			g.emit(0x41, g.byte()&7, 0x41, 0, 0x41, 1, 0xfc, 12, 2, t)
		} else {
			g.emit(0x41, g.byte()&3)
			g.push(i32)
			g.value(typ)
			g.emit(0x41, 2, 0xfc, 17, t)
			g.pop(2)
		}
	}
}

// divide emits a division, which traps for some operands, but not often.
func (g *bodyGen) divide() {
	g.take(i32, i32)
	if g.byte()&7 != 0 {
		g.emit(0x41, 1, 0x72)
	}
	g.emit(0x6e) // i32.div_u
	g.pop(2)
	g.push(i32)
}

func (g *bodyGen) callRef() {
	f := g.below(len(g.funcs))
	s := g.funcs[f]
	g.take(s.params...)
	g.code = appendU(append(g.code, 0xd2), uint64(f))
	g.code = appendU(append(g.code, 0x14), uint64(g.typeIdx(s)))
	g.pop(len(s.params))
	g.push(s.results...)
}

// exception emits a throw, or a try_table in a block that its clauses branch to.
func (g *bodyGen) exception() {
	if !g.exceptions || len(g.labels)+2 > genMaxDepth {
		return
	}
	tag := g.below(len(g.tags()))
	how := g.byte()
	if !g.exnrefs {
		how &^= 4
	}
	if have := g.operands(); len(have) > 0 && have[len(have)-1] == exnref && how&3 != 3 {
		g.emit(0x0a)
		g.kill()
		return
	}
	if how&3 == 0 {
		g.take(genTags[tag]...)
		g.emit(0x08, byte(tag))
		g.kill()
		return
	}
	caught := slices.Clone(genTags[tag])
	if how&8 != 0 {
		caught = nil // catch_all
	}
	var clause byte
	switch {
	case how&8 != 0 && how&4 != 0:
		clause = 3
	case how&8 != 0:
		clause = 2
	case how&4 != 0:
		clause = 1
	}
	if how&4 != 0 {
		caught = append(caught, exnref)
	}
	g.emit(0x02)
	g.blockType(nil, caught)
	g.open(label{results: caught})
	g.emit(0x1f, 0x40, 1, clause)
	if clause < 2 {
		g.emit(byte(tag))
	}
	g.emit(0)
	g.open(label{})
	if how&0x10 != 0 {
		// Likely to throw: a call or a throw of the tag that is caught.
		g.take(i32)
		g.emit(0x04, 0x40)
		g.pop(1)
		g.labels = append(g.labels, label{height: len(g.stack)})
		for _, t := range genTags[tag] {
			g.value(t)
		}
		g.emit(0x08, byte(tag), 0x0b)
		g.labels = g.labels[:len(g.labels)-1]
		g.stack = g.stack[:len(g.stack)-len(genTags[tag])]
	}
}

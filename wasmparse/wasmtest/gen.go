package wasmtest

import "slices"

// Codes of the value types, as in the binary format.
const (
	i32       byte = 0x7f
	i64       byte = 0x7e
	f32       byte = 0x7d
	f64       byte = 0x7c
	v128      byte = 0x7b
	funcref   byte = 0x70
	externref byte = 0x6f
	exnref    byte = 0x69
)

// A GenFunc is a function that a generated module imports or exports. The types are
// those of the binary format.
type GenFunc struct {
	Name            string
	Params, Results []byte
}

// GenModule is the name of the module that a generated module imports from.
const GenModule = "env"

// GenImports are what every generated module imports. Those whose names begin with
// block are meant to suspend.
var GenImports = []GenFunc{
	{"block", nil, nil},
	{"block_i32", []byte{i32}, []byte{i32}},
	{"block_wide", []byte{i64, f64}, []byte{i64}},
	{"block_many", []byte{f32}, []byte{i32, i64, f32, f64}},
	{"block_v128", []byte{v128}, []byte{v128}},
	{"block_mixed", nil, []byte{f64, v128, i32}},
	{"block_extern", []byte{externref}, []byte{externref}},
	{"block_refs", []byte{i32}, []byte{externref, i32, externref}},
	{"see", []byte{i32}, nil},
	{"see_refs", []byte{externref, funcref}, []byte{i32}},
}

// A Generated is a valid module that terminates.
type Generated struct {
	Wasm []byte
	// Exports are the functions to call. The module also exports its memory as memory,
	// and its globals as GenFuel, g1, g2 and so on.
	Exports []GenFunc
	// Globals are the types of the exported globals.
	Globals []byte
	// Exceptions says that the module uses exception handling.
	Exceptions bool
}

// GenFuel is the name of the exported mutable i32 global that bounds the work of
// a generated module: every function entry and every round of a loop takes one unit,
// and at 0 a function returns zeros instead. Nothing else would make it terminate.
const GenFuel = "fuel"

// Limits of what is generated.
const (
	genMaxFuncs  = 8
	genMaxInstrs = 250 // of a function, before the ends of its blocks
	genMaxDepth  = 6
)

// Generate turns any bytes into a valid module. It has no other source of choice, so
// that a fuzzer can shape it; after the end of the bytes all choices are the
// smallest.
func Generate(data []byte) *Generated {
	m := &generator{data: data}
	return m.module()
}

// The generated module's globals, by index. Index 0 is the fuel.
var genGlobals = []byte{i32, i32, i64, f32, f64, v128, externref, i64}

// genTags are the parameters of the generated module's tags. The last one is not used
// together with exnref: what an artifact can keep of an exception is limited.
var genTags = [][]byte{nil, {i32}, {i64, f32}, {v128, externref}}

// Tables of a generated module: two of functions, one of host references.
const (
	genTableSize = 8
	genTables    = 3
	externTable  = 2
)

type sig struct{ params, results []byte }

type generator struct {
	data []byte

	types      []sig
	funcs      []sig // imports first
	elems      [2][genTableSize]int
	exceptions bool
	exnrefs    bool
}

// byte takes the next choice.
func (m *generator) byte() byte {
	if len(m.data) == 0 {
		return 0
	}
	b := m.data[0]
	m.data = m.data[1:]
	return b
}

// tags are the tags of this module.
func (m *generator) tags() [][]byte {
	if m.exnrefs {
		return genTags[:len(genTags)-1]
	}
	return genTags
}

// below chooses one of n.
func (m *generator) below(n int) int { return int(m.byte()) % n }

var genValTypes = []byte{i32, i64, f32, f64, v128, externref, funcref, i32, i32, i64}

func (m *generator) valType() byte { return genValTypes[m.below(len(genValTypes))] }

func (m *generator) valTypes(most int) []byte {
	ts := make([]byte, m.below(most+1))
	for i := range ts {
		ts[i] = m.valType()
	}
	return ts
}

// typeIdx returns the index of a function type.
func (m *generator) typeIdx(s sig) int {
	for i, t := range m.types {
		if slices.Equal(t.params, s.params) && slices.Equal(t.results, s.results) {
			return i
		}
	}
	m.types = append(m.types, s)
	return len(m.types) - 1
}

func (m *generator) module() *Generated {
	g := &Generated{Globals: genGlobals}
	flags := m.byte()
	m.exceptions = flags&3 == 1
	m.exnrefs = flags&4 != 0
	g.Exceptions = m.exceptions
	for _, f := range GenImports {
		m.funcs = append(m.funcs, sig{f.Params, f.Results})
	}
	n := 2 + m.below(genMaxFuncs-1)
	for range n {
		s := sig{m.valTypes(4), m.valTypes(3)}
		if len(m.funcs) > len(GenImports) && m.byte()&3 == 0 {
			s = m.funcs[len(m.funcs)-1] // so that indirect calls have a choice
		}
		m.funcs = append(m.funcs, s)
	}
	start := -1
	if flags&0x70 == 0x10 {
		start = len(m.funcs)
		m.funcs = append(m.funcs, sig{})
	}
	for t := range m.elems {
		for i := range m.elems[t] {
			m.elems[t][i] = m.below(len(m.funcs))
		}
	}
	for _, f := range m.funcs {
		m.typeIdx(f)
	}
	for _, p := range genTags {
		m.typeIdx(sig{params: p})
	}

	var code []byte
	code = appendU(code, uint64(len(m.funcs)-len(GenImports)))
	for i := len(GenImports); i < len(m.funcs); i++ {
		code = appendVec(code, m.body(i))
	}

	for i := range n {
		f := m.funcs[len(GenImports)+i]
		g.Exports = append(g.Exports, GenFunc{"f" + string(rune('0'+i)), f.params, f.results})
	}
	g.Wasm = m.assemble(g, code, start)
	return g
}

// assemble writes the sections.
func (m *generator) assemble(g *Generated, code []byte, start int) []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, body []byte) { out = appendVec(append(out, id), body) }

	b := appendU(nil, uint64(len(m.types)))
	for _, t := range m.types {
		b = append(b, 0x60)
		b = appendVec(b, t.params)
		b = appendVec(b, t.results)
	}
	section(1, b)

	b = appendU(nil, uint64(len(GenImports)))
	for _, f := range GenImports {
		b = appendVec(b, []byte(GenModule))
		b = appendVec(b, []byte(f.Name))
		b = appendU(append(b, 0), uint64(m.typeIdx(sig{f.Params, f.Results})))
	}
	section(2, b)

	b = appendU(nil, uint64(len(m.funcs)-len(GenImports)))
	for _, f := range m.funcs[len(GenImports):] {
		b = appendU(b, uint64(m.typeIdx(f)))
	}
	section(3, b)

	section(4, []byte{genTables, funcref, 1, genTableSize, 12, funcref, 1, genTableSize, 12, externref, 1, genTableSize, 12})
	section(5, []byte{1, 1, 1, 4})
	if m.exceptions {
		tags := m.tags()
		b = []byte{byte(len(tags))}
		for _, p := range tags {
			b = appendU(append(b, 0), uint64(m.typeIdx(sig{params: p})))
		}
		section(13, b)
	}

	b = []byte{byte(len(genGlobals))}
	for _, t := range genGlobals {
		b = append(b, t, 1)
		b = append(appendZero(b, t), 0x0b)
	}
	section(6, b)

	b = appendU(nil, uint64(len(g.Exports)+len(genGlobals)+1))
	for i, f := range g.Exports {
		b = appendVec(b, []byte(f.Name))
		b = appendU(append(b, 0), uint64(len(GenImports)+i))
	}
	for i := range genGlobals {
		name := GenFuel
		if i > 0 {
			name = "g" + string(rune('0'+i))
		}
		b = append(appendVec(b, []byte(name)), 3, byte(i))
	}
	b = append(appendVec(b, []byte("memory")), 2, 0)
	section(7, b)

	if start >= 0 {
		section(8, appendU(nil, uint64(start)))
	}

	// Both tables of functions; one passive segment; a declaration of all functions.
	b = []byte{4}
	for t := range m.elems {
		if t == 0 {
			b = append(b, 0, 0x41, 0, 0x0b)
		} else {
			b = append(b, 2, byte(t), 0x41, 0, 0x0b, 0)
		}
		b = append(b, genTableSize)
		for _, f := range m.elems[t] {
			b = appendU(b, uint64(f))
		}
	}
	b = append(b, 5, funcref, 3, 0xd2)
	b = append(appendU(b, uint64(m.elems[0][0])), 0x0b, 0xd0, funcref, 0x0b, 0xd2)
	b = append(appendU(b, uint64(m.elems[1][1])), 0x0b)
	b = appendU(append(b, 3, 0), uint64(len(m.funcs)))
	for f := range m.funcs {
		b = appendU(b, uint64(f))
	}
	section(9, b)

	section(12, []byte{2})
	section(10, code)

	// Where windows are lent no byte is zero: a byte that is not put back shows.
	b = []byte{2, 0, 0x41, 0, 0x0b}
	low := make([]byte, 1500)
	for i := range low {
		low[i] = byte(i*7+i>>8) | 1
	}
	b = appendVec(b, low)
	b = appendVec(append(b, 1), low[:64])
	section(11, b)
	return out
}

func appendU(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func appendS(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func appendVec(b, v []byte) []byte { return append(appendU(b, uint64(len(v))), v...) }

// appendZero appends the instruction that makes a zero or a null.
func appendZero(b []byte, t byte) []byte {
	switch t {
	case i32:
		return append(b, 0x41, 0)
	case i64:
		return append(b, 0x42, 0)
	case f32:
		return append(b, 0x43, 0, 0, 0, 0)
	case f64:
		return append(b, 0x44, 0, 0, 0, 0, 0, 0, 0, 0)
	case v128:
		return append(append(b, 0xfd, 12), make([]byte, 16)...)
	default:
		return append(b, 0xd0, t)
	}
}

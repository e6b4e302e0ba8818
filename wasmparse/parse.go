package wasmparse

import "fmt"

// The largest module we read. Offsets then fit in 31 bits.
const maxModule = 1 << 30

// Limits of our own, after those of the JavaScript API where that has one. Bodies may
// be larger than there, since compilers of whole programs make such.
// https://webassembly.github.io/spec/js-api/#limits
const (
	maxTypes   = 1_000_000
	maxFuncs   = 1_000_000
	maxImports = 1_000_000
	maxExports = 1_000_000
	maxGlobals = 1_000_000
	maxTags    = 1_000_000
	maxTables  = 100_000
	maxElems   = 1_000_000  // segments
	maxItems   = 10_000_000 // in one of them
	maxData    = 1_000_000
	maxCustom  = 100_000
	maxParams  = 1_000
	maxResults = 1_000
	maxBody    = 128 << 20
	maxPages   = 65536
)

// sectionOrder is the place of each section; custom sections may stand anywhere.
var sectionOrder = [numSections]int{
	SectionType: 1, SectionImport: 2, SectionFunction: 3, SectionTable: 4,
	SectionMemory: 5, SectionTag: 6, SectionGlobal: 7, SectionExport: 8,
	SectionStart: 9, SectionElement: 10, SectionDataCount: 11, SectionCode: 12,
	SectionData: 13,
}

// A parser reads one module.
type parser struct {
	reader
	customs  int // custom sections
	defined  int // functions that the function section declares
	exported map[string]struct{}
	consts   []ValType          // operand stack of constant expressions
	groups   map[string]TypeIdx // first type index of each different recursive group
	key      []byte
}

// Parse reads a module and validates all of it but the bodies of functions, which stay
// windows into data. data must not be changed while the module is in use.
func Parse(data []byte) (*Module, error) {
	m := &Module{Data: data}
	p := &parser{reader: reader{data: data, m: m, section: Header}}
	p.header()
	last := 0
	for p.err == nil && p.pos < len(data) {
		last = p.sectionAt(last)
	}
	if p.err == nil {
		p.section = Header
		p.finish()
	}
	if p.err != nil {
		return nil, p.err
	}
	return m, nil
}

func (p *parser) header() {
	if len(p.data) > maxModule {
		p.unsupported(maxModule, "module of more than 1 GiB", "")
		return
	}
	head := p.data[:min(len(p.data), 8)]
	if len(head) < 4 {
		p.malformed(len(head), "unexpected end")
		return
	}
	if string(head[:4]) != "\x00asm" {
		p.malformed(0, "magic header not detected")
		return
	}
	if len(head) < 8 {
		p.malformed(len(head), "unexpected end")
		return
	}
	switch {
	case string(head[4:8]) == "\x01\x00\x00\x00":
		p.pos = 8
	case string(head[6:8]) == "\x01\x00": // the layer
		p.unsupported(4, "component", "unknown binary version: this is a component, not a module")
	default:
		p.malformed(4, "unknown binary version")
	}
}

// sectionAt reads the next section. last and the result are places in sectionOrder.
func (p *parser) sectionAt(last int) int {
	p.section = Header
	m := p.m
	s := Section{Off: p.pos}
	s.ID = SectionID(p.u8())
	if s.ID >= numSections {
		p.malformed(s.Off, "malformed section id")
		return 0
	}
	p.section = s.ID
	n := p.u32()
	if uint64(n) > uint64(p.remaining()) {
		p.malformed(p.pos, msgLength)
	}
	if p.err != nil {
		return 0
	}
	end := p.pos + int(n)
	whole := p.data
	p.data = whole[:end]
	s.Start, s.End = p.pos, end
	if s.ID == SectionCustom {
		if p.customs++; p.customs > maxCustom {
			p.unsupported(s.Off, "more than 100000 custom sections", "")
		}
		s.Name = p.name()
		s.Start = p.pos
		p.pos = end
	} else {
		if sectionOrder[s.ID] <= last {
			p.malformed(s.Off, "unexpected content after last section")
			return 0
		}
		last = sectionOrder[s.ID]
		p.content(s.ID)
	}
	if p.err != nil {
		return 0
	}
	if p.pos != end {
		p.malformed(p.pos, "section size mismatch")
		return 0
	}
	p.data = whole
	m.Sections = append(m.Sections, s)
	return last
}

func (p *parser) content(id SectionID) {
	switch id {
	case SectionType:
		p.each(maxTypes, "types", p.recGroup)
		p.refTypes()
	case SectionImport:
		p.each(maxImports, "imports", p.importEntry)
	case SectionFunction:
		p.each(maxFuncs, "functions", p.function)
	case SectionTable:
		p.each(maxTables, "tables", p.table)
	case SectionMemory:
		p.each(maxBody, "memories", p.memory)
	case SectionTag:
		p.each(maxTags, "tags", p.tag)
	case SectionGlobal:
		p.each(maxGlobals, "globals", p.global)
	case SectionExport:
		p.each(maxExports, "exports", p.export)
	case SectionStart:
		p.start()
	case SectionElement:
		p.each(maxElems, "element segments", p.elem)
	case SectionDataCount:
		p.m.DataCount = p.u32()
		p.m.HasDataCount = true
	case SectionCode:
		p.code()
	case SectionData:
		p.each(maxData, "data segments", p.dataSegment)
	}
}

// each reads a vector.
func (p *parser) each(limit int, what string, read func()) {
	for n := p.count(limit, what); n > 0 && p.err == nil; n-- {
		read()
	}
}

// finish checks what only shows when all sections have been read.
func (p *parser) finish() {
	m := p.m
	if p.defined != len(m.Bodies) {
		p.malformed(len(m.Data), "function and code section have inconsistent lengths")
	}
	if m.HasDataCount && int(m.DataCount) != len(m.DataSegs) {
		p.malformed(len(m.Data), "data count and data section have inconsistent lengths")
	}
}

// refTypes fills what BlockSig needs.
func (p *parser) refTypes() {
	for _, c := range p.m.canon {
		p.m.refTypes = append(p.m.refTypes, RefType(c, true), RefType(c, false))
	}
}

func (p *parser) typeIdx() TypeIdx {
	off := p.pos
	t := p.u32()
	if p.err == nil && uint(t) >= uint(len(p.m.Types)) {
		p.invalid(off, unknown("type", t))
	}
	return TypeIdx(t)
}

func (p *parser) importEntry() {
	m := p.m
	im := Import{Module: p.name(), Name: p.name()}
	off := p.pos
	im.Kind = p.u8()
	switch im.Kind {
	case KindFunc:
		im.Type = p.typeIdx()
		m.Funcs = append(m.Funcs, im.Type)
		m.ImportedFuncs++
	case KindTable:
		im.Table = p.tableType()
		m.Tables = append(m.Tables, im.Table)
		m.ImportedTables++
	case KindMem:
		im.Mem = p.memType()
		m.Mems = append(m.Mems, im.Mem)
		m.ImportedMems++
	case KindGlobal:
		im.Global = p.globalType()
		m.Globals = append(m.Globals, Global{Type: im.Global})
		m.ImportedGlobals++
	case KindTag:
		im.Type = p.tagType()
		m.Tags = append(m.Tags, im.Type)
		m.ImportedTags++
	default:
		p.malformed(off, "malformed import kind")
	}
	m.Imports = append(m.Imports, im)
}

func (p *parser) function() {
	t := p.typeIdx()
	p.m.Funcs = append(p.m.Funcs, t)
	p.defined++
}

// limits reads the limits of a table or a memory. most is the largest value of flags
// that does not ask for memory64: 1 for a table, 3 for a memory, which may be shared.
func (p *parser) limits(most byte) (lo, hi uint32, hasMax, shared bool) {
	off := p.pos
	flags := p.u8()
	switch {
	case flags&4 != 0 && flags&^4 <= most:
		p.unsupported(off, "memory64", "")
		return
	case flags >= 0x80: // flags are an integer of few bits
		p.malformed(off, msgLong)
		return
	case flags > most:
		p.malformed(off, msgLarge)
		return
	}
	hasMax, shared = flags&1 != 0, flags&2 != 0
	lo = p.u32()
	if hasMax {
		hi = p.u32()
	}
	return
}

func (p *parser) tableType() (t TableType) {
	t.Elem = p.refType()
	off := p.pos
	t.Min, t.Max, t.HasMax, _ = p.limits(1)
	if t.HasMax && t.Max < t.Min {
		p.invalid(off, "size minimum must not be greater than maximum")
	}
	return t
}

func (p *parser) table() {
	off := p.pos
	withInit := p.remaining() > 0 && p.data[p.pos] == 0x40
	if withInit {
		p.pos++
		if zero := p.u8(); zero != 0 {
			p.malformed(off+1, "zero byte expected")
		}
	}
	t := p.tableType()
	switch {
	case withInit:
		t.Init = p.constExpr(t.Elem)
	case p.err == nil && !t.Elem.Defaultable():
		p.invalid(off, "type mismatch: non-nullable table needs an initializer")
	}
	p.m.Tables = append(p.m.Tables, t)
}

func (p *parser) memType() (t MemType) {
	off := p.pos
	t.Min, t.Max, t.HasMax, t.Shared = p.limits(3)
	switch {
	case p.err != nil:
	case t.Min > maxPages || t.HasMax && t.Max > maxPages:
		p.invalid(off, "memory size must be at most 65536 pages (4GiB)")
	case t.HasMax && t.Max < t.Min:
		p.invalid(off, "size minimum must not be greater than maximum")
	case t.Shared && !t.HasMax:
		p.invalid(off, "shared memory must have maximum")
	case len(p.m.Mems) > 0:
		p.unsupported(off, "multi-memory", "multiple memories")
	}
	return t
}

func (p *parser) memory() {
	t := p.memType()
	p.m.Mems = append(p.m.Mems, t)
}

func (p *parser) tagType() TypeIdx {
	off := p.pos
	if p.u8() != 0 {
		p.malformed(off, "zero byte expected")
	}
	off = p.pos
	t := p.typeIdx()
	if p.err == nil && len(p.m.Types[t].Results) > 0 {
		p.invalid(off, "non-empty tag result type")
	}
	return t
}

func (p *parser) tag() { p.m.Tags = append(p.m.Tags, p.tagType()) }

func (p *parser) globalType() (t GlobalType) {
	t.Val = p.valType()
	off := p.pos
	mut := p.u8()
	if mut&2 != 0 && mut < 4 {
		p.unsupported(off, "shared-everything threads", "malformed mutability")
	} else if mut > 1 {
		p.malformed(off, "malformed mutability")
	}
	t.Mut = mut == 1
	return t
}

func (p *parser) global() {
	t := p.globalType()
	init := p.constExpr(t.Val)
	p.m.Globals = append(p.m.Globals, Global{t, init})
}

func (p *parser) export() {
	m := p.m
	off := p.pos
	e := Export{Name: p.name()}
	kindOff := p.pos
	e.Kind = p.u8()
	e.Idx = p.u32()
	if p.err != nil {
		return
	}
	var n int
	what := [...]string{"function", "table", "memory", "global", "tag"}
	switch e.Kind {
	case KindFunc:
		n = len(m.Funcs)
	case KindTable:
		n = len(m.Tables)
	case KindMem:
		n = len(m.Mems)
	case KindGlobal:
		n = len(m.Globals)
	case KindTag:
		n = len(m.Tags)
	default:
		p.malformed(kindOff, "malformed export kind")
		return
	}
	if int64(e.Idx) >= int64(n) {
		p.invalid(kindOff+1, unknown(what[e.Kind], e.Idx))
		return
	}
	if p.exported == nil {
		p.exported = map[string]struct{}{}
	}
	if _, dup := p.exported[e.Name]; dup {
		p.invalid(off, fmt.Sprintf("duplicate export name %q", e.Name))
		return
	}
	p.exported[e.Name] = struct{}{}
	if e.Kind == KindFunc {
		m.declare(FuncIdx(e.Idx))
	}
	m.Exports = append(m.Exports, e)
}

func (p *parser) funcIdx() FuncIdx {
	off := p.pos
	f := p.u32()
	if p.err == nil && int64(f) >= int64(len(p.m.Funcs)) {
		p.invalid(off, unknown("function", f))
	}
	return FuncIdx(f)
}

func (p *parser) start() {
	off := p.pos
	f := p.funcIdx()
	if p.err != nil {
		return
	}
	p.m.Start, p.m.HasStart = f, true
	if t := p.m.FuncType(f); len(t.Params)+len(t.Results) > 0 {
		p.invalid(off, "start function: its type must be [] -> []")
	}
}

// elem reads an element segment. The flags' low bit says that it is not active; the
// second, that it names its table, or is declarative; the third, that its items are
// expressions.
// https://webassembly.github.io/spec/core/binary/modules.html#element-section
func (p *parser) elem() {
	m := p.m
	off := p.pos
	flags := p.u32()
	if flags > 7 {
		p.malformed(off, "malformed elements segment kind")
		return
	}
	e := Elem{Exprs: flags&4 != 0, Type: FuncRef}
	explicit := flags&3 != 0 // has a kind or type
	if !e.Exprs {
		e.Type = FuncRef.NonNull()
	}
	switch flags & 3 {
	case 1:
		e.Mode = ElemPassive
	case 3:
		e.Mode = ElemDeclarative
	case 2:
		e.Table = TableIdx(p.u32())
	}
	if e.Mode == ElemActive {
		if p.err == nil && int64(e.Table) >= int64(len(m.Tables)) {
			p.invalid(off, unknown("table", uint32(e.Table)))
			return
		}
		e.Offset = p.constExpr(I32)
	}
	if explicit {
		at := p.pos
		if e.Exprs {
			e.Type = p.refType()
		} else if p.u8() != 0 {
			p.malformed(at, "malformed element kind")
		}
	}
	if p.err == nil && e.Mode == ElemActive && !e.Type.Matches(m.Tables[e.Table].Elem) {
		p.invalid(off, msgMismatch+": segment of "+e.Type.String()+" in table of "+m.Tables[e.Table].Elem.String())
	}
	e.NumItems = p.count(maxItems, "elements")
	start := p.pos
	for n := e.NumItems; n > 0 && p.err == nil; n-- {
		if e.Exprs {
			p.constExpr(e.Type)
		} else if f := p.funcIdx(); p.err == nil {
			m.declare(f)
		}
	}
	if p.err == nil {
		e.Items = p.data[start:p.pos:p.pos]
		m.Elems = append(m.Elems, e)
	}
}

func (p *parser) code() {
	m := p.m
	for n := p.count(maxFuncs, "bodies"); n > 0 && p.err == nil; n-- {
		off := p.pos
		size := p.u32()
		switch {
		case p.err != nil:
		case len(m.Bodies) == p.defined:
			p.malformed(off, "function and code section have inconsistent lengths")
		case uint64(size) > uint64(p.remaining()):
			p.malformed(off, msgEnd)
		case size > maxBody:
			p.unsupported(off, "body of more than 128 MiB", "")
		default:
			m.Bodies = append(m.Bodies, Body{p.pos, p.pos + int(size)})
			p.pos += int(size)
		}
	}
}

func (p *parser) dataSegment() {
	m := p.m
	off := p.pos
	var d Data
	mem := uint32(0)
	switch flags := p.u32(); flags {
	case 0:
	case 1:
		d.Passive = true
	case 2:
		mem = p.u32()
	default:
		p.malformed(off, "malformed data segment kind")
	}
	if !d.Passive {
		if p.err == nil && int64(mem) >= int64(len(m.Mems)) {
			p.invalid(off, unknown("memory", mem))
		}
		d.Offset = p.constExpr(I32)
	}
	d.Init = p.bytes(p.u32(), msgEnd)
	m.DataSegs = append(m.DataSegs, d)
}

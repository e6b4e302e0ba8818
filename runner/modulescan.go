package runner

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxTable is the number of elements that the tables of a process may have together at
// the start, and each of them later: a table.grow beyond it returns -1. The tables that
// lunatic-build adds, which depend on the number of functions, come on top.
const MaxTable = 99_999

// Limits of what a module may declare, those that browsers have. Without them a few bytes
// could make wazero allocate everything there is.
const (
	maxEntries     = 1_000_000 // of a section
	maxLocals      = 50_000    // of a function
	maxTotalLocals = 16 << 20
	maxBody        = 7_654_321 // bytes of a function: wazero's time grows faster than they do
)

// errMalformed reports a module that ends too early or is nonsense. What is subtler than
// that is left to wazero.
var errMalformed = errors.New("malformed module: unexpected end")

// sanitize looks through a module before wazero reads it: no count in it may promise more
// than there are bytes. It returns the module with its tables bounded by MaxTable, and
// fails if they are larger from the start, or if it imports anything but functions.
func sanitize(module []byte) ([]byte, error) {
	if len(module) < 8 || string(module[:8]) != "\x00asm\x01\x00\x00\x00" {
		return nil, errors.New("not a WebAssembly module (of version 1)")
	}
	var sc scan
	sc.artifact = IsArtifact(module)
	r := scanner{b: module[8:]}
	for len(r.b) > 0 && r.err == nil {
		start := len(module) - len(r.b)
		id := r.byte()
		body := r.bytes()
		if r.err == nil {
			r.err = sc.section(id, body)
		}
		if id == sectionTable {
			sc.tableStart, sc.tableEnd = start, len(module)-len(r.b)
		}
	}
	if r.err == nil {
		r.err = sc.checkTables()
	}
	if r.err != nil {
		return nil, r.err
	}
	return sc.rewritten(module), nil
}

// Numbers of sections.
const (
	sectionCustom = iota
	sectionType
	sectionImport
	sectionFunction
	sectionTable
	sectionMemory
	sectionGlobal
	sectionExport
	sectionStart
	sectionElement
	sectionCode
	sectionData
	sectionDataCount
	sectionTag
)

// A scan is what sanitize has found out.
type scan struct {
	artifact  bool
	functions uint32
	locals    uint64

	tables               []table32
	tableStart, tableEnd int // the section within the module
}

// A table32 is an entry of the table section.
type table32 struct {
	before, after []byte // what stands around the limits
	min, max      uint32
	hasMax        bool
}

// section checks one section.
func (sc *scan) section(id byte, body []byte) error {
	r := scanner{b: body}
	switch id {
	case sectionCustom:
		return customSection(&r)
	case sectionStart, sectionDataCount:
		return nil // one number
	}
	n := r.count()
	if n > maxEntries {
		return fmt.Errorf("section %d has %d entries, at most %d are allowed", id, n, maxEntries)
	}
	entry := sc.entry(id)
	if entry == nil {
		return fmt.Errorf("unknown section %d", id)
	}
	if id == sectionFunction {
		sc.functions = n
	}
	for ; n > 0 && r.err == nil; n-- {
		entry(&r)
	}
	return r.err
}

// entry returns what reads an entry of a section.
func (sc *scan) entry(id byte) func(*scanner) {
	switch id {
	case sectionType:
		return (*scanner).funcType
	case sectionImport:
		return (*scanner).importEntry
	case sectionFunction:
		return func(r *scanner) { r.u32() }
	case sectionTable:
		return sc.table
	case sectionMemory:
		return func(r *scanner) { r.limits() }
	case sectionGlobal:
		return func(r *scanner) { r.valType(); r.byte(); r.constExpr() }
	case sectionExport:
		return func(r *scanner) { r.bytes(); r.byte(); r.u32() }
	case sectionElement:
		return (*scanner).element
	case sectionCode:
		return sc.code
	case sectionData:
		return (*scanner).data
	case sectionTag:
		return func(r *scanner) { r.byte(); r.u32() }
	default:
		return nil
	}
}

// customSection checks the one custom section that wazero takes apart. Malformed names
// are an error there, too.
func customSection(r *scanner) error {
	if string(r.bytes()) != "name" || r.err != nil {
		return r.err
	}
	for len(r.b) > 0 && r.err == nil {
		id := r.byte()
		sub := scanner{b: r.bytes()}
		switch id {
		case 1: // functions
			nameMap(&sub)
		case 2: // locals
			for n := sub.count(); n > 0 && sub.err == nil; n-- {
				sub.u32()
				nameMap(&sub)
			}
		}
		if r.err == nil && sub.err != nil {
			r.err = fmt.Errorf("custom section name: %w", sub.err)
		}
	}
	return r.err
}

func nameMap(r *scanner) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		r.u32()
		r.bytes()
	}
}

// table reads a table.
func (sc *scan) table(r *scanner) {
	start := r.b
	init := false
	if len(r.b) > 1 && r.b[0] == 0x40 && r.b[1] == 0 {
		r.b, init = r.b[2:], true
	}
	r.valType()
	t := table32{before: start[:len(start)-len(r.b)]}
	t.min, t.max, t.hasMax = r.limits()
	start = r.b
	if init {
		r.constExpr()
	}
	t.after = start[:len(start)-len(r.b)]
	sc.tables = append(sc.tables, t)
}

// code reads a function's body up to its instructions.
func (sc *scan) code(r *scanner) {
	body := scanner{b: r.bytes()}
	if r.err != nil {
		return
	}
	var sum uint64
	for n := body.count(); n > 0 && body.err == nil; n-- {
		sum += uint64(body.u32())
		body.valType()
	}
	sc.locals += sum
	switch {
	case body.err != nil:
		r.err = body.err
	case len(body.b) > maxBody:
		r.err = fmt.Errorf("function of %d bytes, at most %d are allowed", len(body.b), maxBody)
	case sum > maxLocals:
		r.err = fmt.Errorf("function with %d locals, at most %d are allowed", sum, maxLocals)
	case sc.locals > maxTotalLocals:
		r.err = fmt.Errorf("functions with more than %d locals together", maxTotalLocals)
	}
}

// checkTables checks the sizes at the start. An artifact's tables for resume clones have
// no more elements than there are functions.
func (sc *scan) checkTables() error {
	limit := uint64(MaxTable)
	if sc.artifact {
		limit += uint64(sc.functions)
	}
	var sum uint64
	for _, t := range sc.tables {
		sum += uint64(t.min)
	}
	if sum > limit {
		return fmt.Errorf("tables of %d elements, at most %d are allowed", sum, MaxTable)
	}
	return nil
}

// rewritten returns the module with a maximum in each table that could grow beyond
// MaxTable: wazero has no other limit for them.
func (sc *scan) rewritten(module []byte) []byte {
	change := false
	body := binary.AppendUvarint(nil, uint64(len(sc.tables)))
	for _, t := range sc.tables {
		limit := max(t.min, MaxTable)
		if !t.hasMax || t.max > limit {
			t.max, change = limit, true
		}
		body = append(body, t.before...)
		body = append(body, 1)
		body = binary.AppendUvarint(body, uint64(t.min))
		body = binary.AppendUvarint(body, uint64(t.max))
		body = append(body, t.after...)
	}
	if !change {
		return module
	}
	out := make([]byte, 0, len(module)+len(body)+16)
	out = append(out, module[:sc.tableStart]...)
	out = append(out, sectionTable)
	out = binary.AppendUvarint(out, uint64(len(body)))
	out = append(out, body...)
	return append(out, module[sc.tableEnd:]...)
}

// A scanner reads the binary format. After an error it returns zeros.
type scanner struct {
	b   []byte
	err error
}

func (r *scanner) fail() {
	if r.err == nil {
		r.err = errMalformed
	}
	r.b = nil
}

func (r *scanner) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	b := r.b[0]
	r.b = r.b[1:]
	return b
}

// skip reads n bytes.
func (r *scanner) skip(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *scanner) u32() uint32 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || n > 5 || v > 1<<32-1 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return uint32(v)
}

// leb skips a number of any type.
func (r *scanner) leb() {
	for r.byte()&0x80 != 0 {
	}
}

// count reads the length of a vector, each of whose elements has a byte at least.
func (r *scanner) count() uint32 {
	n := r.u32()
	if uint64(n) > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return n
}

// bytes reads a vector of bytes.
func (r *scanner) bytes() []byte { return r.skip(int(r.count())) }

// valType reads a value type or a reference type.
func (r *scanner) valType() {
	if t := r.byte(); t == 0x63 || t == 0x64 { // (ref null ht), (ref ht)
		r.leb()
	}
}

func (r *scanner) funcType() {
	if form := r.byte(); form != 0x60 && r.err == nil {
		r.err = fmt.Errorf("unsupported type 0x%x", form)
	}
	for range 2 {
		for n := r.count(); n > 0 && r.err == nil; n-- {
			r.valType()
		}
	}
}

// importEntry accepts functions only: the host offers nothing else.
func (r *scanner) importEntry() {
	module, name, kind := r.bytes(), r.bytes(), r.byte()
	if kind != 0 && r.err == nil {
		what := [...]string{"function", "table", "memory", "global", "tag"}
		if int(kind) >= len(what) {
			r.fail()
			return
		}
		r.err = fmt.Errorf("unknown import %.100s.%.100s: the host offers no %s", module, name, what[kind])
	}
	r.u32()
}

func (r *scanner) limits() (min, max uint32, hasMax bool) {
	flags := r.byte()
	if flags > 3 && r.err == nil {
		r.err = fmt.Errorf("unsupported limits 0x%x", flags)
	}
	min = r.u32()
	if hasMax = flags&1 != 0; hasMax {
		max = r.u32()
	}
	return min, max, hasMax
}

// constExpr reads up to the end of a constant expression.
func (r *scanner) constExpr() {
	for r.err == nil {
		switch op := r.byte(); op {
		case 0x0b: // end
			return
		case 0x41, 0x42, 0x23, 0xd0, 0xd2: // i32.const i64.const global.get ref.null ref.func
			r.leb()
		case 0x43: // f32.const
			r.skip(4)
		case 0x44: // f64.const
			r.skip(8)
		case 0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e: // add, sub, mul
		case 0xfd: // v128.const
			if r.u32() != 12 {
				r.fail()
			}
			r.skip(16)
		default:
			if r.err == nil {
				r.err = fmt.Errorf("unsupported instruction 0x%x in a constant expression", op)
			}
		}
	}
}

func (r *scanner) element() {
	flags := r.u32()
	if flags > 7 && r.err == nil {
		r.err = fmt.Errorf("unsupported element segment 0x%x", flags)
	}
	if flags&1 == 0 { // active
		if flags&2 != 0 {
			r.u32()
		}
		r.constExpr()
	}
	if flags&3 != 0 {
		if flags&4 != 0 {
			r.valType()
		} else {
			r.byte()
		}
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		if flags&4 != 0 {
			r.constExpr()
		} else {
			r.u32()
		}
	}
}

func (r *scanner) data() {
	flags := r.u32()
	if flags == 2 {
		r.u32()
	}
	if flags != 1 {
		r.constExpr()
	}
	r.bytes()
}

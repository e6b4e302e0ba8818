package wasmparse

import "sync"

// A Module is a parsed module. Windows, and nothing else, keep the input alive: Data
// must not be changed. A Module may be read by several goroutines at once.
type Module struct {
	Data []byte
	// Sections are in file order.
	Sections []Section
	Types    []FuncType
	Imports  []Import

	// Index spaces, imported first. Funcs and Tags hold each one's type.
	Funcs   []TypeIdx
	Tables  []TableType
	Mems    []MemType
	Globals []Global
	Tags    []TypeIdx

	ImportedFuncs, ImportedTables, ImportedMems, ImportedGlobals, ImportedTags int

	Exports      []Export
	Start        FuncIdx
	HasStart     bool
	Elems        []Elem
	HasDataCount bool
	DataCount    uint32
	DataSegs     []Data
	// Bodies are those of the defined functions.
	Bodies []Body

	// canon[i] is the lowest type index equivalent to i; refTypes[2i] and [2i+1] are
	// (ref null i) and (ref i), for BlockSig to slice.
	canon    []TypeIdx
	refTypes []ValType
	// declared are the functions that ref.func may name in bodies, a bit each.
	declared []uint64

	namesOnce sync.Once
	names     *Names
}

// A Section is a section's place in the file.
type Section struct {
	ID   SectionID
	Name string // of a custom section
	// Off is the offset of the id byte; [Start, End) is the payload, for a custom section
	// without the name.
	Off, Start, End int
}

// The kinds of imports and exports.
const (
	KindFunc byte = iota
	KindTable
	KindMem
	KindGlobal
	KindTag
)

// An Import is an import. Which type field counts depends on Kind.
type Import struct {
	Module, Name string
	Kind         byte
	Type         TypeIdx // function, tag
	Table        TableType
	Mem          MemType
	Global       GlobalType
}

// A TableType is a table's type and, for a defined table, what it is filled with.
type TableType struct {
	Elem     ValType
	Min, Max uint32
	HasMax   bool
	// Init is the constant expression, or nil for null.
	Init []byte
}

// A MemType is a memory's type; sizes are in pages.
type MemType struct {
	Min, Max       uint32
	HasMax, Shared bool
}

// A GlobalType is a global's type.
type GlobalType struct {
	Val ValType
	Mut bool
}

// A Global is a global. Init is its constant expression, nil for an imported one.
type Global struct {
	Type GlobalType
	Init []byte
}

// An Export is an export.
type Export struct {
	Name string
	Kind byte
	Idx  uint32
}

// The modes of element segments.
const (
	ElemActive byte = iota
	ElemPassive
	ElemDeclarative
)

// An Elem is an element segment.
type Elem struct {
	Mode   byte
	Table  TableIdx
	Offset []byte // constant expression of an active segment
	Type   ValType
	// Items is the window of NumItems function indices, or constant expressions if Exprs.
	Exprs    bool
	NumItems int
	Items    []byte
}

// A Data is a data segment.
type Data struct {
	Passive bool
	Offset  []byte // constant expression of an active segment
	Init    []byte
}

// A Body is the window [Off, End) of a function body: locals and expression, without
// its size.
type Body struct {
	Off, End int
}

// Body returns the body of a defined function.
func (m *Module) Body(f FuncIdx) Body { return m.Bodies[int(f)-m.ImportedFuncs] }

// FuncType returns the type of a function.
func (m *Module) FuncType(f FuncIdx) *FuncType { return &m.Types[m.Funcs[f]] }

// TypeAt returns the function type at a type index.
func (m *Module) TypeAt(t TypeIdx) *FuncType { return &m.Types[t] }

// Canonical returns the lowest type index whose type is equivalent to t.
func (m *Module) Canonical(t TypeIdx) TypeIdx { return m.canon[t] }

// IsDeclared reports whether ref.func may name f in a body: f occurs in the module
// outside bodies and the start section.
// https://webassembly.github.io/spec/core/valid/conventions.html#contexts
func (m *Module) IsDeclared(f FuncIdx) bool {
	return int(f/64) < len(m.declared) && m.declared[f/64]&(1<<(f%64)) != 0
}

func (m *Module) declare(f FuncIdx) {
	if m.declared == nil {
		m.declared = make([]uint64, (len(m.Funcs)+63)/64)
	}
	m.declared[f/64] |= 1 << (f % 64)
}

// ElemFuncs calls visit for every function that element segment i names, in order.
func (m *Module) ElemFuncs(i ElemIdx, visit func(FuncIdx)) {
	e := &m.Elems[i]
	if !e.Exprs {
		r := reader{data: e.Items}
		for n := e.NumItems; n > 0; n-- {
			visit(FuncIdx(r.u32()))
		}
		return
	}
	var s Scanner
	s.Reset(e.Items)
	for s.Next() {
		if s.Op == OpRefFunc {
			visit(FuncIdx(s.A))
		}
	}
}

// ValidateBody decodes a defined function into f and checks all of it on s.
func (m *Module) ValidateBody(idx FuncIdx, f *Func, s *Stack) error {
	if err := f.Decode(m, idx); err != nil {
		return err
	}
	s.Reset(m, f)
	for i := range f.Instrs {
		if err := s.Step(i); err != nil {
			return err
		}
	}
	return nil
}

// Validate checks all bodies, one after the other. What is outside of them, Parse has
// checked.
func (m *Module) Validate() error {
	var f Func
	var s Stack
	for i := range m.Bodies {
		if err := m.ValidateBody(FuncIdx(m.ImportedFuncs+i), &f, &s); err != nil {
			return err
		}
	}
	return nil
}

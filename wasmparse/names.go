package wasmparse

// Names are what the name section says, or nothing if there is none or it makes no
// sense. Names that are not in it fall back on exports and imports.
// https://webassembly.github.io/spec/core/appendix/custom.html#name-section
type Names struct {
	Module string
	// Raw are the section's subsections in order, whatever they hold.
	Raw []Subsection

	funcs    map[FuncIdx]string
	fallback map[FuncIdx]string
}

// A Subsection is a part of the name section.
type Subsection struct {
	ID   byte
	Data []byte
}

// The subsections that are keyed by function index.
const (
	NamesModule byte = 0
	NamesFunc   byte = 1
	NamesLocal  byte = 2
	NamesLabel  byte = 3
)

// Names returns the module's names. They are read the first time.
func (m *Module) Names() *Names {
	m.namesOnce.Do(func() { m.names = readNames(m) })
	return m.names
}

// FuncName returns the name of a function: that of the name section, or the first name
// it is exported under, or the one it is imported by, or "".
func (n *Names) FuncName(f FuncIdx) string {
	if s, ok := n.funcs[f]; ok {
		return s
	}
	return n.fallback[f]
}

func readNames(m *Module) *Names {
	n := &Names{fallback: map[FuncIdx]string{}}
	i := FuncIdx(0)
	for _, im := range m.Imports {
		if im.Kind == KindFunc {
			n.fallback[i] = im.Name
			i++
		}
	}
	for j := len(m.Exports) - 1; j >= 0; j-- {
		if e := &m.Exports[j]; e.Kind == KindFunc {
			n.fallback[FuncIdx(e.Idx)] = e.Name
		}
	}
	for _, s := range m.Sections {
		if s.ID == SectionCustom && s.Name == "name" {
			n.read(m.Data[s.Start:s.End])
			break
		}
	}
	return n
}

// read takes the subsections up to the first that makes no sense.
func (n *Names) read(data []byte) {
	r := &reader{data: data}
	for r.pos < len(data) {
		id := r.u8()
		b := r.bytes(r.u32(), msgLength)
		if r.err != nil {
			return
		}
		n.Raw = append(n.Raw, Subsection{id, b})
		sub := &reader{data: b}
		switch id {
		case NamesModule:
			n.Module = sub.name()
		case NamesFunc:
			n.readFuncs(sub)
		}
	}
}

func (n *Names) readFuncs(r *reader) {
	n.funcs = map[FuncIdx]string{}
	for c := r.u32(); c > 0; c-- {
		f := FuncIdx(r.u32())
		name := r.name()
		if r.err != nil {
			return
		}
		n.funcs[f] = name
	}
}

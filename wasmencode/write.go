package wasmencode

import (
	"io"
	"strings"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// order is that of the sections in a module.
var order = [...]wasmparse.SectionID{
	wasmparse.SectionType, wasmparse.SectionImport, wasmparse.SectionFunction,
	wasmparse.SectionTable, wasmparse.SectionMemory, wasmparse.SectionTag,
	wasmparse.SectionGlobal, wasmparse.SectionExport, wasmparse.SectionStart,
	wasmparse.SectionElement, wasmparse.SectionDataCount, wasmparse.SectionCode,
	wasmparse.SectionData,
}

// A patchWriter writes one patched module and keeps its first error.
type patchWriter struct {
	*Patch
	w   io.Writer
	n   int64
	err error

	next      int // in order: what has not been written
	buf, head []byte
	scan      wasmparse.Scanner
	named     bool // the name section has been written
	produced  bool // the producers section has been written
}

func (w *patchWriter) write(b []byte) {
	if w.err != nil || len(b) == 0 {
		return
	}
	n, err := w.w.Write(b)
	w.n += int64(n)
	w.err = err
}

// section writes a section whose payload is parts.
func (w *patchWriter) section(id wasmparse.SectionID, parts ...[]byte) {
	size := 0
	for _, b := range parts {
		size += len(b)
	}
	w.head = AppendU32(append(w.head[:0], byte(id)), uint32(size))
	w.write(w.head)
	for _, b := range parts {
		w.write(b)
	}
}

func (w *patchWriter) module() {
	m := w.M
	w.write(m.Data[:8])
	for i := range m.Sections {
		s := &m.Sections[i]
		if s.ID == wasmparse.SectionCustom {
			w.custom(s)
			continue
		}
		for order[w.next] != s.ID {
			w.standard(order[w.next], nil)
			w.next++
		}
		w.standard(s.ID, m.Data[s.Start:s.End])
		w.next++
	}
	for ; w.next < len(order); w.next++ {
		w.standard(order[w.next], nil)
	}
	w.end()
}

// standard writes a section; old is its payload in the input, nil if it has none.
func (w *patchWriter) standard(id wasmparse.SectionID, old []byte) {
	p, m := w.Patch, w.M
	b := w.buf[:0]
	n := 0 // entries in b, besides those of old
	moved := p.Shift() != 0
	switch id {
	case wasmparse.SectionType:
		if p.Retype != nil && old != nil {
			old, n = nil, len(m.Types)
			for i := range m.Types {
				b = p.retyped(b, &m.Types[i])
			}
		}
		for i := range p.Types {
			b = AppendFuncType(b, &p.Types[i])
		}
		n += len(p.Types)
	case wasmparse.SectionImport:
		for _, im := range p.Imports {
			b = append(AppendName(AppendName(b, im.Module), im.Name), wasmparse.KindFunc)
			b = AppendU32(b, uint32(im.Type))
		}
		n = len(p.Imports)
	case wasmparse.SectionFunction:
		for _, f := range p.Funcs {
			b = AppendU32(b, uint32(f.Type))
		}
		n = len(p.Funcs)
	case wasmparse.SectionTable:
		if moved && old != nil {
			old, n = nil, len(m.Tables)-m.ImportedTables
			for _, t := range m.Tables[m.ImportedTables:] {
				b = w.table(b, t)
			}
		}
		for _, t := range p.Tables {
			b = appendTable(b, t, t.Init)
		}
		n += len(p.Tables)
	case wasmparse.SectionMemory:
		for _, t := range p.Mems {
			b = appendLimits(b, t.Min, t.Max, t.HasMax, t.Shared)
		}
		n = len(p.Mems)
	case wasmparse.SectionGlobal:
		if moved && old != nil {
			old, n = nil, len(m.Globals)-m.ImportedGlobals
			for _, g := range m.Globals[m.ImportedGlobals:] {
				b = w.constExpr(appendGlobalType(b, g.Type), g.Init)
			}
		}
		for _, g := range p.Globals {
			b = append(appendGlobalType(b, g.Type), g.Init...)
		}
		n += len(p.Globals)
	case wasmparse.SectionExport:
		if moved && old != nil {
			old, n = nil, len(m.Exports)
			for _, e := range m.Exports {
				if e.Kind == wasmparse.KindFunc {
					e.Idx = uint32(p.NewIdx(wasmparse.FuncIdx(e.Idx)))
				}
				b = appendExport(b, e)
			}
		}
		for _, e := range p.Exports {
			b = appendExport(b, e)
		}
		n += len(p.Exports)
	case wasmparse.SectionStart:
		if m.HasStart && !p.NoStart {
			b = AppendU32(b, uint32(p.NewIdx(m.Start)))
			w.section(id, b)
		}
		return
	case wasmparse.SectionElement:
		if moved && old != nil {
			old, n = nil, len(m.Elems)
			for i := range m.Elems {
				b = w.elem(b, wasmparse.ElemIdx(i))
			}
		}
		for i := range p.Elems {
			b = appendNewElem(b, &p.Elems[i])
		}
		n += len(p.Elems)
	case wasmparse.SectionCode:
		if old != nil || len(p.Funcs) > 0 {
			w.code()
		}
		return
	case wasmparse.SectionTag, wasmparse.SectionDataCount, wasmparse.SectionData:
		if old != nil {
			w.section(id, old)
		}
		return
	}
	w.buf = b[:0]
	if n > 0 || old != nil {
		w.vector(id, old, n, b)
	}
}

// vector writes a section that is a vector: the elements of the old payload and n new
// ones.
func (w *patchWriter) vector(id wasmparse.SectionID, old []byte, n int, added []byte) {
	if n == 0 {
		w.section(id, old)
		return
	}
	count := uint32(n)
	if old != nil {
		v, size := readU32(old)
		count += v
		old = old[size:]
	}
	w.section(id, AppendU32(nil, count), old, added)
}

// readU32 decodes an unsigned integer that Parse has accepted.
func readU32(b []byte) (v uint32, n int) {
	for shift := 0; ; shift += 7 {
		c := b[n]
		n++
		v |= uint32(c&0x7f) << shift
		if c < 0x80 {
			return v, n
		}
	}
}

// code writes the code section. Its size must stand before it, so bodies that change
// by renumbering are rewritten twice rather than kept.
func (w *patchWriter) code() {
	m := w.M
	count := len(m.Bodies) + len(w.Funcs)
	sizes := make([]uint32, len(m.Bodies))
	total := lenU32(uint32(count))
	for i := range m.Bodies {
		n := len(w.oldBody(i))
		sizes[i] = uint32(n)
		total += lenU32(uint32(n)) + n
	}
	for i := range w.Funcs {
		n := len(w.Funcs[i].Body)
		total += lenU32(uint32(n)) + n
	}
	w.head = AppendU32(append(w.head[:0], byte(wasmparse.SectionCode)), uint32(total))
	w.write(AppendU32(w.head, uint32(count)))
	for i := range m.Bodies {
		w.head = AppendU32(w.head[:0], sizes[i])
		w.write(w.head)
		w.write(w.oldBody(i))
	}
	for i := range w.Funcs {
		w.head = AppendU32(w.head[:0], uint32(len(w.Funcs[i].Body)))
		w.write(w.head)
		w.write(w.Funcs[i].Body)
	}
}

// oldBody returns what becomes of the body of defined function i. It is good until the
// next call.
func (w *patchWriter) oldBody(i int) []byte {
	m := w.M
	if i < len(w.Bodies) && w.Bodies[i] != nil {
		return w.Bodies[i]
	}
	if w.Shift() == 0 {
		return m.Data[m.Bodies[i].Off:m.Bodies[i].End]
	}
	b, err := w.body(w.buf[:0], &w.scan, wasmparse.FuncIdx(m.ImportedFuncs+i))
	if err != nil && w.err == nil {
		w.err = err
	}
	w.buf = b[:0]
	return b
}

func appendLimits(dst []byte, lo, hi uint32, hasMax, shared bool) []byte {
	flags := byte(0)
	if hasMax {
		flags |= 1
	}
	if shared {
		flags |= 2
	}
	dst = AppendU32(append(dst, flags), lo)
	if hasMax {
		dst = AppendU32(dst, hi)
	}
	return dst
}

func appendTable(dst []byte, t wasmparse.TableType, init []byte) []byte {
	if init != nil {
		dst = append(dst, 0x40, 0)
	}
	dst = AppendValType(dst, t.Elem)
	dst = appendLimits(dst, t.Min, t.Max, t.HasMax, false)
	return append(dst, init...)
}

func (w *patchWriter) table(dst []byte, t wasmparse.TableType) []byte {
	if t.Init == nil {
		return appendTable(dst, t, nil)
	}
	return appendTable(dst, t, w.constExpr(nil, t.Init))
}

func appendGlobalType(dst []byte, t wasmparse.GlobalType) []byte {
	mut := byte(0)
	if t.Mut {
		mut = 1
	}
	return append(AppendValType(dst, t.Val), mut)
}

func appendExport(dst []byte, e wasmparse.Export) []byte {
	return AppendU32(append(AppendName(dst, e.Name), e.Kind), e.Idx)
}

// elem appends an element segment of the input.
func (w *patchWriter) elem(dst []byte, i wasmparse.ElemIdx) []byte {
	e := &w.M.Elems[i]
	flags := elemFlags(e.Mode, e.Table)
	if e.Exprs {
		flags |= 4
		if flags == 4 && e.Type != wasmparse.FuncRef {
			flags = 6
		}
	}
	dst = append(dst, flags)
	if flags&3 == 2 {
		dst = AppendU32(dst, uint32(e.Table))
	}
	if e.Mode == wasmparse.ElemActive {
		dst = w.constExpr(dst, e.Offset)
	}
	switch {
	case flags&3 == 0:
	case e.Exprs:
		dst = AppendValType(dst, e.Type)
	default:
		dst = append(dst, 0)
	}
	dst = AppendU32(dst, uint32(e.NumItems))
	if e.Exprs {
		return w.constExpr(dst, e.Items)
	}
	w.M.ElemFuncs(i, func(f wasmparse.FuncIdx) { dst = AppendU32(dst, uint32(w.NewIdx(f))) })
	return dst
}

// elemFlags returns the flags of a segment of function indices.
func elemFlags(mode byte, table wasmparse.TableIdx) byte {
	switch {
	case mode == wasmparse.ElemPassive:
		return 1
	case mode == wasmparse.ElemDeclarative:
		return 3
	case table != 0:
		return 2
	}
	return 0
}

func appendNewElem(dst []byte, e *NewElem) []byte {
	flags := elemFlags(e.Mode, e.Table)
	dst = append(dst, flags)
	if flags == 2 {
		dst = AppendU32(dst, uint32(e.Table))
	}
	if e.Mode == wasmparse.ElemActive {
		dst = append(dst, e.Offset...)
	}
	if flags != 0 {
		dst = append(dst, 0)
	}
	dst = AppendU32(dst, uint32(len(e.Funcs)))
	for _, f := range e.Funcs {
		dst = AppendU32(dst, uint32(f))
	}
	return dst
}

// custom writes a custom section of the input where it stands.
func (w *patchWriter) custom(s *wasmparse.Section) {
	data := w.M.Data[s.Start:s.End]
	switch {
	case w.Strip && debugging(s.Name), w.DropCustom != nil && w.DropCustom(s.Name):
		w.named = w.named || s.Name == "name" // so that it does not come back
		return
	case s.Name == "name":
		if w.named {
			return // only the first counts
		}
		w.named = true
		data = w.names()
	case s.Name == "producers" && w.Producer != "" && !w.produced:
		w.produced = true
		data = addProducer(data, w.Producer)
	}
	w.customSection(s.Name, data)
}

// end writes the custom sections that are new.
func (w *patchWriter) end() {
	if !w.named && !w.Strip {
		if data := w.names(); len(data) > 0 {
			w.customSection("name", data)
		}
	}
	if w.Producer != "" && !w.produced {
		w.customSection("producers", addProducer([]byte{0}, w.Producer))
	}
	for _, c := range w.Custom {
		w.customSection(c.Name, c.Data)
	}
}

func (w *patchWriter) customSection(name string, data []byte) {
	w.section(wasmparse.SectionCustom, AppendName(nil, name), data)
}

// debugging tells the custom sections that only debuggers and people read.
func debugging(name string) bool {
	return name == "name" || strings.HasPrefix(name, ".debug_") || name == "sourceMappingURL" ||
		name == "external_debug_info"
}

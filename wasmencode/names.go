package wasmencode

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// namesGlobal is the subsection of the names of globals.
const namesGlobal = 7

// names returns the payload of the name section: that of the input with functions
// renumbered, and the new names. Of the subsections for modules, functions, locals and
// labels only what can be read is kept: engines, wazero among them, refuse a module for
// bad ones. Others are kept as they are, since their index spaces only grow.
func (w *patchWriter) names() []byte {
	var out []byte
	old := map[byte][]byte{}
	ids := []byte{}
	for _, s := range w.M.Names().Raw {
		if _, dup := old[s.ID]; !dup {
			old[s.ID] = s.Data
			ids = append(ids, s.ID)
		}
	}
	for _, id := range [2]byte{wasmparse.NamesFunc, namesGlobal} {
		if _, ok := old[id]; !ok {
			old[id] = nil
			ids = insertSorted(ids, id)
		}
	}
	for _, id := range ids {
		data := old[id]
		switch id {
		case wasmparse.NamesModule:
			if c := (&cursor{b: data}); c.name() == nil || len(c.b) > 0 {
				data = nil
			}
		case wasmparse.NamesFunc:
			data = w.funcNames(data)
		case wasmparse.NamesLocal, wasmparse.NamesLabel:
			data = w.indirectNames(id, data)
		case namesGlobal:
			data = w.globalNames(data)
		}
		if len(data) > 0 {
			out = append(out, id)
			out = AppendU32(out, uint32(len(data)))
			out = append(out, data...)
		}
	}
	return out
}

func insertSorted(ids []byte, id byte) []byte {
	i := 0
	for i < len(ids) && ids[i] < id {
		i++
	}
	ids = append(ids, 0)
	copy(ids[i+1:], ids[i:])
	ids[i] = id
	return ids
}

// A cursor reads what Parse has not checked. After bad is set it reads nothing.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) u32() uint32 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 || v > 1<<32-1 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return uint32(v)
}

func (c *cursor) name() []byte {
	n := c.u32()
	if uint64(n) > uint64(len(c.b)) || !utf8.Valid(c.b[:n]) {
		c.bad, c.b = true, nil
		return nil
	}
	s := c.b[:n]
	c.b = c.b[n:]
	return s
}

// funcNames returns the names of functions, in the order of their new indices as the
// format wants it. Names of the input that are not in order end the list.
func (w *patchWriter) funcNames(data []byte) []byte {
	var out []byte
	count := uint32(0)
	add := func(f wasmparse.FuncIdx, name []byte) {
		out = AppendU32(out, uint32(f))
		out = append(AppendU32(out, uint32(len(name))), name...)
		count++
	}
	imported := false
	imports := func() {
		if imported {
			return
		}
		imported = true
		for i, im := range w.Imports {
			add(wasmparse.FuncIdx(w.M.ImportedFuncs+i), []byte(im.Module+"."+im.Name))
		}
	}
	c := &cursor{b: data}
	last := int64(-1)
	if len(data) > 0 {
		for n := c.u32(); n > 0; n-- {
			f := c.u32()
			name := c.name()
			if c.bad || int64(f) <= last || uint(f) >= uint(len(w.M.Funcs)) {
				break
			}
			last = int64(f)
			if uint(f) >= uint(w.M.ImportedFuncs) {
				imports()
			}
			add(w.NewIdx(wasmparse.FuncIdx(f)), name)
		}
	}
	if len(data) > 0 {
		imports()
	}
	base := len(w.M.Funcs) + len(w.Imports)
	for i, f := range w.Funcs {
		if f.Name != "" {
			imports()
			add(wasmparse.FuncIdx(base+i), []byte(f.Name))
		}
	}
	if count == 0 {
		return nil
	}
	return append(AppendU32(nil, count), out...)
}

// indirectNames renumbers names keyed by function and then by local or label. Labels
// of a body that was replaced are dropped; its old locals are still what they were.
func (w *patchWriter) indirectNames(id byte, data []byte) []byte {
	c := &cursor{b: data}
	var out []byte
	count := uint32(0)
	for n := c.u32(); n > 0; n-- {
		f := wasmparse.FuncIdx(c.u32())
		start := c.b
		for k := c.u32(); k > 0 && !c.bad; k-- {
			c.u32()
			c.name()
		}
		if c.bad {
			return nil
		}
		i := int64(f) - int64(w.M.ImportedFuncs)
		if id == wasmparse.NamesLabel && i >= 0 && i < int64(len(w.Bodies)) && w.Bodies[i] != nil {
			continue
		}
		out = AppendU32(out, uint32(w.NewIdx(f)))
		out = append(out, start[:len(start)-len(c.b)]...)
		count++
	}
	if count == 0 {
		return nil
	}
	return append(AppendU32(nil, count), out...)
}

func (w *patchWriter) globalNames(data []byte) []byte {
	var out []byte
	count := uint32(0)
	for i, g := range w.Globals {
		if g.Name != "" {
			out = AppendName(AppendU32(out, uint32(len(w.M.Globals)+i)), g.Name)
			count++
		}
	}
	if count == 0 {
		return data
	}
	c := &cursor{b: data}
	if len(data) > 0 {
		count += c.u32()
	}
	if c.bad {
		return data
	}
	return append(append(AppendU32(nil, count), c.b...), out...)
}

// addProducer returns a producers section with a tool, "name version", added to the
// field processed-by. One that makes no sense is returned as it is.
// https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md
func addProducer(data []byte, producer string) []byte {
	tool, version, _ := strings.Cut(producer, " ")
	const field = "processed-by"
	entry := AppendName(AppendName(nil, tool), version)

	c := &cursor{b: data}
	fields := c.u32()
	var out []byte
	found := false
	for n := fields; n > 0; n-- {
		name := c.name()
		out = AppendName(out, string(name))
		values := c.u32()
		var vs []byte
		for k := values; k > 0 && !c.bad; k-- {
			v := string(c.name())
			ver := string(c.name())
			if string(name) == field && v == tool {
				values--
				continue
			}
			vs = AppendName(AppendName(vs, v), ver)
		}
		if c.bad {
			return data
		}
		if string(name) == field {
			found = true
			values++
			vs = append(vs, entry...)
		}
		out = append(AppendU32(out, values), vs...)
	}
	if c.bad {
		return data
	}
	if !found {
		fields++
		out = append(append(AppendName(out, field), 1), entry...)
	}
	return append(AppendU32(nil, fields), out...)
}

package wasmparse

import (
	"encoding/binary"
	"fmt"
)

// recGroup reads a type, or several that may refer to each other. Types are
// equivalent if their groups are, and they stand in the same place in it; so a group is
// turned into a key in which references into the group count from its start, and those
// before it are canonical already.
// https://webassembly.github.io/spec/core/valid/conventions.html#defined-types
func (p *parser) recGroup() {
	m := p.m
	n, limit := 1, len(m.Types) // a type alone refers only to those before it
	if p.remaining() > 0 && p.data[p.pos] == 0x4e {
		p.pos++
		n = p.count(maxTypes-len(m.Types), "types")
		if n > p.remaining() {
			p.malformed(p.pos, msgEnd)
		}
		limit += n
	} else if len(m.Types) >= maxTypes {
		p.unsupported(p.pos, fmt.Sprintf("more than %d types", maxTypes), "too many types")
	}
	first := len(m.Types)
	// While the group is read, references into it are to themselves.
	for i := first; i < limit && p.err == nil; i++ {
		m.canon = append(m.canon, TypeIdx(i))
	}
	for i := 0; i < n && p.err == nil; i++ {
		p.funcType()
	}
	if p.err != nil {
		return
	}
	p.canonicalize(first)
}

func (p *parser) funcType() {
	off := p.pos
	switch form := p.u8(); form {
	case 0x60:
	case 0x5e, 0x5f, 0x4f, 0x50:
		p.unsupported(off, "garbage collection", "")
	default:
		if form >= 0x80 { // it is an integer of 7 bits
			p.malformed(off, msgLong)
		}
		p.malformed(off, "malformed functype")
	}
	t := FuncType{Params: p.typeList(maxParams, "parameters")}
	t.Results = p.typeList(maxResults, "results")
	p.m.Types = append(p.m.Types, t)
}

func (p *parser) typeList(limit int, what string) []ValType {
	n := p.count(limit, what)
	if n == 0 {
		return nil
	}
	ts := make([]ValType, 0, min(n, p.remaining()))
	for ; n > 0 && p.err == nil; n-- {
		ts = append(ts, p.valType())
	}
	return ts
}

// canonicalize finds out whether an equivalent group came before the one that starts
// at first, and has all references name the first of them.
func (p *parser) canonicalize(first int) {
	m := p.m
	group := m.Types[first:]
	p.key = p.key[:0]
	relative := func(t ValType) ValType {
		if idx, ok := t.Index(); ok && int(idx) >= first {
			return t - ValType(first)<<8 | 1<<31
		}
		return t
	}
	inside := false // the group refers to itself
	for i := range group {
		for _, ts := range [2][]ValType{group[i].Params, group[i].Results} {
			p.key = binary.LittleEndian.AppendUint32(p.key, uint32(len(ts)))
			for _, t := range ts {
				r := relative(t)
				inside = inside || r != t
				p.key = binary.LittleEndian.AppendUint32(p.key, uint32(r))
			}
		}
	}
	if p.groups == nil {
		p.groups = map[string]TypeIdx{}
	}
	same, ok := p.groups[string(p.key)]
	if !ok {
		same = TypeIdx(first)
		p.groups[string(p.key)] = same
	}
	m.canon = m.canon[:first]
	for i := range group {
		m.canon = append(m.canon, same+TypeIdx(i))
	}
	if !inside || int(same) == first {
		return
	}
	for i := range group {
		for _, ts := range [2][]ValType{group[i].Params, group[i].Results} {
			for j, t := range ts {
				if idx, ok := t.Index(); ok && int(idx) >= first {
					ts[j] = t - (ValType(first)-ValType(same))<<8
				}
			}
		}
	}
}

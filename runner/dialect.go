package runner

import (
	"encoding/binary"

	"github.com/tetratelabs/wazero/api"
)

// A guest says with the type of an import which dialect of the ABI it speaks: some
// functions had other parameters or results once (Func.Of). wazero knows one type for each
// name, so modules that want another one have the import renamed before they are compiled.

// A variant is a host function of a certain type.
type variant struct{ function, signature string }

// signature is the key of a function's type: the encoded types of the parameters, 0x60
// (which is none), and those of the results.
func signature(params, results []api.ValueType) string {
	return string(params) + "\x60" + string(results)
}

// translate returns the module with the imports renamed that want a variant. It may be
// given anything: what it does not understand it leaves to wazero.
func (rt *Runtime) translate(module []byte) []byte {
	if len(rt.variants) == 0 || len(module) < 8 {
		return module
	}
	var types []string
	for r := (wasmReader{module[8:]}); len(r.b) > 0; {
		at := len(module) - len(r.b)
		id := r.b[0]
		r.b = r.b[1:]
		body := r.bytes()
		switch id {
		case 1:
			types = signatures(body)
		case 2:
			renamed := rt.renameImports(body, types)
			if renamed == nil {
				return module
			}
			out := append(make([]byte, 0, len(module)+len(renamed)-len(body)+8), module[:at]...)
			out = append(out, id)
			out = binary.AppendUvarint(out, uint64(len(renamed)))
			out = append(out, renamed...)
			return append(out, r.b...)
		}
	}
	return module
}

// signatures reads a type section up to the first type that is not a function's.
func signatures(section []byte) []string {
	var types []string
	r := wasmReader{section}
	for n := r.u32(); n > 0 && len(r.b) > 0 && r.b[0] == 0x60; n-- {
		r.b = r.b[1:]
		params := r.valueTypes(nil)
		types = append(types, string(r.valueTypes(append(params, 0x60))))
	}
	return types
}

// valueTypes appends a list of types as it is encoded, without its length.
func (r *wasmReader) valueTypes(dst []byte) []byte {
	for n := r.u32(); n > 0 && len(r.b) > 0; n-- {
		t := r.b[0]
		r.b = r.b[1:]
		dst = append(dst, t)
		if t != 0x63 && t != 0x64 {
			continue
		}
		for len(r.b) > 0 { // the heap type of a reference
			b := r.b[0]
			r.b = r.b[1:]
			if dst = append(dst, b); b < 0x80 {
				break
			}
		}
	}
	return dst
}

// renameImports returns an import section with other names; nil if none changes. It stops
// at the first import that is not a function: hosts offer nothing else.
func (rt *Runtime) renameImports(section []byte, types []string) []byte {
	var out []byte
	copied := 0
	r := wasmReader{section}
	for n := r.u32(); n > 0; n-- {
		module := r.bytes()
		start := len(section) - len(r.b)
		name := r.bytes()
		end := len(section) - len(r.b)
		if len(r.b) == 0 || r.b[0] != 0 {
			break
		}
		r.b = r.b[1:]
		typ := r.u32()
		if uint64(typ) >= uint64(len(types)) {
			continue
		}
		other, ok := rt.variants[variant{string(module) + "." + string(name), types[typ]}]
		if !ok {
			continue
		}
		out = append(out, section[copied:start]...)
		out = binary.AppendUvarint(out, uint64(len(other)))
		out = append(out, other...)
		copied = end
	}
	if out == nil {
		return nil
	}
	return append(out, section[copied:]...)
}

// SendReceiveOwnTag is SendReceive of Lunatic 0.12: the answer is a later message with the
// same tag as m, or any later one if m has none.
func (p *Process) SendReceiveOwnTag(id uint64, m *Message, millis uint64, stack []uint64) {
	tag, after := m.Tag, p.mailbox.last
	p.Send(id, m)
	p.CheckSignals()
	p.recv = receive{tags: append(p.recv.tags[:0], tag), anyTag: tag == 0, after: after}
	p.SetTimeout(millis)
	p.Wait(&p.recv, stack)
}

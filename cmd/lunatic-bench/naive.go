package main

import (
	"bytes"

	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// naiveImport is called by the naive counter at the end of a slice, as env.exhausted.
const naiveImport = "exhausted"

// naiveSlice is in loop iterations and calls, which are all it counts: about 0.2 ms.
const naiveSlice = 100_000

// naive inserts a counter the obvious way, which is what most tools do: at every
// function entry and loop head, counted in a global, with an inline if around the
// call. It is what lunatic-build is compared with.
func naive(wasm []byte) ([]byte, error) {
	m, err := wasmparse.Parse(wasm)
	if err != nil {
		return nil, err
	}
	p := &wasmencode.Patch{M: m, Bodies: make([][]byte, len(m.Bodies))}
	p.Types = append(p.Types, wasmparse.FuncType{})
	p.Imports = append(p.Imports, wasmencode.FuncImport{Module: "env", Name: naiveImport, Type: wasmparse.TypeIdx(len(m.Types))})
	p.Globals = append(p.Globals, wasmencode.NewGlobal{
		Type: wasmparse.GlobalType{Val: wasmparse.I32, Mut: true},
		Init: append(wasmencode.AppendS32([]byte{0x41}, naiveSlice), 0x0b),
	})
	poll := naivePoll(uint32(len(m.Globals)), uint32(m.ImportedFuncs))
	var s wasmparse.Scanner
	for i := range m.Bodies {
		if p.Bodies[i], err = naiveBody(m, &s, i, poll); err != nil {
			return nil, err
		}
	}
	return encode(p)
}

// naivePoll is the code of one place where the counter is decreased.
func naivePoll(global, exhausted uint32) []byte {
	count := wasmencode.AppendU32(nil, global)
	var c []byte
	c = append(append(c, 0x23), count...)                                 // global.get
	c = append(c, 0x41, 1, 0x6b)                                          // i32.const 1; i32.sub
	c = append(append(c, 0x24), count...)                                 // global.set
	c = append(append(c, 0x23), count...)                                 // global.get
	c = append(c, 0x41, 0, 0x48, 0x04, 0x40)                              // i32.const 0; i32.lt_s; if
	c = wasmencode.AppendS32(append(c, 0x41), naiveSlice)                 // i32.const
	c = append(append(c, 0x24), count...)                                 // global.set
	return append(wasmencode.AppendU32(append(c, 0x10), exhausted), 0x0b) // call; end
}

// naiveBody copies a body with polls; callees move up by the new import.
func naiveBody(m *wasmparse.Module, s *wasmparse.Scanner, i int, poll []byte) ([]byte, error) {
	s.ResetBody(m, wasmparse.FuncIdx(m.ImportedFuncs+i))
	body := append([]byte(nil), m.Data[m.Bodies[i].Off:s.End]...) // locals
	body = append(body, poll...)
	copied := s.End
	for s.Next() {
		switch s.Op {
		case wasmparse.OpLoop:
			body = append(append(body, m.Data[copied:s.End]...), poll...)
			copied = s.End
		case wasmparse.OpCall, wasmparse.OpReturnCall, wasmparse.OpRefFunc:
			if int(s.A) >= m.ImportedFuncs {
				body = append(body, m.Data[copied:s.Imm]...)
				body = wasmencode.AppendU32(body, s.A+1)
				copied = s.End
			}
		}
	}
	return append(body, m.Data[copied:m.Bodies[i].End]...), s.Err()
}

func encode(p *wasmencode.Patch) ([]byte, error) {
	var b bytes.Buffer
	_, err := p.WriteTo(&b)
	return b.Bytes(), err
}

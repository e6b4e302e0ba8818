package wasmtest

import (
	"bytes"

	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// The import that InjectTicks adds, of type [] -> [].
const (
	TickModule = "lunatic_test"
	TickName   = "tick"
)

// InjectTicks inserts a call of an imported function at every function entry and
// loop head, so that a test can suspend a module wherever control flow may come from
// afar. A module without a memory gets one, since suspension needs it.
func InjectTicks(module []byte) ([]byte, error) {
	m, err := wasmparse.Parse(module)
	if err != nil {
		return nil, err
	}
	p := &wasmencode.Patch{
		M:       m,
		Types:   []wasmparse.FuncType{{}},
		Imports: []wasmencode.FuncImport{{Module: TickModule, Name: TickName, Type: wasmparse.TypeIdx(len(m.Types))}},
		Bodies:  make([][]byte, len(m.Bodies)),
	}
	if len(m.Mems) == 0 {
		p.Mems = []wasmparse.MemType{{Min: 1}}
	}
	tick := wasmparse.Instr{Op: wasmparse.OpCall, A: uint32(m.ImportedFuncs)}
	var f wasmparse.Func
	var s wasmparse.Stack
	for i := range m.Bodies {
		idx := wasmparse.FuncIdx(m.ImportedFuncs + i)
		if err := m.ValidateBody(idx, &f, &s); err != nil {
			return nil, err
		}
		body := wasmencode.AppendLocals(nil, f.Locals[len(f.Type.Params):])
		body = wasmencode.AppendInstr(body, &f, &tick)
		for j := range f.Instrs {
			in := f.Instrs[j]
			if in.Op.Info().Imm == wasmparse.ImmFunc {
				in.A = uint32(p.NewIdx(wasmparse.FuncIdx(in.A)))
			}
			body = wasmencode.AppendInstr(body, &f, &in)
			if in.Op == wasmparse.OpLoop {
				body = wasmencode.AppendInstr(body, &f, &tick)
			}
		}
		p.Bodies[i] = body
	}
	var out bytes.Buffer
	if _, err := p.WriteTo(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

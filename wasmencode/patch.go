package wasmencode

import (
	"io"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// A Patch is what a rewriting adds to a module. Index spaces only grow at their end,
// but for one thing: new imported functions come after the old imports, and so move
// the index of every defined function up by Shift. WriteTo does that renumbering.
type Patch struct {
	M *wasmparse.Module
	// Types are appended; the index of Types[i] is len(M.Types)+i.
	Types   []wasmparse.FuncType
	Imports []FuncImport
	Funcs   []NewFunc
	// Retype, if not nil, replaces the value types in the function types of the input.
	Retype func(wasmparse.ValType) wasmparse.ValType
	// Tables and Mems are appended, and so on.
	Tables  []wasmparse.TableType
	Mems    []wasmparse.MemType
	Globals []NewGlobal
	Elems   []NewElem
	// Exports are appended. Their indices are those of the output.
	Exports []wasmparse.Export
	// Bodies holds for each defined function its new body, locals and expression, with
	// the indices of the output; nil keeps the old one. It may be shorter than M.Bodies.
	Bodies [][]byte
	// NoStart drops the start section.
	NoStart bool
	// Custom sections are appended at the end.
	Custom []NewCustom
	// DropCustom, if not nil, says which custom sections of the input are left out. Only
	// name and producers are understood; those that hold offsets of code (.debug_*,
	// reloc.*, metadata.code.*) are no longer true if bodies change.
	DropCustom func(name string) bool
	// Producer is a tool's name and version, with a space between, to be added to the
	// producers section.
	Producer string
	// Strip leaves out the name section and custom sections for debuggers.
	Strip bool
}

// A FuncImport is a new imported function.
type FuncImport struct {
	Module, Name string
	Type         wasmparse.TypeIdx
}

// A NewFunc is a new function. Body is locals and expression, with the indices of the
// output.
type NewFunc struct {
	Type wasmparse.TypeIdx
	Name string // for the name section; may be empty
	Body []byte
}

// A NewGlobal is a new global. Init is a constant expression with its end.
type NewGlobal struct {
	Type wasmparse.GlobalType
	Init []byte
	Name string // for the name section; may be empty
}

// A NewElem is a new element segment of functions. Offset is a constant expression
// with its end, for an active one.
type NewElem struct {
	Mode   byte
	Table  wasmparse.TableIdx
	Offset []byte
	Funcs  []wasmparse.FuncIdx
}

// A NewCustom is a new custom section.
type NewCustom struct {
	Name string
	Data []byte
}

// Shift returns how far the indices of defined functions move.
func (p *Patch) Shift() uint32 { return uint32(len(p.Imports)) }

// NewIdx returns the index in the output of a function of the input.
func (p *Patch) NewIdx(f wasmparse.FuncIdx) wasmparse.FuncIdx {
	if uint(f) < uint(p.M.ImportedFuncs) {
		return f
	}
	return f + wasmparse.FuncIdx(p.Shift())
}

// appendExpr appends the instructions that s reads up to off end of data, with the
// functions they name renumbered.
func (p *Patch) appendExpr(dst, data []byte, s *wasmparse.Scanner, from int) ([]byte, error) {
	last := from
	for s.Next() {
		if s.Op.Info().Imm == wasmparse.ImmFunc {
			dst = append(dst, data[last:s.Imm]...)
			dst = AppendU32(dst, uint32(p.NewIdx(wasmparse.FuncIdx(s.A))))
			last = s.End
		}
	}
	return append(dst, data[last:s.End]...), s.Err()
}

// retyped appends a function type of the input with its value types replaced.
func (p *Patch) retyped(dst []byte, t *wasmparse.FuncType) []byte {
	replace := func(ts []wasmparse.ValType) []wasmparse.ValType {
		out := make([]wasmparse.ValType, len(ts))
		for i, v := range ts {
			out[i] = p.Retype(v)
		}
		return out
	}
	return AppendFuncType(dst, &wasmparse.FuncType{Params: replace(t.Params), Results: replace(t.Results)})
}

// constExpr appends a constant expression of the input.
func (p *Patch) constExpr(dst, expr []byte) []byte {
	if p.Shift() == 0 {
		return append(dst, expr...)
	}
	s := wasmparse.NewScanner(expr)
	dst, err := p.appendExpr(dst, expr, s, 0)
	if err != nil {
		panic("wasmencode: constant expression: " + err.Error()) // Parse has read it
	}
	return dst
}

// body appends an unchanged body of the input.
func (p *Patch) body(dst []byte, s *wasmparse.Scanner, f wasmparse.FuncIdx) ([]byte, error) {
	b := p.M.Body(f)
	s.ResetBody(p.M, f)
	dst, err := p.appendExpr(dst, p.M.Data, s, b.Off)
	return dst, err
}

// WriteTo writes the patched module. It never holds more than a section other than
// code, data and custom ones, or one body, in memory.
func (p *Patch) WriteTo(w io.Writer) (int64, error) {
	pw := &patchWriter{Patch: p, w: w}
	pw.module()
	return pw.n, pw.err
}

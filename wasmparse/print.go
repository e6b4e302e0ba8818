package wasmparse

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Dump returns the functions of m in text, for tests and for people to read. The
// format is our own: one instruction a line, indented by the depth of control.
func Dump(m *Module) string {
	var b strings.Builder
	for i := range m.Bodies {
		if i > 0 {
			b.WriteByte('\n')
		}
		DumpFunc(&b, m, FuncIdx(m.ImportedFuncs+i))
	}
	return b.String()
}

// DumpFunc writes a defined function. One that does not decode is written as far as it
// does, and then its error.
func DumpFunc(w io.Writer, m *Module, idx FuncIdx) error {
	var f Func
	bad := f.Decode(m, idx)
	p := &printer{Writer: bufio.NewWriter(w), m: m, f: &f}
	fmt.Fprintf(p, "func %d", idx)
	if name := m.Names().FuncName(idx); name != "" {
		fmt.Fprintf(p, " %q", name)
	}
	fmt.Fprintf(p, " %s -> %s\n", typeList(f.Type.Params), typeList(f.Type.Results))
	p.locals()
	depth := 1
	for i := range f.Instrs {
		in := &f.Instrs[i]
		at := depth
		switch {
		case in.Op == OpElse:
			at--
		case in.Op == OpEnd:
			depth--
			at--
		case in.Op.Opens():
			depth++
		}
		for range at {
			p.WriteString("  ")
		}
		p.instr(in)
		p.WriteByte('\n')
	}
	if bad != nil {
		fmt.Fprintf(p, "error: %v\n", bad)
	}
	return p.Flush()
}

type printer struct {
	*bufio.Writer
	m *Module
	f *Func
}

// locals writes the declared ones, with runs of a type as its first local and count.
func (p *printer) locals() {
	n := len(p.f.Type.Params)
	for n < len(p.f.Locals) {
		t := p.f.Locals[n]
		from := n
		for n < len(p.f.Locals) && p.f.Locals[n] == t {
			n++
		}
		if n-from == 1 {
			fmt.Fprintf(p, "  local %d %s\n", from, t)
		} else {
			fmt.Fprintf(p, "  local %d..%d %s\n", from, n-1, t)
		}
	}
}

func (p *printer) instr(in *Instr) {
	p.WriteString(in.Op.String())
	switch in.Op.Info().Imm {
	case ImmNone, ImmMem, ImmMemCopy, ImmFence:
	case ImmBlock:
		p.blockType(in)
	case ImmLabel, ImmLocal, ImmGlobal, ImmTable, ImmElem, ImmTag, ImmData, ImmType, ImmMemInit:
		fmt.Fprintf(p, " %d", in.A)
	case ImmFunc:
		fmt.Fprintf(p, " %d", in.A)
		if name := p.m.Names().FuncName(FuncIdx(in.A)); name != "" {
			fmt.Fprintf(p, " %q", name)
		}
	case ImmCallIndirect, ImmTableInit, ImmTableCopy:
		fmt.Fprintf(p, " %d %d", in.A, in.B)
	case ImmBrTable:
		for _, l := range p.f.Targets[in.B : in.B+uint64(in.A)] {
			fmt.Fprintf(p, " %d", l)
		}
	case ImmTryTable:
		p.blockType(in)
		p.catches(in)
	case ImmSelectT, ImmRefNull:
		fmt.Fprintf(p, " %s", ValType(in.A))
	case ImmMemArg:
		p.memArg(in)
	case ImmMemArgLane:
		p.memArg(in)
		fmt.Fprintf(p, " %d", in.Aux)
	case ImmI32:
		fmt.Fprintf(p, " %d", in.I32())
	case ImmI64:
		fmt.Fprintf(p, " %d", in.I64())
	case ImmF32, ImmF64:
		fmt.Fprintf(p, " 0x%x", in.B) // bits, so that NaNs show
	case ImmV128, ImmShuffle:
		fmt.Fprintf(p, " 0x%x", p.f.Bytes[in.B:in.B+16])
	case ImmLane:
		fmt.Fprintf(p, " %d", in.Aux)
	default:
		panic("wasmparse: no text for " + in.Op.String())
	}
}

func (p *printer) blockType(in *Instr) {
	params, results := p.m.BlockSig(in.BlockType())
	if len(params)+len(results) > 0 {
		fmt.Fprintf(p, " %s -> %s", typeList(params), typeList(results))
	}
}

func (p *printer) catches(in *Instr) {
	start := uint32(in.B)
	for _, c := range p.f.Catches[start : start+uint32(in.Aux)] {
		switch c.Kind {
		case CatchTag:
			fmt.Fprintf(p, " (catch %d %d)", c.Tag, c.Label)
		case CatchTagRef:
			fmt.Fprintf(p, " (catch_ref %d %d)", c.Tag, c.Label)
		case CatchAll:
			fmt.Fprintf(p, " (catch_all %d)", c.Label)
		case CatchAllRef:
			fmt.Fprintf(p, " (catch_all_ref %d)", c.Label)
		}
	}
}

// memArg writes the offset if there is one, and the alignment if it is not natural.
func (p *printer) memArg(in *Instr) {
	if in.B != 0 {
		fmt.Fprintf(p, " offset=%d", in.B)
	}
	if in.A != uint32(in.Op.Info().N) {
		fmt.Fprintf(p, " align=%d", uint64(1)<<in.A)
	}
}

package wasmparse

// constExpr reads a constant expression, checks that it gives a value of type want,
// and returns its window, end included.
// https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions
func (p *parser) constExpr(want ValType) []byte {
	if p.err != nil {
		return nil
	}
	start := p.pos
	s := Scanner{r: p.reader}
	p.consts = p.consts[:0]
	for s.Next() && s.Op != OpEnd {
		p.constInstr(&s)
	}
	switch {
	case s.r.err != nil:
	case s.Op != OpEnd || s.r.pos == start:
		s.r.malformed(s.r.pos, msgEnd)
	case len(p.consts) != 1 || !p.consts[0].Matches(want):
		s.r.invalid(start, msgMismatch+": constant expression requires ["+want.String()+"] but gives "+typeList(p.consts))
	}
	p.err, p.pos = s.r.err, s.r.pos
	if p.err != nil {
		return nil
	}
	return p.data[start:p.pos:p.pos]
}

func (p *parser) constInstr(s *Scanner) {
	m := p.m
	var t ValType
	switch s.Op {
	case OpI32Const:
		t = I32
	case OpI64Const:
		t = I64
	case OpF32Const:
		t = F32
	case OpF64Const:
		t = F64
	case OpV128Const:
		t = V128
	case OpRefNull:
		t = ValType(s.A)
	case OpRefFunc:
		if int64(s.A) >= int64(len(m.Funcs)) {
			s.r.invalid(s.Start, unknown("function", s.A))
			return
		}
		m.declare(FuncIdx(s.A))
		t = RefType(m.canon[m.Funcs[s.A]], false)
	case OpGlobalGet:
		// Only imported ones: so it is in version 2, and in wazero.
		if int64(s.A) >= int64(m.ImportedGlobals) {
			s.r.invalid(s.Start, unknown("global", s.A))
			return
		}
		if m.Globals[s.A].Type.Mut {
			s.r.invalid(s.Start, "constant expression required")
			return
		}
		t = m.Globals[s.A].Type.Val
	case OpI32Add, OpI32Sub, OpI32Mul:
		p.constBinary(s, I32)
		return
	case OpI64Add, OpI64Sub, OpI64Mul:
		p.constBinary(s, I64)
		return
	default:
		s.r.invalid(s.Start, "constant expression required: "+s.Op.String()+" is not constant")
		return
	}
	p.consts = append(p.consts, t)
}

func (p *parser) constBinary(s *Scanner, t ValType) {
	n := len(p.consts) - 2
	if n < 0 || p.consts[n] != t || p.consts[n+1] != t {
		s.r.invalid(s.Start, msgMismatch+": instruction requires "+typeList([]ValType{t, t})+
			" but stack has "+typeList(p.consts[max(n, 0):]))
		return
	}
	p.consts = p.consts[:n+1]
}

package wasmparse

// Extend returns a module with the index spaces of m and more at their ends, for
// validating rewritten functions: imports come after the imports of m and move the
// defined functions up, funcs after the defined ones. The result has no bodies and no
// sections of its own.
func (m *Module) Extend(types []FuncType, imports, funcs []TypeIdx, tables []TableType, mems []MemType, globals []Global) *Module {
	x := &Module{
		Data:     m.Data,
		Types:    concat(m.Types, types),
		Funcs:    concat(m.Funcs[:m.ImportedFuncs:m.ImportedFuncs], imports, m.Funcs[m.ImportedFuncs:], funcs),
		Tables:   concat(m.Tables, tables),
		Mems:     concat(m.Mems, mems),
		Globals:  concat(m.Globals, globals),
		Tags:     m.Tags,
		Elems:    m.Elems,
		DataSegs: m.DataSegs, HasDataCount: m.HasDataCount, DataCount: m.DataCount,
		ImportedFuncs:  m.ImportedFuncs + len(imports),
		ImportedTables: m.ImportedTables, ImportedMems: m.ImportedMems,
		ImportedGlobals: m.ImportedGlobals, ImportedTags: m.ImportedTags,
		canon:    concat(m.canon),
		refTypes: concat(m.refTypes),
	}
	for i := len(m.Types); i < len(x.Types); i++ {
		x.canon = append(x.canon, TypeIdx(i))
		x.refTypes = append(x.refTypes, RefType(TypeIdx(i), true), RefType(TypeIdx(i), false))
	}
	// What the bodies of m may name, they may name still.
	x.declared = make([]uint64, (len(x.Funcs)+63)/64)
	for f := range m.Funcs {
		if g := FuncIdx(f); m.IsDeclared(g) {
			if f >= m.ImportedFuncs {
				g += FuncIdx(len(imports))
			}
			x.declare(g)
		}
	}
	return x
}

func concat[T any](parts ...[]T) []T {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	out := make([]T, 0, n)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

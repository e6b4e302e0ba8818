package transform

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// defaultSlice is the time slice of an artifact that nobody gives one, in reductions.
const defaultSlice = 100_000

// fixedFuncs are the added functions whose index is known before any function is
// rewritten, in the output's index space.
type fixedFuncs struct {
	window, preempt, preemptUnwind wasmparse.FuncIdx // imports

	slow   wasmparse.FuncIdx // called at the end of a slice
	bulk   wasmparse.FuncIdx // charges for a bulk instruction
	resume wasmparse.FuncIdx // exported: resumes one frame
}

// A typeTable hands out the indices of types, new ones at the end.
type typeTable struct {
	m     *wasmparse.Module
	added *[]wasmparse.FuncType
	index map[string]wasmparse.TypeIdx
}

func newTypeTable(m *wasmparse.Module, added *[]wasmparse.FuncType) *typeTable {
	t := &typeTable{m: m, added: added, index: map[string]wasmparse.TypeIdx{}}
	for i := range m.Types {
		k := typeKey(&m.Types[i])
		if _, ok := t.index[k]; !ok {
			t.index[k] = wasmparse.TypeIdx(i)
		}
	}
	return t
}

func typeKey(t *wasmparse.FuncType) string {
	return fmt.Sprint(t.Params, t.Results)
}

func (t *typeTable) idx(params, results []wasmparse.ValType) wasmparse.TypeIdx {
	ft := wasmparse.FuncType{Params: params, Results: results}
	k := typeKey(&ft)
	i, ok := t.index[k]
	if !ok {
		i = wasmparse.TypeIdx(len(t.m.Types) + len(*t.added))
		t.index[k] = i
		*t.added = append(*t.added, ft)
	}
	return i
}

// layout decides on all that is added to the module before functions are rewritten, so
// that its indices are known.
func (b *build) layout() {
	m, g := b.m, b.g
	p := &wasmencode.Patch{M: m, Strip: b.opts.Strip}
	b.patch = p
	types := newTypeTable(m, &p.Types)
	void := types.idx(nil, nil)
	i32 := []wasmparse.ValType{wasmparse.I32}
	i64 := []wasmparse.ValType{wasmparse.I64}
	suspends := slices.Contains(g.MaySuspend, true)

	importFunc := func(name string) wasmparse.FuncIdx {
		p.Imports = append(p.Imports, wasmencode.FuncImport{Module: rtlib.ImportModule, Name: name, Type: void})
		return wasmparse.FuncIdx(m.ImportedFuncs + len(p.Imports) - 1)
	}
	if b.plan != nil {
		b.fixed.preempt = importFunc(rtlib.ImportPreempt)
		if b.opts.Preempt == PreemptUnwind {
			b.fixed.preemptUnwind = importFunc(rtlib.ImportPreemptUnwind)
		}
	}
	if suspends {
		b.fixed.window = importFunc(rtlib.ImportWindow)
	}
	b.layoutFusion(types)
	b.layoutReceiveFusion(types)

	env := &asyncify.Env{G: g, Shift: p.Shift(), Window: b.fixed.window}
	if b.received.possible {
		env.Received, env.HasReceived = b.received.both, true
	}
	b.env = env
	global := func(name string, t wasmparse.ValType, init []byte, export bool) wasmparse.GlobalIdx {
		idx := wasmparse.GlobalIdx(len(m.Globals) + len(p.Globals))
		p.Globals = append(p.Globals, wasmencode.NewGlobal{
			Type: wasmparse.GlobalType{Val: t, Mut: true}, Init: append(init, 0x0b), Name: name,
		})
		if export {
			p.Exports = append(p.Exports, wasmparse.Export{Name: name, Kind: wasmparse.KindGlobal, Idx: uint32(idx)})
		}
		return idx
	}
	i32Const := func(v int32) []byte { return wasmencode.AppendS32([]byte{0x41}, v) }
	env.Budget = global(rtlib.ExportBudget, wasmparse.I32, i32Const(defaultSlice), true)
	env.Slice = global(rtlib.ExportSlice, wasmparse.I32, i32Const(defaultSlice), true)
	if suspends {
		env.FP = global(rtlib.ExportFP, wasmparse.I32, i32Const(0), true)
		env.Pinned = global(rtlib.ExportPinned, wasmparse.I32, i32Const(0), true)
		for i := range env.Words {
			env.Words[i] = global(rtlib.Reserved+"w"+strconv.Itoa(i), wasmparse.I64, []byte{0x42, 0}, false)
		}
		b.layoutResults(types, global)
		b.layoutRefs(global)
		if len(m.Mems) == 0 {
			p.Mems = append(p.Mems, wasmparse.MemType{Min: 1, Max: 1, HasMax: true})
		}
	}
	b.layoutExceptions(global)
	b.layoutState()

	// Functions of fixed index come first, then helpers, then clones.
	function := func(name string, t wasmparse.TypeIdx, body []byte) wasmparse.FuncIdx {
		idx := wasmparse.FuncIdx(len(m.Funcs) + len(p.Imports) + len(p.Funcs))
		p.Funcs = append(p.Funcs, wasmencode.NewFunc{Type: t, Name: name, Body: body})
		return idx
	}
	if b.plan != nil {
		host := b.fixed.preempt
		if b.opts.Preempt == PreemptUnwind {
			host = b.fixed.preemptUnwind
		}
		b.fixed.slow = function(rtlib.Reserved+"slice_end", void, sliceEnd(env, host))
		if b.opts.Preempt == PreemptUnwind {
			env.SlowUnwind, env.HasSlowUnwind = b.fixed.slow, true
		}
		park := b.fixed.slow
		if b.opts.Preempt == PreemptUnwind {
			park = function(rtlib.Reserved+"slice_end_park", void, sliceEnd(env, b.fixed.preempt))
		}
		b.fixed.bulk = function(rtlib.Reserved+"charge_bulk", types.idx(i32, i32), chargeBulk(env, park))
	}
	if b.exn.refs {
		shift := wasmparse.FuncIdx(len(p.Imports))
		v128 := []wasmparse.ValType{wasmparse.V128}
		b.exn.pack = function(rtlib.Reserved+"exn_pack", types.idx(nil, v128), b.packBody()) - shift
		b.exn.unpack = function(rtlib.Reserved+"exn_unpack", types.idx(v128, nil), b.unpackBody()) - shift
		p.Retype = unref
	}
	cloneType := types.idx([]wasmparse.ValType{wasmparse.I32, wasmparse.I64}, i64)
	if suspends {
		table := wasmparse.TableIdx(len(m.Tables) + len(p.Tables))
		params := []wasmparse.ValType{wasmparse.I32, wasmparse.I32, wasmparse.I64}
		for range env.Words {
			params = append(params, wasmparse.I64)
		}
		params = append(params, wasmparse.I32, wasmparse.I32)
		results := []wasmparse.ValType{wasmparse.I64, wasmparse.I32, wasmparse.I32}
		b.fixed.resume = function(rtlib.ExportResume, types.idx(params, results), env.Driver(table, cloneType))
		p.Exports = append(p.Exports, wasmparse.Export{Name: rtlib.ExportResume, Kind: wasmparse.KindFunc, Idx: uint32(b.fixed.resume)})
	}
	b.types, b.cloneType = types, cloneType

	var importTypes, funcTypes []wasmparse.TypeIdx
	for i := range p.Imports {
		importTypes = append(importTypes, p.Imports[i].Type)
	}
	for i := range p.Funcs {
		funcTypes = append(funcTypes, p.Funcs[i].Type)
	}
	var globals []wasmparse.Global
	for i := range p.Globals {
		globals = append(globals, wasmparse.Global{Type: p.Globals[i].Type, Init: p.Globals[i].Init})
	}
	env.M = m.Extend(p.Types, importTypes, funcTypes, p.Tables, p.Mems, globals)
	b.exn.m = m
	if b.exn.used {
		b.exn.m = m.Extend(p.Types, nil, funcTypes, p.Tables, p.Mems, globals)
		retype(env.M.Types)
		retype(b.exn.m.Types)
	}

	env.SiteBase = make([]uint32, len(m.Bodies)+1)
	for i := range g.Bodies {
		n := uint32(0)
		if g.MaySuspend[m.ImportedFuncs+i] {
			n = uint32(g.Bodies[i].MaxSites(b.opts.Preempt == PreemptUnwind))
		}
		env.SiteBase[i+1] = env.SiteBase[i] + n
	}
	env.HelperBase = wasmparse.FuncIdx(len(m.Funcs) + len(p.Imports) + len(p.Funcs))
	// Two helpers a site at the most, and never very many layouts.
	most := uint64(env.HelperBase) + 2*uint64(env.SiteBase[len(m.Bodies)])
	env.HelperWidth = len(wasmencode.AppendU64(nil, most))
}

// retype replaces exnref in types, in place.
func retype(types []wasmparse.FuncType) {
	for i := range types {
		types[i] = wasmparse.FuncType{Params: retyped(types[i].Params), Results: retyped(types[i].Results)}
	}
}

func retyped(ts []wasmparse.ValType) []wasmparse.ValType {
	out := make([]wasmparse.ValType, len(ts))
	for i, t := range ts {
		out[i] = unref(t)
	}
	return out
}

// layoutResults adds the globals for results that do not fit into the one i64 that a
// resume clone takes and returns, and the block types for functions with several.
func (b *build) layoutResults(types *typeTable, global func(string, wasmparse.ValType, []byte, bool) wasmparse.GlobalIdx) {
	env := b.env
	env.RefResults = map[wasmparse.ValType][]wasmparse.GlobalIdx{}
	env.Landing = map[wasmparse.TypeIdx]wasmparse.TypeIdx{}
	for i := range b.m.Types {
		c := b.g.Canon[i]
		results := retyped(b.m.Types[i].Results)
		if int(c) != i || len(results) == 0 || !b.typeSuspends(c) {
			continue
		}
		if len(results) > 1 {
			env.Landing[c] = types.idx(nil, results)
		}
		cells := asyncify.ExtraResults(results, func(t wasmparse.ValType, n int) {
			if t != wasmparse.ExternRef && t != wasmparse.FuncRef {
				return // such functions are pinned
			}
			for len(env.RefResults[t]) < n {
				null := wasmencode.AppendInstr(nil, nil, &wasmparse.Instr{Op: wasmparse.OpRefNull, A: uint32(t)})
				name := fmt.Sprintf("%s%s%d", rtlib.ExportRef, t, len(env.RefResults[t])+1)
				env.RefResults[t] = append(env.RefResults[t], global(name, t, null, true))
			}
		})
		for len(env.Results) < cells {
			name := fmt.Sprint(rtlib.ExportResult, len(env.Results)+1)
			env.Results = append(env.Results, global(name, wasmparse.I64, []byte{0x42, 0}, true))
		}
	}
}

// typeSuspends reports whether any function of a canonical type may suspend.
func (b *build) typeSuspends(c wasmparse.TypeIdx) bool {
	if b.suspendTypes == nil {
		b.suspendTypes = make([]bool, len(b.m.Types))
		for f, s := range b.g.MaySuspend {
			if s {
				b.suspendTypes[b.g.Canon[b.m.Funcs[f]]] = true
			}
		}
	}
	return b.suspendTypes[c]
}

// layoutRefs adds the private tables for references that are live at a site, and the
// table of the resume clones, which comes last.
func (b *build) layoutRefs(global func(string, wasmparse.ValType, []byte, bool) wasmparse.GlobalIdx) {
	table := func(t wasmparse.ValType) wasmparse.TableIdx {
		b.patch.Tables = append(b.patch.Tables, wasmparse.TableType{Elem: t})
		return wasmparse.TableIdx(len(b.m.Tables) + len(b.patch.Tables) - 1)
	}
	// Only a module that has such values at all gets a table for them.
	funcs, externs := b.refTypes()
	zero := func() []byte { return []byte{0x41, 0} }
	if funcs {
		b.env.FuncTable = table(wasmparse.FuncRef)
		b.env.FuncTop = global(rtlib.Reserved+"functop", wasmparse.I32, zero(), false)
	}
	if externs {
		b.env.ExternTable = table(wasmparse.ExternRef)
		b.env.ExternTop = global(rtlib.Reserved+"externtop", wasmparse.I32, zero(), false)
	}
}

// refTypes reports whether values of type funcref and externref can occur in bodies:
// every one comes from a parameter, a local, a result, a table, a global or ref.null,
// and the scan has seen those.
func (b *build) refTypes() (funcs, externs bool) {
	see := func(t wasmparse.ValType) {
		funcs = funcs || t == wasmparse.FuncRef
		externs = externs || t == wasmparse.ExternRef
	}
	for i := range b.m.Types {
		for _, t := range b.m.Types[i].Params {
			see(t)
		}
		for _, t := range b.m.Types[i].Results {
			see(t)
		}
	}
	for i := range b.m.Globals {
		see(b.m.Globals[i].Type.Val)
	}
	for i := range b.g.Bodies {
		funcs = funcs || b.g.Bodies[i].FuncRefs
		externs = externs || b.g.Bodies[i].ExternRefs
	}
	return funcs, externs
}

// assemble puts the pieces into the patch.
func (b *build) assemble(module []byte) {
	p, m := b.patch, b.m
	place, helpers := b.env.NumberHelpers()
	for _, h := range helpers {
		t := h.FuncType()
		p.Funcs = append(p.Funcs, wasmencode.NewFunc{Type: b.types.idx(t.Params, t.Results), Name: h.Name(), Body: h.Body(b.env)})
	}
	meta := rtlib.Meta{
		Version: rtlib.Version, Preempt: b.opts.Preempt.String(), Suspend: b.suspending(),
		InputHash: sha256.Sum256(module), Sites: b.env.SiteBase[len(m.Bodies)],
		Reusable: b.reusable(), Movable: b.movable(),
	}
	st := &b.stats
	st.Functions = len(m.Bodies)
	var clones []wasmparse.FuncIdx
	p.Bodies = make([][]byte, len(m.Bodies))
	for i := range b.fns {
		r := &b.fns[i]
		f := wasmparse.FuncIdx(m.ImportedFuncs + i)
		b.env.Link(&r.body, place)
		p.Bodies[i] = r.body.Bytes
		st.Charges += r.charge
		if b.g.MaySuspend[f] {
			st.Suspendable++
		}
		st.Sites += r.info.Sites
		st.TailSites += r.info.TailSites
		st.MaxFrame = max(st.MaxFrame, r.info.MaxFrame)
		if r.info.Pinned != "" {
			st.Pinned++
			b.warn("func %d (%s) cannot be unwound: %s", f, m.Names().FuncName(f), r.info.Pinned)
		}
		if r.clone.Bytes == nil {
			continue
		}
		b.env.Link(&r.clone, place)
		name := m.Names().FuncName(f)
		if name != "" {
			name += rtlib.ResumeSuffix
		}
		clones = append(clones, wasmparse.FuncIdx(len(m.Funcs)+len(p.Imports)+len(p.Funcs)))
		p.Funcs = append(p.Funcs, wasmencode.NewFunc{Type: b.cloneType, Name: name, Body: r.clone.Bytes})
		meta.Bases = append(meta.Bases, b.env.SiteBase[i])
		meta.Funcs = append(meta.Funcs, uint32(p.NewIdx(f)))
	}
	st.Clones = len(clones)
	if len(clones) > 0 {
		meta.Bases[0] = 0 // numbers below are those of calls that need no frame
	} else {
		meta.Sites = 0
	}
	meta.MaxFrame = uint32(st.MaxFrame)
	if st.Pinned == 0 {
		p.Exports = slices.DeleteFunc(p.Exports, func(e wasmparse.Export) bool { return e.Name == rtlib.ExportPinned })
	}
	if b.fixed.resume != 0 {
		n := uint32(len(clones))
		p.Tables = append(p.Tables, wasmparse.TableType{Elem: wasmparse.FuncRef, Min: n, Max: n, HasMax: true})
		if n > 0 {
			p.Elems = append(p.Elems, wasmencode.NewElem{
				Mode: wasmparse.ElemActive, Table: wasmparse.TableIdx(len(m.Tables) + len(p.Tables) - 1),
				Offset: []byte{0x41, 0, 0x0b}, Funcs: clones,
			})
		}
	}
	p.Custom = append(p.Custom, wasmencode.NewCustom{Name: rtlib.SectionMeta, Data: rtlib.AppendMeta(nil, &meta)})
	version := b.opts.Version
	if version == "" {
		version = "devel"
	}
	p.Producer = "lunatic-build " + version
	dropped := map[string]bool{}
	p.DropCustom = func(name string) bool {
		if !madeFalse(name) {
			return false
		}
		if !dropped[name] {
			dropped[name] = true
			b.warn("custom section %q is dropped: rewriting has made it false", name)
		}
		return true
	}
}

// suspending names the imports that may suspend.
func (b *build) suspending() []string {
	var names []string
	f := 0
	for i := range b.m.Imports {
		im := &b.m.Imports[i]
		if im.Kind != wasmparse.KindFunc {
			continue
		}
		if b.g.MaySuspend[f] {
			names = append(names, im.Module+"."+im.Name)
		}
		f++
	}
	if b.received.possible {
		names = append(names, fusedModule+"."+receivedName)
	}
	return names
}

// madeFalse reports whether a custom section speaks of offsets or indices in the code
// that no longer hold.
func madeFalse(name string) bool {
	switch name {
	case "linking", "sourceMappingURL", "external_debug_info", "metadata.code.branch_hint", "metadata.code.inline":
		return true
	}
	return strings.HasPrefix(name, "reloc.") || strings.HasPrefix(name, ".debug_")
}

func (b *build) warn(format string, args ...any) {
	if b.opts.Warn != nil {
		b.opts.Warn(fmt.Sprintf(format, args...))
	}
}

package asyncify

import (
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// An Emitter rewrites functions, one after the other. Its memory is reused.
type Emitter struct {
	Env *Env
	p   plan
	e   emitter
}

// Code is a finished body, but for the indices of the helpers it calls; see Env.Link.
type Code struct {
	Bytes  []byte
	relocs []reloc
}

// Info says what has been done to a function.
type Info struct {
	Sites     int    // with a frame
	TailSites int    // without
	MaxFrame  int    // bytes, header included
	Pinned    string // why the function cannot be unwound
}

// Prepare reads a function, which has the indices of the output and no unreachable code;
// base is the number of its first site.
func (em *Emitter) Prepare(fn *wasmparse.Func, base uint32) (info Info, err error) {
	if err := em.p.prepare(em.Env, fn); err != nil {
		return Info{}, err
	}
	e := &em.e
	if e.ids == nil {
		e.ids = map[helper]helperID{}
	}
	e.plan, e.base = &em.p, base
	if info.Pinned = em.p.pinned; info.Pinned != "" {
		return info, nil
	}
	for i := range em.p.sites {
		if s := &em.p.sites[i]; s.tail {
			info.TailSites++
		} else {
			info.Sites++
			size := em.p.frameOf(s).size()
			info.MaxFrame = max(info.MaxFrame, int(size))
		}
	}
	return info, nil
}

// Fast makes the fast clone of the function that has been prepared.
func (em *Emitter) Fast() Code { return em.e.code(em.e.fast()) }

// Resume makes its resume clone, which it needs if it has sites with frames.
func (em *Emitter) Resume() Code { return em.e.code(em.e.resume()) }

func (e *emitter) code(b []byte) Code {
	return Code{b, append([]reloc(nil), e.relocs...)}
}

// NumberHelpers ends the registration of helpers: it returns them in the order in
// which they follow HelperBase, and the place of each.
func (e *Env) NumberHelpers() (place []uint32, all []Helper) {
	place, sorted := e.helpers.number()
	for _, h := range sorted {
		all = append(all, Helper{h})
	}
	return place, all
}

// A Helper is a function that spills or loads the frames of one layout.
type Helper struct{ helper }

// Name, FuncType and Body are what the module needs of it.
func (h Helper) Name() string                 { return h.name() }
func (h Helper) FuncType() wasmparse.FuncType { return h.funcType() }
func (h Helper) Body(e *Env) []byte           { return h.body(e) }

// Link fills in the indices of the helpers that c calls.
func (e *Env) Link(c *Code, place []uint32) {
	for _, r := range c.relocs {
		v := uint32(e.HelperBase) + place[r.helper]
		for k := range e.HelperWidth {
			b := byte(v & 0x7f)
			v >>= 7
			if k < e.HelperWidth-1 {
				b |= 0x80
			}
			c.Bytes[int(r.off)+k] = b
		}
	}
	c.relocs = nil
}

// Driver is the body of the exported function (clone, site, r, words..., budget, fp) that
// resumes a frame: it keeps the words where the clone finds them and calls it through the
// table.
func (e *Env) Driver(table wasmparse.TableIdx, clone wasmparse.TypeIdx) []byte {
	b := wasmencode.AppendLocals(nil, nil)
	for i, w := range e.Words {
		b = appendOp(b, wasmparse.OpLocalGet, uint32(3+i))
		b = appendOp(b, wasmparse.OpGlobalSet, uint32(w))
	}
	state := []wasmparse.GlobalIdx{e.Budget, e.FP}
	for i, g := range state {
		b = appendOp(b, wasmparse.OpLocalGet, uint32(3+len(e.Words)+i))
		b = appendOp(b, wasmparse.OpGlobalSet, uint32(g))
	}
	b = append(b, 0x20, 1, 0x20, 2, 0x20, 0, 0x11)
	b = wasmencode.AppendU32(b, uint32(clone))
	b = wasmencode.AppendU32(b, uint32(table))
	for _, g := range state {
		b = appendOp(b, wasmparse.OpGlobalGet, uint32(g))
	}
	return append(b, opEnd)
}

// ExtraResults returns how many i64 globals the results ts need beside the clone's
// own result, and calls ref for the n-th result of each reference type.
func ExtraResults(ts []wasmparse.ValType, ref func(t wasmparse.ValType, n int)) int {
	return extraResults(ts, ref)
}

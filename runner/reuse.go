package runner

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// An instance whose process has come to its normal end serves the next process of the
// same module and configuration, which cannot tell it from a new one. Its memory and its
// mutable globals get their initial values back, and that is all that has changed:
//
//   - the artifact says so of tables, segments and the start function (rtlib.Meta.Reusable);
//   - of what wazero keeps for an instance, directories are those of the configuration, and
//     the table of open files is untouched: a process that has called one of the functions in
//     spending is not reused. Standard streams of a process's own are found through the
//     process (stdio), as are arguments and variables (argv);
//   - what the host functions of this project keep, they keep for the process;
//   - frames, and the globals that the build has added, mean nothing without a stack.
//
// After a trap, a kill or proc_exit the instance is thrown away: it has not come to rest.

// maxRestedPages bounds the bytes of pages that one of them may hold.
const maxRestedPages = 512 << 10

// maxKeptReductions is how much a process may have computed if the next one is to get its
// native stacks too: they have grown with the depth of its calls, which nothing tells, but
// every call in a recursion costs a reduction. What host functions have charged does not count.
const maxKeptReductions = 2_000

// A blueprint is what is needed to reuse the instances of one module.
type blueprint struct {
	none    bool     // they are too large
	memory  uint64   // size in bytes
	globals []uint64 // initial values
	pages   []imagePage
}

// An imagePage is a page of the initial memory that is not all zeros.
type imagePage struct {
	at   int
	data []byte
}

// likeness describes what of a configuration an instance is made with.
func likeness(c *ProcessConfig) string {
	like := "own"
	if c.shared {
		like = "shared"
	}
	if len(c.Dirs) > 0 {
		like += fmt.Sprintf(" %#v", c.Dirs)
	}
	return like
}

// wasiModule is where the functions in spending are.
const wasiModule = "wasi_snapshot_preview1"

// spending are the functions of WASI that change an instance's table of open files, or an
// entry that an instance has from the start.
var spending = map[string]bool{
	"fd_close": true, "fd_renumber": true, "path_open": true, "fd_readdir": true, "fd_seek": true,
	"fd_fdstat_set_flags": true, "fd_fdstat_set_rights": true, "sock_accept": true, "sock_shutdown": true,
}

// spends reports whether a call of a function in spending does that.
func spends(name string, stack []uint64) bool {
	return name != "fd_seek" || uint32(stack[0]) > 2 // the C libraries try standard output
}

// reusable reports whether instances of a module may be used again.
func (rt *Runtime) reusable(c wazero.CompiledModule, meta *rtlib.Meta) bool {
	if meta == nil || !meta.Reusable || rt.cfg.NoReuse {
		return false
	}
	for _, f := range c.ImportedFunctions() {
		module, name, _ := f.Import()
		switch {
		case module == rtlib.ImportModule, slices.Contains(rt.funcs, module+"."+name):
		case module == wasiModule && !spending[name]: // wazero's
		default:
			return false // it is not told when this one is called
		}
	}
	return true
}

// stateOf returns the instance's mutable globals.
func stateOf(inst api.Module) []api.MutableGlobal {
	var state []api.MutableGlobal
	for i := range rtlib.MaxState {
		g, ok := inst.ExportedGlobal(rtlib.ExportState + strconv.Itoa(i)).(api.MutableGlobal)
		if !ok {
			break
		}
		state = append(state, g)
	}
	return state
}

// draw notes how a new instance looks.
func draw(inst api.Module, m *linearMemory) *blueprint {
	b := &blueprint{}
	for _, g := range stateOf(inst) {
		b.globals = append(b.globals, g.Get())
	}
	if m == nil {
		return b
	}
	b.memory = m.size
	mem := m.slot[:m.size]
	note := func(lo, hi int) bool {
		for ; lo < hi; lo += pageSize {
			if page := mem[lo:min(lo+pageSize, len(mem))]; !isZero(page) {
				b.pages = append(b.pages, imagePage{lo, slices.Clone(page)})
			}
		}
		return len(b.pages)*pageSize <= maxRestedPages
	}
	if !eachUsed(mem, note) || len(b.pages)*pageSize > maxRestedPages {
		return &blueprint{none: true}
	}
	return b
}

// restore gives memory its initial contents and size. faults is what that said just before. It
// reports false if that is not worth the while, or not possible; then the memory is to be given
// up.
func (m *linearMemory) restore(b *blueprint, mem api.Memory, faults int64) bool {
	used := m.slot[:m.size]
	pages := b.pages
	held := 0
	put := func(lo int) { // image pages before lo, which have no page any more
		for len(pages) > 0 && pages[0].at < lo {
			copy(used[pages[0].at:], pages[0].data)
			pages = pages[1:]
		}
	}
	ok := m.eachHeld(faults, func(lo, hi int) bool {
		for ; lo < hi; lo += pageSize {
			page := used[lo:min(lo+pageSize, len(used))]
			put(lo)
			if len(pages) > 0 && pages[0].at == lo {
				if string(page) != string(pages[0].data) {
					copy(page, pages[0].data)
				}
				pages = pages[1:]
			} else if !isZero(page) {
				clear(page)
			}
			held += pageSize
		}
		return held <= maxRestedPages
	})
	if !ok || held > maxRestedPages {
		return false
	}
	put(len(used))
	if m.size == b.memory {
		return true
	}
	return m.shrink(b.memory, mem)
}

// shrink makes the memory smaller. It reports false if wazero does not take part.
func (m *linearMemory) shrink(size uint64, mem api.Memory) bool {
	// wazero takes what the allocator answers.
	m.reset = size + 1
	m.held = nil
	_, shrunk := mem.Grow(1)
	m.reset = 0
	return shrunk
}

// rest ends what the guest does for its process. stacks says whether it keeps what Cool
// gives up.
func (g *Guest) rest(stacks bool) {
	const small = 4 << 10
	kept := Guest{
		mod: g.mod, mem: g.mem, meta: g.meta,
		budget: g.budget, slice: g.slice, fp: g.fp, pinned: g.pinned, results: g.results,
		window: g.window, aside: g.aside[:0],
	}
	if cap(g.frames) <= small {
		kept.frames = g.frames[:0]
	}
	if stacks {
		kept.resume, kept.reentries = g.resume, g.reentries
	}
	*g = kept
	g.ctx.guest = g
}

// atRest reports whether no call into the guest is in progress or suspended, and its
// window is its own.
func (g *Guest) atRest() bool {
	return g.depth == 0 && !g.paused && g.phase == running && g.failure == nil && len(g.frames) == 0 &&
		(g.pinned == nil || g.pinned.Get() == 0)
}

// revive gives the process a rested instance, whose memory has been counted. It reports false
// if there is none.
func (p *Process) revive() bool {
	r := p.rt.exec.rested(poolKey{p.mod.blueprint.Load(), p.cfg.like}, p.worker)
	if r == nil {
		return false
	}
	if r.memory != nil {
		r.memory.limit = min(p.cfg.maxMemory(), p.mod.memory.max)
		r.memory.apart = false
		p.rt.slots.memories.Add(1)
	}
	p.inst, p.mem, p.memory, p.guest = r.inst, r.mem, r.memory, r.guest
	p.stdio, p.rested = r.stdio, r
	p.stdio.belongTo(p)
	p.guest.serve(p)
	return true
}

// retire takes the instance, if it has one, from a process that has ended, err says how: it
// rests or is given up.
func (p *Process) retire(err error) {
	if p.snapshot != "" {
		p.forgetSnapshot()
		return
	}
	b := p.mod.blueprint.Load()
	if err != nil || p.spent || b == nil || b.none || p.parked || p.inst.IsClosed() || !p.guest.atRest() {
		p.discard()
		return
	}
	tired := p.memory.canWait(b)
	if !tired && p.memory != nil && !p.memory.restore(b, p.mem, faults()) {
		p.discard()
		return
	}
	p.memory.part(true)
	p.layDown(b, tired)
}

// layDown gives the instance, whose memory is apart, to the next process. tired says that the
// memory is not as at first yet.
func (p *Process) layDown(b *blueprint, tired bool) {
	state := p.globals()
	r := p.rested
	r.stdio.belongTo(nil)
	for i, g := range state {
		g.Set(b.globals[i])
	}
	p.guest.rest(p.guest.Counts() && p.reductions-p.guest.charged <= maxKeptReductions)
	r.key = poolKey{b, p.cfg.like}
	p.inst, p.mem, p.memory, p.guest, p.stdio, p.rested = nil, nil, nil, nil, nil, nil
	if !p.rt.exec.poolsOf(p.worker).put(r, tired) {
		r.close()
	}
}

package runner

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/tetratelabs/wazero/api"
)

// A process that has waited for a while hibernates: of its guest a Snapshot is kept, and its
// instance, with the memory's slot, is laid down for the next process of the module, as at a
// process's end (reuse.go). Whatever wakes the process, it goes on in another instance. To
// others it is a process that waits: nobody but who holds it can tell.
//
// It needs an artifact that says of frames and globals that they are all (rtlib.Meta.Movable)
// and a process that has not touched the instance's table of files (spending): one with open
// files stays awake, and so does one that is parked, or has changed more than a few hundred
// KiB of memory. Sockets and other resources are the process's, not the instance's.
//
// One goroutine for each runtime decides. It goes round at intervals of
// Config.HibernateAfter, over those that are not asleep, and marks who waits; who still has the
// mark the next time has not run since. Messages pay for that with the clearing of the mark.

// DefaultHibernateAfter is how long a process has waited at least when it hibernates. At the
// latest it does so after twice that time.
const DefaultHibernateAfter = 5 * time.Second

// A hibernator is the goroutine that lets processes hibernate.
type hibernator struct {
	every time.Duration // 0: there is none
	done  chan struct{}
	once  sync.Once
	ended sync.WaitGroup

	collected uint64 // Runtime.hibernations when garbage was last collected for them
}

// start begins to let processes hibernate that have waited for some time, 0 meaning the default.
func (h *hibernator) start(rt *Runtime, after time.Duration) {
	if after < 0 {
		return
	}
	if after == 0 {
		after = DefaultHibernateAfter
	}
	h.every, h.done = after, make(chan struct{})
	h.ended.Add(1)
	go func() {
		defer h.ended.Done()
		tick := time.NewTicker(h.every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				rt.sweep()
			case <-h.done:
				return
			}
		}
	}()
}

// close ends the goroutine and waits for it.
func (h *hibernator) close() {
	if h.done != nil {
		h.once.Do(func() { close(h.done) })
		h.ended.Wait()
	}
}

func (h *hibernator) closing() bool {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}

// sweep is one round over all processes that are awake.
func (rt *Runtime) sweep() {
	for _, env := range rt.environments() {
		env.pids.eachAwake(func(p *Process) bool {
			p.doze()
			return !rt.hibernator.closing()
		})
	}
	rt.giveBack()
}

// manyHibernated is how many processes have to hibernate before garbage is collected for it.
const manyHibernated = 1000

// giveBack returns memory to the system that processes have left which hibernate now: pages of
// free slots and, if these are many beside those that did before, what only the collector finds.
// Go would see to that within minutes, when nothing is going on.
func (rt *Runtime) giveBack() {
	rt.slots.cool()
	h := &rt.hibernator
	if n := rt.hibernations.Load(); n-h.collected >= max(manyHibernated, uint64(max(0, rt.hibernating.Load()))/4) {
		h.collected = n
		debug.FreeOSMemory()
	}
}

// doze marks the process if it waits, and lets it hibernate if it has the mark already.
func (p *Process) doze() {
	if !p.state.CompareAndSwap(waiting, active) {
		return
	}
	switch {
	case p.parked:
	case !p.dozing:
		p.dozing = true
	case !p.hibernate():
		p.env.pids.setAsleep(p, true) // as long as it lives: it would only be asked in vain
	}
	if !p.state.CompareAndSwap(active, waiting) { // something has come meanwhile
		p.rt.exec.push(p, nil)
	}
}

// packing is memory for the making of snapshots.
var packing = sync.Pool{New: func() any { return new([]byte) }}

// hibernate takes the instance from a process that is suspended and not parked. The caller
// holds the process. It reports false, and has changed nothing, if that cannot be.
func (p *Process) hibernate() bool {
	b := p.mod.blueprint.Load()
	if !p.mod.movable || b == nil || b.none || p.spent || p.snapshot != "" || p.inst.IsClosed() || !p.guest.movable() {
		return false
	}
	buf := packing.Get().(*[]byte)
	defer packing.Put(buf)
	state := p.globals()
	var ok bool
	if *buf, ok = appendSnapshot((*buf)[:0], p.mod, b, state, p.guest.frames, p.memory); !ok {
		return false
	}
	p.snapshot = Snapshot(*buf)
	var room [rtlib.MaxState]savedGlobal
	saved, err := p.snapshot.parse(p.mod, b, room[:])
	if err != nil {
		panic(err) // it was just made
	}
	p.memory.part(false)
	if p.memory == nil || p.memory.undo(&saved, b, p.mem) {
		p.guest.paused, p.guest.frames = false, p.guest.frames[:0]
		p.layDown(b, false)
	} else {
		p.discard()
	}
	p.shed()
	p.env.pids.setAsleep(p, true)
	p.rt.hibernating.Add(1)
	p.rt.hibernations.Add(1)
	return true
}

// movable reports whether the frames are all that the guest would have to take along.
func (g *Guest) movable() bool {
	return g.paused && g.depth == 0 && g.phase == running && g.failure == nil && len(g.out) == 0
}

// globals returns the instance's mutable globals.
func (p *Process) globals() []api.MutableGlobal {
	if p.rested == nil {
		p.rested = &rested{inst: p.inst, mem: p.mem, memory: p.memory, guest: p.guest, state: stateOf(p.inst), stdio: p.stdio}
	}
	return p.rested.state
}

// undo makes the memory, which is apart, what it was at first. It reports false if it cannot:
// then it is to be given up.
func (m *linearMemory) undo(g *savedGuest, b *blueprint, mem api.Memory) bool {
	g.undo(m.slot[:m.size], b)
	return m.size == b.memory || m.shrink(b.memory, mem)
}

// shed gives up memory of the process's own that it does not need while it waits.
func (p *Process) shed() {
	p.unpark, p.spare = nil, nil
	p.recv.tags = slices.Clip(p.recv.tags)
	if len(p.recv.tags) == 0 {
		p.recv.tags = nil
	}
	if len(p.calls) == 0 {
		p.calls = nil
	}
	if len(p.links) == 0 {
		p.links = nil
	}
	if len(p.monitors) == 0 {
		p.monitors = nil
	}
	p.mu.Lock()
	if len(p.watched) == 0 {
		p.watched = nil
	}
	if len(p.signals) == 0 {
		p.signals = nil
	}
	p.mu.Unlock()
}

// rouse gives a process that hibernates an instance again. After an error it has none, and
// has to end.
func (p *Process) rouse() (err error) {
	var room [rtlib.MaxState]savedGlobal
	b := p.mod.blueprint.Load()
	saved, err := p.snapshot.parse(p.mod, b, room[:])
	if err != nil {
		return err
	}
	// From here on the smallest size of the memory is counted for the instance, and what is
	// more for restore.
	p.snapshot = ""
	p.rt.hibernating.Add(-1)
	if err = p.embody(); err == nil {
		if err = p.restore(&saved); err != nil {
			p.discard()
		}
	}
	if err != nil {
		p.rt.slots.used.Add(b.memory - saved.memory)
		return fmt.Errorf("hibernating process: %w", err)
	}
	p.env.pids.setAsleep(p, false)
	p.rt.wakes.Add(1)
	return nil
}

// restore turns an instance like a new one into the one that a snapshot was taken of. That its
// memory grows has been counted.
func (p *Process) restore(saved *savedGuest) error {
	state := p.globals()
	if !saved.globalsFit(state) {
		return fmt.Errorf("%w: a global has an impossible value", ErrSnapshot)
	}
	if p.memory != nil && saved.memory > p.memory.size {
		p.memory.apart = true
		_, ok := p.mem.Grow(uint32((saved.memory - p.memory.size) / minSlot))
		p.memory.apart = false
		if !ok {
			return &MemoryError{Size: saved.memory}
		}
	}
	saved.eachRun(func(at int, bytes string) { copy(p.memory.slot[at:], bytes) })
	for _, x := range saved.globals {
		state[x.index].Set(x.bits)
	}
	p.guest.frames = append(p.guest.frames[:0], saved.frames...)
	p.guest.paused = true
	return nil
}

// forgetSnapshot is the end of a process that hibernates.
func (p *Process) forgetSnapshot() {
	var room [rtlib.MaxState]savedGlobal
	saved, err := p.snapshot.parse(p.mod, p.mod.blueprint.Load(), room[:])
	if err == nil {
		p.rt.slots.used.Add(-saved.memory)
	}
	p.snapshot = ""
	p.rt.hibernating.Add(-1)
}

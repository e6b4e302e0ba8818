package runner

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero/api"
)

// Each worker has instances that rest, and uses them first: two workers that spawn do not wait
// for each other. One that has none takes what another one has.
//
// Making a memory what it was at first begins with a question to the kernel, whatever has been
// touched, so an instance is laid down tired, and several are seen to at once: see faults. Nobody
// gets a tired one.

const (
	// maxRested is how many instances all workers together keep for reuse, and minRested how
	// many each one may, however many workers there are.
	maxRested = 256
	minRested = 32
	// maxTired is how many tired instances a worker has.
	maxTired = 8
	// maxTiredMemory is the size up to which the memory of one may stay as it is.
	maxTiredMemory = 2 << 20
	// tiredEvery is after how many uses of the instances of a module there is one more of them to
	// be tired: making one takes longer than seeing to one.
	tiredEvery = 64
)

// A rested instance waits for its next process.
type rested struct {
	inst   api.Module
	mem    api.Memory
	memory *linearMemory
	guest  *Guest
	state  []api.MutableGlobal
	stdio  *stdio
	key    poolKey // where it was last
}

// close gives up the instance.
func (r *rested) close() {
	r.inst.Close(context.Background())
	r.memory.release()
}

// A poolKey names instances that can stand for each other. It does not keep the module
// alive.
type poolKey struct {
	blueprint *blueprint
	config    string // ProcessConfig.like
}

// pools are the rested instances of a worker. They may be used from any goroutine.
type pools struct {
	mu     sync.Mutex
	n      atomic.Int64 // instances, tired ones included; read without the lock
	max    int64
	clock  uint64
	closed bool
	all    map[poolKey]*pool
	last   *pool // that was asked for
	tired  []*rested
	_      [64]byte // the next worker's are not on the same line
}

type pool struct {
	key   poolKey
	free  []*rested // the one used last is used first
	used  uint64    // by pools.clock
	taken int       // how often
}

// poolsOf are those of a worker. nil stands for outside.
func (e *executor) poolsOf(w *worker) *pools {
	if w == nil {
		w = e.workers[0]
	}
	return &w.pools
}

// rested returns a rested instance for a process on w, nil if there is none.
func (e *executor) rested(key poolKey, w *worker) *rested {
	own := e.poolsOf(w)
	if r := own.take(key); r != nil {
		return r
	}
	for _, w := range e.workers {
		if ps := &w.pools; ps != own && ps.n.Load() > 0 {
			if r := ps.take(key); r != nil {
				return r
			}
		}
	}
	return nil
}

// forget gives up the instances of a module.
func (e *executor) forget(b *blueprint) {
	for _, w := range e.workers {
		w.pools.removeAll(func(key poolKey) bool { return key.blueprint == b })
	}
}

// closePools gives up all rested instances, and those that come.
func (e *executor) closePools() {
	if e == nil {
		return
	}
	for _, w := range e.workers {
		w.pools.mu.Lock()
		w.pools.closed = true
		w.pools.mu.Unlock()
		w.pools.removeAll(func(poolKey) bool { return true })
	}
}

// Rested is the number of instances that wait for their next process.
func (rt *Runtime) Rested() (n int) {
	for _, w := range rt.exec.workers {
		n += int(w.pools.n.Load())
	}
	return n
}

// pool returns the pool of a key, nil if there is none. mu must be held, as for what follows.
func (ps *pools) pool(key poolKey) *pool {
	if ps.last == nil || ps.last.key != key {
		p := ps.all[key]
		if p == nil {
			return nil
		}
		ps.last = p
	}
	ps.clock++
	ps.last.used = ps.clock
	return ps.last
}

// take returns a rested instance, nil if there is none, or another one shall be made.
func (ps *pools) take(key poolKey) *rested {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.pool(key)
	if p == nil {
		return nil
	}
	p.taken++
	if len(p.free) == 0 && len(ps.tired) >= min(maxTired, 1+p.taken/tiredEvery) {
		ps.refresh()
	}
	n := len(p.free)
	if n == 0 {
		return nil
	}
	r := p.free[n-1]
	p.free[n-1] = nil
	p.free = p.free[:n-1]
	ps.n.Add(-1)
	return r
}

// put keeps an instance under its key. It reports false if there are enough.
func (ps *pools) put(r *rested, tired bool) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.closed {
		return false
	}
	p := ps.pool(r.key)
	if p == nil {
		p = &pool{key: r.key, used: ps.clock}
		if ps.all == nil {
			ps.all = make(map[poolKey]*pool)
		}
		ps.all[r.key] = p
	}
	for ps.n.Load() >= ps.max || int64(len(ps.all)) > ps.max {
		if !ps.evict(p) {
			return false
		}
	}
	ps.n.Add(1)
	if !tired {
		p.free = append(p.free, r)
		return true
	}
	ps.tired = append(ps.tired, r)
	if len(ps.tired) >= maxTired {
		ps.refresh()
	}
	return true
}

// refresh makes the tired instances like new ones.
func (ps *pools) refresh() {
	now := faults()
	for _, r := range ps.tired {
		if !r.memory.restore(r.key.blueprint, r.mem, now) {
			ps.n.Add(-1)
			r.close()
			continue
		}
		p := ps.all[r.key]
		p.free = append(p.free, r)
	}
	clear(ps.tired)
	ps.tired = ps.tired[:0]
}

// evict makes room by emptying the pool that was used longest ago. It reports false if
// that is p.
func (ps *pools) evict(p *pool) bool {
	victim := p
	for _, q := range ps.all {
		if q.used < victim.used {
			victim = q
		}
	}
	if victim == p {
		return false
	}
	ps.remove(victim)
	return true
}

// remove gives up a pool.
func (ps *pools) remove(p *pool) {
	for _, r := range p.free {
		r.close()
	}
	ps.n.Add(-int64(len(p.free)))
	tired := ps.tired
	ps.tired = tired[:0]
	for _, r := range tired {
		if r.key == p.key {
			ps.n.Add(-1)
			r.close()
		} else {
			ps.tired = append(ps.tired, r)
		}
	}
	clear(tired[len(ps.tired):])
	delete(ps.all, p.key)
	ps.last = nil
}

// removeAll gives up the pools that are meant.
func (ps *pools) removeAll(meant func(poolKey) bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for key, p := range ps.all {
		if meant(key) {
			ps.remove(p)
		}
	}
}

package runner

import (
	"maps"
	"math/bits"
	"sync"
	"sync/atomic"
)

// A pidTable finds the processes of an environment by their ids. Ids count up, so that a
// chunk of consecutive ones is an array; looking up takes no lock, for it is done for
// every message. The first chunk is short at first: many environments have one process.
type pidTable struct {
	chunks atomic.Pointer[map[uint64]*pidChunk] // by id / chunkPIDs; replaced, never changed
	mu     sync.Mutex                           // of changes
	newest uint64                               // number of the chunk that is being filled
	// recent has, for each remainder, a chunk of those in the map: most messages stay near
	// their sender, and a map takes longer.
	recent [recentChunks]atomic.Pointer[pidChunk]
}

const recentChunks = 64

const (
	chunkPIDs = 1024
	firstPIDs = 16
)

type pidChunk struct {
	number    uint64
	processes []atomic.Pointer[Process] // chunkPIDs of them, or firstPIDs
	// marks change often, so they are not where every lookup passes. A chunk that has grown shares
	// them.
	marks *pidMarks
}

type pidMarks struct {
	used   int                           // processes; guarded by pidTable.mu
	asleep [chunkPIDs / 64]atomic.Uint64 // bits for those that the hibernator need not look at
}

func (t *pidTable) lookup(id uint64) *Process {
	if c := t.chunk(id / chunkPIDs); c != nil {
		if i := id % chunkPIDs; i < uint64(len(c.processes)) {
			return c.processes[i].Load()
		}
	}
	return nil
}

func (t *pidTable) add(p *Process) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := p.id / chunkPIDs
	c := t.chunk(n)
	switch {
	case c == nil:
		size := chunkPIDs
		if p.id < firstPIDs {
			size = firstPIDs
		}
		c = &pidChunk{number: n, processes: make([]atomic.Pointer[Process], size), marks: new(pidMarks)}
		t.change(func(chunks map[uint64]*pidChunk) {
			chunks[n] = c
			if old := chunks[t.newest]; n > t.newest && old != nil && old.marks.used == 0 {
				t.drop(chunks, old)
			}
		})
		t.recent[n%recentChunks].Store(c)
		t.newest = max(t.newest, n)
	case p.id%chunkPIDs >= uint64(len(c.processes)):
		c = c.grown()
		t.change(func(chunks map[uint64]*pidChunk) { chunks[n] = c })
		t.recent[n%recentChunks].Store(c)
	}
	c.marks.used++
	c.processes[p.id%chunkPIDs].Store(p)
}

func (t *pidTable) remove(p *Process) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := p.id / chunkPIDs
	c := t.chunk(n)
	c.processes[p.id%chunkPIDs].Store(nil)
	if word, bit := c.asleep(p); word.Load()&bit != 0 {
		word.And(^bit)
	}
	if c.marks.used--; c.marks.used == 0 && n < t.newest { // the newest is about to be used again
		t.change(func(chunks map[uint64]*pidChunk) { t.drop(chunks, c) })
	}
}

// grown returns a chunk of full size with the same processes. Who looks into the old one sees
// what was true when it began to look.
func (c *pidChunk) grown() *pidChunk {
	g := &pidChunk{number: c.number, processes: make([]atomic.Pointer[Process], chunkPIDs), marks: c.marks}
	for i := range c.processes {
		g.processes[i].Store(c.processes[i].Load())
	}
	return g
}

// drop removes an empty chunk.
func (t *pidTable) drop(chunks map[uint64]*pidChunk, c *pidChunk) {
	delete(chunks, c.number)
	t.recent[c.number%recentChunks].CompareAndSwap(c, nil)
}

// chunk returns the chunk number n, nil if there is none.
func (t *pidTable) chunk(n uint64) *pidChunk {
	if c := t.recent[n%recentChunks].Load(); c != nil && c.number == n {
		return c
	}
	if chunks := t.chunks.Load(); chunks != nil {
		return (*chunks)[n]
	}
	return nil
}

// asleep returns the word and the bit for a process of the chunk.
func (c *pidChunk) asleep(p *Process) (word *atomic.Uint64, bit uint64) {
	return &c.marks.asleep[p.id%chunkPIDs/64], 1 << (p.id % 64)
}

// setAsleep says whether the hibernator need not look at a process of the table.
func (t *pidTable) setAsleep(p *Process, asleep bool) {
	word, bit := t.chunk(p.id / chunkPIDs).asleep(p)
	if asleep {
		word.Or(bit)
	} else {
		word.And(^bit)
	}
}

// eachAwake calls f for every process but those asleep, in no order, until it returns false.
// Those that come or go meanwhile may be missing.
func (t *pidTable) eachAwake(f func(*Process) bool) {
	chunks := t.chunks.Load()
	if chunks == nil {
		return
	}
	for _, c := range *chunks {
		for i := range c.marks.asleep {
			for set := ^c.marks.asleep[i].Load(); set != 0; set &= set - 1 {
				at := i*64 + bits.TrailingZeros64(set)
				if at >= len(c.processes) {
					break // it may have grown
				}
				if p := c.processes[at].Load(); p != nil && !f(p) {
					return
				}
			}
		}
	}
}

// change replaces the map by a changed copy.
func (t *pidTable) change(f func(map[uint64]*pidChunk)) {
	chunks := make(map[uint64]*pidChunk)
	if old := t.chunks.Load(); old != nil {
		chunks = maps.Clone(*old)
	}
	f(chunks)
	t.chunks.Store(&chunks)
}

// all calls f for every process, in no order. Those that come or go meanwhile may be
// missing.
func (t *pidTable) all(f func(*Process)) {
	chunks := t.chunks.Load()
	if chunks == nil {
		return
	}
	for _, c := range *chunks {
		for i := range c.processes {
			if p := c.processes[i].Load(); p != nil {
				f(p)
			}
		}
	}
}

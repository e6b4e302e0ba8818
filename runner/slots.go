package runner

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// Linear memories live in slots: pieces of a few large mappings, cut by size. A mapping
// for each memory would end at the kernel's limit of 65,530 mappings, and would cost a
// page of page tables each; slots of 64 KiB share one among 32.
//
// A slot that is free reads as zeros. What a process has written is cleared when the
// slot is given back, and the pages stay where they are, up to maxWarm: a page that the
// kernel has to supply costs more than clearing sixty that are there.

// A slotSet is the memory that a runtime's linear memories are made of. It may be used
// from any goroutine.
type slotSet struct {
	limit uint64 // bytes in linear memories; 0 means without

	used     atomic.Uint64 // bytes in linear memories
	memories atomic.Int64
	warm     atomic.Int64 // bytes of pages in free slots

	classes [numClasses]slotClass
	arena   [2]arena // for small slots and for large ones
}

// A slotClass holds the slots of one size.
type slotClass struct {
	mu   sync.Mutex
	free []freeSlot // the one used last is used first
	idle int        // how many of free, from the first on, were not used since the last cool
	rest []byte     // of the chunk that slots are cut from
}

type freeSlot struct {
	mem  []byte
	warm int // bytes of pages that it holds, about
}

const (
	// minSlot is the size of the smallest slots.
	minSlot = 64 << 10
	// maxSlot is the size of the largest: all that 32 bits can address.
	maxSlot = 4 << 30
	// classSteps is the number of sizes from each power of two to the next.
	classSteps = 4
	numClasses = classSteps * 15
	// chunk is cut from an arena when slots of a size run out.
	chunk = 2 << 20
	// largeSlot and above may be backed by huge pages, if the system does that.
	largeSlot = 16 << 20
	// maxWarm bounds the bytes of pages that all free slots hold.
	maxWarm = 128 << 20
	// maxScan is the size up to which used pages are found by looking at all of them, where
	// the kernel cannot be asked.
	maxScan = 128 << 10
)

// classOf is the number of the smallest class whose slots hold size bytes, at most
// maxSlot. Sizes are 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 ... times minSlot.
func classOf(size uint64) int {
	units := (max(size, 1) + minSlot - 1) / minSlot
	if units <= 2*classSteps {
		return int(units) - 1
	}
	shift := bits.Len64(units-1) - 3
	return classSteps*shift + int((units-1)>>shift)
}

// classSize is the size of the slots of a class.
func classSize(class int) uint64 {
	shift := max(0, class/classSteps-1)
	return uint64(class-classSteps*shift+1) << shift * minSlot
}

// get returns a slot for size bytes: all zeros, its capacity is the slot's. It is nil if
// there is no address space left.
func (s *slotSet) get(size uint64) []byte {
	if size > maxSlot {
		return nil
	}
	class := classOf(size)
	c := &s.classes[class]
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.free); n > 0 {
		f := c.free[n-1]
		c.free[n-1] = freeSlot{}
		c.free = c.free[:n-1]
		c.idle = min(c.idle, n-1)
		s.warm.Add(-int64(f.warm))
		return f.mem
	}
	n := classSize(class)
	if uint64(len(c.rest)) < n {
		a := &s.arena[0]
		if n >= largeSlot {
			a = &s.arena[1]
		}
		if c.rest = a.cut(max(n, chunk/n*n)); c.rest == nil {
			return alone(n)
		}
	}
	slot := c.rest[:n:n]
	c.rest = c.rest[n:]
	return slot
}

// put takes a slot back, of which the first dirty bytes may not be zero.
func (s *slotSet) put(slot []byte, dirty uint64) {
	slot = slot[:cap(slot)]
	if !mapped {
		return // the collector's
	}
	f := freeSlot{mem: slot}
	if s.warm.Load() < maxWarm {
		f.warm = wipe(slot[:dirty])
	}
	if f.warm < 0 || dirty > 0 && s.warm.Load() >= maxWarm {
		discard(slot[:dirty])
		f.warm = 0
	}
	s.warm.Add(int64(f.warm))
	c := &s.classes[classOf(uint64(len(slot)))]
	c.mu.Lock()
	c.free = append(c.free, f)
	c.mu.Unlock()
}

// cool gives the pages of free slots back to the system that nobody has used since it was called
// before.
func (s *slotSet) cool() {
	if s.warm.Load() == 0 {
		return
	}
	for i := range s.classes {
		c := &s.classes[i]
		for at := 0; s.coolOne(c, at); at++ {
		}
		c.mu.Lock()
		c.idle = len(c.free)
		c.mu.Unlock()
	}
}

// coolOne does it for one free slot, if there are as many: who wants a slot does not wait for all.
func (s *slotSet) coolOne(c *slotClass, at int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at >= c.idle {
		return false
	}
	if f := &c.free[at]; f.warm > 0 {
		discard(f.mem)
		s.warm.Add(-int64(f.warm))
		f.warm = 0
	}
	return true
}

// maxWipe is how much of one slot is cleared by hand.
const maxWipe = 1 << 20

// wipe fills used pages with zeros and returns how many bytes of pages are there. It is
// -1 if that is not worth it.
func wipe(mem []byte) int {
	warm := 0
	if !eachUsed(mem, func(lo, hi int) bool {
		for ; lo < hi; lo += pageSize {
			warm += pageSize
			if page := mem[lo:min(lo+pageSize, len(mem))]; !isZero(page) {
				clear(page)
			}
		}
		return warm <= maxWipe
	}) || warm > maxWipe {
		return -1
	}
	return warm
}

// eachUsed calls visit with the ranges of mem, in whole pages and in order, outside of
// which it is known to be zero, until visit returns false. It reports false if they cannot
// be found out at a reasonable price.
func eachUsed(mem []byte, visit func(lo, hi int) bool) bool {
	if len(mem) <= minSlot { // looking is cheaper than asking
		visit(0, len(mem))
		return true
	}
	if resident(mem, visit) {
		return true
	}
	if len(mem) > maxScan {
		return false
	}
	visit(0, len(mem))
	return true
}

// copyUsed copies what is not zero from one slot to a fresh one.
func copyUsed(to, from []byte) {
	done := eachUsed(from, func(lo, hi int) bool {
		for ; lo < hi; lo += pageSize {
			if page := from[lo:min(lo+pageSize, len(from))]; !isZero(page) {
				copy(to[lo:], page)
			}
		}
		return true
	})
	if !done {
		copy(to, from)
	}
}

// zeros is a page to compare with, of the largest size there is.
var zeros [64 << 10]byte

func isZero(page []byte) bool { return string(page) == string(zeros[:len(page)]) }

// An arena is address space to cut chunks from.
type arena struct {
	mu    sync.Mutex
	small bool // no huge pages
	rest  []byte
	maps  [][]byte
}

// cut returns n bytes that nobody has used, nil if there are none.
func (a *arena) cut(n uint64) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if uint64(len(a.rest)) < n {
		m := reserve(n, a.small)
		if m == nil {
			return nil
		}
		a.maps = append(a.maps, m)
		a.rest = m
	}
	b := a.rest[:n:n]
	a.rest = a.rest[n:]
	return b
}

func (s *slotSet) init(limit uint64) {
	s.limit = limit
	s.arena[0].small = true
}

// close gives the address space back. No linear memory may be in use.
func (s *slotSet) close() {
	for i := range s.arena {
		a := &s.arena[i]
		for _, m := range a.maps {
			unreserve(m)
		}
		a.maps, a.rest = nil, nil
	}
	for i := range s.classes {
		s.classes[i].free, s.classes[i].rest = nil, nil
	}
}

// take counts n bytes more of linear memory. It reports false, and has counted nothing,
// if the runtime's limit is reached.
func (s *slotSet) take(n uint64) bool {
	if used := s.used.Add(n); s.limit > 0 && used > s.limit {
		s.used.Add(-n)
		return false
	}
	return true
}

// MemoryStats says how much linear memory a runtime's processes have.
type MemoryStats struct {
	Memories  int    // that are in use
	Bytes     uint64 // their sizes as the guests see them, touched or not
	FreeSlots int    // slots that are to be used again
	Warm      uint64 // bytes of pages that these hold
}

// MemoryStats counts the linear memories of the runtime's processes.
func (rt *Runtime) MemoryStats() MemoryStats { return rt.slots.stats() }

func (s *slotSet) stats() MemoryStats {
	st := MemoryStats{
		Memories: int(s.memories.Load()),
		Bytes:    s.used.Load(),
		Warm:     uint64(max(0, s.warm.Load())),
	}
	for i := range s.classes {
		c := &s.classes[i]
		c.mu.Lock()
		st.FreeSlots += len(c.free)
		c.mu.Unlock()
	}
	return st
}

package runner

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero/experimental"
)

// memoryType is the type of a module's own linear memory.
type memoryType struct {
	min, max uint64 // bytes
	shared   bool
	any      bool // false: the module has none
}

// parseMemory reads a valid module's memory section.
func parseMemory(module []byte) (t memoryType) {
	if len(module) < 8 {
		return t
	}
	for r := (wasmReader{module[8:]}); len(r.b) > 0; {
		id := r.b[0]
		r.b = r.b[1:]
		s := wasmReader{r.bytes()}
		if id != 5 || s.u32() == 0 || len(s.b) == 0 {
			continue
		}
		const hasMax, shared = 1, 2
		flags := s.b[0]
		s.b = s.b[1:]
		t = memoryType{any: true, shared: flags&shared != 0, max: maxSlot}
		t.min = uint64(s.u32()) * minSlot
		if flags&hasMax != 0 {
			t.max = uint64(s.u32()) * minSlot
		}
		return t
	}
	return t
}

// A linearMemory is the memory of one instance. It grows up to a limit, within its slot
// or by moving to a larger one.
type linearMemory struct {
	slots *slotSet
	slot  []byte // all of it
	size  uint64
	dirty uint64 // no byte of the slot from here on has ever been the guest's
	limit uint64
	fixed bool // must not move
	// apart: size is not in slots.used, or is there for another reason: the instance rests, or
	// its process hibernates.
	apart bool
	reset uint64 // what Reallocate answers whatever it is asked, once; 0: nothing
	held  *held  // nil where nothing is known
}

// view is api.Memory's Read, without the way through wazero.
func (m *linearMemory) view(at, n uint32) ([]byte, bool) {
	end := uint64(at) + uint64(n)
	if end > m.size {
		return nil, false
	}
	return m.slot[at:end:end], true
}

// A MemoryError reports that a process's memory would exceed a limit.
type MemoryError struct {
	Size, Limit uint64 // bytes
	What        string // that has the limit
}

func (e *MemoryError) Error() string {
	if e.Limit == 0 {
		return fmt.Sprintf("memory: no address space for %d bytes", e.Size)
	}
	return fmt.Sprintf("memory: %d bytes are more than the %s may have (%d)", e.Size, e.What, e.Limit)
}

// newMemory makes a memory for an instance that may grow to limit bytes.
func (s *slotSet) newMemory(t memoryType, limit uint64) (*linearMemory, error) {
	if err := s.admit(t.min, limit); err != nil {
		return nil, err
	}
	return s.admitted(t, limit)
}

// admitted is newMemory for a memory that has been counted. After an error it is not any more.
func (s *slotSet) admitted(t memoryType, limit uint64) (*linearMemory, error) {
	m := &linearMemory{slots: s, size: t.min, dirty: t.min, limit: min(limit, t.max), fixed: t.shared}
	room := t.min
	switch {
	case m.fixed:
		room = m.limit / minSlot * minSlot
	case room >= roomy:
		room = max(room, min(m.limit, roomFactor*room))
	}
	if m.slot = s.get(room); m.slot == nil {
		s.used.Add(-t.min)
		return nil, &MemoryError{Size: room}
	}
	s.memories.Add(1)
	return m, nil
}

// admit counts the first n bytes of a memory that may have up to limit.
func (s *slotSet) admit(n, limit uint64) error {
	if n > limit {
		return &MemoryError{n, limit, "process"}
	}
	if !s.take(n) {
		return &MemoryError{s.used.Load() + n, s.limit, "runtime"}
	}
	return nil
}

const (
	// roomy is the size from which a memory gets room to grow without moving.
	roomy = 16 << 20
	// roomFactor is the size of its slot in relation to its own.
	roomFactor = 8
	// growFactor is the same for a smaller memory that moves.
	growFactor = 2
)

// Reallocate implements experimental.LinearMemory.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if m.reset > 0 {
		size, m.reset = m.reset-1, 0
		if !m.apart {
			m.slots.used.Add(size - m.size)
		}
		m.size = size
		return m.slot[:size:size]
	}
	if size > m.size && !m.grow(size) {
		return nil
	}
	return m.slot[:m.size:m.size]
}

// grow makes the memory larger. If it reports false nothing has changed.
func (m *linearMemory) grow(size uint64) bool {
	more := size - m.size
	if m.apart {
		more = 0
	}
	if size > m.limit || !m.slots.take(more) {
		return false
	}
	if size > uint64(len(m.slot)) && !m.move(size) {
		m.slots.used.Add(-more)
		return false
	}
	m.size = size
	m.dirty = max(m.dirty, size)
	m.held = nil // there may be pages behind, of whom the slot was before
	return true
}

// move takes a larger slot.
func (m *linearMemory) move(size uint64) bool {
	if m.fixed {
		return false
	}
	factor := uint64(growFactor)
	if size >= roomy {
		factor = roomFactor
	}
	slot := m.slots.get(max(size, min(m.limit, factor*size)))
	if slot == nil {
		if slot = m.slots.get(size); slot == nil {
			return false
		}
	}
	copyUsed(slot, m.slot[:m.size])
	m.slots.put(m.slot, m.dirty)
	m.slot = slot[:cap(slot)]
	m.dirty = m.size
	return true
}

// Free implements experimental.LinearMemory. wazero calls it when the instance is closed,
// which may be before the last host function has returned: release is what gives the slot
// back.
func (m *linearMemory) Free() {}

// release gives the slot back. Nobody may use the memory any more. m may be nil.
func (m *linearMemory) release() {
	if m == nil || m.slot == nil {
		return
	}
	m.part(true)
	m.slots.put(m.slot, m.dirty)
	m.slot, m.size = nil, 0
}

// part takes the memory from those in use. uncount says that its bytes are not counted any
// more. m may be nil, or apart already.
func (m *linearMemory) part(uncount bool) {
	if m == nil || m.apart {
		return
	}
	m.apart = true
	m.slots.memories.Add(-1)
	if uncount {
		m.slots.used.Add(-m.size)
	}
}

// memoryHook marks the contexts in which a process is instantiated: processContext.Value
// answers with the process's own memory instead.
var memoryHook = experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(nil))

// Allocate implements experimental.MemoryAllocator: the memory was made for the one
// instance that asks.
func (m *linearMemory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

package runner

// What a process has touched of its memory has to be cleared before the next one gets it, and
// only that: the kernel is asked for the pages that are there. It takes 1 us to say so, a third
// of what a process takes that does nothing. But a page that is touched for the first time is a
// page fault, and the kernel counts the faults of all threads. As long as the count stays the
// same, what it has said is true; and the count can be asked for once for many memories.
//
// That holds where pages come in no other way: slots of a size for which huge pages are not
// wanted (khugepaged brings pages that nobody has touched); and nothing else maps or moves
// memory there.

// held is what is known of a memory's pages.
type held struct {
	faults int64  // of this process, when or before it was so
	ranges []span // ascending; the pages outside of them have not been touched
}

// A span is a range of bytes of a memory, in whole pages.
type span struct{ lo, hi int }

// canWait reports whether it is better to restore the memory later, with others, than at once.
func (m *linearMemory) canWait(b *blueprint) bool {
	return m != nil && m.size == b.memory && m.size <= maxTiredMemory && countsFaults()
}

// eachHeld is eachUsed for a memory of which what is there is remembered. faults is what that
// said just before.
func (m *linearMemory) eachHeld(faults int64, visit func(lo, hi int) bool) bool {
	used := m.slot[:m.size]
	known := m.held
	m.held = nil
	if faults < 0 || len(m.slot) >= largeSlot {
		return eachUsed(used, visit)
	}
	if known != nil && known.faults == faults {
		for _, s := range known.ranges {
			if !visit(s.lo, s.hi) {
				return true
			}
		}
		m.held = known
		return true
	}
	if known == nil {
		known = &held{}
	}
	known.faults, known.ranges = faults, known.ranges[:0]
	all := true
	ok := resident(used, func(lo, hi int) bool {
		known.ranges = append(known.ranges, span{lo, hi})
		all = visit(lo, hi)
		return all
	})
	if ok && all {
		m.held = known
	}
	return ok
}

package runner

import "slices"

// mailbox holds the messages that a process has been handed and has not received, in
// the order of arrival. It belongs to the process alone.
type mailbox struct {
	first, last *Message
	count       int
	bytes       int    // what the messages take, about
	seq         uint64 // of the newest message ever put
	looked      uint64 // the same, when a receive found nothing the last time
	// byTag has the messages of each tag, so that selective receive is fast in a long
	// queue. It is nil until searching has cost more than it does.
	byTag    map[int64]tagQueue
	searched int // messages looked at in vain since the mailbox was empty
}

// tagQueue is a list by Message.same, in the order of arrival.
type tagQueue struct{ first, last *Message }

const (
	// messageOverhead is what a message takes beside its data, in bytes.
	messageOverhead = 128
	// searchesPerIndex is how many searches of the whole mailbox there are before the index
	// is made. It costs about as much as ten, and most mailboxes are not searched again.
	searchesPerIndex = 4
	// indexFrom is the least number of messages that an index is made for.
	indexFrom = 64
)

func (m *Message) size() int {
	return messageOverhead + cap(m.Data) + 16*len(m.Resources)
}

func (b *mailbox) put(m *Message) {
	b.seq++
	m.seq, m.prev, m.next, m.same = b.seq, b.last, nil, nil
	if b.last == nil {
		b.first = m
	} else {
		b.last.next = m
	}
	b.last = m
	b.count++
	b.bytes += m.size()
	if b.byTag != nil {
		b.index(m)
	}
}

// index adds a message, newer than all others, to byTag.
func (b *mailbox) index(m *Message) {
	if m.Tag == 0 {
		return // never searched for
	}
	q := b.byTag[m.Tag]
	if q.last == nil {
		q.first = m
	} else {
		q.last.same = m
	}
	q.last = m
	b.byTag[m.Tag] = q
}

// take removes and returns the oldest message that came after the given one (nil: of
// all) and carries one of the tags; any message if anyTag is set. Nil: none does.
func (b *mailbox) take(tags []int64, anyTag bool, after *Message) *Message {
	m := b.first
	switch {
	case after != nil:
		m = after.next
	case anyTag:
	case b.byTag != nil:
		m = b.oldest(tags)
	}
	steps := 0
	for ; m != nil; m = m.next {
		if anyTag || m.Tag != 0 && contains(tags, m.Tag) {
			break
		}
		steps++
	}
	if m != nil {
		b.remove(m)
	}
	if b.searched += steps; b.searched > searchesPerIndex*b.count && b.count >= indexFrom && b.byTag == nil {
		b.byTag = make(map[int64]tagQueue)
		for m := b.first; m != nil; m = m.next {
			m.same = nil
			b.index(m)
		}
	}
	return m
}

// sortedFrom is the number of tags above which a list of tags is sorted.
const sortedFrom = 8

// contains looks for a tag in a list, which is sorted if it is long.
func contains(tags []int64, tag int64) bool {
	if len(tags) <= sortedFrom {
		return slices.Contains(tags, tag)
	}
	_, ok := slices.BinarySearch(tags, tag)
	return ok
}

// oldest returns the oldest message with one of the tags, from the index.
func (b *mailbox) oldest(tags []int64) *Message {
	var oldest *Message
	for _, tag := range tags {
		if m := b.byTag[tag].first; m != nil && (oldest == nil || m.seq < oldest.seq) {
			oldest = m
		}
	}
	return oldest
}

func (b *mailbox) remove(m *Message) {
	if m.prev == nil {
		b.first = m.next
	} else {
		m.prev.next = m.next
	}
	if m.next == nil {
		b.last = m.prev
	} else {
		m.next.prev = m.prev
	}
	b.count--
	b.bytes -= m.size()
	if b.byTag != nil {
		b.unindex(m)
	}
	if b.count == 0 {
		b.byTag, b.searched = nil, 0
	}
	m.prev, m.next, m.same = nil, nil, nil
}

// unindex takes a message out of byTag. It is the first of its tag, unless only newer
// ones were looked at.
func (b *mailbox) unindex(m *Message) {
	if m.Tag == 0 {
		return
	}
	q := b.byTag[m.Tag]
	var before *Message
	for x := q.first; x != m; x = x.same {
		before = x
	}
	if before == nil {
		q.first = m.same
	} else {
		before.same = m.same
	}
	if q.last == m {
		q.last = before
	}
	if q.first == nil {
		delete(b.byTag, m.Tag)
	} else {
		b.byTag[m.Tag] = q
	}
}

// drop throws everything away.
func (b *mailbox) drop() {
	for m := b.first; m != nil; m = m.next {
		m.drop()
	}
	*b = mailbox{}
}

package runner

import (
	"encoding/binary"
	"slices"
)

// receive is the waiting for a message, see Process.Receive.
type receive struct {
	tags   []int64
	anyTag bool
	after  *Message // look only at what came later; nil: at everything
	into   Buffer
	read   bool // as read_data does, into a buffer without Info
}

// A Buffer says where in the guest's memory a received message is to be copied. The zero
// value is nowhere.
type Buffer struct {
	Ptr, Len uint32 // for data; what does not fit stays to be read from the scratch slot
	// Info is the address of three u64: the size of the data, the tag, and the id of the
	// process that died. It may be 0 only in the zero value.
	Info uint32
}

// infoSize is the number of bytes at Buffer.Info.
const infoSize = 24

// check traps if the buffer is not inside the guest's memory.
func (b *Buffer) check(p *Process) {
	p.Bytes("buffer", uint64(b.Ptr), uint64(b.Len))
	p.Bytes("info", uint64(b.Info), infoSize)
}

// fill copies the beginning of a message.
func (b *Buffer) fill(p *Process, m *Message) {
	n := copy(p.Bytes("buffer", uint64(b.Ptr), uint64(b.Len)), m.Data[min(m.Read, uint64(len(m.Data))):])
	m.Read += uint64(n)
	info := p.Bytes("info", uint64(b.Info), infoSize)
	binary.LittleEndian.PutUint64(info, uint64(len(m.Data)))
	binary.LittleEndian.PutUint64(info[8:], uint64(m.Tag))
	binary.LittleEndian.PutUint64(info[16:], m.PID)
}

// timedOut is the status of an operation whose time is up, in the whole ABI.
const timedOut = 9027

func (r *receive) Poll(p *Process, results []uint64) bool {
	m := p.mailbox.take(r.tags, r.anyTag, r.after)
	if m == nil {
		r.after = p.mailbox.last // it stays there as long as nothing else is received
		if !p.TimedOut() {
			return false
		}
		p.mailbox.looked = p.mailbox.seq
		results[0] = timedOut
		return true
	}
	r.take(p, m, results)
	return true
}

// wants reports whether a message that comes now ends the waiting.
func (r *receive) wants(m *Message) bool {
	return r.anyTag || m.Tag != 0 && contains(r.tags, m.Tag)
}

// take is the end of the waiting: p has received m.
func (r *receive) take(p *Process, m *Message, results []uint64) {
	p.SetScratch(m)
	results[0] = uint64(m.Kind)
	switch {
	case r.read && m.Kind == Data:
		results[0] |= r.into.read(p, m) << 32
	case r.read:
	case r.into != (Buffer{}):
		r.into.fill(p, m)
	}
}

// readable reports whether take cannot trap.
func (r *receive) readable(p *Process, m *Message) bool {
	if !r.read || m.Kind != Data {
		return true
	}
	return p.memory != nil && uint64(r.into.Ptr)+uint64(r.into.Len) <= p.memory.size && m.Read <= uint64(len(m.Data))
}

// read copies as much of a message as there is room for, and returns how much that is. It
// traps as read_data does.
func (b *Buffer) read(p *Process, m *Message) uint64 {
	caller := p.fn
	p.fn = &readData
	to := p.Bytes("data_ptr", uint64(b.Ptr), uint64(b.Len))
	if m.Read > uint64(len(m.Data)) {
		p.Fail("", "the read position %d is behind the message's end at %d", m.Read, len(m.Data))
	}
	p.fn = caller
	n := copy(to, m.Data[m.Read:])
	m.Read += uint64(n)
	return uint64(n)
}

// readData is what the traps of Buffer.read name.
var readData = hostFunc{namespace: "lunatic::message", name: "read_data"}

// Receive waits for a message that carries one of tags (for any if there are none)
// and puts it in the scratch slot. The result of the host call is the message's kind,
// or 9027 if millis have passed; all ones wait for ever. What is received is also copied
// to the buffer, unless that is the zero value.
func (p *Process) Receive(tags []int64, millis uint64, into Buffer, stack []uint64) {
	if into != (Buffer{}) {
		into.check(p)
	}
	p.receive(tags, millis, into, false, stack)
}

// ReceiveRead is Receive without a buffer. If a data message comes, its first n bytes are
// copied to the address at, and the number of bytes copied, times 2^32, is added to the
// result; it traps then if the address is not inside.
func (p *Process) ReceiveRead(tags []int64, millis uint64, at, n uint32, stack []uint64) {
	p.receive(tags, millis, Buffer{Ptr: at, Len: n}, true, stack)
}

func (p *Process) receive(tags []int64, millis uint64, into Buffer, read bool, stack []uint64) {
	p.CheckSignals()
	r := &p.recv
	r.tags, r.anyTag, r.after, r.into, r.read = append(r.tags[:0], tags...), len(tags) == 0, nil, into, read
	if len(tags) > sortedFrom {
		slices.Sort(r.tags)
	}
	p.SetTimeout(millis)
	p.Wait(&p.recv, stack)
}

// Unseen reports whether there is a message that came after the last receive which found
// nothing in its time.
func (p *Process) Unseen() bool {
	last := p.mailbox.last
	return last != nil && last.seq > p.mailbox.looked
}

// SendReceive sends m to the process called id and waits for a message with the tag
// that arrives later. Nothing can slip in between. The rest is as in Receive.
func (p *Process) SendReceive(id uint64, m *Message, tag int64, millis uint64, into Buffer, stack []uint64) {
	if into != (Buffer{}) {
		into.check(p)
	}
	after := p.mailbox.last
	p.Send(id, m)
	p.CheckSignals()
	p.recv = receive{tags: append(p.recv.tags[:0], tag), after: after, into: into}
	p.SetTimeout(millis)
	p.Wait(&p.recv, stack)
}

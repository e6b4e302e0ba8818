package runner

// MessageKind says what a message is about. The values are those of
// lunatic::message::receive.
type MessageKind uint8

const (
	Data        MessageKind = iota // bytes and resources from a process
	LinkDied                       // a linked process ended; Tag is the link's
	ProcessDied                    // a monitored process ended; PID says which, Tag is the monitor's
)

// A Message is what lies in a mailbox.
type Message struct {
	Kind   MessageKind
	Tag    int64 // 0 means none
	PID    uint64
	Reason ExitReason // of the process of LinkDied or ProcessDied
	// Exit says how the process of LinkDied or ProcessDied ended, if a HostProcess receives
	// the message; nil if the process was gone before it could be linked or monitored.
	Exit *Exit
	Data []byte
	Read uint64 // position of the next read in Data
	// Resources are attached in order; a taken one leaves nil.
	Resources []any

	// Within a mailbox: the place and the neighbours in the order of arrival, and the next
	// message with the same tag.
	seq              uint64
	prev, next, same *Message
}

// Attach adds a resource and returns its index. One that is an io.Closer is closed if
// nobody takes it.
func (m *Message) Attach(x any) uint64 {
	m.Resources = append(m.Resources, x)
	return uint64(len(m.Resources) - 1)
}

// Write appends bytes to a message. It traps if the message could not be delivered to a
// process with the same limits as this one.
func (p *Process) Write(m *Message, b []byte) {
	if most := p.cfg.maxMailbox(); len(m.Data)+len(b) > most-messageOverhead {
		p.Fail("", "message of more than %d bytes, the size of the mailbox", most-messageOverhead)
	}
	m.Data = append(m.Data, b...)
}

// Close closes the resources that are still attached.
func (m *Message) Close() error {
	m.drop()
	return nil
}

// drop closes what nobody will take.
func (m *Message) drop() {
	for i, r := range m.Resources {
		closeResource(r)
		m.Resources[i] = nil
	}
}

// SetScratch replaces the message in the scratch slot. What was attached to the old
// one is closed, and its memory is used again: nobody may hold on to it.
func (p *Process) SetScratch(m *Message) {
	if old := p.Scratch; old != nil {
		if len(old.Resources) > 0 {
			old.drop()
		}
		p.recycle(old)
	}
	p.Scratch = m
}

// NewScratch puts a new message into the scratch slot, as SetScratch and NewMessage do.
func (p *Process) NewScratch(tag int64, hint int) {
	m := p.Scratch
	if m == nil || len(m.Resources) > 0 || cap(m.Data) > keptData {
		p.SetScratch(p.NewMessage(tag, hint))
		return
	}
	m.reset()
	m.Tag = tag
}

// reset makes a message a new one with the memory of the old one. Field by field takes less
// time than all at once.
func (m *Message) reset() {
	m.Kind, m.Tag, m.PID, m.Reason, m.Exit = Data, 0, 0, ExitNormal, nil
	m.Data, m.Read, m.Resources = m.Data[:0], 0, nil
}

// Bounds of the memory that a worker keeps for messages.
const (
	keptMessages = 256
	keptData     = 4 << 10 // bytes of capacity
)

// NewMessage returns an empty data message with room for about hint bytes.
func (p *Process) NewMessage(tag int64, hint int) *Message {
	if w := p.worker; w != nil && len(w.messages) > 0 {
		n := len(w.messages) - 1
		m := w.messages[n]
		w.messages = w.messages[:n]
		m.Tag = tag
		return m
	}
	return &Message{Tag: tag, Data: make([]byte, 0, max(hint, 32))}
}

// recycle keeps a message that nobody has any more.
func (p *Process) recycle(m *Message) {
	if w := p.worker; w != nil && len(w.messages) < keptMessages && cap(m.Data) > 0 && cap(m.Data) <= keptData {
		m.reset()
		w.messages = append(w.messages, m)
	}
}

package runner

import (
	"errors"
	"fmt"
	"slices"
)

// signalKind is what a signal does to the process that receives it.
type signalKind uint8

const (
	sigMessage signalKind = iota
	sigKill
	sigLink        // peer, tag
	sigUnlink      // id
	sigLinkDied    // id, tag, on; peer unless it was gone before
	sigMonitor     // peer
	sigDemonitor   // id
	sigProcessDied // id; peer unless it was gone before
	sigDieOnLink   // on
)

// A signal is everything that one process does to another. A process's signals are
// one FIFO, handled before its guest code runs.
type signal struct {
	kind signalKind
	on   bool // sigDieOnLink; sigLinkDied: the end was not a normal one
	id   uint64
	tag  int64
	msg  *Message
	peer *Process
}

// link is one half of a link: whom to tell of the end, with which tag.
type link struct {
	peer *Process
	tag  int64
}

// send gives the process a signal. from is the worker of the sender, nil outside.
func (p *Process) send(s signal, from *worker) {
	if s.kind == sigMessage && p.state.CompareAndSwap(waiting, active) {
		p.hand(s, from)
		return
	}
	p.mu.Lock()
	if len(p.signals) >= p.cfg.maxMessages() || p.pending > p.cfg.maxMailbox() {
		p.overflow = true // it dies when it comes to its signals, and is as good as dead
	}
	gone := p.overflow || p.state.Load()&^news == exiting
	if !gone {
		p.signals = append(p.signals, s)
		if s.msg != nil {
			p.pending += s.msg.size()
		}
	}
	waited := p.alert()
	p.mu.Unlock()
	if waited {
		p.rt.exec.push(p, from)
	}
	if gone {
		p.answerDead(s)
	}
	if p.host != nil {
		p.host.signalled(s.kind) // also when it is full: only a kill ends one that never looks
	}
}

// hand is send of a message to a process that has waited: nothing is before it.
func (p *Process) hand(s signal, from *worker) {
	if p.parked {
		p.mu.Lock()
		p.signals, p.pending = append(p.signals, s), s.msg.size()
		p.alert()
		p.mu.Unlock()
	} else {
		p.handed = s.msg
	}
	p.rt.exec.push(p, from)
}

// alert makes the process look at its signals. It reports whether it has waited: it has to
// be put into a run queue then.
func (p *Process) alert() (waited bool) {
	for {
		old := p.state.Load()
		waited = old == waiting
		next := old | news
		if waited {
			next = active | news
		}
		if old == next || p.state.CompareAndSwap(old, next) {
			return waited
		}
	}
}

// answerDead answers for a process that is gone: nothing that asks for a notice of
// its end may stay without one.
func (p *Process) answerDead(s signal) {
	switch s.kind {
	case sigLink:
		s.peer.send(signal{kind: sigLinkDied, id: p.id, tag: s.tag, on: true}, nil)
	case sigMonitor:
		s.peer.send(signal{kind: sigProcessDied, id: p.id}, nil)
	case sigMessage:
		s.msg.drop()
	}
}

// wake makes a waiting process look again at what it waits for.
func (p *Process) wake() {
	p.mu.Lock()
	by := p.starter
	p.mu.Unlock()
	if by.wakes() {
		by.wake()
		return
	}
	if p.alert() {
		p.rt.exec.push(p, nil)
	}
}

// ErrMailboxFull reports that more messages, or larger ones, have been sent to a process
// than its configuration lets wait. The process ends with it.
var ErrMailboxFull = errors.New("mailbox is full")

// drain handles all signals. An error says that the process has to die, and why.
func (p *Process) drain() error {
	for p.state.Load()&news != 0 {
		if err := p.handleAll(); err != nil {
			return err
		}
	}
	return nil
}

// handleAll handles the signals that are there.
func (p *Process) handleAll() error {
	p.mu.Lock()
	p.state.And(^uint32(news))
	batch := p.signals
	if p.overflow {
		p.mu.Unlock()
		return fmt.Errorf("%w: %d signals were not handled yet", ErrMailboxFull, len(batch))
	}
	p.signals = p.spare[:0]
	p.pending = 0
	p.mu.Unlock()
	for i := range batch {
		if err := p.handle(&batch[i]); err != nil {
			p.putBack(batch[i+1:])
			return err
		}
	}
	clear(batch)
	if cap(batch) <= 1024 {
		p.spare = batch[:0]
	} else {
		p.spare = nil
	}
	return nil
}

// putBack returns signals that were not handled, so that the end answers them.
func (p *Process) putBack(rest []signal) {
	p.mu.Lock()
	p.signals = append(slices.Clone(rest), p.signals...)
	p.mu.Unlock()
}

func (p *Process) handle(s *signal) error {
	switch s.kind {
	case sigMessage:
		return p.deliver(s.msg)
	case sigKill:
		return errKilled
	case sigLink:
		if p.links == nil {
			p.links = make(map[uint64]link)
		}
		p.links[s.peer.id] = link{s.peer, s.tag}
	case sigUnlink:
		delete(p.links, s.id)
	case sigLinkDied:
		_, linked := p.links[s.id]
		delete(p.links, s.id)
		switch {
		case !s.on || !linked: // as in Erlang, there is no notice after an unlink
		case p.dieOnLink:
			return errKilled
		default:
			return p.deliver(p.obituary(&Message{Kind: LinkDied, Tag: s.tag}, s))
		}
	case sigMonitor:
		if p.monitors == nil {
			p.monitors = make(map[uint64]*Process)
		}
		p.monitors[s.peer.id] = s.peer
	case sigDemonitor:
		delete(p.monitors, s.id)
	case sigProcessDied:
		for _, tag := range p.unwatch(s.id) {
			if err := p.deliver(p.obituary(&Message{Kind: ProcessDied, Tag: tag, PID: s.id}, s)); err != nil {
				return err
			}
		}
	case sigDieOnLink:
		p.dieOnLink = s.on
	}
	return nil
}

// obituary adds to a message about an end its reason and, for a HostProcess, the rest.
func (p *Process) obituary(m *Message, s *signal) *Message {
	m.Reason = ExitNoProcess
	if s.peer != nil {
		m.Reason = s.peer.Exit().Reason
	}
	if p.host != nil {
		m.PID = s.id
		if s.peer != nil {
			e := s.peer.Exit()
			m.Exit = &e
		}
	}
	return m
}

// deliver puts a message into the mailbox.
func (p *Process) deliver(m *Message) error {
	fits := p.fits(m)
	p.mailbox.put(m)
	if !fits {
		return fmt.Errorf("%w: %d messages, %d bytes", ErrMailboxFull, p.mailbox.count, p.mailbox.bytes)
	}
	return nil
}

// fits reports whether there is room in the mailbox for a message.
func (p *Process) fits(m *Message) bool {
	return p.mailbox.count < p.cfg.maxMessages() && p.mailbox.bytes+m.size() <= p.cfg.maxMailbox()
}

// Link links this process with the one called id, with the same tag on both sides.
func (p *Process) Link(id uint64, tag int64) {
	peer := p.env.lookup(id)
	if peer == nil {
		nobody := &Process{id: id, cfg: p.cfg} // may be told of p's end
		nobody.state.Store(exiting)
		p.send(signal{kind: sigLink, peer: nobody, tag: tag}, nil)
		p.send(signal{kind: sigLinkDied, id: id, tag: tag, on: true}, nil)
		return
	}
	p.send(signal{kind: sigLink, peer: peer, tag: tag}, nil)
	peer.send(signal{kind: sigLink, peer: p, tag: tag}, p.worker)
	if p.state.Load()&^news == exiting {
		// A HostProcess can end meanwhile: its answer was there before the link.
		peer.send(signal{kind: sigLinkDied, id: p.id, tag: tag, on: p.Exit().Reason != ExitNormal, peer: p}, p.worker)
	}
}

// Unlink removes both halves of a link.
func (p *Process) Unlink(id uint64) {
	if peer := p.env.lookup(id); peer != nil {
		peer.send(signal{kind: sigUnlink, id: p.id}, p.worker)
	}
	p.send(signal{kind: sigUnlink, id: id}, nil)
}

// maxWatches is how many monitors of one process another one may have.
const maxWatches = 1024

// Monitor asks for a message, with a tag (0: none), when the process called id ends. A
// process that has ended already answers at once. Each tag is a monitor of its own; the
// same tag again is the same monitor. It reports whether there was room for one more.
func (p *Process) Monitor(id uint64, tag int64) bool {
	p.mu.Lock()
	tags := p.watched[id]
	known := slices.Contains(tags, tag)
	if !known && len(tags) == maxWatches {
		p.mu.Unlock()
		return false
	}
	if !known {
		if p.watched == nil {
			p.watched = make(map[uint64][]int64)
		}
		p.watched[id] = append(tags, tag)
	}
	p.mu.Unlock()
	if len(tags) > 0 {
		return true // it has been asked for, and its answer is for all of them
	}
	if peer := p.env.lookup(id); peer != nil {
		peer.send(signal{kind: sigMonitor, peer: p}, p.worker)
	} else {
		p.send(signal{kind: sigProcessDied, id: id}, nil)
	}
	return true
}

// unwatch forgets that the process called id is monitored, and returns the tags.
func (p *Process) unwatch(id uint64) (tags []int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	tags = p.watched[id]
	delete(p.watched, id)
	return tags
}

// StopMonitoring withdraws all calls of Monitor for the process called id. A message that is
// in the mailbox stays there; none comes into it from here on, as in Erlang.
func (p *Process) StopMonitoring(id uint64) {
	if len(p.unwatch(id)) == 0 {
		return
	}
	if peer := p.env.lookup(id); peer != nil {
		peer.send(signal{kind: sigDemonitor, id: p.id}, p.worker)
	}
}

// StopMonitoringTag withdraws the one with this tag, and leaves others.
func (p *Process) StopMonitoringTag(id uint64, tag int64) {
	p.mu.Lock()
	tags := p.watched[id]
	i := slices.Index(tags, tag)
	if i >= 0 && len(tags) > 1 {
		p.watched[id] = slices.Delete(tags, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 && len(tags) == 1 {
		p.StopMonitoring(id)
	}
}

// DieWhenLinkDies says whether the end of a linked process ends this one too (as at
// the start) or becomes a message. It is a signal: it takes effect in its turn.
func (p *Process) DieWhenLinkDies(on bool) {
	p.send(signal{kind: sigDieOnLink, on: on}, nil)
}

// Kill ends the process called id, which may be this one, if there is one.
func (p *Process) Kill(id uint64) {
	if peer := p.env.lookup(id); peer != nil {
		peer.send(signal{kind: sigKill}, p.worker)
	}
}

// Send delivers a message to the process called id. It is dropped if there is none.
func (p *Process) Send(id uint64, m *Message) {
	if peer := p.env.lookup(id); peer != nil {
		peer.send(signal{kind: sigMessage, msg: m}, p.worker)
		return
	}
	m.drop()
}

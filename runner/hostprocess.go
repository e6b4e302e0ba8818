package runner

import (
	"context"
	"slices"
	"sync"
)

// A HostProcess is a process of an environment whose code is Go: it has an id, a mailbox,
// links and monitors, so that guests and the program around them can talk to each other.
// It traps exits: the end of a linked process is a message, LinkDied, until
// DieWhenLinkDies says otherwise. Its methods may be called from any goroutine.
type HostProcess struct {
	turn chan struct{} // holds a token while Receive runs
	mu   sync.Mutex    // held by who handles its signals
	p    Process
	news chan struct{} // something may have arrived
	done chan struct{}
	once sync.Once
}

// NewHostProcess makes a process of the host's. It must be closed.
func (env *Environment) NewHostProcess() (*HostProcess, error) {
	h := &HostProcess{turn: make(chan struct{}, 1), news: make(chan struct{}, 1), done: make(chan struct{})}
	h.p.id, h.p.env, h.p.rt, h.p.cfg = env.next.Add(1), env, env.rt, &ProcessConfig{}
	h.p.host = h
	h.p.state.Store(hosted)
	if err := env.add(&h.p); err != nil {
		return nil, err
	}
	return h, nil
}

// ID returns the process's number in its environment.
func (h *HostProcess) ID() uint64 { return h.p.id }

// Send delivers a message to the process called id. It reports false, and drops the
// message, if there is none. The message belongs to the receiver from here on.
func (h *HostProcess) Send(id uint64, m *Message) bool { return h.p.env.Send(id, m) }

// Link links the two processes, with a tag for the messages of their ends (0: none).
func (h *HostProcess) Link(id uint64, tag int64) { h.p.Link(id, tag) }

// Unlink removes the link. No message of the other's end comes after it.
func (h *HostProcess) Unlink(id uint64) { h.p.Unlink(id) }

// Monitor asks for a message, ProcessDied, when the process called id ends, or at once if
// there is none.
func (h *HostProcess) Monitor(id uint64) { h.p.Monitor(id, 0) }

// StopMonitoring withdraws Monitor.
func (h *HostProcess) StopMonitoring(id uint64) { h.p.StopMonitoring(id) }

// DieWhenLinkDies says whether the end of a linked process that did not end normally ends
// this one too, the next time that Receive looks.
func (h *HostProcess) DieWhenLinkDies(on bool) { h.p.DieWhenLinkDies(on) }

// Done returns a channel that is closed when the process has ended: by Close, or because
// it was killed.
func (h *HostProcess) Done() <-chan struct{} { return h.done }

// Receive waits for a message that carries one of the tags, for any if there are none. It
// fails with the context's error, with ErrMailboxFull, or with ErrClosed if the process
// has ended. Of several calls at once, one waits for messages and the others for it.
func (h *HostProcess) Receive(ctx context.Context, tags ...int64) (*Message, error) {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	for {
		if m, err := h.take(tags); m != nil || err != nil {
			return m, err
		}
		select {
		case <-h.news:
		case <-h.done:
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// take is Receive without waiting.
func (h *HostProcess) take(tags []int64) (*Message, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.done:
		return nil, ErrClosed
	default:
	}
	if err := h.p.drain(); err != nil {
		h.end(Exit{Reason: ExitKilled})
		if err == errKilled {
			err = ErrClosed
		}
		return nil, err
	}
	if len(tags) > sortedFrom {
		tags = slices.Sorted(slices.Values(tags))
	}
	return h.p.mailbox.take(tags, len(tags) == 0, nil), nil
}

// signalled is called by who has sent a signal.
func (h *HostProcess) signalled(kind signalKind) {
	if kind == sigKill {
		go h.kill() // the sender may hold anything
		return
	}
	h.notify()
}

func (h *HostProcess) notify() {
	select {
	case h.news <- struct{}{}:
	default:
	}
}

func (h *HostProcess) kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end(Exit{Reason: ExitKilled})
}

// Close ends the process normally.
func (h *HostProcess) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end(Exit{})
}

func (h *HostProcess) end(e Exit) {
	h.once.Do(func() {
		// What was sent first has its effect first: a link that was removed, say.
		if err := h.p.drain(); err != nil {
			e = Exit{Reason: ExitKilled}
		}
		h.p.leave(e)
		close(h.done)
		h.p.env.forget()
	})
}

// Send delivers a message to the process called id, from nobody. It reports false, and
// drops the message, if there is none.
func (env *Environment) Send(id uint64, m *Message) bool {
	p := env.lookup(id)
	if p == nil {
		m.drop()
		return false
	}
	p.send(signal{kind: sigMessage, msg: m}, nil)
	return true
}

// Kill ends the process called id, if there is one.
func (env *Environment) Kill(id uint64) {
	if p := env.lookup(id); p != nil {
		p.send(signal{kind: sigKill}, nil)
	}
}

package runner

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Limits of the messages that wait for their time in an environment, whoever sent them.
const (
	// MaxTimers is their number, and MaxTimersSize what they take in bytes.
	MaxTimers     = 1 << 20
	MaxTimersSize = 256 << 20
)

// ErrTimersFull reports that MaxTimers messages wait for their time, or MaxTimersSize bytes.
var ErrTimersFull = errors.New("too many timers")

// timers are the messages that an environment sends later. They belong to nobody: who has
// started one may have ended long ago.
type timers struct {
	mu      sync.Mutex
	pending map[*Timer]bool
	size    int // bytes of the messages
	closed  bool
	firing  sync.WaitGroup // timers that are sending their message
}

// A Timer sends a message when its time has come.
type Timer struct {
	env   *Environment
	to    uint64
	msg   *Message // nil when it has been sent or dropped
	timer *time.Timer
	// fired, if not nil, is called when the timer is pending no more, not by Cancel.
	fired func()
}

// SendAfter sends m to the process called id when millis have passed, and returns the
// timer. A process that is not alive now gets nothing, and its timer is not pending. fired,
// if not nil, is called on some goroutine once the message has been taken for sending. What
// is still pending when the environment is closed is dropped.
func (env *Environment) SendAfter(id uint64, m *Message, millis uint64, fired func()) (*Timer, error) {
	ts := &env.timers
	t := &Timer{env: env, to: id, fired: fired}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	switch {
	case ts.closed || env.lookup(id) == nil:
		m.drop()
		return t, nil
	case len(ts.pending) >= MaxTimers || ts.size+m.size() > MaxTimersSize:
		return nil, fmt.Errorf("%w: %d messages, %d bytes wait", ErrTimersFull, len(ts.pending), ts.size)
	}
	if ts.pending == nil {
		ts.pending = make(map[*Timer]bool)
	}
	t.msg = m
	ts.pending[t] = true
	ts.size += m.size()
	if millis <= uint64(maxDelay/time.Millisecond) {
		t.timer = time.AfterFunc(time.Duration(millis)*time.Millisecond, t.fire)
	}
	return t, nil
}

// maxDelay is how far ahead a timer is set at most: a later one waits for its
// cancellation.
const maxDelay = 100 * 365 * 24 * time.Hour

// Pending reports whether the message waits for its time.
func (t *Timer) Pending() bool {
	t.env.timers.mu.Lock()
	defer t.env.timers.mu.Unlock()
	return t.msg != nil
}

// Cancel drops the message. It reports false if that is too late: it has been sent, or
// the target was not alive.
func (t *Timer) Cancel() bool {
	m := t.take(false)
	if m == nil {
		return false
	}
	if t.timer != nil {
		t.timer.Stop()
	}
	m.drop()
	return true
}

// take makes the timer pending no more and returns its message; nil if it was not
// pending. The caller calls timers.firing.Done if send is set and there is a message.
func (t *Timer) take(send bool) *Message {
	ts := &t.env.timers
	ts.mu.Lock()
	defer ts.mu.Unlock()
	m := t.msg
	if m == nil {
		return nil
	}
	t.msg = nil
	delete(ts.pending, t)
	ts.size -= m.size()
	if send {
		ts.firing.Add(1)
	}
	return m
}

// fire is called when the time has come.
func (t *Timer) fire() {
	m := t.take(true)
	if m == nil {
		return
	}
	defer t.env.timers.firing.Done()
	if t.fired != nil {
		t.fired()
	}
	t.env.Send(t.to, m)
}

// close drops what is pending, now and from now on, and waits for what is being sent.
func (ts *timers) close() {
	ts.mu.Lock()
	pending := ts.pending
	ts.pending, ts.size, ts.closed = nil, 0, true
	var dropped []*Message
	for t := range pending {
		dropped = append(dropped, t.msg)
		t.msg = nil
		if t.timer != nil {
			t.timer.Stop()
		}
	}
	ts.mu.Unlock()
	for _, m := range dropped {
		m.drop()
	}
	ts.firing.Wait()
}

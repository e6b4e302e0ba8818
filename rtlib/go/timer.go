package lunatic

import "time"

// A Timer is a message that waits to be sent.
type Timer struct{ id uint64 }

// SendAfter sends a message later, also if the sender has ended by then. It is not sent to a
// process that is not there now.
func (p Process[M]) SendAfter(d time.Duration, tag Tag, m M) Timer {
	e, err := encode(m)
	if err != nil {
		panic(err)
	}
	slot.Lock()
	defer slot.Unlock()
	e.write(tag)
	return Timer{sysSendAfter(uint64(p.ID), millis(d))}
}

// Cancel drops the message. It reports false if it was sent already.
func (t Timer) Cancel() bool { return sysCancelTimer(t.id) != 0 }

// millis rounds up: a timer is never early.
func millis(d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	return uint64((d + time.Millisecond - 1) / time.Millisecond)
}

package runner

import (
	"errors"
	"runtime"
	"sync"
	"testing"
)

// newWaiting makes a process that waits for any message, of a runtime without workers.
func newWaiting() *Process {
	p := &Process{rt: &Runtime{exec: &executor{}}, cfg: &ProcessConfig{MaxMessages: 1 << 20}, guest: &Guest{}}
	p.receiveAny()
	p.state.Store(waiting)
	return p
}

func (p *Process) receiveAny(tags ...int64) {
	p.recv = receive{tags: tags, anyTag: len(tags) == 0}
	p.wait = &p.recv
}

func message(tag int64) signal { return signal{kind: sigMessage, msg: &Message{Tag: tag}} }

// A message to a process that waits for it does not go through the mailbox; what comes next
// does, and so does a message that it does not wait for. The order stays.
func TestHandOver(t *testing.T) {
	p := newWaiting()
	for tag := range int64(3) {
		p.send(message(tag+1), nil)
	}
	if p.rt.exec.global.pop() != p || p.rt.exec.global.pop() != nil {
		t.Fatal("it is not in the run queue once")
	}
	if err := p.accept(); err != nil || p.Scratch == nil || p.Scratch.Tag != 1 || p.wait != nil {
		t.Fatalf("received %+v, waits for %v, %v", p.Scratch, p.wait, err)
	}
	if p.settle() {
		t.Error("it waits, with two messages to look at")
	}
	if err := p.drain(); err != nil || p.mailbox.count != 2 {
		t.Fatalf("%d messages, %v", p.mailbox.count, err)
	}
	p.receiveAny(9)
	if !p.settle() || p.queued() != 2 {
		t.Errorf("it does not wait, or not with 2 messages but %d", p.queued())
	}
	p.send(message(7), nil)
	if err := p.accept(); err != nil || p.wait == nil || p.mailbox.last.Tag != 7 || p.mailbox.count != 3 {
		t.Errorf("the message with another tag: %v, %+v", err, p.mailbox)
	}
}

// A message that does not fit ends a waiting process too.
func TestHandOverFull(t *testing.T) {
	p := newWaiting()
	p.cfg = &ProcessConfig{MaxMessages: 1}
	p.receiveAny(9)
	for i, want := range []error{nil, ErrMailboxFull} {
		p.send(message(7), nil)
		if err := p.accept(); !errors.Is(err, want) {
			t.Errorf("message %d: %v", i, err)
		}
		p.state.CompareAndSwap(active, waiting)
	}
}

// Messages from several senders arrive once and in the order of each, whatever the process
// does meanwhile, and whoever cools it.
func TestSendRaces(t *testing.T) {
	const senders, each = 4, 5_000
	p := newWaiting()
	var wg sync.WaitGroup
	for s := range int64(senders) {
		wg.Go(func() {
			for i := range int64(each) {
				p.send(message(s*each+i+1), nil)
			}
		})
	}
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				p.cool()
				p.wake()
				runtime.Gosched()
			}
		}
	})
	var next [senders]int64
	got := func(m *Message) {
		s, i := (m.Tag-1)/each, (m.Tag-1)%each
		if next[s] != i {
			t.Errorf("message %d of sender %d, want %d", i, s, next[s])
		}
		next[s] = i + 1
	}
	for next != [senders]int64{each, each, each, each} && !t.Failed() {
		if p.rt.exec.global.pop() == nil {
			runtime.Gosched()
			continue
		}
		if m := p.handed; m != nil {
			p.handed = nil
			got(m)
		}
		for again := true; again; again = !p.settle() {
			if err := p.drain(); err != nil {
				t.Fatal(err)
			}
			for m := p.mailbox.take(nil, true, nil); m != nil; m = p.mailbox.take(nil, true, nil) {
				got(m)
			}
		}
	}
	close(stop)
	wg.Wait()
}

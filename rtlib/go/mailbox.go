package lunatic

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"
	"unsafe"
)

// ErrShutdown is what a receiving function returns when the process is asked to end: see
// [ID.Shutdown]. A role that returns it ends normally.
var ErrShutdown = errors.New("lunatic: asked to shut down")

// A Mailbox is the process's mailbox, as one of messages of the type M. There is one mailbox; how
// many values stand for it does not matter. Any number of goroutines may receive: a
// message goes to one that asks for its tag or, if there is none, to one that takes all.
type Mailbox[M any] struct{}

// Inbox returns the process's mailbox.
func Inbox[M any]() Mailbox[M] { return Mailbox[M]{} }

// Self returns the process's own handle.
func (Mailbox[M]) Self() Process[M] { return Process[M]{Self()} }

// A Message is what was received.
type Message[M any] struct {
	Tag   Tag
	Value M
}

// Receive waits for a message and returns it. With tags it takes the oldest message that has one
// of them and leaves the others in their places; without, the oldest of all. Other goroutines
// run meanwhile. The error is
//
//   - an [*EndedError], if a linked or monitored process has ended;
//   - [ErrShutdown], if the process is asked to end, and there are no tags;
//   - that of the context, if it is done and there is no message;
//   - another one, if the message is no M.
func (b Mailbox[M]) Receive(ctx context.Context, tags ...Tag) (M, error) {
	m, err := b.Next(ctx, tags...)
	return m.Value, err
}

// Next is [Mailbox.Receive] for who wants to know the message's tag.
func (Mailbox[M]) Next(ctx context.Context, tags ...Tag) (m Message[M], err error) {
	w := waiter{tags: tags}
	w.take = func(x *incoming) {
		m.Tag = x.tag
		m.Value, err = decodeIncoming[M](x)
	}
	if waitErr := w.wait(ctx); waitErr != nil {
		return m, waitErr
	}
	return m, err
}

// Try takes a message that is there. It reports false if there is none.
func (b Mailbox[M]) Try(tags ...Tag) (m M, ok bool, err error) {
	m, err = b.Receive(canceled, tags...)
	if err == context.Canceled {
		return m, false, nil
	}
	return m, true, err
}

// canceled is the context of who does not wait.
var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// An incoming is a message that was received, as it is.
type incoming struct {
	kind   uint32
	tag    Tag
	id     ID
	reason Reason
	data   []byte
}

// Kinds of messages.
const (
	kindData = iota
	kindLinkDied
	kindProcessDied
	timedOut = 9027
)

// decodeIncoming returns the notices as errors.
func decodeIncoming[M any](x *incoming) (m M, err error) {
	switch {
	case x.kind != kindData:
		return m, &EndedError{x.id, x.tag, x.reason}
	case x.tag == tagShutdown:
		return m, ErrShutdown
	}
	return decode[M](x.data)
}

// A waiter is a goroutine that receives. It is woken through ready after take was called.
type waiter struct {
	tags  []Tag // none: everything
	take  func(*incoming)
	done  bool
	ready chan struct{}
}

// box hands messages to waiters. While there are some one goroutine pumps: it waits for the
// mailbox's descriptor, which Go's scheduler does in poll_oneoff when nothing else can run.
var box struct {
	sync.Mutex
	waiters []*waiter
	pumping bool
	conn    syscall.RawConn
	tags    []Tag // of all waiters
	buf     [4096]byte
}

// wait returns when a message was taken, or the context is done.
func (w *waiter) wait(ctx context.Context) error {
	box.Lock()
	box.waiters = append(box.waiters, w)
	serve()
	if w.done {
		box.Unlock()
		return nil
	}
	if err := ctx.Err(); err != nil {
		w.leave()
		box.Unlock()
		return err
	}
	if ctx.Done() == nil && !box.pumping {
		w.pump() // no other goroutine is needed
		box.Unlock()
		return nil
	}
	w.ready = make(chan struct{})
	if !box.pumping {
		pump()
	}
	box.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	box.Lock()
	defer box.Unlock()
	if w.done {
		return nil
	}
	w.leave()
	return ctx.Err()
}

func (w *waiter) leave() {
	if i := slices.Index(box.waiters, w); i >= 0 {
		box.waiters = slices.Delete(box.waiters, i, i+1)
	}
}

// pump starts a goroutine that serves until nobody waits.
func pump() {
	box.pumping = true
	go serveUntil(func() bool {
		box.pumping = len(box.waiters) > 0
		return !box.pumping
	})
}

// pump serves until the waiter has its message. The lock is held, but while it waits.
func (w *waiter) pump() {
	box.pumping = true
	box.Unlock()
	serveUntil(func() bool { return w.done })
	box.Lock()
	if box.pumping = false; len(box.waiters) > 0 {
		pump()
	}
}

// serveUntil serves whenever the mailbox's descriptor is ready: while there is a message that
// came after the last receive which found nothing; that is why serve asks for all waiters at
// once. done is called with the lock held.
func serveUntil(done func() bool) {
	if box.conn == nil {
		box.conn = rawConn(pollMailbox(), "mailbox")
	}
	err := box.conn.Read(func(uintptr) bool {
		box.Lock()
		defer box.Unlock()
		serve()
		return done()
	})
	if err != nil {
		panic(err) // nobody closes it, or sets a deadline
	}
}

// rawConn lets Go's scheduler wait for a descriptor.
func rawConn(descriptor int32, name string) syscall.RawConn {
	conn, err := os.NewFile(uintptr(descriptor), name).SyscallConn()
	if err != nil {
		panic(err)
	}
	return conn
}

// serve gives messages to waiters until there are no more of either. The lock is held.
func serve() {
	for len(box.waiters) > 0 {
		box.tags = box.tags[:0]
		for _, w := range box.waiters {
			if len(w.tags) == 0 {
				box.tags = box.tags[:0]
				break
			}
			box.tags = append(box.tags, w.tags...)
		}
		if !receive() {
			return
		}
	}
}

// receive takes one message, if there is one.
func receive() bool {
	var info [24]byte
	slot.Lock()
	defer slot.Unlock()
	kind := sysReceiveData(unsafe.Pointer(unsafe.SliceData(box.tags)), uint32(len(box.tags)), 0,
		unsafe.Pointer(&box.buf), uint32(len(box.buf)), unsafe.Pointer(&info))
	if kind == timedOut {
		return false
	}
	x := &incoming{kind: kind, tag: Tag(binary.LittleEndian.Uint64(info[8:])), id: ID(binary.LittleEndian.Uint64(info[16:]))}
	w := waiterFor(x)
	if w == nil {
		return true
	}
	if kind == kindData {
		size := binary.LittleEndian.Uint64(info[:])
		x.data = make([]byte, size)
		if n := copy(x.data, box.buf[:]); n < len(x.data) {
			sysReadData(pointer(x.data[n:]), uint32(len(x.data)-n))
		}
	} else {
		x.reason = Reason(sysExitReason())
	}
	w.take(x)
	w.done = true
	w.leave()
	if w.ready != nil {
		close(w.ready)
	}
	return true
}

// waiterFor returns who gets a message; nil: nobody wants it.
func waiterFor(x *incoming) (all *waiter) {
	for _, w := range box.waiters {
		if x.tag != 0 && slices.Contains(w.tags, x.tag) {
			return w
		}
		if all == nil && len(w.tags) == 0 {
			all = w
		}
	}
	if x.kind == kindData && x.tag >= firstTag && !ownTags[x.tag] {
		return nil // an answer that came too late
	}
	return all
}

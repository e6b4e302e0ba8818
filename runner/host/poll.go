package host

import (
	"fmt"

	"github.com/lunatic-go/lunatic/runner"
)

// Not in Lunatic: descriptors, for guests that have an event loop of their own (the runtime of
// Go has one) and wait for everything in poll_oneoff.
var lunaticPoll = runner.Namespace{Name: "lunatic::poll", Funcs: []runner.Func{
	{Name: "mailbox", Type: "-> i32", Call: describeMailbox},
	{Name: "tcp_listener", Type: "i64 -> i32", Call: describeListener(tcpListeners, func(l tcpListener) *listener { return l.listener })},
	{Name: "tls_listener", Type: "i64 -> i32", Call: describeListener(tlsListeners, func(l tlsListener) *listener { return l.listener })},
	{Name: "tcp_stream", Type: "i64 -> i32", Call: describeStream(tcpStreams)},
	{Name: "tls_stream", Type: "i64 -> i32", Call: describeStream(tlsStreams)},
	{Name: "udp_socket", Type: "i64 -> i32", Call: describeDatagrams},

	{Name: "resolve", Type: "i32 i32 i64 i32 -> i32", Call: resolveName(detached)},
	{Name: "tcp_connect", Type: "i32 i32 i32 i32 i32 i64 i32 -> i32", Call: tcpConnect(detached)},
	{Name: "tls_connect", Type: "i32 i32 i32 i64 i32 i32 i32 -> i32", Call: tlsConnect(detached)},
	{Name: "finish", Type: "i32 i32 -> i32", Call: finish},
}}

// The mailbox is ready while there is a message that came after the last receive which found
// nothing: so a guest that is interested in some tags is not woken by the others for ever.
type mailboxDescriptor struct{}

func (mailboxDescriptor) ready(p *runner.Process, write bool) bool { return write || p.Unseen() }
func (mailboxDescriptor) arm(bool)                                 {} // a message wakes the process
func (mailboxDescriptor) filetype() byte                           { return filetypeUnknown }
func (mailboxDescriptor) Close() error                             { return nil }

func describeMailbox(p *runner.Process, stack []uint64) {
	stack[0] = describe(p, mailboxDescriptor{}, func() descriptor { return mailboxDescriptor{} })
}

// A socket is what a socketDescriptor needs of one: a stream or a UDP socket.
type socket interface {
	share()
	readable() bool
	writable() bool
	armRead()
	armWrite()
	Close() error
}

// A socketDescriptor counts as a handle of its socket: numbers of the system's stay valid.
type socketDescriptor struct {
	socket
	in, out *lane
	p       *runner.Process
	typ     byte
}

func newSocketDescriptor(p *runner.Process, s socket, in, out *lane, typ byte) descriptor {
	s.share()
	in.watch(p)
	out.watch(p)
	return &socketDescriptor{s, in, out, p, typ}
}

// ready asks the socket only if nobody knows better: a lane that is armed is not ready.
func (d *socketDescriptor) ready(_ *runner.Process, write bool) bool {
	if write {
		return d.out.idle() && d.writable()
	}
	return d.in.idle() && d.readable()
}

func (d *socketDescriptor) arm(write bool) {
	if write {
		d.armWrite()
	} else {
		d.armRead()
	}
}

func (d *socketDescriptor) filetype() byte { return d.typ }

func (d *socketDescriptor) Close() error {
	d.in.unwatch(d.p)
	d.out.unwatch(d.p)
	return d.socket.Close()
}

// describeStream is stream_id -> descriptor.
func describeStream[T streamHandle](kind *runner.Kind[T]) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		s := kind.Get(p, "stream_id", stack[0]).base()
		stack[0] = describe(p, handle{kind, stack[0]}, func() descriptor {
			return newSocketDescriptor(p, s, &s.in, &s.out, filetypeStreamSocket)
		})
	}
}

// describeDatagrams is socket_id -> descriptor.
func describeDatagrams(p *runner.Process, stack []uint64) {
	s := udpSockets.Get(p, "socket_id", stack[0])
	stack[0] = describe(p, handle{udpSockets, stack[0]}, func() descriptor {
		return newSocketDescriptor(p, s, &s.in, &s.out, filetypeDatagramSocket)
	})
}

// A listenerDescriptor does not keep its listener open: it is one process's anyway.
type listenerDescriptor struct{ l *listener }

func (d listenerDescriptor) ready(p *runner.Process, write bool) bool {
	return write || d.l.readable(p)
}
func (listenerDescriptor) arm(bool)       {} // looking has
func (listenerDescriptor) filetype() byte { return filetypeStreamSocket }
func (listenerDescriptor) Close() error   { return nil }

// describeListener is listener_id -> descriptor.
func describeListener[T any](kind *runner.Kind[T], base func(T) *listener) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		l := base(kind.Get(p, "listener_id", stack[0]))
		stack[0] = describe(p, handle{kind, stack[0]}, func() descriptor { return listenerDescriptor{l} })
	}
}

// An operation is what a function that is detached has begun.
type operation struct {
	op       *runner.Operation
	ptr      *uint64 // where the result goes to
	finished bool
	of       *descriptors
}

// maxOperations is how many operations a process may have begun and not closed: each has a
// goroutine.
const maxOperations = 1024

var errTooManyOperations = fmt.Errorf("%d operations are under way", maxOperations)

// beginOperation counts one more, if the process may have it.
func beginOperation(p *runner.Process) bool {
	d := descriptorsOf(p)
	if d.operations == maxOperations {
		return false
	}
	d.operations++
	return true
}

func (o *operation) ready(*runner.Process, bool) bool { return o.finished || o.op.Ready() }
func (o *operation) arm(bool)                         {} // its end wakes the process
func (o *operation) filetype() byte                   { return filetypeUnknown }

func (o *operation) Close() error {
	o.of.operations--
	if !o.finished {
		o.op.Cancel()
	}
	return nil
}

// notFinished is the status of finish for an operation that is not done.
const notFinished = 2

// finish is descriptor, id_ptr -> status, as that of the function that has begun.
func finish(p *runner.Process, stack []uint64) {
	o, isOne := findDescriptor(p, stack[0]).(*operation)
	if !isOne || o.finished {
		p.Fail("descriptor", "no operation has the descriptor %d", uint32(stack[0]))
	}
	ptr := stack[1]
	p.Bytes("id_ptr", ptr, 8)
	if !o.op.Ready() {
		stack[0] = notFinished
		return
	}
	*o.ptr, o.finished = ptr, true
	o.op.Poll(p, stack)
}

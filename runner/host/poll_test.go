package host

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// pollFor waits in poll_oneoff for descriptors to become readable, for at most so many
// milliseconds, and returns those that are.
func pollFor(t *testing.T, p *runner.Process, millis uint64, fds ...uint64) (ready []uint64) {
	t.Helper()
	const in, out, n = 2000, 4000, 6000
	subs := p.Bytes("", in, uint64(subscriptionSize*(len(fds)+1)))
	clear(subs)
	binary.LittleEndian.PutUint32(subs[16:], clockMonotonic)
	binary.LittleEndian.PutUint64(subs[24:], millis*1e6)
	for i, fd := range fds {
		s := subs[subscriptionSize*(i+1):]
		binary.LittleEndian.PutUint64(s, fd)
		s[8] = eventFdRead
		binary.LittleEndian.PutUint32(s[16:], uint32(fd))
	}
	want(t, "poll_oneoff", call(pollOneoff, p, in, out, uint64(len(fds)+1), n), errnoSuccess)
	events := p.Bytes("", out, uint64(binary.LittleEndian.Uint32(p.Bytes("", n, 4)))*eventSize)
	for ; len(events) > 0; events = events[eventSize:] {
		if events[10] == eventFdRead {
			want(t, "errno of an event", events[8], 0)
			ready = append(ready, binary.LittleEndian.Uint64(events))
		}
	}
	return ready
}

// patient is the time of a poll whose descriptor has to become ready, in milliseconds.
const patient = 60_000

// outU64 is what the out-pointer of networkTests holds.
func outU64(p *runner.Process) uint64 { return binary.LittleEndian.Uint64(p.Bytes("", outAt, 8)) }

func TestPollMailbox(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		fd := call(describeMailbox, p)
		want(t, "the descriptor again", call(describeMailbox, p), fd)
		want(t, "ready at first", len(pollFor(t, p, 0, fd)), 0)
		call(sendData, p, p.ID(), 5, 0, 0)
		want(t, "with a message", len(pollFor(t, p, patient, fd)), 1)
		p.PutU64("", 600, 6)
		want(t, "receive another tag", call(receive, p, 600, 1, 0), timedOut)
		want(t, "after a receive in vain", len(pollFor(t, p, 0, fd)), 0)
		call(sendData, p, p.ID(), 6, 0, 0)
		want(t, "with another message", len(pollFor(t, p, patient, fd)), 1)
		want(t, "receive its tag", call(receive, p, 600, 1, 0), 0)
		want(t, "with the old message", len(pollFor(t, p, 0, fd)), 0)
		call(processTimer, p, 5)
		want(t, "with a message that comes later", len(pollFor(t, p, patient, fd)), 1)
	}))
}

// processTimer sends the process a message after some milliseconds.
func processTimer(p *runner.Process, stack []uint64) {
	call(createData, p, 9, 0)
	call(sendAfter, p, p.ID(), stack[0])
}

func TestDescriptors(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		mailbox := call(describeMailbox, p)
		bindLoopback(t, p)
		id := outU64(p)
		fd := call(describeListener(tcpListeners, func(l tcpListener) *listener { return l.listener }), p, id)
		want(t, "stat", statDescriptor(p, fd, 100), errnoSuccess)
		want(t, "type", p.Bytes("", 100, 1)[0], filetypeStreamSocket)
		want(t, "flags", binary.LittleEndian.Uint16(p.Bytes("", 102, 2)), fdflagNonblock)
		want(t, "stat outside of the memory", statDescriptor(p, fd, 65536), errnoFault)
		want(t, "close", shutDescriptor(p, fd), errnoSuccess)
		for _, bad := range []uint64{fd, firstDescriptor + 2, 1<<32 - 1} {
			want(t, "close again", shutDescriptor(p, bad), errnoBadf)
			want(t, "stat of what is closed", statDescriptor(p, bad, 100), errnoBadf)
		}
		want(t, "the number is used again", call(describeMailbox, p), mailbox)
		call(drop(tcpListeners, "listener_id"), p, id)
	}))
}

// bindLoopback makes a listener on a free port; its id is at outAt.
func bindLoopback(t *testing.T, p *runner.Process) {
	t.Helper()
	copy(p.Bytes("", 500, 4), []byte{127, 0, 0, 1})
	want(t, "tcp_bind", call(tcpBind, p, 4, 500, 0, 0, 0, outAt), ok)
}

// A server and a client in one process, which never waits but in poll_oneoff.
func TestPollTCP(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		bindLoopback(t, p)
		id := outU64(p)
		l := tcpListeners.Get(p, "", id).listener
		port := uint64(l.addr().Port())
		listening := call(describeListener(tcpListeners, func(l tcpListener) *listener { return l.listener }), p, id)
		want(t, "accept at first", call(tcpAccept, p, id, outAt, outAt+8), timedOut)
		want(t, "listener at first", len(pollFor(t, p, 0, listening)), 0)

		want(t, "begin to connect", call(tcpConnect(detached), p, 4, 500, port, 0, 0, noTimeout, outAt), ok)
		connecting := outU64(p)
		want(t, "connected", len(pollFor(t, p, patient, connecting)), 1)
		want(t, "finish", call(finish, p, connecting, outAt), ok)
		client := outU64(p)
		want(t, "close the operation", shutDescriptor(p, connecting), errnoSuccess)

		want(t, "a connection", len(pollFor(t, p, patient, listening)), 1)
		want(t, "accept", call(tcpAccept, p, id, outAt, outAt+8), ok)
		server := outU64(p)
		fd := call(describeStream(tcpStreams), p, server)
		read := streamRead(tcpStreams, readTimeout)
		want(t, "read at first", call(read, p, server, 700, 10, outAt), timedOut)
		want(t, "stream at first", len(pollFor(t, p, 0, fd)), 0)

		copy(p.Bytes("", 800, 5), "hello")
		p.PutU64("", 900, 800|5<<32)
		want(t, "write", call(streamWrite(tcpStreams), p, client, 900, 1, outAt), ok)
		want(t, "something to read", len(pollFor(t, p, patient, fd, listening)), 1)
		want(t, "read", call(read, p, server, 700, 10, outAt), ok)
		want(t, "what was read", string(p.Bytes("", 700, outU64(p))), "hello")
		want(t, "read on", call(read, p, server, 700, 10, outAt), timedOut)

		// A descriptor is a handle: the connection stays without the other one.
		call(drop(tcpStreams, "stream_id"), p, server)
		call(drop(tcpStreams, "stream_id"), p, client)
		want(t, "the end", len(pollFor(t, p, patient, fd)), 1)
		want(t, "close the stream", shutDescriptor(p, fd), errnoSuccess)
	}))
}

// The connection of an operation that nobody finishes is closed.
func TestOperationIsGivenUp(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := uint64(ln.Addr().(*net.TCPAddr).Port)
	ends(t, in(t, func(p *runner.Process) {
		copy(p.Bytes("", 500, 4), []byte{127, 0, 0, 1})
		want(t, "begin", call(tcpConnect(detached), p, 4, 500, port, 0, 0, noTimeout, outAt), ok)
		fd := outU64(p)
		want(t, "connected", len(pollFor(t, p, patient, fd)), 1)
		want(t, "close", shutDescriptor(p, fd), errnoSuccess)
	}))
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read: %d, %v", n, err)
	}
}

func TestManyOperations(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		copy(p.Bytes("", 500, 11), "127.0.0.1:1")
		resolve := resolveName(detached)
		for range maxOperations {
			want(t, "begin", call(resolve, p, 500, 11, noTimeout, outAt), ok)
		}
		fd := outU64(p)
		want(t, "one more", call(resolve, p, 500, 11, noTimeout, outAt), failed)
		want(t, "close one", shutDescriptor(p, fd), errnoSuccess)
		want(t, "begin again", call(resolve, p, 500, 11, noTimeout, outAt), ok)
	}))
	misused(t, in(t, func(p *runner.Process) { call(finish, p, call(describeMailbox, p), 0) }), "no operation has the descriptor")
}

func TestPollUDP(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		copy(p.Bytes("", 500, 4), []byte{127, 0, 0, 1})
		want(t, "udp_bind", call(udpBind, p, 4, 500, 0, 0, 0, outAt), ok)
		id := outU64(p)
		s := udpSockets.Get(p, "", id)
		addr, err := s.local()
		if err != nil {
			t.Fatal(err)
		}
		fd := call(describeDatagrams, p, id)
		want(t, "receive at first", call(udpReceiveFrom, p, id, 700, 10, outAt, outAt+8), timedOut)
		copy(p.Bytes("", 800, 4), "ping")
		want(t, "send", call(udpSendTo, p, id, 800, 4, 4, 500, uint64(addr.Port()), 0, 0, outAt), ok)
		want(t, "a datagram", len(pollFor(t, p, patient, fd)), 1)
		want(t, "receive", call(udpReceiveFrom, p, id, 700, 10, outAt, outAt+8), ok)
		want(t, "what came", string(p.Bytes("", 700, outU64(p))), "ping")
	}))
}

// What a child is given comes before all that others send, and comes back if there is none.
func TestSendToNextChild(t *testing.T) {
	const start = 300
	all := exits(t, runner.Config{}, func(p *runner.Process) {
		copy(p.Bytes("", start, 6), "_start")
		copy(p.Bytes("", 800, 5), "first")
		call(createData, p, 7, 0)
		call(writeData, p, 800, 5)
		call(sendToNextChild, p)
		c := call(createConfig, p)
		call(preopenDir, p, c, start, 6) // there is no such directory
		want(t, "spawn in vain", call(spawn, p, 0, c, inherit, start, 6, 0, 0, outAt), failed)
		want(t, "it is back", call(getTag, p), 7)
		call(sendToNextChild, p)
		want(t, "spawn", call(spawn, p, 0, inherit, inherit, start, 6, 0, 0, outAt), ok)
		child := outU64(p)
		call(monitor, p, child)
		want(t, "the child's end", call(receive, p, 0, 0, noTimeout), 2)
		want(t, "its reason", call(getExitReason, p), 0)
		want(t, "spawn another", call(spawn, p, 0, inherit, inherit, start, 6, 0, 0, outAt), ok)
		call(monitor, p, outU64(p))
		want(t, "the other's end", call(receive, p, 0, 0, noTimeout), 2)
		want(t, "its reason", call(getExitReason, p), 1)
	}, func(p *runner.Process) {
		p.CheckSignals()
		if call(receive, p, 0, 0, 0) != 0 {
			p.Fail("", "nothing there")
		}
		want(t, "the child's message", call(getTag, p), 7)
		want(t, "its data", call(dataSize, p), 5)
	})
	ends(t, all[0])
}

// countingSocket counts how often somebody looks.
type countingSocket struct {
	socket
	looked int
}

func (s *countingSocket) readable() bool { s.looked++; return false }

// Who waits for many sockets does not ask those that a poller waits for.
func TestPollAsksOnlyOnce(t *testing.T) {
	var in, out lane
	s := &countingSocket{}
	d := &socketDescriptor{socket: s, in: &in, out: &out}
	for range 3 {
		d.ready(nil, false)
		in.begin() // as arm does
	}
	want(t, "looks while nothing happens", s.looked, 1)
	in.ready() // something has happened
	d.ready(nil, false)
	want(t, "looks after an event", s.looked, 2)
}

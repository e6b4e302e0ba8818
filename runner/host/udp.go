package host

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/lunatic-go/lunatic/runner"
)

// A datagramSocket is a socket whose functions never wait: they return errAgain instead.
// Those in one direction are called by one goroutine at a time, as those of a duplex.
type datagramSocket interface {
	// receive cuts off what does not fit into b.
	receive(b []byte) (n int, from netip.AddrPort, err error)
	send(b []byte, to netip.AddrPort) (int, error) // invalid: to the peer
	connect(to netip.AddrPort) error
	local() (netip.AddrPort, error)
	peer() (netip.AddrPort, error) // errNotConnected
	option(o udpOption) (int, error)
	setOption(o udpOption, v int) error
	readable() bool // as those of a duplex
	writable() bool
	armRead()
	armWrite()
	Close() error
}

var errNotConnected = errors.New("the socket is not connected")

// udpOption is an option of a socket.
type udpOption uint8

const (
	optionBroadcast udpOption = iota
	optionTTL                 // of IPv6: the hop limit
)

func (o udpOption) String() string { return [...]string{"broadcast", "TTL"}[o] }

// A udpSocket is a socket that any number of handles share.
type udpSocket struct {
	datagramSocket
	handles atomic.Int32
	in, out lane
}

var udpSockets = runner.NewKind[*udpSocket]("UDP socket")

func (s *udpSocket) share() { s.handles.Add(1) }

// Close gives a handle back. The socket is closed with the last one.
func (s *udpSocket) Close() error {
	if s.handles.Add(-1) == 0 {
		return s.datagramSocket.Close()
	}
	return nil
}

func newUDP(addr netip.AddrPort) (*udpSocket, error) {
	conn, err := net.ListenUDP(network("udp", addr), net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	s := &udpSocket{}
	s.handles.Store(1)
	if s.datagramSocket, err = newDatagrams(conn, addr.Addr().Is6(), &s.in, &s.out); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// udpBind is the five words of an address, id_ptr -> status.
func udpBind(p *runner.Process, stack []uint64) {
	addr, ptr := address(p, stack), stack[5]
	p.Bytes("id_ptr", ptr, 8)
	err := p.MayListen(addr)
	if err == nil {
		var s *udpSocket
		if s, err = newUDP(addr); err == nil {
			p.PutU64("id_ptr", ptr, udpSockets.Add(p, s))
			stack[0] = ok
			return
		}
	}
	stack[0] = fail(p, "id_ptr", ptr, err)
}

// udpLocalAddr is socket_id, id_ptr -> status.
func udpLocalAddr(p *runner.Process, stack []uint64) {
	s := udpSockets.Get(p, "socket_id", stack[0])
	p.Bytes("id_ptr", stack[1], 8)
	a, err := s.local()
	if err != nil {
		stack[0] = fail(p, "id_ptr", stack[1], err)
		return
	}
	putAddr(p, "id_ptr", stack[1], a)
	stack[0] = ok
}

// udpPeerAddr is socket_id, id_ptr -> 1 if the socket is not connected, 2 for other errors.
func udpPeerAddr(p *runner.Process, stack []uint64) {
	s, ptr := udpSockets.Get(p, "socket_id", stack[0]), stack[1]
	p.Bytes("id_ptr", ptr, 8)
	switch a, err := s.peer(); {
	case err == nil:
		putAddr(p, "id_ptr", ptr, a)
		stack[0] = ok
	case errors.Is(err, errNotConnected):
		stack[0] = fail(p, "id_ptr", ptr, err)
	default:
		fail(p, "id_ptr", ptr, err)
		stack[0] = 2
	}
}

// udpConnect is socket_id, the five words of an address, timeout, id_ptr -> status. It is done
// at once.
func udpConnect(p *runner.Process, stack []uint64) {
	s, addr, ptr := udpSockets.Get(p, "socket_id", stack[0]), address(p, stack[1:]), stack[7]
	p.Bytes("id_ptr", ptr, 8)
	err := p.MayConnect(addr)
	if err == nil {
		err = s.connect(addr)
	}
	if err != nil {
		stack[0] = fail(p, "id_ptr", ptr, err)
		return
	}
	p.PutU64("id_ptr", ptr, 0)
	stack[0] = ok
}

// udpReceive is socket_id, buffer, length, out_ptr -> status.
func udpReceive(p *runner.Process, stack []uint64) {
	receiveDatagram(p, stack, func(netip.AddrPort) {})
}

// udpReceiveFrom is socket_id, buffer, length, out_ptr, iter_ptr -> status.
func udpReceiveFrom(p *runner.Process, stack []uint64) {
	iter := stack[4]
	p.Bytes("iter_ptr", iter, 8)
	receiveDatagram(p, stack, func(from netip.AddrPort) { putAddr(p, "iter_ptr", iter, from) })
}

func receiveDatagram(p *runner.Process, stack []uint64, done func(from netip.AddrPort)) {
	s := udpSockets.Get(p, "socket_id", stack[0])
	buf, n, out := stack[1], stack[2], stack[3]
	p.Bytes("buf", buf, n)
	p.Bytes("out_ptr", out, 8)
	p.CheckSignals()
	timeout(p, udpSockets, stack[0], noTimeout)
	s.in.run(p, stack, s.armRead, func() (uint64, error) {
		got, from, err := s.receive(p.Bytes("buf", buf, n))
		status, err := outcome(p, out, got, err)
		if err == nil && status == ok {
			done(from)
		}
		return status, err
	})
}

// udpSend is socket_id, buffer, length, out_ptr -> status. The permission was asked for when
// the socket was connected: who is sent a connected one may use it.
func udpSend(p *runner.Process, stack []uint64) {
	sendDatagram(p, stack[0], stack[1], stack[2], stack[3], netip.AddrPort{}, stack)
}

// udpSendTo is socket_id, buffer, length, the five words of an address, out_ptr -> status.
func udpSendTo(p *runner.Process, stack []uint64) {
	id, buf, n, to, out := stack[0], stack[1], stack[2], address(p, stack[3:]), stack[8]
	udpSockets.Get(p, "socket_id", id)
	p.Bytes("buf", buf, n)
	p.Bytes("out_ptr", out, 8)
	if err := p.MayConnect(to); err != nil {
		stack[0] = fail(p, "out_ptr", out, err)
		return
	}
	sendDatagram(p, id, buf, n, out, to, stack)
}

func sendDatagram(p *runner.Process, id, buf, n, out uint64, to netip.AddrPort, stack []uint64) {
	s := udpSockets.Get(p, "socket_id", id)
	p.Bytes("buf", buf, n)
	p.Bytes("out_ptr", out, 8)
	p.CheckSignals()
	timeout(p, udpSockets, id, noTimeout)
	s.out.run(p, stack, s.armWrite, func() (uint64, error) {
		sent, err := s.send(p.Bytes("buf", buf, n), to)
		return outcome(p, out, sent, err)
	})
}

// udpSetOption is socket_id, value. It traps if the system refuses the value.
func udpSetOption(o udpOption) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		s, v := udpSockets.Get(p, "socket_id", stack[0]), int(int32(stack[1]))
		if o == optionBroadcast && v != 0 {
			v = 1
		}
		if err := s.setOption(o, v); err != nil {
			p.Fail("", "cannot set %v to %d: %v", o, v, err)
		}
	}
}

// udpGetOption is socket_id -> value.
func udpGetOption(o udpOption) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		v, err := udpSockets.Get(p, "socket_id", stack[0]).option(o)
		if err != nil {
			p.Fail("", "cannot get %v: %v", o, err)
		}
		if o == optionBroadcast {
			v = int(bit(v != 0))
		}
		stack[0] = uint64(uint32(v))
	}
}

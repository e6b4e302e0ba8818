//go:build !unix

package host

import (
	"errors"
	"net"
	"net/netip"
	"sync"
)

// A pumpedDatagrams reads ahead with a goroutine. It connects a socket by leaving out what
// others than the peer send.
type pumpedDatagrams struct {
	conn *net.UDPConn
	in   *lane

	mu      sync.Mutex
	to      netip.AddrPort // the peer, if valid
	reading bool
	got     bool // the next three
	b       []byte
	from    netip.AddrPort
	err     error
}

// maxDatagram is the length of the longest datagram of UDP, in bytes.
const maxDatagram = 64 << 10

func newDatagrams(conn *net.UDPConn, _ bool, in, _ *lane) (datagramSocket, error) {
	return &pumpedDatagrams{conn: conn, in: in}, nil
}

func (s *pumpedDatagrams) receive(b []byte) (int, netip.AddrPort, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.got && (s.err != nil || !s.to.IsValid() || s.from == s.to) {
		s.got = false
		return copy(b, s.b), s.from, s.err
	}
	s.got = false
	s.begin()
	return 0, netip.AddrPort{}, errAgain
}

// begin has somebody read, unless somebody does.
func (s *pumpedDatagrams) begin() {
	if !s.reading {
		s.reading = true
		go s.fill()
	}
}

func (s *pumpedDatagrams) readable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.got {
		s.begin()
	}
	return s.got
}

func (s *pumpedDatagrams) writable() bool { return true }

// fill reads one datagram.
func (s *pumpedDatagrams) fill() {
	b := make([]byte, maxDatagram)
	n, from, err := s.conn.ReadFromUDPAddrPort(b)
	s.mu.Lock()
	s.b, s.from, s.err, s.got, s.reading = b[:n], from, err, true, false
	s.mu.Unlock()
	s.in.ready()
}

// send does not wait: the system drops what it has no room for.
func (s *pumpedDatagrams) send(b []byte, to netip.AddrPort) (int, error) {
	if !to.IsValid() {
		var err error
		if to, err = s.peer(); err != nil {
			return 0, err
		}
	}
	return s.conn.WriteToUDPAddrPort(b, to)
}

func (s *pumpedDatagrams) connect(to netip.AddrPort) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = to
	return nil
}

func (s *pumpedDatagrams) local() (netip.AddrPort, error) { return addrPort(s.conn.LocalAddr()), nil }

func (s *pumpedDatagrams) peer() (netip.AddrPort, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.to.IsValid() {
		return s.to, errNotConnected
	}
	return s.to, nil
}

var errOption = errors.New("not supported on this system")

func (s *pumpedDatagrams) option(udpOption) (int, error)  { return 0, errOption }
func (s *pumpedDatagrams) setOption(udpOption, int) error { return errOption }

// The goroutine makes the lane ready in any case.
func (s *pumpedDatagrams) armRead()  {}
func (s *pumpedDatagrams) armWrite() {}

func (s *pumpedDatagrams) Close() error { return s.conn.Close() }

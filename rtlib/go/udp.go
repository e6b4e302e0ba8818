package lunatic

import (
	"context"
	"net"
	"net/netip"
	"unsafe"
)

// A UDPConn is a socket: a [net.PacketConn] and, if it was dialed, a [net.Conn]. In a message it
// moves to the receiver.
type UDPConn struct{ endpoint }

var udpCalls = &calls{
	network: "udp", descriptor: pollUDP, drop: sysDropUDP, push: sysPushUDP, clone: sysCloneUDP,
}

func newUDPConn(id uint64) *UDPConn {
	c := &UDPConn{}
	c.own(id)
	return c
}

func (c *UDPConn) own(id uint64) {
	c.open(id, udpCalls)
	c.local = udpAddr(addrOf(id, sysUDPLocalAddr))
	if peer := addrOf(id, sysUDPPeerAddr); peer.IsValid() {
		c.remote = udpAddr(peer)
	}
}

func (c *UDPConn) take(index uint64) { c.own(sysTakeUDP(index)) }

// Clone returns another handle of the same socket, which is closed with the last one.
func (c *UDPConn) Clone() *UDPConn { return newUDPConn(c.calls.clone(c.id)) }

// ListenPacket makes a socket at an address of the network udp, udp4 or udp6.
func ListenPacket(network, address string) (*UDPConn, error) {
	return listenUDP(context.Background(), network, address)
}

func listenUDP(ctx context.Context, network, address string) (*UDPConn, error) {
	addrs, err := resolveFor(ctx, network, "udp", address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return bindUDP(network, addrs[0])
}

func bindUDP(network string, addr netip.AddrPort) (*UDPConn, error) {
	var id uint64
	a := newHostAddr(addr)
	if sysUDPBind(a.family, unsafe.Pointer(&a.bytes), a.port, 0, a.scope, &id) != 0 {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: udpAddr(addr), Err: hostError(id)}
	}
	return newUDPConn(id), nil
}

// dialUDP makes a socket with a peer.
func dialUDP(ctx context.Context, network, address string) (net.Conn, error) {
	addrs, err := resolveFor(ctx, network, "udp", address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	any := netip.IPv4Unspecified()
	if !addrs[0].Addr().Unmap().Is4() {
		any = netip.IPv6Unspecified()
	}
	c, err := bindUDP(network, netip.AddrPortFrom(any, 0))
	if err != nil {
		return nil, err
	}
	var out uint64
	a := newHostAddr(addrs[0])
	if sysUDPConnect(c.id, a.family, unsafe.Pointer(&a.bytes), a.port, 0, a.scope, noTimeout, &out) != 0 {
		err := hostError(out)
		c.Close()
		return nil, &net.OpError{Op: "dial", Net: network, Addr: udpAddr(addrs[0]), Err: err}
	}
	c.local, c.remote = udpAddr(addrOf(c.id, sysUDPLocalAddr)), udpAddr(addrs[0])
	return c, nil
}

// ReadFromAddrPort reads a datagram. What does not fit into b is lost.
func (c *UDPConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	var n, iter uint64
	err := c.transfer("read", false, &n, func() uint32 {
		return sysUDPReceive(c.id, unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b)), &n, &iter)
	})
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	return int(n), takeAddr(iter), nil
}

// ReadFrom is that of [net.PacketConn].
func (c *UDPConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, udpAddr(from), nil
}

// Read reads a datagram of whomever it is from.
func (c *UDPConn) Read(b []byte) (int, error) {
	n, _, err := c.ReadFromAddrPort(b)
	return n, err
}

// WriteToAddrPort sends a datagram.
func (c *UDPConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	var n uint64
	a := newHostAddr(to)
	err := c.transfer("write", true, &n, func() uint32 {
		return sysUDPSendTo(c.id, pointer(b), uint32(len(b)), a.family, unsafe.Pointer(&a.bytes), a.port, 0, a.scope, &n)
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

// WriteTo is that of [net.PacketConn].
func (c *UDPConn) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return 0, c.fail("write", &net.AddrError{Err: "not an address of UDP", Addr: to.String()})
	}
	return c.WriteToAddrPort(b, a.AddrPort())
}

// Write sends a datagram to the peer.
func (c *UDPConn) Write(b []byte) (int, error) {
	var n uint64
	err := c.transfer("write", true, &n, func() uint32 { return sysUDPSend(c.id, pointer(b), uint32(len(b)), &n) })
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

// SetBroadcast permits broadcasts.
func (c *UDPConn) SetBroadcast(on bool) { sysUDPBroadcast(c.id, bit(on)) }

// SetTTL sets the time to live, which IPv6 calls hop limit.
func (c *UDPConn) SetTTL(ttl int) { sysUDPTTL(c.id, uint32(ttl)) }

var (
	_ net.PacketConn = (*UDPConn)(nil)
	_ net.Conn       = (*UDPConn)(nil)
	_ net.Conn       = (*TCPConn)(nil)
	_ net.Conn       = (*TLSConn)(nil)
	_ net.Listener   = (*Listener)(nil)
	_ carrier        = (*UDPConn)(nil)
	_ carrier        = (*TCPConn)(nil)
	_ carrier        = (*TLSConn)(nil)
	_ carrier        = (*Module)(nil)
)

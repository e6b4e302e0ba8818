//go:build unix

package host

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A rawDatagrams is a socket of the system's, which package net has opened.
type rawDatagrams struct {
	*raw
	is6 bool
}

func newDatagrams(conn *net.UDPConn, is6 bool, in, out *lane) (datagramSocket, error) {
	r, err := newRaw(conn, in, out)
	if err != nil {
		return nil, err
	}
	s := rawDatagrams{r, is6 && !addrPort(conn.LocalAddr()).Addr().Is4()}
	return s, s.setOption(optionBroadcast, 0) // package net switches it on
}

// do calls f with the descriptor.
func (s rawDatagrams) do(call string, f func(fd int) error) error {
	var err error
	if e := s.rc.Control(func(fd uintptr) {
		_, err = again(func() (int, error) { return 0, f(int(fd)) })
	}); e != nil {
		return e
	}
	if err == unix.EAGAIN {
		return errAgain
	}
	return named(call, err)
}

func (s rawDatagrams) receive(b []byte) (n int, from netip.AddrPort, err error) {
	err = s.do("recvfrom", func(fd int) error {
		var sa unix.Sockaddr
		var err error
		n, sa, err = unix.Recvfrom(fd, b, 0)
		from = fromSockaddr(sa)
		return err
	})
	return max(n, 0), from, err
}

func (s rawDatagrams) send(b []byte, to netip.AddrPort) (int, error) {
	err := s.do("sendto", func(fd int) error {
		if to.IsValid() {
			return unix.Sendto(fd, b, 0, toSockaddr(to))
		}
		_, err := unix.SendmsgN(fd, b, nil, nil, 0)
		return err
	})
	return len(b), err
}

func (s rawDatagrams) connect(to netip.AddrPort) error {
	return s.do("connect", func(fd int) error { return unix.Connect(fd, toSockaddr(to)) })
}

func (s rawDatagrams) local() (a netip.AddrPort, err error) {
	return s.name("getsockname", unix.Getsockname)
}

func (s rawDatagrams) peer() (a netip.AddrPort, err error) {
	return s.name("getpeername", unix.Getpeername)
}

func (s rawDatagrams) name(call string, get func(fd int) (unix.Sockaddr, error)) (a netip.AddrPort, err error) {
	err = s.do(call, func(fd int) error {
		sa, err := get(fd)
		a = fromSockaddr(sa)
		if err == unix.ENOTCONN || err == unix.EINVAL { // some systems say the latter
			return errNotConnected
		}
		return err
	})
	return a, err
}

// names of an option for the system.
func (s rawDatagrams) names(o udpOption) (level, opt int) {
	switch {
	case o == optionBroadcast:
		return unix.SOL_SOCKET, unix.SO_BROADCAST
	case s.is6:
		return unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS
	default:
		return unix.IPPROTO_IP, unix.IP_TTL
	}
}

func (s rawDatagrams) option(o udpOption) (v int, err error) {
	level, opt := s.names(o)
	err = s.do("getsockopt", func(fd int) error {
		var err error
		v, err = unix.GetsockoptInt(fd, level, opt)
		return err
	})
	return v, err
}

func (s rawDatagrams) setOption(o udpOption, v int) error {
	level, opt := s.names(o)
	return s.do("setsockopt", func(fd int) error { return unix.SetsockoptInt(fd, level, opt, v) })
}

func toSockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: scopeID(a.Addr().Zone())}
}

// fromSockaddr returns no valid address for those of other families.
func fromSockaddr(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(zoned(netip.AddrFrom16(sa.Addr), uint64(sa.ZoneId)), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

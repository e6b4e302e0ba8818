package lunatic

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"unsafe"
)

// A hostAddr is an address as the host wants it.
type hostAddr struct {
	bytes               [16]byte
	family, port, scope uint32
}

func newHostAddr(a netip.AddrPort) (h hostAddr) {
	h.port = uint32(a.Port())
	if ip := a.Addr().Unmap(); ip.Is4() {
		b := ip.As4()
		h.family = 4
		copy(h.bytes[:], b[:])
		return h
	}
	h.family, h.bytes = 6, a.Addr().As16()
	if n, err := strconv.ParseUint(a.Addr().Zone(), 10, 32); err == nil {
		h.scope = uint32(n)
	}
	return h
}

// takeAddrs reads and drops an iterator.
func takeAddrs(iter uint64) (addrs []netip.AddrPort) {
	defer sysDropIterator(iter)
	for {
		var bytes [16]byte
		var family, flow, scope uint32
		var port uint16
		if sysResolveNext(iter, &family, unsafe.Pointer(&bytes), &port, &flow, &scope) != 0 {
			return addrs
		}
		ip := netip.AddrFrom16(bytes)
		if family == 4 {
			ip = netip.AddrFrom4([4]byte(bytes[:4]))
		} else if scope != 0 {
			ip = ip.WithZone(strconv.FormatUint(uint64(scope), 10))
		}
		addrs = append(addrs, netip.AddrPortFrom(ip, port))
	}
}

// takeAddr reads and drops an iterator that has one address.
func takeAddr(iter uint64) (a netip.AddrPort) {
	if addrs := takeAddrs(iter); len(addrs) > 0 {
		a = addrs[0]
	}
	return a
}

// addrOf asks a host function for an address; the zero one if it fails.
func addrOf(id uint64, get func(id uint64, iter *uint64) uint32) (a netip.AddrPort) {
	var out uint64
	if get(id, &out) != 0 {
		dropError(out)
		return a
	}
	return takeAddr(out)
}

func tcpAddr(a netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(a) }
func udpAddr(a netip.AddrPort) net.Addr { return net.UDPAddrFromAddrPort(a) }

// Resolve looks up the addresses of HOST:PORT. Without a host they are those of all of the
// machine's addresses (IPv4), without a port it is 0.
func Resolve(ctx context.Context, address string) ([]netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil && port != "" {
		return nil, &net.AddrError{Err: "the port is no number", Addr: address}
	}
	if host == "" {
		return []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(number))}, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(ip, uint16(number))}, nil
	}
	name := net.JoinHostPort(host, strconv.FormatUint(number, 10))
	iter, err := begin(ctx, func(timeout uint64, out *uint64) uint32 { return beginResolve(name, timeout, out) })
	if err != nil {
		return nil, &net.DNSError{Err: err.Error(), UnwrapErr: err, Name: host}
	}
	return takeAddrs(iter), nil
}

// resolveFor returns the addresses that fit a network, such as tcp4.
func resolveFor(ctx context.Context, network, protocol, address string) (fit []netip.AddrPort, err error) {
	family := ""
	switch network {
	case protocol:
	case protocol + "4", protocol + "6":
		family = network[len(protocol):]
	default:
		return nil, net.UnknownNetworkError(network)
	}
	addrs, err := Resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if family == "6" && a.Addr() == netip.IPv4Unspecified() {
			a = netip.AddrPortFrom(netip.IPv6Unspecified(), a.Port())
		}
		if is4 := a.Addr().Unmap().Is4(); family == "" || is4 == (family == "4") {
			fit = append(fit, a)
		}
	}
	if len(fit) == 0 {
		return nil, &net.AddrError{Err: fmt.Sprintf("no address for %s", network), Addr: address}
	}
	return fit, nil
}

package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/lunatic-go/lunatic/runner"
)

// A dnsIterator hands out addresses: the answers of a look-up, or just one.
type dnsIterator struct{ addrs []netip.AddrPort }

var dnsIterators = runner.NewKind[*dnsIterator]("DNS iterator")

// Go's own resolver waits for answers without holding a thread.
var resolver = &net.Resolver{PreferGo: true}

// maxName bounds names that are looked up, in bytes. Those of DNS have 253 at most.
const maxName = 1024

// resolveName is name, length, timeout, id_ptr -> status. The name has the form HOST:PORT.
func resolveName(h how) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		millis, ptr := stack[2], stack[3]
		p.Bytes("id_ptr", ptr, 8)
		p.Bytes("name", stack[0], stack[1])
		host, port, err := splitName(p.Text("name", stack[0], min(stack[1], maxName+1)))
		if err == nil {
			err = p.MayResolve(host)
		}
		if err != nil {
			stack[0] = fail(p, "id_ptr", ptr, err)
			return
		}
		done := func(addrs []netip.Addr) uint64 {
			it := &dnsIterator{}
			for _, a := range addrs {
				it.addrs = append(it.addrs, netip.AddrPortFrom(a, port))
			}
			return dnsIterators.Add(p, it)
		}
		if a, err := netip.ParseAddr(host); err == nil && h == attached {
			p.PutU64("id_ptr", ptr, done([]netip.Addr{a}))
			stack[0] = ok
			return
		}
		async(p, stack, h, millis, ptr, func(ctx context.Context) ([]netip.Addr, error) { return lookUp(ctx, p, host) }, nil, done)
	}
}

func splitName(name string) (host string, port uint16, err error) {
	if len(name) > maxName {
		return "", 0, fmt.Errorf("resolve: the name is longer than %d bytes", maxName)
	}
	host, number, err := net.SplitHostPort(name)
	if err != nil {
		return "", 0, fmt.Errorf("resolve: %w", err)
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("resolve %s: invalid port", name)
	}
	return host, uint16(n), nil
}

// lookUp returns the addresses of a name, at least one, and tells the permissions of them.
func lookUp(ctx context.Context, p *runner.Process, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addrs, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	if len(addrs) == 0 {
		return nil, errors.New("resolve: no addresses of " + host)
	}
	p.Resolved(host, addrs...)
	return addrs, nil
}

// resolveNext is iter_id, and pointers to type, address, port, flow info and scope -> 1 at the
// end. The last two are written for IPv6 only.
func resolveNext(p *runner.Process, stack []uint64) {
	it := dnsIterators.Get(p, "iter_id", stack[0])
	if len(it.addrs) == 0 {
		stack[0] = 1
		return
	}
	a := it.addrs[0]
	kind := p.Bytes("addr_type_ptr", stack[1], 4)
	port := p.Bytes("port_ptr", stack[3], 2)
	if a.Addr().Is4() {
		b := a.Addr().As4()
		copy(p.Bytes("addr_ptr", stack[2], 4), b[:])
		binary.LittleEndian.PutUint32(kind, 4)
	} else {
		addr := p.Bytes("addr_ptr", stack[2], 16)
		flow := p.Bytes("flow_info_ptr", stack[4], 4)
		scope := p.Bytes("scope_id_ptr", stack[5], 4)
		b := a.Addr().As16()
		copy(addr, b[:])
		binary.LittleEndian.PutUint32(kind, 6)
		binary.LittleEndian.PutUint32(flow, 0)
		binary.LittleEndian.PutUint32(scope, scopeID(a.Addr().Zone()))
	}
	binary.LittleEndian.PutUint16(port, a.Port())
	it.addrs = it.addrs[1:]
	stack[0] = ok
}

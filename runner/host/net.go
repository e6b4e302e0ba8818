package host

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

var lunaticNetworking = runner.Namespace{Name: "lunatic::networking", Funcs: []runner.Func{
	{Name: "resolve", Type: "i32 i32 i64 i32 -> i32", Call: resolveName(attached)},
	{Name: "resolve_next", Type: "i64 i32 i32 i32 i32 i32 -> i32", Call: resolveNext},
	{Name: "drop_dns_iterator", Type: "i64", Call: drop(dnsIterators, "iter_id")},

	{Name: "tcp_bind", Type: "i32 i32 i32 i32 i32 i32 -> i32", Call: tcpBind},
	{Name: "drop_tcp_listener", Type: "i64", Call: drop(tcpListeners, "listener_id")},
	{Name: "tcp_local_addr", Type: "i64 i32 -> i32", Call: listenerAddr(tcpListeners)},
	{Name: "tcp_accept", Type: "i64 i32 i32 -> i32", Call: tcpAccept},
	{Name: "tcp_connect", Type: "i32 i32 i32 i32 i32 i64 i32 -> i32", Call: tcpConnect(attached)},
	{Name: "tcp_peer_addr", Type: "i64 i32 -> i32", Call: tcpPeerAddr},
	{Name: "drop_tcp_stream", Type: "i64", Call: drop(tcpStreams, "stream_id")},
	{Name: "clone_tcp_stream", Type: "i64 -> i64", Call: clone(tcpStreams, "stream_id")},
	{Name: "tcp_write_vectored", Type: "i64 i32 i32 i32 -> i32", Call: streamWrite(tcpStreams)},
	{Name: "tcp_read", Type: "i64 i32 i32 i32 -> i32", Call: streamRead(tcpStreams, readTimeout)},
	{Name: "tcp_peek", Type: "i64 i32 i32 i32 -> i32", Call: streamRead(tcpStreams, peekTimeout)},
	{Name: "set_read_timeout", Type: "i64 i64", Call: setTimeout(tcpStreams, readTimeout)},
	{Name: "set_write_timeout", Type: "i64 i64", Call: setTimeout(tcpStreams, writeTimeout)},
	{Name: "set_peek_timeout", Type: "i64 i64", Call: setTimeout(tcpStreams, peekTimeout)},
	{Name: "get_read_timeout", Type: "i64 -> i64", Call: getTimeout(tcpStreams, readTimeout)},
	{Name: "get_write_timeout", Type: "i64 -> i64", Call: getTimeout(tcpStreams, writeTimeout)},
	{Name: "get_peek_timeout", Type: "i64 -> i64", Call: getTimeout(tcpStreams, peekTimeout)},
	{Name: "tcp_flush", Type: "i64 i32 -> i32", Call: streamFlush(tcpStreams)},

	{Name: "tls_bind", Type: "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 -> i32", Call: tlsBind},
	{Name: "drop_tls_listener", Type: "i64", Call: drop(tlsListeners, "listener_id")},
	{Name: "tls_local_addr", Type: "i64 i32 -> i32", Call: listenerAddr(tlsListeners)},
	{Name: "tls_accept", Type: "i64 i32 i32 -> i32", Call: tlsAccept},
	{Name: "tls_connect", Type: "i32 i32 i32 i64 i32 i32 i32 -> i32", Call: tlsConnect(attached)},
	{Name: "drop_tls_stream", Type: "i64", Call: drop(tlsStreams, "stream_id")},
	{Name: "clone_tls_stream", Type: "i64 -> i64", Call: clone(tlsStreams, "stream_id")},
	{Name: "tls_write_vectored", Type: "i64 i32 i32 i32 -> i32", Call: streamWrite(tlsStreams)},
	{Name: "tls_read", Type: "i64 i32 i32 i32 -> i32", Call: streamRead(tlsStreams, readTimeout)},
	{Name: "set_tls_read_timeout", Type: "i64 i64", Call: setTimeout(tlsStreams, readTimeout)},
	{Name: "set_tls_write_timeout", Type: "i64 i64", Call: setTimeout(tlsStreams, writeTimeout)},
	{Name: "get_tls_read_timeout", Type: "i64 -> i64", Call: getTimeout(tlsStreams, readTimeout)},
	{Name: "get_tls_write_timeout", Type: "i64 -> i64", Call: getTimeout(tlsStreams, writeTimeout)},
	{Name: "tls_flush", Type: "i64 i32 -> i32", Call: streamFlush(tlsStreams)},

	{Name: "udp_bind", Type: "i32 i32 i32 i32 i32 i32 -> i32", Call: udpBind},
	{Name: "drop_udp_socket", Type: "i64", Call: drop(udpSockets, "socket_id")},
	{Name: "udp_local_addr", Type: "i64 i32 -> i32", Call: udpLocalAddr},
	{Name: "udp_peer_addr", Type: "i64 i32 -> i32", Call: udpPeerAddr},
	{Name: "udp_receive", Type: "i64 i32 i32 i32 -> i32", Call: udpReceive},
	{Name: "udp_receive_from", Type: "i64 i32 i32 i32 i32 -> i32", Call: udpReceiveFrom},
	{Name: "udp_connect", Type: "i64 i32 i32 i32 i32 i32 i64 i32 -> i32", Call: udpConnect},
	{Name: "udp_send_to", Type: "i64 i32 i32 i32 i32 i32 i32 i32 i32 -> i32", Call: udpSendTo},
	{Name: "udp_send", Type: "i64 i32 i32 i32 -> i32", Call: udpSend},
	{Name: "clone_udp_socket", Type: "i64 -> i64", Call: clone(udpSockets, "socket_id")},
	{Name: "set_udp_socket_broadcast", Type: "i64 i32", Call: udpSetOption(optionBroadcast)},
	{Name: "get_udp_socket_broadcast", Type: "i64 -> i32", Call: udpGetOption(optionBroadcast)},
	{Name: "set_udp_socket_ttl", Type: "i64 i32", Call: udpSetOption(optionTTL)},
	{Name: "get_udp_socket_ttl", Type: "i64 -> i32", Call: udpGetOption(optionTTL)},
}}

// timedOut is the status of an operation whose time is over.
const timedOut = 9027

// noTimeout is the timeout, in milliseconds, of what may take any time.
const noTimeout = math.MaxUint64

// errTimedOut is what the out-pointer of such a function tells.
var errTimedOut = errors.New("timed out")

// errAgain is the result of an attempt that would have to wait.
var errAgain = errors.New("not ready")

// drop returns the host function that closes a resource.
func drop[T any](kind *runner.Kind[T], argument string) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) { kind.Drop(p, argument, stack[0]) }
}

// clone returns the host function that gives the process another handle of a resource.
func clone[T interface{ share() }](kind *runner.Kind[T], argument string) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		x := kind.Get(p, argument, stack[0])
		x.share()
		stack[0] = kind.Add(p, x)
	}
}

// address reads a socket address: type 4 or 6, pointer, port, flow info and scope. Flow info
// is ignored: Go's net package has no place for it.
func address(p *runner.Process, args []uint64) netip.AddrPort {
	port := uint16(args[2])
	switch args[0] {
	case 4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(p.Bytes("addr_ptr", args[1], 4))), port)
	case 6:
		a := netip.AddrFrom16([16]byte(p.Bytes("addr_ptr", args[1], 16)))
		return netip.AddrPortFrom(zoned(a, args[4]), port)
	}
	p.Fail("addr_type", "is %d, not 4 or 6", args[0])
	panic("unreachable")
}

// network returns the name of a network whose sockets have addr's family. One that is bound
// to [::] takes IPv4, too, as everywhere but in Go's networks with a 6.
func network(name string, addr netip.AddrPort) string {
	switch a := addr.Addr(); {
	case a.Is4():
		return name + "4"
	case a.Is4In6() || a.IsUnspecified():
		return name
	default:
		return name + "6"
	}
}

// zoned returns an IPv6 address with a scope.
func zoned(a netip.Addr, scope uint64) netip.Addr {
	if scope == 0 || a.Is4In6() {
		return a
	}
	return a.WithZone(strconv.FormatUint(scope, 10))
}

// scopeID is the number of a zone, which may be a name.
func scopeID(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	return 0
}

// addrPort returns the address in what package net returns as one; invalid for others.
func addrPort(a net.Addr) netip.AddrPort {
	if a, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// putAddr gives the process an iterator with one address.
func putAddr(p *runner.Process, argument string, ptr uint64, a netip.AddrPort) {
	p.PutU64(argument, ptr, dnsIterators.Add(p, &dnsIterator{addrs: []netip.AddrPort{a}}))
}

// shortest is how long an attempt may take that gets no time: a timeout of 0 means to try
// once, and looking up a name, or connecting, takes a moment even if the answer is near.
const shortest = 10 * time.Millisecond

// withTimeout limits the time of ctx to milliseconds.
func withTimeout(ctx context.Context, millis uint64) (context.Context, context.CancelFunc) {
	if millis > math.MaxInt64/uint64(time.Millisecond) { // centuries, and noTimeout
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, max(time.Duration(millis)*time.Millisecond, shortest))
}

// expired reports whether the time of ctx is over, which package net may know before ctx.
func expired(ctx context.Context) bool {
	end, limited := ctx.Deadline()
	return limited && !time.Now().Before(end)
}

// how says whether a host function waits for the result of what it does.
type how bool

const (
	attached how = false
	detached how = true // the result is that of finish, for a descriptor
)

// async runs work on a goroutine of its own, for at most millis milliseconds. What it
// returns goes to done as part of the process, which returns the id for the guest, at ptr;
// if the process is gone by then, it goes to undo, which may be nil. An error goes to the
// guest, at ptr, and also if the time is over.
func async[T any](p *runner.Process, stack []uint64, h how, millis, ptr uint64, work func(context.Context) (T, error), undo func(T), done func(T) uint64) {
	p.CheckSignals()
	if h == detached && !beginOperation(p) {
		stack[0] = fail(p, "id_ptr", ptr, errTooManyOperations)
		return
	}
	op := p.Begin(func(whole context.Context) func([]uint64) {
		ctx, cancel := withTimeout(whole, millis)
		defer cancel()
		x, err := work(ctx)
		status := uint64(failed)
		switch {
		case err == nil:
			if undo != nil {
				runner.OnAbandon(whole, func() { undo(x) })
			}
		case expired(ctx):
			status, err = timedOut, errTimedOut
		}
		return func(results []uint64) {
			if err == nil {
				p.PutU64("id_ptr", ptr, done(x))
				results[0] = ok
				return
			}
			fail(p, "id_ptr", ptr, err)
			results[0] = status
		}
	})
	if h == attached {
		p.Wait(op, stack)
		return
	}
	o := &operation{op: op, ptr: &ptr, of: descriptorsOf(p)}
	p.PutU64("id_ptr", ptr, describe(p, o, func() descriptor { return o }))
	stack[0] = ok
}

// Bounds of a gather write. What lies behind them is left for another write.
const (
	maxParts  = 1024      // not empty
	maxIovecs = 64 * 1024 // looked at
)

// gatherIovecs returns the parts of an array of pointers and lengths, without those that are empty.
// It traps if one of those that it looks at is outside of the memory.
func gatherIovecs(p *runner.Process, parts [][]byte, ptr, count uint64) [][]byte {
	count = min(count, maxIovecs)
	// The product is less than 2^20: the range cannot wrap around.
	array := p.Bytes("iov_ptr", ptr, 8*count)
	for ; len(array) > 0 && len(parts) < maxParts; array = array[8:] {
		a, n := binary.LittleEndian.Uint32(array), binary.LittleEndian.Uint32(array[4:])
		if b := p.Bytes("iov", uint64(a), uint64(n)); n > 0 {
			parts = append(parts, b)
		}
	}
	return parts
}

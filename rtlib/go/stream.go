package lunatic

import (
	"context"
	"io"
	"net"
	"net/netip"
	"runtime"
	"time"
	"unsafe"
)

// A stream is what connections with and without TLS have in common.
type stream struct{ endpoint }

// Read reads what is there. It waits if there is nothing.
func (c *stream) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	var n uint64
	err := c.transfer("read", false, &n, func() uint32 {
		return c.calls.read(c.id, unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b)), &n)
	})
	switch {
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return int(n), nil
}

// An iovec is a buffer as the host wants it.
type iovec struct{ ptr, size uint32 }

// buffer is what is being written: addresses of the stack would not stay.
var buffer unsafe.Pointer

// Write writes all of b, unless it fails.
func (c *stream) Write(b []byte) (written int, err error) {
	for written < len(b) {
		rest := b[written:]
		var n uint64
		err := c.transfer("write", true, &n, func() uint32 {
			buffer = pointer(rest)
			v := iovec{uint32(uintptr(buffer)), uint32(len(rest))}
			defer runtime.KeepAlive(rest)
			return c.calls.write(c.id, unsafe.Pointer(&v), 1, &n)
		})
		if err != nil {
			return written, err
		}
		written += int(n)
	}
	return written, nil
}

// A TCPConn is a connection: a [net.Conn]. In a message it moves to the receiver; Clone first
// to keep one.
type TCPConn struct{ stream }

var tcpCalls = &calls{
	network: "tcp", descriptor: pollTCP, drop: sysDropTCP, push: sysPushTCP,
	read: sysTCPRead, write: sysTCPWrite, clone: sysCloneTCP,
}

func newTCPConn(id uint64, local net.Addr) *TCPConn {
	c := &TCPConn{}
	c.own(id, local)
	return c
}

func (c *TCPConn) own(id uint64, local net.Addr) {
	c.open(id, tcpCalls)
	c.local, c.remote = local, tcpAddr(addrOf(id, sysTCPPeerAddr))
}

// unknown is the address of a side that nobody has told.
var unknown net.Addr = &net.TCPAddr{}

// Clone returns another handle of the same connection, which is closed with the last one.
func (c *TCPConn) Clone() *TCPConn { return newTCPConn(c.calls.clone(c.id), c.local) }

func (c *TCPConn) take(index uint64) { c.own(sysTakeTCP(index), unknown) }

// A TLSConn is a connection with TLS, which the host speaks: a [net.Conn]. In a message it moves
// to the receiver.
type TLSConn struct{ stream }

var tlsCalls = &calls{
	network: "tls", descriptor: pollTLS, drop: sysDropTLS, push: sysPushTLS,
	read: sysTLSRead, write: sysTLSWrite, clone: sysCloneTLS,
}

func newTLSConn(id uint64, local, remote net.Addr) *TLSConn {
	c := &TLSConn{}
	c.own(id, local, remote)
	return c
}

func (c *TLSConn) own(id uint64, local, remote net.Addr) {
	c.open(id, tlsCalls)
	c.local, c.remote = local, remote
}

// Clone returns another handle of the same connection, which is closed with the last one.
func (c *TLSConn) Clone() *TLSConn { return newTLSConn(c.calls.clone(c.id), c.local, c.remote) }

func (c *TLSConn) take(index uint64) { c.own(sysTakeTLS(index), unknown, unknown) }

// A Listener accepts connections: a [net.Listener], for example for http.Serve.
type Listener struct {
	endpoint
	accept func(id uint64, stream, peer *uint64) uint32
	conn   func(id uint64, local, remote net.Addr) net.Conn
}

// Listen listens on an address of the network tcp, tcp4 or tcp6.
func Listen(network, address string) (*Listener, error) {
	return listen(network, address, &Listener{
		accept: sysTCPAccept,
		conn:   func(id uint64, local, _ net.Addr) net.Conn { return newTCPConn(id, local) },
	}, &calls{network: "tcp", descriptor: pollTCPListener, drop: sysDropTCPListener}, sysTCPLocalAddr,
		func(a *hostAddr, out *uint64) uint32 {
			return sysTCPBind(a.family, unsafe.Pointer(&a.bytes), a.port, 0, a.scope, out)
		})
}

// ListenTLS is [Listen] for connections with TLS. Certificate and key are PEM.
func ListenTLS(network, address string, certificate, key []byte) (*Listener, error) {
	return listen(network, address, &Listener{
		accept: sysTLSAccept,
		conn:   func(id uint64, local, remote net.Addr) net.Conn { return newTLSConn(id, local, remote) },
	}, &calls{network: "tls", descriptor: pollTLSListener, drop: sysDropTLSListener}, sysTLSLocalAddr,
		func(a *hostAddr, out *uint64) uint32 {
			return sysTLSBind(a.family, unsafe.Pointer(&a.bytes), a.port, 0, a.scope, out, string(certificate), string(key))
		})
}

func listen(network, address string, l *Listener, k *calls, local func(uint64, *uint64) uint32, bind func(*hostAddr, *uint64) uint32) (*Listener, error) {
	addrs, err := resolveFor(context.Background(), network, "tcp", address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	var id uint64
	a := newHostAddr(addrs[0])
	if bind(&a, &id) != 0 {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: tcpAddr(addrs[0]), Err: hostError(id)}
	}
	l.open(id, k)
	l.local = tcpAddr(addrOf(id, local))
	return l, nil
}

// Accept waits for the next connection, which is a *[TCPConn] or a *[TLSConn]. A client whose
// handshake fails is a [net.Error] that is temporary: net/http goes on after it.
func (l *Listener) Accept() (net.Conn, error) {
	var id, peer uint64
	status, err := l.await(false, func() uint32 { return l.accept(l.id, &id, &peer) })
	switch {
	case err != nil:
		return nil, l.fail("accept", err)
	case status != 0:
		return nil, l.fail("accept", acceptError{hostError(id)})
	}
	return l.conn(id, l.local, tcpAddr(takeAddr(peer))), nil
}

// An acceptError is that of one connection.
type acceptError struct{ error }

func (e acceptError) Unwrap() error { return e.error }
func (acceptError) Timeout() bool   { return false }
func (acceptError) Temporary() bool { return true }

// Addr returns the address that it listens on.
func (l *Listener) Addr() net.Addr { return l.local }

// Dial connects to an address of a network: tcp or udp, or these with a 4 or 6.
func Dial(network, address string) (net.Conn, error) {
	return DialContext(context.Background(), network, address)
}

// DialTimeout is [Dial] with a time-out.
func DialTimeout(network, address string, d time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return DialContext(ctx, network, address)
}

// DialContext is [Dial] with a context. An [net/http.Transport] can use it.
func DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if len(network) > 2 && network[:3] == "udp" {
		return dialUDP(ctx, network, address)
	}
	addrs, err := resolveFor(ctx, network, "tcp", address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	var first error
	for i, addr := range addrs {
		c, err := dialTCP(ctx, addr, len(addrs)-i)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = &net.OpError{Op: "dial", Net: network, Addr: tcpAddr(addr), Err: err}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// dialTCP connects within a share of the time that is left.
func dialTCP(ctx context.Context, addr netip.AddrPort, shares int) (*TCPConn, error) {
	if end, ok := ctx.Deadline(); ok && shares > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(shares))
		defer cancel()
	}
	a := newHostAddr(addr)
	id, err := begin(ctx, func(timeout uint64, out *uint64) uint32 {
		return beginTCPConnect(a.family, unsafe.Pointer(&a.bytes), a.port, 0, a.scope, timeout, out)
	})
	if err != nil {
		return nil, err
	}
	return newTCPConn(id, unknown), nil
}

// DialTLS connects with TLS; the host is also the name in the certificate. Roots are the
// authorities to trust, as PEM; without them the system's are.
func DialTLS(ctx context.Context, address string, roots ...[]byte) (*TLSConn, error) {
	fail := func(err error) (*TLSConn, error) { return nil, &net.OpError{Op: "dial", Net: "tls", Err: err} }
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fail(err)
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return fail(err)
	}
	var list []iovec
	for _, pem := range roots {
		buffer = pointer(pem)
		list = append(list, iovec{uint32(uintptr(buffer)), uint32(len(pem))})
	}
	id, err := begin(ctx, func(timeout uint64, out *uint64) uint32 {
		defer runtime.KeepAlive(roots)
		return beginTLSConnect(host, uint32(number), timeout, out, unsafe.Pointer(unsafe.SliceData(list)), uint32(len(list)))
	})
	if err != nil {
		return fail(err)
	}
	return newTLSConn(id, unknown, unknown), nil
}

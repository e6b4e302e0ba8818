package host

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// A tlsStream is a connection with TLS 1.2 or 1.3, without a client's certificate and without
// ALPN.
type tlsStream struct{ stream }

// A tlsListener accepts connections and makes the handshakes.
type tlsListener struct{ *listener }

var (
	tlsStreams   = runner.NewKind[*tlsStream]("TLS stream")
	tlsListeners = runner.NewKind[tlsListener]("TLS listener")
)

func newTLSStream(conn net.Conn) *tlsStream {
	s := &tlsStream{}
	s.init(addrPort(conn.RemoteAddr()), func(in, out *lane) duplex { return newPump(conn, in, out) })
	return s
}

// Bounds of what guests give as PEM, in bytes. The keys that peers accept have 8192 bits at
// most, which is 6.3 KB.
const (
	maxCerts = 1 << 20
	maxKey   = 16 << 10
)

// tlsBind is the five words of an address, id_ptr, certificate, length, key, length -> status.
// The certificate may be followed by the chain that it was signed with. It traps if there is
// none, or no key; a key of another certificate is an error.
func tlsBind(p *runner.Process, stack []uint64) {
	addr, ptr := address(p, stack), stack[5]
	p.Bytes("id_ptr", ptr, 8)
	cert, key := p.Bytes("cert", stack[6], stack[7]), p.Bytes("key", stack[8], stack[9])
	checkPEM(p, "cert", cert, maxCerts, "CERTIFICATE")
	checkPEM(p, "key", key, maxKey, "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")
	pair, err := keyPair(cert, key)
	if err != nil {
		stack[0] = fail(p, "id_ptr", ptr, err)
		return
	}
	l, err := listen(p, addr, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}})
	if err != nil {
		stack[0] = fail(p, "id_ptr", ptr, err)
		return
	}
	p.PutU64("id_ptr", ptr, tlsListeners.Add(p, tlsListener{l}))
	stack[0] = ok
}

// checkPEM traps if there is no block of one of the types in b.
func checkPEM(p *runner.Process, argument string, b []byte, limit int, types ...string) {
	if len(b) > limit {
		p.Fail(argument, "%d bytes are more than %d", len(b), limit)
	}
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			p.Fail(argument, "no PEM block %s", types[0])
		}
		for _, t := range types {
			if block.Type == t {
				return
			}
		}
	}
}

func keyPair(cert, key []byte) (tls.Certificate, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, err
	}
	if k, ok := pair.PrivateKey.(*rsa.PrivateKey); ok && k.N.BitLen() > 8192 {
		return pair, errors.New("tls: RSA key has more than 8192 bits")
	}
	return pair, nil
}

func tlsAccept(p *runner.Process, stack []uint64) {
	l := tlsListeners.Get(p, "listener_id", stack[0])
	accept(p, stack, tlsListeners, l.listener, func(p *runner.Process, conn net.Conn) uint64 {
		return tlsStreams.Add(p, newTLSStream(conn))
	})
}

// tlsConnect is host, length, port, timeout, id_ptr, certificates, count -> status. The timeout
// is for everything: looking up the host, connecting and the handshake. Without certificates
// the system's are trusted.
func tlsConnect(h how) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		port, millis, ptr := uint16(stack[2]), stack[3], stack[4]
		p.Bytes("id_ptr", ptr, 8)
		p.Bytes("host", stack[0], stack[1])
		host := p.Text("host", stack[0], min(stack[1], maxName+1))
		roots, err := trusted(p, stack[5], stack[6])
		switch {
		case err != nil:
		case len(host) > maxName:
			err = fmt.Errorf("tls: the host's name is longer than %d bytes", maxName)
		default:
			err = p.MayResolve(host)
		}
		if err != nil {
			stack[0] = fail(p, "id_ptr", ptr, err)
			return
		}
		async(p, stack, h, millis, ptr,
			func(ctx context.Context) (*tlsStream, error) { return dialTLS(ctx, p, host, port, roots) },
			func(s *tlsStream) { s.Close() },
			func(s *tlsStream) uint64 { return tlsStreams.Add(p, s) })
	}
}

func dialTLS(ctx context.Context, p *runner.Process, host string, port uint16, roots *x509.CertPool) (*tlsStream, error) {
	raw, err := dial(ctx, p, host, port)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: roots})
	// A server that says nothing must not keep a process for ever that has set no timeout.
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, handshakeError(raw, err)
	}
	return newTLSStream(conn), nil
}

// dial connects to the first of a host's addresses that can be reached and that the process
// may connect to. Those that come later get at least an equal share of the time.
func dial(ctx context.Context, p *runner.Process, host string, port uint16) (*net.TCPConn, error) {
	addrs, err := lookUp(ctx, p, host)
	if err != nil {
		return nil, err
	}
	var errs []error
	for i, a := range addrs {
		addr := netip.AddrPortFrom(a, port)
		if err := p.MayConnect(addr); err != nil {
			errs = append(errs, err)
			continue
		}
		conn, err := dialWithin(ctx, addr, len(addrs)-i)
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil || expired(ctx) {
			break
		}
	}
	return nil, errs[0]
}

// dialWithin connects within a share of the time that is left.
func dialWithin(ctx context.Context, addr netip.AddrPort, shares int) (*net.TCPConn, error) {
	if end, limited := ctx.Deadline(); limited && shares > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(shares))
		defer cancel()
	}
	return dialAddr(ctx, addr)
}

// trusted reads an array of pointers and lengths of PEM certificates; nil if it is empty. Some
// guests write length and pointer instead: the order is that which leads to a PEM header.
// Entries without a certificate are left out, but not all of them may be.
func trusted(p *runner.Process, ptr, count uint64) (*x509.CertPool, error) {
	if count == 0 {
		return nil, nil
	}
	if 8*count > uint64(p.MemorySize()) { // the product would be cut to 32 bits
		p.Fail("certs", "%d entries are too many", count)
	}
	array := p.Bytes("certs", ptr, 8*count)
	pool, size, found := x509.NewCertPool(), 0, false
	for ; len(array) > 0; array = array[8:] {
		b := trustedEntry(p, binary.LittleEndian.Uint32(array), binary.LittleEndian.Uint32(array[4:]))
		if size += 8 + len(b); size > maxCerts {
			return nil, fmt.Errorf("tls: more than %d bytes of certificates", maxCerts)
		}
		found = pool.AppendCertsFromPEM(b) || found
	}
	if !found {
		return nil, errors.New("tls: no certificate to trust")
	}
	return pool, nil
}

// trustedEntry returns what an entry stands for. It traps if it lies outside of the memory in
// either order.
func trustedEntry(p *runner.Process, x, y uint32) []byte {
	size := uint64(p.MemorySize())
	inside := func(ptr, n uint32) bool { return uint64(ptr)+uint64(n) <= size }
	if inside(y, x) && !(inside(x, y) && begins(p.Bytes("certs", uint64(x), uint64(y)))) {
		if b := p.Bytes("certs", uint64(y), uint64(x)); begins(b) || !inside(x, y) {
			return b
		}
	}
	return p.Bytes("certs", uint64(x), uint64(y))
}

func begins(b []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(b[:min(len(b), 64)], " \t\r\n"), []byte("-----BEGIN "))
}

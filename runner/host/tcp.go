package host

import (
	"context"
	"net"
	"net/netip"

	"github.com/lunatic-go/lunatic/runner"
)

// A tcpStream is a connection.
type tcpStream struct{ stream }

// A tcpListener accepts connections.
type tcpListener struct{ *listener }

var (
	tcpStreams   = runner.NewKind[*tcpStream]("TCP stream")
	tcpListeners = runner.NewKind[tcpListener]("TCP listener")
)

func newTCPStream(conn *net.TCPConn) *tcpStream {
	s := &tcpStream{}
	s.init(addrPort(conn.RemoteAddr()), func(in, out *lane) duplex { return newTCP(conn, in, out) })
	return s
}

// tcpBind is the five words of an address, id_ptr -> status.
func tcpBind(p *runner.Process, stack []uint64) {
	addr, ptr := address(p, stack), stack[5]
	p.Bytes("id_ptr", ptr, 8)
	l, err := listen(p, addr, nil)
	if err != nil {
		stack[0] = fail(p, "id_ptr", ptr, err)
		return
	}
	p.PutU64("id_ptr", ptr, tcpListeners.Add(p, tcpListener{l}))
	stack[0] = ok
}

func tcpAccept(p *runner.Process, stack []uint64) {
	l := tcpListeners.Get(p, "listener_id", stack[0])
	accept(p, stack, tcpListeners, l.listener, func(p *runner.Process, conn net.Conn) uint64 {
		return tcpStreams.Add(p, newTCPStream(conn.(*net.TCPConn)))
	})
}

// tcpConnect is the five words of an address, timeout, id_ptr -> status. What was said of a
// timeout of 0: see shortest.
func tcpConnect(h how) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		addr, millis, ptr := address(p, stack), stack[5], stack[6]
		p.Bytes("id_ptr", ptr, 8)
		if err := p.MayConnect(addr); err != nil {
			stack[0] = fail(p, "id_ptr", ptr, err)
			return
		}
		async(p, stack, h, millis, ptr,
			func(ctx context.Context) (*tcpStream, error) {
				conn, err := dialAddr(ctx, addr)
				if err != nil {
					return nil, err
				}
				return newTCPStream(conn), nil
			},
			func(s *tcpStream) { s.Close() },
			func(s *tcpStream) uint64 { return tcpStreams.Add(p, s) })
	}
}

// tcpPeerAddr is stream_id, id_ptr -> status.
func tcpPeerAddr(p *runner.Process, stack []uint64) {
	s := tcpStreams.Get(p, "stream_id", stack[0])
	p.Bytes("id_ptr", stack[1], 8)
	putAddr(p, "id_ptr", stack[1], s.peer)
	stack[0] = ok
}

func dialAddr(ctx context.Context, addr netip.AddrPort) (*net.TCPConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

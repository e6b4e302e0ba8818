package host

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// A listener belongs to one process: there is no way to send or clone it. A goroutine accepts
// while the process waits, and a little further; connections that the process does not take
// are closed with the listener, as those that the system has accepted are.
//
// Handshakes of TLS are made side by side, so that a client that says nothing keeps nobody out.
type listener struct {
	ln     *net.TCPListener
	tls    *tls.Config // nil: plain TCP
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex
	ready   []accepted
	shaking int // hands
	running bool
	closed  bool
	waiter  *runner.Process
}

// accepted is what the process gets: a connection or an error.
type accepted struct {
	conn net.Conn
	err  error
}

// Bounds of what is accepted before it is asked for: connections, handshakes that are under
// way included, and the time that a handshake may take.
const (
	acceptAhead   = 64
	tlsAhead      = 256
	handshakeTime = 30 * time.Second
)

// listen makes a listener on an address that the process may listen on.
func listen(p *runner.Process, addr netip.AddrPort, conf *tls.Config) (*listener, error) {
	if err := p.MayListen(addr); err != nil {
		return nil, err
	}
	ln, err := net.ListenTCP(network("tcp", addr), net.TCPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	l := &listener{ln: ln, tls: conf}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l, nil
}

// accept is listener_id, id_ptr, peer_iter_ptr -> status. add gives the process a connection.
func accept[T any](p *runner.Process, stack []uint64, kind *runner.Kind[T], l *listener, add func(*runner.Process, net.Conn) uint64) {
	w := &accepting{l: l, id: stack[1], peer: stack[2], add: add}
	p.Bytes("id_ptr", w.id, 8)
	p.Bytes("peer_iter_ptr", w.peer, 8)
	p.CheckSignals()
	timeout(p, kind, stack[0], noTimeout)
	p.Wait(w, stack)
}

// accepting is the Wait of an accept.
type accepting struct {
	l        *listener
	id, peer uint64
	add      func(*runner.Process, net.Conn) uint64
}

func (w *accepting) Poll(p *runner.Process, results []uint64) bool {
	a, found := w.l.take(p)
	switch {
	case !found && p.TimedOut():
		results[0] = timedOut
	case !found:
		return false
	case a.err != nil:
		results[0] = fail(p, "id_ptr", w.id, a.err)
		p.PutU64("peer_iter_ptr", w.peer, 0)
	default:
		peer := addrPort(a.conn.RemoteAddr())
		p.PutU64("id_ptr", w.id, w.add(p, a.conn))
		putAddr(p, "peer_iter_ptr", w.peer, peer)
		results[0] = ok
	}
	return true
}

// take returns what was accepted first. If there is nothing yet, p is woken when there is.
func (l *listener) take(p *runner.Process) (a accepted, found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ready) > 0 {
		a, found = l.ready[0], true
		l.ready[0] = accepted{}
		if l.ready = l.ready[1:]; len(l.ready) == 0 {
			l.ready = nil
		}
		l.waiter = nil
		return a, true
	}
	l.await(p)
	return accepted{}, false
}

// await has p woken when something was accepted.
func (l *listener) await(p *runner.Process) {
	l.waiter = p
	if !l.running && !l.full() {
		l.running = true
		go l.fill()
	}
}

// readable reports whether take would find something. If not, p is woken when it will.
func (l *listener) readable(p *runner.Process) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ready) > 0 || l.closed {
		return true
	}
	l.await(p)
	return false
}

func (l *listener) full() bool {
	if l.tls != nil {
		return len(l.ready)+l.shaking >= tlsAhead
	}
	return len(l.ready) >= acceptAhead
}

// fill accepts until there is enough, or an error: the process may try again after that.
func (l *listener) fill() {
	for {
		conn, err := l.ln.AcceptTCP()
		l.mu.Lock()
		switch {
		case l.closed:
			if err == nil {
				conn.Close()
			}
		case err != nil:
			l.push(accepted{err: err})
		case l.tls != nil:
			l.shaking++
			go l.shake(conn)
		default:
			l.push(accepted{conn: conn})
		}
		if l.closed || err != nil || l.full() {
			l.running = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
	}
}

// shake makes the handshake of a connection.
func (l *listener) shake(raw net.Conn) {
	conn := tls.Server(raw, l.tls)
	ctx, cancel := context.WithTimeout(l.ctx, handshakeTime)
	defer cancel()
	err := conn.HandshakeContext(ctx)
	if err != nil {
		raw.Close()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shaking--
	switch {
	case l.closed:
		raw.Close()
	case err != nil:
		l.push(accepted{err: handshakeError(raw, err)})
	default:
		l.push(accepted{conn: conn})
	}
	// The process may wait without anybody who accepts for it, if there were too many.
	if l.waiter != nil && !l.closed && !l.running && !l.full() {
		l.running = true
		go l.fill()
	}
}

func (l *listener) push(a accepted) {
	l.ready = append(l.ready, a)
	if l.waiter != nil {
		l.waiter.Wake()
	}
}

// Close ends the handshakes and closes what nobody has taken.
func (l *listener) Close() error {
	l.mu.Lock()
	l.closed = true
	ready := l.ready
	l.ready, l.waiter = nil, nil
	l.mu.Unlock()
	err := l.ln.Close()
	l.cancel()
	for _, a := range ready {
		if a.conn == nil {
			continue
		}
		if c, ok := a.conn.(*tls.Conn); ok {
			c.NetConn().Close() // without a farewell, which could take its time
		} else {
			a.conn.Close()
		}
	}
	return err
}

// listenerAddr is listener_id, id_ptr -> status.
func listenerAddr[T interface{ addr() netip.AddrPort }](kind *runner.Kind[T]) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		l := kind.Get(p, "listener_id", stack[0])
		p.Bytes("id_ptr", stack[1], 8)
		putAddr(p, "id_ptr", stack[1], l.addr())
		stack[0] = ok
	}
}

func (l *listener) addr() netip.AddrPort { return addrPort(l.ln.Addr()) }

// handshakeError says whose handshake has failed.
func handshakeError(conn net.Conn, err error) error {
	return fmt.Errorf("handshake with %v: %w", conn.RemoteAddr(), err)
}

package httpcli

import (
	"io"
	"sync"
)

// pipeSize is how many bytes a process may be ahead of its client.
const pipeSize = 64 << 10

// A pipe is a standard output that is read elsewhere. Who writes waits while it is full.
type pipe struct {
	mu      sync.Mutex
	changed sync.Cond
	buf     []byte
	from    int  // what was read of buf
	ended   bool // nobody will write
	closed  bool // nobody will read: writing fails
	drop    bool // nobody will read: writing succeeds
}

func newPipe() *pipe {
	p := &pipe{}
	p.changed.L = &p.mu
	return p
}

func (p *pipe) Write(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.drop:
			return n + len(b), nil
		case p.closed || p.ended:
			return n, io.ErrClosedPipe
		case len(b) == 0:
			return n, nil
		}
		if room := pipeSize - (len(p.buf) - p.from); room > 0 {
			k := min(room, len(b))
			p.buf = append(p.buf, b[:k]...)
			b, n = b[k:], n+k
			p.changed.Broadcast()
			continue
		}
		p.changed.Wait()
	}
}

func (p *pipe) Read(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.from == len(p.buf) {
		switch {
		case p.closed:
			return 0, io.ErrClosedPipe
		case p.ended:
			return 0, io.EOF
		}
		p.changed.Wait()
	}
	n = copy(b, p.buf[p.from:])
	if p.from += n; p.from == len(p.buf) {
		p.buf, p.from = p.buf[:0], 0
	}
	p.changed.Broadcast()
	return n, nil
}

// Idle reports whether a read would have to wait.
func (p *pipe) Idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.from == len(p.buf) && !p.ended && !p.closed
}

// CloseWrite says that nothing more comes, CloseRead that nobody wants it, Discard that it
// may be thrown away.
func (p *pipe) CloseWrite() { p.set(&p.ended) }
func (p *pipe) CloseRead()  { p.set(&p.closed) }
func (p *pipe) Discard()    { p.set(&p.drop) }

func (p *pipe) set(flag *bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*flag = true
	p.changed.Broadcast()
}

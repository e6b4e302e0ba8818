package httpcli

import (
	"io"
	"sync"
)

// pipeSize is how many bytes a process may be ahead of its client.
const pipeSize = 64 << 10

// A pipe is a standard output that is read elsewhere, by one reader. Who writes waits while it
// is full.
type pipe struct {
	mu     sync.Mutex
	room   sync.Cond
	more   chan struct{} // has an element when the reader is to look
	buf    []byte
	from   int  // what was read of buf
	ended  bool // nobody will write
	closed bool // nobody will read: writing fails
	drop   bool // nobody will read: writing succeeds

	// done, if not nil, is closed when the process has ended. The reader then calls end, which
	// ends those who still write and calls CloseWrite.
	done <-chan struct{}
	end  func()
}

func newPipe() *pipe {
	p := &pipe{more: make(chan struct{}, 1)}
	p.room.L = &p.mu
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
			p.tell()
			continue
		}
		p.room.Wait()
	}
}

// tell has the reader look.
func (p *pipe) tell() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

func (p *pipe) Read(b []byte) (n int, err error) {
	for done := p.done; ; {
		if n, err = p.take(b); n > 0 || err != nil {
			return n, err
		}
		select {
		case <-p.more:
		case <-done:
			p.end()
			done = nil
		}
	}
}

// take is Read without waiting. It returns 0 and nil if there is nothing yet.
func (p *pipe) take(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.from == len(p.buf) {
		switch {
		case p.closed:
			return 0, io.ErrClosedPipe
		case p.ended:
			return 0, io.EOF
		}
		return 0, nil
	}
	n = copy(b, p.buf[p.from:])
	if p.from += n; p.from == len(p.buf) {
		p.buf, p.from = p.buf[:0], 0
	}
	p.room.Broadcast()
	return n, nil
}

// Idle reports whether a read would have to wait.
func (p *pipe) Idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.from < len(p.buf) || p.ended || p.closed {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
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
	p.room.Broadcast()
	p.tell()
}

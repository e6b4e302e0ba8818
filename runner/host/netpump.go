package host

import (
	"net"
	"sync"
	"time"
)

// A pump is a connection that goroutines read and write, through buffers: one with TLS, or any
// where the system has no sockets that can be tried without waiting.
//
// A goroutine that reads lasts until something has come, also when nobody waits for it any
// more. What it has read stays for the next one: time-outs lose nothing.
//
// Write takes what it is given while nothing else is on its way. So a write that was timed out
// has had no effect, and flush is what waits until all is with the system.
type pump struct {
	conn    net.Conn
	in, out *lane

	mu      sync.Mutex
	room    int    // bytes to read at once
	ahead   []byte // was read
	inErr   error
	reading bool
	sending []byte // buffer of what is on its way
	outErr  error
	writing bool
	closed  bool
}

// Sizes of a pump's buffers in bytes. The first is made while a reader waits: it doubles as
// long as reads fill it.
const (
	leastAhead = 1 << 10
	mostAhead  = 32 << 10
	mostSent   = 32 << 10
)

// linger is how long what was written may take to leave after the last handle is gone.
const linger = 10 * time.Second

func newPump(conn net.Conn, in, out *lane) *pump {
	return &pump{conn: conn, in: in, out: out, room: leastAhead}
}

func (c *pump) read(b []byte, peek bool) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.ahead) > 0:
		n := copy(b, c.ahead)
		if !peek {
			if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
				c.ahead = nil
			}
		}
		return n, nil
	case c.inErr != nil:
		return 0, c.inErr
	}
	c.begin()
	return 0, errAgain
}

// begin has somebody read, unless somebody does.
func (c *pump) begin() {
	if !c.reading {
		c.reading = true
		go c.fill(c.room)
	}
}

func (c *pump) readable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ahead) > 0 || c.inErr != nil {
		return true
	}
	c.begin()
	return false
}

func (c *pump) writable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent() != errAgain
}

// fill reads once.
func (c *pump) fill(room int) {
	b := make([]byte, room)
	n, err := c.conn.Read(b)
	c.mu.Lock()
	switch {
	case n == room && room < mostAhead:
		c.room *= 2
	case n < room/2 && room > leastAhead:
		c.room /= 2
	}
	c.ahead, c.inErr, c.reading = b[:n], err, false
	c.mu.Unlock()
	c.in.ready()
}

func (c *pump) write(parts [][]byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.sent(); err != nil {
		return 0, err
	}
	b := c.sending[:0]
	for _, part := range parts {
		b = append(b, part[:min(len(part), mostSent-len(b))]...)
	}
	c.sending, c.writing = b, true
	go c.drain(b)
	return len(b), nil
}

// sent returns nil if nothing is on its way.
func (c *pump) sent() error {
	switch {
	case c.outErr != nil:
		return c.outErr
	case c.writing:
		return errAgain
	}
	return nil
}

func (c *pump) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent()
}

// drain writes what write has taken.
func (c *pump) drain(b []byte) {
	_, err := c.conn.Write(b)
	c.mu.Lock()
	c.outErr, c.writing = err, false
	closed := c.closed
	c.mu.Unlock()
	if closed {
		c.conn.Close()
		return
	}
	c.out.ready()
}

// The goroutines make their lanes ready in any case.
func (c *pump) armRead()  {}
func (c *pump) armWrite() {}

// Close leaves it to a goroutine to write the rest, and the end of TLS.
func (c *pump) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.writing {
		return c.conn.SetWriteDeadline(time.Now().Add(linger))
	}
	go c.conn.Close()
	return nil
}

package libtest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/lunatic-go/lunatic/runner"
)

// Bounds of what is kept of a test's output, in bytes: of each process, the first and the
// last half of maxOutput, and of all processes but the first maxOutputs together.
const (
	maxOutput  = 2 << 20
	maxOutputs = 64 << 20
)

// A capture is what the processes of one test have written.
type capture struct {
	mu   sync.Mutex
	by   map[uint64]*output // by the process's number, which is the order of creation
	size int                // of all but the first, as far as it is kept
}

// An output is what one process has written to its standard output and error.
type output struct {
	head, tail bytes.Buffer
	lost       int    // bytes between the two
	end        string // what the host says about its end
}

// A stream is a capture's standard output or error.
type stream struct {
	*capture
	echo io.Writer // nil: nowhere
}

// WriteProcess implements runner.ProcessWriter.
func (s *stream) WriteProcess(p *runner.Process, b []byte) (int, error) {
	s.add(p.ID(), b)
	if s.echo != nil {
		return s.echo.Write(b)
	}
	return len(b), nil
}

// Write is never called: every process has a number.
func (s *stream) Write(b []byte) (int, error) { return len(b), nil }

func (c *capture) add(id uint64, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.of(id)
	if id == 1 { // what it says decides
		o.add(b)
		return
	}
	if c.size+len(b) > maxOutputs {
		o.lost += len(b)
		return
	}
	n := o.size()
	o.add(b)
	c.size += o.size() - n
}

// failed notes what the host says about the end of a process.
func (c *capture) failed(p *runner.Process, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of(p.ID()).end = text
}

func (c *capture) of(id uint64) *output {
	if c.by == nil {
		c.by = make(map[uint64]*output)
	}
	o := c.by[id]
	if o == nil {
		o = &output{}
		c.by[id] = o
	}
	return o
}

func (o *output) size() int { return o.head.Len() + o.tail.Len() }

func (o *output) add(b []byte) {
	const half = maxOutput / 2
	n := min(len(b), half-o.head.Len())
	o.head.Write(b[:n])
	o.tail.Write(b[n:])
	if o.tail.Len() > 2*half { // seldom: each byte is moved once at most
		o.lost += o.tail.Len() - half
		rest := bytes.Clone(o.tail.Bytes()[o.tail.Len()-half:])
		o.tail.Reset()
		o.tail.Write(rest)
	}
}

// written is what the process itself has written.
func (o *output) written() string {
	if o.lost == 0 {
		return o.head.String() + o.tail.String()
	}
	return fmt.Sprintf("%s\n[%d bytes are left out]\n%s", o.head.String(), o.lost, o.tail.String())
}

// first returns what the test's own process has written, and how it has ended.
func (c *capture) first() (written, end string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o := c.by[1]; o != nil {
		return o.written(), o.end
	}
	return "", ""
}

// String is all of it. With several processes, each has a heading.
func (c *capture) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b bytes.Buffer
	for _, id := range slices.Sorted(maps.Keys(c.by)) {
		o := c.by[id]
		if len(c.by) > 1 || id != 1 {
			fmt.Fprintf(&b, "--- process %d stdout ---\n", id)
		}
		for _, text := range []string{o.written(), o.end} {
			b.WriteString(text)
			if text != "" && text[len(text)-1] != '\n' {
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

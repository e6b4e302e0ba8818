package httpcli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// An input is the body of a request as a standard input. It can be closed while somebody
// reads it, which a body cannot be.
type input struct {
	body    io.ReadCloser
	control *http.ResponseController

	mu      sync.Mutex
	done    sync.WaitGroup // the read that goes on
	closed  bool
	reading bool
	eof     bool // all was read
}

func (in *input) Read(b []byte) (int, error) {
	if !in.enter() {
		return 0, io.EOF
	}
	n, err := in.body.Read(b)
	in.leave(err == io.EOF)
	return n, err
}

func (in *input) enter() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return false
	}
	in.reading = true
	in.done.Add(1)
	return true
}

func (in *input) leave(eof bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.reading = false
	in.eof = in.eof || eof
	in.done.Done()
}

// drained reports whether all was read.
func (in *input) drained() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.eof || in.body == http.NoBody
}

// close ends a read that waits, and lets no other begin. What was not read, the server reads
// for a while, or it closes the connection.
func (in *input) close() {
	in.mu.Lock()
	in.closed = true
	if in.reading {
		in.control.SetReadDeadline(time.Now())
	}
	in.mu.Unlock()
	in.done.Wait()
	if !in.drained() {
		in.control.SetReadDeadline(time.Now().Add(answerTime))
	}
}

// stdin is the process's standard input: the body, or the whole HTTP message.
func (in *input) stdin(r *http.Request, message bool) *runner.Stdin {
	var head []byte
	var body io.Reader = in
	if message {
		head = rawHead(r)
		if r.ContentLength < 0 {
			body = &chunked{r: in}
		}
	}
	if r.ContentLength == 0 && in.drained() {
		body = nil // no goroutine has to look for it
	}
	return runner.NewStdinAfter(head, body)
}

// hop are the headers that are about one connection, not about the message.
var hop = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, "Expect": true, "Content-Length": true, "Host": true,
}

// rawHead writes the request line and the headers. The message is the only one on the
// process's standard input.
func rawHead(r *http.Request) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.RequestURI, r.Host)
	r.Header.WriteSubset(&b, hop)
	switch {
	case r.ContentLength < 0:
		b.WriteString("Transfer-Encoding: chunked\r\n")
	case r.ContentLength > 0 || r.Header.Get("Content-Length") != "":
		fmt.Fprintf(&b, "Content-Length: %d\r\n", r.ContentLength)
	}
	b.WriteString("Connection: close\r\n\r\n")
	return b.Bytes()
}

// chunked reads r in the chunked coding, a chunk for each read.
type chunked struct {
	r    io.Reader
	buf  bytes.Buffer
	data []byte
	err  error
}

func (c *chunked) Read(b []byte) (int, error) {
	for c.buf.Len() == 0 {
		if c.err != nil {
			return 0, c.err
		}
		if c.data == nil {
			c.data = make([]byte, 16<<10)
		}
		var n int
		n, c.err = c.r.Read(c.data)
		w := httputil.NewChunkedWriter(&c.buf)
		if n > 0 {
			w.Write(c.data[:n])
		}
		if c.err == io.EOF {
			w.Close()
			c.buf.WriteString("\r\n") // behind the trailers, of which there are none
		}
	}
	return c.buf.Read(b)
}

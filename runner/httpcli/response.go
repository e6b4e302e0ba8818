package httpcli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"

	"github.com/lunatic-go/lunatic/runner"
)

// maxHead is the size in bytes of the largest head of a response.
const maxHead = 1 << 20

// limited reads at most left bytes.
type limited struct {
	r    io.Reader
	left int
}

var errHead = fmt.Errorf("the head of the response has more than %d bytes", maxHead)

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errHead
	}
	n, err := l.r.Read(b[:min(len(b), l.left)])
	if l.left != math.MaxInt {
		l.left -= n
	}
	return n, err
}

// maxInformational is how many informational responses may come before the response.
const maxInformational = 10

// response reads the head of the response.
func (e *exchange) response(cgi bool) (resp *http.Response, err error) {
	for range maxInformational {
		if cgi {
			resp, err = readCGI(e.reader)
		} else {
			resp, err = http.ReadResponse(e.reader, e.r)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, errors.New("the program has ended without a response")
		case err != nil:
			return nil, fmt.Errorf("the program's output is no response: %w", err)
		case resp.StatusCode == http.StatusContinue || resp.StatusCode == http.StatusProcessing:
			continue // the server has sent the first one if that was needed
		case resp.StatusCode == http.StatusEarlyHints:
			e.inform(resp)
			continue
		case resp.StatusCode < 200 || resp.StatusCode > 999:
			return nil, fmt.Errorf("the program's output is no response: status %d", resp.StatusCode)
		}
		e.head.left = math.MaxInt
		return resp, nil
	}
	return nil, errors.New("the program wrote too many informational responses")
}

// inform passes an informational response on.
func (e *exchange) inform(resp *http.Response) {
	header := e.w.Header()
	e.lastIfUnread()
	setHeader(header, resp.Header)
	e.w.WriteHeader(resp.StatusCode)
	clear(header)
}

// lastIfUnread makes the request the last one of its connection, unless its body was read to
// the end: with full duplex, net/http does not look where the next request begins.
func (e *exchange) lastIfUnread() {
	if e.r.ProtoMajor == 1 && !e.in.drained() {
		e.w.Header().Set("Connection", "close")
	}
}

// setHeader copies the headers that are about the message.
func setHeader(to, from http.Header) {
	for name, values := range from {
		if !hop[name] {
			to[name] = values
		}
	}
	for _, list := range from["Connection"] { // of more that are about it
		for name := range strings.SplitSeq(list, ",") {
			delete(to, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
}

// copy sends the response. What has come is sent before waiting for more.
func (e *exchange) copy(resp *http.Response) error {
	setHeader(e.w.Header(), resp.Header)
	e.lastIfUnread()
	if resp.ContentLength >= 0 && !noBody(resp.StatusCode) {
		e.w.Header().Set("Content-Length", fmt.Sprint(resp.ContentLength))
	}
	if e.w.Header()["Content-Type"] == nil {
		e.w.Header()["Content-Type"] = nil // the server would guess one
	}
	e.w.WriteHeader(resp.StatusCode)
	if e.r.Method == http.MethodHead || noBody(resp.StatusCode) {
		return nil
	}
	if err := e.flush(); err != nil {
		return err
	}
	pool := &smallBuffers // most bodies are short, and programs may be slow
	buf := pool.Get().(*[]byte)
	defer func() { pool.Put(buf) }()
	sent := int64(0)
	for {
		n, err := resp.Body.Read(*buf)
		if n > 0 {
			if _, err := e.w.Write((*buf)[:n]); err != nil {
				return errGone
			}
			sent += int64(n)
		}
		if n == len(*buf) && pool == &smallBuffers {
			pool.Put(buf)
			pool = &largeBuffers
			buf = pool.Get().(*[]byte)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("the response breaks off: %w", err)
		}
		if sent == resp.ContentLength {
			continue // the end comes at once
		}
		if err := e.flush(); err != nil {
			return err
		}
	}
	if resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0 {
		return nil // it says itself where it ends
	}
	e.await()
	if e.err != nil || e.exit.Err != nil || e.exit.Reason == runner.ExitKilled {
		return errors.New("the response breaks off: the program has not come to its end")
	}
	return nil
}

// noBody reports whether responses of a status have no body, and no length of it.
func noBody(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// flush sends what there is, if the next read would wait for the process.
func (e *exchange) flush() error {
	if e.reader.Buffered() == 0 && e.out.Idle() && e.control.Flush() != nil {
		return errGone
	}
	return nil
}

var (
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, 2<<10); return &b }}
	largeBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}
)

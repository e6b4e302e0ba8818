package httpcli

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Whatever a program writes, it is a response or an error; nothing panics.
func FuzzOutput(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 103 X\r\nLink: a\r\n\r\nHTTP/1.0 204 X\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n",
		"Status: 404 X\nContent-Type: text/plain\n\nhello", "Location: /\n\n", "Content-Type: x\nContent-Length: 3\n\nhello", "Status: 1000\n\n", "Connection: a, b\nContent-Type: x\n\n",
	} {
		f.Add([]byte(s), true, true)
		f.Add([]byte(s), false, false)
	}
	f.Fuzz(func(t *testing.T, output []byte, cgi, head bool) {
		r := httptest.NewRequest("GET", "/", nil)
		if head {
			r.Method = "HEAD"
		}
		w := httptest.NewRecorder()
		e := &exchange{w: w, r: r, control: http.NewResponseController(w), out: newPipe(), ended: make(chan struct{})}
		e.in = &input{body: r.Body, control: e.control}
		e.head = &limited{r: e.out, left: maxHead}
		e.reader = bufio.NewReader(e.head)
		go func() {
			e.out.Write(output)
			e.out.CloseWrite()
			close(e.ended)
		}()
		defer e.out.Discard()
		resp, err := e.response(cgi)
		if err != nil {
			return
		}
		if resp.StatusCode < 200 || resp.StatusCode > 999 {
			t.Fatalf("status %d", resp.StatusCode)
		}
		err = e.copy(resp)
		if body := int64(w.Body.Len()); err == nil && !head && !noBody(resp.StatusCode) && resp.ContentLength >= 0 && body != resp.ContentLength {
			t.Errorf("a body of %d bytes was sent, the response said %d", body, resp.ContentLength)
		}
	})
}

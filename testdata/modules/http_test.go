package modules_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// TestHTTPClient is Go's own client, many at a time.
func TestHTTPClient(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	small := func(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }
	cases := []struct {
		method, path string
		body         func() io.Reader
		status       int
		typ, want    string
		header       [2]string // an expected field
	}{
		{method: "GET", path: "/text", status: 200, typ: "text/plain; charset=utf-8", want: "Hello, World!\n"},
		{method: "GET", path: "/text?query#x", status: 200, typ: "text/plain; charset=utf-8", want: "Hello, World!\n"},
		{method: "GET", path: "/json", status: 200, typ: "application/json", want: "{\"message\":\"Hello, World!\"}\n"},
		{method: "HEAD", path: "/json", status: 200, typ: "application/json", header: [2]string{"Content-Length", "28"}},
		{method: "GET", path: "/", status: 200, typ: "text/html; charset=utf-8", want: "<!doctype html><title>Lunatic</title><p>A process for every connection.\n"},
		{method: "GET", path: "/none", status: 404, typ: "text/plain", want: "404 Not Found\n"},
		{method: "GET", path: "/" + strings.Repeat("x", 7000), status: 404, typ: "text/plain", want: "404 Not Found\n"},
		{method: "POST", path: "/text", body: small("x"), status: 405, typ: "text/plain", want: "405 Method Not Allowed\n", header: [2]string{"Allow", "GET, HEAD"}},
		{method: "GET", path: "/echo", status: 405, typ: "text/plain", want: "405 Method Not Allowed\n", header: [2]string{"Allow", "POST"}},
		{method: "DELETE", path: "/text", status: 501, typ: "text/plain", want: "501 Not Implemented\n"},
		{method: "POST", path: "/echo", body: small("hello"), status: 200, typ: "text/x-test", want: "hello"},
		{method: "POST", path: "/echo", status: 200, typ: "text/x-test"},
		{method: "POST", path: "/echo", body: func() io.Reader { return bytes.NewReader(data) }, status: 200, typ: "text/x-test", want: string(data)},
		// io.MultiReader hides the length: chunks.
		{method: "POST", path: "/echo", body: func() io.Reader { return io.MultiReader(bytes.NewReader(data)) }, status: 200, typ: "text/x-test", want: string(data)},
	}
	inModes(t, func(t *testing.T, stress runner.Stress) {
		s := start(t, "http", stress)
		var dialed atomic.Int32
		client := &http.Client{Timeout: patience, Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				dialed.Add(1)
				return new(net.Dialer).DialContext(ctx, network, addr)
			},
			ExpectContinueTimeout: patience, // an answer must come
		}}
		for _, c := range cases {
			var body io.Reader
			if c.body != nil {
				body = c.body()
			}
			req, err := http.NewRequest(c.method, "http://"+s.addr+c.path, body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "text/x-test")
			if c.body != nil && c.method == "POST" {
				req.Header.Set("Expect", "100-continue")
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatalf("%s %.20s: %v", c.method, c.path, err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != c.status || string(got) != c.want || resp.Header.Get("Content-Type") != c.typ {
				t.Errorf("%s %.20s: %s, %q, %d bytes %.50q, error %v, want %d, %q, %d bytes", c.method, c.path,
					resp.Status, resp.Header.Get("Content-Type"), len(got), got, err, c.status, c.typ, len(c.want))
			}
			if k := c.header[0]; k != "" && resp.Header.Get(k) != c.header[1] {
				t.Errorf("%s %.20s: %s is %q, want %q", c.method, c.path, k, resp.Header.Get(k), c.header[1])
			}
			date, err := http.ParseTime(resp.Header.Get("Date"))
			if d := time.Since(date); err != nil || d < -time.Minute || d > time.Minute {
				t.Errorf("%s %.20s: date %v ago, %v", c.method, c.path, d, err)
			}
		}
		if n := dialed.Load(); n != 1 {
			t.Errorf("%d connections, want one that is kept", n)
		}
		s.processes(2)

		clients := 64
		client.Transport.(*http.Transport).MaxIdleConnsPerHost = clients
		all(clients, func(i int) {
			for n := range 20 {
				body := fmt.Sprintf("client %d, request %d", i, n)
				resp, err := client.Post("http://"+s.addr+"/echo", "text/plain", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if string(got) != body || err != nil {
					t.Errorf("got %q, %v, want %q", got, err, body)
				}
			}
		})
		client.CloseIdleConnections()
		s.processes(1)
	})
}

// A rawRequest is bytes that are sent, and the statuses of the answers. A closed one ends
// with the connection's end.
type rawRequest struct {
	name, in string
	want     []int
	closed   bool
}

// rawRequests are, among others, everything that RFC 9112 wants to be refused.
func rawRequests() []rawRequest {
	const get = "GET /text HTTP/1.1\r\nHost: x\r\n"
	post := func(fields, body string) string { return "POST /echo HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body }
	one := func(name, in string, status int) rawRequest {
		return rawRequest{name, in, []int{status}, status != 200}
	}
	return []rawRequest{
		one("plain", get+"\r\n", 200),
		one("empty lines first", "\r\n\r\n"+get+"\r\n", 200),
		one("absolute form", "GET http://x/text HTTP/1.1\r\nHost: x\r\n\r\n", 200),
		one("field without spaces", get+"A:b\r\nC: \t d \t\r\nE:\r\n\r\n", 200),
		one("future minor version", "GET /text HTTP/1.9\r\nHost: x\r\n\r\n", 200),
		{"close", get + "Connection: foo, Close\r\n\r\n" + get + "\r\n", []int{200}, true},
		{"HTTP/1.0", "GET /text HTTP/1.0\r\n\r\n", []int{200}, true},
		{"HTTP/1.0 kept", "GET /text HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /text HTTP/1.0\r\n\r\n", []int{200, 200}, true},
		{"pipelined", strings.Repeat(get+"\r\n"+post("Content-Length: 3\r\n", "abc"), 500), slices200(1000), false},
		{"pipelined, then wrong", get + "\r\n" + get + "bad\r\n\r\n", []int{200, 400}, true},
		{"body in chunks", post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n") + get + "\r\n", []int{200, 200}, false},
		{"same length twice", post("Content-Length: 3\r\nContent-Length: 3, 3\r\n", "abc") + get + "\r\n", []int{200, 200}, false},
		{"end of input within a request", get, nil, false},

		one("version 2", "GET /text HTTP/2.0\r\nHost: x\r\n\r\n", 505),
		one("no version", "GET /text\r\n\r\n", 400),
		one("other protocol", "GET /text HTPP/1.1\r\n\r\n", 400),
		one("binary", "\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
		one("two spaces", "GET  /text HTTP/1.1\r\nHost: x\r\n\r\n", 400),
		one("space at the end", "GET /text HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
		one("bad method", "G(T /text HTTP/1.1\r\nHost: x\r\n\r\n", 400),
		one("control character in the target", "GET /te\x01xt HTTP/1.1\r\nHost: x\r\n\r\n", 400),
		one("only LF", "GET /text HTTP/1.1\nHost: x\n\n", 400),
		one("LF among CR LF", get+"A: b\nC: d\r\n\r\n", 400),
		one("CR within a field", get+"A: b\rC: d\r\n\r\n", 400),
		one("NUL within a field", get+"A: b\x00\r\n\r\n", 400),
		one("no host", "GET /text HTTP/1.1\r\n\r\n", 400),
		one("two hosts", get+"host: y\r\n\r\n", 400),
		one("no colon", get+"abc\r\n\r\n", 400),
		one("no name", get+": b\r\n\r\n", 400),
		one("space before the colon", get+"A : b\r\n\r\n", 400),
		one("folded field", get+"A: b\r\n c\r\n\r\n", 400),
		one("long target", "GET /"+strings.Repeat("x", 9000)+" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
		one("endless target", "GET /"+strings.Repeat("x", 100000), 414),
		one("large field", get+"A: "+strings.Repeat("x", 40000)+"\r\n\r\n", 431),
		one("many fields", get+strings.Repeat("A: b\r\n", 200)+"\r\n", 431),
		one("many large fields", get+strings.Repeat("A: "+strings.Repeat("x", 1000)+"\r\n", 60)+"\r\n", 431),
		one("other expectation", get+"Expect: miracles\r\n\r\n", 417),
		one("length and chunks", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
		one("two lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400),
		one("list of two lengths", post("Content-Length: 3, 4\r\n", "abcd"), 400),
		one("negative length", post("Content-Length: -1\r\n", ""), 400),
		one("no number", post("Content-Length: 0x10\r\n", ""), 400),
		one("empty length", post("Content-Length: \r\n", ""), 400),
		one("too long", post("Content-Length: 1048577\r\n", ""), 413),
		one("much too long", post("Content-Length: 18446744073709551617\r\n", ""), 413),
		one("chunks before HTTP/1.1", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
		one("other coding", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501),
		one("coding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
		one("no chunk size", post("Transfer-Encoding: chunked\r\n", "\r\n\r\n"), 400),
		one("bad chunk size", post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"), 400),
		one("negative chunk size", post("Transfer-Encoding: chunked\r\n", "-1\r\n"), 400),
		one("chunk longer than its size", post("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"), 400),
		one("large chunk", post("Transfer-Encoding: chunked\r\n", "100001\r\n"), 413),
		one("enormous chunk", post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFFFFF\r\n"), 413),
		one("too many chunks", post("Transfer-Encoding: chunked\r\n", strings.Repeat("8000\r\n"+strings.Repeat("x", 0x8000)+"\r\n", 33)), 413),
		one("endless chunk extension", post("Transfer-Encoding: chunked\r\n", "1;"+strings.Repeat("x", 10000)), 400),
		one("endless trailer", post("Transfer-Encoding: chunked\r\n", "0\r\n"+strings.Repeat("A: b\r\n", 200)), 431),
	}
}

func slices200(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 200
	}
	return s
}

// TestHTTPRaw sends each of rawRequests at once, and in pieces.
func TestHTTPRaw(t *testing.T) {
	inModes(t, func(t *testing.T, stress runner.Stress) {
		s := start(t, "http", stress)
		for _, r := range rawRequests() {
			for _, piece := range []int{1 << 20, 7} {
				if piece < len(r.in) && len(r.in) > 2000 {
					continue
				}
				t.Run(fmt.Sprint(r.name, ",", piece), func(t *testing.T) {
					c := s.dial()
					go func() {
						for b := []byte(r.in); len(b) > 0; {
							n, err := c.Write(b[:min(piece, len(b))])
							if err != nil {
								return // the server has heard enough
							}
							b = b[n:]
						}
						if !r.closed {
							c.CloseWrite()
						}
					}()
					r.check(t, c)
				})
			}
		}
		s.processes(1)
		if traps := s.trapped(); len(traps) > 0 {
			t.Errorf("traps: %q", traps)
		}
	})
}

// check reads the answers and then the connection's end.
func (r rawRequest) check(t *testing.T, c net.Conn) {
	in := bufio.NewReader(c)
	for i, want := range r.want {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Errorf("answer %d: body: %v", i, err)
		}
		if resp.StatusCode != want {
			t.Errorf("answer %d: got %s, %q, want %d", i, resp.Status, body, want)
		}
		if last := i == len(r.want)-1; resp.Close != (last && r.closed) {
			t.Errorf("answer %d: close is %t", i, resp.Close)
		}
	}
	if r.closed { // the server waits for this, and reads what else it is sent
		c.(*net.TCPConn).CloseWrite()
	}
	b, err := io.ReadAll(in)
	if len(b) > 0 || err != nil {
		t.Errorf("after the answers: %q, %v", b, err)
	}
}

// TestHTTPSlow is clients that take their time: each is given the whole of its
// patience for a request, however it spreads the bytes.
func TestHTTPSlow(t *testing.T) {
	inModes(t, func(t *testing.T, stress runner.Stress) {
		s := start(t, "http", stress, "0", "300")
		drip := func(c net.Conn, head, tail string) {
			io.WriteString(c, head)
			for { // the drips are the test, not a wait for something
				if _, err := io.WriteString(c, tail); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
		slow := []rawRequest{
			{"header", "GET / HTTP/1.1\r\nHost: x\r\nA: ", []int{408}, true},
			{"body", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", []int{408}, true},
			{"chunks", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFF\r\n", []int{408}, true},
			{"second request", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET ", []int{200, 408}, true},
		}
		for _, r := range slow {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				c := s.dial()
				begin := time.Now()
				go drip(c, r.in, "x")
				in := bufio.NewReader(c)
				for _, want := range r.want {
					resp, err := http.ReadResponse(in, nil)
					if err != nil || resp.StatusCode != want {
						t.Fatalf("got %v, %v, want %d", resp, err, want)
					}
					io.Copy(io.Discard, resp.Body)
				}
				if d := time.Since(begin); d < 290*time.Millisecond {
					t.Errorf("after %v", d)
				}
				c.Close()
			})
		}
		t.Run("idle", func(t *testing.T) {
			t.Parallel()
			(rawRequest{}).check(t, s.dial())
		})
		t.Run("idle after a request", func(t *testing.T) {
			t.Parallel()
			c := s.dial()
			io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			rawRequest{want: []int{200}}.check(t, c)
		})
		t.Run("does not read", func(t *testing.T) {
			t.Parallel()
			c := s.dial()
			c.SetReadBuffer(4096)
			c.SetWriteDeadline(time.Now().Add(patience))
			for err := error(nil); err == nil; { // until the server has given up
				_, err = io.WriteString(c, strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1000))
				if e, ok := err.(net.Error); ok && e.Timeout() {
					t.Error("the server waits for ever")
				}
			}
		})
	})
}

// TestHTTPCrash checks that a crash of one connection is nobody else's.
func TestHTTPCrash(t *testing.T) {
	inModes(t, func(t *testing.T, stress runner.Stress) {
		s := start(t, "http", stress)
		other, c := s.dial(), s.dial()
		io.WriteString(c, "GET /crash HTTP/1.1\r\nHost: x\r\n\r\n")
		rawRequest{}.check(t, c)
		io.WriteString(other, "GET /text HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		rawRequest{want: []int{200}, closed: true}.check(t, other)
		s.processes(1)
		if traps := s.trapped(); len(traps) != 1 || !strings.Contains(traps[0], "unreachable") {
			t.Errorf("traps: %q, want one", traps)
		}
	})
}

package httpcli_test

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/runner/httpcli"
	"github.com/lunatic-go/lunatic/transform"
)

// testdata/guest.c says what it does for which path.
//
//go:embed testdata/guest.wasm
var guest []byte

// A server is a Handler with what it has logged.
type server struct {
	*httptest.Server
	h  *httpcli.Handler
	mu sync.Mutex
	// logged has "STATUS ERROR" for each request that was not answered.
	logged []string
}

// cache has the compiled guest.
var cache string

func TestMain(m *testing.M) {
	var err error
	if cache, err = os.MkdirTemp("", "httpcli"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(cache)
	os.Exit(code)
}

var artifact = sync.OnceValues(func() ([]byte, error) {
	b, _, err := transform.Build(context.Background(), guest, transform.Options{})
	return b, err
})

// serve serves the guest after change has been called.
func serve(t *testing.T, change func(*httpcli.Handler)) *server {
	t.Helper()
	built, err := artifact()
	if err != nil {
		t.Fatal(err)
	}
	rt, err := runner.New(t.Context(), runner.Config{Namespaces: host.All(), CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	mod, err := rt.Load(t.Context(), built)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{}
	s.h = &httpcli.Handler{
		Runtime: rt, Module: mod, Timeout: time.Minute,
		Config: runner.ProcessConfig{Args: []string{"guest", "one"}},
		Log: func(_ *http.Request, status int, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.logged = append(s.logged, fmt.Sprint(status, " ", err))
		},
	}
	if change != nil {
		change(s.h)
	}
	s.Server = httptest.NewServer(s.h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		if err := rt.Close(context.Background()); err != nil {
			t.Error(err)
		}
		s.h.Wait()
	})
	return s
}

func (s *server) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logged)
}

// get returns status and body.
func (s *server) get(t *testing.T, path string) (int, string, error) {
	t.Helper()
	resp, err := s.Client().Get(s.URL + path)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func forms(t *testing.T, test func(t *testing.T, cgi bool)) {
	for name, cgi := range map[string]bool{"raw": false, "cgi": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, cgi)
		})
	}
}

func TestResponses(t *testing.T) {
	forms(t, func(t *testing.T, cgi bool) {
		s := serve(t, func(h *httpcli.Handler) { h.CGI = cgi })
		for _, tt := range []struct {
			path   string
			status int
			body   string
			raw    bool // makes sense in the raw form only
		}{
			{"/hello", 200, "hello\n", false},
			{"/args", 200, "guest\none\n", false},
			{"/missing", 404, "no such page\n", false},
			{"/empty", 204, "", false},
			{"/open", 200, "closed", false}, // no directory, no file
			{"/once", 200, "first", false},
			{"/once", 200, "first", false},
			{"/lingers", 200, "done\n", false},
			{"/hints", 200, "hinted", true},
			{"/chunked", 200, "hello\n", true},
			{"/trap", 502, "502 Bad Gateway\n", false},
			{"/silent", 502, "502 Bad Gateway\n", false},
			{"/exit", 502, "502 Bad Gateway\n", false},
			{"/garbage", 502, "502 Bad Gateway\n", false},
			{"/status", 502, "502 Bad Gateway\n", true},
			{"/upgrade", 502, "502 Bad Gateway\n", true},
			{"/huge", 502, "502 Bad Gateway\n", false},
			{"/hello?after=all", 200, "?", !cgi},
		} {
			if tt.path == "/hello?after=all" && cgi {
				tt.body = "hello\n" // the query is not in PATH_INFO
			} else if tt.raw && cgi {
				continue
			}
			status, body, err := s.get(t, tt.path)
			if err != nil || status != tt.status || body != tt.body {
				t.Errorf("%s: got %d %q, %v; want %d %q", tt.path, status, body, err, tt.status, tt.body)
			}
		}
		log := strings.Join(s.log(), "\n")
		for _, want := range []string{"502 the program has ended without a response (unreachable)", "(the exit code is 3)", "502 the program's output is no response: "} {
			if !strings.Contains(log, want) {
				t.Errorf("%q was not logged, but\n%s", want, log)
			}
		}
	})
}

// What is wrong after the head was sent ends the connection, so that nobody takes half a
// body for a whole one.
func TestBreaksOff(t *testing.T) {
	forms(t, func(t *testing.T, cgi bool) {
		s := serve(t, func(h *httpcli.Handler) { h.CGI = cgi })
		for _, path := range []string{"/short", "/breaks"} {
			if status, body, err := s.get(t, path); err == nil {
				t.Errorf("%s: got %d %q as a whole response", path, status, body)
			}
		}
		s.h.Wait()
		if n := len(s.log()); n != 2 {
			t.Errorf("%d errors were logged: %q", n, s.log())
		}
	})
}

func TestRawRequest(t *testing.T) {
	s := serve(t, nil)
	req, _ := http.NewRequest("GET", s.URL+"/head", nil)
	req.Header.Set("X-Own", "value")
	req.Header.Set("Keep-Alive", "timeout=1")
	req.Header.Set("User-Agent", "test")
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	want := "GET /head HTTP/1.1\r\nHost: " + s.Listener.Addr().String() + "\r\nAccept-Encoding: identity\r\nUser-Agent: test\r\nX-Own: value\r\nConnection: close\r\n\r\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	if resp.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("the program's headers are lost: %v", resp.Header)
	}
}

func TestCGIVariables(t *testing.T) {
	s := serve(t, func(h *httpcli.Handler) { h.CGI = true; h.Config.Env = [][2]string{{"OWN", "1"}} })
	req, _ := http.NewRequest("POST", s.URL+"/head?a=b%20c", strings.NewReader("12345"))
	for _, h := range [][2]string{{"X-Own", "one"}, {"Proxy", "http://evil"}, {"Content-Type", "text/x"}, {"Cookie", "a=1"}, {"X_Own", "two"}, {"User-Agent", "test"}, {"Accept-Encoding", "identity"}} {
		req.Header[h[0]] = append(req.Header[h[0]], h[1])
	}
	req.Header.Add("X-Own", "two")
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(string(b)), "\n")
	got = slices.DeleteFunc(got, func(kv string) bool { return strings.HasPrefix(kv, "REMOTE_PORT=") })
	addr := s.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	// RFC 3875, section 4.1, and what HTTP_ is for.
	want := []string{
		"CONTENT_LENGTH=5", "CONTENT_TYPE=text/x", "GATEWAY_INTERFACE=CGI/1.1", "HTTP_ACCEPT_ENCODING=identity", "HTTP_COOKIE=a=1",
		"HTTP_HOST=" + addr, "HTTP_USER_AGENT=test", "HTTP_X_OWN=one, two", "OWN=1", "PATH_INFO=/head", "QUERY_STRING=a=b%20c",
		"REMOTE_ADDR=127.0.0.1", "REMOTE_HOST=127.0.0.1", "REQUEST_METHOD=POST", "REQUEST_URI=/head?a=b%20c", "SCRIPT_NAME=",
		"SERVER_NAME=127.0.0.1", "SERVER_PORT=" + port, "SERVER_PROTOCOL=HTTP/1.1", "SERVER_SOFTWARE=lunatic",
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	req, _ = http.NewRequest("GET", s.URL+"/away", nil)
	resp, err = s.Client().Transport.RoundTrip(req)
	if err != nil || resp.StatusCode != 302 || resp.Header.Get("Location") != "http://example.com/" {
		t.Errorf("Location gives %v, %v", resp, err)
	}
}

// A body of each kind comes back as it was, however it is divided.
func TestEcho(t *testing.T) {
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(i * i >> 8)
	}
	forms(t, func(t *testing.T, cgi bool) {
		s := serve(t, func(h *httpcli.Handler) { h.CGI = cgi })
		for name, body := range map[string]io.Reader{
			"length":  bytes.NewReader(data),
			"chunked": io.MultiReader(bytes.NewReader(data)), // of a length that the client does not know
		} {
			resp, err := s.Client().Post(s.URL+"/echo", "application/octet-stream", body)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if name == "chunked" && !cgi { // the message is passed as it is
				if got, err = io.ReadAll(httputilChunked(got)); err != nil {
					t.Fatal(err)
				}
			}
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes came back, %v; want %d", name, len(got), err, len(data))
			}
		}
	})
}

func httputilChunked(b []byte) io.Reader {
	resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), bytes.NewReader(b))), nil)
	if err != nil {
		panic(err)
	}
	return resp.Body
}

// The response begins before the request has ended, and pieces come when they are written.
func TestStreams(t *testing.T) {
	s := serve(t, func(h *httpcli.Handler) { h.CGI = true })
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintf(conn, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := func(text string) {
		t.Helper()
		b := make([]byte, len(text))
		if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != text {
			t.Fatalf("got %q, %v; want %q", b, err, text)
		}
	}
	want("first")
	fmt.Fprintf(conn, "6\r\nsecond\r\n")
	want("second")
	fmt.Fprintf(conn, "0\r\n\r\n")
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
		t.Errorf("then came %q, %v", rest, err)
	}
}

// One connection serves many requests, each by a process of its own.
func TestKeepAlive(t *testing.T) {
	s := serve(t, nil)
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	r := bufio.NewReader(conn)
	for i, path := range []string{"/hello", "/once", "/trap", "/once", "/missing", "/lingers", "/hop", "/once"} {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("request %d, %s: %v", i, path, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || path == "/once" && string(body) != "first" {
			t.Fatalf("request %d, %s: %q, %v", i, path, body, err)
		}
		if path == "/hop" && (resp.Header.Get("X-Private")+resp.Header.Get("Keep-Alive") != "" || resp.Header.Get("X-Public") != "1") {
			t.Errorf("headers of the connection: %v", resp.Header)
		}
	}
}

// A body that the program does not want is not asked for; one that it wants before it answers
// is. If it answers first, the answer takes the place of the asking (RFC 9110, 10.1.1), and a
// client that sends its body still is heard.
func TestExpectContinue(t *testing.T) {
	s := serve(t, nil)
	for _, tt := range []struct{ path, first, body string }{
		{"/count", "HTTP/1.1 100 Continue", "4"},
		{"/echo", "", "body"}, // its answer's head does not depend on the body: either may come first
		{"/hello", "HTTP/1.1 200 OK", "hello\n"},
	} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", tt.path)
		r := bufio.NewReader(conn)
		first, err := r.Peek(len("HTTP/1.1 200 OK"))
		if err != nil || !strings.HasPrefix(tt.first, string(first)) && tt.first != "" {
			t.Errorf("%s: got %q, %v; want %q", tt.path, first, err, tt.first)
			continue
		}
		if tt.path != "/hello" {
			io.WriteString(conn, "body")
		}
		resp, err := http.ReadResponse(r, nil)
		if err == nil && resp.StatusCode == http.StatusContinue {
			resp, err = http.ReadResponse(r, nil)
		}
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: got %v, %v", tt.path, resp, err)
			continue
		}
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != tt.body {
			t.Errorf("%s: got %q, %v; want %q", tt.path, body, err, tt.body)
		}
	}
}

func TestHEAD(t *testing.T) {
	forms(t, func(t *testing.T, cgi bool) {
		s := serve(t, func(h *httpcli.Handler) { h.CGI = cgi })
		for range 3 { // on one connection
			resp, err := s.Client().Head(s.URL + "/hello")
			if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/plain" {
				t.Fatalf("got %v, %v", resp, err)
			}
			if b, err := io.ReadAll(resp.Body); err != nil || len(b) > 0 {
				t.Errorf("a body: %q, %v", b, err)
			}
			resp.Body.Close()
			if want := map[bool]int64{false: 6, true: -1}[cgi]; resp.ContentLength != want {
				t.Errorf("Content-Length is %d, want %d", resp.ContentLength, want)
			}
		}
	})
}

func TestTimeout(t *testing.T) {
	forms(t, func(t *testing.T, cgi bool) {
		s := serve(t, func(h *httpcli.Handler) { h.CGI = cgi; h.Timeout = 200 * time.Millisecond })
		if status, body, err := s.get(t, "/hang"); err != nil || status != 504 {
			t.Errorf("/hang: got %d %q, %v; want 504", status, body, err)
		}
		if status, body, err := s.get(t, "/hangs"); err == nil {
			t.Errorf("/hangs: got %d %q as a whole response", status, body)
		}
		// The body does not come: the program waits for it.
		pr, pw := io.Pipe()
		defer pw.Close()
		resp, err := s.Client().Post(s.URL+"/echo", "text/plain", pr)
		if err == nil { // the head of the response comes first
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if err == nil {
			t.Error("/echo without an end: got a whole response")
		}
		s.h.Wait()
		// A client may try again where nothing of a response has come.
		log := s.log()
		for _, line := range log {
			if !strings.HasSuffix(line, httpcli.ErrTimeout.Error()) {
				t.Errorf("logged was %s", line)
			}
		}
		if len(log) < 3 {
			t.Errorf("logged was %q", log)
		}
	})
}

func TestConcurrency(t *testing.T) {
	s := serve(t, func(h *httpcli.Handler) { h.CGI, h.Concurrency = true, 1 })
	pr, pw := io.Pipe()
	first := make(chan error, 1)
	begun := make(chan struct{})
	go func() {
		resp, err := s.Client().Post(s.URL+"/echo", "text/plain", pr)
		close(begun)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		first <- err
	}()
	pw.Write([]byte("x"))
	<-begun // its process runs
	resp, err := s.Client().Get(s.URL + "/hello")
	if err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("got %v, %v; want 503", resp, err)
	}
	pw.Close()
	if err := <-first; err != nil {
		t.Error(err)
	}
	s.h.Wait()
	if status, body, err := s.get(t, "/hello"); status != 200 {
		t.Errorf("then: got %d %q, %v", status, body, err)
	}
}

// A request whose body was not read is answered, and nothing of the body is taken for another
// request.
func TestBodyUnread(t *testing.T) {
	forms(t, func(t *testing.T, cgi bool) {
		s := serve(t, func(h *httpcli.Handler) { h.CGI = cgi })
		const next = "GET /missing HTTP/1.1\r\nHost: x\r\n\r\n"
		for path, status := range map[string]int{"/hello": 200, "/once": 200, "/trap": 502} {
			for _, body := range []string{next, "", next + strings.Repeat("x", 1<<20)} {
				if body == "" && path != "/hello" {
					continue // the server waits for it for a while
				}
				conn, err := net.Dial("tcp", s.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute))
				fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", path, max(len(body), 10))
				go io.WriteString(conn, body)
				r := bufio.NewReader(conn)
				resp, err := http.ReadResponse(r, nil)
				if err != nil || resp.StatusCode != status {
					t.Fatalf("%s: got %v, %v; want %d", path, resp, err, status)
				}
				if _, err := io.ReadAll(resp.Body); err != nil {
					t.Errorf("%s: %v", path, err)
				}
				if resp, err := http.ReadResponse(r, nil); err == nil {
					t.Errorf("%s, body of %d bytes: another response, %v", path, len(body), resp)
				}
			}
		}
	})
}

// A client that goes takes its process with it.
func TestClientGoes(t *testing.T) {
	forms(t, func(t *testing.T, cgi bool) {
		s := serve(t, func(h *httpcli.Handler) { h.CGI, h.Timeout = cgi, time.Hour })
		for _, path := range []string{"/hang", "/hangs", "/endless"} {
			ctx, cancel := context.WithCancel(t.Context())
			req, _ := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if resp, err := s.Client().Do(req); err == nil {
					io.CopyN(io.Discard, resp.Body, 4)
					cancel()
					resp.Body.Close()
				}
			}()
			if path == "/hang" {
				waitFor(t, func() bool { return s.h.Runtime.Census().Processes > 0 })
				cancel()
			}
			<-done
			cancel()
			s.h.Wait() // an hour, if it were not killed
		}
		if log := s.log(); len(log) > 0 {
			t.Errorf("logged was %q", log)
		}
	})
}

// waitFor waits for what has no event.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it has not come")
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	s := serve(t, func(h *httpcli.Handler) { h.Config.MaxMemory = 16 << 20 })
	if status, _, err := s.get(t, "/big"); err != nil || status != 502 {
		t.Errorf("got %d, %v; want 502", status, err)
	}
	s = serve(t, nil)
	if status, body, err := s.get(t, "/big"); err != nil || status != 200 || body != "big" {
		t.Errorf("without a limit: got %d %q, %v", status, body, err)
	}
}

// Many requests at a time: every one gets its own response, and nothing is left.
func TestManyAtOnce(t *testing.T) {
	forms(t, func(t *testing.T, cgi bool) {
		s := serve(t, func(h *httpcli.Handler) { h.CGI = cgi })
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for k := range 25 {
					text := fmt.Sprintf("%d.%d", i, k)
					resp, err := s.Client().Post(s.URL+"/echo", "text/plain", strings.NewReader(text))
					if err != nil {
						t.Error(err)
						return
					}
					b, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || string(b) != text {
						t.Errorf("got %q, %v; want %q", b, err, text)
					}
				}
			})
		}
		wg.Wait()
		s.h.Wait()
		if n := s.h.Runtime.Census().Processes; n != 0 {
			t.Errorf("%d processes are left", n)
		}
	})
}

// The handler is one like any other: with a recorder, and under a path of its own.
func TestRecorder(t *testing.T) {
	s := serve(t, nil)
	w := httptest.NewRecorder()
	http.StripPrefix("/x", s.h).ServeHTTP(w, httptest.NewRequest("GET", "/hello", nil))
	if w.Code != 404 {
		t.Errorf("got %d", w.Code)
	}
	w = httptest.NewRecorder()
	s.h.ServeHTTP(w, httptest.NewRequest("POST", "/echo", strings.NewReader("body")))
	if w.Code != 200 || w.Body.String() != "body" {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
	if errors.Is(httpcli.ErrBusy, httpcli.ErrTimeout) {
		t.Error("two errors are one")
	}
}

package main

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/transform"
)

// httpGuest answers by its path: see its source.
const httpGuest = "../../runner/httpcli/testdata/guest.wasm"

var httpURL = regexp.MustCompile(`(?m)^lunatic-run: (http://127\.0\.0\.1:[0-9]+)/$`)

// An httpServer is a command that serves.
type httpServer struct {
	url    string
	stderr *transcript
	c      command
	code   chan int
}

func startHTTP(t *testing.T, flags ...string) *httpServer {
	t.Helper()
	s := &httpServer{stderr: newTranscript(), code: make(chan int, 1)}
	s.c = command{stdin: strings.NewReader("not for them"), stdout: io.Discard, stderr: s.stderr, build: transform.BuildTo, signals: make(chan os.Signal, 1)}
	args := append([]string{"--http", "127.0.0.1:0"}, flags...)
	go func() { s.code <- s.c.run(append(args, httpGuest, "an argument")) }()
	s.stderr.await(t, "lunatic-run: http://", 1)
	s.stderr.await(t, "/\n", 1)
	s.url = httpURL.FindStringSubmatch(s.stderr.String())[1]
	return s
}

// end sends SIGTERM and returns the exit code.
func (s *httpServer) end(t *testing.T) int {
	t.Helper()
	s.c.signals <- syscall.SIGTERM
	select {
	case code := <-s.code:
		return code
	case <-time.After(patience):
		t.Fatal("it does not end")
		return 0
	}
}

func (s *httpServer) get(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestHTTP(t *testing.T) {
	s := startHTTP(t, "--env", "OWN=1", "--cgi", "--http-timeout", "1h")
	for _, tt := range []struct {
		path   string
		status int
		body   string
	}{
		{"/hello", 200, "hello\n"},
		{"/args", 200, "guest.wasm\nan argument\n"},
		{"/open", 200, "closed"},
		{"/trap", 502, "502 Bad Gateway\n"},
	} {
		if status, body := s.get(t, tt.path); status != tt.status || body != tt.body {
			t.Errorf("%s: got %d %q, want %d %q", tt.path, status, body, tt.status, tt.body)
		}
	}
	if _, body := s.get(t, "/head"); !strings.Contains(body, "OWN=1\n") || strings.Contains(body, "HOME=") {
		t.Errorf("variables are %q", body)
	}
	s.stderr.await(t, "lunatic-run: GET /trap: 502: the program has ended without a response (unreachable)\n", 1)
	if strings.Count(s.stderr.String(), "unreachable") != 2 {
		t.Errorf("the trap was not told once for the process and once for the request:\n%s", s.stderr)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := s.end(t); code != 0 {
		t.Errorf("exit code %d: %s", code, s.stderr)
	}
}

func TestHTTPLimits(t *testing.T) {
	s := startHTTP(t, "--http-timeout", "300ms", "--max-memory", "16M", "--http-concurrency", "2")
	if status, _ := s.get(t, "/hang"); status != 504 {
		t.Errorf("got %d after the time-out, want 504", status)
	}
	if status, _ := s.get(t, "/big"); status != 502 {
		t.Errorf("got %d beyond --max-memory, want 502", status)
	}
	if status, _ := s.get(t, "/hello"); status != 200 {
		t.Errorf("then: got %d", status)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := s.end(t); code != 0 {
		t.Errorf("exit code %d: %s", code, s.stderr)
	}
}

// After SIGTERM no connection is taken any more, and the requests that have begun end well.
func TestHTTPShutdown(t *testing.T) {
	s := startHTTP(t, "--cgi", "--http-timeout", "1h")
	pr, pw := io.Pipe()
	resp, err := http.Post(s.url+"/echo", "text/plain", pr)
	if err != nil {
		t.Fatal(err)
	}
	s.c.signals <- syscall.SIGTERM
	s.stderr.await(t, "waiting for the requests that have begun\n", 1)
	io.WriteString(pw, "to the end")
	pw.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "to the end" {
		t.Errorf("got %q, %v", b, err)
	}
	resp.Body.Close()
	select {
	case code := <-s.code:
		if code != 0 {
			t.Errorf("exit code %d: %s", code, s.stderr)
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if _, err := http.Get(s.url + "/hello"); err == nil {
		t.Error("it still answers")
	}
}

package modules_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/testdata/modules"
	"github.com/lunatic-go/lunatic/transform"
)

// patience is how long a test waits for what must happen. It is only reached by failures.
const patience = 3 * time.Minute

// A server is a program of modules.Servers that runs.
type server struct {
	testing.TB
	addr string
	env  *runner.Environment
	root *runner.Process

	mu    sync.Mutex
	out   bytes.Buffer // standard output
	port  chan string  // its first line
	traps []string
}

// stdout takes the guest's standard output.
type stdout struct{ *server }

func (s stdout) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := bytes.IndexByte(s.out.Bytes(), '\n') >= 0
	s.out.Write(b)
	if first, _, ok := strings.Cut(s.out.String(), "\n"); ok && !had {
		s.port <- first
	}
	return len(b), nil
}

func (s *server) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

// trapped returns the texts of the traps until now.
func (s *server) trapped() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.traps...)
}

// artifacts has what was built: name -> bytes.
var artifacts sync.Map

func artifact(t testing.TB, name string) []byte {
	if a, ok := artifacts.Load(name); ok {
		return a.([]byte)
	}
	for _, m := range modules.Servers {
		if m.Name != name {
			continue
		}
		wasm := m.Wasm()
		if d := modules.Dir(); d != "" {
			var err error
			if wasm, err = os.ReadFile(filepath.Join(d, m.File)); err != nil {
				t.Fatal(err)
			}
		}
		a, _, err := transform.Build(t.Context(), wasm, transform.Options{})
		if err != nil {
			t.Fatal(err)
		}
		artifacts.Store(name, a)
		return a
	}
	t.Fatalf("no server is called %s", name)
	return nil
}

// start runs a server until the end of the test, which then checks that nothing is left.
func start(t testing.TB, name string, stress runner.Stress, args ...string) *server {
	t.Helper()
	s := &server{TB: t, port: make(chan string, 1)}
	before := descriptors()
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{
		Namespaces: host.All(), Stress: stress, Stdout: stdout{s}, Stderr: os.Stderr,
		OnFailure: func(p *runner.Process, e runner.Exit) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.traps = append(s.traps, e.Err.Error())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		closing, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := rt.Close(closing); err != nil {
			t.Error(err)
		}
		s.eventually("all descriptors closed", func() string {
			if now := descriptors(); now > before {
				return fmt.Sprintf("%d, before %d", now, before)
			}
			return ""
		})
	})
	mod, err := rt.Load(ctx, artifact(t, name))
	if err != nil {
		t.Fatal(err)
	}
	s.env = rt.NewEnvironment()
	cfg := runner.ProcessConfig{May: runner.MayAll, Args: append([]string{name + ".wasm"}, args...)}
	if s.root, err = s.env.Spawn(mod, cfg, "_start"); err != nil {
		t.Fatal(err)
	}
	select {
	case port := <-s.port:
		if n, err := strconv.Atoi(port); err != nil || n < 1 {
			t.Fatalf("first line %q, want a port", port)
		}
		s.addr = net.JoinHostPort("127.0.0.1", port)
	case <-s.root.Done():
		t.Fatalf("ended at once: %v, %v", s.root.Exit(), s.trapped())
	case <-time.After(patience):
		t.Fatal("no port printed")
	}
	return s
}

// processes waits until n are alive.
func (s *server) processes(n int) {
	s.Helper()
	s.eventually(fmt.Sprintf("%d processes", n), func() string {
		if got := s.env.Processes(); got != n {
			return fmt.Sprint(got)
		}
		return ""
	})
}

// eventually asks until got returns nothing. There is no event to wait for where this is used.
func (s *server) eventually(want string, got func() string) {
	s.Helper()
	deadline := time.Now().Add(patience)
	for {
		x := got()
		if x == "" {
			return
		}
		if time.Now().After(deadline) {
			s.Errorf("got %s, want %s", x, want)
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (s *server) dial() *net.TCPConn {
	s.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	s.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// descriptors counts the open sockets of this program; 0 where there is no /proc.
func descriptors() (n int) {
	runtime.GC()
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// inModes runs a test plainly and with everything suspending.
func inModes(t *testing.T, f func(t *testing.T, stress runner.Stress)) {
	t.Run("plain", func(t *testing.T) { f(t, 0) })
	t.Run("stress=all", func(t *testing.T) { f(t, runner.StressAll) })
}

package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// A world runs processes that are Go functions.
type world struct {
	t    *testing.T
	rt   *runner.Runtime
	env  *runner.Environment
	mod  *runner.Module
	next chan func(*runner.Process)
	cfg  runner.ProcessConfig
	took chan bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, next: make(chan func(*runner.Process), 1), took: make(chan bool), cfg: runner.ProcessConfig{May: runner.MayAll}}
	step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) {
		f := <-w.next
		w.took <- true
		f(p)
	}}}}
	var err error
	if w.rt, err = runner.New(ctx, runner.Config{Namespaces: append(All(), step)}); err != nil {
		t.Fatal(err)
	}
	if w.mod, err = w.rt.Load(ctx, guest); err != nil {
		t.Fatal(err)
	}
	w.env = w.rt.NewEnvironment()
	t.Cleanup(func() { w.rt.Close(ctx) })
	return w
}

// spawn runs f as a process of its own.
func (w *world) spawn(f func(p *runner.Process)) *runner.Process {
	w.t.Helper()
	w.next <- f
	p, err := w.env.Spawn(w.mod, w.cfg, "_start")
	if err != nil {
		w.t.Fatal(err)
	}
	<-w.took
	return p
}

// end waits for the end of a process.
func (w *world) end(p *runner.Process) runner.Exit {
	w.t.Helper()
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		buf := make([]byte, 1<<20)
		w.t.Fatalf("the process goes on\n%s", buf[:runtime.Stack(buf, true)])
	}
	return p.Exit()
}

// wait lets a process wait for the test, without holding a worker.
func wait[T any](p *runner.Process, c <-chan T) {
	p.Async(make([]uint64, 4), func(ctx context.Context) func([]uint64) {
		select {
		case <-c:
		case <-ctx.Done():
		}
		return nil
	})
}

// waitsIn blocks until a process is in a queue of the lane.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("never: %s\n%s", what, buf[:runtime.Stack(buf, true)])
		}
	}
}

// queued is how many operations a lane has.
func queued(l *lane) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for t := l.first; t != nil; t = t.next {
		n++
	}
	return n
}

// noLeaks compares goroutines and descriptors before and after f.
func noLeaks(t *testing.T, f func()) {
	t.Helper()
	count := func() (int, int) {
		files, _ := os.ReadDir("/proc/self/fd") // none elsewhere
		return runtime.NumGoroutine(), len(files)
	}
	runtime.GC()
	g0, f0 := count()
	f()
	eventually(t, fmt.Sprintf("%d goroutines and %d descriptors, as before", g0, f0), func() bool {
		g, f := count()
		return g <= g0 && f <= f0
	})
}

// Places in the guest's memory.
const (
	atAddr = 0    // 16 bytes
	atOut  = 32   // results of 8 bytes each
	atIov  = 128  // up to 16 entries
	atText = 1024 // up to 8 KiB
	atBuf  = 16384
	far    = 65536 - 7
)

func out(p *runner.Process, i uint64) uint64 {
	return binary.LittleEndian.Uint64(p.Bytes("", atOut+8*i, 8))
}

// addrArgs writes an address to atAddr and returns the arguments that say so.
func addrArgs(p *runner.Process, a netip.AddrPort) []uint64 {
	if a.Addr().Is4() {
		b := a.Addr().As4()
		copy(p.Bytes("", atAddr, 4), b[:])
		return []uint64{4, atAddr, uint64(a.Port()), 0, 0}
	}
	b := a.Addr().As16()
	copy(p.Bytes("", atAddr, 16), b[:])
	return []uint64{6, atAddr, uint64(a.Port()), 0, uint64(scopeID(a.Addr().Zone()))}
}

// nextAddr reads an address from an iterator and drops it.
func nextAddr(t *testing.T, p *runner.Process, iter uint64) netip.AddrPort {
	t.Helper()
	want(t, "resolve_next", call(resolveNext, p, iter, 2000, 2008, 2032, 2040, 2048), 0)
	port := binary.LittleEndian.Uint16(p.Bytes("", 2032, 2))
	var a netip.Addr
	switch kind := binary.LittleEndian.Uint32(p.Bytes("", 2000, 4)); kind {
	case 4:
		a = netip.AddrFrom4([4]byte(p.Bytes("", 2008, 4)))
	case 6:
		a = netip.AddrFrom16([16]byte(p.Bytes("", 2008, 16)))
	default:
		t.Errorf("address type %d", kind)
	}
	want(t, "resolve_next at the end", call(resolveNext, p, iter, 2000, 2008, 2032, 2040, 2048), 1)
	call(drop(dnsIterators, ""), p, iter)
	return netip.AddrPortFrom(a, port)
}

// failure returns the text of the error that an out-pointer tells.
func failure(p *runner.Process, i uint64) string {
	id := out(p, i)
	e, ok := runner.Errors.Lookup(p, id)
	if !ok {
		return fmt.Sprintf("no error %d", id)
	}
	return e.Error()
}

func wantFailure(t *testing.T, what string, status uint64, p *runner.Process, text string) {
	t.Helper()
	if status != failed {
		t.Errorf("%s: status %d", what, status)
	} else if got := failure(p, 0); !strings.Contains(got, text) {
		t.Errorf("%s: got the error %q, want %q", what, got, text)
	}
}

var local4 = netip.MustParseAddrPort("127.0.0.1:0")

// wantTrap checks that a process was ended by misuse.
func wantTrap(t *testing.T, e runner.Exit, text string) {
	t.Helper()
	var misuse *runner.HostError
	if !errors.As(e.Err, &misuse) || !strings.Contains(e.Err.Error(), text) {
		t.Errorf("got %v, want %q", e.Err, text)
	}
}

// fn returns a host function of the namespace by its name.
func fn(name string) func(*runner.Process, []uint64) {
	for _, f := range lunaticNetworking.Funcs {
		if f.Name == name {
			return f.Call
		}
	}
	panic(name)
}

// netcall calls a function of the namespace.
func netcall(p *runner.Process, name string, args ...uint64) uint64 {
	return call(fn(name), p, args...)
}

// accepts is a listener on the host's side.
func hostListener(t *testing.T) *net.TCPListener {
	t.Helper()
	ln, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(local4))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

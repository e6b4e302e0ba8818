//go:build unix

package host

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"golang.org/x/sys/unix"
)

// fullListener returns the address of a listener that answers no more connections, as a
// firewall would.
func fullListener(t *testing.T) netip.AddrPort {
	t.Helper()
	ln := hostListener(t)
	rc, err := ln.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := rc.Control(func(fd uintptr) { err = unix.Listen(int(fd), 0) }); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		c, err := net.DialTimeout("tcp", ln.Addr().String(), 100*time.Millisecond)
		if err != nil {
			return addrPort(ln.Addr())
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this system's listeners are never full")
	panic("unreachable")
}

// A connection to an address that does not answer.
func TestTCPConnectTimeout(t *testing.T) {
	full, ln := fullListener(t), hostListener(t)
	id := makeIdentity(t, false)
	noLeaks(t, func() {
		w := newWorld(t)
		ends(t, w.end(w.spawn(func(p *runner.Process) {
			for _, millis := range []uint64{0, 20} {
				want(t, "tcp_connect", netcall(p, "tcp_connect", append(addrArgs(p, full), millis, atOut)...), timedOut)
				want(t, "its error", failure(p, 0), "timed out")
				want(t, "tls_connect", connectTLS(p, "127.0.0.1", full.Port(), millis, false, id.cert), timedOut)
				want(t, "its error", failure(p, 0), "timed out")
			}
			// A timeout of 0 is enough for what is near.
			want(t, "near", netcall(p, "tcp_connect", append(addrArgs(p, addrPort(ln.Addr())), 0, atOut)...), 0)
		})))
		killed := w.spawn(func(p *runner.Process) {
			netcall(p, "tcp_connect", append(addrArgs(p, full), noTimeout, atOut)...)
		})
		w.env.Kill(killed.ID())
		want(t, "reason", w.end(killed).Reason, runner.ExitKilled)
		w.rt.Close(t.Context())
	})
}

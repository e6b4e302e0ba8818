package host

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

func resolveText(p *runner.Process, name string, millis uint64) uint64 {
	copy(p.Bytes("", atText, uint64(len(name))), name)
	return netcall(p, "resolve", atText, uint64(len(name)), millis, atOut)
}

func TestResolve(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		for _, a := range []string{"127.0.0.1:80", "[::1]:65535", "[fe80::1%7]:0"} {
			want(t, a, resolveText(p, a, 0), 0)
			it := out(p, 0)
			got := nextAddr(t, p, it)
			want(t, a, got, netip.AddrPortFrom(netip.MustParseAddrPort(a).Addr().WithZone(""), got.Port()))
			want(t, "port", got.Port(), netip.MustParseAddrPort(a).Port())
		}
		// The scope's place is written for IPv6, and only for it.
		want(t, "resolve", resolveText(p, "[fe80::1%7]:1", 0), 0)
		want(t, "resolve_next", netcall(p, "resolve_next", out(p, 0), 200, 208, 224, 232, 240), 0)
		want(t, "scope", p.Bytes("", 240, 1)[0], 7)
		want(t, "resolve", resolveText(p, "1.2.3.4:1", 0), 0)
		want(t, "resolve_next with places outside", netcall(p, "resolve_next", out(p, 0), 200, 208, 224, far, far), 0)

		want(t, "localhost", resolveText(p, "localhost:443", 10_000), 0)
		it := dnsIterators.Get(p, "", out(p, 0))
		if len(it.addrs) == 0 || !it.addrs[0].Addr().IsLoopback() || it.addrs[0].Port() != 443 {
			t.Errorf("localhost is %v", it.addrs)
		}
		for name, text := range map[string]string{
			"localhost": "missing port", "": "missing port", "localhost:http": "invalid port", "localhost:65536": "invalid port",
			"localhost:-1": "invalid port", "::1:80": "too many colons", ":80": "no such host", strings.Repeat("a", 2000) + ":1": "longer than 1024",
		} {
			wantFailure(t, name, resolveText(p, name, noTimeout), p, text)
		}
	}))
	for _, tt := range []struct {
		name string
		f    func(p *runner.Process)
		want string
	}{
		{"name outside", func(p *runner.Process) { netcall(p, "resolve", far, 8, 0, atOut) }, "name: 8 bytes"},
		{"long name outside", func(p *runner.Process) { netcall(p, "resolve", 0, 1<<32-1, 0, atOut) }, "name: 4294967295 bytes"},
		{"result outside", func(p *runner.Process) { netcall(p, "resolve", 0, 8, 0, far) }, "id_ptr: 8 bytes"},
		{"not UTF-8", func(p *runner.Process) { p.Bytes("", 0, 1)[0] = 0xff; netcall(p, "resolve", 0, 8, 0, atOut) }, "name: invalid UTF-8"},
		{"next of nothing", func(p *runner.Process) { netcall(p, "resolve_next", 0, 0, 0, 0, 0, 0) }, "iter_id: no DNS iterator has the id 0"},
		{"next outside", func(p *runner.Process) {
			resolveText(p, "[::1]:1", 0)
			netcall(p, "resolve_next", 0, 0, 65536-15, 100, 200, 300)
		}, "addr_ptr: 16 bytes"},
		{"dropped twice", func(p *runner.Process) {
			resolveText(p, "[::1]:1", 0)
			netcall(p, "drop_dns_iterator", 0)
			netcall(p, "drop_dns_iterator", 0)
		}, "iter_id: no DNS iterator has the id 0"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantTrap(t, in(t, tt.f), tt.want) })
	}
}

// muteResolver is a server that never answers.
func muteResolver(t *testing.T) (asked chan bool) {
	t.Helper()
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	old := resolver
	resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", server.LocalAddr().String())
	}}
	asked = make(chan bool, 1)
	go func() {
		b := make([]byte, 2000)
		for {
			if _, _, err := server.ReadFrom(b); err != nil {
				return
			}
			select {
			case asked <- true:
			default:
			}
		}
	}()
	t.Cleanup(func() { resolver = old; server.Close() })
	return asked
}

func TestResolveTimeoutAndKill(t *testing.T) {
	asked := muteResolver(t)
	noLeaks(t, func() {
		w := newWorld(t)
		ends(t, w.end(w.spawn(func(p *runner.Process) {
			for _, millis := range []uint64{0, 20} {
				want(t, "resolve", resolveText(p, "mute.example:1", millis), timedOut)
				want(t, "its error", failure(p, 0), "timed out")
			}
		})))
		for len(asked) > 0 {
			<-asked
		}
		p := w.spawn(func(p *runner.Process) { resolveText(p, "mute.example:1", noTimeout) })
		<-asked
		w.env.Kill(p.ID())
		want(t, "reason", w.end(p).Reason, runner.ExitKilled)
		w.rt.Close(t.Context())
	})
}

// Every function that reaches out asks for permission, and says which one is missing.
func TestNetworkPermissions(t *testing.T) {
	none, err := runner.ParseRule("1.2.3.4:5")
	if err != nil {
		t.Fatal(err)
	}
	nothing := runner.Access{Allow: []runner.Rule{none}}
	w := newWorld(t)
	w.cfg.Net = runner.Network{Connect: nothing, Listen: nothing, Resolve: nothing}
	id := makeIdentity(t, false)
	ends(t, w.end(w.spawn(func(p *runner.Process) {
		a := netip.MustParseAddrPort("127.0.0.1:9")
		denied := func(what string, status uint64, action string) {
			t.Helper()
			wantFailure(t, what, status, p, "permission denied: "+action)
			var e *runner.PermissionError
			if got, _ := runner.Errors.Lookup(p, out(p, 0)); !errors.As(got, &e) {
				t.Errorf("%s: %T", what, got)
			}
		}
		denied("tcp_bind", netcall(p, "tcp_bind", append(addrArgs(p, a), atOut)...), "listen on 127.0.0.1:9")
		denied("udp_bind", netcall(p, "udp_bind", append(addrArgs(p, a), atOut)...), "listen on 127.0.0.1:9")
		denied("tls_bind", bindTLS(p, a, id.cert, id.pkcs8), "listen on 127.0.0.1:9")
		denied("tcp_connect", netcall(p, "tcp_connect", append(addrArgs(p, a), 0, atOut)...), "connect to 127.0.0.1:9")
		denied("tls_connect", connectTLS(p, "127.0.0.1", 9, noTimeout, false), "connect to 127.0.0.1:9")
		denied("tls_connect by name", connectTLS(p, "localhost", 9, noTimeout, false), "resolve localhost")
		denied("resolve", resolveText(p, "localhost:1", 0), "resolve localhost")
		// A socket that the process was given.
		s, err := newUDP(local4)
		if err != nil {
			t.Error(err)
		}
		u := udpSockets.Add(p, s)
		denied("udp_connect", udpConnectTo(p, u, a), "connect to 127.0.0.1:9")
		denied("udp_send_to", sendTo(p, u, a, "x"), "connect to 127.0.0.1:9")
	})))

	// A name's addresses are checked, too.
	w.cfg.Net.Resolve = runner.Access{}
	ends(t, w.end(w.spawn(func(p *runner.Process) {
		wantFailure(t, "tls_connect", connectTLS(p, "localhost", 9, noTimeout, false), p, "permission denied: connect to")
	})))
}

package host

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// A rule with a name lets a process connect to what the name was resolved to, and only
// after it has been.
func TestConnectByName(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err := net.LookupIP("localhost"); err != nil || len(a) == 0 {
		t.Skip("there is no localhost")
	}
	port := uint64(l.Addr().(*net.TCPAddr).Port)
	rule := func(s string) []runner.Rule {
		r, err := runner.ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		return []runner.Rule{r}
	}
	connect := func(p *runner.Process) uint64 {
		copy(p.Bytes("", 0, 4), []byte{127, 0, 0, 1})
		return call(tcpConnect(attached), p, 4, 0, port, 0, 0, inherit, outAt)
	}
	lookUp := func(p *runner.Process) uint64 {
		ptr, n := putText(p, textAt, "localhost:0")
		return call(resolveName(attached), p, ptr, n, inherit, outAt)
	}
	denied := func(p *runner.Process, what string, status uint64) {
		t.Helper()
		if want(t, what, status, failed); status == failed && !strings.HasPrefix(errorOf(p), "permission denied: ") {
			t.Errorf("%s: %s", what, errorOf(p))
		}
	}
	cfg := root
	cfg.Net = runner.Network{Connect: runner.Access{Allow: rule("localhost")}}
	ends(t, inFamily(t, runner.Config{}, cfg, func(fam *family, p *runner.Process) {
		denied(p, "connect", connect(p))
		want(t, "resolve", lookUp(p), ok)
		want(t, "connect", connect(p), ok)
		// Processes of the same configuration share what they know, others do not.
		fam.child(p, inherit, inherit, func(p *runner.Process) { want(t, "a child's connect", connect(p), ok) })
		c := call(createConfig, p)
		fam.child(p, c, inherit, func(p *runner.Process) {
			denied(p, "connect of a child with another configuration", connect(p))
			want(t, "resolve", lookUp(p), ok)
			want(t, "connect", connect(p), ok)
		})
		// A child's rules only take away.
		ptr, n := putText(p, textAt, "10.0.0.0/8")
		call(function(t, "config_allow_connect"), p, c, ptr, n, outAt)
		fam.child(p, c, inherit, func(p *runner.Process) {
			want(t, "resolve", lookUp(p), ok)
			denied(p, "connect", connect(p))
			if err := p.MayConnect(netip.MustParseAddrPort("10.0.0.1:1")); err == nil {
				t.Error("the child may what its parent may not")
			}
		})
		ptr, n = putText(p, textAt, "localhost")
		call(function(t, "config_deny_resolve"), p, c, ptr, n, outAt)
		fam.child(p, c, inherit, func(p *runner.Process) { denied(p, "resolve", lookUp(p)) })
	}))

	cfg.Net = runner.Network{Listen: runner.Access{Deny: rule("*")}}
	ends(t, inFamily(t, runner.Config{}, cfg, func(fam *family, p *runner.Process) {
		binary.LittleEndian.PutUint32(p.Bytes("", 0, 4), 0)
		denied(p, "bind", call(tcpBind, p, 4, 0, 0, 0, 0, outAt))
	}))
}

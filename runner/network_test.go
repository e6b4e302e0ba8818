package runner

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestParseRule(t *testing.T) {
	for _, tt := range []struct{ in, want string }{ // want: how it is printed, or an error
		{"*", "*"},
		{"", "*"},
		{":80", "*:80"},
		{"*:53", "*:53"},
		{"*:*", "*"},
		{"10.0.0.0/8:80-443", "10.0.0.0/8:80-443"},
		{"10.1.2.3/8", "10.0.0.0/8"},
		{"127.0.0.1", "127.0.0.1"},
		{"127.0.0.1:0", "127.0.0.1:0"},
		{"::1", "::1"},
		{"[::1]:8080", "[::1]:8080"},
		{"[fd00::/8]:1-2", "[fd00::]/8:1-2"},
		{"[fd00::]/8:1-2", "[fd00::]/8:1-2"},
		{"::/0", "::/0"},
		{"::ffff:10.0.0.0/104", "10.0.0.0/8"},
		{"::ffff:10.0.0.1", "10.0.0.1"},
		{"Example.COM.:443", "example.com:443"},
		{"*.example.com", "*.example.com"},
		{"localhost", "localhost"},

		{"a:b", "ports must be"},
		{"a:1-b", "ports must be"},
		{"a:2-1", "ports must be"},
		{"a:65536", "ports must be"},
		{"a:-1", "ports must be"},
		{"[::1", "no ] after ["},
		{"[::1]x", "must be of the form"},
		{"[localhost]:80", "no IPv6 address in brackets"},
		{"10.0.0.0/33", "no address, network or name"},
		{"::ffff:10.0.0.0/8", "no address, network or name"}, // half of the addresses there are
		{"fe80::1%eth0", "no address, network or name"},
		{"a.*.b", "no address, network or name"},
		{"*.", "*"},
		{"*.", "*"},
		{"a..b", "no address, network or name"},
		{"a b", "no address, network or name"},
		{"http://a", "must be"},
		{strings.Repeat("a", 64), "no address, network or name"},
		{strings.Repeat("a.", 140) + "a", "no address, network or name"},
		{strings.Repeat("a", 1000), "longer than 300 bytes"},
	} {
		r, err := ParseRule(tt.in)
		switch {
		case err != nil && !strings.Contains(err.Error(), tt.want):
			t.Errorf("%q: got %v, want %s", tt.in, err, tt.want)
		case err == nil && r.String() != tt.want:
			t.Errorf("%q: got %s, want %s", tt.in, r, tt.want)
		case err == nil:
			if again, err := ParseRule(r.String()); err != nil || again != r {
				t.Errorf("%q: printed and read again: %v, %v", tt.in, again, err)
			}
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"*", "[::1]:80-90", "10.0.0.0/8", "*.example.com:443", "::ffff:1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			return
		}
		if again, err := ParseRule(r.String()); err != nil || again != r {
			t.Errorf("%q is %+v; printed as %q it is %+v, %v", s, r, r.String(), again, err)
		}
	})
}

func rules(t *testing.T, texts ...string) []Rule {
	t.Helper()
	var rs []Rule
	for _, s := range texts {
		r, err := ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		rs = append(rs, r)
	}
	return rs
}

// checks is a list of what is allowed and what is not, for example
// "connect 1.2.3.4:80", or "!listen [::]:80".
func checks(t *testing.T, p *Process, list ...string) {
	t.Helper()
	for _, s := range list {
		want := !strings.HasPrefix(s, "!")
		action, what, _ := strings.Cut(strings.TrimPrefix(s, "!"), " ")
		var err error
		switch action {
		case "connect":
			err = p.MayConnect(netip.MustParseAddrPort(what))
		case "listen":
			err = p.MayListen(netip.MustParseAddrPort(what))
		case "resolve":
			err = p.MayResolve(what)
		default:
			t.Fatal(s)
		}
		if (err == nil) != want {
			t.Errorf("%s: got %v", s, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "permission denied: ") {
			t.Errorf("%s: the error is %q", s, err)
		}
	}
}

// under returns a process whose configuration has a policy below those of parent.
func under(t *testing.T, parent *Process, n Network) *Process {
	t.Helper()
	var cfg *ProcessConfig
	if parent != nil {
		cfg = parent.cfg
	}
	pol, err := newPolicy(&n, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &Process{cfg: &ProcessConfig{policy: pol, names: &addressBook{}}}
}

func TestNetworkRules(t *testing.T) {
	checks(t, under(t, nil, Network{}),
		"connect 1.2.3.4:80", "connect [::1]:1", "listen 0.0.0.0:80", "listen 127.0.0.1:0", "resolve example.com")

	p := under(t, nil, Network{
		Connect: Access{Allow: rules(t, "10.0.0.0/8:80-443", "127.0.0.1:5000", "[::1]:6000", "*:53"), Deny: rules(t, "10.9.0.0/16")},
		Listen:  Access{Allow: rules(t, "127.0.0.1:8080", "0.0.0.0:0"), Deny: rules(t, "*:22")},
		Resolve: Access{Allow: rules(t, "example.com", "*.example.org:80"), Deny: rules(t, "secret.example.org")},
	})
	checks(t, p,
		"connect 10.1.2.3:80", "connect 10.1.2.3:443", "!connect 10.1.2.3:444", "!connect 10.1.2.3:79", "!connect 11.1.2.3:80",
		"connect [::ffff:10.1.2.3]:80", "!connect 10.9.1.1:80", "!connect [::ffff:10.9.1.1]:80",
		"!connect 10.9.1.1:53", "connect 8.8.8.8:53", "connect [fe80::1%eth0]:53",
		// The system connects to itself.
		"connect 0.0.0.0:5000", "connect [::ffff:0.0.0.0]:5000", "connect [::]:6000", "!connect [::]:5000",

		"listen 127.0.0.1:8080", "!listen 0.0.0.0:8080", "!listen 127.0.0.1:8081", "listen 0.0.0.0:0", "!listen [::]:8080", "!listen 127.0.0.1:22",

		"resolve example.com", "resolve EXAMPLE.com.", "!resolve www.example.com", "resolve a.b.example.org", "!resolve example.org",
		"!resolve secret.example.org", "!resolve xexample.org", "resolve 127.0.0.1", "resolve ::1", "!resolve localhost",
	)

	// The wildcard address is every address that is denied.
	p = under(t, nil, Network{Listen: Access{Deny: rules(t, "192.168.0.0/16:80")}})
	checks(t, p, "!listen 192.168.1.1:80", "!listen 0.0.0.0:80", "!listen [::]:80", "listen 0.0.0.0:81", "listen 127.0.0.1:80")
	p = under(t, nil, Network{Listen: Access{Deny: rules(t, "fd00::/8")}})
	checks(t, p, "!listen [fd00::1]:80", "!listen [::]:80", "listen 0.0.0.0:80")
}

// A rule with a name is for the addresses that the name was resolved to.
func TestNetworkNames(t *testing.T) {
	p := under(t, nil, Network{Connect: Access{Allow: rules(t, "example.com:443", "*.example.org"), Deny: rules(t, "127.0.0.0/8")}})
	a, b := netip.MustParseAddr("1.1.1.1"), netip.MustParseAddr("::ffff:2.2.2.2")
	checks(t, p, "!connect 1.1.1.1:443")
	p.Resolved("other.com", a)
	checks(t, p, "!connect 1.1.1.1:443")
	p.Resolved("Example.com.", a, b, netip.MustParseAddr("127.0.0.1"))
	checks(t, p, "connect 1.1.1.1:443", "!connect 1.1.1.1:80", "connect 2.2.2.2:443", "!connect 127.0.0.1:443", "!connect 3.3.3.3:443")
	p.Resolved("x.example.org", a)
	checks(t, p, "connect 1.1.1.1:80")

	// A child that resolves for itself is bound by its ancestors' names, too.
	child := under(t, p, Network{Connect: Access{Allow: rules(t, "*")}})
	checks(t, child, "!connect 1.1.1.1:443")
	child.Resolved("example.com", a)
	checks(t, child, "connect 1.1.1.1:443", "!connect 1.1.1.1:80")

	// What is remembered is bounded, both in addresses and in names of one.
	for i := range 3 * maxAddresses {
		p.Resolved("example.com", netip.AddrFrom4([4]byte{9, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if n, m := len(p.cfg.names.names), len(p.cfg.names.order); n != maxAddresses || m != n {
		t.Errorf("%d addresses in an order of %d", n, m)
	}
	checks(t, p, "!connect 1.1.1.1:443", "!connect 9.0.0.0:443", fmt.Sprintf("connect 9.0.%d.%d:443", (3*maxAddresses-1)>>8, 255))
	for i := range 3 * maxNamesOfAddress {
		p.Resolved(fmt.Sprintf("n%d.example.net", i), a)
	}
	if n := len(p.cfg.names.of(a)); n != maxNamesOfAddress {
		t.Errorf("%d names", n)
	}
	// Without rules that have names nothing is remembered.
	free := under(t, nil, Network{Connect: Access{Allow: rules(t, "1.0.0.0/8")}})
	free.Resolved("example.com", a)
	if free.cfg.names.names != nil {
		t.Error("remembered for nobody")
	}
}

func TestNetworkInheritance(t *testing.T) {
	root := under(t, nil, Network{Connect: Access{Allow: rules(t, "10.0.0.0/8")}})
	same := under(t, root, Network{})
	if same.cfg.policy != root.cfg.policy {
		t.Error("a configuration without rules has a policy of its own")
	}
	child := under(t, root, Network{Connect: Access{Allow: rules(t, "*:80")}, Listen: Access{Deny: rules(t, "*")}})
	grandchild := under(t, child, Network{Connect: Access{Deny: rules(t, "10.0.0.1")}, Listen: Access{Allow: rules(t, "*")}})
	checks(t, child, "connect 10.0.0.1:80", "!connect 11.0.0.1:80", "!connect 10.0.0.1:81", "!listen 127.0.0.1:80")
	checks(t, grandchild, "!connect 10.0.0.1:80", "connect 10.0.0.2:80", "!connect 11.0.0.2:80", "!listen 127.0.0.1:80")

	// The rules of all ancestors together are bounded.
	p := root
	for range maxRules - 2 {
		p = under(t, p, Network{Connect: Access{Allow: rules(t, "*")}})
	}
	checks(t, p, "connect 10.0.0.1:80", "!connect 11.0.0.1:80")
	n := Network{Connect: Access{Allow: rules(t, "*", "*")}}
	if _, err := newPolicy(&n, p.cfg); err == nil || !strings.Contains(err.Error(), "4097 rules") {
		t.Errorf("got %v", err)
	}
}

func TestNetworkCheck(t *testing.T) {
	named := rules(t, "example.com")
	for _, tt := range []struct {
		n    Network
		want string
	}{
		{Network{Connect: Access{Deny: named}}, `network rule "example.com": cannot deny connecting to a name`},
		{Network{Listen: Access{Allow: named}}, `cannot allow listening on a name`},
		{Network{Listen: Access{Deny: named}}, `cannot deny listening on a name`},
		{Network{Connect: Access{Allow: named}, Resolve: Access{Allow: named, Deny: named}}, ""},
	} {
		_, err := newPolicy(&tt.n, nil)
		if fmt.Sprint(err) != tt.want && (err == nil || tt.want == "" || !strings.Contains(err.Error(), tt.want)) && !(err == nil && tt.want == "") {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}

package runner

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A Network says what a process may do on the network; the zero value allows everything.
type Network struct {
	Connect Access // addresses to connect or send to
	Listen  Access // addresses to listen on or to bind a socket to
	Resolve Access // names to look up
}

// An Access is a list of rules. Something is allowed if no rule of Deny matches it and one
// of Allow does, or Allow is empty.
type Access struct {
	Allow, Deny []Rule
}

// Network actions, as messages call them.
const (
	actConnect = "connect to"
	actListen  = "listen on"
	actResolve = "resolve"
)

func (n *Network) clone() Network {
	clone := func(a Access) Access { return Access{slices.Clone(a.Allow), slices.Clone(a.Deny)} }
	return Network{clone(n.Connect), clone(n.Listen), clone(n.Resolve)}
}

// A Rule matches addresses or names. It is written HOST[:PORT[-PORT]], where HOST is
//
//	10.0.0.0/8         the addresses of a network, of IPv4 or IPv6
//	127.0.0.1, [::1]   one address; IPv6 in brackets if a port follows
//	example.com        a name
//	*.example.com      any name below example.com, but not itself
//	*                  any host
//
// and without PORT, or with *, any port matches; an empty HOST is *. IPv4 addresses match
// also when they are written as IPv6 ones (::ffff:127.0.0.1).
//
// When names are resolved, only rules with names and * count, and ports do not. Literal
// addresses need no resolving and are always allowed there.
//
// When a process connects, a rule with a name in Allow matches the addresses that the
// name was resolved to, by a process of the same configuration, for as long as the
// configuration remembers (the last 4096 addresses). Whoever controls the name can
// therefore open any address to the guest; add rules to Deny for what must stay closed.
// Rules of Deny for connecting, and those for listening, cannot have names: the guest would
// only have to know the address.
//
// The unspecified addresses 0.0.0.0 and :: stand for the loopback address when connecting.
// When listening they stand for all addresses of their family: rules of Allow must name them
// (or *), and any rule of Deny for an address of the family matches. Port 0 when listening,
// which lets the system choose one, is a port like any other.
type Rule struct {
	name        string       // empty: prefix; "*": any host; "*.x": below x
	prefix      netip.Prefix // unmapped
	first, last uint16
}

// errRule reports a rule that ParseRule does not understand.
var errRule = errors.New("must be of the form HOST[:PORT[-PORT]]")

// maxRule is the length in bytes of a rule that is read: names have at most 253.
const maxRule = 300

// ParseRule reads a rule.
func ParseRule(s string) (Rule, error) {
	r, err := parseRule(s)
	if err != nil {
		return Rule{}, fmt.Errorf("network rule %.100q: %w", s, err)
	}
	return r, nil
}

func parseRule(s string) (r Rule, err error) {
	if len(s) > maxRule {
		return r, fmt.Errorf("longer than %d bytes", maxRule)
	}
	host, ports, bracketed, err := splitRule(s)
	if err != nil {
		return r, err
	}
	if r.first, r.last, err = parsePorts(ports); err != nil {
		return r, err
	}
	if p, ok := parsePrefix(host); ok {
		r.prefix = p
		return r, nil
	}
	if bracketed {
		return r, errors.New("no IPv6 address in brackets")
	}
	if host == "" {
		host = "*"
	}
	r.name = canonicalName(host)
	if _, address := parsePrefix(r.name); address || !validPattern(r.name) {
		return r, errors.New("no address, network or name")
	}
	return r, nil
}

// splitRule takes host and ports apart. A host with several colons is an IPv6 address
// without ports, unless it stands in brackets.
func splitRule(s string) (host, ports string, bracketed bool, err error) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		host, rest, ok := strings.Cut(inner, "]")
		switch {
		case !ok:
			return "", "", true, errors.New("no ] after [")
		case strings.HasPrefix(rest, "/"): // [fd00::]/8:80
			bits, ports, _ := strings.Cut(rest, ":")
			return host + bits, ports, true, nil
		case rest == "":
			return host, "*", true, nil
		case rest[0] == ':':
			return host, rest[1:], true, nil
		}
		return "", "", true, errRule
	}
	switch strings.Count(s, ":") {
	case 0:
		return s, "*", false, nil
	case 1:
		host, ports, _ = strings.Cut(s, ":")
		return host, ports, false, nil
	default:
		return s, "*", false, nil
	}
}

func parsePorts(s string) (first, last uint16, err error) {
	if s == "*" || s == "" {
		return 0, 1<<16 - 1, nil
	}
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		b = a
	}
	lo, err1 := strconv.ParseUint(a, 10, 16)
	hi, err2 := strconv.ParseUint(b, 10, 16)
	if err1 != nil || err2 != nil || lo > hi {
		return 0, 0, errors.New("ports must be N or N-M, between 0 and 65535")
	}
	return uint16(lo), uint16(hi), nil
}

// parsePrefix reads a network or an address.
func parsePrefix(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// canonicalName makes spellings of the same name equal.
func canonicalName(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }

// validPattern reports whether s is a name, *, or a name after "*.".
func validPattern(s string) bool {
	if s == "*" {
		return true
	}
	s = strings.TrimPrefix(s, "*.")
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return len(s) <= 253 && !strings.ContainsAny(s, "*:/[]%@ \t\r\n\x00")
}

func (r Rule) String() string {
	host := r.name
	if host == "" {
		if host = r.prefix.String(); r.prefix.IsSingleIP() {
			host = r.prefix.Addr().String()
		}
		if r.prefix.Addr().Is6() && (r.first > 0 || r.last < 1<<16-1) {
			addr, bits, isNet := strings.Cut(host, "/")
			if host = "[" + addr + "]"; isNet {
				host += "/" + bits
			}
		}
	}
	switch {
	case r.first == 0 && r.last == 1<<16-1:
		return host
	case r.first == r.last:
		return fmt.Sprintf("%s:%d", host, r.first)
	default:
		return fmt.Sprintf("%s:%d-%d", host, r.first, r.last)
	}
}

// ByName reports whether the rule has a name, rather than addresses or *.
func (r Rule) ByName() bool { return r.name != "" && r.name != "*" }

func (r Rule) matchesPort(port uint16) bool { return r.first <= port && port <= r.last }

// matchesAddr is for rules without a name.
func (r Rule) matchesAddr(a netip.Addr) bool {
	return r.name == "*" || r.name == "" && r.prefix.Contains(a)
}

// matchesName is for names in the form of canonicalName.
func (r Rule) matchesName(name string) bool {
	switch suffix, below := strings.CutPrefix(r.name, "*"); {
	case !below:
		return r.name != "" && r.name == name
	default: // "" or ".example.com"
		return strings.HasSuffix(name, suffix) && len(name) > len(suffix)
	}
}

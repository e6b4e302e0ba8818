package runner

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
)

// A policy is a configuration's Network and those of its ancestors, all of which have to
// agree. A configuration without rules shares its parent's.
type policy struct {
	net    Network
	parent *policy
	rules  int // in all
	byName bool
}

// maxRules bounds the rules of a configuration and its ancestors, all of which are looked
// at for every connection.
const maxRules = 4096

func newPolicy(n *Network, parent *ProcessConfig) (*policy, error) {
	p := &policy{net: *n}
	if parent != nil {
		p.parent = parent.policy
	}
	for _, a := range []*Access{&n.Connect, &n.Listen, &n.Resolve} {
		p.rules += len(a.Allow) + len(a.Deny)
	}
	if p.rules == 0 {
		return p.parent, nil
	}
	if err := n.Check(); err != nil {
		return nil, err
	}
	p.byName = slices.ContainsFunc(n.Connect.Allow, Rule.ByName)
	if p.parent != nil {
		p.rules += p.parent.rules
		p.byName = p.byName || p.parent.byName
	}
	if p.rules > maxRules {
		return nil, fmt.Errorf("network: %d rules, with those of the ancestors; at most %d are allowed", p.rules, maxRules)
	}
	return p, nil
}

// Check finds rules that could not do what they seem to say: see Rule.
func (n *Network) Check() error {
	for _, x := range []struct {
		rules []Rule
		what  string
	}{
		{n.Connect.Deny, "deny connecting to a name, only to addresses: deny resolving it"},
		{n.Listen.Allow, "allow listening on a name, only on addresses"},
		{n.Listen.Deny, "deny listening on a name, only on addresses"},
	} {
		if i := slices.IndexFunc(x.rules, Rule.ByName); i >= 0 {
			return fmt.Errorf("network rule %q: cannot %s", x.rules[i], x.what)
		}
	}
	return nil
}

// MayConnect returns nil if the process may connect, or send a datagram, to an address,
// else a *PermissionError. It may be called from any goroutine, like the functions below.
func (p *Process) MayConnect(addr netip.AddrPort) error {
	return p.cfg.policy.mayConnect(addr, p.cfg.names)
}

// MayListen is MayConnect for listening on an address, or binding a socket to it.
func (p *Process) MayListen(addr netip.AddrPort) error { return p.cfg.policy.mayListen(addr) }

// MayResolve is MayConnect for looking up a name. A host that is an address needs no
// look-up and is allowed.
func (p *Process) MayResolve(host string) error { return p.cfg.policy.mayResolve(host) }

// Resolved tells what a name was resolved to, so that rules with names know the addresses.
// It must be called with what the host's resolver has answered, before MayConnect is asked.
func (p *Process) Resolved(host string, addrs ...netip.Addr) {
	if pol := p.cfg.policy; pol != nil && pol.byName {
		p.cfg.names.add(canonicalName(host), addrs)
	}
}

func (p *policy) mayConnect(addr netip.AddrPort, names *addressBook) error {
	a := addr.Addr().Unmap().WithZone("")
	if a.IsUnspecified() { // the system connects to itself
		if a = netip.IPv6Loopback(); addr.Addr().Unmap().Is4() {
			a = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
	}
	var known []string // names of the address, when wanted
	for ; p != nil; p = p.parent {
		matches := func(r Rule) bool {
			if !r.matchesPort(addr.Port()) {
				return false
			}
			if !r.ByName() {
				return r.matchesAddr(a)
			}
			if known == nil {
				known = names.of(a)
			}
			return slices.ContainsFunc(known, r.matchesName)
		}
		if err := p.net.Connect.permit(actConnect, addr, matches, matches); err != nil {
			return err
		}
	}
	return nil
}

func (p *policy) mayListen(addr netip.AddrPort) error {
	a := addr.Addr().Unmap().WithZone("")
	allows := func(r Rule) bool { return r.matchesPort(addr.Port()) && r.matchesAddr(a) }
	denies := allows
	if a.IsUnspecified() { // all addresses of the family; :: takes those of IPv4, too
		denies = func(r Rule) bool {
			return r.matchesPort(addr.Port()) && (r.name == "*" || a.Is6() || r.prefix.Addr().Is4())
		}
	}
	for ; p != nil; p = p.parent {
		if err := p.net.Listen.permit(actListen, addr, allows, denies); err != nil {
			return err
		}
	}
	return nil
}

func (p *policy) mayResolve(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	name := canonicalName(host)
	matches := func(r Rule) bool { return r.matchesName(name) }
	for ; p != nil; p = p.parent {
		if err := p.net.Resolve.permit(actResolve, host, matches, matches); err != nil {
			return err
		}
	}
	return nil
}

// permit decides by the rules that match.
func (a *Access) permit(action string, what any, allows, denies func(Rule) bool) error {
	if i := slices.IndexFunc(a.Deny, denies); i >= 0 {
		return &PermissionError{fmt.Sprintf("%s %v", action, what), fmt.Sprintf("rule %s denies it", a.Deny[i])}
	}
	if len(a.Allow) > 0 && !slices.ContainsFunc(a.Allow, allows) {
		return &PermissionError{fmt.Sprintf("%s %v", action, what), "no rule allows it"}
	}
	return nil
}

// An addressBook remembers what names were resolved to. The oldest answers are forgotten.
type addressBook struct {
	mu    sync.Mutex
	names map[netip.Addr][]string
	order []netip.Addr // of the keys, the oldest first
}

// Bounds of an addressBook.
const (
	maxAddresses      = 4096
	maxNamesOfAddress = 64
)

func (b *addressBook) add(name string, addrs []netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.names == nil {
		b.names = make(map[netip.Addr][]string)
	}
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		known, ok := b.names[a]
		switch {
		case slices.Contains(known, name):
			continue
		case len(known) >= maxNamesOfAddress:
			known = slices.Clone(known[1:])
		}
		if !ok {
			if len(b.order) >= maxAddresses {
				delete(b.names, b.order[0])
				b.order = b.order[1:]
			}
			b.order = append(b.order, a)
		}
		b.names[a] = append(slices.Clip(known), name)
	}
}

// of returns the names that were resolved to an address; not nil.
func (b *addressBook) of(a netip.Addr) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.names[a]...)
}

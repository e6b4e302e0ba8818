package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/runner"
)

// limits are what the root process may do and use at most, and so its children.
type limits struct {
	net           runner.Network
	onlyAllowed   bool // there was an --allow-net
	forbid        []string
	maxMemory     uint64
	maxFuel       uint64
	maxProcesses  int
	noAttenuation bool
}

// networkFlags adds the flags about what may be reached.
func (l *limits) networkFlags(fs *pflag.FlagSet) {
	fs.Func("allow-net", "RULE\tonly what such rules match: [WHAT=]HOST[:PORT]", func(s string) error {
		l.onlyAllowed = true
		return l.addRule(s, false)
	})
	cli.More(fs, "allow-net", "Repeatable; see above for RULE.")
	fs.Func("deny-net", "RULE\tall but what such rules match", func(s string) error { return l.addRule(s, true) })
	cli.More(fs, "deny-net", "Repeatable; see above for RULE.")
	fs.Func("forbid", "NAMESPACE\trefuse modules that import from NAMESPACE", func(s string) error {
		if s == "" {
			return errors.New("the name of the namespace is empty")
		}
		l.forbid = append(l.forbid, s)
		return nil
	})
	cli.More(fs, "forbid", "For example lunatic::networking. Repeatable.")
}

// flags are those that limit what processes use.
func (l *limits) flags() *pflag.FlagSet {
	fs := cli.NewFlags()
	fs.Func("max-memory", "SIZE\tof each process, in bytes or with K, M, G", func(s string) (err error) {
		l.maxMemory, err = parseSize(s)
		return err
	})
	cli.More(fs, "max-memory", "K, M and G are KiB, MiB and GiB (default: 4 GiB less one page).")
	fs.Func("max-fuel", "N\tof each process, in 100,000 instructions, about", func(s string) (err error) {
		l.maxFuel, err = parseLimit(s, 64)
		return err
	})
	cli.More(fs, "max-fuel", "Then the process traps (default: no limit).")
	fs.Func("max-processes", "N\tprocesses alive at a time", func(s string) error {
		n, err := parseLimit(s, 31)
		l.maxProcesses = int(n)
		return err
	})
	cli.More(fs, "max-processes", "Default: no limit.")
	fs.BoolVar(&l.noAttenuation, "no-attenuation", false, "children may get more than their parents have")
	cli.More(fs, "no-attenuation", "As in Lunatic.")
	return fs
}

// addRule reads [connect=|listen=|resolve=]RULE. A rule without a prefix is added to each
// of the three lists that such a rule can be in.
func (l *limits) addRule(s string, deny bool) error {
	what, text, ok := strings.Cut(s, "=")
	if !ok {
		what, text = "", s
	}
	r, err := runner.ParseRule(text)
	if err != nil {
		return err
	}
	found := false
	for _, list := range []struct {
		name   string
		access *runner.Access
		named  bool // a name makes sense
	}{
		{"connect", &l.net.Connect, !deny},
		{"listen", &l.net.Listen, false},
		{"resolve", &l.net.Resolve, true},
	} {
		if what != list.name && (what != "" || r.ByName() && !list.named) {
			continue
		}
		found = true
		if deny {
			list.access.Deny = append(list.access.Deny, r)
		} else {
			list.access.Allow = append(list.access.Allow, r)
		}
	}
	if !found {
		return fmt.Errorf("must be of the form [connect=|listen=|resolve=]HOST[:PORT[-PORT]]")
	}
	return l.net.Check()
}

// network returns the rules. With --allow-net, what it does not name is not allowed, also
// where it names nothing.
func (l *limits) network() runner.Network {
	n := l.net
	if l.onlyAllowed {
		nothing, _ := runner.ParseRule("*")
		for _, a := range []*runner.Access{&n.Connect, &n.Listen, &n.Resolve} {
			if len(a.Allow) == 0 {
				a.Deny = append(a.Deny[:len(a.Deny):len(a.Deny)], nothing)
			}
		}
	}
	return n
}

// parseLimit reads a number above 0.
func parseLimit(s string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("must be a number above 0")
	}
	return n, nil
}

// parseSize reads a number of bytes above 0, with K, M or G for KiB, MiB or GiB.
func parseSize(s string) (uint64, error) {
	shift := 0
	number := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(s), "IB"), "B")
	if i := len(number) - 1; i >= 0 {
		if k := strings.IndexByte("KMGT", number[i]); k >= 0 {
			number, shift = number[:i], 10*(k+1)
		}
	}
	n, err := strconv.ParseUint(number, 10, 64-shift)
	if err != nil || n == 0 {
		return 0, errors.New("must be a number of bytes above 0, or one with K, M or G")
	}
	return n << shift, nil
}

// expandHome replaces ~ by the user's home directory.
func expandHome(dir string) (string, error) {
	if dir != "~" {
		return dir, nil
	}
	return os.UserHomeDir()
}

package transform

import "testing"

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"env.wait", "env.wait", true},
		{"env.wait", "env.waits", false},
		{"env.wait", "env.wai", false},
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "env.wait", true},
		{"env.*", "env.wait", true},
		{"env.*", "env.", true},
		{"env.*", "envy.wait", false},
		{"*.wait", "env.wait", true},
		{"*.wait", "env.wait.not", false},
		{"lunatic::*.tcp_*", "lunatic::networking.tcp_read", true},
		{"lunatic::*.tcp_*", "lunatic::networking.udp_read", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"ab*ba", "aba", false}, // the two ends may not share a letter
		{"**", "x", true},
		{"*x*", "axb", true},
		{"*x*", "ab", false},
		{"a*a*a", "aa", false},
	} {
		if got := match(test.pattern, test.name); got != test.want {
			t.Errorf("match(%q, %q): got %v", test.pattern, test.name, got)
		}
	}
}

func TestSuspendImports(t *testing.T) {
	for _, test := range []struct {
		name string
		opts Options
		imp  string
		want bool
	}{
		{"default", Options{}, "poll_oneoff", true},
		{"default, answers at once", Options{}, "fd_write", false},
		{"empty list", Options{SuspendImports: []string{}}, "poll_oneoff", false},
		{"instead of the default", Options{SuspendImports: []string{"*.fd_write"}}, "poll_oneoff", false},
		{"pattern", Options{SuspendImports: []string{"x", "*.fd_write"}}, "fd_write", true},
		{"none", Options{SuspendImports: []string{"*"}, NoSuspend: true}, "fd_write", false},
	} {
		if got := test.opts.suspends("wasi_snapshot_preview1", test.imp); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"same", "same", 0}, {"midle", "middle", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 2},
	} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q): got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

package runner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestStrings(t *testing.T) {
	tests := []struct {
		args []string
		env  string // the variables, with spaces between
		want string // what is left of them
		err  string
	}{
		{args: nil},
		{args: []string{"a", "", "b c"}, env: "X=1 Y=", want: "X=1 Y="},
		{env: "A=1 B=2 A=3 C=4 B=", want: "A=3 B= C=4"},
		{args: []string{"a\x00b"}, err: "args invalid: contains NUL character"},
		{env: "=1", err: "environ invalid: empty key"},
		{env: "A=1 B=\x00", err: "environ invalid: contains NUL character"},
		{env: "A\x00=1", err: "environ invalid: contains NUL character"},
	}
	for _, test := range tests {
		c := ProcessConfig{Args: test.args}
		for kv := range strings.FieldsSeq(test.env) {
			name, value, _ := strings.Cut(kv, "=")
			c.Env = append(c.Env, [2]string{name, value})
		}
		err := c.checkStrings()
		if got := fmt.Sprint(err); err != nil && got != test.err || err == nil && test.err != "" {
			t.Errorf("%q %q: error %v, want %q", test.args, test.env, err, test.err)
		}
		if err != nil {
			continue
		}
		var env []string
		for _, kv := range c.Env {
			env = append(env, kv[0]+"="+kv[1])
		}
		if got := strings.Join(env, " "); got != test.want {
			t.Errorf("%q: %q, want %q", test.env, got, test.want)
		}
		for _, x := range []struct {
			list []string
			size func() (uint32, uint32)
		}{{c.Args, c.ArgsTotal}, {env, c.EnvTotal}} {
			bytes := len(strings.Join(append(slices.Clone(x.list), ""), "\x00"))
			if count, size := x.size(); int(count) != len(x.list) || int(size) != bytes {
				t.Errorf("%q: %d strings in %d bytes, want %d", x.list, count, size, bytes)
			}
		}
	}
	c := ProcessConfig{Env: [][2]string{{"A=B", "1"}}}
	if err := c.checkStrings(); err == nil || err.Error() != "environ invalid: key contains '=' character" {
		t.Errorf("a name with =: %v", err)
	}
}

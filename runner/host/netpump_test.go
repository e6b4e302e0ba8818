package host

import (
	"errors"
	"io"
	"net"
	"testing"
)

// A pump tries without waiting, peeks without consuming, and takes a write whole or not at all.
func TestPump(t *testing.T) {
	noLeaks(t, func() {
		here, there := net.Pipe() // which holds no bytes itself
		var in, out lane
		c := newPump(here, &in, &out)
		b := make([]byte, 3)
		tryRead := func(peek bool) (s string, err error) {
			eventually(t, "an end of reading", func() bool {
				var n int
				n, err = c.read(b, peek)
				s = string(b[:n])
				return err != errAgain
			})
			return s, err
		}
		if _, err := c.read(b, false); err != errAgain {
			t.Errorf("got %v", err)
		}
		there.Write([]byte("hello"))
		for _, tt := range []struct {
			peek bool
			want string
		}{{true, "hel"}, {false, "hel"}, {true, "lo"}, {false, "lo"}} {
			got, err := tryRead(tt.peek)
			want(t, "read", got, tt.want)
			want(t, "error", err, nil)
		}
		n, err := c.write([][]byte{[]byte("one "), make([]byte, mostSent)})
		want(t, "written", n, mostSent)
		want(t, "error", err, nil)
		_, err = c.write([][]byte{[]byte("two")})
		want(t, "second write", err, errAgain)
		want(t, "flush", c.flush(), errAgain)
		got := make([]byte, mostSent)
		io.ReadFull(there, got)
		want(t, "what has come", string(got[:4]), "one ")
		eventually(t, "flushed", func() bool { return c.flush() == nil })
		there.Close()
		if _, err := tryRead(false); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
		c.write([][]byte{[]byte("three")})
		eventually(t, "an error", func() bool { return errors.Is(c.flush(), io.ErrClosedPipe) })
		c.Close()
	})
}

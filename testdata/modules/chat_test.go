package modules_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// A chatter is a client of the chat server.
type chatter struct {
	*server
	net.Conn
	in *bufio.Reader
}

func (s *server) chatter() *chatter {
	s.Helper()
	c := s.dial()
	ch := &chatter{s, c, bufio.NewReader(c)}
	if got := ch.line(); !strings.HasPrefix(got, "* welcome, guest") {
		s.Errorf("greeting: got %q", got)
	}
	return ch
}

func (c *chatter) send(format string, args ...any) {
	if _, err := fmt.Fprintf(c, format, args...); err != nil {
		c.Errorf("write: %v", err)
	}
}

// line returns the next line without its end, or the error as a text.
func (c *chatter) line() string {
	b, err := c.in.ReadString('\n')
	if err != nil {
		return fmt.Sprintf("%s[%v]", b, err)
	}
	return strings.TrimSuffix(b, "\r\n")
}

func (c *chatter) expect(want ...string) {
	c.Helper()
	for _, w := range want {
		if got := c.line(); got != w {
			c.Errorf("got line %q, want %q", got, w)
		}
	}
}

// expectAll is expect in any order: answers and what is said in the room come from
// different processes.
func (c *chatter) expectAll(want ...string) {
	c.Helper()
	got := make([]string, len(want))
	for i := range got {
		got[i] = c.line()
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.Errorf("got lines %q, want %q", got, want)
	}
}

// skipTo reads until it sees the line.
func (c *chatter) skipTo(want string) {
	c.Helper()
	for {
		got := c.line()
		if got == want {
			return
		}
		if strings.HasSuffix(got, "]") {
			c.Fatalf("got %q, want a line %q", got, want)
		}
	}
}

// enter takes a name and joins a room.
func (c *chatter) enter(nick, room string) {
	c.Helper()
	c.send("/nick %s\r\n/join %s\r\n", nick, room)
	c.expect("* done")
	c.skipTo("* " + nick + " is here")
}

// here asks for the number of people in the client's room.
func (c *chatter) here() int {
	c.send("/who\r\n")
	for {
		l := c.line()
		if n, ok := strings.CutSuffix(l, " here"); ok {
			n, err := strconv.Atoi(strings.TrimPrefix(n, "* "))
			if err == nil {
				return n
			}
		}
		if strings.HasSuffix(l, "]") {
			c.Errorf("who: %s", l)
			return -1
		}
	}
}

// end closes the server and checks how it ends.
func (c *chatter) end(connections int) {
	c.Helper()
	c.send("/shutdown sesame\r\n")
	c.skipTo("* the server closes")
	<-c.root.Done()
	if e := c.root.Exit(); e.Err != nil || e.Code != 0 {
		c.Errorf("end: %+v", e)
	}
	c.processes(0)
	if got, want := c.output(), fmt.Sprintf("\nclosed after %d connections\n", connections); !strings.HasSuffix(got, want) {
		c.Errorf("output: got %q, want the end %q", got, want)
	}
	if _, err := net.Dial("tcp", c.addr); err == nil {
		c.Error("still listening")
	}
}

// all calls f for each of n at the same time.
func all(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// TestChat is a busy evening: everybody hears every line of the own room, those of each
// sender in order, once; then some vanish, and the server closes.
func TestChat(t *testing.T) {
	inModes(t, func(t *testing.T, stress runner.Stress) {
		clients, rooms, lines := 1000, 20, 10
		if stress != 0 || testing.Short() {
			clients, rooms, lines = 50, 5, 10
		}
		s := start(t, "chat", stress, "0", "sesame")
		cs := make([]*chatter, clients)
		all(clients, func(i int) {
			cs[i] = s.chatter()
			cs[i].enter(fmt.Sprint("c", i), fmt.Sprint("room", i%rooms))
		})
		if t.Failed() {
			t.FailNow()
		}
		s.processes(3 + 2*clients + rooms)
		perRoom := clients / rooms
		var speaking sync.WaitGroup
		speaking.Add(clients)
		all(clients, func(i int) {
			c := cs[i]
			if n := c.here(); n != perRoom {
				t.Errorf("client %d: %d in its room, want %d", i, n, perRoom)
			}
			speaking.Done()
			speaking.Wait()
			go func() {
				for n := range lines {
					c.send("line %d\r\n", n)
				}
			}()
			next := map[int]int{}
			for range perRoom * lines {
				var from, n int
				l := c.line()
				if _, err := fmt.Sscanf(l, "<c%d> line %d", &from, &n); err != nil {
					t.Errorf("client %d: line %q", i, l)
					return
				}
				if from%rooms != i%rooms || n != next[from] {
					t.Errorf("client %d: line %d of client %d, want %d", i, n, from, next[from])
				}
				next[from] = n + 1
			}
			if len(next) != perRoom {
				t.Errorf("client %d heard %d, want %d", i, len(next), perRoom)
			}
		})
		// Nothing more comes: the next line is the answer to a question.
		cs[0].send("/nick C1\r\n")
		cs[0].expect("* that name is taken")
		cs[1].send("/nick c1\r\n")
		cs[1].expectAll("* c1 is now c1", "* done")
		// The second half of each room vanishes: reset, closed, or politely.
		all(clients/2, func(i int) {
			c := cs[clients/2+i]
			switch i % 3 {
			case 0:
				c.Conn.(*net.TCPConn).SetLinger(0)
				c.Close()
			case 1:
				c.Close()
			case 2:
				c.send("/quit\r\n")
				c.skipTo("* goodbye")
				c.skipTo("[EOF]")
			}
		})
		left := clients / 2
		all(rooms, func(i int) {
			want := (left - i + rooms - 1) / rooms
			s.eventually(fmt.Sprintf("%d in room %d", want, i), func() string {
				if n := cs[i].here(); n != want {
					return fmt.Sprint(n)
				}
				return ""
			})
		})
		s.processes(3 + 2*left + rooms)
		cs[0].end(clients)
		if traps := s.trapped(); len(traps) > 0 {
			t.Errorf("traps: %q", traps)
		}
	})
}

// TestChatCommands has two talk, rename, move and ask.
func TestChatCommands(t *testing.T) {
	inModes(t, func(t *testing.T, stress runner.Stress) {
		s := start(t, "chat", stress, "0", "sesame")
		a, b := s.chatter(), s.chatter()
		a.enter("ann", "hall")
		b.enter("bob", "Hall")
		a.expect("* bob is here")
		b.send("hello\r\n/nick rob\r\n/who\r\n")
		b.expectAll("<bob> hello", "* bob is now rob", "* done", "* ann rob", "* 2 here")
		a.expect("<bob> hello", "* bob is now rob")
		b.send("/join attic\r\n")
		a.expect("* rob has left")
		b.expect("* rob is here")
		b.send("/list\r\n/who hall\r\n/who nowhere\r\n")
		b.expect("* hall (1)", "* attic (1)", "* end of list", "* ann", "* 1 here", "* 0 here")
		b.send("/join hall\r\n/list\r\n") // nobody is in the attic now
		b.expectAll("* rob is here", "* hall (2)", "* end of list")
		for _, bad := range []string{"/nick", "/nick a b", "/nick " + strings.Repeat("x", 21), "/join ../etc", "/who é"} {
			b.send("%s\r\n", bad)
			b.expect("* names are up to 20 letters, digits, _ and -")
		}
		b.send("/nonsense\r\n/crash\r\n/shutdown sesam\r\n/help\r\n")
		b.expect("* there is no such command, ask for /help", "* you may not", "* you may not")
		if l := b.line(); !strings.HasPrefix(l, "* /nick NAME") {
			t.Errorf("help: %q", l)
		}
		c := s.chatter()
		c.send("to nobody\r\n")
		c.expect("* /join a room first, or ask for /help")
		a.end(3)
	})
}

// TestChatWithoutWord checks that nobody can close a server that has no word.
func TestChatWithoutWord(t *testing.T) {
	c := start(t, "chat", 0).chatter()
	c.send("/shutdown\r\n/shutdown \r\n")
	c.expect("* you may not", "* you may not")
}

// TestChatBytes sends what is not just text.
func TestChatBytes(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"ends of lines", "a\r\nb\nc\r\x00d\r\n", "a b c d"},
		{"empty lines are not said", "\r\n\n\r\x00a\r\n", "a"},
		{"negotiation", "a\xff\xfb\x01b\xff\xfd\x03c\xff\xf1d\r\n", "abcd"},
		{"subnegotiation", "a\xff\xfa\x18\x00\xff\xffvt\n100\xff\xf0b\r\n", "ab"},
		{"escaped 255 is not UTF-8", "a\xff\xffb\r\n", "a\uFFFDb"},
		{"not UTF-8", "\x80a\xc3\xed\xa0\x80\xf5z\xc0\x80\r\n", "\uFFFDa\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDz\uFFFD\uFFFD"},
		{"UTF-8", "gr\u00fc\u00df \u4f60\u597d \U0001F600\r\n", "gr\u00fc\u00df \u4f60\u597d \U0001F600"},
		{"control characters", "a\x1b[2Jb\tc\u009bd\x00\r\n", "a[2Jb cd"},
		{"backspace", "\x08ax\x08\u00fc\x7fb\r\n", "ab"},
		{"longest", strings.Repeat("x", 512) + "\r\n", strings.Repeat("x", 512)},
		{"longest, all replaced", strings.Repeat("\x80", 512) + "\r\n", strings.Repeat("\uFFFD", 512)},
		{"too long", strings.Repeat("x", 513) + "\r\nb\r\n", "* that line was too long|b"},
		{"much too long", strings.Repeat("x", 300000) + "\r\nb\r\n", "* that line was too long|b"},
	}
	inModes(t, func(t *testing.T, stress runner.Stress) {
		s := start(t, "chat", stress, "0", "sesame")
		c := s.chatter()
		c.enter("me", "hall")
		for _, test := range cases {
			var want []string
			for _, l := range strings.FieldsFunc(test.want, func(r rune) bool { return r == '|' }) {
				switch {
				case test.name == "ends of lines":
					for w := range strings.FieldsSeq(l) {
						want = append(want, "<me> "+w)
					}
				case strings.HasPrefix(l, "*"):
					want = append(want, l)
				default:
					want = append(want, "<me> "+l)
				}
			}
			t.Run(test.name, func(t *testing.T) {
				c.send("%s", test.in)
				for _, w := range want {
					if got := c.line(); got != w {
						t.Errorf("got %q, want %q", got, w)
					}
				}
			})
		}
		// One byte at a time, and no end of the last line: half-closed, it still hears.
		for _, b := range []byte("\xff\xfb\x01one\r\ntwo") {
			c.Write([]byte{b})
		}
		c.Conn.(*net.TCPConn).CloseWrite()
		c.expect("<me> one", "<me> two", "[EOF]")
		s.processes(3 + 1 - 1) // the room has gone with its last member
		s.chatter().end(2)
	})
}

// TestChatCrash checks that a crash of a connection or of a room is nobody else's.
func TestChatCrash(t *testing.T) {
	inModes(t, func(t *testing.T, stress runner.Stress) {
		s := start(t, "chat", stress, "0", "sesame")
		a, b, other := s.chatter(), s.chatter(), s.chatter()
		a.enter("ann", "hall")
		b.enter("bob", "hall")
		other.enter("eve", "attic")
		a.send("/crash sesame\r\n")
		a.skipTo("[EOF]")
		b.expect("* ann has left")
		b.send("/who\r\nhello\r\n")
		b.expectAll("* bob", "* 1 here", "<bob> hello")
		b.send("/crashroom sesame\r\n/who\r\n")
		b.expectAll("* bob", "* 1 here", "* bob is here") // in the room's new process
		for {
			b.send("again\r\n")
			l := b.line()
			if l == "<bob> again" {
				break
			}
			if l != "* the room was restarted, your line may be lost" {
				t.Fatalf("after the room's restart: %q", l)
			}
		}
		other.send("undisturbed\r\n")
		other.expect("<eve> undisturbed")
		other.end(3)
		if traps := s.trapped(); len(traps) != 2 {
			t.Errorf("traps: %q, want two", traps)
		}
	})
}

// TestChatSlow checks that a client that does not read delays nobody, and is put out.
func TestChatSlow(t *testing.T) {
	inModes(t, func(t *testing.T, stress runner.Stress) {
		s := start(t, "chat", stress, "0", "sesame")
		deaf, talker := s.chatter(), s.chatter()
		deaf.Conn.(*net.TCPConn).SetReadBuffer(4096)
		deaf.enter("deaf", "hall")
		talker.enter("talker", "hall")
		line := strings.Repeat("x", 500)
		for n := 0; ; n++ {
			talker.send("%s\r\n", line)
			l := talker.line()
			if l == "* deaf has left" {
				talker.expect("<talker> " + line)
				break
			}
			if l != "<talker> "+line || n > 50000 {
				t.Fatalf("after %d lines: %q", n, l)
			}
		}
		talker.end(2)
	})
}

// TestChatFlood asks more than it reads: it is not read from until it does.
func TestChatFlood(t *testing.T) {
	inModes(t, func(t *testing.T, stress runner.Stress) {
		n := 20000
		if stress != 0 {
			n = 2000
		}
		s := start(t, "chat", stress, "0", "sesame")
		c := s.chatter()
		c.Conn.(*net.TCPConn).SetReadBuffer(4096)
		go io.WriteString(c, strings.Repeat("/list\r\n", n))
		for range n {
			c.expect("* end of list")
		}
		c.end(1)
	})
}

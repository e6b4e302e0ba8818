// Package chat tests the chat server beside it with clients that speak TCP.
package chat

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/rtlib/guesttest"
	"github.com/lunatic-go/lunatic/runner"
)

var dir = flag.String("dir", "", "the folder that make libs fills")

// patience is how long a test waits for what must happen. It is only reached by failures.
const patience = 2 * time.Minute

// A server runs.
type server struct {
	*guesttest.Running
	addr string
}

// waitFor waits until the log has the text n times.
func (s *server) waitFor(text string, n int) {
	s.Helper()
	s.Stdout.Wait(s.T, text, n)
}

// inModes runs a test plainly and under every stress, each with a server of its own.
func inModes(t *testing.T, test func(s *server)) {
	if *dir == "" {
		t.Skip("the server takes Rust: make libs")
	}
	guesttest.Each(t, guesttest.Program{
		File:   filepath.Join(*dir, "rust", "chat.wasm"),
		Config: runner.ProcessConfig{May: runner.MayAll, Args: []string{"chat", "--crash", "0"}},
	}, func(r *guesttest.Running) {
		s := &server{Running: r}
		s.waitFor("listening on ", 1)
		_, rest, _ := strings.Cut(s.Stdout.String(), "listening on ")
		s.addr, _, _ = strings.Cut(rest, "\n")
		test(s)
	})
}

// A person is a client of the server.
type person struct {
	*server
	net.Conn
	in *bufio.Reader
}

// connect comes in under the name that the server gives. The acceptor may be about to be started again.
func (s *server) connect() (*person, string) {
	s.Helper()
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			conn.SetDeadline(time.Now().Add(patience))
			s.Cleanup(func() { conn.Close() })
			p := &person{s, conn, bufio.NewReader(conn)}
			if rest, ok := strings.CutPrefix(p.line(), "* welcome, "); ok {
				name, _, _ := strings.Cut(rest, ":")
				return p, name
			}
			// It was accepted by the system for an acceptor that is gone.
			conn.Close()
		}
		if time.Since(begin) > patience {
			s.Fatalf("nobody listens at %s: %v", s.addr, err)
		}
	}
}

// enter comes in with a name, which may be about to be free. n is how many are in the lobby then.
func (s *server) enter(name string, n int) *person {
	s.Helper()
	p, _ := s.connect()
	p.expect(fmt.Sprintf("* lobby: %d here", n))
	p.rename(name)
	return p
}

// rename takes a name as soon as it is free. What is said meanwhile is not heard.
func (p *person) rename(name string) {
	p.Helper()
	p.until("/nick "+name, func(line string) (answer, done bool) {
		return line == "* you are "+name || line == "* "+name+" is taken", line == "* you are "+name
	})
}

// until says something again until the answer is the right one. Lines that are no answer are skipped.
func (p *person) until(say string, check func(line string) (answer, done bool)) {
	p.Helper()
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(5 * time.Millisecond) {
		p.say(say)
		for answer, done := false, false; !answer; {
			line := p.line()
			if answer, done = check(line); done {
				return
			}
			if strings.HasSuffix(line, "]") {
				p.Fatalf("%s: got %q", say, line)
			}
		}
	}
	p.Fatalf("%s: never the right answer", say)
}

func (p *person) say(line string) {
	p.Helper()
	if _, err := fmt.Fprintf(p, "%s\r\n", line); err != nil {
		p.Fatal(err)
	}
}

// line returns the next line, or the error as a text.
func (p *person) line() string {
	line, err := p.in.ReadString('\n')
	if err != nil {
		return fmt.Sprintf("%s[%v]", line, err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

func (p *person) expect(want ...string) {
	p.Helper()
	for _, w := range want {
		if got := p.line(); got != w {
			p.Fatalf("got %q, want %q", got, w)
		}
	}
}

// expectAll is expect in any order: they come from several processes.
func (p *person) expectAll(want ...string) {
	p.Helper()
	got := make([]string, len(want))
	for i := range got {
		got[i] = p.line()
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.Fatalf("got %q, want %q", got, want)
	}
}

// closed expects the end of the connection.
func (p *person) closed() {
	p.Helper()
	if b, err := p.in.ReadByte(); err == nil {
		p.Fatalf("got %q, want the end", b)
	}
}

func TestChat(t *testing.T) {
	inModes(t, func(s *server) {
		alice := s.enter("alice", 1)
		bob, guest := s.connect()
		bob.expect("* lobby: 2 here")
		alice.expect("* " + guest + " has joined")
		bob.say("/nick alice")
		bob.expect("* alice is taken")
		bob.say("/nick it is bob")
		bob.expect("* a name has 1 to 20 letters and digits")
		bob.say("/nick bob")
		bob.expect("* you are bob")
		alice.expect("* " + guest + " is now bob")

		alice.say("hello, bob")
		bob.expect("alice: hello, bob")
		bob.say("  gr\u00fc\u00dfe \x1b[31m ")
		alice.expect("bob: gr\u00fc\u00dfe ?[31m")
		bob.say("")
		bob.say("/who")
		bob.expect("* here: alice, bob")
		bob.say("/nothing at all")
		bob.expect("* no such command: /nothing at all")

		bob.say("/join den")
		bob.expect("* den: 1 here")
		alice.expect("* bob has left")
		bob.say("nobody hears this")
		bob.say("/list")
		bob.expect("* 2 rooms", "* lobby: 1 here", "* den: 1 here")
		bob.say("/join den")
		bob.expect("* you are in den")
		alice.say("/join den")
		alice.expect("* den: 2 here")
		bob.expect("* alice has joined")

		// The name is free again when its owner is gone, however that was.
		bob.say("/quit")
		bob.expect("* bye")
		bob.closed()
		alice.expect("* bob has left")
		carol := s.enter("bob", 1)
		carol.Close()
		dora, _ := s.connect()
		dora.rename("bob")
		dora.until("/who", func(line string) (answer, done bool) { // the room hears of it by itself
			return strings.HasPrefix(line, "* here: "), line == "* here: bob"
		})
	})
}

// TestCrash kills one process of each kind. The others live on.
func TestCrash(t *testing.T) {
	inModes(t, func(s *server) {
		alice := s.enter("alice", 1)
		bob := s.enter("bob", 2)
		alice.line() // that somebody has joined
		alice.line() // that it is bob
		carol := s.enter("carol", 3)
		for _, p := range []*person{alice, bob} {
			p.line()
			p.line()
		}
		talk := func() {
			t.Helper()
			alice.say("are you there?")
			bob.expect("alice: are you there?")
			bob.say("yes")
			alice.expect("bob: yes")
		}
		talk()
		carol.expect("alice: are you there?", "bob: yes")

		alice.say("/crash carol")
		alice.expectAll("* killed carol", "* carol has left")
		carol.closed()
		bob.expect("* carol has left")
		talk()

		// A room: it is started again, and those who were in it come back.
		for i := 1; i <= 3; i++ {
			alice.say("/crash lobby")
			alice.expectAll("* killed lobby", "* lobby was restarted")
			bob.expect("* lobby was restarted")
			s.waitFor("rooms: end lobby killed\n", i)
			talk()
		}

		// What gives names: who has one keeps it.
		alice.say("/crash names")
		alice.expect("* killed names")
		s.waitFor("end names killed\nstart names\n", 1)
		alice.say("/nick bob")
		alice.expect("* bob is taken")
		alice.say("/nick alicia")
		alice.expect("* you are alicia")
		bob.expect("* alice is now alicia")
		alice.say("/nick alice")
		alice.expect("* you are alice")
		bob.expect("* alicia is now alice")
		talk()

		// The supervisor of the rooms takes the rooms with it. They are made again by who wants to be there.
		alice.say("/crash rooms")
		alice.expectAll("* killed rooms", "* lobby was restarted")
		bob.expect("* lobby was restarted")
		s.waitFor("end rooms killed\nstart rooms\n", 1)
		talk()

		// The acceptor: connections that there are stay, and new ones can be made at the same address.
		alice.say("/crash acceptor")
		alice.expect("* killed acceptor")
		s.waitFor("end acceptor killed\nstart acceptor\n", 1)
		talk()
		s.enter("dora", 3)
		alice.line() // that somebody has joined
		alice.line() // that it is dora
		alice.say("/crash nobody")
		alice.expect("* there is no nobody")
	})
}

// TestCrowd is a busy room: everybody hears everybody else, in the order in which each has spoken.
func TestCrowd(t *testing.T) {
	inModes(t, func(s *server) {
		const people, lines = 30, 5
		all := make([]*person, people)
		for i := range all {
			var guest string
			all[i], guest = s.connect()
			all[i].expect(fmt.Sprintf("* lobby: %d here", i+1))
			for _, p := range all[:i] {
				p.expect("* " + guest + " has joined")
			}
		}
		var wg sync.WaitGroup
		for i, p := range all {
			wg.Go(func() {
				for n := range lines {
					fmt.Fprintf(p, "%d %d\n", i, n)
				}
				next := map[int]int{}
				for heard := 0; heard < (people-1)*lines; {
					line := p.line()
					_, text, ok := strings.Cut(line, ": ")
					var who, n int
					if _, err := fmt.Sscanf(text, "%d %d", &who, &n); !ok || err != nil || who == i {
						t.Errorf("%d heard %q", i, line)
						return
					}
					if next[who] != n {
						t.Errorf("%d heard %q, want line %d of %d", i, line, next[who], who)
						return
					}
					next[who]++
					heard++
				}
			})
		}
		wg.Wait()
	})
}

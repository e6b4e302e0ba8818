package modules_test

import (
	"bytes"
	"context"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
)

// Whatever a guest does, it does to itself: others go on, who is linked with it is told, and
// when it is gone everything it had is there again. hostile/hostile.wasm is c/hostile.c, built
// as a reactor; the others come from the text beside them.

//go:embed hostile/*.wasm
var hostileFiles embed.FS

func hostileFile(t testing.TB, name string) []byte {
	b, err := hostileFiles.ReadFile("hostile/" + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// maxPing is the longest that a process which waits may take to answer while others misbehave.
// It is for a machine that has other things to do.
const maxPing = 3 * time.Second

// A siege is a runtime with a process that answers, one in the environment of the hostile
// ones and one in another.
type siege struct {
	testing.TB
	rt   *runner.Runtime
	mod  *runner.Module
	env  *runner.Environment
	me   *runner.HostProcess // in env
	cfg  runner.ProcessConfig
	stop func() time.Duration // ends the pings and returns the longest

	mu    sync.Mutex
	traps map[uint64]string
}

var hostileArtifact = sync.OnceValues(func() ([]byte, error) {
	b, err := hostileFiles.ReadFile("hostile/hostile.wasm")
	if err == nil {
		b, _, err = transform.Build(context.Background(), b, transform.Options{})
	}
	return b, err
})

// besiege runs f, and looks at what is left.
func besiege(t *testing.T, cfg runner.Config, f func(s *siege)) {
	before := runtime.NumGoroutine()
	sockets := descriptors()
	s := &siege{TB: t, traps: make(map[uint64]string)}
	ctx := context.Background()
	cfg.Namespaces = host.All()
	cfg.Workers = 2
	cfg.OnFailure = func(p *runner.Process, e runner.Exit) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.traps[p.ID()] = e.Err.Error()
		if trap := (*runner.Trap)(nil); errors.As(e.Err, &trap) && trap.GoStack != "" || strings.HasPrefix(e.Err.Error(), "host: ") {
			t.Errorf("the host panicked: %v\n%s", e.Err, trap.GoStack)
		}
	}
	cfg.Build = func(ctx context.Context, module []byte) ([]byte, error) {
		b, _, err := transform.Build(ctx, module, transform.Options{})
		return b, err
	}
	artifact, err := hostileArtifact()
	if err != nil {
		t.Fatal(err)
	}
	if s.rt, err = runner.New(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	if s.mod, err = s.rt.Load(ctx, artifact); err != nil {
		t.Fatal(err)
	}
	s.cfg = runner.ProcessConfig{May: runner.MayAll, MaxMemory: 4 << 20, MaxMailbox: 4 << 20, MaxMessages: 50_000}
	s.env = s.rt.NewEnvironment()
	if s.me, err = s.env.NewHostProcess(); err != nil {
		t.Fatal(err)
	}
	s.ping()
	f(s)
	longest := s.stop()
	t.Logf("the longest answer took %v", longest)
	if longest > maxPing {
		t.Errorf("an answer took %v", longest)
	}
	closing, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.env.Close(closing); err != nil {
		t.Fatalf("%v\n%s", err, goroutines())
	}
	s.eventually("linear memories but one", func() string { // the other bystander's
		if m := s.rt.MemoryStats(); m.Memories > 1 {
			return fmt.Sprintf("%+v", m)
		}
		return ""
	})
	if err := s.rt.Close(closing); err != nil {
		t.Fatalf("%v\n%s", err, goroutines())
	}
	s.eventually("goroutines and sockets as before", func() string {
		if n, d := runtime.NumGoroutine(), descriptors(); n > before || d > sockets {
			return fmt.Sprintf("%d and %d, before %d and %d\n%s", n, d, before, sockets, goroutines())
		}
		return ""
	})
}

func goroutines() string {
	var b strings.Builder
	pprof.Lookup("goroutine").WriteTo(&b, 1)
	return b.String()
}

// ping starts the bystanders and asks them until stop.
func (s *siege) ping() {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	var mu sync.Mutex
	var longest time.Duration
	for _, env := range []*runner.Environment{s.env, s.rt.NewEnvironment()} {
		p, err := env.Spawn(s.mod, runner.ProcessConfig{}, "pong")
		if err != nil {
			s.Fatal(err)
		}
		h, err := env.NewHostProcess()
		if err != nil {
			s.Fatal(err)
		}
		done.Go(func() {
			defer h.Close()
			for ctx.Err() == nil {
				begin := time.Now()
				h.Send(p.ID(), &runner.Message{Tag: 1, Data: binary.LittleEndian.AppendUint64(nil, h.ID())})
				waiting, cancel := context.WithTimeout(context.Background(), patience)
				_, err := h.Receive(waiting, 1)
				cancel()
				mu.Lock()
				longest = max(longest, time.Since(begin))
				mu.Unlock()
				if err != nil {
					s.Errorf("a bystander does not answer: %v\n%s", err, goroutines())
					return
				}
				time.Sleep(time.Millisecond) // between the questions
			}
		})
	}
	s.stop = func() time.Duration {
		cancel()
		done.Wait()
		mu.Lock()
		defer mu.Unlock()
		return longest
	}
}

func (s *siege) eventually(want string, got func() string) {
	s.Helper()
	(&server{TB: s.TB}).eventually(want, got)
}

// spawn starts a process of hostile.c, linked with the test, tag 100, and monitored.
func (s *siege) spawn(entry string, args ...uint64) *runner.Process {
	s.Helper()
	var values []runner.Value
	for _, a := range args {
		values = append(values, runner.Value{Type: api.ValueTypeI64, Bits: [2]uint64{a}})
	}
	p, err := s.env.Spawn(s.mod, s.cfg, entry, values...)
	if err != nil {
		s.Fatal(err)
	}
	s.me.Link(p.ID(), 100+int64(p.ID())<<10)
	return p
}

// number waits for a message with a tag and returns the number in it.
func (s *siege) number(tag int64) uint64 {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	m, err := s.me.Receive(ctx, tag)
	if err != nil {
		s.Fatalf("no message %d: %v\n%s", tag, err, goroutines())
	}
	if len(m.Data) < 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(m.Data)
}

// ended waits for the end of a process, its reason, and the link's notice.
func (s *siege) ended(p *runner.Process, reason runner.ExitReason, text string) {
	s.Helper()
	select {
	case <-p.Done():
	case <-time.After(patience):
		s.Fatalf("process %d has not ended\n%s", p.ID(), goroutines())
	}
	if e := p.Exit(); e.Reason != reason || !strings.Contains(fmt.Sprint(e.Err), text) {
		s.Errorf("process %d ended: %v, %v; want %v, %q", p.ID(), e.Reason, e.Err, reason, text)
	}
	if reason != runner.ExitNormal {
		s.number(100 + int64(p.ID())<<10)
	}
}

// many is n, less where time is short.
func many(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

func TestMemoryBombs(t *testing.T) {
	const n, each, total = 40, 4 << 20, 64 << 20
	besiege(t, runner.Config{MaxTotalMemory: total}, func(s *siege) {
		started := 0
		for range n {
			if p, err := s.env.Spawn(s.mod, s.cfg, "grower", runner.Value{Type: api.ValueTypeI64, Bits: [2]uint64{s.me.ID()}}); err == nil {
				started++
				_ = p
			} else if !strings.Contains(err.Error(), "memory") {
				t.Errorf("spawn: %v", err)
			}
		}
		largest := uint64(0)
		for range started {
			got := s.number(1)
			if got > each {
				t.Errorf("a process has %d bytes, at most %d are allowed", got, each)
			}
			largest = max(largest, got)
		}
		if used := s.rt.MemoryStats().Bytes; used > total || started < total/each/2 || largest != each {
			t.Errorf("%d processes have %d bytes of memory, the largest %d", started, used, largest)
		}
	})
}

func TestMailboxFloods(t *testing.T) {
	for _, tt := range []struct{ flood, victim string }{
		{"flood", "sleeper"}, {"flood", "deaf"}, {"flood_large", "deaf"}, {"flood", "spin"}, {"flood_signals", "deaf"},
	} {
		t.Run(tt.flood+" "+tt.victim, func(t *testing.T) {
			besiege(t, runner.Config{}, func(s *siege) {
				victim := s.spawn(tt.victim)
				flood := s.spawn(tt.flood, victim.ID())
				if tt.flood == "flood_signals" { // links with itself do not pile up
					time.Sleep(100 * time.Millisecond)
					return
				}
				s.ended(victim, runner.ExitFailed, "mailbox is full")
				s.env.Kill(flood.ID())
				s.ended(flood, runner.ExitKilled, "")
			})
		})
	}
	t.Run("itself", func(t *testing.T) {
		besiege(t, runner.Config{}, func(s *siege) {
			s.ended(s.spawn("flood_self"), runner.ExitFailed, "mailbox is full")
		})
	})
	t.Run("the host", func(t *testing.T) {
		besiege(t, runner.Config{}, func(s *siege) {
			h, err := s.env.NewHostProcess()
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			flood := s.spawn("flood", h.ID())
			s.eventually("a full mailbox", func() string {
				ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
				defer cancel()
				_, err := h.Receive(ctx, 99)
				if errors.Is(err, runner.ErrMailboxFull) || errors.Is(err, runner.ErrClosed) {
					return ""
				}
				return fmt.Sprint(err)
			})
			s.env.Kill(flood.ID())
		})
	})
}

func TestSpawnBomb(t *testing.T) {
	const limit = 300
	besiege(t, runner.Config{MaxProcesses: limit}, func(s *siege) {
		s.spawn("bomb")
		s.eventually("as many as may be", func() string {
			if n := s.env.Processes(); n < limit {
				return fmt.Sprint(n)
			}
			return ""
		})
		for range 200 { // ends are counted a moment later than they are made room for
			if n := s.env.Processes(); n > limit+10 {
				t.Fatalf("%d processes", n)
			}
			time.Sleep(100 * time.Microsecond)
		}
	})
}

func TestSpinners(t *testing.T) {
	besiege(t, runner.Config{}, func(s *siege) {
		var all []*runner.Process
		for range 5 {
			all = append(all, s.spawn("spin"), s.spawn("spin_calls"))
		}
		time.Sleep(200 * time.Millisecond) // of misbehaving
		for _, p := range all {
			s.env.Kill(p.ID())
			s.ended(p, runner.ExitKilled, "")
		}
	})
}

func TestDeepRecursion(t *testing.T) {
	besiege(t, runner.Config{}, func(s *siege) {
		for range 4 {
			s.ended(s.spawn("recurse"), runner.ExitFailed, "stack")
		}
	})
}

func TestGiantNames(t *testing.T) {
	besiege(t, runner.Config{}, func(s *siege) {
		s.ended(s.spawn("names", s.me.ID()), runner.ExitFailed, "name")
	})
}

func TestManyTimers(t *testing.T) {
	n := uint64(many(100_000))
	besiege(t, runner.Config{}, func(s *siege) {
		s.spawn("later", s.me.ID(), n) // never fire
		s.number(1)
		s.spawn("timers", s.me.ID(), n)
		s.number(1)
		for range n {
			s.number(2)
		}
	})
}

func TestManyLinks(t *testing.T) {
	n := uint64(many(20_000))
	besiege(t, runner.Config{}, func(s *siege) {
		hub := s.spawn("sleeper")
		s.spawn("spawn_linked", hub.ID(), s.me.ID(), n)
		for range n {
			s.number(1)
		}
		s.number(2)
		before := s.env.Processes()
		s.env.Kill(hub.ID())
		s.ended(hub, runner.ExitKilled, "")
		s.eventually("all linked with it gone", func() string {
			if left := before - s.env.Processes(); left < int(n) {
				return fmt.Sprint(left)
			}
			return ""
		})
	})
}

func TestKillStorm(t *testing.T) {
	besiege(t, runner.Config{MaxProcesses: 2000}, func(s *siege) {
		// Not the bystander and the test's own.
		first := s.spawn("sleeper").ID() + 1
		for range 6 {
			s.spawn("killer", first)
		}
		time.Sleep(500 * time.Millisecond)
	})
}

// Modules that are bad, or whose start functions are: given to the host and to a guest.
func TestBadModules(t *testing.T) {
	artifact, err := hostileArtifact()
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(artifact, []byte(rtlib.SectionMeta))
	if at < 0 {
		t.Fatal("no metadata")
	}
	meta := bytes.Clone(artifact)
	for i := at + len(rtlib.SectionMeta) + 1; i < at+len(rtlib.SectionMeta)+8; i++ {
		meta[i] ^= 0x55
	}
	for _, tt := range []struct {
		name           string
		module         []byte
		compile, spawn uint64 // statuses
		text           string
	}{
		{"trap in the start function", hostileFile(t, "starttrap"), 0, 1, "unreachable"},
		{"memory bomb in the start function", hostileFile(t, "startmemory"), 0, 1, "unreachable"},
		{"unknown import", hostileFile(t, "unknown"), 1, 0, "no_such_function"},
		{"import of another type", hostileFile(t, "mistyped"), 1, 0, "sleep_ms"},
		{"table bomb", hostileFile(t, "table"), 0, 0, ""},
		{"nothing", nil, 1, 0, "unexpected end"},
		{"half", artifact[:len(artifact)/2], 1, 0, "out of bounds"},
		{"metadata", meta, 1, 0, "artifact"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			besiege(t, runner.Config{}, func(s *siege) {
				text := ""
				mod, err := s.rt.Compile(t.Context(), tt.module)
				if err == nil {
					_, err = s.env.Spawn(mod, s.cfg, "_start")
				}
				if err != nil {
					text = err.Error()
				}
				if !strings.Contains(text, tt.text) || (text == "") != (tt.text == "") {
					t.Errorf("got %q, want %q", text, tt.text)
				}
				p := s.spawn("compile", s.me.ID())
				s.me.Send(p.ID(), &runner.Message{Data: bytes.Clone(tt.module)})
				if got := s.number(1); got != tt.compile {
					t.Errorf("compile_module answers %d, want %d", got, tt.compile)
				}
				if tt.compile == 0 {
					if got := s.number(2); got != tt.spawn {
						t.Errorf("spawn answers %d, want %d", got, tt.spawn)
					}
				}
			})
		})
	}
}

// A module that only says that lunatic-build has written it, and does not count what it
// computes, could not be preempted: guests' modules are not believed.
func TestFalseArtifact(t *testing.T) {
	raw := hostileFile(t, "uncounted")
	built, _, err := transform.Build(t.Context(), raw, transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lie := append(bytes.Clone(raw), metaSection(t, built)...)
	if !runner.IsArtifact(lie) {
		t.Fatal("the module does not say it")
	}
	besiege(t, runner.Config{}, func(s *siege) {
		p := s.spawn("compile", s.me.ID())
		s.me.Send(p.ID(), &runner.Message{Data: lie})
		if got := s.number(1); got != 1 {
			t.Errorf("compile_module answers %d, want 1", got)
		}
	})
}

// metaSection returns a module's custom section of metadata.
func metaSection(t *testing.T, module []byte) []byte {
	for b := module[8:]; len(b) > 0; {
		n, k := binary.Uvarint(b[1:])
		section := b[:1+k+int(n)]
		if b[0] == 0 && bytes.HasPrefix(section[1+k:], append([]byte{byte(len(rtlib.SectionMeta))}, rtlib.SectionMeta...)) {
			return section
		}
		b = b[len(section):]
	}
	t.Fatal("no metadata")
	return nil
}

// A start function that does not end holds up its parent, and nobody else; it ends with it.
func TestEndlessStart(t *testing.T) {
	besiege(t, runner.Config{}, func(s *siege) {
		var all []*runner.Process
		for range 3 {
			p := s.spawn("compile", s.me.ID())
			s.me.Send(p.ID(), &runner.Message{Data: hostileFile(t, "startspin")})
			all = append(all, p)
			if got := s.number(1); got != 0 {
				t.Fatalf("compile_module answers %d", got)
			}
		}
		time.Sleep(100 * time.Millisecond)
		for _, p := range all {
			s.env.Kill(p.ID())
			s.ended(p, runner.ExitKilled, "")
		}
	})
}

// What one process closes, others go on using; with the last one it is closed.
func TestSharedSockets(t *testing.T) {
	besiege(t, runner.Config{}, func(s *siege) {
		sharer := s.spawn("sharer", s.me.ID())
		addr := fmt.Sprintf("127.0.0.1:%d", s.number(7))
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		a, b := s.number(8), s.number(9)
		s.number(4)
		s.number(4)
		write := func() {
			if _, err := c.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			if n := s.number(5); n != 1 {
				t.Errorf("read %d bytes", n)
			}
		}
		for range 20 { // by either
			write()
		}
		s.env.Kill(a) // while it reads, or waits for the other one
		for range 20 {
			write()
		}
		s.env.Kill(sharer.ID()) // while it accepts
		s.ended(sharer, runner.ExitKilled, "")
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			t.Error("the listener lives")
		}
		write()
		s.env.Kill(b)
		if _, err := c.Read(make([]byte, 1)); err != io.EOF && !strings.Contains(err.Error(), "reset") {
			t.Errorf("read at the end: %v, want EOF", err)
		}
	})
}

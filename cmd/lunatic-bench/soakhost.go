package main

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// namespace has the functions that soak.c imports: see there.
func (l *soakLedger) namespace() runner.Namespace {
	type words = []uint64
	f := func(name, typ string, call func(id uint64, w words) uint64) runner.Func {
		return runner.Func{Name: name, Type: typ, Call: func(p *runner.Process, stack []uint64) {
			if r := call(p.ID(), stack); len(stack) > 0 {
				stack[0] = r
			}
		}}
	}
	do := func(name, typ string, call func(id uint64, w words)) runner.Func {
		return f(name, typ, func(id uint64, w words) uint64 { call(id, w); return 0 })
	}
	count := func(what string, id, a, b uint64) {
		l.mu.Lock()
		l.note(id, what, a, b)
		l.mu.Unlock()
	}
	return runner.Namespace{Name: "soak", Funcs: []runner.Func{
		{Name: "begin", Type: "i64 i64 i32", Call: func(p *runner.Process, w []uint64) {
			l.begin(p.ID(), w[0], w[1], soakKind(min(w[2], 2)))
			l.auditor.watch(p.ID())
		}},
		f("state", "-> i32", func(uint64, words) uint64 {
			l.mu.Lock()
			defer l.mu.Unlock()
			return uint64(l.phase)
		}),
		f("pick", "i64 -> i64", func(_ uint64, w words) uint64 { return l.pick(w[0]) }),
		f("next", "i64 i32 -> i64", func(id uint64, w words) uint64 { return l.next(id, w[0], uint32(w[1])) }),
		do("sent", "i64 i32 i64", func(id uint64, w words) { l.sent(id, w[0], uint32(w[1]), w[2]) }),
		do("got", "i64 i32 i64", func(id uint64, w words) { l.got(id, w[0], uint32(w[1]), w[2]) }),
		f("may_link", "i64 -> i64", func(id uint64, w words) uint64 { return l.mayLink(id, w[0]) }),
		do("linked", "i64", func(id uint64, w words) { l.linked(id, w[0]) }),
		f("room", "-> i32", func(uint64, words) uint64 {
			if l.room() {
				return 1
			}
			return 0
		}),
		do("spawned", "i64 i64", func(id uint64, w words) { l.spawned(id, w[0], w[1]) }),
		f("may_unlink", "i64 -> i64", func(id uint64, w words) uint64 { return l.mayUnlink(id, w[0]) }),
		do("link_died", "i64", func(id uint64, w words) { l.linkDied(id, w[0]) }),
		f("may_monitor", "i64 -> i32", func(id uint64, w words) uint64 {
			if l.mayMonitor(id, w[0]) {
				return 1
			}
			return 0
		}),
		f("may_demonitor", "i64 -> i64", func(id uint64, w words) uint64 { return l.mayDemonitor(id, w[0]) }),
		do("process_died", "i64", func(id uint64, w words) { l.processDied(id, w[0]) }),
		do("killing", "i64", func(id uint64, w words) { l.killing(id, w[0]) }),
		do("leaving", "i32", func(id uint64, w words) { l.leaving(id, w[0] != 0) }),
		f("timer", "i64 -> i64", func(id uint64, w words) uint64 { return l.newTimer(id, w[0]) }),
		do("timer_set", "i64", func(id uint64, w words) { l.timerSet(id, w[0]) }),
		do("timer_fired", "i64", func(id uint64, w words) { l.timerFired(id, w[0]) }),
		do("timer_canceled", "i64", func(id uint64, w words) { l.timerCanceled(id, w[0]) }),
		f("stamp", "-> i64", func(uint64, words) uint64 { return l.stamp() }),
		do("found", "i64 i64", func(id uint64, w words) { l.found(id, w[0], w[1]) }),
		do("hibernate", "", func(id uint64, _ words) {
			l.mu.Lock()
			l.note(id, "hibernate", 0, 0)
			l.asleep = append(l.asleep, id)
			l.mu.Unlock()
		}),
		f("port", "-> i32", func(uint64, words) uint64 {
			l.mu.Lock()
			defer l.mu.Unlock()
			return uint64(l.port)
		}),
		do("listening", "i32", func(_ uint64, w words) {
			l.mu.Lock()
			l.port = uint32(w[0])
			l.mu.Unlock()
		}),
		do("stream", "i32", func(id uint64, w words) {
			count([]string{"stream echoed", "stream broken", "stream refused"}[min(w[0], 2)], id, 0, 0)
		}),
		f("slow", "-> i32", func(uint64, words) uint64 {
			if l.slow {
				return 1
			}
			return 0
		}),
		do("op", "i32", func(id uint64, w words) { count("op", id, w[0], 0) }),
		do("fail", "i32 i64 i64", func(id uint64, w words) {
			l.mu.Lock()
			l.violation(id, "soak.c:%d: %d %#x, %d %#x", w[0], w[1], w[1], w[2], w[2])
			l.mu.Unlock()
		}),
	}}
}

// A soakAuditor hears of the ends of all processes, first of the link and then of the
// monitor, and so of how they ended.
type soakAuditor struct {
	*runner.HostProcess
	ledger *soakLedger
	failed map[uint64]bool
	done   sync.WaitGroup
}

// soakAudit is the first tag of the auditor's links.
const soakAudit = 1 << 60

func newSoakAuditor(env *runner.Environment, l *soakLedger) (*soakAuditor, error) {
	h, err := env.NewHostProcess()
	if err != nil {
		return nil, err
	}
	a := &soakAuditor{HostProcess: h, ledger: l, failed: make(map[uint64]bool)}
	a.done.Go(a.run)
	return a, nil
}

func (a *soakAuditor) watch(id uint64) {
	a.Link(id, soakAudit+int64(id))
	a.Monitor(id)
}

func (a *soakAuditor) run() {
	for {
		m, err := a.Receive(context.Background())
		switch {
		case err != nil:
			return
		case m.Kind == runner.LinkDied:
			a.failed[uint64(m.Tag-soakAudit)] = true
		case m.Kind == runner.ProcessDied:
			a.ledger.died(m.PID, a.failed[m.PID])
			delete(a.failed, m.PID)
		default:
			m.Close()
		}
	}
}

// A soakActor is a process whose code is Go and that takes part.
type soakActor struct {
	*runner.HostProcess
	ledger *soakLedger
	rand   *rand.Rand
}

// What soak.c calls them.
const (
	soakMagic   = 0x50a4
	soakClasses = 5
	soakRequest = 10
	soakStream  = 11
	soakTimed   = 12
	soakWake    = 13
	soakAnswers = 1 << 50
)

// soakActs runs one actor after the other until the soak is over.
func (l *soakLedger) soakActs(env *runner.Environment, r *rand.Rand) {
	for {
		h, err := env.NewHostProcess()
		if err != nil {
			time.Sleep(time.Millisecond) // the environment is full
			if l.phaseNow() == soakFinish {
				return
			}
			continue
		}
		a := &soakActor{h, l, r}
		l.begin(h.ID(), 0, 0, soakHost)
		l.auditor.watch(h.ID())
		again := a.live()
		l.leaving(h.ID(), false)
		h.Close()
		if !again {
			return
		}
	}
}

func (l *soakLedger) phaseNow() soakPhase {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phase
}

// live reports whether there is to be another one.
func (a *soakActor) live() (again bool) {
	for life := 200 + a.rand.IntN(2000); ; life-- {
		switch phase := a.ledger.phaseNow(); {
		case phase == soakFinish:
			return false
		case phase == soakRun && life < 0:
			return true
		case phase == soakRun:
			a.act()
		}
		if !a.receive(time.Duration(a.rand.IntN(3)) * time.Millisecond) {
			return true // killed
		}
	}
}

func (a *soakActor) act() {
	l, id := a.ledger, a.ID()
	to := l.pick(a.rand.Uint64())
	if to == 0 {
		return
	}
	switch a.rand.IntN(20) {
	case 0:
		if tag := l.mayLink(id, to); tag != 0 {
			a.Link(to, int64(tag))
			l.linked(id, tag)
		}
	case 1:
		if peer := l.mayUnlink(id, a.rand.Uint64()); peer != 0 {
			a.Unlink(peer)
		}
	case 2:
		if to != id && l.mayMonitor(id, to) {
			a.Monitor(to)
		}
	case 3:
		if peer := l.mayDemonitor(id, 0); peer != 0 {
			a.StopMonitoring(peer)
		}
	default:
		class := uint32(a.rand.IntN(soakClasses))
		number := l.next(id, to, class)
		a.Send(to, &runner.Message{Tag: int64(class), Data: soakData(id, number, class, a.rand.IntN(300))})
		l.sent(id, to, class, number)
	}
}

// soakSum is the checksum of soak.c.
func soakSum(p []byte, number uint64) uint32 {
	s := uint32(number)
	for _, b := range p {
		s = s*31 + uint32(b)
	}
	return s
}

// soakHeader is the length of what stands before the data of a message: magic number,
// sender, number, class, length of the data, checksum, four bytes unused.
const soakHeader = 40

func soakData(from, number uint64, class uint32, n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(number + uint64(i)*7)
	}
	b := binary.LittleEndian.AppendUint64(nil, soakMagic)
	b = binary.LittleEndian.AppendUint64(b, from)
	b = binary.LittleEndian.AppendUint64(b, number)
	for _, v := range []uint32{class, uint32(n), soakSum(data, number), 0} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return append(b, data...)
}

// receive takes what has come within a time. It reports false if the process has ended.
func (a *soakActor) receive(patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for range 8 {
		m, err := a.Receive(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return true
		}
		if err != nil {
			return false
		}
		a.handle(m)
	}
	return true
}

func (a *soakActor) handle(m *runner.Message) {
	defer m.Close()
	l, id := a.ledger, a.ID()
	switch {
	case m.Kind == runner.LinkDied:
		l.linkDied(id, uint64(m.Tag))
		return
	case m.Kind == runner.ProcessDied:
		l.processDied(id, m.PID)
		return
	case m.Tag >= soakAnswers || m.Tag == soakWake:
		return
	}
	if len(m.Data) < soakHeader {
		l.mu.Lock()
		l.violation(id, "message of %d bytes, tag %d", len(m.Data), m.Tag)
		l.mu.Unlock()
		return
	}
	from, number := binary.LittleEndian.Uint64(m.Data[8:]), binary.LittleEndian.Uint64(m.Data[16:])
	class, sum := binary.LittleEndian.Uint32(m.Data[24:]), binary.LittleEndian.Uint32(m.Data[32:])
	if soakSum(m.Data[soakHeader:], number) != sum {
		l.mu.Lock()
		l.violation(id, "message %d from %d has the wrong checksum", number, from)
		l.mu.Unlock()
	}
	switch m.Tag {
	case soakRequest:
		a.Send(from, &runner.Message{Tag: int64(number), Data: binary.LittleEndian.AppendUint64(nil, number+1)})
	case soakTimed:
		l.timerFired(id, number)
	case soakStream:
	default:
		l.got(id, from, class, number)
	}
}

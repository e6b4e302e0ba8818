package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A soakLedger knows what the processes of a soak have done and been told, and what must
// be true of it. They tell it before what they do has an effect and after it, so that it
// knows bounds for what a process did that was killed in between.
//
// Its methods may be called from any goroutine.
type soakLedger struct {
	auditor *soakAuditor
	slow    bool // guests are to spare the time

	mu      sync.Mutex
	phase   soakPhase
	port    uint32
	target  int // processes wanted
	procs   map[uint64]*soakProc
	order   []*soakProc // by begin
	living  []*soakProc
	serving []*soakProc // services
	ended   []uint64    // in the order of the notices
	numbers map[soakRoute]*soakCount
	links   map[uint64]*soakLink // by tag
	pairs   map[[2]uint64]bool   // linked at any time
	timers  []*soakTimer
	tags    uint64
	counts  map[string]int
	asleep  []uint64 // want to be woken or killed
	wrong   []string // what must not be
}

// soakPhase says what processes are to do. The values are the guest's.
type soakPhase uint32

const (
	soakRun    soakPhase = iota // anything
	soakDrain                   // only receive
	soakFinish                  // end
)

// soakLinks is the first tag of links: see soak.c.
const soakLinks = 1 << 40

// maxWrong is how many violations are kept.
const maxWrong = 10

// A soakProc is a process, of guest or host.
type soakProc struct {
	id       uint64
	index    int // in living
	is       soakKind
	alive    bool
	failed   bool // it ended otherwise than normally
	left     int  // it is about to end: 1 normally, 2 otherwise
	killed   bool // somebody was about to kill it
	survives bool
	child    *soakLink // with its parent
	links    []*soakLink
	monitors map[uint64]*soakWatch
	log      [soakTail]soakOp
	nlog     int
}

// soakTail is how many operations of each process are remembered.
const soakTail = 40

type soakOp struct {
	what string
	a, b uint64
}

// A soakRoute is where numbered messages go: those of a class arrive in their order.
type soakRoute struct {
	from, to uint64
	class    uint32
}

// A soakCount has the numbers of the last message: of which the sender has known, which it
// has sent for certain, and which was received.
type soakCount struct{ next, sent, got uint64 }

// A soakLink was made once, by the first of its ends.
type soakLink struct {
	ends     [2]uint64
	told     [2]int // each of the end of the other
	made     bool   // for certain
	unlinked bool   // or about to be
}

// A soakWatch is a monitor.
type soakWatch struct {
	told    int
	stopped bool
}

type soakTimer struct {
	to            uint64
	set, canceled bool
	fired         int
}

func newSoakLedger(target int) *soakLedger {
	return &soakLedger{
		target: target, procs: make(map[uint64]*soakProc), numbers: make(map[soakRoute]*soakCount),
		links: make(map[uint64]*soakLink), pairs: make(map[[2]uint64]bool), tags: soakLinks, counts: make(map[string]int),
	}
}

// note enters an operation in a process's log and in the counts. mu must be held.
func (l *soakLedger) note(id uint64, what string, a, b uint64) *soakProc {
	l.counts[what]++
	p := l.procs[id]
	if p == nil {
		l.violation(id, "%s by a process that has not begun", what)
		p = &soakProc{id: id, alive: true}
		l.procs[id] = p
	}
	p.log[p.nlog%soakTail] = soakOp{what, a, b}
	p.nlog++
	return p
}

// violation reports what must not be. mu must be held.
func (l *soakLedger) violation(id uint64, format string, args ...any) {
	if len(l.wrong) >= maxWrong {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "process %d: "+format, append([]any{id}, args...)...)
	if p := l.procs[id]; p != nil {
		b.WriteString("\n" + p.tail())
	}
	l.wrong = append(l.wrong, b.String())
}

// tail lists a process's last operations.
func (p *soakProc) tail() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  process %d, alive %v, failed %v, left %d, killed %v, survives %v, did last:", p.id, p.alive, p.failed, p.left, p.killed, p.survives)
	for _, k := range p.links {
		fmt.Fprintf(&b, "\n    linked: %+v", *k)
	}
	for i := max(0, p.nlog-soakTail); i < p.nlog; i++ {
		op := p.log[i%soakTail]
		fmt.Fprintf(&b, "\n    %s %d %d", op.what, op.a, op.b)
	}
	return b.String()
}

// violations returns what must not be and has been.
func (l *soakLedger) violations() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wrong
}

func (l *soakLedger) setPhase(p soakPhase) {
	l.mu.Lock()
	l.phase = p
	l.mu.Unlock()
}

// A soakKind says what a process is. The first three values are the guest's.
type soakKind uint32

const (
	soakMortal   soakKind = iota // dies with linked processes
	soakSurvives                 // is told of their ends
	soakService                  // listens, or echoes: nobody's peer
	soakHost                     // Go, and survives
)

// peers is the list of living processes that p is in.
func (l *soakLedger) peers(p *soakProc) *[]*soakProc {
	if p.is == soakService {
		return &l.serving
	}
	return &l.living
}

// begin enters a process. parent is 0 without one, tag 0 without a link.
func (l *soakLedger) begin(id, parent, tag uint64, is soakKind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.procs[id] != nil {
		l.violation(id, "begins for the second time")
		return
	}
	p := &soakProc{id: id, alive: true, is: is, survives: is == soakSurvives || is == soakHost}
	l.procs[id] = p
	l.order = append(l.order, p)
	set := l.peers(p)
	p.index = len(*set)
	*set = append(*set, p)
	l.note(id, "begin", parent, tag)
	if tag != 0 {
		l.link(tag, parent, id)
		p.child = l.links[tag]
		p.child.made = true
		if !slices.Contains(p.links, p.child) { // its parent was faster
			p.links = append(p.links, p.child)
		}
	}
}

// died is told by the auditor.
func (l *soakLedger) died(id uint64, failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.procs[id]
	if p == nil || !p.alive {
		l.violation(id, "its end is told twice, or it has not begun")
		return
	}
	p.alive, p.failed = false, failed
	set := l.peers(p)
	last := (*set)[len(*set)-1]
	(*set)[p.index], last.index = last, p.index
	*set = (*set)[:len(*set)-1]
	if p.is != soakService {
		l.ended = append(l.ended, id)
	}
	if failed {
		l.counts["failed"]++
	}
	if !failed && p.left != 1 {
		l.violation(id, "it ended normally, but did not mean to")
	}
}

// trapped is told by OnFailure.
func (l *soakLedger) trapped(id uint64, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.procs[id]; p == nil || p.left != 2 {
		l.violation(id, "it trapped, but did not mean to: %s", text)
	}
	if strings.Contains(text, "goroutine ") || strings.HasPrefix(text, "host: ") {
		l.violation(id, "the host panicked: %s", text)
	}
}

// pick returns a process: a living one mostly, 0 if there is none.
func (l *soakLedger) pick(random uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := uint64(len(l.ended)); random%16 == 0 && n > 0 {
		return l.ended[n-1-random/16%min(n, 50)]
	}
	if n := uint64(len(l.living)); n > 0 {
		return l.living[random/16%n].id
	}
	return 0
}

func (l *soakLedger) room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.phase == soakRun && len(l.living) < l.target
}

func (l *soakLedger) next(id, to uint64, class uint32) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(id, "send", to, uint64(class))
	r := soakRoute{id, to, class}
	c := l.numbers[r]
	if c == nil {
		c = &soakCount{}
		l.numbers[r] = c
	}
	c.next++
	return c.next
}

func (l *soakLedger) sent(id, to uint64, class uint32, number uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(id, "sent", to, number)
	if c := l.numbers[soakRoute{id, to, class}]; c != nil {
		c.sent = number
	}
}

func (l *soakLedger) got(id, from uint64, class uint32, number uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(id, "got", from, number)
	c := l.numbers[soakRoute{from, id, class}]
	if c == nil || number > c.next {
		l.violation(id, "message %d of class %d from %d, which has not sent it", number, class, from)
		return
	}
	if number != c.got+1 {
		l.violation(id, "message %d of class %d from %d after %d", number, class, from, c.got)
	}
	c.got = number
}

func soakPair(a, b uint64) [2]uint64 { return [2]uint64{min(a, b), max(a, b)} }

// mayLink returns the tag for a link with peer, 0 if there was one already. With peer 0 it
// is for a child.
func (l *soakLedger) mayLink(id, peer uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if peer != 0 && (l.pairs[soakPair(id, peer)] || peer == id) {
		return 0
	}
	l.tags++
	if peer != 0 {
		l.note(id, "link", peer, l.tags)
		l.link(l.tags, id, peer)
	}
	return l.tags
}

func (l *soakLedger) linked(id, tag uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(id, "linked", tag, 0)
	if k := l.links[tag]; k != nil {
		k.made = true
	}
}

// link enters a link, unless it is known. mu must be held.
func (l *soakLedger) link(tag, a, b uint64) {
	if l.links[tag] != nil {
		return
	}
	k := &soakLink{ends: [2]uint64{a, b}}
	l.links[tag] = k
	l.pairs[soakPair(a, b)] = true
	for _, end := range k.ends {
		if p := l.procs[end]; p != nil {
			p.links = append(p.links, k)
		}
	}
}

func (l *soakLedger) spawned(id, child, tag uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(id, "spawn", child, tag)
	if tag != 0 {
		l.link(tag, id, child)
		l.links[tag].made = true
	}
}

// mayUnlink returns a process that id is linked with, 0 if there is none.
func (l *soakLedger) mayUnlink(id, random uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.procs[id]
	if p == nil || len(p.links) == 0 {
		return 0
	}
	k := p.links[random%uint64(len(p.links))]
	k.unlinked = true
	peer := k.ends[0] + k.ends[1] - id
	l.note(id, "unlink", peer, 0)
	return peer
}

func (l *soakLedger) linkDied(id, tag uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.note(id, "link died", tag, 0)
	k := l.links[tag]
	if tag == 0 {
		k = p.child
	}
	if k == nil || k.ends[0] != id && k.ends[1] != id {
		l.violation(id, "told of the end of a link that it does not have, tag %d", tag)
		return
	}
	side := 0
	if k.ends[1] == id {
		side = 1
	}
	if k.told[side]++; k.told[side] > 1 {
		l.violation(id, "told twice of the end of the link with %d, tag %d", k.ends[1-side], tag)
	}
	if !p.survives {
		l.violation(id, "told of the end of the link with %d, but should have died of it", k.ends[1-side])
	}
}

// mayMonitor reports whether id has not monitored peer yet.
func (l *soakLedger) mayMonitor(id, peer uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.procs[id]
	if p == nil || p.monitors[peer] != nil {
		return false
	}
	if p.monitors == nil {
		p.monitors = make(map[uint64]*soakWatch)
	}
	l.note(id, "monitor", peer, 0)
	p.monitors[peer] = &soakWatch{}
	return true
}

func (l *soakLedger) mayDemonitor(id, _ uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.procs[id]
	if p == nil {
		return 0
	}
	for peer, w := range p.monitors {
		w.stopped = true
		l.note(id, "stop monitoring", peer, 0)
		return peer
	}
	return 0
}

func (l *soakLedger) processDied(id, peer uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.note(id, "process died", peer, 0)
	w := p.monitors[peer]
	if w == nil {
		l.violation(id, "told of the end of %d, which it does not monitor", peer)
		return
	}
	if w.told++; w.told > 1 {
		l.violation(id, "told twice of the end of %d", peer)
	}
}

func (l *soakLedger) killing(id, peer uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(id, "kill", peer, 0)
	if p := l.procs[peer]; p != nil {
		p.killed = true
	}
}

func (l *soakLedger) leaving(id uint64, failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.note(id, "leave", 0, 0)
	p.left = 1
	if failed {
		p.left = 2
	}
}

func (l *soakLedger) newTimer(id, to uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(id, "timer", to, uint64(len(l.timers)))
	l.timers = append(l.timers, &soakTimer{to: to})
	return uint64(len(l.timers) - 1)
}

// onTimer calls f for a timer.
func (l *soakLedger) onTimer(id uint64, what string, timer uint64, f func(t *soakTimer)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(id, what, timer, 0)
	if timer >= uint64(len(l.timers)) {
		l.violation(id, "there is no timer %d", timer)
		return
	}
	f(l.timers[timer])
}

func (l *soakLedger) timerSet(id, timer uint64) {
	l.onTimer(id, "timer set", timer, func(t *soakTimer) { t.set = true })
}

func (l *soakLedger) timerCanceled(id, timer uint64) {
	l.onTimer(id, "timer canceled", timer, func(t *soakTimer) {
		if t.canceled = true; t.fired > 0 {
			l.violation(id, "timer %d canceled after it has fired", timer)
		}
	})
}

func (l *soakLedger) timerFired(id, timer uint64) {
	l.onTimer(id, "timer fired", timer, func(t *soakTimer) {
		if t.fired++; t.fired > 1 || t.canceled || t.to != id {
			l.violation(id, "timer %d for %d fired %d times, canceled %v", timer, t.to, t.fired, t.canceled)
		}
	})
}

// stamp is a point in time for found.
func (l *soakLedger) stamp() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.ended))
}

// found checks that the registry's answer to a question asked after stamp was not dead.
func (l *soakLedger) found(id, peer, stamp uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(id, "found", peer, stamp)
	for _, dead := range l.ended[:min(stamp, uint64(len(l.ended)))] {
		if dead == peer {
			l.violation(id, "the registry has %d, which had ended before", peer)
		}
	}
}

// missing lists what must still arrive before the soak can end well: it is called in the
// phase soakDrain, until it is empty.
func (l *soakLedger) missing() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var left []string
	add := func(format string, args ...any) {
		if len(left) < maxWrong {
			left = append(left, fmt.Sprintf(format, args...))
		}
	}
	for r, c := range l.numbers {
		if p := l.procs[r.to]; p != nil && p.alive && c.got < c.sent {
			add("message %d of class %d from %d to %d is lost\n%s\n%s", c.got+1, r.class, r.from, r.to, l.procs[r.from].tail(), p.tail())
		}
	}
	for i, t := range l.timers {
		if p := l.procs[t.to]; p != nil && p.alive && t.set && !t.canceled && t.fired == 0 {
			add("timer %d for %d has not fired\n%s", i, t.to, p.tail())
		}
	}
	for tag, k := range l.links {
		for side, id := range k.ends {
			p, peer := l.procs[id], l.procs[k.ends[1-side]]
			if p == nil || !p.alive || peer == nil || peer.alive || !peer.failed || !k.made || k.unlinked || k.told[side] > 0 {
				continue
			}
			add("process %d was not told of the end of the link with %d, tag %d\n%s\n%s", id, peer.id, tag, p.tail(), peer.tail())
		}
	}
	for _, p := range l.living {
		for id, w := range p.monitors {
			if peer := l.procs[id]; peer != nil && !peer.alive && !w.stopped && w.told == 0 {
				add("process %d was not told of the end of %d\n%s\n%s", p.id, id, p.tail(), peer.tail())
			}
		}
	}
	return left
}

// audit checks, when all is over, that what was told is true, and that nobody ended without
// a reason.
func (l *soakLedger) audit() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for tag, k := range l.links {
		for side, id := range k.ends {
			if peer := l.procs[k.ends[1-side]]; k.told[side] > 0 && peer != nil && peer.alive {
				l.violation(id, "told of the end of the link with %d, tag %d, which lives", peer.id, tag)
			}
		}
	}
	for _, p := range l.order {
		for id, w := range p.monitors {
			if peer := l.procs[id]; w.told > 0 && peer != nil && peer.alive {
				l.violation(p.id, "told of the end of %d, which lives", id)
			}
		}
		if !p.alive && p.failed && p.left != 2 && !p.killed && !l.diedOfLink(p) {
			l.violation(p.id, "it ended without a reason")
		}
	}
}

// diedOfLink reports whether the end of a linked process may have been a process's own.
func (l *soakLedger) diedOfLink(p *soakProc) bool {
	for _, k := range p.links {
		if p.survives && k != p.child {
			continue
		}
		if peer := l.procs[k.ends[0]+k.ends[1]-p.id]; peer == nil || !peer.alive {
			return true
		}
	}
	return false
}

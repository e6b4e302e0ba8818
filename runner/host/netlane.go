package host

import (
	"slices"
	"sync"

	"github.com/lunatic-go/lunatic/runner"
)

// A lane lets operations in one direction of a socket have their turns, in the order in
// which they began, whatever processes they are of. Only who has its turn touches the
// socket in that direction.
type lane struct {
	mu          sync.Mutex
	first, last *turn
	armed       bool              // ready will be called
	watchers    []*runner.Process // have descriptors: woken while nobody has its turn
}

// A turn is an operation on a lane: a runner.Wait. An attempt never waits; if it has to be
// repeated, arm sees to it that the lane's ready is called when that makes sense.
type turn struct {
	lane *lane
	p    *runner.Process
	try  func() (status uint64, err error) // errAgain, or none
	arm  func()

	next   *turn
	queued bool
}

// run makes a host call of an operation. Its time is that of p.SetTimeout, the time until it
// has its turn included.
func (l *lane) run(p *runner.Process, stack []uint64, arm func(), try func() (uint64, error)) {
	p.Wait(&turn{lane: l, p: p, try: try, arm: arm}, stack)
}

func (t *turn) Poll(p *runner.Process, results []uint64) (done bool) {
	trapped := true // as when the process has too many errors
	defer func() {
		if trapped || done {
			t.lane.leave(t)
		}
	}()
	done = t.poll(p, results)
	trapped = false
	return done
}

func (t *turn) poll(p *runner.Process, results []uint64) (done bool) {
	mine := t.lane.enter(t)
	if mine {
		if status, err := t.try(); err == nil {
			results[0] = status
			return true
		}
	}
	if p.TimedOut() {
		results[0] = timedOut
		return true
	}
	if mine {
		t.arm()
	}
	return false
}

// Cancel is called when the process ends.
func (t *turn) Cancel() { t.lane.leave(t) }

// enter queues an operation that is not queued yet, and reports whether it has its turn.
func (l *lane) enter(t *turn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !t.queued {
		t.queued = true
		if l.last == nil {
			l.first = t
		} else {
			l.last.next = t
		}
		l.last = t
	}
	return l.first == t
}

// leave ends an operation. If it had its turn, the next one has it.
func (l *lane) leave(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !t.queued {
		return
	}
	t.queued = false
	if l.first == t {
		if l.first = t.next; l.first == nil {
			l.last = nil
			l.wakeWatchers(t.p)
		} else {
			l.first.p.Wake()
		}
		return
	}
	before := l.first
	for before.next != t {
		before = before.next
	}
	if before.next = t.next; l.last == t {
		l.last = before
	}
}

// begin reports whether somebody has to be started who will call ready. It is for arm.
func (l *lane) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.armed {
		return false
	}
	l.armed = true
	return true
}

// ready wakes who has its turn.
func (l *lane) ready() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = false
	if l.first != nil {
		l.first.p.Wake()
	} else {
		l.wakeWatchers(nil)
	}
}

// idle reports whether nobody has its turn, and nobody will call ready: only an attempt can
// tell whether the socket is.
func (l *lane) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first == nil && !l.armed
}

func (l *lane) watch(p *runner.Process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers = append(l.watchers, p)
}

func (l *lane) unwatch(p *runner.Process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.watchers, p); i >= 0 {
		l.watchers = slices.Delete(l.watchers, i, i+1)
	}
}

// wakeWatchers wakes all but one.
func (l *lane) wakeWatchers(but *runner.Process) {
	for _, p := range l.watchers {
		if p != but {
			p.Wake()
		}
	}
}

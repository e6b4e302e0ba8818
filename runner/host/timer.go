package host

import (
	"sync"

	"github.com/lunatic-go/lunatic/runner"
)

var lunaticTimer = runner.Namespace{Name: "lunatic::timer", Funcs: []runner.Func{
	{Name: "send_after", Type: "i64 i64 -> i64", Call: sendAfter},
	{Name: "cancel_timer", Type: "i64 -> i32", Call: cancelTimer},
}}

// timerTables has one resource for each process: the timers that it has started. They
// outlive it, so the table does not close them.
var timerTables = runner.NewKind[*timerTable]("table of timers")

// A timerTable has a process's timers that are still pending. Ids count from 0.
type timerTable struct {
	mu      sync.Mutex
	pending map[uint64]*runner.Timer
	next    uint64
}

func timersOf(p *runner.Process) *timerTable {
	if t, ok := timerTables.Lookup(p, 0); ok {
		return t
	}
	t := &timerTable{pending: make(map[uint64]*runner.Timer)}
	timerTables.Add(p, t)
	return t
}

// sendAfter takes the message in the scratch slot. One for a process that is not alive is
// dropped at once; there is a timer nevertheless, which cannot be cancelled.
func sendAfter(p *runner.Process, stack []uint64) {
	m := scratch(p)
	t := timersOf(p)
	id := t.next
	t.mu.Lock() // so that a timer that fires at once finds its entry
	defer t.mu.Unlock()
	timer, err := p.Environment().SendAfter(stack[0], m, stack[1], func() {
		t.mu.Lock()
		delete(t.pending, id)
		t.mu.Unlock()
	})
	if err != nil {
		p.Fail("", "%v", err)
	}
	p.Scratch = nil
	t.next++
	if timer.Pending() {
		t.pending[id] = timer
	}
	stack[0] = id
}

// cancelTimer answers 1 if the message will not be sent because of this call, and 0 if it
// has been sent or dropped, or if there is no such timer. Lunatic 0.13 may answer 1 for a
// message that was sent.
func cancelTimer(p *runner.Process, stack []uint64) {
	t := timersOf(p)
	t.mu.Lock()
	timer := t.pending[stack[0]]
	delete(t.pending, stack[0])
	t.mu.Unlock()
	stack[0] = bit(timer != nil && timer.Cancel())
}

package runner

import (
	"sync/atomic"
	"time"
)

// patience is how often the monitor looks for host functions that hold a worker: one that
// it sees twice loses the worker, after once to twice that time. It is the length of a
// slice, about.
const patience = time.Millisecond

// restless is how many times in a row the monitor finds no host function before it ends.
const restless = 50

// Blocking calls f, which may block in the system or compute for long. When it does so
// for more than a millisecond or two, other processes get the worker meanwhile, as Go's own
// system calls do not keep a P. It costs about 15 ns, and f runs on the process's own
// goroutine: but the process cannot be suspended, nor does it end, before f returns. So f
// should look at Interrupted from time to time, if it can.
//
// f must not use the process otherwise, but for its memory.
func (p *Process) Blocking(f func()) {
	h := p.holder()
	if h.worker == nil { // a start function that the host program runs
		f()
		p.die()
		return
	}
	mark := h.worker.enter()
	defer p.leaveBlocking(h, mark)
	f()
}

// leaveBlocking is the end of Blocking: the process waits for a worker if its own is gone,
// or if it has had it for long enough.
func (p *Process) leaveBlocking(h *Process, mark uint64) {
	seen, kept := h.worker.leave(mark)
	switch {
	case !kept:
		h.willPark()
		h.rt.exec.push(h, nil)
		h.resumeParked()
	case seen && p.doom == nil && h.worker.busy():
		h.parkTurn()
	}
	p.die()
}

// die does not return if Interrupted has found the process's end.
func (p *Process) die() {
	if p.doom != nil {
		panic(p.doom)
	}
}

// Interrupted handles the signals that have arrived and reports whether one of them ends
// the process. f of Blocking should return then; Blocking will not.
func (p *Process) Interrupted() bool {
	if p.doom == nil {
		p.doom = p.holder().drain()
	}
	return p.doom != nil
}

// A loan is the state of a worker whose process may be in Blocking: 0 if not, else a
// number that the worker has not used before, with the bit loanSeen if the monitor has seen
// it. Who holds the worker sets and clears it; the monitor clears it to take the worker.
type loan struct {
	state  atomic.Uint64
	serial uint64 // of the last one; belongs to who holds the worker
}

const loanSeen = 1

// enter marks the worker as lent to a host function.
func (w *worker) enter() (mark uint64) {
	w.loan.serial += 2
	mark = w.loan.serial
	w.loan.state.Store(mark)
	if !w.exec.monitored.Load() {
		w.exec.monitor()
	}
	return mark
}

// leave takes the mark away. seen says that the monitor has found the worker in a host
// function, which happens once in a millisecond of such calls; kept that the worker was
// not taken.
func (w *worker) leave(mark uint64) (seen, kept bool) {
	if w.loan.state.CompareAndSwap(mark, 0) {
		return false, true
	}
	return true, w.loan.state.CompareAndSwap(mark|loanSeen, 0)
}

// retake looks whether the worker is lent, and takes it if it was at the last look.
func (w *worker) retake() (lent, taken bool) {
	switch mark := w.loan.state.Load(); {
	case mark == 0:
		return false, false
	case mark&loanSeen == 0:
		w.loan.state.CompareAndSwap(mark, mark|loanSeen)
		return true, false
	default:
		return true, w.loan.state.CompareAndSwap(mark, 0)
	}
}

// monitor starts the goroutine that takes workers back, unless it runs. It does so while
// host functions are called that may block, and a little longer: a look costs less than a
// start.
func (e *executor) monitor() {
	if !e.monitored.CompareAndSwap(false, true) {
		return
	}
	e.loops.Add(1)
	go func() {
		defer e.loops.Done()
		tick := time.NewTicker(patience)
		defer tick.Stop()
		for quiet := 0; quiet < restless && !e.closing.Load(); quiet++ {
			<-tick.C
			if e.retakeAll() {
				quiet = 0
			}
		}
		e.monitored.Store(false)
		// Who has marked its worker since has found the monitor running.
		if e.retakeAll() && !e.closing.Load() {
			e.monitor()
		}
	}()
}

// retakeAll gives the workers that are lent for too long to other goroutines. It reports
// whether any is lent.
func (e *executor) retakeAll() (any bool) {
	for _, w := range e.workers {
		lent, taken := w.retake()
		if taken {
			e.start(w)
		}
		any = any || lent
	}
	return any
}

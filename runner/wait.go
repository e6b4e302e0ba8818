package runner

import "time"

// A Wait is a host call that cannot finish yet. Poll is called on the process's
// goroutine, first within the host call, then each time after the process was woken:
// by a signal, its timer, or a call of Wake. It reports whether the call is
// finished, after writing the results. It is not called again after that.
//
// A Wait that also has a method Cancel is told by it that the process ended.
type Wait interface {
	Poll(p *Process, results []uint64) bool
}

type canceler interface{ Cancel() }

// Wait makes the host call wait, for no worker's time: it suspends the guest if that
// can be done, and parks the goroutine otherwise. The host function must return at
// once after it. results is the host function's stack.
func (p *Process) Wait(w Wait, results []uint64) {
	forced := p.Stressed()
	results = results[:p.fn.words]
	if !forced && w.Poll(p, results) {
		p.deadline = 0
		return
	}
	if p.initial {
		p.waitInStart(w, results)
		return
	}
	why := p.suspend()
	if why == Granted {
		p.wait, p.nresults = w, uint8(len(results))
		if forced {
			p.wake() // it was not polled yet
		}
		p.arm()
		return
	}
	p.worker.stats.parked[why].Add(1)
	p.wait = w
	for !w.Poll(p, results) {
		if !p.armed {
			p.arm()
		}
		p.park()
		p.CheckSignals()
	}
	p.wait = nil
	p.disarm()
}

// Stressed reports whether a host function that may suspend has to call Wait even if it need
// not wait, as under StressSuspend.
func (p *Process) Stressed() bool { return p.rt.stress&StressSuspend != 0 }

// suspend asks for an unwind out of the host call that the process is in.
func (p *Process) suspend() Refusal {
	if !p.mod.suspends[p.fn.id] {
		return RefusedImport
	}
	return p.guest.Suspend()
}

// SetTimeout says when the next Wait is over at the latest: TimedOut reports it. All
// ones mean never.
func (p *Process) SetTimeout(millis uint64) {
	const centuries = 1 << 62 / uint64(time.Millisecond)
	p.deadline = 0
	if millis < centuries {
		p.deadline = time.Since(p.rt.start) + time.Duration(millis)*time.Millisecond
	}
}

// SetDeadline is SetTimeout with a point in time, the zero time meaning never.
func (p *Process) SetDeadline(t time.Time) {
	p.deadline = 0
	if !t.IsZero() {
		p.deadline = max(1, t.Sub(p.rt.start))
	}
}

// TimedOut reports whether the time given to SetTimeout is over.
func (p *Process) TimedOut() bool {
	return p.deadline != 0 && time.Since(p.rt.start) >= p.deadline
}

func (p *Process) arm() {
	if p.deadline == 0 {
		return
	}
	p.armed = true
	d := p.deadline - time.Since(p.rt.start)
	if p.timer == nil {
		p.timer = time.AfterFunc(d, p.wake)
		return
	}
	p.timer.Reset(d)
}

func (p *Process) disarm() {
	if p.armed {
		p.timer.Stop()
		p.armed = false
	}
	p.deadline = 0
}

// Wake makes the process poll its Wait again. It may be called from anywhere, at any
// time.
func (p *Process) Wake() { p.wake() }

// Yield gives the others a turn; the results are zero. The host function must return at once after it.
func (p *Process) Yield(results []uint64) {
	p.CheckSignals()
	results = results[:p.fn.words]
	clear(results)
	if p.initial {
		p.yieldInStart()
		return
	}
	why := p.suspend()
	if why == Granted {
		p.wait, p.nresults, p.yielding = nil, uint8(len(results)), true
		clear(p.results[:])
		return
	}
	if p.worker.busy() {
		p.worker.stats.parked[why].Add(1)
		p.parkLast()
	}
}

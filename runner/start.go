package runner

import "errors"

// A module's start function runs while the process is made: within its parent's host
// call, on the parent's goroutine and worker, or on the goroutine that calls
// Environment.Spawn. Nobody can reach the process yet. When it waits, it is the parent
// that parks, and the parent's end is the end of both.

// A starter is who runs a process's start function.
type starter struct {
	parent *Process      // nil outside
	woken  chan struct{} // nil but outside: gets a token when the process is woken
}

// begin is called before the start function runs. It may be told a parent.
func (p *Process) begin(parent *Process) {
	p.initial = true
	p.starter.parent = parent
	if parent == nil {
		p.starter.woken = make(chan struct{}, 1)
	}
}

// begun is called when the start function has returned.
func (p *Process) begun() {
	p.initial = false
	p.mu.Lock()
	p.starter = starter{}
	p.mu.Unlock()
}

// wakes reports whether it is the starter that has to be woken.
func (s *starter) wakes() bool { return s.parent != nil || s.woken != nil }

func (s *starter) wake() {
	if s.parent != nil {
		s.parent.wake()
		return
	}
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// holder is the process that has p's worker: p itself, but while its parent starts it.
// It has none if the host program does that.
func (p *Process) holder() *Process {
	if p.initial && p.starter.parent != nil {
		return p.starter.parent
	}
	return p
}

// waitInStart is Wait within the start function.
func (p *Process) waitInStart(w Wait, results []uint64) {
	p.wait = w
	for !w.Poll(p, results) {
		if !p.armed {
			p.arm()
		}
		p.parkInStart()
	}
	p.wait = nil
	p.disarm()
}

// parkInStart waits until the process is woken. It does not return if the parent ends, or
// if the runtime is closed.
func (p *Process) parkInStart() {
	if parent := p.starter.parent; parent != nil {
		parent.park()
		parent.CheckSignals()
		return
	}
	select {
	case <-p.starter.woken:
	case <-p.env.empty:
		panic(ErrClosed)
	}
}

// yieldInStart is Yield within the start function.
func (p *Process) yieldInStart() {
	if parent := p.starter.parent; parent != nil && parent.worker.busy() {
		parent.parkLast()
	}
}

// preemptInStart is the end of a slice within the start function, whose slices are of
// DefaultSlice: nobody has set another size yet. Others get their turn, and it does not
// return if the fuel is used up, the parent ends, or the environment is closed.
func (p *Process) preemptInStart() {
	p.slices++
	p.reductions += DefaultSlice
	if p.cfg.fuel != 0 && p.reductions >= p.cfg.fuel {
		panic(ErrFuel)
	}
	if parent := p.starter.parent; parent != nil {
		parent.CheckSignals()
		p.yieldInStart()
		return
	}
	select {
	case <-p.env.empty:
		panic(ErrClosed)
	default:
	}
}

// passOn does not return if a spawn has failed because its parent has to end.
func (p *Process) passOn(err error) {
	if errors.Is(err, errKilled) || errors.Is(err, ErrMailboxFull) {
		panic(err)
	}
}

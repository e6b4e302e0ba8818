package runner

// park blocks the goroutine until the process is woken; the worker goes to another
// goroutine meanwhile.
func (p *Process) park() {
	p.willPark()
	held := p.worker
	if !p.settle() {
		p.parked = false
		return
	}
	p.rt.exec.start(held)
	p.resumeParked()
}

// parkLast is park for a process that goes on in its turn.
func (p *Process) parkLast() {
	p.parkTurn()
	p.CheckSignals()
}

// parkTurn is parkLast without a look at the signals.
func (p *Process) parkTurn() {
	p.willPark()
	held := p.worker
	p.note()
	p.rt.exec.pushLast(p, held)
	p.rt.exec.start(held)
	p.resumeParked()
}

// willPark is called before other goroutines can find the process and give it a worker.
func (p *Process) willPark() {
	p.parked = true
	if p.unpark == nil {
		p.unpark = make(chan *worker, 1)
	}
}

func (p *Process) resumeParked() {
	p.worker = <-p.unpark
	p.parked = false
}

// settle lets an active process wait. It reports false if there is something to look
// at first; if true, another goroutine may hold the process by now.
func (p *Process) settle() bool {
	p.note()
	return p.state.CompareAndSwap(active, waiting)
}

// note makes known how many messages the process has, before it waits.
func (p *Process) note() {
	if n := int32(p.mailbox.count); n != p.backlog.Load() {
		p.backlog.Store(n)
	}
}

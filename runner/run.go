package runner

import (
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"
)

// run runs one slice of a runnable process and returns the worker that the goroutine
// holds then, which may be another one.
func (p *Process) run(w *worker) *worker {
	p.worker, p.dozing = w, false
	var err error
	if p.handed != nil {
		err = p.accept()
	}
	for {
		if err == nil {
			err = p.drain()
		}
		if err != nil {
			return p.end(err)
		}
		var st State
		var again bool
		st, again, err = p.step()
		w = p.worker
		switch {
		case err != nil:
			return p.end(err)
		case again:
		case st == Threw:
			return p.end(errors.New("uncaught exception"))
		case st == Finished:
			if len(p.calls) == 0 {
				return p.end(nil)
			}
			continue
		case p.yielding:
			p.yielding = false
			w.stats.unwound(p.guest.FrameBytes())
			p.strain()
			p.note()
			p.rt.exec.pushLast(p, w)
			return w
		default:
			w.stats.unwound(p.guest.FrameBytes())
			p.strain()
		}
		if p.settle() {
			return w
		}
	}
}

// accept takes the message that ended the waiting. If that is what the process waits for,
// the message does not go through the mailbox, which has been searched in vain.
func (p *Process) accept() error {
	m := p.handed
	p.handed = nil
	if p.wait != &p.recv || !p.recv.wants(m) || !p.fits(m) || !p.recv.readable(p, m) {
		return p.deliver(m)
	}
	if p.snapshot != "" {
		if err := p.rouse(); err != nil {
			return errors.Join(err, p.deliver(m))
		}
	}
	p.recv.take(p, m, p.results[:])
	p.disarm()
	p.wait = nil
	return nil
}

// step makes the guest's next call or continues the one that is suspended. again
// means that it still has to wait.
func (p *Process) step() (st State, again bool, err error) {
	switch {
	case p.unborn:
		err = p.embody()
	case p.snapshot != "":
		err = p.rouse()
	}
	if err != nil {
		return Finished, false, err
	}
	if p.guest.Suspended() {
		if p.wait != nil {
			done, err := p.poll()
			if err != nil || !done {
				return Suspended, true, err
			}
			p.disarm()
			p.wait = nil
		}
		if err := p.refill(); err != nil {
			return Suspended, false, err
		}
		p.heat()
		st, err = p.guest.Resume(&p.ctx, p.results[:p.nresults]...)
	} else {
		e := p.calls[0]
		p.calls = p.calls[1:]
		fn, stack, err := p.prepare(e)
		if err != nil {
			return Finished, false, err
		}
		if err := p.refill(); err != nil {
			return Finished, false, err
		}
		st, err = p.guest.Call(&p.ctx, fn, stack)
		if err != nil {
			return st, false, err
		}
		p.guest.giveReentry(reentry{e.name, "", fn})
		if st == Suspended {
			p.heat()
		}
	}
	if p.guest.Counts() {
		p.reductions += uint64(p.grant)
		p.reductions -= uint64(p.guest.Budget()) // not used
	}
	return st, false, err
}

// cool gives back what the process does not need while it waits. It may be called on
// any worker; if the process does not wait at the moment, it stays hot until it has
// waited and been resumed once more.
func (p *Process) cool() {
	p.hot.Store(false)
	if !p.state.CompareAndSwap(waiting, active) {
		return
	}
	if !p.parked && p.guest != nil {
		p.guest.Cool()
	}
	if !p.state.CompareAndSwap(active, waiting) { // something has come meanwhile
		p.rt.exec.push(p, nil)
	}
}

// heat is called before the guest is resumed.
func (p *Process) heat() {
	if !p.hot.Load() {
		p.hot.Store(true)
		p.worker.heat(p)
	}
}

// strain lets the process hibernate when it is suspended, if that is wanted.
func (p *Process) strain() {
	if p.rt.stress&StressHibernate == 0 {
		return
	}
	const often, seldom = 200, 256 // a program with much memory may be suspended a million times
	if p.strained++; p.strained < often || p.strained%seldom == 0 {
		p.hibernate()
	}
}

// poll asks the Wait of a suspended host call. It may trap, as the host call may.
func (p *Process) poll() (done bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
	}()
	return p.wait.Poll(p, p.results[:p.nresults]), nil
}

// prepare looks up an entry function and lays out its parameters.
func (p *Process) prepare(e entry) (api.Function, []uint64, error) {
	fn := p.guest.takeExport(e.name).fn
	if fn == nil {
		return nil, nil, fmt.Errorf("module does not export the function %q", e.name)
	}
	def := fn.Definition()
	params := def.ParamTypes()
	if len(def.ResultTypes()) > 0 {
		return nil, nil, fmt.Errorf("entry function %q has results", e.name)
	}
	if len(params) != len(e.params) {
		return nil, nil, fmt.Errorf("entry function %q takes %d parameters, not %d", e.name, len(params), len(e.params))
	}
	stack := make([]uint64, 0, words(params))
	for i, v := range e.params {
		if v.Type != params[i] {
			return nil, nil, fmt.Errorf("entry function %q: parameter %d has another type", e.name, i)
		}
		stack = append(stack, v.Bits[0])
		if v.Type == ValueTypeV128 {
			stack = append(stack, v.Bits[1])
		}
	}
	return fn, stack, nil
}

// preempt is called by the guest at the end of its slice.
func (p *Process) preempt(mayUnwind bool) {
	if p.initial {
		return
	}
	p.slices++
	p.reductions += uint64(p.grant)
	if p.cfg.fuel != 0 {
		p.ration()
	}
	p.CheckSignals()
	forced := mayUnwind && p.rt.stress&StressSuspend != 0
	if !forced && !p.worker.busy() {
		return
	}
	p.preemptions++
	if mayUnwind {
		if why := p.guest.Suspend(); why == Granted {
			p.wait, p.nresults, p.yielding = nil, 0, true
			return
		}
	}
	if p.worker.busy() {
		p.worker.stats.parked[RefusedSlice].Add(1)
		p.parkLast()
	}
}

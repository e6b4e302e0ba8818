package runner

import (
	"context"
	"runtime"
)

// draw makes the module's blueprint from its first instance.
func (m *Module) draw(p *Process) {
	if b := draw(p.inst, p.memory); m.blueprint.CompareAndSwap(nil, b) && !b.none {
		exec := p.rt.exec
		runtime.AddCleanup(m, func(b *blueprint) { exec.forget(b) }, b)
	}
}

// A process that another one spawns, of a module that is known to be reusable, gets its
// instance when it runs for the first time: making one runs nothing that anybody could
// notice, and later a used one is there more likely. Until then the process is unborn, and
// the initial size of its memory is counted as used. What can still go wrong then (no address
// space is left) is the process's end and not its parent's status.

// instantiate makes the process's instance and its guest, which runs the module's start
// function, or leaves that to embody. After an error nothing is left of it.
func (p *Process) instantiate() error {
	if err := p.rt.slots.admit(p.mod.memory.min, p.cfg.maxMemory()); err != nil {
		return err
	}
	if b := p.mod.blueprint.Load(); b == nil || b.none {
		return p.create()
	}
	p.unborn = true
	if p.starter.parent == nil { // the host program
		return p.embody()
	}
	return nil
}

// embody is the birth of an unborn process.
func (p *Process) embody() error {
	p.unborn = false
	if p.revive() {
		return nil
	}
	return p.create()
}

// create makes a new instance and its guest. The memory has been counted. After an error
// nothing is left of it.
func (p *Process) create() (err error) {
	defer func() {
		if err != nil {
			p.discard()
		}
	}()
	if p.mod.memory.any {
		if p.memory, err = p.rt.slots.admitted(p.mod.memory, p.cfg.maxMemory()); err != nil {
			return err
		}
	}
	wasi := p.cfg.wasi
	if !p.cfg.shared {
		p.stdio = &stdio{p}
		wasi = p.stdio.configure(wasi)
	}
	p.ctx.memory = p.memory
	inst, err := p.rt.wazero.InstantiateModule(&p.ctx, p.mod.compiled, wasi)
	p.ctx.memory = nil
	if err != nil {
		return err
	}
	p.attach(inst)
	if p.guest, err = NewGuest(inst, p.mod.meta); err != nil {
		return err
	}
	p.guest.serve(p)
	if p.mod.reusable && p.mod.blueprint.Load() == nil {
		p.mod.draw(p)
	}
	return nil
}

// serve tells the guest whose it is.
func (g *Guest) serve(p *Process) {
	g.ctx.process, g.memory = p, p.memory
	g.SetSlice(p.rt.slice)
	if p.rt.stress&StressWindow != 0 {
		g.SetWindow(0)
	}
}

// discard closes the process's instance and gives its memory back.
func (p *Process) discard() (err error) {
	if p.inst != nil {
		err = p.inst.Close(context.Background())
	}
	p.inst, p.mem, p.guest, p.stdio, p.rested = nil, nil, nil, nil, nil
	if p.unborn {
		p.unborn = false
		p.rt.slots.used.Add(-p.mod.memory.min)
	}
	p.memory.release()
	p.memory = nil
	return err
}

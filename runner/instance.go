package runner

import (
	"context"
	"runtime"
)

// draw makes the module's blueprint from its first instance.
func (m *Module) draw(p *Process) {
	if b := draw(p.inst, p.memory); m.blueprint.CompareAndSwap(nil, b) && !b.none {
		pools := &p.rt.pools
		runtime.AddCleanup(m, func(b *blueprint) { pools.forget(b) }, b)
	}
}

// instantiate makes the process's instance and its guest, which runs the module's start
// function. After an error nothing is left of it.
func (p *Process) instantiate() (err error) {
	defer func() {
		if err != nil {
			p.discard()
		}
	}()
	if ok, err := p.revive(); ok || err != nil {
		return err
	}
	if p.mod.memory.any {
		if p.memory, err = p.rt.slots.newMemory(p.mod.memory, p.cfg.maxMemory()); err != nil {
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
}

// discard closes the process's instance and gives its memory back.
func (p *Process) discard() (err error) {
	if p.inst != nil {
		err = p.inst.Close(context.Background())
	}
	p.inst, p.mem, p.guest, p.stdio, p.rested = nil, nil, nil, nil, nil
	p.memory.release()
	p.memory = nil
	return err
}

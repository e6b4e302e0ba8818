package runner

import "errors"

// ErrFuel reports a process that has used up what ProcessConfig.MaxFuel allows.
var ErrFuel = errors.New("out of fuel")

// refill gives the guest a slice before it runs, or what is left of its fuel.
func (p *Process) refill() error {
	p.grant = p.rt.slice
	if p.cfg.fuel != 0 {
		if p.reductions >= p.cfg.fuel {
			return ErrFuel
		}
		p.grant = p.fuelSlice()
	}
	p.guest.Refill(p.grant)
	return nil
}

// fuelSlice is the size of the next slice when fuel is limited and not used up.
func (p *Process) fuelSlice() int32 {
	return int32(min(uint64(p.rt.slice), p.cfg.fuel-p.reductions))
}

// ration is called at the end of a slice, when the guest has taken the next one already.
func (p *Process) ration() {
	if p.reductions >= p.cfg.fuel {
		panic(ErrFuel)
	}
	if n := p.fuelSlice(); n != p.grant {
		p.grant = n
		p.guest.SetSlice(n)
	}
}

// Charge takes reductions off the process's slice for what a host function does that takes
// longer than its call: a slice would be much longer otherwise than it is meant to be. The
// slice ends at the next place where the guest counts, not in the call. A reduction is worth
// about 5 ns.
func (p *Process) Charge(reductions int32) {
	if g := p.guest; g != nil && g.budget != nil && g.phase == running {
		g.charge(reductions)
	}
}

// charge does not make the budget negative, which would mean something else.
func (g *Guest) charge(n int32) {
	left := g.Budget()
	if left <= 0 {
		return
	}
	n = min(left, max(0, n))
	left -= n
	g.charged += uint64(n)
	if g.paused {
		g.kept = uint64(uint32(left))
		return
	}
	g.budget.Set(uint64(uint32(left)))
}

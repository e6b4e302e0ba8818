package runner

import "time"

// Hibernate lets a process hibernate that waits, and says how long that took and how many
// bytes are kept; 0 if it does not wait. rests says whether its instance rests then.
func Hibernate(p *Process, rests bool, kept *int) (took time.Duration) {
	if !p.state.CompareAndSwap(waiting, active) {
		return 0
	}
	defer p.settle()
	start := time.Now()
	if p.hibernate() {
		took = time.Since(start)
		*kept = len(p.snapshot)
	}
	if !rests {
		p.rt.exec.forget(p.mod.blueprint.Load())
	}
	return took
}

// Rouse wakes a process that hibernates, and says how long that took.
func Rouse(p *Process) time.Duration {
	if !p.state.CompareAndSwap(waiting, active) {
		panic("somebody else has it")
	}
	defer p.settle()
	start := time.Now()
	if err := p.rouse(); err != nil {
		panic(err)
	}
	return time.Since(start)
}

package runner

// Metrics is where what guests count goes: see lunatic::metrics. Names are as the guest
// gave them, any UTF-8. Its methods are called on the processes' goroutines, several at a
// time, and must return soon.
type Metrics interface {
	Count(name string, add uint64)
	SetGauge(name string, value float64)
	AddGauge(name string, add float64)
	Observe(name string, value float64)
}

// Metrics returns Config.Metrics, nil if there are none.
func (rt *Runtime) Metrics() Metrics { return rt.cfg.Metrics }

// A Census is what a runtime has at a moment.
type Census struct {
	Environments int
	Processes    int // alive
	Hibernating  int // of these
	// Mailbox is the number of messages and other signals in the longest queue, and
	// LongestID the process that has it, of the environment LongestEnv. Of what a process has
	// taken from its queue, that counts which it had not received when it last waited.
	Mailbox               int
	LongestEnv, LongestID uint64
	Timers                int // messages that wait for their time
	Names                 int // registered
}

// Census looks at all processes: that takes about 10 ms for 100,000 of them. Nothing is
// stopped meanwhile.
func (rt *Runtime) Census() Census {
	envs := rt.environments()
	c := Census{Environments: len(envs), Hibernating: int(rt.hibernating.Load())}
	for _, env := range envs {
		c.Processes += env.Processes()
		c.Names += int(env.registry.count.Load())
		c.Timers += env.timers.len()
		env.pids.all(func(p *Process) {
			if n := p.queued(); n > c.Mailbox {
				c.Mailbox, c.LongestEnv, c.LongestID = n, env.id, p.id
			}
		})
	}
	return c
}

// environments returns those that have not been closed.
func (rt *Runtime) environments() []*Environment {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	envs := make([]*Environment, 0, len(rt.live))
	for env := range rt.live {
		envs = append(envs, env)
	}
	return envs
}

// queued is the number of signals and messages that wait for p. It may be called from
// anywhere.
func (p *Process) queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.signals) + int(p.backlog.Load())
}

func (ts *timers) len() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.pending)
}

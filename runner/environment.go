package runner

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/tetratelabs/wazero/api"
)

// An Environment is a set of processes that reach each other by their ids.
type Environment struct {
	id      uint64
	rt      *Runtime
	next    atomic.Uint64
	alive   atomic.Int64  // processes, twice; odd while the environment is being closed
	present atomic.Int64  // alive, but for those that are ending, if there is a limit
	empty   chan struct{} // closed when being closed and nothing is alive
	pids    pidTable

	registry registry
	timers   timers
}

// NewEnvironment makes an empty environment. The first one has the id 1.
func (rt *Runtime) NewEnvironment() *Environment {
	env := &Environment{id: rt.envs.Add(1), rt: rt, empty: make(chan struct{})}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.live == nil {
		env.alive.Store(closing)
		close(env.empty)
		return env
	}
	rt.live[env] = true
	return env
}

// ID returns the environment's number.
func (env *Environment) ID() uint64 { return env.id }

func (env *Environment) lookup(id uint64) *Process { return env.pids.lookup(id) }

// Exists reports whether a process with this id is alive.
func (env *Environment) Exists(id uint64) bool { return env.lookup(id) != nil }

// Environment.alive counts in steps of one more process, beside the bit closing.
const (
	closing = 1
	one     = 2
)

// Processes is the number of processes alive.
func (env *Environment) Processes() int { return int(env.alive.Load() / one) }

// add makes a process reachable, unless the environment is being closed, or full.
func (env *Environment) add(p *Process) error {
	if n := int64(env.rt.cfg.MaxProcesses); n > 0 && env.present.Add(1) > n {
		env.present.Add(-1)
		return env.full()
	}
	for {
		n := env.alive.Load()
		if n&closing != 0 {
			env.leave()
			return ErrClosed
		}
		if env.alive.CompareAndSwap(n, n+one) {
			break
		}
	}
	env.pids.add(p)
	if env.alive.Load()&closing != 0 {
		p.send(signal{kind: sigKill}, nil) // Close may have looked before
	}
	return nil
}

func (env *Environment) full() error {
	return fmt.Errorf("%w: the environment has %d", ErrTooMany, env.rt.cfg.MaxProcesses)
}

// remove makes a process unreachable. Who then hears of its end may spawn another one.
func (env *Environment) remove(p *Process) {
	env.pids.remove(p)
	env.leave()
}

// leave makes room for another process.
func (env *Environment) leave() {
	if env.rt.cfg.MaxProcesses > 0 {
		env.present.Add(-1)
	}
}

// forget is called when a process has ended for good.
func (env *Environment) forget() {
	if env.alive.Add(-one) == closing {
		close(env.empty)
	}
}

// Close kills all processes and waits for their ends, or for the context's.
func (env *Environment) Close(ctx context.Context) error {
	if env.alive.Or(closing) == 0 {
		close(env.empty)
	}
	env.timers.close()
	var all []*Process
	env.pids.all(func(p *Process) { all = append(all, p) })
	for _, p := range all {
		p.send(signal{kind: sigKill}, nil)
	}
	select {
	case <-env.empty:
	case <-ctx.Done():
		return fmt.Errorf("runner: %d processes still run: %w", env.Processes(), ctx.Err())
	}
	env.rt.mu.Lock()
	delete(env.rt.live, env)
	env.rt.mu.Unlock()
	return nil
}

// ErrClosed reports a spawn in an environment that is being closed.
var ErrClosed = errors.New("environment is closed")

// ErrTooMany reports a spawn in an environment that has Config.MaxProcesses processes.
var ErrTooMany = errors.New("too many processes")

// admit checks what needs no instance to be known.
func (env *Environment) admit(mod *Module, cfg *ProcessConfig) error {
	if n := int64(env.rt.cfg.MaxProcesses); n > 0 && env.present.Load() >= n {
		return env.full()
	}
	return mod.permitted(cfg)
}

// spawn makes a process and instantiates its module, which runs its start function, or puts
// that off. It does not run yet. parent is nil if the host program spawns.
func (env *Environment) spawn(parent *Process, mod *Module, cfg *ProcessConfig, name string, params []Value) (*Process, error) {
	rt := env.rt
	if err := env.admit(mod, cfg); err != nil {
		return nil, err
	}
	p := &Process{
		id: env.next.Add(1), env: env, rt: rt, mod: mod, cfg: cfg,
		dieOnLink: true, initial: true,
	}
	p.ctx = processContext{Context: memoryHook, process: p}
	if mod.init && name != "_initialize" {
		p.calls = append(p.calls, entry{name: "_initialize"})
	}
	p.calls = append(p.calls, entry{name, params})
	p.begin(parent)
	err := p.instantiate()
	p.begun()
	if err != nil {
		p.release()
		return nil, err
	}
	return p, nil
}

// attach tells the process its instance.
func (p *Process) attach(inst api.Module) {
	p.inst, p.mem = inst, memoryOf(inst)
}

// Spawn starts a process of mod by calling its export entry.
func (env *Environment) Spawn(mod *Module, cfg ProcessConfig, entry string, params ...Value) (*Process, error) {
	sealed, err := cfg.seal(env.rt, nil)
	if err != nil {
		return nil, fmt.Errorf("runner: %w", err)
	}
	p, err := env.spawn(nil, mod, sealed, entry, params)
	if err != nil {
		return nil, fmt.Errorf("runner: %w", err)
	}
	p.exited = make(chan struct{})
	if err := env.add(p); err != nil {
		p.release()
		return nil, errors.Join(fmt.Errorf("runner: %w", err), p.discard())
	}
	env.rt.exec.push(p, nil)
	return p, nil
}

// Done returns a channel that is closed when a process made by Environment.Spawn has
// ended.
func (p *Process) Done() <-chan struct{} { return p.exited }

// Exit says how the process ended. It may be called after Done.
func (p *Process) Exit() Exit {
	if p.exit == nil {
		return Exit{}
	}
	return *p.exit
}

// Spawn starts a child of p: see lunatic::process::spawn. cfg nil and mod nil are the
// parent's own; any other configuration is derived first, unless Derive has made it for
// p's. A link tag that is not 0 links the two. It fails with a *PermissionError if p may
// not spawn, or cfg forbids what the module imports.
func (p *Process) Spawn(mod *Module, cfg *ProcessConfig, entry string, params []Value, link int64) (id uint64, err error) {
	return p.spawn(mod, cfg, entry, params, link, nil)
}

// spawn is Spawn. added, if not nil, is called when the child can be reached and does not
// run yet.
func (p *Process) spawn(mod *Module, cfg *ProcessConfig, entry string, params []Value, link int64, added func(child *Process)) (id uint64, err error) {
	if err := p.Permitted(MaySpawn); err != nil {
		return 0, err
	}
	if p.initial {
		return 0, errors.New("runner: a module's start function may not spawn")
	}
	if mod == nil {
		mod = p.mod
	}
	if cfg == nil {
		cfg = p.cfg
	} else if !cfg.sealed() || cfg.under != p.cfg.serial {
		if cfg, err = p.Derive(cfg); err != nil {
			return 0, err
		}
	}
	child, err := p.env.spawn(p, mod, cfg, entry, params)
	if err != nil {
		p.passOn(err)
		return 0, err
	}
	if link != 0 {
		// The parent's half is in its queue before the child can run, and so fail. Each
		// half has the tag that the other side will see: the child sees none.
		p.send(signal{kind: sigLink, peer: child}, nil)
		child.send(signal{kind: sigLink, peer: p, tag: link}, nil) // it is in no queue yet
	}
	if err := p.env.add(child); err != nil {
		child.release()
		return 0, errors.Join(err, child.discard())
	}
	if added != nil {
		added(child)
	}
	if p.Parcel != nil {
		child.mailbox.put(p.Parcel) // before all that is sent to it: it has not looked yet
		p.Parcel = nil
	}
	p.worker.stats.spawned.Add(1)
	p.rt.exec.push(child, p.worker)
	return child.id, nil
}

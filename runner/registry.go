package runner

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Limits of the registry of an environment.
const (
	// MaxName is the length of a registered name in bytes.
	MaxName = 4096
	// MaxNames is the number of names in an environment, and MaxNamesSize their length
	// together in bytes.
	MaxNames     = 1 << 20
	MaxNamesSize = 64 << 20
)

// Errors of Environment.Register.
var (
	// ErrName reports a name of more than MaxName bytes.
	ErrName = errors.New("name is too long")
	// ErrRegistryFull reports that there are MaxNames names, or MaxNamesSize bytes of them.
	ErrRegistryFull = errors.New("registry is full")
)

// A Pid is a process of any node. Node 0 is this one.
type Pid struct{ Node, ID uint64 }

// A registry maps names to processes. A name of a process of this node vanishes with the
// process; what is known of other nodes' processes stays.
type registry struct {
	count atomic.Int64 // of names; read without the lock

	mu    sync.RWMutex
	names map[string]*registration
	size  int                        // bytes of all names
	byID  map[uint64][]*registration // of this node's processes, in no order
}

// registration is what a name stands for. While claim is not nil that is nothing yet: a
// process is being spawned for it.
type registration struct {
	name  string
	pid   Pid
	claim *Claim
	at    int // index in registry.byID[pid.ID]
}

// Register gives a process a name, which then leads to no other one: the last wins. A
// process of this node that is not alive leaves the name free. See MaxName and MaxNames
// for the errors.
func (env *Environment) Register(name string, pid Pid) error {
	r := &env.registry
	if err := checkName(name); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.room(name); err != nil {
		return err
	}
	r.remove(name)
	r.add(&registration{name: name, pid: pid})
	if pid.Node == 0 && env.lookup(pid.ID) == nil {
		// Looked up after the name was there: a process that leaves the environment from
		// now on finds the name, and removes it itself.
		r.remove(name)
	}
	return nil
}

// Whereis returns the process that has a name.
func (env *Environment) Whereis(name string) (Pid, bool) {
	r := &env.registry
	r.mu.RLock()
	x := r.names[name]
	r.mu.RUnlock()
	if x == nil || x.claim != nil || !env.reachable(x.pid) {
		return Pid{}, false
	}
	return x.pid, true
}

// reachable reports whether a process may be alive: one of another node always.
func (env *Environment) reachable(pid Pid) bool {
	return pid.Node != 0 || env.lookup(pid.ID) != nil
}

// Unregister makes a name free. It need not be in use.
func (env *Environment) Unregister(name string) {
	r := &env.registry
	r.mu.Lock()
	r.remove(name)
	r.mu.Unlock()
}

// Names returns the names of a process of this node, sorted.
func (env *Environment) Names(id uint64) []string {
	r := &env.registry
	r.mu.RLock()
	defer r.mu.RUnlock()
	return sortedNames(r.byID[id])
}

func sortedNames(xs []*registration) []string {
	if len(xs) == 0 {
		return nil
	}
	names := make([]string, len(xs))
	for i, x := range xs {
		names[i] = x.name
	}
	slices.Sort(names)
	return names
}

func checkName(name string) error {
	if len(name) > MaxName {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrName, len(name), MaxName)
	}
	return nil
}

// room reports whether a name can be added, or is there already.
func (r *registry) room(name string) error {
	if r.names[name] == nil && (len(r.names) >= MaxNames || r.size+len(name) > MaxNamesSize) {
		return fmt.Errorf("%w: %d names of %d bytes", ErrRegistryFull, len(r.names), r.size)
	}
	return nil
}

// add stores a name that is free.
func (r *registry) add(x *registration) {
	if r.names == nil {
		r.names = make(map[string]*registration)
		r.byID = make(map[uint64][]*registration)
	}
	r.names[x.name] = x
	r.size += len(x.name)
	if x.claim == nil && x.pid.Node == 0 {
		x.at = len(r.byID[x.pid.ID])
		r.byID[x.pid.ID] = append(r.byID[x.pid.ID], x)
	}
	r.count.Store(int64(len(r.names)))
}

// remove makes a name free, and wakes those who wait for what it will stand for.
func (r *registry) remove(name string) {
	x := r.names[name]
	if x == nil {
		return
	}
	delete(r.names, name)
	r.size -= len(name)
	r.count.Store(int64(len(r.names)))
	switch {
	case x.claim != nil:
		x.claim.wake()
	case x.pid.Node == 0:
		r.unindex(x)
	}
}

// unindex takes a name from those of its process, in constant time: a process may have
// very many.
func (r *registry) unindex(x *registration) {
	all := r.byID[x.pid.ID]
	last := len(all) - 1
	all[x.at], all[last].at = all[last], x.at
	all[last] = nil
	if last == 0 {
		delete(r.byID, x.pid.ID)
	} else {
		r.byID[x.pid.ID] = all[:last]
	}
}

// forget removes and returns the names of a process that has left the environment.
func (r *registry) forget(id uint64) []string {
	if r.count.Load() == 0 {
		return nil // no name, so no lock for the usual process
	}
	r.mu.RLock()
	_, named := r.byID[id]
	r.mu.RUnlock()
	if !named {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	names := sortedNames(r.byID[id])
	for _, name := range names {
		delete(r.names, name)
		r.size -= len(name)
	}
	delete(r.byID, id)
	r.count.Store(int64(len(r.names)))
	return names
}

// A Claim is a name that a process spawns another one for, while those who ask for the
// same wait. It is a promise that does not bind: who registers or unregisters the name
// meanwhile does so as if after the spawn.
type Claim struct {
	env     *Environment
	name    string
	waiters []*Process // guarded by the registry's lock
}

// Claim returns the process that has a name or, if there is none, claims the name for p,
// which then calls SpawnAs or Claim.Release soon. If another process has claimed it, all
// results are zero, and p is woken (see Wait) when it is worth asking again.
func (p *Process) Claim(name string) (pid Pid, found bool, c *Claim, err error) {
	if err := checkName(name); err != nil {
		return Pid{}, false, nil, err
	}
	r := &p.env.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.names[name]; x != nil && x.claim != nil {
		x.claim.waiters = append(x.claim.waiters, p)
		return Pid{}, false, nil, nil
	} else if x != nil && p.env.reachable(x.pid) {
		return x.pid, true, nil, nil
	}
	if err := r.room(name); err != nil {
		return Pid{}, false, nil, err
	}
	r.remove(name) // of a process that is just ending
	c = &Claim{env: p.env, name: name}
	r.add(&registration{name: name, claim: c})
	return Pid{}, false, c, nil
}

// Release gives the claim up, if it is still there. Nothing is registered.
func (c *Claim) Release() { c.settle(nil) }

// settle ends the claim. The name then belongs to child, if that is not nil and nobody
// has taken the name meanwhile.
func (c *Claim) settle(child *Process) {
	r := &c.env.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.names[c.name]
	if x == nil || x.claim != c {
		return // registered or unregistered by others since
	}
	r.remove(c.name)
	if child != nil {
		r.add(&registration{name: c.name, pid: Pid{ID: child.id}})
	}
}

// wake is called under the registry's lock.
func (c *Claim) wake() {
	for _, p := range c.waiters {
		p.wake()
	}
	c.waiters = nil
}

// SpawnAs is Spawn for a claimed name, which the child has before it runs. A spawn that
// fails leaves the name free.
func (p *Process) SpawnAs(c *Claim, mod *Module, cfg *ProcessConfig, entry string, params []Value, link int64) (id uint64, err error) {
	defer c.Release() // whatever happens
	return p.spawn(mod, cfg, entry, params, link, c.settle)
}

package host

import "github.com/lunatic-go/lunatic/runner"

// getOrSpawned is the status of get_or_spawn for a name that was registered. It writes
// the two numbers to node_id_ptr and id_ptr.
const getOrSpawned = 2

// getOrSpawn is the Wait of lunatic::process::get_or_spawn, which looks a name up and
// spawns a process for it if nobody has it, as one step: of those who ask for a name at
// the same time one spawns, and the others wait for the result. Nothing is locked
// meanwhile. If the spawn fails the name stays free, and the next who waits tries.
//
// What the function does to others is as if it had happened when it began: a process that
// puts the name meanwhile has it, and lunatic::registry::get does not wait.
type getOrSpawn struct {
	name     string
	tag      int64
	spawn    [6]uint64 // see spawnArguments
	node, id uint64    // pointers
}

func processGetOrSpawn(p *runner.Process, stack []uint64) {
	w := &getOrSpawn{
		name: p.Text("name_str", stack[0], stack[1]), tag: int64(stack[2]),
		spawn: [6]uint64(stack[3:9]), node: stack[9], id: stack[10],
	}
	p.Bytes("node_id_ptr", w.node, 8)
	p.Bytes("id_ptr", w.id, 8)
	p.CheckSignals()
	p.Wait(w, stack)
}

func (w *getOrSpawn) Poll(p *runner.Process, results []uint64) bool {
	pid, found, claim, err := p.Claim(w.name)
	switch {
	case err != nil:
		p.Fail("name_str", "%v", err)
	case found:
		takeParcelBack(p)
		results[0] = w.put(p, pid, getOrSpawned)
	case claim == nil:
		return false // somebody else spawns
	default:
		results[0] = w.spawnFor(p, claim)
	}
	return true
}

// spawnFor spawns a process for a name that nobody else can claim meanwhile.
func (w *getOrSpawn) spawnFor(p *runner.Process, claim *runner.Claim) uint64 {
	defer claim.Release() // what follows may trap
	p.Charge(spawnCost)
	var id uint64
	a, err := spawnArguments(p, w.spawn[:])
	if err == nil {
		id, err = p.SpawnAs(claim, a.module, a.config, a.entry, a.params, w.tag)
	}
	if err != nil {
		takeParcelBack(p)
		p.PutU64("node_id_ptr", w.node, 0)
		return fail(p, "id_ptr", w.id, err)
	}
	return w.put(p, runner.Pid{ID: id}, ok)
}

func (w *getOrSpawn) put(p *runner.Process, pid runner.Pid, status uint64) uint64 {
	p.PutU64("node_id_ptr", w.node, pid.Node)
	p.PutU64("id_ptr", w.id, pid.ID)
	return status
}

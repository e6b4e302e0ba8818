package host

import "github.com/lunatic-go/lunatic/runner"

// The registry is the environment's. A name has runner.MaxName bytes at most; longer ones
// trap, and so does a registry that is full. Unlike in Lunatic 0.13 a name vanishes with
// its process, and a process that is not alive is never answered.
var lunaticRegistry = runner.Namespace{Name: "lunatic::registry", Funcs: []runner.Func{
	{Name: "put", Type: "i32 i32 i64 i64", Call: registryPut},
	{Name: "get", Type: "i32 i32 i32 i32 -> i32", Call: registryGet},
	{Name: "remove", Type: "i32 i32", Call: registryRemove},
}}

const notFound = 1

func registryPut(p *runner.Process, stack []uint64) {
	name := p.Text("name_str", stack[0], stack[1])
	if err := p.Environment().Register(name, runner.Pid{Node: stack[2], ID: stack[3]}); err != nil {
		p.Fail("name_str", "%v", err)
	}
}

func registryGet(p *runner.Process, stack []uint64) {
	name := p.Text("name_str", stack[0], stack[1])
	node, id := stack[2], stack[3]
	p.Bytes("node_id_ptr", node, 8)
	p.Bytes("process_id_ptr", id, 8)
	pid, found := p.Environment().Whereis(name)
	if !found {
		stack[0] = notFound
		return
	}
	p.PutU64("node_id_ptr", node, pid.Node)
	p.PutU64("process_id_ptr", id, pid.ID)
	stack[0] = ok
}

func registryRemove(p *runner.Process, stack []uint64) {
	p.Environment().Unregister(p.Text("name_str", stack[0], stack[1]))
}

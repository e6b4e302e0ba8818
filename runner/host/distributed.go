package host

import (
	"errors"
	"fmt"

	"github.com/lunatic-go/lunatic/runner"
)

// Distribution as it looks from a single node, which is not part of a cluster: its id is 0,
// it knows of no nodes, not even of itself, and what is addressed to node 0 is local. Where
// Lunatic 0.13 traps for other nodes, the documented status codes are answered.
var lunaticDistributed = runner.Namespace{Name: "lunatic::distributed", Funcs: []runner.Func{
	{Name: "nodes_count", Type: "-> i32", Call: number(0)},
	{Name: "get_nodes", Type: "i32 i32 -> i32", Call: getNodes},
	{Name: "node_id", Type: "-> i64", Call: number(ownNode)},
	{Name: "module_id", Type: "-> i64", Call: number(0)}, // there is no control server to number modules
	{Name: "exec_lookup_nodes", Type: "i32 i32 i32 i32 i32 -> i32", Call: execLookupNodes},
	{Name: "copy_lookup_nodes_results", Type: "i64 i32 i32 i32 -> i32", Call: copyLookupNodesResults},
	{Name: "spawn", Type: "i64 i64 i64 i32 i32 i32 i32 i32 -> i32", Call: distributedSpawn},
	{Name: "send", Type: "i64 i64 -> i32", Call: distributedSend},
	{Name: "send_receive_skip_search", Type: "i64 i64 i64 i64 -> i32", Call: distributedSendReceive},
	{Name: "test_root_cert", Type: "i32 -> i32", Call: testRootCert},
	{Name: "default_server_certificates", Type: "i32 i32 i32 i32 i32 -> i32", Call: defaultServerCertificates},
	{Name: "sign_node", Type: "i32 i32 i32 i32 i32 i32 i32 -> i32", Call: signNode},
}}

// ownNode is the id of a node that is not part of a cluster.
const ownNode = 0

// Statuses of this namespace, beside ok.
const (
	sendNoProcess   = 1
	sendNoNode      = 2
	connectionError = 9027 // the same as a time-out
)

// errNoCluster is the reason of everything that is not local.
func errNoCluster(node uint64) error {
	return fmt.Errorf("no node has the id %d: this one is not part of a cluster", node)
}

// getNodes writes nothing: there are no nodes.
func getNodes(p *runner.Process, stack []uint64) {
	if n := stack[1]; n > 0 {
		if n > 1<<29-1 {
			p.Fail("nodes_len", "%d nodes do not fit into the memory", n)
		}
		p.Bytes("nodes_ptr", stack[0], 8*n)
	}
	stack[0] = 0
}

func execLookupNodes(p *runner.Process, stack []uint64) {
	p.Text("query", stack[0], stack[1])
	p.Bytes("query_id_ptr", stack[2], 8)
	p.Bytes("nodes_len_ptr", stack[3], 4)
	p.Bytes("error_ptr", stack[4], 8)
	stack[0] = fail(p, "error_ptr", stack[4], errors.New("nodes cannot be looked up: this one is not part of a cluster"))
}

// copyLookupNodesResults answers -1: there was no query.
func copyLookupNodesResults(p *runner.Process, stack []uint64) {
	id, errPtr := stack[0], stack[3]
	p.Bytes("error_ptr", errPtr, 8)
	if stack[2] > 1<<29-1 {
		p.Fail("nodes_len", "%d nodes do not fit into the memory", stack[2])
	}
	p.Bytes("nodes_ptr", stack[1], 8*stack[2])
	fail(p, "error_ptr", errPtr, fmt.Errorf("no query has the id %d", id))
	stack[0] = 1<<32 - 1
}

// distributedSpawn is spawn without a link on node 0, and status 1 with an error for every
// other one.
func distributedSpawn(p *runner.Process, stack []uint64) {
	stack[0] = spawnOn(p, stack[0], 0, stack[1:8])
}

// distributedSpawnLinked is link, node_id and the rest: as-lunatic's.
func distributedSpawnLinked(p *runner.Process, stack []uint64) {
	stack[0] = spawnOn(p, stack[1], int64(stack[0]), stack[2:9])
}

// spawnOn returns the status. words are those of spawnArguments and id_ptr.
func spawnOn(p *runner.Process, node uint64, tag int64, words []uint64) uint64 {
	out := words[6]
	p.Bytes("id_ptr", out, 8)
	p.Charge(spawnCost)
	words[5] -= words[5] % paramSize // here, half a parameter at the end is none
	a, err := spawnArguments(p, words[:6])
	if err == nil && node != ownNode {
		err = errNoCluster(node)
	}
	var id uint64
	if err == nil {
		id, err = p.Spawn(a.module, a.config, a.entry, a.params, tag)
	}
	if err != nil {
		takeParcelBack(p)
		return fail(p, "id_ptr", out, err)
	}
	p.PutU64("id_ptr", out, id)
	return ok
}

// distributedSend is lunatic::message::send on node 0, attachments included. A message
// for a process that is not alive, or for another node, is dropped.
func distributedSend(p *runner.Process, stack []uint64) {
	m := scratchData(p)
	p.Scratch = nil
	switch node, id := stack[0], stack[1]; {
	case node != ownNode:
		m.Close()
		stack[0] = sendNoNode
	case !p.Environment().Exists(id):
		m.Close()
		stack[0] = sendNoProcess
	default:
		p.Send(id, m)
		stack[0] = ok
	}
}

// distributedSendReceive is the local one on node 0. For another node it answers
// connectionError at once, which guests take for a time-out: no answer will come.
func distributedSendReceive(p *runner.Process, stack []uint64) {
	m := scratchData(p)
	p.Scratch = nil
	if stack[0] != ownNode {
		m.Close()
		stack[0] = connectionError
		return
	}
	p.SendReceive(stack[1], m, int64(stack[2]), stack[3], runner.Buffer{}, stack)
}

// distributedSendReceiveOwnTag is that of Lunatic 0.12: node_id, process_id, timeout.
func distributedSendReceiveOwnTag(p *runner.Process, stack []uint64) {
	m := scratchData(p)
	p.Scratch = nil
	if stack[0] != ownNode {
		m.Close()
		stack[0] = connectionError
		return
	}
	p.SendReceiveOwnTag(stack[1], m, stack[2], stack)
}

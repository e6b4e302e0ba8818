package host

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

func TestDistributedAlone(t *testing.T) {
	names := map[string]uint64{"nodes_count": 0, "node_id": 0, "module_id": 0}
	var closed atomic.Int64
	ends(t, in(t, func(p *runner.Process) {
		for name, n := range names {
			want(t, name, call(offered(t, "lunatic::distributed", name), p), n)
		}
		want(t, "get_nodes", call(getNodes, p, 0, 16), 0)
		want(t, "get_nodes of none", call(getNodes, p, 1<<32-1, 0), 0)
		want(t, "lookup", call(execLookupNodes, p, 0, 0, 500, 508, 516), 1)
		want(t, "its error", errorText(p, wordAt(p, 516)), "nodes cannot be looked up: this one is not part of a cluster")
		want(t, "results", call(copyLookupNodesResults, p, 3, 0, 10, 516), 1<<32-1)
		want(t, "its error", errorText(p, wordAt(p, 516)), "no query has the id 3")
		// Another node.
		ptr, n := text(p, 1200, "_start")
		want(t, "spawn", call(distributedSpawn, p, 5, inherit, inherit, ptr, n, 0, 0, 508), 1)
		want(t, "its error", errorText(p, wordAt(p, 508)), "no node has the id 5: this one is not part of a cluster")
		call(createData, p, 1, 0)
		p.Scratch.Attach(closeCounter{&closed})
		want(t, "send", call(distributedSend, p, 5, p.ID()), 2)
		call(createData, p, 1, 0)
		p.Scratch.Attach(closeCounter{&closed})
		want(t, "send and receive", call(distributedSendReceive, p, 5, p.ID(), 1, 1<<64-1), 9027)
		call(createData, p, 1, 0)
		want(t, "send and receive of 0.12", call(distributedSendReceiveOwnTag, p, 5, p.ID(), 1<<64-1), 9027)
		want(t, "closed", closed.Load(), 2)
		want(t, "the slot is empty", p.Scratch == nil, true)
		// This node.
		call(createData, p, 1, 0)
		want(t, "send to nobody", call(distributedSend, p, 0, 999), 1)
		call(createData, p, 7, 0)
		want(t, "send to itself", call(distributedSend, p, 0, p.ID()), 0)
		want(t, "receive", call(receive, p, 0, 0, 1000), 0)
		want(t, "tag", call(getTag, p), 7)
		call(createData, p, 8, 0)
		want(t, "request to itself", call(distributedSendReceive, p, 0, p.ID(), 8, 1000), 0)
		want(t, "tag", call(getTag, p), 8)
		call(createData, p, 8, 0)
		want(t, "request with another tag", call(distributedSendReceive, p, 0, p.ID(), 9, 1), 9027)
		call(createData, p, 10, 0)
		want(t, "request of 0.12", call(distributedSendReceiveOwnTag, p, 0, p.ID(), 1000), 0)
		want(t, "tag", call(getTag, p), 10)
	}))
}

func TestDistributedSpawn(t *testing.T) {
	var links atomic.Int64
	many(t, runner.Config{}, func(p *runner.Process) {
		call(dieWhenLinkDies, p, 0)
		ptr, n := text(p, 1200, "no such function")
		// A remainder of the parameters is ignored; there is no link.
		want(t, "spawn", call(distributedSpawn, p, 0, inherit, inherit, ptr, n, 0, 16, 508), 0)
		call(monitor, p, wordAt(p, 508))
		want(t, "receive", call(receive, p, 0, 0, 5000), 2)
		want(t, "who", call(getProcessID, p), wordAt(p, 508))
		// as-lunatic's has the tag of a link first.
		want(t, "linked spawn", call(distributedSpawnLinked, p, 33, 0, inherit, inherit, ptr, n, 0, 0, 508), 0)
		want(t, "receive", call(receive, p, 0, 0, 5000), 1)
		want(t, "tag", call(getTag, p), 33)
		links.Add(1)
	})
	want(t, "links", links.Load(), 1)
}

func TestDistributedMisuse(t *testing.T) {
	tests := []struct {
		name string
		f    func(p *runner.Process)
		want string
	}{
		{"nodes outside", func(p *runner.Process) { call(getNodes, p, 65530, 1) }, "nodes_ptr: 8 bytes"},
		{"too many nodes", func(p *runner.Process) { call(getNodes, p, 0, 1<<29) }, "536870912 nodes do not fit"},
		{"query outside", func(p *runner.Process) { call(execLookupNodes, p, 65530, 7, 0, 8, 16) }, "query: 7 bytes"},
		{"query id outside", func(p *runner.Process) { call(execLookupNodes, p, 0, 0, 65530, 8, 16) }, "query_id_ptr: 8 bytes"},
		{"count outside", func(p *runner.Process) { call(execLookupNodes, p, 0, 0, 0, 65533, 16) }, "nodes_len_ptr: 4 bytes"},
		{"error outside", func(p *runner.Process) { call(execLookupNodes, p, 0, 0, 0, 8, 65530) }, "error_ptr: 8 bytes"},
		{"results outside", func(p *runner.Process) { call(copyLookupNodesResults, p, 0, 65530, 1, 0) }, "nodes_ptr: 8 bytes"},
		{"too many results", func(p *runner.Process) { call(copyLookupNodesResults, p, 0, 0, 1<<32-1, 0) }, "4294967295 nodes do not fit"},
		{"results' error outside", func(p *runner.Process) { call(copyLookupNodesResults, p, 0, 0, 0, 65530) }, "error_ptr: 8 bytes"},
		{"spawn's id outside", func(p *runner.Process) { call(distributedSpawn, p, 0, inherit, inherit, 0, 0, 0, 0, 65530) }, "id_ptr: 8 bytes"},
		{"send nothing", func(p *runner.Process) { call(distributedSend, p, 0, 1) }, "no message in the scratch slot"},
		{"request nothing", func(p *runner.Process) { call(distributedSendReceive, p, 0, 1, 1, 0) }, "no message in the scratch slot"},
		{"send no data", func(p *runner.Process) {
			call(monitor, p, 999)
			call(receive, p, 0, 0, 1000)
			call(distributedSend, p, 0, 1)
		}, "carries no data"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { misused(t, in(t, tt.f), tt.want) })
	}
}

// Requests of 0.12 wait for their own tag; those without one for whatever comes.
func TestSendReceiveOwnTag(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		queue := func(tag uint64) {
			call(createData, p, tag, 0)
			call(send, p, p.ID())
		}
		queue(5)
		p.CheckSignals()
		call(createData, p, 5, 3)
		want(t, "request", call(sendReceiveOwnTag, p, p.ID(), 1000), 0)
		queue(6)
		p.CheckSignals()
		call(createData, p, 0, 0)
		want(t, "request without a tag", call(sendReceiveOwnTag, p, p.ID(), 1000), 0)
		want(t, "its tag", call(getTag, p), 0)
		call(createData, p, 0, 0)
		want(t, "no answer", call(sendReceiveOwnTag, p, 999, 1), 9027)
		call(createData, p, 4, 0)
		want(t, "no answer with the tag", call(sendReceiveOwnTag, p, 999, 0), 9027)
		for _, tag := range []uint64{5, 6} {
			want(t, "receive", call(receive, p, 0, 0, 0), 0)
			want(t, "tag", call(getTag, p), tag)
		}
	}))
	misused(t, in(t, func(p *runner.Process) { call(sendReceiveOwnTag, p, 1, 0) }), "no message in the scratch slot")
}

// A section of a module: its number and contents.
func section(id byte, body string) string { return string([]byte{id, byte(len(body))}) + body }

func entry(module, name string, typ byte) string {
	return string([]byte{byte(len(module))}) + module + string([]byte{byte(len(name))}) + name + "\x00" + string([]byte{typ})
}

// Modules that import the six functions as as-lunatic does load, those of 0.13 too, and
// other types do not.
func TestDialects(t *testing.T) {
	ctx := context.Background()
	rt, err := runner.New(ctx, runner.Config{Namespaces: All()})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	for _, d := range dialects {
		if d.namespace == "lunatic::networking" && !hasFunction(d.namespace, d.function) {
			t.Logf("%s.%s is missing", d.namespace, d.function)
			continue
		}
		load := func(typ string) error {
			code := map[string]string{"i64": "\x7e", "i32": "\x7f"}
			params, results, _ := strings.Cut(typ, "->")
			list := func(s string) string {
				var b strings.Builder
				for _, f := range strings.Fields(s) {
					b.WriteString(code[f])
				}
				return string([]byte{byte(b.Len())}) + b.String()
			}
			_, err := rt.Load(ctx, []byte("\x00asm\x01\x00\x00\x00"+
				section(1, "\x01\x60"+list(params)+list(results))+section(2, "\x01"+entry(d.namespace, d.function, 0))))
			return err
		}
		if err := load(d.typ); err != nil {
			t.Errorf("%s.%s of 0.12: %v", d.namespace, d.function, err)
		}
		if err := load(typeOf(d.namespace, d.function)); err != nil {
			t.Errorf("%s.%s of 0.13: %v", d.namespace, d.function, err)
		}
		if err := load("i32 i32 i32 -> i32"); err == nil {
			t.Errorf("%s.%s of another type was loaded", d.namespace, d.function)
		}
	}
}

func typeOf(namespace, name string) string {
	for _, ns := range All() {
		for _, f := range ns.Funcs {
			if ns.Name == namespace && f.Name == name {
				return f.Type
			}
		}
	}
	return ""
}

func hasFunction(namespace, name string) bool { return typeOf(namespace, name) != "" }

func TestDialectWrappers(t *testing.T) {
	for in, out := range map[uint64]uint64{0: 0, 1500: 1500, 1<<31 - 1: 1<<31 - 1, 1 << 31: 1<<31 - 1, 1 << 40: 1<<31 - 1, 1<<64 - 1: 1<<32 - 1} {
		got := call(narrowTimeout(func(_ *runner.Process, stack []uint64) { stack[0] = in }), nil)
		want(t, "timeout", got, out)
	}
	called := false
	want(t, "result", call(thenZero(func(*runner.Process, []uint64) { called = true }), nil, 7, 8), 0)
	want(t, "called", called, true)
}

package host

import (
	"encoding/binary"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/tetratelabs/wazero/api"
)

// Its functions for configurations are in config.go.
var lunaticProcess = runner.Namespace{Name: "lunatic::process", Funcs: append([]runner.Func{
	{Name: "spawn", Type: "i64 i64 i64 i32 i32 i32 i32 i32 -> i32", Call: spawn},
	{Name: "get_or_spawn", Type: "i32 i32 i64 i64 i64 i32 i32 i32 i32 i32 i32 -> i32", Call: processGetOrSpawn},
	{Name: "compile_module", Type: "i32 i32 i32 -> i32", Call: compileModule},
	{Name: "drop_module", Type: "i64", Call: dropModule},
	{Name: "sleep_ms", Type: "i64", Call: sleep},
	{Name: "die_when_link_dies", Type: "i32", Call: dieWhenLinkDies},
	{Name: "process_id", Type: "-> i64", Call: processID},
	{Name: "environment_id", Type: "-> i64", Call: environmentID},
	{Name: "link", Type: "i64 i64", Call: link},
	{Name: "unlink", Type: "i64", Call: unlink},
	{Name: "monitor", Type: "i64", Call: monitor},
	{Name: "stop_monitoring", Type: "i64", Call: stopMonitoring},
	{Name: "kill", Type: "i64", Call: kill},
	{Name: "exists", Type: "i64 -> i32", Call: exists},

	// Not in Lunatic.
	{Name: "monitor_with_tag", Type: "i64 i64", Call: monitorWithTag},
	{Name: "stop_monitoring_with_tag", Type: "i64 i64", Call: stopMonitoringWithTag},
}, configFuncs...)}

// inherit, for a configuration or a module, means the caller's own.
const inherit = 1<<64 - 1

// spawnCost is the price of a spawn, in reductions.
const spawnCost = 1000

func spawn(p *runner.Process, stack []uint64) {
	out := stack[7]
	p.Bytes("id_ptr", out, 8) // trap before anything has happened
	p.Charge(spawnCost)
	var id uint64
	a, err := spawnArguments(p, stack[1:7])
	if err == nil {
		id, err = p.Spawn(a.module, a.config, a.entry, a.params, int64(stack[0]))
	}
	if err != nil {
		takeParcelBack(p)
		stack[0] = fail(p, "id_ptr", out, err)
		return
	}
	p.PutU64("id_ptr", out, id)
	stack[0] = ok
}

// takeParcelBack puts the message for the next child back into the scratch slot: there is no
// child.
func takeParcelBack(p *runner.Process) {
	if m := p.Parcel; m != nil {
		p.Parcel = nil
		p.SetScratch(m)
	}
}

// spawnArgs are the arguments that all functions which spawn have in common. Nil means
// the caller's own.
type spawnArgs struct {
	config *runner.ProcessConfig
	module *runner.Module
	entry  string
	params []runner.Value
}

// spawnArguments reads config_id, module_id, func_str_ptr, func_str_len, params_ptr and
// params_len. What the guest cannot know is an error: that it may not spawn, where Lunatic
// traps, and that the configuration asks for a directory which it does not have. What it can
// know traps.
func spawnArguments(p *runner.Process, words []uint64) (a spawnArgs, err error) {
	if err := p.Permitted(runner.MaySpawn); err != nil {
		return a, err
	}
	if p.Initializing() {
		p.Fail("", "the module's start function may not spawn")
	}
	var c *config
	if words[0] != inherit {
		c = configurations.Get(p, "config_id", words[0])
	}
	if words[1] != inherit {
		a.module = modules.Get(p, "module_id", words[1])
	}
	a.entry = p.Text("func_str", words[2], words[3])
	a.params = spawnParams(p, p.Bytes("params", words[4], words[5]))
	if c != nil {
		a.config, err = c.forChildren(p)
	}
	return a, err
}

// paramSize is the length of a parameter record: a value type, then 128 bits.
const paramSize = 17

func spawnParams(p *runner.Process, records []byte) []runner.Value {
	if len(records)%paramSize != 0 {
		p.Fail("params", "%d bytes are no multiple of %d", len(records), paramSize)
	}
	params := make([]runner.Value, 0, len(records)/paramSize)
	for ; len(records) > 0; records = records[paramSize:] {
		v := runner.Value{Type: api.ValueType(records[0])}
		v.Bits[0] = binary.LittleEndian.Uint64(records[1:])
		switch v.Type {
		case api.ValueTypeI32:
			v.Bits[0] = uint64(uint32(v.Bits[0]))
		case api.ValueTypeI64:
		case runner.ValueTypeV128:
			v.Bits[1] = binary.LittleEndian.Uint64(records[9:])
		default:
			p.Fail("params", "unknown type 0x%x", records[0])
		}
		params = append(params, v)
	}
	return params
}

// sleeping is a Wait that only its time ends.
type sleeping struct{}

func (sleeping) Poll(p *runner.Process, _ []uint64) bool { return p.TimedOut() }

func sleep(p *runner.Process, stack []uint64) {
	p.CheckSignals()
	p.SetTimeout(stack[0])
	p.Wait(sleeping{}, stack)
}

func dieWhenLinkDies(p *runner.Process, stack []uint64) { p.DieWhenLinkDies(stack[0] != 0) }

func processID(p *runner.Process, stack []uint64) { stack[0] = p.ID() }

func environmentID(p *runner.Process, stack []uint64) { stack[0] = p.Environment().ID() }

func link(p *runner.Process, stack []uint64) { p.Link(stack[1], int64(stack[0])) }

func unlink(p *runner.Process, stack []uint64) { p.Unlink(stack[0]) }

func monitor(p *runner.Process, stack []uint64) { watch(p, stack[0], 0) }

// monitorWithTag is monitor for guests that wait for the message: tag, process.
func monitorWithTag(p *runner.Process, stack []uint64) { watch(p, stack[1], int64(stack[0])) }

func watch(p *runner.Process, id uint64, tag int64) {
	if !p.Monitor(id, tag) {
		p.Fail("tag", "too many monitors of one process")
	}
}

func stopMonitoring(p *runner.Process, stack []uint64) { p.StopMonitoring(stack[0]) }

func stopMonitoringWithTag(p *runner.Process, stack []uint64) {
	p.StopMonitoringTag(stack[1], int64(stack[0]))
}

func kill(p *runner.Process, stack []uint64) { p.Kill(stack[0]) }

func exists(p *runner.Process, stack []uint64) { stack[0] = bit(p.Environment().Exists(stack[0])) }

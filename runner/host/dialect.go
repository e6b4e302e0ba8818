package host

import (
	"slices"

	"github.com/lunatic-go/lunatic/runner"
)

// A dialect is a function that guests of Lunatic 0.12 import with another type than those
// of 0.13 do: the two send_receive_skip_search have changed since, and as-lunatic 0.12
// declares the others in its own way. The functions of this package are wrapped.
type dialect struct {
	namespace, function string
	typ                 string
	wrap                func(f func(*runner.Process, []uint64)) func(*runner.Process, []uint64)
}

var dialects = []dialect{
	{"lunatic::message", "send_receive_skip_search", "i64 i64 -> i32", instead(sendReceiveOwnTag)},
	{"lunatic::distributed", "send_receive_skip_search", "i64 i64 i64 -> i32", instead(distributedSendReceiveOwnTag)},
	{"lunatic::distributed", "spawn", "i64 i64 i64 i64 i32 i32 i32 i32 i32 -> i32", instead(distributedSpawnLinked)},
	{"lunatic::networking", "get_read_timeout", "i64 -> i32", narrowTimeout},
	{"lunatic::networking", "get_peek_timeout", "i64 -> i32", narrowTimeout},
	{"lunatic::networking", "set_peek_timeout", "i64 i64 -> i32", thenZero},
}

// withDialects adds to the namespaces what they have of the dialects.
func withDialects(all []runner.Namespace) []runner.Namespace {
	for i := range all {
		var added []runner.Func
		for _, d := range dialects {
			j := slices.IndexFunc(all[i].Funcs, func(f runner.Func) bool { return f.Name == d.function })
			if d.namespace != all[i].Name || j < 0 {
				continue
			}
			added = append(added, runner.Func{
				Name: d.function + "/0.12", Of: d.function, Type: d.typ, Call: d.wrap(all[i].Funcs[j].Call),
			})
		}
		if added != nil {
			all[i].Funcs = append(slices.Clip(all[i].Funcs), added...) // the variable's stays as it is
		}
	}
	return all
}

func instead(f func(*runner.Process, []uint64)) func(func(*runner.Process, []uint64)) func(*runner.Process, []uint64) {
	return func(func(*runner.Process, []uint64)) func(*runner.Process, []uint64) { return f }
}

// sendReceiveOwnTag is process_id, timeout -> status: the answer is a later message with
// the request's own tag; any later message if it has none.
func sendReceiveOwnTag(p *runner.Process, stack []uint64) {
	m := scratch(p)
	p.Scratch = nil
	p.SendReceiveOwnTag(stack[0], m, stack[1], stack)
}

// narrowTimeout makes a result of 64 bits one of 32: all ones stay all ones, which is no
// time-out, and what is too long is as long as can be said.
func narrowTimeout(f func(*runner.Process, []uint64)) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		f(p, stack)
		if stack[0] != 1<<64-1 {
			stack[0] = min(stack[0], 1<<31-1)
		}
		stack[0] = uint64(uint32(stack[0]))
	}
}

// thenZero adds a result to a function that has none: success.
func thenZero(f func(*runner.Process, []uint64)) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		f(p, stack)
		stack[0] = ok
	}
}

// Package host is the host ABI that guests see: one file for each namespace, which
// opens with the list of its functions. It adapts; what the functions do is in the
// package runner.
//
// Numbers arrive as 64-bit words: an i32 has its upper half zero. Pointers, lengths
// and ids are unsigned. A function that gets a bad pointer, or an id that does not
// exist, traps with runner.HostError.
package host

import (
	"github.com/lunatic-go/lunatic/runner"
)

// All returns every namespace that this package has.
func All() []runner.Namespace {
	return withDialects([]runner.Namespace{
		lunaticDistributed,
		lunaticError,
		lunaticMessage,
		lunaticMetrics,
		lunaticNetworking,
		lunaticPoll,
		lunaticProcess,
		lunaticRegistry,
		lunaticTimer,
		lunaticTrap,
		lunaticSqlite,
		lunaticVersion,
		lunaticWASI,
		wasi,
	})
}

// Results that many functions share.
const (
	ok     = 0
	failed = 1 // the out-pointer holds the id of an error
)

// fail stores an error for the guest and writes its id. It returns the status.
func fail(p *runner.Process, argument string, ptr uint64, err error) uint64 {
	p.PutU64(argument, ptr, runner.Errors.Add(p, err))
	return failed
}

// bit is 1 for true.
func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

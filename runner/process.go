package runner

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// A process's state says who may touch it. Who makes a waiting process active has it alone
// until it is in a run queue.
const (
	active  = 0 // held by the goroutine of a worker, or in a run queue
	waiting = 2 // for a signal, its timer, or a wake
	hosted  = 4 // a HostProcess's: its signals wait until the host looks
	exiting = 6 // gone from its environment; nothing reaches it any more

	// news, while active or hosted: look at the signals, and at what it waits for, before
	// waiting.
	news = 1
)

// A Process is an actor: an instance of a module, a mailbox, and what it may do.
//
// Its methods are for host functions, which are called on the process's own
// goroutine; only ID, Environment and Wake may be called from anywhere.
type Process struct {
	id  uint64
	env *Environment
	rt  *Runtime
	mod *Module
	cfg *ProcessConfig

	// Scratch is the message that the process reads, or writes to send it.
	Scratch *Message
	// Parcel is the message that the next child of the process finds in its mailbox, nil for
	// none. Spawn takes it if it succeeds.
	Parcel *Message

	// What follows belongs to whoever holds the process in the state active.
	inst      api.Module
	mem       api.Memory // nil without memory
	memory    *linearMemory
	stdio     *stdio  // the instance's; nil if its streams are the runtime's
	rested    *rested // where the instance was before, if it is not new
	unborn    bool    // it has no instance yet: see instance.go
	spent     bool    // the instance must not be used again
	closedStd bool    // see CloseStandard
	dozing    bool    // it has not run since the hibernator came by
	strained  uint32  // see strain
	guest     *Guest
	snapshot  Snapshot // of the guest, if the process hibernates: see hibernate.go
	ctx       processContext
	worker    *worker
	tables    []io.Closer // resources by Kind
	calls     []entry     // still to be made, in order
	fn        *hostFunc
	mailbox   mailbox
	recv      receive
	handed    *Message // that ended the waiting, if one did; see send
	spare     []signal // memory for the next batch
	links     map[uint64]link
	monitors  map[uint64]*Process // who monitors it
	watched   map[uint64][]int64  // what it monitors: the tags, under mu
	dieOnLink bool
	overflow  bool // more signals came than are kept: it dies; under mu
	initial   bool // its start function runs: see start.go
	yielding  bool // back to the run queue at once
	armed     bool // the timer runs
	parked    bool
	nresults  uint8 // words of results

	// The host call that waits, when the guest is suspended; nil for one that gave its
	// turn away.
	wait    Wait
	results [maxResults]uint64

	deadline time.Duration // since the runtime's start; 0: none
	timer    *time.Timer

	unpark chan *worker // nil until the process parks
	doom   error        // its end, found by Interrupted

	slices, preemptions uint64
	reductions          uint64
	grant               int32 // reductions that the guest was given and has not answered for

	state   atomic.Uint32
	backlog atomic.Int32 // messages in the mailbox, when it last waited or queued
	hot     atomic.Bool  // among the hot processes of a worker
	mu      sync.Mutex
	starter starter // while initial
	signals []signal
	pending int // bytes of the messages among them

	host   *HostProcess  // nil for a guest
	exited chan struct{} // closed at the end; nil if nobody asked
	exit   *Exit         // how it ended; nil for a normal end of a process without names
}

// maxResults is the number of words that a host function may return.
const maxResults = 4

// entry is a call of an export.
type entry struct {
	name   string
	params []Value
}

// A Value is an argument of an entry function.
type Value struct {
	Type api.ValueType
	Bits [2]uint64 // the second word for v128 only
}

// processContext is the context of a process's host calls.
type processContext struct {
	context.Context
	process *Process
	memory  *linearMemory // while it is instantiated
}

type processKey struct{}

func (c *processContext) Value(key any) any {
	if key == (processKey{}) {
		return c.process
	}
	if c.memory == nil {
		return nil // the Context has the allocator only; wazero asks at every call of the guest
	}
	v := c.Context.Value(key)
	if _, ok := v.(experimental.MemoryAllocator); ok {
		return c.memory
	}
	return v
}

// ProcessFrom returns the process that made a host call.
func ProcessFrom(ctx context.Context) *Process {
	if c, ok := ctx.(*callContext); ok && c.process != nil {
		return c.process
	}
	p, _ := ctx.Value(processKey{}).(*Process)
	return p
}

// ID returns the process's number in its environment.
func (p *Process) ID() uint64 { return p.id }

// Environment returns the set of processes it belongs to.
func (p *Process) Environment() *Environment { return p.env }

// Runtime returns what runs the process.
func (p *Process) Runtime() *Runtime { return p.rt }

// Module returns what the process is an instance of.
func (p *Process) Module() *Module { return p.mod }

// Config returns the process's configuration, which must not be changed.
func (p *Process) Config() *ProcessConfig { return p.cfg }

// Instance returns the process's instance. It must not be called into, and must not be
// used after the host call, nor after a wait in it: it may serve another process then.
func (p *Process) Instance() api.Module { return p.inst }

// Initializing reports whether the module's start function runs: the process cannot
// spawn yet.
func (p *Process) Initializing() bool { return p.initial }

// errKilled is panicked with inside a host call to end the process.
var errKilled = errors.New("killed")

// CheckSignals handles the signals that have arrived. It does not return if one of
// them ends the process.
func (p *Process) CheckSignals() {
	if err := p.drain(); err != nil {
		panic(err)
	}
}

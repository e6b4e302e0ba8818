package runner

import (
	"errors"

	"github.com/tetratelabs/wazero/sys"
)

// end ends the process: it is unreachable from here on, whoever linked or monitors
// it is told, and what it held is released.
func (p *Process) end(err error) *worker {
	w := p.worker
	exit := p.leave(newExit(p, err))
	p.release()
	w.stats.ended(p)
	if exit.Err != nil && p.rt.cfg.OnFailure != nil {
		p.rt.cfg.OnFailure(p, exit)
	}
	exited := p.exited
	p.retire(err)
	p.env.forget()
	if exited != nil {
		close(exited)
	}
	return w
}

// release gives back what the process holds, but for its instance.
func (p *Process) release() {
	if p.timer != nil {
		p.timer.Stop()
	}
	if c, ok := p.wait.(canceler); ok {
		c.Cancel()
	}
	if p.Parcel != nil {
		p.Parcel.drop()
		p.Parcel = nil
	}
	if p.Scratch != nil {
		p.Scratch.drop()
	}
	for _, t := range p.tables {
		if t != nil {
			t.Close()
		}
	}
	p.wait, p.tables = nil, nil
}

// leave makes the process unreachable, tells whoever links or monitors it, and throws
// away what was sent to it. It returns how the process ended, with its names.
func (p *Process) leave(exit Exit) Exit {
	p.env.remove(p)
	exit.Names = p.env.registry.forget(p.id)
	if exit.Reason != ExitNormal || exit.Names != nil {
		kept := exit // most ends need no memory
		p.exit = &kept
	}
	p.mu.Lock()
	p.state.Store(exiting)
	left := p.signals
	p.signals = nil
	p.mu.Unlock()
	failed := exit.Reason != ExitNormal
	for _, l := range p.links {
		l.peer.send(signal{kind: sigLinkDied, id: p.id, tag: l.tag, on: failed, peer: p}, p.worker)
	}
	for _, m := range p.monitors {
		m.send(signal{kind: sigProcessDied, id: p.id, peer: p}, p.worker)
	}
	for _, s := range left {
		p.answerDead(s)
	}
	p.mailbox.drop()
	p.links, p.monitors = nil, nil
	return exit
}

// ExitReason says how a process ended, as far as others can tell.
type ExitReason uint8

const (
	ExitNormal ExitReason = iota // its entry function returned, or it called proc_exit(0)
	ExitFailed                   // a trap, or proc_exit with another code
	ExitKilled                   // by a signal

	numReasons

	// ExitNoProcess is the Reason of a message about a process that was not there any more
	// when it was linked or monitored: how it ended is not known.
	ExitNoProcess = numReasons
)

func (r ExitReason) String() string { return [...]string{"normal", "failed", "killed", "noproc"}[r] }

// An Exit is the end of a process.
type Exit struct {
	Reason ExitReason
	Code   uint32 // of proc_exit
	Err    error  // a *Trap; nil unless the process trapped
	// Names are those that were registered for the process, sorted.
	Names []string
}

func newExit(p *Process, err error) Exit {
	if err == nil {
		return Exit{}
	}
	var exit *sys.ExitError // on the heap
	switch {
	case errors.Is(err, errKilled):
		return Exit{Reason: ExitKilled}
	case errors.As(err, &exit) && exit.ExitCode() == 0:
		return Exit{}
	case errors.As(err, &exit):
		return Exit{Reason: ExitFailed, Code: exit.ExitCode()}
	default:
		return Exit{Reason: ExitFailed, Err: newTrap(p, err)}
	}
}

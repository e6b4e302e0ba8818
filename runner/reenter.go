package runner

import (
	"errors"
	"runtime"

	"github.com/tetratelabs/wazero/api"
)

// reentry is an export that host functions call. wazero's functions have a native stack
// each, which a second call below the first must not share: who calls takes the reentry
// off the guest's list and puts it back.
type reentry struct {
	name string
	typ  string // that it is known to have, empty if none is
	fn   api.Function
}

// maxReentries bounds what a hot guest keeps, each about 12 KiB.
const maxReentries = 4

// MaxNested is how many calls of exports by host functions may be in progress in one
// process, each within the one before: every one of them takes a native stack. The next one
// traps.
const MaxNested = 256

// errThrown reports an exception that left an export called by a host function.
var errThrown = errors.New("uncaught exception")

// CallExport calls a function that the process's module exports, from within a host call
// of the process, and returns its results. typ is its type, written as in Func. It traps
// if there is no such export; an error is how the call ended: a trap, proc_exit, or the end
// of the process, which has to be passed on (Killed tells).
//
// The export may make host calls of its own. Those that wait park: the guest cannot be
// suspended. Memory may have moved or grown when CallExport returns: slices from Bytes are to
// be taken again. It cannot be called after Wait, nor in the finish of an Async.
func (p *Process) CallExport(name, typ string, params ...uint64) ([]uint64, error) {
	if p.initial || p.guest.depth == 0 || p.guest.phase != running {
		p.Fail("", "the module's export %q cannot be called at this point", name)
	}
	if p.guest.depth > MaxNested {
		p.Fail("", "the module's export %q is called within %d calls like this one", name, p.guest.depth-1)
	}
	r := p.takeReentry(name, typ)
	fn, wait, scratch := p.fn, p.wait, make([]uint64, max(len(params), maxResults))
	copy(scratch, params)
	p.wait = nil
	st, err := p.guest.Call(&p.ctx, r.fn, scratch)
	runtime.KeepAlive(r)
	if err != nil || st == Threw {
		p.dropWait() // the call may have ended while it waited
	}
	p.fn, p.wait = fn, wait
	switch {
	case err != nil:
		return nil, err
	case st == Threw:
		return nil, errThrown
	}
	p.guest.giveReentry(r)
	return scratch[:len(r.fn.Definition().ResultTypes())], nil
}

// Killed reports whether an error of CallExport is the end of the process, by a signal: the
// host function must not go on, but panic with the error.
func Killed(err error) bool { return errors.Is(err, errKilled) }

// dropWait forgets the Wait of a host call that will not return.
func (p *Process) dropWait() {
	if c, ok := p.wait.(canceler); ok {
		c.Cancel()
	}
	p.wait = nil
	p.disarm()
}

// takeReentry returns an export that nobody is in. It traps if there is none of that name
// and type.
func (p *Process) takeReentry(name, typ string) reentry {
	r := p.guest.takeExport(name)
	if r.fn == nil {
		p.Fail("", "the module does not export the function %q", name)
	}
	if r.typ == typ {
		return r
	}
	params, results, err := parseType(typ)
	if err != nil {
		panic(err) // the host function's mistake
	}
	def := r.fn.Definition()
	if string(def.ParamTypes()) != string(params) || string(def.ResultTypes()) != string(results) {
		p.Fail("", "the module's export %q is not of type %s", name, typ)
	}
	r.typ = typ
	return r
}

// takeExport returns an exported function that nobody is in; its fn is nil if there is
// none.
func (g *Guest) takeExport(name string) reentry {
	for i, r := range g.reentries {
		if r.name == name {
			last := len(g.reentries) - 1
			g.reentries[i] = g.reentries[last]
			g.reentries[last] = reentry{}
			g.reentries = g.reentries[:last]
			return r
		}
	}
	return reentry{name, "", g.mod.ExportedFunction(name)}
}

// giveReentry keeps an export for the next call.
func (g *Guest) giveReentry(r reentry) {
	if len(g.reentries) < maxReentries {
		g.reentries = append(g.reentries, r)
	}
}

package runner

import (
	"errors"
	"runtime"
)

// Catch is CallExport for a call whose failure is a result: it reports false if the export
// trapped, called proc_exit or threw an exception. The guest goes on with its memory, its
// globals and its resources as the failing code left them.
//
// What ends the process is not caught: a kill, the end of a linked process, a full
// mailbox, the end of its fuel; nor a panic in a host function, which is a bug.
func (p *Process) Catch(name, typ string, params ...uint64) (results []uint64, ok bool) {
	results, err := p.CallExport(name, typ, params...)
	if err == nil {
		return results, true
	}
	if fatal := fatal(err); fatal != nil {
		panic(fatal)
	}
	return nil, false
}

// fatal returns what is to be passed on of an error that ends the process, and nil for
// one that only ends a call.
func fatal(err error) error {
	var bug runtime.Error
	switch {
	case errors.Is(err, errKilled):
		return errKilled
	case errors.Is(err, ErrMailboxFull), errors.Is(err, ErrFuel), errors.As(err, &bug):
		return err
	}
	return nil
}

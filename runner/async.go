package runner

import (
	"context"
	"sync"
)

// Async runs f on a goroutine of its own while the process waits. What f returns is
// then called as part of the process, to write the host function's results and the
// guest's memory; nil leaves the results zero. The context ends with the process. A panic
// in f ends the process, as one in the host function would. The host function must return
// at once after Async.
func (p *Process) Async(results []uint64, f func(context.Context) (finish func(results []uint64))) {
	p.Wait(p.Begin(f), results)
}

// Begin is the first half of Async: the process goes on. It is woken when Ready may have
// become true; Poll then calls what f has returned. Who does not want to know the result any
// more calls Cancel.
func (p *Process) Begin(f func(context.Context) (finish func(results []uint64))) *Operation {
	w := &Operation{}
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.WithValue(context.Background(), asyncKey{}, w))
	p.rt.async.Add(1)
	go func() {
		defer p.rt.async.Done()
		defer p.Wake()
		defer func() {
			if r := recover(); r != nil {
				err := panicked(r)
				w.done(func([]uint64) { panic(err) })
			}
		}()
		finish := f(ctx)
		if finish == nil {
			finish = func(results []uint64) { clear(results) }
		}
		w.done(finish)
	}()
	return w
}

type asyncKey struct{}

// OnAbandon says what undoes the work of a function that Async runs: undo is called if the
// process ends before it could take the result, so that a connection is closed that nobody
// will ever see. ctx is what the function was given.
func OnAbandon(ctx context.Context, undo func()) {
	w := ctx.Value(asyncKey{}).(*Operation)
	w.mu.Lock()
	w.undo = undo
	w.mu.Unlock()
}

// An Operation is what Begin has begun: a Wait.
type Operation struct {
	cancel   context.CancelFunc
	mu       sync.Mutex
	finish   func(results []uint64)
	undo     func()
	canceled bool
}

func (w *Operation) done(finish func([]uint64)) {
	w.mu.Lock()
	w.finish = finish
	w.mu.Unlock()
	w.abandon()
}

// Ready reports whether the operation is done: Poll will finish it.
func (w *Operation) Ready() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.finish != nil
}

// Poll implements Wait.
func (w *Operation) Poll(_ *Process, results []uint64) bool {
	w.mu.Lock()
	finish := w.finish
	w.mu.Unlock()
	if finish == nil {
		return false
	}
	w.cancel()
	finish(results)
	return true
}

// Cancel tells f that nobody waits for it any more.
func (w *Operation) Cancel() {
	w.cancel()
	w.mu.Lock()
	w.canceled = true
	w.mu.Unlock()
	w.abandon()
}

// abandon undoes the work once it is done and nobody will take it.
func (w *Operation) abandon() {
	w.mu.Lock()
	undo := w.undo
	if !w.canceled || w.finish == nil || undo == nil {
		w.mu.Unlock()
		return
	}
	w.undo = nil
	w.mu.Unlock()
	undo()
}

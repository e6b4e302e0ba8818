package runner

import (
	"sync"
	"sync/atomic"
)

// The executor runs processes on a fixed number of workers. A worker is a run queue
// and the right to run guest code, not a goroutine: the goroutine that holds it runs
// one slice after another. A process that parks keeps its goroutine and hands the
// worker to another one; when it may go on, the goroutine that finds it in a queue
// hands its worker over and ends.
type executor struct {
	workers []*worker
	closing atomic.Bool
	loops   sync.WaitGroup // goroutines that hold, or wait for, a worker
	// monitored says that a goroutine looks for workers that host functions hold.
	monitored atomic.Bool

	global runQueue

	idleMu sync.Mutex
	idle   []*worker
	nidle  atomic.Int32
}

// globalEvery is how many slices a worker runs between two looks at the global queue
// before its own, so that work from outside is not starved.
const globalEvery = 61

// nextRuns is how many processes in a row may come from worker.next before the run
// queue has its turn: two processes that wake each other do not starve the others.
const nextRuns = 64

// maxYoung is how many unborn processes a worker keeps apart, the newest to run first: what a
// process starts is done before what was started earlier, so that a tree of processes is
// never alive all at once. What is beyond waits in the order of arrival, as all others.
const maxYoung = 256

// hotProcesses is how many processes for each worker keep what only running guests
// need (Guest.Cool) while they wait: about 25 MiB, for a process that comes to its turn
// cold takes several microseconds more.
const hotProcesses = 2048

// A worker's fields belong to the goroutine that holds it, but for the queues, wake and pools.
type worker struct {
	exec *executor
	id   int
	// next is the process made runnable last by the one that runs now: it runs as soon
	// as that one waits, while the message is in the cache. No other worker takes it.
	next  *Process
	ran   int // processes in a row that came from next
	ticks uint32
	queue runQueue
	young runQueue // of unborn processes
	wake  chan struct{}
	loan  loan
	stats workerStats
	pools pools

	messages []*Message // to be used again
	hot      [hotProcesses]*Process
	oldest   int // index in hot of the process that has been hot for longest
}

func newExecutor(workers int) *executor {
	e := &executor{}
	for i := range workers {
		w := &worker{exec: e, id: i, wake: make(chan struct{}, 1)}
		w.pools.max = max(minRested, int64(maxRested/workers))
		e.workers = append(e.workers, w)
	}
	for _, w := range e.workers {
		e.start(w)
	}
	return e
}

// start gives a worker to a new goroutine.
func (e *executor) start(w *worker) {
	e.loops.Add(1)
	go func() {
		defer e.loops.Done()
		e.loop(w)
	}()
}

// loop runs processes until there is nothing left to do, or until its worker goes
// to the goroutine of a parked process.
func (e *executor) loop(w *worker) {
	for {
		p := w.find()
		if p == nil {
			return
		}
		if p.parked {
			p.unpark <- w
			return
		}
		w = p.run(w)
	}
}

// close ends the executor once all processes have ended.
func (e *executor) close() {
	e.closing.Store(true)
	e.idleMu.Lock()
	for _, w := range e.workers {
		w.signal()
	}
	e.idleMu.Unlock()
	e.loops.Wait()
}

// push makes a process runnable. from is the worker of the process that caused it,
// nil if the cause is outside.
func (e *executor) push(p *Process, from *worker) {
	if from == nil {
		e.global.push(p)
		e.wakeIdle()
		return
	}
	if p, from.next = from.next, p; p != nil {
		from.displace(p)
		e.wakeIdle()
	}
}

// displace puts a process that was next into a queue.
func (w *worker) displace(p *Process) {
	if !p.unborn {
		w.queue.push(p)
		return
	}
	if w.young.len() >= maxYoung {
		if oldest := w.young.pop(); oldest != nil {
			w.queue.push(oldest)
		}
	}
	w.young.push(p)
}

// pushLast makes a process runnable that has had its turn on w.
func (e *executor) pushLast(p *Process, w *worker) {
	if w.next != nil {
		w.displace(w.next)
		w.next = nil
	}
	w.queue.push(p)
	e.wakeIdle()
}

func (e *executor) wakeIdle() {
	if e.nidle.Load() == 0 {
		return
	}
	e.idleMu.Lock()
	if n := len(e.idle); n > 0 {
		w := e.idle[n-1]
		e.idle = e.idle[:n-1]
		e.nidle.Store(int32(n - 1))
		w.signal()
	}
	e.idleMu.Unlock()
}

func (w *worker) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// queued reports whether there is a process in the worker's own queues.
func (w *worker) queued() bool { return w.queue.len() > 0 || w.young.len() > 0 }

// busy reports whether another process waits for this worker.
func (w *worker) busy() bool {
	return w.next != nil || w.queued() || w.exec.global.len() > 0
}

// find returns the next process to run. It waits for one; nil means that the
// executor is closed.
func (w *worker) find() *Process {
	for {
		if p := w.poll(); p != nil {
			return p
		}
		e := w.exec
		e.idleMu.Lock()
		e.idle = append(e.idle, w)
		e.nidle.Store(int32(len(e.idle)))
		e.idleMu.Unlock()
		// Who pushes looks for idle workers afterwards, so look once more.
		p := w.poll()
		if p == nil && !e.closing.Load() {
			<-w.wake
		}
		w.leaveIdle()
		if p != nil {
			return p
		}
		if e.closing.Load() {
			return w.poll()
		}
	}
}

func (w *worker) leaveIdle() {
	e := w.exec
	e.idleMu.Lock()
	for i, x := range e.idle {
		if x == w {
			e.idle = append(e.idle[:i], e.idle[i+1:]...)
			break
		}
	}
	e.nidle.Store(int32(len(e.idle)))
	e.idleMu.Unlock()
}

// poll is find without waiting.
func (w *worker) poll() *Process {
	w.ticks++
	if w.ticks%globalEvery == 0 {
		if p := w.exec.global.pop(); p != nil {
			return p
		}
		if p := w.young.pop(); p != nil { // the oldest
			return p
		}
	}
	if p := w.next; p != nil && (w.ran < nextRuns || !w.queued()) {
		w.next = nil
		w.ran++
		return p
	}
	w.ran = 0
	if w.ticks%2 == 0 {
		if p := w.young.popLast(); p != nil {
			return p
		}
	}
	if p := w.queue.pop(); p != nil {
		return p
	}
	if p := w.young.popLast(); p != nil {
		return p
	}
	if p := w.exec.global.pop(); p != nil {
		return p
	}
	for i := 1; i < len(w.exec.workers); i++ {
		victim := w.exec.workers[(w.id+i)%len(w.exec.workers)]
		if p := w.steal(victim); p != nil {
			return p
		}
	}
	return nil
}

// steal takes half of another worker's queue and returns the first of it, or the oldest of
// its unborn processes, which has most to do where they make a tree.
func (w *worker) steal(victim *worker) *Process {
	n := victim.queue.len()
	if n == 0 {
		return victim.young.pop()
	}
	first := victim.queue.pop()
	for range n / 2 {
		p := victim.queue.pop()
		if p == nil {
			break
		}
		w.queue.push(p)
	}
	return first
}

// heat notes that p has been made ready to be resumed, and cools the process that has
// been hot for longest instead.
func (w *worker) heat(p *Process) {
	old := w.hot[w.oldest]
	w.hot[w.oldest] = p
	w.oldest = (w.oldest + 1) % hotProcesses
	if old != nil {
		old.cool()
	}
}

// runQueue is a FIFO of runnable processes in a ring.
type runQueue struct {
	mu    sync.Mutex
	n     atomic.Int32
	ring  []*Process // length is a power of two
	first int
}

func (q *runQueue) len() int { return int(q.n.Load()) }

func (q *runQueue) push(p *Process) {
	q.mu.Lock()
	n := int(q.n.Load())
	if n == len(q.ring) {
		ring := make([]*Process, max(64, 2*n))
		k := copy(ring, q.ring[q.first:])
		copy(ring[k:], q.ring[:q.first])
		q.ring, q.first = ring, 0
	}
	q.ring[(q.first+n)&(len(q.ring)-1)] = p
	q.n.Store(int32(n + 1))
	q.mu.Unlock()
}

// pop returns the process that has waited for longest, nil if there is none.
func (q *runQueue) pop() *Process { return q.take(false) }

// popLast returns the one that came last.
func (q *runQueue) popLast() *Process { return q.take(true) }

func (q *runQueue) take(last bool) *Process {
	if q.n.Load() == 0 {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	n := int(q.n.Load())
	if n == 0 {
		return nil
	}
	at := q.first
	if last {
		at = (q.first + n - 1) & (len(q.ring) - 1)
	} else {
		q.first = (q.first + 1) & (len(q.ring) - 1)
	}
	p := q.ring[at]
	q.ring[at] = nil
	q.n.Store(int32(n - 1))
	return p
}

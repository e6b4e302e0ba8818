package httpcli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// An exchange is a request and the process that answers it. It has no goroutine of its own: the
// server's, which reads what the process writes, sees it end.
type exchange struct {
	h       *Handler
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	env     *runner.Environment
	root    *runner.Process // nil if it could not be spawned
	in      *input
	out     *pipe
	reader  *bufio.Reader // of out
	head    *limited      // between the two
	timer   *time.Timer
	watch   func() bool // stops looking whether the client goes

	mu    sync.Mutex
	over  bool  // the request is: its connection is not ours any more
	cause error // why the process was stopped

	once  sync.Once
	ended chan struct{} // closed when the process has ended, which the rest is for
	exit  runner.Exit
	err   error
}

const (
	// answerTime is how long a client may take to take the answer of a request that has failed.
	answerTime = 5 * time.Second
	// grace is how long a process that was killed may take to end, and how long its children may:
	// a module that counts no reductions does not hear of it.
	grace = time.Second
)

// start starts the process.
func (h *Handler) start(w http.ResponseWriter, r *http.Request) *exchange {
	e := &exchange{h: h, w: w, r: r, control: http.NewResponseController(w), ended: make(chan struct{})}
	e.control.SetWriteDeadline(time.Time{}) // of the request before
	// A program may answer before it has read all. Where that cannot be, the server reads
	// the rest first.
	e.control.EnableFullDuplex()
	e.in = &input{body: r.Body, control: e.control}
	e.out = newPipe()
	e.head = &limited{r: e.out, left: maxHead}
	e.reader = readers.Get().(*bufio.Reader)
	e.reader.Reset(e.head)

	cfg := h.Config
	cfg.Stdin, cfg.Stdout = e.in.stdin(r, !h.CGI), e.out
	if h.CGI {
		cfg.Env = append(cfg.Env[:len(cfg.Env):len(cfg.Env)], cgiVariables(r)...)
	}
	e.env = h.Runtime.NewEnvironment()
	root, err := e.env.Spawn(h.Module, cfg, "_start")
	if err != nil {
		e.end(err)
		return e
	}
	e.root = root
	e.out.done, e.out.end = root.Done(), e.endWithChildren
	// The process's time ends by itself, or when the client goes.
	e.timer = time.AfterFunc(h.timeout(), func() { e.interrupt(ErrTimeout) })
	e.watch = context.AfterFunc(r.Context(), func() { e.interrupt(errGone) })
	return e
}

// end is called when the process has ended, its environment is to end, and nothing more comes.
// err says why the process has not.
func (e *exchange) end(err error) {
	e.once.Do(func() {
		e.err = err
		if e.root != nil {
			e.timer.Stop()
			e.watch()
			e.exit = e.root.Exit()
		}
		ctx := context.Background()
		if e.env.Processes() > 0 { // it has left children
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, grace)
			defer cancel()
		}
		if err := e.env.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) && e.err == nil {
			e.err = err
		}
		e.out.CloseWrite()
		e.h.leave()
		close(e.ended)
	})
}

// endWithChildren is end for who reads the output, which children may wait to be read.
func (e *exchange) endWithChildren() {
	if e.env.Processes() > 0 {
		go e.end(nil)
		return
	}
	e.end(nil)
}

// await returns when the process has ended.
func (e *exchange) await() {
	select {
	case <-e.out.done:
		e.end(nil)
	case <-e.ended:
	}
	<-e.ended
}

// interrupt ends the process, if it has not ended, and what waits for it or for the client.
func (e *exchange) interrupt(err error) {
	if e.kill(err) {
		e.unblock()
	}
}

// stop is interrupt for who answers the request: also after the process's end, the client may
// not take its time any more.
func (e *exchange) stop(err error) {
	e.kill(err)
	e.unblock()
}

// kill reports whether it is what ends the process.
func (e *exchange) kill(err error) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.ended:
		return false
	default:
	}
	if e.cause != nil {
		return false
	}
	e.cause = err
	e.env.Kill(e.root.ID())
	time.AfterFunc(grace, func() {
		select {
		case <-e.root.Done():
		default:
			e.end(fmt.Errorf("the process still runs: %w", err))
		}
	})
	return true
}

// unblock ends what may wait for the client or for the process.
func (e *exchange) unblock() {
	e.out.CloseRead()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.over {
		e.control.SetWriteDeadline(time.Now().Add(answerTime))
	}
}

// release is the end of the request. The process may run on for a while, and is not heard any
// more.
func (e *exchange) release() {
	e.mu.Lock()
	e.over = true
	e.mu.Unlock()
	e.in.close()
	e.out.Discard()
	e.reader.Reset(nil)
	readers.Put(e.reader)
	if e.root == nil {
		return
	}
	e.watch()
	select {
	case <-e.ended:
	case <-e.root.Done():
		e.end(nil)
	default:
		go e.await()
	}
}

// stopped says why the process was stopped, nil if it was not.
func (e *exchange) stopped() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cause
}

// why says why there is no response, or half of one, after the process has ended.
func (e *exchange) why(err error) error {
	switch cause := e.stopped(); {
	case errors.Is(cause, ErrTimeout), errors.Is(cause, errGone):
		return cause
	case e.r.Context().Err() != nil:
		return errGone
	case e.err != nil:
		return e.err
	case e.exit.Err != nil:
		reason, _, _ := strings.Cut(e.exit.Err.Error(), "\n") // without the backtrace
		return fmt.Errorf("%w (%s)", err, reason)
	case e.exit.Code != 0:
		return fmt.Errorf("%w (the exit code is %d)", err, e.exit.Code)
	}
	return err
}

// status is that of the answer if there is no response.
func (e *exchange) status() int {
	if errors.Is(e.stopped(), ErrTimeout) {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}

package httpcli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// Defaults of a Handler.
const (
	DefaultTimeout     = 30 * time.Second
	DefaultConcurrency = 1000
)

// A Handler is an http.Handler that starts a process for each request. Its fields must not be
// changed once it serves.
type Handler struct {
	Runtime *runner.Runtime
	Module  *runner.Module
	// Config is what each process gets. Its Stdin and Stdout are the Handler's business. Each
	// process is the root of an environment of its own; when it ends, so do its children.
	Config runner.ProcessConfig
	// CGI selects the form of CGI/1.1. Each of its processes has variables of its own, and
	// therefore a new instance.
	CGI bool
	// Timeout is how long a process may live; 0 means DefaultTimeout.
	Timeout time.Duration
	// Concurrency is how many processes there may be at a time; 0 means DefaultConcurrency.
	Concurrency int
	// Log, if not nil, is told why a request was not answered by its program.
	Log func(r *http.Request, status int, err error)

	running   atomic.Int64
	processes sync.WaitGroup
}

// Reasons why a program has not answered.
var (
	ErrTimeout = errors.New("the program took too long")
	ErrBusy    = errors.New("too many processes")
	errGone    = errors.New("the client has gone")
)

// Wait returns when no process runs any more: a process may outlive its response.
func (h *Handler) Wait() { h.processes.Wait() }

func (h *Handler) timeout() time.Duration {
	if h.Timeout > 0 {
		return h.Timeout
	}
	return DefaultTimeout
}

// enter takes one of the places for processes.
func (h *Handler) enter() bool {
	limit := int64(h.Concurrency)
	if limit <= 0 {
		limit = DefaultConcurrency
	}
	if h.running.Add(1) > limit {
		h.running.Add(-1)
		return false
	}
	h.processes.Add(1)
	return true
}

func (h *Handler) leave() {
	h.running.Add(-1)
	h.processes.Done()
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		w.Header().Set("Retry-After", "1")
		h.refuse(w, r, http.StatusServiceUnavailable, ErrBusy)
		return
	}
	e := h.start(w, r)
	defer e.finish()
	resp, err := e.response(h.CGI)
	if err != nil {
		e.stop(err)
		<-e.ended
		e.lastIfUnread()
		h.refuse(w, r, e.status(), e.why(err))
		return
	}
	if err := e.copy(resp); err != nil {
		e.stop(err)
		<-e.ended
		if e.why(err) != errGone {
			h.log(r, resp.StatusCode, e.why(err))
		}
		panic(http.ErrAbortHandler)
	}
}

// refuse answers for the program. It does not return if nobody listens any more.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	if errors.Is(err, errGone) {
		panic(http.ErrAbortHandler)
	}
	h.log(r, status, err)
	http.Error(w, fmt.Sprintf("%d %s", status, http.StatusText(status)), status)
}

func (h *Handler) log(r *http.Request, status int, err error) {
	if h.Log != nil {
		h.Log(r, status, err)
	}
}

// An exchange is a request and the process that answers it.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	ctx     context.Context // the process's
	cancel  context.CancelCauseFunc
	watch   func() bool // stops looking whether the client goes
	in      *input
	out     *pipe
	reader  *bufio.Reader // of out
	head    *limited      // between the two

	mu   sync.Mutex
	over bool // the request is: its connection is not ours any more

	ended chan struct{} // closed when the process has ended, which the rest is for
	exit  runner.Exit
	err   error
}

// answerTime is how long a client may take to take the answer of a request that has failed.
const answerTime = 5 * time.Second

// start starts the process.
func (h *Handler) start(w http.ResponseWriter, r *http.Request) *exchange {
	e := &exchange{w: w, r: r, control: http.NewResponseController(w), out: newPipe(), ended: make(chan struct{})}
	e.control.SetWriteDeadline(time.Time{}) // of the request before
	// A program may answer before it has read all. Where that cannot be, the server reads
	// the rest first.
	e.control.EnableFullDuplex()
	e.in = &input{body: r.Body, control: e.control}
	e.head = &limited{r: e.out, left: maxHead}
	e.reader = readers.Get().(*bufio.Reader)
	e.reader.Reset(e.head)

	// The process's time ends by itself, or when the client goes.
	ctx, stop := context.WithTimeoutCause(context.WithoutCancel(r.Context()), h.timeout(), ErrTimeout)
	e.ctx, e.cancel = context.WithCancelCause(ctx)
	e.watch = context.AfterFunc(r.Context(), func() { e.cancel(errGone) })
	quiet := context.AfterFunc(e.ctx, e.unblock)

	cfg := h.Config
	cfg.Stdout = e.out
	if h.CGI {
		cfg.Stdin = e.in
		cfg.Env = append(cfg.Env[:len(cfg.Env):len(cfg.Env)], cgiVariables(r)...)
	} else {
		cfg.Stdin = e.in.withHead(r)
	}
	go func() {
		defer h.leave()
		defer stop()
		e.exit, e.err = h.Runtime.Run(e.ctx, h.Module, cfg)
		quiet()
		e.out.CloseWrite()
		close(e.ended)
		e.cancel(nil)
	}()
	return e
}

// stop ends the process.
func (e *exchange) stop(err error) {
	e.cancel(err)
	e.unblock()
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

// finish is the end of the request. The process may run on for a while, and is not heard any
// more.
func (e *exchange) finish() {
	e.watch()
	e.mu.Lock()
	e.over = true
	e.mu.Unlock()
	e.in.close()
	e.out.Discard()
	e.reader.Reset(nil)
	readers.Put(e.reader)
}

// why says why there is no response, or half of one, after the process has ended.
func (e *exchange) why(err error) error {
	switch cause := context.Cause(e.ctx); {
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
	if errors.Is(context.Cause(e.ctx), ErrTimeout) {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}

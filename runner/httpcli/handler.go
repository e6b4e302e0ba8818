package httpcli

import (
	"errors"
	"fmt"
	"net/http"
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
	defer e.release()
	resp, err := e.response(h.CGI)
	if err != nil {
		e.stop(err)
		e.await()
		e.lastIfUnread()
		h.refuse(w, r, e.status(), e.why(err))
		return
	}
	if err := e.copy(resp); err != nil {
		e.stop(err)
		e.await()
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

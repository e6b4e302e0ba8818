package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/spf13/pflag"

	"github.com/lunatic-go/lunatic/cmd/internal/cli"
	"github.com/lunatic-go/lunatic/runner/httpcli"
)

// httpOptions are what --http does.
type httpOptions struct {
	addr        string // empty: it does nothing
	cgi         bool
	timeout     time.Duration
	concurrency int
}

func (h *httpOptions) flags() *pflag.FlagSet {
	fs := cli.NewFlags()
	fs.StringVar(&h.addr, "http", "", "ADDR\tanswer requests at ADDR: a process for each")
	cli.More(fs, "http", "The program gets the HTTP/1.1 message on its standard input; what it writes to its standard output is the response. ADDR is HOST:PORT, or :PORT for every address of this machine; port 0 is any that is free: standard error says which. SIGINT and SIGTERM let the requests come to their end.")
	fs.BoolVar(&h.cgi, "cgi", false, "by CGI/1.1: the head in variables, the body on stdin")
	cli.More(fs, "cgi", "The response begins with CGI's headers, Status among them.")
	fs.DurationVar(&h.timeout, "http-timeout", httpcli.DefaultTimeout, "TIME\tof each request (default 30s); then it gets 504")
	fs.IntVar(&h.concurrency, "http-concurrency", httpcli.DefaultConcurrency, "N\trequests at a time (default 1000); more get 503")
	return fs
}

func (h *httpOptions) check() error {
	switch {
	case h.addr == "" && (h.cgi || h.timeout != httpcli.DefaultTimeout || h.concurrency != httpcli.DefaultConcurrency):
		return cli.Usagef("--cgi, --http-timeout and --http-concurrency are for --http")
	case h.timeout <= 0:
		return cli.Usagef("--http-timeout %v: not above 0", h.timeout)
	case h.concurrency <= 0:
		return cli.Usagef("--http-concurrency %d: not above 0", h.concurrency)
	}
	return nil
}

// Limits of the server, beside those of flags.
const (
	httpHeaderTime = 10 * time.Second
	httpIdleTime   = 2 * time.Minute
	httpHeaderSize = 64 << 10
)

// serve answers requests until the context ends, and then lets those come to their end that
// have begun.
func (s *session) serve(ctx context.Context) (code int, err error) {
	mod, _, err := s.load(ctx)
	if err != nil {
		return 0, err
	}
	listener, err := net.Listen("tcp", s.http.addr)
	if err != nil {
		return 0, fmt.Errorf("--http: %w", err)
	}
	s.serveMetrics()
	handler := &httpcli.Handler{
		Runtime: s.rt, Module: mod, Config: s.root(),
		CGI: s.http.cgi, Timeout: s.http.timeout, Concurrency: s.http.concurrency,
		Log: s.logRequest,
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: httpHeaderTime, IdleTimeout: httpIdleTime, MaxHeaderBytes: httpHeaderSize,
		ErrorLog: log.New(io.Discard, "", 0), // of broken connections
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Fprintf(s.stderr, "lunatic-run: http://%s/\n", listener.Addr())
	select {
	case err := <-failed:
		return 0, fmt.Errorf("--http: %w", err)
	case <-ctx.Done():
	}
	var sig interrupted
	if !errors.As(context.Cause(ctx), &sig) {
		server.Close()
		return 0, context.Cause(ctx)
	}
	fmt.Fprintf(s.stderr, "lunatic-run: %v: waiting for the requests that have begun\n", sig.Signal)
	closing, cancel := context.WithTimeout(context.Background(), s.http.timeout)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		server.Close()
	}
	handler.Wait()
	return 0, nil
}

// logRequest tells why a request was not answered by its program, in one line.
func (s *session) logRequest(r *http.Request, status int, err error) {
	cli.Complain(s.stderr, "lunatic-run", fmt.Sprintf("%s %.200s: %d: %v", r.Method, r.URL.Path, status, err))
}

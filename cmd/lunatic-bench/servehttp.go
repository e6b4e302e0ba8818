package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/runner/httpcli"
	"github.com/lunatic-go/lunatic/transform"
)

// serveCommand is how this program starts itself as a server; users have no need of it.
const serveCommand = "serve-http"

// serveHTTP prints its address and answers until the end of in: with the module wasm, or
// the program native, or with a handler.
func serveHTTP(ctx context.Context, args []string, in io.Reader, out io.Writer) (err error) {
	if len(args) != 3 && len(args) != 4 {
		return fmt.Errorf("%s: want a kind, a module, a program, and perhaps a folder for a CPU profile", serveCommand)
	}
	if len(args) == 4 {
		stop, failed := profile(args[3])
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	handler, err := httpHandler(ctx, args[0], args[1], args[2])
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go server.Serve(listener)
	fmt.Fprintln(out, listener.Addr())
	io.Copy(io.Discard, in)
	return server.Close()
}

func httpHandler(ctx context.Context, kind, wasm, native string) (http.Handler, error) {
	switch kind {
	case "go":
		return http.HandlerFunc(goHTTP), nil
	case "fork":
		return &cgi.Handler{Path: native}, nil
	case "raw", "cgi":
		module, err := os.ReadFile(wasm)
		if err != nil {
			return nil, err
		}
		artifact, _, err := transform.Build(ctx, module, transform.Options{})
		if err != nil {
			return nil, err
		}
		rt, err := runner.New(ctx, runner.Config{Namespaces: host.All()})
		if err != nil {
			return nil, err
		}
		mod, err := rt.Load(ctx, artifact)
		if err != nil {
			return nil, err
		}
		return &httpcli.Handler{Runtime: rt, Module: mod, Config: runner.ProcessConfig{Args: []string{"guest"}}, CGI: kind == "cgi", Timeout: time.Hour}, nil
	}
	return nil, fmt.Errorf("no server is called %q", kind)
}

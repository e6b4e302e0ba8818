package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// serveConns is the number of connections of wrk, serveOpen of the requests that are open while
// memory is measured.
const (
	serveConns = 64
	serveOpen  = 500
)

// A webServer is a contender of the command serve, a process of its own.
type webServer struct {
	name, kind string
	cmd        *exec.Cmd
	stdin      io.Closer
	addr       string

	scores []score
	held   float64 // bytes for a request
	server []float64
}

// webServers are the contenders, by their kind in serveHTTP.
var webServers = []webServer{
	{name: "a process per request, raw", kind: "raw"},
	{name: "a process per request, --cgi", kind: "cgi"},
	{name: "fork and exec, CGI", kind: "fork"},
	{name: "Go's net/http, a handler", kind: "go"},
}

// serveBench measures servers that answer with the same program: with a process of this
// runtime for each request, and with one of the system's.
func serveBench(ctx context.Context, c *config) (*report, error) {
	r := &report{
		Title: fmt.Sprintf("HTTP, %d connections kept alive; the program is runner/httpcli/testdata/guest.c", serveConns),
		Columns: []column{
			{Name: "requests/s", Format: "%.0f", Chart: true},
			{Name: "median", Unit: "us", Format: "%.0f"},
			{Name: "99th", Unit: "us", Format: "%.0f"},
			{Name: "CPU/request", Unit: "us", Format: "%.1f"},
			{Name: "memory/request", Unit: "KiB", Format: "%.0f"},
			{Name: "server", Unit: "MiB", Format: "%.0f"},
		},
		Notes: []string{"CPU is the server's and its programs'; memory of a request: what one costs that waits for its body; of the server: after all"},
	}
	if wrk() == "" {
		return nil, errors.New("wrk is not on the PATH")
	}
	dir, err := os.MkdirTemp("", "lunatic-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(c.root, "runner", "httpcli", "testdata", "guest")
	native := filepath.Join(dir, "guest")
	compiled := exec.CommandContext(ctx, "cc", "-O2", "-w", "-o", native, source+".c").Run() == nil
	servers := slices.Clone(webServers)
	if !compiled {
		r.Notes = append(r.Notes, "fork and exec is left out: cc does not compile")
		servers = slices.DeleteFunc(servers, func(s webServer) bool { return s.kind == "fork" })
	}
	for i := range servers {
		s := &servers[i]
		defer s.close()
		if err := s.start(ctx, source+".wasm", native); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for range c.rounds {
		for i := range servers {
			if err := servers[i].measure(ctx, c.short); err != nil {
				return nil, fmt.Errorf("%s: %w", servers[i].name, err)
			}
		}
	}
	for i := range servers {
		r.Rows = append(r.Rows, servers[i].row())
	}
	return r, nil
}

// start starts the server and makes a request, to warm it up.
func (s *webServer) start(ctx context.Context, wasm, native string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.cmd = exec.CommandContext(ctx, self, serveCommand, s.kind, wasm, native)
	s.cmd.Stderr = os.Stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return err
	}
	s.addr = strings.TrimSpace(line)
	for range 100 {
		resp, err := http.Get("http://" + s.addr + "/hello")
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != "hello\n" {
			return fmt.Errorf("/hello: %s %q, %v", resp.Status, body, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	s.held, err = s.holding(ctx)
	return err
}

func (s *webServer) close() {
	if s.cmd != nil && s.cmd.Process != nil {
		s.stdin.Close() // it ends
		s.cmd.Wait()
	}
}

func (s *webServer) measure(ctx context.Context, short bool) error {
	before, err := treeCPU(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	seconds := "-d3s"
	if short {
		seconds = "-d1s"
	}
	out, err := exec.CommandContext(ctx, wrk(), "-t1", fmt.Sprintf("-c%d", serveConns), seconds, "--latency", "http://"+s.addr+"/hello").Output()
	if err != nil {
		return fmt.Errorf("wrk: %w", err)
	}
	score, err := wrkScore(string(out))
	if err != nil {
		return err
	}
	after, err := treeCPU(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	score.cpu = after - before
	s.scores = append(s.scores, score)
	held, err := treeMemory(s.cmd.Process.Pid)
	s.server = append(s.server, float64(held))
	return err
}

// holding returns the bytes of memory of a request that waits for its body.
func (s *webServer) holding(ctx context.Context) (float64, error) {
	idle, err := treeMemory(s.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	conns := make([]net.Conn, serveOpen)
	defer func() {
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
	}()
	for i := range conns {
		if conns[i], err = (&net.Dialer{Timeout: time.Minute}).DialContext(ctx, "tcp", s.addr); err != nil {
			return 0, err
		}
		conns[i].SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprintf(conns[i], "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nx")
	}
	if s.kind == "fork" { // net/http/cgi sends nothing before the end
		err = s.awaitPrograms(ctx, serveOpen)
	} else {
		err = awaitEcho(conns)
	}
	if err != nil {
		return 0, err
	}
	held, err := treeMemory(s.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	for _, c := range conns {
		fmt.Fprint(c, "y")
	}
	for _, c := range conns {
		if _, err2 := io.Copy(io.Discard, c); err == nil {
			err = err2
		}
	}
	return float64(held-idle) / serveOpen, err
}

// awaitEcho waits until each connection has got the head of its response and what the program
// has read so far, which is an x.
func awaitEcho(conns []net.Conn) error {
	for _, c := range conns {
		resp, err := http.ReadResponse(bufio.NewReaderSize(c, 16), nil)
		if err != nil {
			return err
		}
		b := []byte{0}
		if _, err := io.ReadFull(resp.Body, b); err != nil || b[0] != 'x' {
			return fmt.Errorf("the echo is %q, %v", b, err)
		}
	}
	return nil
}

// awaitPrograms waits until n programs run that have come to their body.
func (s *webServer) awaitPrograms(ctx context.Context, n int) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		pids, err := childrenOf(s.cmd.Process.Pid)
		if err != nil || len(pids) >= n {
			return err
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("%d programs run, want %d", len(pids), n)
		}
	}
}

func (s *webServer) row() row {
	var rate, p50, p99, cpu []float64
	for _, k := range s.scores {
		n := float64(k.requests)
		rate = append(rate, n/k.took.Seconds())
		p50 = append(p50, float64(k.p50.Microseconds()))
		p99 = append(p99, float64(k.p99.Microseconds()))
		cpu = append(cpu, float64(k.cpu.Microseconds())/n)
	}
	values := []figure{}
	for _, v := range [][]float64{rate, p50, p99, cpu} {
		values = append(values, figure(middle(v)))
	}
	values = append(values, figure(math.Max(0, s.held)/(1<<10)), figure(middle(s.server)/(1<<20)))
	return row{Name: s.name, Values: values}
}

// middle is the median.
func middle(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

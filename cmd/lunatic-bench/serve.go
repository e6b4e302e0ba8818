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
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// serveConns is the number of connections of wrk, serveOpen of the requests that are open while
// memory is measured, serveIdle of the connections that are idle then: at once, and after
// serveQuiet, when processes of this runtime hibernate.
const (
	serveConns = 64
	serveOpen  = 500
	serveIdle  = 10_000
	serveQuiet = 15 * time.Second
)

// Groups of rows of the command serve.
var (
	groupHTTP = fmt.Sprintf("HTTP, %d connections kept alive", serveConns)
	groupIdle = "TCP connections that are idle"
)

// A webServer is a contender of the command serve, a process of its own.
type webServer struct {
	name string
	kind string // of serveHTTP, "" for a player
	play string // the name of the player's kind
	path string

	pid  int
	addr string
	stop func()

	scores []score
	held   float64 // bytes for a request; NaN if not known
	server []float64
}

// webServers are the contenders. The program of those with a kind is
// runner/httpcli/testdata/guest.c; the first one is testdata/modules/c/http.c.
func webServers() []webServer {
	return []webServer{
		{name: "a process per connection", play: oursName, path: "/text"},
		{name: "a process per request, raw", kind: "raw", path: "/hello"},
		{name: "a process per request, --cgi", kind: "cgi", path: "/hello"},
		{name: "fork and exec, CGI", kind: "fork", path: "/hello"},
		{name: "Erlang, a process per connection", play: erlangName, path: "/text"},
		{name: netHTTPName, kind: "go", path: "/hello"},
	}
}

// netHTTPName is the contender that the others are compared with.
const netHTTPName = "Go's net/http, a handler"

// serveBench measures servers beside each other: with a process of this runtime for each
// connection, or for each request, and with one of the system's; and the memory of connections.
func serveBench(ctx context.Context, c *config) (*report, error) {
	r := &report{
		Title: "Serving",
		Columns: []column{
			{Name: "requests/s", Format: "%.0f", Chart: true},
			{Name: "of net/http's", Unit: "ratio", Format: "%.2f"},
			{Name: "median", Unit: "us", Format: "%.0f"},
			{Name: "99th", Unit: "us", Format: "%.0f"},
			{Name: "CPU/request", Unit: "us", Format: "%.1f"},
			{Name: "memory of one", Unit: "KiB", Format: "%.1f"},
			{Name: "in all", Unit: "MiB", Format: "%.0f"},
		},
		Clock: "wall time",
		Notes: []string{
			"CPU is the server's and its programs'; memory is the resident set and the page tables: of one request that waits for its body, or of one connection; in all: of the whole server, after all",
		},
	}
	if wrk() == "" {
		return nil, errors.New("wrk is not on the PATH")
	}
	if c.workers == 0 {
		c.workers = runtime.GOMAXPROCS(0)
	}
	kinds, notes, done, err := c.playerKinds(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	r.Notes = append(r.Notes, notes...)
	rows, err := c.serveRequests(ctx, r, kinds)
	if err != nil {
		return nil, err
	}
	r.Rows = rows
	if rows, err = c.serveConnections(ctx, kinds); err != nil {
		return nil, err
	}
	r.Rows = append(r.Rows, rows...)
	if len(r.Rows) == 0 {
		return nil, fmt.Errorf("nothing matches -only %s", c.only)
	}
	return r, nil
}

// serveRequests has the rows of the servers under load.
func (c *config) serveRequests(ctx context.Context, r *report, kinds []playerKind) ([]row, error) {
	dir, err := os.MkdirTemp("", "lunatic-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(c.root, "runner", "httpcli", "testdata", "guest")
	native := filepath.Join(dir, "guest")
	compiled := exec.CommandContext(ctx, "cc", "-O2", "-w", "-o", native, source+".c").Run() == nil
	if !compiled {
		r.Notes = append(r.Notes, "fork and exec is left out: cc does not compile")
	}
	servers := slices.DeleteFunc(webServers(), func(s webServer) bool {
		return !c.only.MatchString(s.name) || s.kind == "fork" && !compiled || s.play != "" && playerNamed(kinds, s.play) == nil
	})
	for i := range servers {
		s := &servers[i]
		if s.play != "" {
			err = s.startPlayer(ctx, playerNamed(kinds, s.play))
		} else {
			err = s.start(ctx, source+".wasm", native, c.profiles)
		}
		if s.stop != nil {
			defer s.stop()
		}
		if err == nil {
			err = s.warmUp(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for round := range c.rounds {
		for i := range servers {
			s := &servers[(i+round)%len(servers)]
			fmt.Fprintf(c.log, "\r%-40s", s.name)
			if err := s.measure(ctx, c.short); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	fmt.Fprintf(c.log, "\r%-40s\r", "")
	var rows []row
	var base []score
	for _, s := range servers {
		if s.name == netHTTPName {
			base = s.scores
		}
	}
	for i := range servers {
		rows = append(rows, servers[i].row(base))
	}
	return rows, nil
}

// playerNamed returns the kind of players of a name, nil if there is none.
func playerNamed(kinds []playerKind, name string) *playerKind {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	return nil
}

// start starts a server of this program.
func (s *webServer) start(ctx context.Context, wasm, native, profiles string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, serveCommand, s.kind, wasm, native)
	if profiles != "" {
		cmd.Args = append(cmd.Args, profiles)
	}
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.pid = cmd.Process.Pid
	s.stop = func() {
		stdin.Close() // it ends
		cmd.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	s.addr = strings.TrimSpace(line)
	return err
}

// startPlayer lets a player of lunatic-bench runtime be the server.
func (s *webServer) startPlayer(ctx context.Context, kind *playerKind) error {
	p, err := kind.start(ctx)
	if err != nil {
		return err
	}
	s.pid, s.stop = p.cmd.Process.Pid, p.close
	answer, err := p.ask("http %d 0", serveConns)
	s.addr = net.JoinHostPort("127.0.0.1", strconv.FormatUint(answer.result, 10))
	return err
}

// warmUp makes a few requests, and looks what a request takes that waits.
func (s *webServer) warmUp(ctx context.Context) (err error) {
	want := map[string]string{"/text": helloText, "/hello": "hello\n"}[s.path]
	for range 100 {
		resp, err := http.Get("http://" + s.addr + s.path)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != want {
			return fmt.Errorf("%s: %s %q, %v", s.path, resp.Status, body, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	s.held = math.NaN()
	if s.kind != "" {
		s.held, err = s.holding(ctx)
	}
	return err
}

func (s *webServer) measure(ctx context.Context, short bool) error {
	before, err := treeCPU(s.pid)
	if err != nil {
		return err
	}
	seconds := 3
	if short {
		seconds = 1
	}
	score, err := runWrk(ctx, "http://"+s.addr+s.path, serveConns, seconds)
	if err != nil {
		return err
	}
	after, err := treeCPU(s.pid)
	if err != nil {
		return err
	}
	score.cpu = after - before
	s.scores = append(s.scores, score)
	held, err := treeMemory(s.pid)
	s.server = append(s.server, float64(held))
	return err
}

// holding returns the bytes of memory of a request that waits for its body.
func (s *webServer) holding(ctx context.Context) (float64, error) {
	idle, err := treeMemory(s.pid)
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
	held, err := treeMemory(s.pid)
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
		pids, err := childrenOf(s.pid)
		if err != nil || len(pids) >= n {
			return err
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("%d programs run, want %d", len(pids), n)
		}
	}
}

// row has the medians; that of the ratios is of those within the rounds, in which a server
// has its turn beside each other.
func (s *webServer) row(base []score) row {
	var rate, ratio, p50, p99, cpu []float64
	for i, k := range s.scores {
		rate = append(rate, k.rate())
		if base != nil {
			ratio = append(ratio, k.rate()/base[i].rate())
		}
		p50 = append(p50, micros(k.p50))
		p99 = append(p99, micros(k.p99))
		cpu = append(cpu, micros(k.cpu)/float64(k.requests))
	}
	out := row{Name: s.name, Group: groupHTTP}
	for _, v := range [][]float64{rate, ratio, p50, p99, cpu} {
		out.Values = append(out.Values, figure(median(v)))
	}
	out.Values = append(out.Values, figure(math.Max(0, s.held)/(1<<10)), figure(median(s.server)/(1<<20)))
	return out
}

// rate is requests per second.
func (s score) rate() float64 { return float64(s.requests) / s.took.Seconds() }

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A client makes requests of the server at an address and checks the answers. It calls
// ready when it begins to measure, with its connections open if it can.
type client func(ctx context.Context, addr string, a args, ready func() error) (score, error)

// serve lets the player be a server, and a client measure it.
func (p *player) serve(ctx context.Context, k *contest, a args) (score, error) {
	if _, err := p.served(ctx, k, k.brief, func() error { return nil }); err != nil { // to warm up
		return score{}, err
	}
	before, err := memoryOf(p.cmd.Process.Pid)
	if err != nil && k.memory {
		return score{}, err
	}
	var held int64
	var cpu time.Duration
	s, err := p.served(ctx, k, a, func() (err error) {
		if k.memory {
			if held, err = memoryOf(p.cmd.Process.Pid); err != nil {
				return err
			}
		}
		cpu, err = cpuOf(p.cmd.Process.Pid)
		return err
	})
	if err != nil {
		return s, err
	}
	s.held, s.total = float64(held-before)/float64(a[0]), float64(held)
	s.cpu -= cpu
	return s, nil
}

func (p *player) served(ctx context.Context, k *contest, a args, ready func() error) (score, error) {
	s, err := p.ask("%s %d %d", k.play, a[0], a[1])
	if err != nil {
		return s, err
	}
	s, err = k.client(ctx, net.JoinHostPort("127.0.0.1", strconv.FormatUint(s.result, 10)), a, ready)
	if err == nil {
		s.cpu, err = cpuOf(p.cmd.Process.Pid)
	}
	_, err2 := p.ask("end")
	return s, errors.Join(err, err2)
}

// An echoConn is a connection of echoClient.
type echoConn struct {
	net.Conn
	sent, got [64]byte
	latencies []time.Duration
}

// echoClient opens a[0] connections, and then makes a[1] round trips of 64 bytes on each
// of them, on all at the same time.
func echoClient(ctx context.Context, addr string, a args, ready func() error) (score, error) {
	conns := make([]*echoConn, a[0])
	defer func() {
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
	}()
	// One at a time would be slow, all at once more than a listener's queue holds.
	err := together(conns, 64, func(i int) error {
		conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		conns[i] = &echoConn{Conn: conn}
		copy(conns[i].sent[:], fmt.Sprintf("connection %d of %s", i, conn.LocalAddr()))
		conn.SetDeadline(time.Now().Add(time.Minute))
		return conns[i].roundTrip() // the server has accepted
	})
	if err != nil {
		return score{}, err
	}
	if err := ready(); err != nil {
		return score{}, err
	}
	begin := time.Now()
	err = together(conns, len(conns), func(i int) error {
		for range a[1] {
			sent := time.Now()
			if err := conns[i].roundTrip(); err != nil {
				return err
			}
			conns[i].latencies = append(conns[i].latencies, time.Since(sent))
		}
		return nil
	})
	s := score{took: time.Since(begin), requests: a[0] * a[1]}
	if err != nil {
		return s, err
	}
	var all []time.Duration
	for _, c := range conns {
		all = append(all, c.latencies...)
	}
	if len(all) != s.requests {
		return s, fmt.Errorf("%d round trips, want %d", len(all), s.requests)
	}
	s.spread(all)
	return s, nil
}

func (c *echoConn) roundTrip() error {
	c.sent[63]++
	if _, err := c.Write(c.sent[:]); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, c.got[:]); err != nil {
		return err
	}
	if c.got != c.sent {
		return fmt.Errorf("the echo is %q, want %q", c.got, c.sent)
	}
	return nil
}

// together calls f for each index of xs from n goroutines, and returns an error of each
// of them that had one.
func together[T any](xs []T, n int, f func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for g := range n {
		wg.Go(func() {
			for i := g; i < len(xs) && errs[g] == nil; i += n {
				errs[g] = f(i)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err // one says enough
		}
	}
	return nil
}

// wrk is the path of the load generator for HTTP, "" without.
func wrk() string {
	path, err := exec.LookPath("wrk")
	if err != nil {
		return ""
	}
	return path
}

// httpClient runs wrk over a[0] connections for a[1] milliseconds.
func httpClient(ctx context.Context, addr string, a args, ready func() error) (score, error) {
	url := "http://" + addr + "/text"
	if err := checkHTTP(ctx, url); err != nil {
		return score{}, err
	}
	if err := ready(); err != nil {
		return score{}, err
	}
	return runWrk(ctx, url, a[0], max(1, a[1]/1000))
}

// runWrk lets wrk make requests over a number of connections.
func runWrk(ctx context.Context, url string, conns, seconds int) (score, error) {
	cmd := exec.CommandContext(ctx, wrk(), "-t1", fmt.Sprintf("-c%d", conns), fmt.Sprintf("-d%ds", seconds),
		"--timeout", "60s", // a busy machine is no error
		"--latency", url)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return score{}, fmt.Errorf("wrk: %w: %s", err, stderr.Bytes())
	}
	return wrkScore(string(out))
}

// checkHTTP makes one request and looks at the answer, of which wrk sees the status only.
func checkHTTP(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	t := &http.Transport{DisableKeepAlives: true}
	defer t.CloseIdleConnections()
	resp, err := t.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if err == nil && (resp.StatusCode != http.StatusOK || string(body) != helloText || resp.Header.Get("Date") == "") {
		err = fmt.Errorf("%s: %s %q, want %q and a date", url, resp.Status, body, helloText)
	}
	return err
}

// wrkScore reads what wrk prints.
func wrkScore(out string) (s score, err error) {
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch {
		case len(f) > 3 && f[1] == "requests" && f[2] == "in": // 53821 requests in 2.00s, 7.6MB read
			if s.requests, err = strconv.Atoi(f[0]); err == nil {
				s.took, err = time.ParseDuration(strings.TrimSuffix(f[3], ","))
			}
		case f[0] == "50%":
			s.p50, err = time.ParseDuration(f[1])
		case f[0] == "99%":
			s.p99, err = time.ParseDuration(f[1])
		case f[0] == "Non-2xx", f[0] == "Socket":
			return s, fmt.Errorf("wrk: %s", strings.TrimSpace(line))
		}
		if err != nil {
			return s, fmt.Errorf("wrk: %q: %w", line, err)
		}
	}
	if s.took == 0 || s.requests == 0 {
		return s, fmt.Errorf("wrk counts no requests: %s", out)
	}
	return s, nil
}

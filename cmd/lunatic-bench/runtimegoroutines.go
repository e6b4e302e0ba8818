package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// playGoroutines plays the workloads with a goroutine for a process and a channel for
// its mailbox. The channels have room for one message: who sends goes on, as elsewhere.
func playGoroutines(_ context.Context, name string, a args) (s score, release func() error, err error) {
	begin := time.Now()
	switch name {
	case "pingpong":
		s.result = goPingPong(a[0])
	case "ring":
		s.took, s.result = goRing(a[0], a[1])
	case "spawn":
		s.result = goSpawners(a[0], a[1])
	case "idle":
		s.result, release = goIdle(a[0])
	case "skynet":
		to := make(chan uint64, 1)
		go goSkynet(to, 0, a[0])
		s.result = <-to
	case "fair":
		s = goFair(a[0], a[1])
	case "echo":
		return goListen(func(l net.Listener) {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go goEcho(conn)
			}
		})
	case "http":
		return goListen(func(l net.Listener) { http.Serve(l, http.HandlerFunc(goHTTP)) })
	default:
		return s, nil, fmt.Errorf("no workload %s", name)
	}
	if s.took == 0 {
		s.took = time.Since(begin)
	}
	return s, release, nil
}

func goPong(from <-chan uint64, to chan<- uint64, times int) {
	for range times {
		to <- <-from + 1
	}
}

func goPingPong(times int) uint64 {
	to, from := make(chan uint64, 1), make(chan uint64, 1)
	go goPong(to, from, times)
	v := uint64(0)
	for range times {
		to <- v
		v = <-from
	}
	return v
}

// goRing leaves the starting of the goroutines out of the time.
func goRing(nodes, rounds int) (time.Duration, uint64) {
	last := make(chan uint64, 1)
	next := last
	for range nodes - 1 {
		from := make(chan uint64, 1)
		go goPong(from, next, rounds)
		next = from
	}
	begin := time.Now()
	v := uint64(0)
	for range rounds {
		next <- v + 1
		v = <-last
	}
	return time.Since(begin), v
}

func goSpawn(times int) uint64 {
	sum := uint64(0)
	from := make(chan uint64, 1)
	for i := range times {
		go func() { from <- uint64(i) + 1 }()
		sum += <-from
	}
	return sum
}

func goSpawners(times, spawners int) uint64 {
	if spawners == 1 {
		return goSpawn(times)
	}
	sums := make(chan uint64, 1)
	for range spawners {
		go func() { sums <- goSpawn(times) }()
	}
	sum := uint64(0)
	for range spawners {
		sum += <-sums
	}
	return sum
}

// goIdle gives each goroutine a channel of its own, as each process has a mailbox.
func goIdle(n int) (uint64, func() error) {
	ready, gone := make(chan uint64, 1), make(chan struct{}, 1)
	boxes := make([]chan uint64, n)
	for i := range boxes {
		box := make(chan uint64, 1)
		boxes[i] = box
		go func() {
			ready <- uint64(i)
			<-box
			gone <- struct{}{}
		}()
	}
	sum := uint64(0)
	for range n {
		sum += <-ready
	}
	return sum, func() error {
		for _, box := range boxes {
			close(box)
		}
		for range boxes {
			<-gone
		}
		return nil
	}
}

func goSkynet(to chan<- uint64, first, size int) {
	if size == 1 {
		to <- uint64(first)
		return
	}
	from := make(chan uint64, 1)
	for i := range 10 {
		go goSkynet(from, first+i*size/10, size/10)
	}
	sum := uint64(0)
	for range 10 {
		sum += <-from
	}
	to <- sum
}

func goFair(times, spinners int) score {
	var stop atomic.Bool
	defer stop.Store(true)
	back := make(chan uint64, 1)
	boxes := make([]chan uint64, 1000)
	for i := range boxes {
		box := make(chan uint64, 1)
		boxes[i] = box
		defer close(box)
		go func() {
			for v := range box {
				back <- v + 1
			}
		}()
	}
	for range spinners {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	var s score
	latencies := make([]time.Duration, 0, times)
	begin := time.Now()
	for i := range times {
		sent := time.Now()
		boxes[i%len(boxes)] <- uint64(i)
		s.result += <-back
		latencies = append(latencies, time.Since(sent))
	}
	s.took = time.Since(begin)
	s.spread(latencies)
	return s
}

// goListen answers with the port of a server.
func goListen(serve func(net.Listener)) (score, func() error, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return score{}, nil, err
	}
	go serve(l)
	return score{result: uint64(l.Addr().(*net.TCPAddr).Port)}, l.Close, nil
}

func goEcho(conn net.Conn) {
	defer conn.Close()
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return
		}
		if _, err := conn.Write(b[:n]); err != nil {
			return
		}
	}
}

// helloText is what all HTTP servers answer.
const helloText = "Hello, World!\n"

// goHTTP does what the guests do for a few paths: testdata/modules/c/http.c, and guest.c of
// runner/httpcli.
func goHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	switch r.URL.Path {
	case "/text":
		io.WriteString(w, helloText)
	case "/hello":
		io.WriteString(w, "hello\n")
	case "/echo":
		control := http.NewResponseController(w)
		control.EnableFullDuplex()
		b := make([]byte, 32<<10)
		for {
			n, err := r.Body.Read(b)
			w.Write(b[:n])
			control.Flush()
			if err != nil {
				return
			}
		}
	default:
		http.NotFound(w, r)
	}
}

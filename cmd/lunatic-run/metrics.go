package main

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
)

// metricsServer is what --metrics asks for: GET /metrics answers with what guests count
// (guest_*), what the runtime counts (lunatic_*), and what Go and the system know of this
// program.
type metricsServer struct {
	registry *prometheus.Registry
	guests   *host.GuestMetrics
	listener net.Listener
	server   http.Server
}

// listenMetrics opens the address, so that a wrong one is told before anything runs.
func listenMetrics(addr string) (*metricsServer, error) {
	s := &metricsServer{registry: prometheus.NewRegistry()}
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var err error
	if s.guests, err = host.NewGuestMetrics(s.registry); err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", addr); err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	}))
	s.server = http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute}
	return s, nil
}

// serve answers until close.
func (s *metricsServer) serve(rt *runner.Runtime) {
	s.registry.MustRegister(host.NewCollector(rt))
	go s.server.Serve(s.listener)
}

func (s *metricsServer) url() string { return fmt.Sprintf("http://%s/metrics", s.listener.Addr()) }

func (s *metricsServer) close() {
	s.server.Close()
	s.listener.Close() // if serve was never called
}

package host

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/prometheus/client_golang/prometheus"
)

// measures are the functions, with a value each.
var measures = []struct {
	f    func(*runner.Process, []uint64)
	name string
	bits uint64
}{
	{counter, "requests", 40}, {incrementCounter, "requests", 0}, {counter, "requests", 1}, {gauge, "load", math.Float64bits(2.5)},
	{incrementGauge, "load", math.Float64bits(1)}, {decrementGauge, "load", math.Float64bits(3)}, {histogram, "time", math.Float64bits(0.3)},
}

func measureAll(p *runner.Process) {
	for _, m := range measures {
		ptr, n := text(p, 100, m.name)
		call(m.f, p, ptr, n, m.bits)
	}
}

func TestMetrics(t *testing.T) {
	many(t, runner.Config{}, measureAll) // they go nowhere
	reg := prometheus.NewPedanticRegistry()
	g, err := NewGuestMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	many(t, runner.Config{Metrics: g}, measureAll)
	values := gather(t, reg)
	for name, v := range map[string]float64{
		"guest_requests_total": 42, "guest_load": 0.5, "guest_time_count": 1, "guest_time_sum": 0.3, "lunatic_guest_metrics_dropped_total": 0,
	} {
		want(t, name, values[name], v)
	}
}

// gather returns the values of all metrics without labels, and checks that they are
// consistent.
func gather(t *testing.T, reg prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Error(err)
	}
	values := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.Metric {
			values[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			if h := m.GetHistogram(); h != nil {
				values[f.GetName()+"_count"] = float64(h.GetSampleCount())
				values[f.GetName()+"_sum"] = h.GetSampleSum()
			}
		}
	}
	return values
}

func TestMetricsMisuse(t *testing.T) {
	for _, m := range measures {
		misused(t, in(t, func(p *runner.Process) { call(m.f, p, 65530, 7, 0) }), "name_str: 7 bytes")
		misused(t, in(t, func(p *runner.Process) {
			ptr, n := text(p, 0, "a\x80")
			call(m.f, p, ptr, n, 0)
		}), "name_str: invalid UTF-8")
	}
}

// Names are made into those that Prometheus has; there are not too many of them, and one
// is not of two kinds.
func TestGuestMetricNames(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	g, err := NewGuestMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	for in, out := range map[string]string{"a": "guest_a", "9 lives": "guest_9_lives", "größe": "guest_gr__e", "a.b/c-d": "guest_a_b_c_d", `x{y="z"}`: "guest_x_y__z__"} {
		want(t, in, metricName(in), out)
	}
	g.Count("a.b", 1)
	g.Count("a b", 2)
	want(t, "names that differ in other characters", gather(t, reg)["guest_a_b_total"], 3)
	dropped := 0.0
	drops := func(what string, f func()) {
		t.Helper()
		f()
		dropped++
		want(t, what, gather(t, reg)["lunatic_guest_metrics_dropped_total"], dropped)
	}
	g.SetGauge("g", 1)
	drops("a histogram of a gauge's name", func() { g.Observe("g", 1) })
	g.Observe("h", 1)
	drops("a gauge of a histogram's name", func() { g.AddGauge("h", 1) })
	g.Count("c", 1)
	drops("a gauge of a counter's name", func() { g.SetGauge("c_total", 1) })
	g.SetGauge("d_total", 1)
	drops("a counter of a gauge's name", func() { g.Count("d", 1) })
	drops("no name", func() { g.Count("", 1) })
	drops("a long name", func() { g.Count(strings.Repeat("n", 201), 1) })
	g.Count(strings.Repeat("n", 200), 1)
	for i := len(g.metrics); i < 1000; i++ {
		g.Count(fmt.Sprint("many", i), 1)
	}
	want(t, "still none", gather(t, reg)["lunatic_guest_metrics_dropped_total"], dropped)
	drops("too many", func() { g.Count("another", 1) })
	g.Count("a.b", 1)
	want(t, "one that is there", gather(t, reg)["guest_a_b_total"], 4)
}

func TestGuestMetricsConcurrently(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	g, err := NewGuestMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				g.Count(fmt.Sprint(i%50), 1)
				g.Observe(fmt.Sprint("h", i%50), 1)
			}
		})
	}
	wg.Wait()
	values := gather(t, reg)
	for i := range 50 {
		want(t, "count", values[fmt.Sprintf("guest_%d_total", i)], 80)
	}
}

// What the runtime counts is consistent, and can be gathered while processes run.
func TestCollector(t *testing.T) {
	var body string
	all := exits(t, runner.Config{HibernateAfter: -1}, func(p *runner.Process) {
		reg := prometheus.NewPedanticRegistry()
		reg.MustRegister(NewCollector(p.Runtime()))
		call(monitor, p, 2)
		call(monitor, p, 3)
		call(kill, p, 3)
		for range 2 {
			want(t, "receive", call(receive, p, 0, 0, 1<<64-1), 2)
		}
		for range 5 { // to one that waits for something else
			call(createData, p, 1, 0)
			call(send, p, 4)
		}
		putName(p, "someone", 0, p.ID())
		later(p, p.ID(), 1, 3600_000)
		for p.Runtime().Census().Processes != 2 || p.Runtime().Stats().Ended != 2 {
			call(sleep, p, 1) // the end is told before it is over
		}
		families, err := reg.Gather()
		if err != nil {
			t.Error(err)
		}
		for _, f := range families {
			for _, m := range f.Metric {
				body += f.GetName()
				for _, l := range m.Label {
					body += "/" + l.GetValue()
				}
				body += fmt.Sprintf(" %v\n", m.GetGauge().GetValue()+m.GetCounter().GetValue())
			}
		}
		call(kill, p, 4)
	}, func(p *runner.Process) {}, func(p *runner.Process) {
		call(sleep, p, 1<<64-1)
	}, func(p *runner.Process) {
		p.PutU64("", 0, 99)
		call(receive, p, 0, 1, 1<<64-1)
	})
	ends(t, all[0])
	for _, line := range []string{
		"lunatic_processes 2", "lunatic_mailbox_longest 5", "lunatic_names 1", "lunatic_timers 1", "lunatic_environments 1",
		"lunatic_processes_ended_total/killed 1", "lunatic_processes_ended_total/normal 1", "lunatic_processes_ended_total/failed 0",
		"lunatic_memories 2", "lunatic_memory_bytes 131072",
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("%s is missing in\n%s", line, body)
		}
	}
}

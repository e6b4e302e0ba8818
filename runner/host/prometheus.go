package host

import (
	"strings"
	"sync"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/prometheus/client_golang/prometheus"
)

// Limits of what guests can make of a Prometheus registry.
const (
	maxMetrics    = 1000 // different metrics
	maxMetricName = 200  // bytes of a guest's name
)

// GuestMetrics keeps what guests count for Prometheus. A guest's name becomes that of the
// metric with guest_ before it and _ for every character but A to Z, a to z, 0 to 9 and _;
// counters end in _total. So names that differ in such characters only are one metric.
//
// What does not fit is counted in lunatic_guest_metrics_dropped_total and otherwise ignored: a
// name that is empty or longer than 200 bytes, the 1,001st metric, and a name that is used as
// another kind of metric already.
type GuestMetrics struct {
	registry prometheus.Registerer
	dropped  prometheus.Counter

	mu      sync.RWMutex
	metrics map[string]prometheus.Collector // by the name in Prometheus
}

// NewGuestMetrics returns a runner.Metrics that registers what guests count.
func NewGuestMetrics(r prometheus.Registerer) (*GuestMetrics, error) {
	g := &GuestMetrics{registry: r, metrics: make(map[string]prometheus.Collector), dropped: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "lunatic_guest_metrics_dropped_total", Help: "Counts of guests that were ignored: too many metrics, or a name that cannot be used.",
	})}
	return g, r.Register(g.dropped)
}

// Count adds to a counter.
func (g *GuestMetrics) Count(name string, add uint64) {
	if c, ok := metric(g, name, "_total", newGuestCounter); ok {
		c.Add(float64(add))
	}
}

// SetGauge sets a gauge.
func (g *GuestMetrics) SetGauge(name string, value float64) {
	if x, ok := metric(g, name, "", newGuestGauge); ok {
		x.Set(value)
	}
}

// AddGauge adds to a gauge.
func (g *GuestMetrics) AddGauge(name string, add float64) {
	if x, ok := metric(g, name, "", newGuestGauge); ok {
		x.Add(add)
	}
}

// Observe adds a sample to a histogram, whose buckets are the powers of four from 4^-7
// (61e-6, which is 61 us if the unit is the second) to 4^8 (65,536).
func (g *GuestMetrics) Observe(name string, value float64) {
	if h, ok := metric(g, name, "", newGuestHistogram); ok {
		h.Observe(value)
	}
}

const guestHelp = "Counted by a guest."

// Types of their own: for Go, a prometheus.Gauge is a prometheus.Counter as well.
type (
	guestCounter   struct{ prometheus.Counter }
	guestGauge     struct{ prometheus.Gauge }
	guestHistogram struct{ prometheus.Histogram }
)

func newGuestCounter(name string) guestCounter {
	return guestCounter{prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: guestHelp})}
}

func newGuestGauge(name string) guestGauge {
	return guestGauge{prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: guestHelp})}
}

func newGuestHistogram(name string) guestHistogram {
	return guestHistogram{prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: guestHelp, Buckets: guestBuckets})}
}

var guestBuckets = prometheus.ExponentialBuckets(1.0/(1<<14), 4, 16)

// metric returns the metric of a guest's name, which is made if there is none yet.
func metric[M prometheus.Collector](g *GuestMetrics, guest, suffix string, make func(name string) M) (m M, ok bool) {
	if guest == "" || len(guest) > maxMetricName {
		g.dropped.Inc()
		return m, false
	}
	name := metricName(guest) + suffix
	g.mu.RLock()
	c := g.metrics[name]
	full := len(g.metrics) >= maxMetrics
	g.mu.RUnlock()
	if c == nil && !full {
		c = g.add(name, make(name))
	}
	if m, ok = c.(M); !ok {
		g.dropped.Inc()
	}
	return m, ok
}

// add registers a metric and returns the one of that name, which may be an older one.
func (g *GuestMetrics) add(name string, c prometheus.Collector) prometheus.Collector {
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := g.metrics[name]; old != nil || len(g.metrics) >= maxMetrics {
		return old
	}
	if g.registry.Register(c) != nil {
		return nil // the program has one of that name
	}
	g.metrics[name] = c
	return c
}

// metricName is the name in Prometheus of what a guest calls name.
func metricName(guest string) string {
	return "guest_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, guest)
}

// NewCollector returns what a runtime counts itself, for Prometheus: lunatic_* metrics.
func NewCollector(rt *runner.Runtime) prometheus.Collector { return collector{rt} }

type collector struct{ rt *runner.Runtime }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("lunatic_"+name, help, labels, nil)
}

var (
	descEnvironments = desc("environments", "Environments that are not closed.")
	descProcesses    = desc("processes", "Processes alive.")
	descHibernating  = desc("processes_hibernating", "Of these, those that have given up their instance while they wait.")
	descHibernations = desc("hibernations_total", "Processes that gave up their instance while they waited.")
	descWakes        = desc("wakes_total", "Processes that got an instance again.")
	descSpawned      = desc("processes_spawned_total", "Processes spawned by processes.")
	descEnded        = desc("processes_ended_total", "Processes ended.", "reason")
	descSuspended    = desc("suspensions_total", "Processes taken off their workers while they wait: unwound, or parked for a reason.", "how")
	descReductions   = desc("reductions_total", "Reductions of the processes that have ended.")
	descPreemptions  = desc("preemptions_total", "Slices used up while another process waited.")
	descMailbox      = desc("mailbox_longest", "Messages in the longest mailbox.")
	descTimers       = desc("timers", "Messages that wait for their time.")
	descNames        = desc("names", "Registered names.")
	descMemories     = desc("memories", "Linear memories in use.")
	descMemoryBytes  = desc("memory_bytes", "Sizes of the linear memories in use.")
	descFreeSlots    = desc("memory_slots_free", "Memory slots to be used again.")
	descWarmBytes    = desc("memory_slots_free_bytes", "Bytes of pages that free memory slots hold.")
)

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descEnvironments, descProcesses, descHibernating, descHibernations, descWakes, descSpawned, descEnded, descSuspended, descReductions, descPreemptions,
		descMailbox, descTimers, descNames, descMemories, descMemoryBytes, descFreeSlots, descWarmBytes,
	} {
		ch <- d
	}
}

func (c collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	now, st, mem := c.rt.Census(), c.rt.Stats(), c.rt.MemoryStats()
	gauge(descEnvironments, float64(now.Environments))
	gauge(descProcesses, float64(now.Processes))
	gauge(descHibernating, float64(now.Hibernating))
	count(descHibernations, st.Hibernations)
	count(descWakes, st.Wakes)
	gauge(descMailbox, float64(now.Mailbox))
	gauge(descTimers, float64(now.Timers))
	gauge(descNames, float64(now.Names))
	count(descSpawned, st.Spawned)
	count(descEnded, st.Ended-st.Failed-st.Killed, runner.ExitNormal.String())
	count(descEnded, st.Failed, runner.ExitFailed.String())
	count(descEnded, st.Killed, runner.ExitKilled.String())
	count(descSuspended, st.Unwound, "unwound")
	for why, n := range st.ParkedWhy {
		count(descSuspended, n, "parked: "+why)
	}
	count(descReductions, st.Reductions)
	count(descPreemptions, st.Preemptions)
	gauge(descMemories, float64(mem.Memories))
	gauge(descMemoryBytes, float64(mem.Bytes))
	gauge(descFreeSlots, float64(mem.FreeSlots))
	gauge(descWarmBytes, float64(mem.Warm))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A contest is a workload of lunatic-bench runtime: what to ask of the players, and
// what of their answers goes into the table.
type contest struct {
	name        string // as on the command line; several lines of the table may share it
	play        string // what players call it
	guest       string // what our player calls it, if not the same
	full, brief args
	want        func(a args, workers int) uint64 // the result
	lines       []contestLine
	client      client // nil unless the players are servers
	memory      bool   // players of its own for every round; their memory is measured
	notGo       bool   // goroutines have nothing like it, or it is not about them
}

type args [2]int

// A contestLine is one line of the table. In its name %s stands for the first argument.
type contestLine struct {
	group, name string
	value       func(a args, s score) float64
}

// A score is what a player answers, and the memory it took.
type score struct {
	took           time.Duration
	result         uint64
	p50, p99, most time.Duration
	cpu            time.Duration // of all threads, with what comes before and after
	requests       int
	held           float64 // bytes per process or connection, as they are
	total          float64 // bytes of the whole player with all connections
	collected      float64 // bytes per process after a garbage collection
}

// Groups of lines, which say the unit.
const (
	groupOperation = "ns per operation"
	groupMemory    = "KiB per process, resident set and page tables"
	groupComputing = "ms, computing in one process"
	groupLatency   = "us until the answer"
	groupServing   = "us per request, all connections together"
	groupCPU       = "us of the server's CPU time per request"
)

// each is the time for one of n operations.
func each(n func(args) int) func(args, score) float64 {
	return func(a args, s score) float64 { return float64(s.took.Nanoseconds()) / float64(n(a)) }
}

func perRequest(_ args, s score) float64 { return micros(s.took) / float64(s.requests) }

func cpuPerRequest(_ args, s score) float64 { return micros(s.cpu) / float64(s.requests) }

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// upTo is the sum of 0 to n-1.
func upTo(n int) uint64 { return uint64(n) * uint64(n-1) / 2 }

// perWorker as the second argument stands for a multiple of the number of workers.
const perWorker = math.MinInt32

func contests() []contest {
	first := func(a args) int { return a[0] }
	product := func(a args) int { return a[0] * a[1] }
	operation := func(name string, n func(args) int) []contestLine {
		return []contestLine{{groupOperation, name, each(n)}}
	}
	sumOf := func(a args, _ int) uint64 { return upTo(a[0]) }
	return append([]contest{
		{
			name: "pingpong", play: "pingpong", full: args{200_000, 0}, brief: args{5_000, 0},
			want:  func(a args, _ int) uint64 { return uint64(a[0]) },
			lines: operation("message, two processes", func(a args) int { return 2 * a[0] }),
		}, {
			name: "pingpong", play: "pingpong", guest: "pingpong-data", full: args{200_000, 0}, brief: args{5_000, 0},
			want:  func(a args, _ int) uint64 { return uint64(a[0]) },
			lines: operation("with send_data, receive_data", func(a args) int { return 2 * a[0] }),
		}, {
			name: "ring", play: "ring", full: args{1000, 1000}, brief: args{100, 50},
			want:  func(a args, _ int) uint64 { return uint64(a[0]) * uint64(a[1]) },
			lines: operation("hop, ring of %s", product),
		}, {
			name: "ring", play: "ring", guest: "ring-data", full: args{1000, 1000}, brief: args{100, 50},
			want:  func(a args, _ int) uint64 { return uint64(a[0]) * uint64(a[1]) },
			lines: operation("with send_data, receive_data", product),
		}, {
			name: "spawn", play: "spawn", full: args{100_000, 1}, brief: args{2_000, 1},
			want:  func(a args, _ int) uint64 { return upTo(a[0] + 1) },
			lines: operation("spawn and hear back", first),
		}, {
			name: "spawn", play: "spawn", guest: "spawn-data", full: args{100_000, 1}, brief: args{2_000, 1},
			want:  func(a args, _ int) uint64 { return upTo(a[0] + 1) },
			lines: operation("with send_data, receive_data", first),
		}, {
			name: "spawn", play: "spawn", full: args{100_000, perWorker + 1}, brief: args{2_000, perWorker + 1},
			want:  func(a args, _ int) uint64 { return uint64(a[1]) * upTo(a[0]+1) },
			lines: operation("a spawner per worker", product),
		}, {
			name: "idle", play: "idle", full: args{100_000, 0}, brief: args{2_000, 0}, memory: true,
			want: sumOf,
			lines: []contestLine{
				{groupOperation, "spawn of %s", each(first)},
				{groupMemory, "%s idle", func(_ args, s score) float64 { return s.held / 1024 }},
				{groupMemory, "%s idle, garbage collected", func(_ args, s score) float64 { return s.collected / 1024 }},
			},
		}, {
			name: "hibernate", play: "hibernate", full: args{100_000, 0}, brief: args{2_000, 0}, memory: true, notGo: true,
			want: sumOf,
			lines: []contestLine{
				{groupMemory, "%s hibernating", func(_ args, s score) float64 { return s.held / 1024 }},
				{groupMemory, "hibernating, garbage collected", func(_ args, s score) float64 { return s.collected / 1024 }},
			},
		}, {
			name: "skynet", play: "skynet", full: args{1_000_000, 0}, brief: args{1_000, 0}, want: sumOf,
			lines: operation("skynet, %s leaves", func(a args) int { return treeSize(a[0]) }),
		}, {
			name: "selective", play: "selective", full: args{1_000, 10_000}, brief: args{1_000, 100}, notGo: true,
			want:  func(a args, _ int) uint64 { return upTo(a[1]) },
			lines: operation("receive one, %s others queued", func(a args) int { return a[1] }),
		}, {
			name: "selective", play: "selective", full: args{100_000, 1_000}, brief: args{10_000, 10}, notGo: true,
			want:  func(a args, _ int) uint64 { return upTo(a[1]) },
			lines: operation("receive one, %s others queued", func(a args) int { return a[1] }),
		}, {
			name: "selective", play: "drain", full: args{100_000, 0}, brief: args{10_000, 0}, notGo: true, want: sumOf,
			lines: operation("receive each of %s queued", first),
		}, {
			name: "fair", play: "fair", full: args{3_000, perWorker + 2}, brief: args{100, perWorker + 2},
			want: func(a args, _ int) uint64 { return upTo(a[0] + 1) },
			lines: []contestLine{
				{groupLatency, "two spinning per worker, median", func(_ args, s score) float64 { return micros(s.p50) }},
				{groupLatency, "two spinning per worker, 99th percentile", func(_ args, s score) float64 { return micros(s.p99) }},
				{groupLatency, "two spinning per worker, longest", func(_ args, s score) float64 { return micros(s.most) }},
			},
		}, {
			// 5,000 connections, with a request under way on each.
			name: "echo", play: "echo", full: args{5_000, 20}, brief: args{100, 5}, memory: true, client: echoClient,
			lines: []contestLine{
				{groupServing, "TCP echo, %s connections", perRequest},
				{groupCPU, "TCP echo", cpuPerRequest},
				{groupLatency, "TCP echo, median", func(_ args, s score) float64 { return micros(s.p50) }},
				{groupLatency, "TCP echo, 99th percentile", func(_ args, s score) float64 { return micros(s.p99) }},
				{groupMemory, "TCP connection", func(_ args, s score) float64 { return s.held / 1024 }},
			},
		}, {
			// Connections, and milliseconds.
			name: "http", play: "http", full: args{64, 2_000}, brief: args{16, 1_000}, client: httpClient,
			lines: []contestLine{
				{groupServing, "HTTP, %s connections", perRequest},
				{groupCPU, "HTTP", cpuPerRequest},
				{groupLatency, "HTTP, median", func(_ args, s score) float64 { return micros(s.p50) }},
				{groupLatency, "HTTP, 99th percentile", func(_ args, s score) float64 { return micros(s.p99) }},
			},
		},
	}, computing()...)
}

// treeSize is the number of processes in a tree of ten children each.
func treeSize(leaves int) int {
	n := 0
	for ; leaves > 0; leaves /= 10 {
		n += leaves
	}
	return n
}

// sized returns the arguments of a run.
func (k *contest) sized(short bool, workers int) args {
	a := k.full
	if short {
		a = k.brief
	}
	if a[1] < 0 {
		a[1] = (a[1] - perWorker) * workers
	}
	return a
}

func contestNames() []string {
	var names []string
	for _, k := range contests() {
		if !slices.Contains(names, k.name) {
			names = append(names, k.name)
		}
	}
	return names
}

// runtimeBench measures processes and messages of the runner beside Erlang and goroutines.
// Each player is a process of the operating system for itself, so that nobody pays for
// another's garbage; the clock runs inside them.
func runtimeBench(ctx context.Context, c *config) (*report, error) {
	for _, name := range c.files {
		if !slices.Contains(contestNames(), name) {
			return nil, fmt.Errorf("no workload %q: there are %s", name, strings.Join(contestNames(), ", "))
		}
	}
	if c.workers == 0 {
		c.workers = runtime.GOMAXPROCS(0)
	}
	kinds, notes, done, err := c.playerKinds(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	r := &report{Title: fmt.Sprintf("Processes and messages, %d workers", c.workers), Clock: "wall time", Notes: notes}
	for _, k := range kinds {
		r.Columns = append(r.Columns, column{Name: k.name, Format: "%.2f"})
	}
	for _, k := range kinds[1:] {
		r.Columns = append(r.Columns, column{Name: "of " + k.name + "'s", Unit: "ratio", Format: "%.2f", Chart: true, Ratio: true})
	}
	r.Columns = append(r.Columns, column{Name: "CPU", Unit: "lunatic", Format: "%.2f"})
	for _, k := range contests() {
		if len(c.files) > 0 && !slices.Contains(c.files, k.name) || !c.only.MatchString(k.name) {
			continue
		}
		if k.play == "http" && wrk() == "" {
			r.Notes = append(r.Notes, "http is left out: wrk is not on the PATH")
			continue
		}
		rows, err := c.compete(ctx, &k, kinds)
		r.failure = errors.Join(r.failure, err)
		r.Rows = append(r.Rows, rows...)
	}
	fmt.Fprintf(c.log, "\r%-40s\r", "")
	if len(r.Rows) == 0 && r.failure == nil {
		return nil, fmt.Errorf("nothing matches -only %s", c.only)
	}
	slices.SortStableFunc(r.Rows, func(a, b row) int { return groupRank(a.Group) - groupRank(b.Group) })
	if len(c.files) == 0 || slices.Contains(c.files, "http") || slices.Contains(c.files, "echo") {
		r.Notes = append(r.Notes, "the clients have the same CPUs; of Erlang's CPU time a part is spent waiting (+sbwt)")
	}
	return r, nil
}

func groupRank(group string) int {
	return slices.Index([]string{groupOperation, groupComputing, groupServing, groupCPU, groupLatency, groupMemory}, group)
}

// compete lets all players do the same, in turn, round after round. A player that fails
// has no figures; the others go on.
func (c *config) compete(ctx context.Context, k *contest, kinds []playerKind) ([]row, error) {
	a := k.sized(c.short, c.workers)
	fmt.Fprintf(c.log, "\r%-40s", strings.Replace(k.lines[0].name, "%s", thousands(a[0]), 1))
	scores := make([][]score, len(kinds)) // by player and round
	out := make([]bool, len(kinds))
	players := make([]*player, len(kinds))
	defer func() {
		for _, p := range players {
			p.close()
		}
	}()
	var failures error
	for round := -1; round < c.rounds; round++ { // the first one is to warm up
		for i := range kinds {
			i := (i + max(round, 0)) % len(kinds)
			if out[i] || k.notGo && kinds[i].name == goroutinesName || k.memory && round < 0 {
				continue
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			size := a
			if round < 0 {
				size = k.sized(true, c.workers)
			}
			s, err := c.turn(ctx, k, &kinds[i], &players[i], size)
			if err != nil {
				failures = errors.Join(failures, fmt.Errorf("%s of %s: %w", k.play, kinds[i].name, err))
				out[i] = true
				scores[i] = nil
				continue
			}
			if round >= 0 {
				scores[i] = append(scores[i], s)
			}
		}
	}
	var rows []row
	for _, l := range k.lines {
		rows = append(rows, l.row(a, kinds, scores))
	}
	return rows, failures
}

// row has the medians, and the medians of the ratios within the rounds.
func (l *contestLine) row(a args, kinds []playerKind, scores [][]score) row {
	out := row{Name: strings.Replace(l.name, "%s", thousands(a[0]), 1), Group: l.group}
	values := make([][]float64, len(kinds))
	for i := range kinds {
		for _, s := range scores[i] {
			v := l.value(a, s)
			if v <= 0 { // below the grain of what the system tells, in a short run
				v = math.NaN()
			}
			values[i] = append(values[i], v)
		}
		out.Values = append(out.Values, figure(median(slices.Clone(values[i]))))
	}
	for i := 1; i < len(kinds); i++ {
		var rs []float64
		for round := range min(len(values[0]), len(values[i])) {
			rs = append(rs, values[0][round]/values[i][round])
		}
		out.Values = append(out.Values, figure(median(rs)))
	}
	out.Values = append(out.Values, l.cpu(a, scores[0]))
	return out
}

// cpu is our CPU time per operation: on a busy machine it stays what it is. It has what
// comes before and after the clock runs, and the garbage collector.
func (l *contestLine) cpu(a args, scores []score) figure {
	if l.group != groupOperation {
		return missing
	}
	var xs []float64
	for _, s := range scores {
		if s.took = s.cpu; s.took > 0 { // not less than the clock's grain
			xs = append(xs, l.value(a, s))
		}
	}
	return figure(median(xs))
}

// turn is one run of a workload by one player, which is started if it is not there.
func (c *config) turn(ctx context.Context, k *contest, kind *playerKind, p **player, a args) (score, error) {
	if *p == nil {
		var err error
		if *p, err = kind.start(ctx); err != nil {
			return score{}, err
		}
	}
	if k.memory {
		defer func() { (*p).close(); *p = nil }()
	}
	switch {
	case k.client != nil:
		return (*p).serve(ctx, k, a)
	case k.memory:
		return (*p).weigh(k, a, c.workers)
	default:
		return (*p).play(k, a, c.workers)
	}
}

// thousands prints a number as 1,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

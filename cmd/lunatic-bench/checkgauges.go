package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// checkVariants are held to their references: the modes that README has figures of.
var checkVariants = []string{"park", "all", "unwind"}

// exact is a finding that the load of the machine does not change.
func exact(name string, value, margin, slack float64) finding {
	return finding{name: name, value: value, low: value, margin: margin, slack: slack}
}

// checkSizes are bytes of Wasm and of machine code, the same in every run.
func checkSizes(ctx context.Context, c *config) ([]finding, error) {
	mods, err := c.modules()
	if err != nil {
		return nil, err
	}
	mods = slices.DeleteFunc(mods, func(m module) bool { return m.group == "modules" })
	r, err := c.sizes(ctx, mods, checkVariants)
	if err != nil || r.failure != nil {
		return nil, errors.Join(err, r.failure)
	}
	var fs []finding
	for _, row := range append(r.Summary, r.Rows...) {
		name := row.Name
		switch {
		case row.Group == "kernels" && row.Name == "total":
			name = "kernels"
		case row.Group == "kernels" || row.Name == "total" || row.Name == "geomean" || row.Name == "worst":
			continue
		}
		for i, col := range r.Columns {
			if col.Ratio {
				v := float64(row.Values[i])
				fs = append(fs, exact(fmt.Sprintf("%s, %s: %s", name, col.Name, col.Unit), v, 0.02, 0))
			}
		}
	}
	return fs, nil
}

// slope is what an operation costs: the difference between many and few of them.
type slope struct{ mallocs, bytes, reductions, suspensions float64 }

// checkCounts are what a message and a process cost in allocations, reductions and
// suspensions, on one worker.
func checkCounts(ctx context.Context, c *config) ([]finding, error) {
	g, err := newGuests(ctx, c.dir, 1)
	if err != nil {
		return nil, err
	}
	defer g.close(ctx)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // pools keep what they have
	var fs []finding
	for _, x := range []struct {
		guest, name string
		per         float64 // operations for each of the first argument
	}{
		{"pingpong", "message", 2},
		{"pingpong-data", "message in one call", 2},
		{"spawn", "process", 1},
		{"spawn-data", "process, messages in one call", 1},
	} {
		var s slope
		for _, n := range []int{500, 500, 5500} { // the first one is to warm up
			before := s
			if s, err = g.count(ctx, x.guest, n); err != nil {
				return nil, fmt.Errorf("%s: %w", x.guest, err)
			}
			if n == 5500 {
				each := 5000 * x.per
				name := "each " + x.name + ": "
				fs = append(fs,
					exact(name+"allocations", (s.mallocs-before.mallocs)/each, 0.1, 0.25),
					exact(name+"bytes allocated", (s.bytes-before.bytes)/each, 0.1, 50),
					exact(name+"reductions", (s.reductions-before.reductions)/each, 0.1, 0.5),
					exact(name+"suspensions", (s.suspensions-before.suspensions)/each, 0.1, 0.05))
			}
		}
	}
	return fs, nil
}

// count plays a workload and counts.
func (g *guests) count(ctx context.Context, name string, n int) (slope, error) {
	var before, after runtime.MemStats
	runtime.GC()
	was := g.rt.Stats()
	runtime.ReadMemStats(&before)
	if _, _, err := g.run(ctx, name, args{n, 1}); err != nil {
		return slope{}, err
	}
	runtime.ReadMemStats(&after)
	is := g.rt.Stats()
	return slope{
		mallocs:     float64(after.Mallocs - before.Mallocs),
		bytes:       float64(after.TotalAlloc - before.TotalAlloc),
		reductions:  float64(is.Reductions - was.Reductions),
		suspensions: float64(is.Unwound - was.Unwound),
	}, nil
}

// checkMemory is what an idle process takes, awake and hibernating, in a player of its own, as
// in the command runtime.
func checkMemory(ctx context.Context, c *config) ([]finding, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("%w: memory is measured on Linux", errLeftOut)
	}
	one := *c
	one.workers = 1
	kinds, _, done, err := one.playerKinds(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var fs []finding
	for _, x := range []struct {
		name   string
		margin float64
	}{{"idle", 0.2}, {"hibernate", 0.5}} {
		var p *player
		s, err := one.turn(ctx, contestNamed(x.name), &kinds[0], &p, args{10_000, 0})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", x.name, err)
		}
		// How much garbage there is besides depends on when Go collects it.
		fs = append(fs, exact(x.name+", each of 10,000 processes", s.collected/1024, x.margin, 0.5))
	}
	return fs, nil
}

// contestNamed is the first one of a name.
func contestNamed(name string) *contest {
	all := contests()
	return &all[slices.IndexFunc(all, func(k contest) bool { return k.name == name })]
}

// checkWorks are unlike each other and start fast.
var checkWorks = regexp.MustCompile(`^(fib|tak|sieve|bytesum|qsort|matmul|sha256|hashtable|vm_switch|coremark|lua/(fib|tables)|zlib/fast|cjson/parse|pcre2/backtrack)$`)

const (
	checkRounds = 15
	checkSample = 8 * time.Millisecond
	// A single line moves by up to 0.16 with where the code comes to lie, all together by 0.02.
	marginOne = 0.25
	marginAll = 0.04
)

// checkTimes are times as ratios to the untouched module's, of single workloads and of all of
// them. The control is the untouched module once more.
func checkTimes(ctx context.Context, c *config) ([]finding, error) {
	works, err := c.workloads()
	if err != nil {
		return nil, err
	}
	vs := []*variant{variantByName("untouched"), variantByName("control")}
	for _, name := range checkVariants {
		vs = append(vs, variantByName(name))
	}
	var fs []finding
	logs := make([][checkRounds]float64, len(vs)) // sums over the workloads
	n := 0
	for i := range works {
		if !checkWorks.MatchString(works[i].name) {
			continue
		}
		rounds, err := c.timesOf(ctx, &works[i], vs)
		if err != nil {
			return nil, err
		}
		n++
		for k := range vs {
			for round, x := range rounds[k] {
				logs[k][round] += math.Log(x)
			}
			if k > 1 {
				fs = append(fs, judged(works[i].name+", "+vs[k].name, rounds[k], rounds[1], marginOne))
			}
		}
	}
	means := make([][]float64, len(vs))
	for k := range vs {
		for _, sum := range logs[k] {
			means[k] = append(means[k], math.Exp(sum/float64(n)))
		}
		if k > 1 {
			fs = append(fs, judged("all, "+vs[k].name, means[k], means[1], marginAll))
		}
	}
	return fs, nil
}

// timesOf returns the ratios of each variant to the first one, round by round.
func (c *config) timesOf(ctx context.Context, w *workload, vs []*variant) ([][]float64, error) {
	a, err := newArena(ctx, w.file)
	if err != nil {
		return nil, err
	}
	defer a.Close(ctx)
	brief := *c
	brief.short = true
	var cs []*contender
	for _, v := range vs {
		one, err := brief.contend(ctx, a, w, v)
		if err != nil {
			return nil, err
		}
		cs = append(cs, one)
	}
	if err := measure(ctx, cs, checkRounds, checkSample); err != nil {
		return nil, err
	}
	ratios := make([][]float64, len(cs))
	for k, one := range cs {
		for round, took := range one.samples {
			ratios[k] = append(ratios[k], float64(took)/float64(cs[0].samples[round]))
		}
	}
	return ratios, nil
}

const erlangRounds = 9

// checkErlang are times as ratios to Erlang's, on one worker. Erlang plays twice in each
// round, which is the control.
func checkErlang(ctx context.Context, c *config) ([]finding, error) {
	one := *c
	one.workers = 1
	kinds, _, done, err := one.playerKinds(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if kinds[1].name != erlangName {
		return nil, fmt.Errorf("%w: %w", errLeftOut, exec.ErrNotFound)
	}
	var players [2]*player
	defer func() {
		for _, p := range players {
			p.close()
		}
	}()
	var fs []finding
	for _, x := range []struct {
		name string
		a    args
	}{{"pingpong", args{50_000, 0}}, {"ring", args{1000, 200}}, {"spawn", args{20_000, 1}}} {
		k := contestNamed(x.name)
		var ratios, control []float64
		for round := range erlangRounds + 1 {
			var took [3]float64 // Erlang, this, Erlang
			for i, kind := range []int{1, 0, 1} {
				s, err := one.turn(ctx, k, &kinds[kind], &players[kind], x.a)
				if err != nil {
					return nil, fmt.Errorf("%s of %s: %w", x.name, kinds[kind].name, err)
				}
				took[i] = float64(s.took)
			}
			if round > 0 { // the first one is to warm up
				ratios = append(ratios, 2*took[1]/(took[0]+took[2]))
				control = append(control, took[2]/took[0])
			}
		}
		fs = append(fs, judged(x.name, ratios, control, 0.5))
	}
	return fs, nil
}

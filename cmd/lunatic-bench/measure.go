package main

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// A contender is one variant of one workload, ready to run.
type contender struct {
	name    string
	run     func(ctx context.Context) error // once; checks its own result
	samples []time.Duration                 // per run, one for each round

	runs, ends int // runs in all, and ends of slices in them
}

// enough is the least time a sample should take: scheduling and the clock's grain
// disappear in it.
func enough(short bool) time.Duration {
	if short {
		return 2 * time.Millisecond
	}
	return 20 * time.Millisecond
}

// measure runs all contenders in turn, rounds times. Each round begins with another
// one, so that no place in the order is anybody's. The first contender sets how often
// a run is repeated for one sample.
func measure(ctx context.Context, cs []*contender, rounds int, least time.Duration) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// A collection would stop this thread in the middle of a sample.
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	// Not more than a machine has: contenders that allocate do not do so without end.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(2 << 30))

	repeat := 1
	for i, c := range cs { // warm up, and see how long one run takes
		begin := now()
		if err := c.run(ctx); err != nil {
			return err
		}
		if one := now() - begin; i == 0 {
			repeat = max(1, int((least+one-1)/max(one, time.Microsecond)))
		}
	}
	for round := range rounds {
		for i := range cs {
			c := cs[(i+round)%len(cs)]
			if err := ctx.Err(); err != nil {
				return err
			}
			begin := now()
			for range repeat {
				if err := c.run(ctx); err != nil {
					return err
				}
			}
			c.samples = append(c.samples, (now()-begin)/time.Duration(repeat))
		}
	}
	return nil
}

// endsPer is how often a slice ended in a span of running time. A slice should last
// 0.2 to 1 ms: more ends than that mean that charges weigh too much.
func (c *contender) endsPer(span time.Duration) float64 {
	one := medianTime(c.samples)
	if c.runs == 0 || one == 0 {
		return math.NaN()
	}
	return float64(c.ends) / float64(c.runs) * float64(span) / float64(one)
}

// ratio is the median of a's samples against b's of the same round.
func ratio(a, b *contender) float64 {
	n := min(len(a.samples), len(b.samples))
	rs := make([]float64, n)
	for i := range rs {
		rs[i] = float64(a.samples[i]) / float64(b.samples[i])
	}
	return median(rs)
}

// median sorts xs. It is NaN for none.
func median(xs []float64) float64 {
	n := len(xs)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(xs)
	return (xs[(n-1)/2] + xs[n/2]) / 2
}

func medianTime(ds []time.Duration) time.Duration {
	xs := make([]float64, len(ds))
	for i, d := range ds {
		xs[i] = float64(d)
	}
	if len(xs) == 0 {
		return 0
	}
	return time.Duration(median(xs))
}

// geomean leaves out what is missing (NaN).
func geomean(xs []float64) float64 {
	sum, n := 0.0, 0
	for _, x := range xs {
		if !math.IsNaN(x) && x > 0 {
			sum += math.Log(x)
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return math.Exp(sum / float64(n))
}

package main

import (
	"context"
	"fmt"
	"math"
	"time"
)

// noisy is the distance of the control from 1 at which a workload is measured longer,
// and marked if that does not help.
const noisy = 0.02

// overhead measures the speed of instrumented code that is never suspended.
func overhead(ctx context.Context, c *config) (*report, error) {
	works, err := c.workloads()
	if err != nil {
		return nil, err
	}
	vs := c.chosen()
	r := &report{Title: "Speed of instrumented code (time as a ratio to the untouched module)"}
	r.Columns = append(r.Columns, column{Name: "untouched", Unit: "ms", Format: "%.2f"})
	for _, v := range vs[1:] {
		r.Columns = append(r.Columns, column{Name: v.name, Unit: "ratio", Format: "%.3f", Chart: v.name != "control", Ratio: true})
		r.Notes = append(r.Notes, fmt.Sprintf("%s: %s", v.name, v.text))
	}
	r.Columns = append(r.Columns, column{Name: "ends", Unit: "/ms", Format: "%.2f"})
	r.Notes = append(r.Notes, fmt.Sprintf("ends: how often a slice of %d reductions ends in the first variant that counts; 1 to 5 is what a slice is meant for", c.slice))
	var a *arena
	defer func() {
		if a != nil {
			a.Close(ctx)
		}
	}()
	for i := range works {
		w := &works[i]
		if a == nil || a.file != w.file {
			if a != nil {
				a.Close(ctx)
			}
			if a, err = newArena(ctx, w.file); err != nil {
				return nil, err
			}
		}
		fmt.Fprintf(c.log, "\r%-40s", fmt.Sprintf("%d/%d %s", i+1, len(works), w.name))
		line, fails, err := c.overheadOf(ctx, a, w, vs)
		if err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, line)
		for _, f := range fails {
			r.Notes = append(r.Notes, "not measured: "+f.Error())
			r.failure = f
		}
	}
	fmt.Fprintf(c.log, "\r%-40s\r", "")
	r.summarize()
	return r, nil
}

// overheadOf measures one workload. It also returns why variants have no figure.
func (c *config) overheadOf(ctx context.Context, a *arena, w *workload, vs []*variant) (row, []error, error) {
	cs := make([]*contender, len(vs)) // nil where a variant could not be made
	var ready []*contender
	var fails []error
	for i, v := range vs {
		one, err := c.contend(ctx, a, w, v)
		if err != nil && i == 0 {
			return row{}, nil, err
		}
		if err != nil {
			fails = append(fails, err)
			continue
		}
		cs[i] = one
		ready = append(ready, one)
	}
	line := row{Name: w.name, Group: w.group, Samples: samples{}}
	var against *contender
	for i, v := range vs {
		if v.name == "control" {
			against = cs[i]
		}
	}
	for attempt := 0; ; attempt++ {
		if err := measure(ctx, ready, c.rounds, enough(c.short)); err != nil {
			return row{}, nil, err
		}
		if against == nil || math.Abs(ratio(against, cs[0])-1) <= noisy {
			break
		}
		if c.short || attempt == 2 {
			line.Mark = "noisy"
			break
		}
	}
	line.Values = append(line.Values, figure(medianTime(cs[0].samples).Seconds()*1e3))
	for _, one := range cs[1:] {
		v := missing
		if one != nil {
			v = figure(ratio(one, cs[0]))
		}
		line.Values = append(line.Values, v)
	}
	ends := missing
	for _, one := range ready {
		if one.ends > 0 && math.IsNaN(float64(ends)) {
			ends = figure(one.endsPer(time.Millisecond))
		}
		line.Samples[one.name] = one.samples
	}
	line.Values = append(line.Values, ends)
	return line, fails, nil
}

// contend makes a variant of a workload and runs it once, so that a wrong checksum
// counts against this variant only.
func (c *config) contend(ctx context.Context, a *arena, w *workload, v *variant) (*contender, error) {
	g := a.guests[v]
	if g == nil {
		wasm, err := c.variantOf(ctx, w.file, v)
		if err != nil {
			return nil, err
		}
		if g, err = a.start(ctx, wasm, c.slice); err != nil {
			return nil, fmt.Errorf("%s: variant %s: %w", w.name, v.name, err)
		}
		a.guests[v] = g
	}
	call, err := g.caller(w, c.short)
	if err == nil {
		err = call(ctx)
	}
	if err != nil {
		delete(a.guests, v) // its state may be anything
		return nil, fmt.Errorf("variant %s: %w", v.name, err)
	}
	one := &contender{name: v.name}
	one.run = func(ctx context.Context) error {
		before := a.preempted
		err := call(ctx)
		one.runs++
		one.ends += a.preempted - before
		return err
	}
	return one, nil
}

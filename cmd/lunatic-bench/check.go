package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// A finding is a ratio or a count that must not grow.
type finding struct {
	name   string
	value  float64 // the median
	low    float64 // what it is at least, by the noise that was measured with it
	margin float64 // part of the reference by which it may grow
	slack  float64 // and by how much more, for what may be zero
}

// A gauge takes findings of one kind.
type gauge struct {
	name      string
	attempts  int     // how often it is taken before a finding counts as grown
	elsewhere float64 // factor for margins on another machine than the reference's
	take      func(ctx context.Context, c *config) ([]finding, error)
}

// gauges in the order of the table. What does not depend on the load of the machine comes
// first, and has narrow margins. Times do, and on the kind of machine even more: the
// dispatch loop vm_switch takes 0.6 of the untouched module's on one generation of AMD EPYC
// and 1.2 on another.
var gauges = []gauge{
	{"size, of the untouched module's", 1, 1, checkSizes},
	{"count", 2, 1, checkCounts},
	{"memory, KiB", 3, 3, checkMemory},
	{"time, of the untouched module's", 3, 8, checkTimes},
	{"time, of Erlang's", 3, 2, checkErlang},
}

// errLeftOut is why a gauge has nothing to say here.
var errLeftOut = errors.New("left out")

// references are what findings are held to: testdata/bench/ratios.json.
type references struct {
	Machine string                        `json:"machine"`
	Go      string                        `json:"go"`
	Wazero  string                        `json:"wazero"`
	Arch    string                        `json:"arch"`
	Ratios  map[string]map[string]float64 `json:"ratios"` // by gauge and finding
}

func (c *config) readReferences() (*references, error) {
	text, err := os.ReadFile(c.ratios)
	if err != nil {
		return nil, err
	}
	ref := &references{}
	if err := json.Unmarshal(text, ref); err != nil {
		return nil, fmt.Errorf("%s: %w", c.ratios, err)
	}
	return ref, nil
}

// check compares ratios and counts with their references: it fails if one has grown by more
// than its margin and the noise that is measured beside it, every time that it is measured.
func check(ctx context.Context, c *config) (*report, error) {
	r := &report{
		Title: "Ratios and counts beside their references (testdata/bench/ratios.json)",
		Clock: "thread CPU time; beside Erlang wall time",
		Columns: []column{
			{Name: "reference", Format: "%.3f"}, {Name: "now", Format: "%.3f"},
			{Name: "at least", Format: "%.3f"}, {Name: "allowed", Format: "%.3f"},
		},
		Notes: []string{"at least: with the noise of this run taken off; only what is more than allowed, and so again and again, fails"},
	}
	ref, err := c.readReferences()
	if errors.Is(err, os.ErrNotExist) && c.update {
		ref, err = &references{}, nil
	}
	if err != nil {
		return nil, err
	}
	if !c.update && ref.Arch != runtime.GOARCH {
		return nil, fmt.Errorf("%s is of %s", c.ratios, ref.Arch)
	}
	here := ref.Machine == machine()
	if !here && !c.update {
		r.Notes = append(r.Notes, "the references are of another machine ("+ref.Machine+"): what takes time may be more")
	}
	every := *c // -only chooses gauges here
	every.only = regexp.MustCompile("")
	next := references{Machine: machine(), Go: runtime.Version(), Wazero: wazeroVersion(), Arch: runtime.GOARCH, Ratios: map[string]map[string]float64{}}
	if here {
		maps.Copy(next.Ratios, ref.Ratios) // those that are not taken now
	}
	for _, g := range gauges {
		if !c.only.MatchString(g.name) {
			continue
		}
		fmt.Fprintf(c.log, "\r%-40s", g.name)
		if here {
			g.elsewhere = 1
		}
		var rows []row
		var grown error
		if c.update {
			rows, err = g.renew(ctx, &every, ref.Ratios[g.name], next.Ratios)
		} else {
			rows, grown, err = g.hold(ctx, &every, ref.Ratios[g.name])
		}
		if errors.Is(err, errLeftOut) {
			r.Notes = append(r.Notes, g.name+": "+err.Error())
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.name, err)
		}
		r.Rows = append(r.Rows, rows...)
		r.failure = errors.Join(r.failure, grown)
	}
	fmt.Fprintf(c.log, "\r%-40s\r", "")
	if !c.update {
		return r, nil
	}
	return r, writeFile(c.ratios, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(next)
	})
}

// limit is how large a finding may be. What is won on one machine, where a ratio is less than
// 1, need not be won on another.
func (g *gauge) limit(f finding, ref float64) float64 {
	if g.elsewhere > 1 {
		ref = max(ref, 1)
	}
	return ref*(1+f.margin*g.elsewhere) + f.slack
}

// measure takes the gauge until nothing has grown, or often enough. Of each finding it keeps
// the least: what disturbs makes ratios larger and smaller, a regression stays.
func (g *gauge) measure(ctx context.Context, c *config, ref map[string]float64) ([]finding, error) {
	var best []finding
	for range g.attempts {
		fs, err := g.take(ctx, c)
		if err != nil {
			return nil, err
		}
		if best == nil {
			best = fs
		}
		grown := false
		for i, f := range fs {
			if f.low < best[i].low {
				best[i] = f
			}
			grown = grown || best[i].low > g.limit(best[i], ref[f.name])
		}
		if !grown {
			break
		}
	}
	return best, nil
}

// hold takes the gauge and compares.
func (g *gauge) hold(ctx context.Context, c *config, ref map[string]float64) (rows []row, grown, err error) {
	fs, err := g.measure(ctx, c, ref)
	if err != nil {
		return nil, nil, err
	}
	rows, grown = g.compare(fs, ref)
	return rows, grown, nil
}

// renew takes the gauge several times; the medians are the new references. The lines have the
// old ones too.
func (g *gauge) renew(ctx context.Context, c *config, old map[string]float64, all map[string]map[string]float64) ([]row, error) {
	values := map[string][]float64{}
	for range g.attempts {
		fs, err := g.take(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, f := range fs {
			values[f.name] = append(values[f.name], f.value)
		}
	}
	all[g.name] = map[string]float64{}
	var rows []row
	for _, name := range slices.Sorted(maps.Keys(values)) {
		now := math.Round(median(values[name])*1e3) / 1e3
		was, ok := old[name]
		if !ok {
			was = math.NaN()
		}
		all[g.name][name] = now
		rows = append(rows, row{Name: name, Group: g.name, Values: []figure{figure(was), figure(now), missing, missing}})
	}
	return rows, nil
}

// compare makes the lines of the table, and an error of what has grown or has no counterpart.
func (g *gauge) compare(fs []finding, ref map[string]float64) ([]row, error) {
	var rows []row
	var grown []string
	missing := maps.Clone(ref)
	for _, f := range fs {
		want, ok := ref[f.name]
		delete(missing, f.name)
		limit := g.limit(f, want)
		line := row{Name: f.name, Group: g.name, Values: []figure{figure(want), figure(f.value), figure(f.low), figure(limit)}}
		switch {
		case !ok:
			line.Mark = "new"
			grown = append(grown, f.name+" has no reference")
		case f.low > limit:
			line.Mark = "GROWN"
			grown = append(grown, fmt.Sprintf("%s has grown from %.3f to %.3f, at least %.3f; %.3f is allowed", f.name, want, f.value, f.low, limit))
		case f.value < want*(1-f.margin)-f.slack:
			line.Mark = "better"
		}
		rows = append(rows, line)
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		grown = append(grown, name+" was not measured")
	}
	if grown != nil {
		return rows, fmt.Errorf("%s: %s (if it is meant: lunatic-bench check -update)", g.name, strings.Join(grown, "; "))
	}
	return rows, nil
}

// bounds are below and above the median of what xs are a sample of, each with a probability
// of 99% or as near to it as there are samples for: order statistics, by the binomial
// distribution. It sorts xs.
func bounds(xs []float64) (low, high float64) {
	n := len(xs)
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(xs)
	below := 0.0 // the probability that no more than k samples are less than the median
	term := math.Pow(0.5, float64(n))
	for k := 0; ; k++ {
		if below += term; below > 0.01 || k == n-1 {
			k = max(0, k-1)
			return xs[k], xs[n-1-k]
		}
		term *= float64(n-k) / float64(k+1)
	}
}

// noiseOf is how far the median of a control may be from 1, as a factor.
func noiseOf(control []float64) float64 {
	low, high := bounds(control)
	return max(high, 1/low)
}

// judged makes a finding of the ratios of all rounds, and of the control's in the same rounds.
func judged(name string, ratios, control []float64, margin float64) finding {
	ratios = slices.Clone(ratios)
	low, _ := bounds(ratios)
	return finding{name: name, value: median(ratios), low: low / noiseOf(slices.Clone(control)), margin: margin}
}

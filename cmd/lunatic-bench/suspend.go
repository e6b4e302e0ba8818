package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

var depths = []int{1, 10, 100, 1000}

// A blocker is a way to suspend the guest of testdata/bench/suspend: it calls run
// with a depth and a count, suspends it at every call of block, checks the checksum,
// and returns the time from the first suspension to the last.
type blocker struct {
	name  string
	times func(depth int) int32 // suspensions worth measuring
	run   func(ctx context.Context, depth, times int32, want uint64) (took time.Duration, err error)
}

// suspend measures how long it takes to suspend and resume, by depth.
func suspend(ctx context.Context, c *config) (*report, error) {
	wasm, err := os.ReadFile(filepath.Join(c.dir, "suspend", "deep.wasm"))
	if err != nil {
		return nil, err
	}
	r := &report{Title: "Suspend and resume, one frame changing (time per round trip)"}
	var bs []blocker
	for _, x := range []struct {
		make func(context.Context, []byte) (blocker, func(), error)
		text string
	}{
		{c.unwinding, "unwind: runner.Guest, Suspend and Resume"},
		{c.scheduling, "process: the same through the executor, woken at once; wall time"},
		{c.rewinding, "binaryen: wasm-opt -O2 --asyncify, driven by its globals"},
	} {
		b, done, err := x.make(ctx, wasm)
		if errors.Is(err, errNoBinaryen) {
			continue
		}
		if err != nil {
			return nil, err
		}
		defer done()
		bs = append(bs, b)
		r.Columns = append(r.Columns, column{Name: b.name, Unit: "us", Format: "%.3f", Chart: true})
		r.Notes = append(r.Notes, x.text)
	}

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for _, depth := range depths {
		name := fmt.Sprintf("depth %d", depth)
		if !c.only.MatchString(name) {
			continue
		}
		fmt.Fprintf(c.log, "\r%-40s", name)
		line := row{Name: name, Group: "depth", Samples: samples{}}
		for range c.rounds {
			for _, b := range bs {
				per, err := b.sample(ctx, c, depth)
				if err != nil {
					return nil, fmt.Errorf("%s at %s: %w", b.name, name, err)
				}
				line.Samples[b.name] = append(line.Samples[b.name], per)
			}
		}
		for _, b := range bs {
			line.Values = append(line.Values, figure(medianTime(line.Samples[b.name]).Seconds()*1e6))
		}
		r.Rows = append(r.Rows, line)
	}
	fmt.Fprintf(c.log, "\r%-40s\r", "")
	if len(r.Rows) == 0 {
		return nil, fmt.Errorf("nothing matches -only %s", c.only)
	}
	r.Summary = append(r.Summary, flatness(r))
	return r, nil
}

// flatness is the slowest depth over the fastest.
func flatness(r *report) row {
	line := row{Name: "max / min", Group: "depth"}
	for i := range r.Columns {
		least, most := math.Inf(1), 0.0
		for _, x := range r.values("depth", i) {
			least, most = min(least, x), max(most, x)
		}
		line.Values = append(line.Values, figure(most/least))
	}
	return line
}

// sample returns the time of one round trip.
func (b *blocker) sample(ctx context.Context, c *config, depth int) (time.Duration, error) {
	times := b.times(depth)
	if c.short {
		times = max(20, times/20)
	}
	took, err := b.run(ctx, int32(depth), times, deepSum(depth, times))
	return took / time.Duration(times-1), err
}

func checkSum(got, want uint64) error {
	if got != want {
		return fmt.Errorf("checksum %016x, want %016x", got, want)
	}
	return nil
}

// answer is what block(i) returns in the end.
func answer(i uint64) uint64 { return uint64(uint32(i)*2 + 1) }

// deepSum is what run of deep.c returns if block(i) returns answer(i).
func deepSum(depth int, times int32) uint64 {
	const prime = 0x100000001b3
	h := uint64(1)
	for d := depth; d > 1; d-- {
		h += uint64(d)
	}
	for i := range times {
		h = (h ^ uint64(int64(int32(answer(uint64(i)))))) * prime
	}
	for d := 2; d <= depth; d++ {
		h = (h ^ uint64(d)) * prime
	}
	return h
}

// host makes a runtime with env.block as given.
func (c *config) host(ctx context.Context, block api.GoFunc) (wazero.Runtime, error) {
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features))
	i32 := []api.ValueType{api.ValueTypeI32}
	env := rt.NewHostModuleBuilder("env")
	env.NewFunctionBuilder().WithGoFunction(block, i32, i32).Export("block")
	nothing := api.GoFunc(func(_ context.Context, stack []uint64) {})
	env.NewFunctionBuilder().WithGoFunction(nothing, i32, i32).Export("blocked")
	if _, err := env.Instantiate(ctx); err != nil {
		return nil, errors.Join(err, rt.Close(ctx))
	}
	return rt, nil
}

// unwinding suspends the way the runtime does.
func (c *config) unwinding(ctx context.Context, wasm []byte) (blocker, func(), error) {
	artifact, _, err := c.build(ctx, wasm, transform.Options{SuspendImports: []string{"env.block"}})
	if err != nil {
		return blocker{}, nil, err
	}
	meta, err := artifactMeta(artifact)
	if err != nil {
		return blocker{}, nil, err
	}
	var asked uint64
	rt, err := c.host(ctx, func(ctx context.Context, stack []uint64) {
		asked = stack[0]
		if r := runner.GuestFrom(ctx).Suspend(); r != runner.Granted {
			panic(fmt.Errorf("refused to suspend: %v", r))
		}
	})
	if err != nil {
		return blocker{}, nil, err
	}
	done := func() { rt.Close(ctx) }
	g, fn, err := newUnwinding(ctx, rt, artifact, meta)
	if err != nil {
		done()
		return blocker{}, nil, err
	}
	run := func(ctx context.Context, depth, times int32, want uint64) (time.Duration, error) {
		g.SetSlice(runner.DefaultSlice)
		stack := []uint64{api.EncodeI32(depth), api.EncodeI32(times)}
		state, err := g.Call(ctx, fn, stack)
		begin := now()
		var took time.Duration
		for i := times - 1; err == nil && state == runner.Suspended; i-- {
			if i == 0 {
				took = now() - begin
			}
			state, err = g.Resume(ctx, answer(asked))
		}
		if err == nil && state != runner.Finished {
			err = fmt.Errorf("the guest %v", state)
		}
		if err == nil {
			err = checkSum(stack[0], want)
		}
		return took, err
	}
	return blocker{"unwind", func(int) int32 { return 20000 }, run}, done, nil
}

func newUnwinding(ctx context.Context, rt wazero.Runtime, artifact []byte, meta *rtlib.Meta) (*runner.Guest, api.Function, error) {
	if _, err := runner.InstantiateRT(ctx, rt); err != nil {
		return nil, nil, err
	}
	mod, err := rt.Instantiate(ctx, artifact)
	if err != nil {
		return nil, nil, err
	}
	g, err := runner.NewGuest(mod, meta)
	if err != nil {
		return nil, nil, err
	}
	return g, mod.ExportedFunction("run"), nil
}

// answerWait is a wait that the executor finds finished when it looks again.
type answerWait struct {
	asked  uint64
	polled bool
}

func (w *answerWait) Poll(p *runner.Process, results []uint64) bool {
	if !w.polled {
		w.polled = true
		p.Wake()
		return false
	}
	results[0] = answer(w.asked)
	return true
}

// scheduling lets a process be suspended, queued, and resumed by the executor.
func (c *config) scheduling(ctx context.Context, wasm []byte) (blocker, func(), error) {
	artifact, _, err := c.build(ctx, wasm, transform.Options{SuspendImports: []string{"env.block"}})
	if err != nil {
		return blocker{}, nil, err
	}
	var wait answerWait
	var last uint64
	var begin time.Time
	var took time.Duration
	rt, err := runner.New(ctx, runner.Config{Workers: 1, Namespaces: []runner.Namespace{{Name: "env", Funcs: []runner.Func{
		{Name: "block", Type: "i32 -> i32", Call: func(p *runner.Process, stack []uint64) {
			switch stack[0] {
			case 0:
				begin = time.Now()
			case last:
				took = time.Since(begin)
			}
			wait = answerWait{asked: stack[0]}
			p.Wait(&wait, stack)
		}},
		{Name: "blocked", Type: "i32 -> i32", Call: func(*runner.Process, []uint64) {}},
	}}}})
	if err != nil {
		return blocker{}, nil, err
	}
	done := func() { rt.Close(ctx) }
	mod, err := rt.Load(ctx, artifact)
	if err != nil {
		done()
		return blocker{}, nil, err
	}
	env := rt.NewEnvironment()
	run := func(ctx context.Context, depth, times int32, want uint64) (time.Duration, error) {
		last, took = uint64(times-1), 0
		value := func(t api.ValueType, bits uint64) runner.Value {
			return runner.Value{Type: t, Bits: [2]uint64{bits}}
		}
		p, err := env.Spawn(mod, runner.ProcessConfig{May: runner.MayAll}, "process",
			value(api.ValueTypeI32, api.EncodeI32(depth)), value(api.ValueTypeI32, api.EncodeI32(times)), value(api.ValueTypeI64, want))
		if err != nil {
			return 0, err
		}
		select {
		case <-p.Done():
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if e := p.Exit(); e.Err != nil {
			return 0, fmt.Errorf("the checksum may be wrong: %w", e.Err)
		}
		return took, nil
	}
	return blocker{"process", func(int) int32 { return 20000 }, run}, done, nil
}

// Binaryen's states.
const (
	asyncifyNormal = iota
	asyncifyUnwinding
	asyncifyRewinding
)

// rewinding suspends the way Binaryen's users do: all frames are written at every
// suspension, and all calls are made again at every resumption.
func (c *config) rewinding(ctx context.Context, wasm []byte) (blocker, func(), error) {
	wasm, err := asyncify(ctx, c, wasm)
	if err == nil {
		wasm, err = exportAsyncifyGlobals(wasm)
	}
	if err != nil {
		return blocker{}, nil, err
	}
	var state, data api.MutableGlobal
	var mem api.Memory
	var area, areaEnd uint32
	var asked uint64
	rt, err := c.host(ctx, func(_ context.Context, stack []uint64) {
		if state.Get() == asyncifyRewinding {
			state.Set(asyncifyNormal)
			stack[0] = answer(asked)
			return
		}
		asked = stack[0]
		mem.WriteUint32Le(area, area+8)
		data.Set(uint64(area))
		state.Set(asyncifyUnwinding)
	})
	if err != nil {
		return blocker{}, nil, err
	}
	done := func() { rt.Close(ctx) }
	mod, err := rt.Instantiate(ctx, wasm)
	if err != nil {
		done()
		return blocker{}, nil, err
	}
	mem = mod.Memory()
	state, _ = mod.ExportedGlobal(asyncifyState).(api.MutableGlobal)
	data, _ = mod.ExportedGlobal(asyncifyData).(api.MutableGlobal)
	at, err1 := mod.ExportedFunction("area").Call(ctx)
	size, err2 := mod.ExportedFunction("area_size").Call(ctx)
	if state == nil || data == nil || err1 != nil || err2 != nil {
		done()
		return blocker{}, nil, errors.Join(errors.New("no globals of asyncify"), err1, err2)
	}
	area = uint32(at[0])
	areaEnd = area + uint32(size[0])
	mem.WriteUint32Le(area+4, areaEnd)

	fn := mod.ExportedFunction("run")
	run := func(ctx context.Context, depth, times int32, want uint64) (time.Duration, error) {
		stack := make([]uint64, 2)
		call := func() error {
			stack[0], stack[1] = api.EncodeI32(depth), api.EncodeI32(times)
			return fn.CallWithStack(ctx, stack)
		}
		err := call()
		begin := now()
		var took time.Duration
		for i := times - 1; err == nil && state.Get() == asyncifyUnwinding; i-- {
			if i == 0 {
				took = now() - begin
			}
			state.Set(asyncifyRewinding)
			err = call()
		}
		if err == nil {
			err = checkSum(stack[0], want)
		}
		return took, err
	}
	times := func(depth int) int32 { return int32(max(200, 20000/(1+depth/10))) }
	return blocker{"binaryen", times, run}, done, nil
}

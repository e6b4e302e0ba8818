package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// features are all that wazero has: the modules in testdata use what they like.
const features = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall |
	experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesTypedFunctionReferences

// An arena runs guests with host functions that do nothing: what is measured is the
// guests' own code.
type arena struct {
	wazero.Runtime
	preempted int // calls of preempt, preempt_unwind and the naive counter

	file   string              // the module whose variants run here
	guests map[*variant]*guest // a program's workloads share them
}

func newArena(ctx context.Context, file string) (*arena, error) {
	a := &arena{file: file, guests: map[*variant]*guest{}, Runtime: wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features))}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, a); err != nil {
		return nil, errors.Join(err, a.Close(ctx))
	}
	count := api.GoFunc(func(context.Context, []uint64) { a.preempted++ })
	reserved := a.NewHostModuleBuilder(rtlib.ImportModule)
	for _, name := range []string{rtlib.ImportPreempt, rtlib.ImportPreemptUnwind, rtlib.ImportWindow} {
		reserved.NewFunctionBuilder().WithGoFunction(count, nil, nil).Export(name)
	}
	env := a.NewHostModuleBuilder("env")
	blocked := api.GoFunc(func(_ context.Context, stack []uint64) {}) // the argument is the result
	i32 := []api.ValueType{api.ValueTypeI32}
	env.NewFunctionBuilder().WithGoFunction(blocked, i32, i32).Export("blocked")
	env.NewFunctionBuilder().WithGoFunction(count, nil, nil).Export(naiveImport)
	for _, b := range []wazero.HostModuleBuilder{reserved, env} {
		if _, err := b.Instantiate(ctx); err != nil {
			return nil, errors.Join(err, a.Close(ctx))
		}
	}
	return a, nil
}

// A guest is an instance of one variant.
type guest struct {
	mod   api.Module
	stack [1]uint64
}

// start compiles and instantiates, and sets the time slice. Reactors are initialized.
func (a *arena) start(ctx context.Context, wasm []byte, slice int) (*guest, error) {
	compiled, err := a.CompileModule(ctx, wasm)
	if err != nil {
		return nil, err
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	mod, err := a.InstantiateModule(ctx, compiled, config)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{rtlib.ExportSlice, rtlib.ExportBudget} {
		if g, ok := mod.ExportedGlobal(name).(api.MutableGlobal); ok {
			g.Set(uint64(slice))
		}
	}
	return &guest{mod: mod}, nil
}

// caller returns a function that runs a workload once and checks its result.
func (g *guest) caller(w *workload, short bool) (func(context.Context) error, error) {
	fn := g.mod.ExportedFunction(w.export)
	if fn == nil {
		return nil, fmt.Errorf("%s: no export %s", w.name, w.export)
	}
	size := w.size(short)
	return func(ctx context.Context) error {
		g.stack[0] = api.EncodeI32(size.n)
		err := fn.CallWithStack(ctx, g.stack[:])
		runtime.KeepAlive(g)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if g.stack[0] != size.want {
			return fmt.Errorf("%s: checksum %016x, the native build has %016x", w.name, g.stack[0], size.want)
		}
		return nil
	}, nil
}

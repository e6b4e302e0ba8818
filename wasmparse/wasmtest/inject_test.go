package wasmtest_test

import (
	"context"
	"testing"

	"github.com/lunatic-go/lunatic/wasmparse/wasmtest"
	"github.com/tetratelabs/wazero"
)

func TestInjectTicksIsValid(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(allFeatures))
	defer r.Close(ctx)
	for seed := range uint64(300) {
		data := randomBytes(seed, int(seed*4))
		ticked, err := wasmtest.InjectTicks(wasmtest.Generate(data).Wasm)
		if err != nil {
			t.Fatalf("%x: %v", data, err)
		}
		if _, err := r.CompileModule(ctx, ticked); err != nil {
			t.Fatalf("%x: invalid module: %v", data, err)
		}
	}
}

package wasmtest_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/lunatic-go/lunatic/wasmparse/wasmtest"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const allFeatures = api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst |
	experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesTypedFunctionReferences

// randomBytes are the bytes that stand for a seed.
func randomBytes(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func checkValid(t *testing.T, data []byte) {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(allFeatures))
	defer r.Close(ctx)
	g := wasmtest.Generate(data)
	if _, err := r.CompileModule(ctx, g.Wasm); err != nil {
		t.Errorf("%x: invalid module: %v", data, err)
	}
}

func TestGenerateIsValid(t *testing.T) {
	for seed := range uint64(3000) {
		checkValid(t, randomBytes(seed, int(seed%1200)))
		if t.Failed() {
			return
		}
	}
}

func FuzzGenerateIsValid(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomBytes(seed, 300))
	}
	f.Fuzz(checkValid)
}

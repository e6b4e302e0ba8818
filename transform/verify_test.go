package transform_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/testdata/modules"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmparse"
	"github.com/lunatic-go/lunatic/wasmparse/wasmtest"
)

// TestVerify builds the programs and the modules of the specification's suites with
// the checker on.
func TestVerify(t *testing.T) {
	for _, preempt := range []transform.Preempt{transform.PreemptPark, transform.PreemptUnwind, transform.PreemptOff} {
		opts := transform.Options{SuspendImports: []string{"*"}, Preempt: preempt, Verify: true}
		t.Run(preempt.String(), func(t *testing.T) {
			t.Parallel()
			for _, m := range modules.All {
				if wasm := m.Wasm(); !testing.Short() || len(wasm) < 1<<20 {
					if _, _, err := transform.Build(background, wasm, opts); err != nil {
						t.Errorf("%s: %v", m.Name, err)
					}
				}
			}
			if testing.Short() {
				return
			}
			verifySuites(t, opts)
		})
	}
}

func verifySuites(t *testing.T, opts transform.Options) {
	dir, err := specDir()
	if err != nil {
		t.Fatal(err)
	}
	built := 0
	for _, suite := range specSuites {
		names, err := filepath.Glob(filepath.Join(dir, suite, "testdata", "*.wasm"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if m, err := wasmparse.Parse(data); err != nil || m.Validate() != nil {
				continue // of an assertion that it is refused
			}
			_, _, err = transform.Build(background, data, opts)
			switch {
			case errors.Is(err, wasmparse.ErrUnsupported):
				continue // see specExceptions
			case err != nil:
				t.Errorf("%s/%s: %v", suite, strings.TrimSuffix(filepath.Base(name), ".wasm"), err)
				continue
			}
			built++
		}
	}
	if built < 1000 {
		t.Errorf("only %d modules have been built", built)
	}
}

// TestVerifyGenerated builds generated modules with the checker on, half of them with
// a host call that may suspend at every entry and loop head.
func TestVerifyGenerated(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 30
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 7))
		data := make([]byte, 200+r.IntN(3000))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		wasm := wasmtest.Generate(data).Wasm
		if seed%2 == 0 {
			var err error
			if wasm, err = wasmtest.InjectTicks(wasm); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		for _, preempt := range []transform.Preempt{transform.PreemptPark, transform.PreemptUnwind, transform.PreemptOff} {
			opts := transform.Options{SuspendImports: []string{"*"}, Preempt: preempt, Verify: true, Workers: 1}
			if _, _, err := transform.Build(background, wasm, opts); err != nil && !errors.Is(err, wasmparse.ErrUnsupported) {
				t.Errorf("seed %d, %s: %v", seed, preempt, err)
			}
		}
	}
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lunatic-go/lunatic/transform"
)

// A variant is one way to rewrite a module.
type variant struct {
	name, text string
	usual      bool // measured when -variants does not say otherwise
	make       func(ctx context.Context, c *config, wasm []byte) ([]byte, error)
}

var everything = []string{"*"} // SuspendImports

// variants in the order of the columns. The first is what all others are divided by.
var variants = []variant{
	{"untouched", "as the compiler left it", true, func(_ context.Context, _ *config, wasm []byte) ([]byte, error) { return wasm, nil }},
	{"control", "untouched, compiled and run once more: the noise", true, control},
	{"park", "lunatic-build (--preempt=park, blocking imports suspend)", true, builder(transform.Options{})},
	{"all", "the same with every import suspendable", true, builder(transform.Options{SuspendImports: everything})},
	{"unwind", "--preempt=unwind", true, builder(transform.Options{Preempt: transform.PreemptUnwind})},
	{"off", "--preempt=off", false, builder(transform.Options{Preempt: transform.PreemptOff})},
	{"park-O0", "park with -O0", false, builder(transform.Options{Opt: -1})},
	{"park-O2", "park with -O2", false, builder(transform.Options{Opt: 1})},
	{"all-O2", "all with -O2", false, builder(transform.Options{Opt: 1, SuspendImports: everything})},
	{"unwind-all", "unwind with every import suspendable", false, builder(transform.Options{Preempt: transform.PreemptUnwind, SuspendImports: everything})},
	{"off-all", "no counting, every import suspendable", false, builder(transform.Options{Preempt: transform.PreemptOff, SuspendImports: everything})},
	{"naive", "a counter at entries and loop heads, inline if", false, func(_ context.Context, _ *config, wasm []byte) ([]byte, error) { return naive(wasm) }},
	{"binaryen", "wasm-opt -O2 --asyncify over the naive counter, all other imports suspendable", true, naiveAsyncify},
	{"asyncify", "wasm-opt -O2 --asyncify alone, every import suspendable", false, asyncify},
}

func variantNames() []string {
	var names []string
	for _, v := range variants {
		names = append(names, v.name)
	}
	return names
}

func variantByName(name string) *variant {
	for i := range variants {
		if variants[i].name == name {
			return &variants[i]
		}
	}
	return nil
}

// chosen lists the variants to measure; untouched always comes first.
func (c *config) chosen() []*variant {
	var vs []*variant
	if c.variants != nil {
		vs = append(vs, variantByName("untouched"))
		for _, name := range c.variants {
			if name != "untouched" {
				vs = append(vs, variantByName(name))
			}
		}
		return vs
	}
	for i := range variants {
		v := &variants[i]
		if v.usual && (v.name != "binaryen" || c.wasmOpt != "") {
			vs = append(vs, v)
		}
	}
	return vs
}

// control adds a custom section: another hash, so wazero compiles it anew.
func control(_ context.Context, _ *config, wasm []byte) ([]byte, error) {
	return append(append([]byte(nil), wasm...), "\x00\x09\x07control!"...), nil
}

func builder(opts transform.Options) func(context.Context, *config, []byte) ([]byte, error) {
	return func(ctx context.Context, c *config, wasm []byte) ([]byte, error) {
		out, _, err := c.build(ctx, wasm, opts)
		return out, err
	}
}

// variantOf reads a module and rewrites it.
func (c *config) variantOf(ctx context.Context, file string, v *variant) ([]byte, error) {
	wasm, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	out, err := v.make(ctx, c, wasm)
	if err != nil {
		return nil, fmt.Errorf("%s: variant %s: %w", filepath.Base(file), v.name, err)
	}
	return out, nil
}

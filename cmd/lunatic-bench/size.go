package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tetratelabs/wazero"
)

// sizeVariants are the columns of size. Binaryen's is without a counter: the least it
// can be.
var sizeVariants = []string{"park", "all", "asyncify"}

// size measures bytes of Wasm and of machine code.
func size(ctx context.Context, c *config) (*report, error) {
	mods, err := c.modules()
	if err != nil {
		return nil, err
	}
	names := sizeVariants
	if c.wasmOpt == "" {
		names = names[:2]
	}
	return c.sizes(ctx, mods, names)
}

// sizes measures the variants named, of some modules.
func (c *config) sizes(ctx context.Context, mods []module, names []string) (*report, error) {
	vs := []*variant{variantByName("untouched")}
	for _, name := range names {
		vs = append(vs, variantByName(name))
	}
	r := &report{Title: "Size of instrumented code (ratio to the untouched module)", Clock: "bytes"}
	r.Columns = []column{{Name: "wasm", Unit: "KB", Format: "%.1f"}, {Name: "native", Unit: "KB", Format: "%.1f"}}
	for _, v := range vs[1:] {
		r.Columns = append(r.Columns,
			column{Name: v.name, Unit: "wasm", Format: "%.2f", Chart: true, Ratio: true},
			column{Name: v.name, Unit: "native", Format: "%.2f", Chart: true, Ratio: true})
		r.Notes = append(r.Notes, fmt.Sprintf("%s: %s", v.name, v.text))
	}
	totals := newTotals(len(vs))
	for i, m := range mods {
		fmt.Fprintf(c.log, "\r%-40s", fmt.Sprintf("%d/%d %s", i+1, len(mods), m.name))
		line := row{Name: m.name, Group: m.group}
		var plain [2]float64
		for k, v := range vs {
			got := [2]float64{float64(missing), float64(missing)}
			wasm, err := c.variantOf(ctx, m.file, v)
			if err == nil {
				got[0] = float64(len(wasm))
				got[1], err = nativeSize(ctx, wasm)
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", m.name, err)
				r.Notes = append(r.Notes, "not measured: "+err.Error())
				if v.name != "asyncify" { // Binaryen refuses some; that is not our failure
					r.failure = err
				}
			}
			if k == 0 {
				plain = got
				line.Values = append(line.Values, figure(got[0]/1e3), figure(got[1]/1e3))
			} else {
				line.Values = append(line.Values, figure(got[0]/plain[0]), figure(got[1]/plain[1]))
			}
			totals.add(m.group, k, plain, got)
		}
		r.Rows = append(r.Rows, line)
	}
	fmt.Fprintf(c.log, "\r%-40s\r", "")
	r.summarize()
	for _, g := range r.groups() {
		r.Summary = append(r.Summary, totals.row(g))
	}
	return r, nil
}

// totals sums sizes per group and variant. Where a variant is missing, its module is
// left out on both sides.
type totals struct {
	variants int
	sums     map[string][][2][2]float64 // group, variant: {plain, got} of {wasm, native}
}

func newTotals(variants int) *totals { return &totals{variants, map[string][][2][2]float64{}} }

func (t *totals) add(group string, variant int, plain, got [2]float64) {
	if got[0]+got[1] != got[0]+got[1] { // NaN
		return
	}
	if t.sums[group] == nil {
		t.sums[group] = make([][2][2]float64, t.variants)
	}
	s := &t.sums[group][variant]
	for i := range 2 {
		s[0][i] += plain[i]
		s[1][i] += got[i]
	}
}

func (t *totals) row(group string) row {
	line := row{Name: "total", Group: group}
	for k, s := range t.sums[group] {
		for i := range 2 {
			if k == 0 {
				line.Values = append(line.Values, figure(s[1][i]/1e3))
			} else {
				line.Values = append(line.Values, figure(s[1][i]/s[0][i]))
			}
		}
	}
	return line
}

// nativeSize compiles into an empty cache and looks how large its file is.
func nativeSize(ctx context.Context, wasm []byte) (size float64, err error) {
	dir, err := os.MkdirTemp("", "lunatic-bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return 0, err
	}
	defer cache.Close(ctx)
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features).WithCompilationCache(cache))
	defer rt.Close(ctx)
	if _, err := rt.CompileModule(ctx, wasm); err != nil {
		return 0, err
	}
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			size += float64(info.Size())
		}
		return err
	})
	if err == nil && size == 0 {
		err = errors.New("wazero wrote no cache")
	}
	return size, err
}

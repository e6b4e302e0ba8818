package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// optFlags turn on what our modules use; anything else would make Binaryen rewrite
// for features the engine is not asked to have.
var optFlags = []string{"--enable-bulk-memory", "--enable-sign-ext", "--enable-nontrapping-float-to-int", "--enable-mutable-globals", "--enable-multivalue", "--enable-reference-types", "--enable-simd"}

// usage says what a subprocess took.
type resources struct {
	wall, cpu time.Duration
	peak      int64 // bytes resident, 0 where unknown
}

// runMeasured runs a command. Its output is part of the error.
func runMeasured(ctx context.Context, name string, args ...string) (resources, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 2 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	begin := time.Now()
	err := cmd.Run()
	r := resources{wall: time.Since(begin)}
	if s := cmd.ProcessState; s != nil {
		r.cpu = s.UserTime() + s.SystemTime()
		r.peak = peakMemory(s)
	}
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w: %s", filepath.Base(name), err, strings.TrimSpace(out.String()))
	}
	return r, nil
}

var errNoBinaryen = errors.New("wasm-opt is not on the PATH")

// optimize runs wasm-opt over a module and returns the result.
func (c *config) optimize(ctx context.Context, wasm []byte, args ...string) ([]byte, error) {
	if c.wasmOpt == "" {
		return nil, errNoBinaryen
	}
	dir, err := os.MkdirTemp("", "lunatic-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "in.wasm"), filepath.Join(dir, "out.wasm")
	if err := os.WriteFile(in, wasm, 0o600); err != nil {
		return nil, err
	}
	args = append(append(append([]string{}, optFlags...), args...), in, "-o", out)
	if _, err := runMeasured(ctx, c.wasmOpt, args...); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// asyncifyArgs make every import suspend except those listed.
func asyncifyArgs(wasm []byte, except string) ([]string, error) {
	m, err := wasmparse.Parse(wasm)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, im := range m.Imports {
		if im.Kind == wasmparse.KindFunc && im.Module+"."+im.Name != except {
			list = append(list, im.Module+"."+im.Name)
		}
	}
	return []string{"-O2", "--asyncify", "--pass-arg=asyncify-imports@" + strings.Join(list, ",")}, nil
}

func asyncify(ctx context.Context, c *config, wasm []byte) ([]byte, error) {
	args, err := asyncifyArgs(wasm, "")
	if err != nil {
		return nil, err
	}
	return c.optimize(ctx, wasm, args...)
}

func naiveAsyncify(ctx context.Context, c *config, wasm []byte) ([]byte, error) {
	counted, err := naive(wasm)
	if err != nil {
		return nil, err
	}
	args, err := asyncifyArgs(counted, "env."+naiveImport)
	if err != nil {
		return nil, err
	}
	return c.optimize(ctx, counted, args...)
}

func binaryenVersion(wasmOpt string) string {
	if wasmOpt == "" {
		return ""
	}
	out, err := exec.Command(wasmOpt, "--version").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// Names under which exportAsyncifyGlobals shows asyncify's globals.
const (
	asyncifyState = "asyncify_state"
	asyncifyData  = "asyncify_data"
)

// exportAsyncifyGlobals finds the two globals by the functions that read and set them
// and exports them: that is faster to drive than the functions, and so the better
// comparison.
func exportAsyncifyGlobals(wasm []byte) ([]byte, error) {
	m, err := wasmparse.Parse(wasm)
	if err != nil {
		return nil, err
	}
	find := func(export string, op wasmparse.Opcode, not int) (int, error) {
		for _, x := range m.Exports {
			if x.Name != export || x.Kind != wasmparse.KindFunc {
				continue
			}
			var s wasmparse.Scanner
			s.ResetBody(m, wasmparse.FuncIdx(x.Idx))
			for s.Next() {
				if s.Op == op && int(s.A) != not {
					return int(s.A), nil
				}
			}
		}
		return 0, fmt.Errorf("%s: global not found", export)
	}
	state, err := find("asyncify_get_state", wasmparse.OpGlobalGet, -1)
	if err != nil {
		return nil, err
	}
	data, err := find("asyncify_start_unwind", wasmparse.OpGlobalSet, state)
	if err != nil {
		return nil, err
	}
	return encode(&wasmencode.Patch{M: m, Exports: []wasmparse.Export{
		{Name: asyncifyState, Kind: wasmparse.KindGlobal, Idx: uint32(state)},
		{Name: asyncifyData, Kind: wasmparse.KindGlobal, Idx: uint32(data)},
	}})
}

// artifactMeta reads what an artifact says about itself.
func artifactMeta(wasm []byte) (*rtlib.Meta, error) {
	m, err := wasmparse.Parse(wasm)
	if err != nil {
		return nil, err
	}
	for _, s := range m.Sections {
		if s.ID == 0 && s.Name == rtlib.SectionMeta {
			return rtlib.ParseMeta(m.Data[s.Start:s.End])
		}
	}
	return nil, fmt.Errorf("no section %q: not an artifact", rtlib.SectionMeta)
}

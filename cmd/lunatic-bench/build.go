package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// binaryenLimit is how long wasm-opt may take over one module.
const binaryenLimit = 2 * time.Minute

// build measures lunatic-build as its users run it: a process of its own.
func build(ctx context.Context, c *config) (*report, error) {
	dir, err := os.MkdirTemp("", "lunatic-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	tool := filepath.Join(dir, "lunatic-build")
	if err := goBuild(ctx, c.root, nil, tool, "./cmd/lunatic-build"); err != nil {
		return nil, err
	}
	mods, err := c.buildInputs(ctx)
	if err != nil {
		return nil, err
	}
	r := &report{Title: "Time and memory of a build", Clock: "wall time"}
	r.Columns = []column{
		{Name: "in", Unit: "MB", Format: "%.2f"},
		{Name: "out", Unit: "MB", Format: "%.2f"},
		{Name: "build", Unit: "s", Format: "%.3f", Chart: true},
		{Name: "cpu", Unit: "s", Format: "%.3f"},
		{Name: "speed", Unit: "MB/s", Format: "%.1f"},
		{Name: "peak", Unit: "MB", Format: "%.0f"},
	}
	if c.wasmOpt != "" {
		r.Columns = append(r.Columns, column{Name: "wasm-opt", Unit: "s", Format: "%.2f", Chart: true},
			column{Name: "peak", Unit: "MB", Format: "%.0f"}, column{Name: "factor", Unit: "of time", Format: "%.0f"})
		r.Notes = append(r.Notes, "wasm-opt: --asyncify without -O, once; every import suspends in both")
	}
	for _, m := range mods {
		fmt.Fprintf(c.log, "\r%-40s", m.name)
		line, err := c.buildOne(ctx, tool, dir, m)
		if err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, line)
	}
	fmt.Fprintf(c.log, "\r%-40s\r", "")
	return r, nil
}

func (c *config) buildOne(ctx context.Context, tool, dir string, m module) (row, error) {
	out := filepath.Join(dir, "out.wasm")
	var wall, cpu, peak []float64
	for range c.rounds {
		u, err := runMeasured(ctx, tool, "-q", "--suspend-import", "*", "-o", out, m.file)
		if err != nil {
			return row{}, fmt.Errorf("%s: %w", m.name, err)
		}
		wall, cpu, peak = append(wall, u.wall.Seconds()), append(cpu, u.cpu.Seconds()), append(peak, float64(u.peak))
	}
	before, err := os.Stat(m.file)
	if err != nil {
		return row{}, err
	}
	after, err := os.Stat(out)
	if err != nil {
		return row{}, err
	}
	in, took := float64(before.Size())/1e6, median(wall)
	line := row{Name: m.name, Group: m.group, Values: []figure{
		figure(in), figure(float64(after.Size()) / 1e6), figure(took), figure(median(cpu)), figure(in / took), figure(median(peak) / 1e6),
	}}
	if c.wasmOpt == "" {
		return line, nil
	}
	limit := binaryenLimit
	if c.short {
		limit /= 4
	}
	lctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	u, err := runMeasured(lctx, c.wasmOpt, append(append([]string{}, optFlags...), "--asyncify", m.file, "-o", out)...)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		line.Mark, err = fmt.Sprintf("wasm-opt stopped: > %v", limit), nil
	}
	if err != nil {
		return row{}, fmt.Errorf("%s: %w", m.name, err)
	}
	line.Values = append(line.Values, figure(u.wall.Seconds()), figure(float64(u.peak)/1e6), figure(u.wall.Seconds()/took))
	return line, nil
}

// buildInputs are the whole programs, the modules given by name and, except for a
// short run, the Go compiler.
func (c *config) buildInputs(ctx context.Context) ([]module, error) {
	var mods []module
	for _, name := range []string{"lua", "sqlite"} {
		mods = append(mods, module{name, "programs", filepath.Join(c.dir, "programs", name, name+".wasm")})
	}
	if !c.short && c.only.MatchString("cmd/compile") {
		file, err := goCompiler(ctx, c)
		if err != nil {
			return nil, err
		}
		mods = append(mods, module{"cmd/compile", "large", file})
	}
	var chosen []module
	for _, m := range mods {
		if c.only.MatchString(m.name) {
			chosen = append(chosen, m)
		}
	}
	for _, file := range c.files {
		chosen = append(chosen, module{filepath.Base(file), "given", file})
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("nothing matches -only %s", c.only)
	}
	return chosen, nil
}

// goCompiler builds the Go compiler for wasip1, once per version of Go: 40 MB and
// more that everybody with Go has at hand.
func goCompiler(ctx context.Context, c *config) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "lunatic-bench", "compile-"+runtime.Version()+".wasm")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	fmt.Fprintf(c.log, "\r%-40s", "building cmd/compile for wasip1")
	part := file + ".part"
	if err := goBuild(ctx, c.root, []string{"GOOS=wasip1", "GOARCH=wasm"}, part, "cmd/compile"); err != nil {
		return "", err
	}
	return file, os.Rename(part, file)
}

func goBuild(ctx context.Context, dir string, env []string, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
	}
	return nil
}

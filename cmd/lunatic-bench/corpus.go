package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A workload is one call of one export, with the checksum a native build gave.
type workload struct {
	name   string // as in expected.txt: sieve, lua/fib
	group  string // kernels, programs
	file   string // path of the module
	export string
	full   run1
	brief  run1
}

// run1 is a size and the checksum that belongs to it.
type run1 struct {
	n    int32
	want uint64
}

// size picks what to run.
func (w *workload) size(short bool) run1 {
	if short {
		return w.brief
	}
	return w.full
}

// locate finds the project and its benchmarks from the working directory upwards.
func (c *config) locate() error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			c.root = d
			break
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	if c.dir == "" {
		if c.root == "" {
			return errors.New("no project here: name the benchmarks with -dir")
		}
		c.dir = filepath.Join(c.root, "testdata", "bench")
	}
	if _, err := os.Stat(filepath.Join(c.dir, "kernels", "expected.txt")); err != nil {
		return fmt.Errorf("no benchmarks: %w", err)
	}
	if c.ratios == "" {
		c.ratios = filepath.Join(c.dir, "ratios.json")
	}
	return nil
}

// workloads lists kernels, then programs, as far as they are asked for.
func (c *config) workloads() ([]workload, error) {
	var all []workload
	for _, group := range []string{"kernels", "programs"} {
		ws, err := readExpected(filepath.Join(c.dir, group), group)
		if err != nil {
			return nil, err
		}
		for _, w := range ws {
			if c.only.MatchString(w.name) {
				all = append(all, w)
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("nothing matches -only %s", c.only)
	}
	return all, nil
}

// readExpected reads expected.txt of a group: per line a name, a size and its
// checksum, a brief size and its checksum.
func readExpected(dir, group string) ([]workload, error) {
	name := filepath.Join(dir, "expected.txt")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var ws []workload
	line := 0
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		line++
		f := strings.Fields(s.Text())
		if len(f) != 5 {
			return nil, fmt.Errorf("%s:%d: want 5 fields, got %d", name, line, len(f))
		}
		w := workload{name: f[0], group: group}
		var errs [2]error
		w.full, errs[0] = parseRun(f[1], f[2])
		w.brief, errs[1] = parseRun(f[3], f[4])
		if err := errors.Join(errs[:]...); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		// A kernel is a module of its own; a program has an export per workload.
		program, export, ok := strings.Cut(w.name, "/")
		if ok {
			w.file, w.export = filepath.Join(dir, program, program+".wasm"), export
		} else {
			w.file, w.export = filepath.Join(dir, w.name+".wasm"), "run"
		}
		ws = append(ws, w)
	}
	return ws, nil
}

func parseRun(n, sum string) (run1, error) {
	size, err := strconv.ParseInt(n, 10, 32)
	if err != nil {
		return run1{}, err
	}
	want, err := strconv.ParseUint(sum, 16, 64)
	return run1{int32(size), want}, err
}

// A module is an input of size and build.
type module struct {
	name, group, file string
}

// modules lists kernels, whole programs, and the real modules in testdata/modules.
func (c *config) modules() ([]module, error) {
	var all []module
	for _, d := range []struct{ group, dir string }{
		{"kernels", filepath.Join(c.dir, "kernels")},
		{"programs", filepath.Join(c.dir, "programs")},
		{"modules", filepath.Join(filepath.Dir(c.dir), "modules")},
	} {
		err := filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				if errors.Is(err, fs.ErrNotExist) && d.group == "modules" {
					return nil
				}
				return err
			}
			if filepath.Ext(path) != ".wasm" || e.IsDir() {
				return nil
			}
			rel, err := filepath.Rel(d.dir, path)
			if err != nil {
				return err
			}
			name := strings.TrimSuffix(filepath.ToSlash(rel), ".wasm")
			if i := strings.LastIndexByte(name, '/'); i >= 0 {
				name = name[i+1:]
			}
			if c.only.MatchString(name) {
				all = append(all, module{name, d.group, path})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("nothing matches -only %s", c.only)
	}
	return all, nil
}

package runner_test

import (
	"context"
	"embed"
	"errors"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// instances are testdata/instances/*.wat, assembled with wat2wasm.
//
//go:embed testdata/instances/*.wasm
var instances embed.FS

// load loads one of them.
func (w *world) load(name string) *runner.Module {
	w.Helper()
	b, err := instances.ReadFile("testdata/instances/" + name + ".wasm")
	if err != nil {
		w.Fatal(err)
	}
	mod, err := w.rt.Load(context.Background(), b)
	if err != nil {
		w.Fatal(err)
	}
	return mod
}

const page = 65536

func TestMaxMemory(t *testing.T) {
	for _, tt := range []struct {
		limit, total uint64
		grow         int32
		want         uint32
	}{
		{0, 0, 3, 2},
		{5 * page, 0, 3, 2},
		{5*page - 1, 0, 3, 1<<32 - 1},
		{5 * page, 0, 4, 1<<32 - 1},
		{0, 5 * page, 3, 2},
		{0, 5 * page, 4, 1<<32 - 1},
		{0, 0, 65533, 2},
		{0, 0, 65534, 1<<32 - 1}, // 4 GiB: its size does not fit in 32 bits
		{0, 0, 1 << 30, 1<<32 - 1},
	} {
		w := newWorld(t, runner.Config{MaxTotalMemory: tt.total})
		p, err := w.env.Spawn(w.load("memory"), runner.ProcessConfig{MaxMemory: tt.limit}, "grow", value(tt.grow))
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if got := p.Exit().Code; got != tt.want {
			t.Errorf("%+v: memory.grow gave %#x", tt, got)
		}
		if st := w.rt.MemoryStats(); st.Memories != 0 || st.Bytes != 0 {
			t.Errorf("%+v: left over %+v", tt, st)
		}
		w.close()
	}
}

// What cannot be instantiated leaves no memory behind.
func TestMemoryOfFailedSpawns(t *testing.T) {
	for _, tt := range []struct {
		module       string
		limit, total uint64
		memory       bool // the error is a MemoryError
	}{
		{"memory", 2*page - 1, 0, true},
		{"memory", 0, 2*page - 1, true},
		{"start_traps", 0, 0, false},
		{"data_outside", 0, 0, false},
	} {
		w := newWorld(t, runner.Config{MaxTotalMemory: tt.total})
		mod := w.load(tt.module)
		for range 3 {
			_, err := w.env.Spawn(mod, runner.ProcessConfig{MaxMemory: tt.limit}, "_start")
			var memory *runner.MemoryError
			if err == nil || errors.As(err, &memory) != tt.memory {
				t.Errorf("%+v: %v", tt, err)
			}
		}
		if st := w.rt.MemoryStats(); st.Memories != 0 || st.Bytes != 0 || w.env.Processes() != 0 {
			t.Errorf("%+v: left over %+v", tt, st)
		}
		w.close()
	}
}

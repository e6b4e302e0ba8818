package runner

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// guestWasm is testdata/guest.wat, assembled with wat2wasm --debug-names.
//
//go:embed testdata/guest.wasm
var guestWasm []byte

// guestMeta is the metadata lunatic-build would have written for it.
func guestMeta() *rtlib.Meta {
	return &rtlib.Meta{Version: rtlib.Version, MaxFrame: 48, Bases: []uint32{0, 2, 4, 5}, Sites: 6}
}

// A script is a guest whose imports answer what the test says.
type script struct {
	*Guest
	mod     api.Module
	unwind  bool // suspend where possible
	refused []Refusal
	waits   []uint64 // parameters of wait
	onWait  func(ctx context.Context)
	now     []uint64 // answers if it does not suspend
}

func newScript(t testing.TB) *script {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { r.Close(ctx) })
	s := &script{unwind: true}
	block := func(ctx context.Context, stack []uint64) {
		if s.onWait != nil {
			s.onWait(ctx)
		}
		if s.unwind {
			why := GuestFrom(ctx).Suspend()
			if why == Granted {
				return
			}
			s.refused = append(s.refused, why)
		}
		copy(stack, s.now)
	}
	i32, i64 := api.ValueTypeI32, api.ValueTypeI64
	b := r.NewHostModuleBuilder("test")
	b.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, stack []uint64) {
		s.waits = append(s.waits, stack[0])
		block(ctx, stack[:1])
	}), []api.ValueType{i32}, []api.ValueType{i64}).Export("wait")
	b.NewFunctionBuilder().WithGoFunction(api.GoFunc(block), nil, []api.ValueType{i64, i64}).Export("pair")
	if _, err := b.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := InstantiateRT(ctx, r); err != nil {
		t.Fatal(err)
	}
	mod, err := r.Instantiate(ctx, guestWasm)
	if err != nil {
		t.Fatal(err)
	}
	s.mod = mod
	if s.Guest, err = NewGuest(mod, guestMeta()); err != nil {
		t.Fatal(err)
	}
	return s
}

// memory returns a copy of the guest's first bytes.
func (s *script) memory() []byte {
	b, _ := s.mod.Memory().Read(0, 4096)
	return bytes.Clone(b)
}

// run calls an export and answers every suspension with the next of the answers.
func (s *script) run(name string, stack []uint64, answers ...[]uint64) (State, error) {
	state, err := s.Call(context.Background(), s.mod.ExportedFunction(name), stack)
	for _, a := range answers {
		if state != Suspended || err != nil {
			return state, errors.Join(err, fmt.Errorf("%s instead of suspended", state))
		}
		state, err = s.Resume(context.Background(), a...)
	}
	return state, err
}

// deep is what the guest's function computes.
func deep(n int, acc, wait uint64) uint64 {
	if n == 0 {
		return wait + acc
	}
	return deep(n-1, acc+1, wait)*2 + uint64(n)
}

func TestSuspendAndResume(t *testing.T) {
	two := func(n ...uint64) []uint64 { return n }
	tests := []struct {
		name    string
		stack   []uint64
		answers [][]uint64
		want    []uint64
	}{
		{"deep", two(0, 5), [][]uint64{{10}}, two(15)},
		{"deep", two(1, 5), [][]uint64{{10}}, two(deep(1, 5, 10))},
		{"deep", two(20, 5), [][]uint64{{1 << 40}}, two(deep(20, 5, 1<<40))},
		{"deep", two(2000, 5), [][]uint64{{3}}, two(deep(2000, 5, 3))},
		{"serve", two(0), [][]uint64{{1}, {1}, {0}}, two(0)},
		{"serve", two(9), [][]uint64{{1}, {1}, {1}, {1}, {0}}, two(9)},
		{"add", two(1000), [][]uint64{{70, 8}}, two(1062)},
		{"tail", two(0), [][]uint64{{77}}, two(77)},
		{"tailpair", two(0, 0), [][]uint64{{77, 78}}, two(77, 78)},
	}
	for _, window := range []uint32{rtlib.Window, 16, 40, 4096} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s%v/%d", tt.name, tt.stack, window), func(t *testing.T) {
				s := newScript(t)
				s.SetWindow(window)
				before := s.memory()
				s.SetSlice(321)
				stack := slices.Clone(tt.stack)
				state, err := s.run(tt.name, stack, tt.answers...)
				if err != nil || state != Finished {
					t.Fatalf("got %v, %v", state, err)
				}
				if got := stack[:len(tt.want)]; !slices.Equal(got, tt.want) {
					t.Errorf("got %d, want %d", got, tt.want)
				}
				if !bytes.Equal(s.memory(), before) {
					t.Errorf("memory differs: %q", s.memory()[:120])
				}
				if got := s.Budget(); got != 321 {
					t.Errorf("budget is %d, want 321", got)
				}
				if s.FrameBytes() != 0 {
					t.Errorf("%d bytes of frames left", s.FrameBytes())
				}
			})
		}
	}
}

// While a guest is suspended its memory is its own and may change, also where the
// window was.
func TestMemoryWhileSuspended(t *testing.T) {
	s := newScript(t)
	stack := []uint64{3, 5}
	before := s.memory()
	if state, err := s.run("deep", stack); state != Suspended || err != nil {
		t.Fatal(state, err)
	}
	if !bytes.Equal(s.memory(), before) {
		t.Error("memory differs while suspended")
	}
	if got, want := s.FrameBytes(), 16+3*12; got != want {
		t.Errorf("%d bytes of frames, want %d", got, want)
	}
	s.mod.Memory().Write(0, []byte("changed"))
	s.Cool()
	if state, err := s.Resume(context.Background(), 1); state != Finished || err != nil {
		t.Fatal(state, err)
	}
	if got := s.memory()[:9]; string(got) != "changedyt" {
		t.Errorf("memory starts with %q", got)
	}
	if want := deep(3, 5, 1); stack[0] != want {
		t.Errorf("got %d, want %d", stack[0], want)
	}
}

func TestRefusals(t *testing.T) {
	s := newScript(t)
	s.now = []uint64{42}
	stack := []uint64{0}
	if state, err := s.run("pin", stack); state != Finished || err != nil || stack[0] != 42 {
		t.Errorf("pinned: %v, %v, %d", state, err, stack[0])
	}
	// From within a host call.
	inner := []uint64{1, 1}
	s.onWait = func(ctx context.Context) {
		s.onWait = nil
		s.unwind = true
		if state, err := s.Call(ctx, s.mod.ExportedFunction("deep"), inner); state != Finished || err != nil {
			t.Errorf("nested: %v, %v", state, err)
		}
		s.unwind = false
	}
	if state, err := s.run("tail", stack); state != Finished || err != nil {
		t.Errorf("outer: %v, %v", state, err)
	}
	if want := deep(1, 1, 42); inner[0] != want {
		t.Errorf("nested: got %d, want %d", inner[0], want)
	}
	s.unwind = true
	s.SetWindow(1 << 20)
	if state, err := s.run("tail", stack); state != Finished || err != nil {
		t.Errorf("memory: %v, %v", state, err)
	}
	plain, err := NewGuest(s.mod, nil)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := plain.Call(context.Background(), s.mod.ExportedFunction("tail"), stack); state != Finished || err != nil {
		t.Errorf("plain: %v, %v", state, err)
	}
	if got, want := fmt.Sprint(s.refused), "[pinned nested memory plain]"; got != want {
		t.Errorf("refusals %v, want %v", got, want)
	}
	if got := plain.CanSuspend(); got != RefusedStart {
		t.Errorf("outside a call: %v", got)
	}
}

// A trap ends the stack, frames included; the guest can be called again.
func TestTrapAfterResume(t *testing.T) {
	s := newScript(t)
	before := s.memory()
	state, err := s.run("late", nil, []uint64{1})
	if err == nil || !strings.Contains(err.Error(), "unreachable") {
		t.Fatalf("got %v, %v", state, err)
	}
	if !bytes.Equal(s.memory(), before) || s.FrameBytes() != 0 {
		t.Error("state is left over")
	}
	stack := []uint64{2, 5}
	if state, err := s.run("deep", stack, []uint64{4}); state != Finished || err != nil || stack[0] != deep(2, 5, 4) {
		t.Errorf("after the trap: %v, %v, %d", state, err, stack[0])
	}
	// A host function that panics, below frames that were saved.
	s.run("serve", []uint64{3})
	sentinel := errors.New("killed")
	s.onWait = func(context.Context) { panic(sentinel) }
	if _, err := s.Resume(context.Background(), 1); !errors.Is(err, sentinel) {
		t.Errorf("got %v, want %v", err, sentinel)
	}
	if s.FrameBytes() != 0 || s.paused {
		t.Error("frames are left over")
	}
}

func TestPreemptHook(t *testing.T) {
	s := newScript(t)
	calls := 0
	s.Preempt = func(_ context.Context, _ *Guest, mayUnwind bool) {
		calls++
		if mayUnwind {
			t.Error("spin cannot be unwound")
		}
	}
	s.SetSlice(9)
	if state, err := s.run("spin", []uint64{100}); state != Finished || err != nil {
		t.Fatal(state, err)
	}
	if calls != 10 {
		t.Errorf("%d slices ended, want 10", calls)
	}
}

// Frames, sites and globals come from the guest: what is wrong with them ends the
// call, not the host.
func TestBrokenArtifacts(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(s *script)
		want  string
	}{
		{"unknown site", func(s *script) { s.meta.Sites = 1 }, "unknown site 1"},
		{"frame too short", func(s *script) { s.frames[len(s.frames)-4] = 7 }, "a frame's size is wrong"},
		{"frame too long", func(s *script) { s.frames[len(s.frames)-4] = 255 }, "a frame's size is wrong"},
		{"too many results", func(s *script) { s.results = nil }, "2 words of results, room for 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(t)
			if state, err := s.run("deep", []uint64{1, 1}); state != Suspended || err != nil {
				t.Fatal(state, err)
			}
			tt.spoil(s)
			_, err := s.Resume(context.Background(), 1, 2)
			if !errors.Is(err, ErrArtifact) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	t.Run("version", func(t *testing.T) {
		s := newScript(t)
		meta := guestMeta()
		meta.Version++
		if _, err := NewGuest(s.mod, meta); !errors.Is(err, ErrArtifact) {
			t.Errorf("got %v", err)
		}
	})
}

// Whatever a guest writes to its frames and to the globals it shares with the host,
// the host neither panics nor hangs.
func TestHostileFrames(t *testing.T) {
	s := newScript(t)
	ctx := context.Background()
	s.now = []uint64{0, 0} // ends $serve if it cannot be suspended
	ends := make(map[string]int)
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		s.SetWindow(uint32(16 << r.IntN(4)))
		state, err := s.Call(ctx, s.mod.ExportedFunction([]string{"deep", "serve", "add"}[r.IntN(3)]), []uint64{r.Uint64N(20), 1})
		for n := 0; state == Suspended && err == nil && n < 5; n++ {
			for range r.IntN(3) {
				if len(s.frames) > 0 {
					s.frames[r.IntN(len(s.frames))] = byte(r.Uint32() >> r.IntN(9))
				}
			}
			if r.IntN(4) == 0 {
				s.fp.Set(r.Uint64())
			}
			s.onWait = nil
			if r.IntN(4) == 0 {
				s.onWait = func(context.Context) { s.budget.Set(uint64(r.Uint32())) }
			}
			state, err = s.Resume(ctx, r.Uint64N(3), 1)
		}
		switch {
		case err == nil:
			ends[state.String()]++
		case errors.Is(err, ErrArtifact):
			ends["refused"]++
		default:
			ends["trap"]++
		}
		s.reset()
		s.budget.Set(1000)
		s.mod.Memory().Write(0, make([]byte, 256))
	}
	if ends["refused"] == 0 || ends["finished"] == 0 {
		t.Errorf("no variety: %v", ends)
	}
}

func BenchmarkSuspend(b *testing.B) {
	for _, depth := range []uint64{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			s := newScript(b)
			ctx := context.Background()
			if state, err := s.run("serve", []uint64{depth}); state != Suspended || err != nil {
				b.Fatal(state, err)
			}
			s.waits = make([]uint64, 0, b.N+1)
			b.ReportAllocs()
			for b.Loop() {
				if state, err := s.Resume(ctx, 1); state != Suspended || err != nil {
					b.Fatal(state, err)
				}
				s.waits = s.waits[:0]
			}
		})
	}
}

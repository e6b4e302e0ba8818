package runner_test

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/tetratelabs/wazero/api"
)

// actorsWasm is testdata/actors.wat, assembled with wat2wasm --debug-names.
//
//go:embed testdata/actors.wasm
var actorsWasm []byte

// actors returns the artifact: the module with its metadata.
func actors() []byte {
	meta := rtlib.AppendMeta(nil, &rtlib.Meta{
		Version: rtlib.Version, Preempt: "park", MaxFrame: 12, Reusable: true,
		Suspend: []string{
			"lunatic::process.spawn", "lunatic::process.sleep_ms", "lunatic::message.receive",
			"lunatic::message.send_receive_skip_search", "wasi_snapshot_preview1.fd_read",
			"wasi_snapshot_preview1.poll_oneoff",
		},
		Bases: []uint32{0, 1, 2, 3, 4, 5}, Sites: 6, Funcs: []uint32{21, 23, 28, 33, 27, 30},
	})
	return addCustom(actorsWasm, rtlib.SectionMeta, meta)
}

// addCustom appends a custom section (of less than 16 KiB) to a module.
func addCustom(module []byte, name string, data []byte) []byte {
	body := append(append([]byte{byte(len(name))}, name...), data...)
	n := len(body)
	return append(append(bytes.Clone(module), 0, byte(n&0x7f|0x80), byte(n>>7)), body...)
}

// A world is a runtime with one environment.
type world struct {
	testing.TB
	rt       *runner.Runtime
	mod      *runner.Module
	env      *runner.Environment
	out      bytes.Buffer
	mu       sync.Mutex
	failures []string
}

func (w *world) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(b)
}

func newWorld(t testing.TB, cfg runner.Config) *world {
	t.Helper()
	w := &world{TB: t}
	cfg.Namespaces = host.All()
	cfg.Stdout = w
	cfg.OnFailure = func(p *runner.Process, e runner.Exit) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.failures = append(w.failures, e.Err.Error())
	}
	ctx := context.Background()
	var err error
	if w.rt, err = runner.New(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	if w.mod, err = w.rt.Load(ctx, actors()); err != nil {
		t.Fatal(err)
	}
	w.env = w.rt.NewEnvironment()
	return w
}

// close ends the runtime and checks that nothing is left.
func (w *world) close() {
	w.Helper()
	if err := w.env.Close(context.Background()); err != nil {
		w.Error(err)
	}
	if n := w.env.Processes(); n != 0 {
		w.Errorf("%d processes left", n)
	}
	if err := w.rt.Close(context.Background()); err != nil {
		w.Error(err)
	}
}

func (w *world) spawn(entry string, params ...any) *runner.Process {
	w.Helper()
	var values []runner.Value
	for _, x := range params {
		values = append(values, value(x))
	}
	p, err := w.env.Spawn(w.mod, runner.ProcessConfig{May: runner.MayAll}, entry, values...)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// value makes an argument of an entry function.
func value(x any) runner.Value {
	switch x := x.(type) {
	case int32:
		return runner.Value{Type: api.ValueTypeI32, Bits: [2]uint64{uint64(uint32(x))}}
	case int64:
		return runner.Value{Type: api.ValueTypeI64, Bits: [2]uint64{uint64(x)}}
	}
	panic(x)
}

func (w *world) run(entry string, params ...any) runner.Exit {
	w.Helper()
	p := w.spawn(entry, params...)
	<-p.Done()
	return p.Exit()
}

// inModes runs a test with and without stress, with one worker and several.
func inModes(t *testing.T, f func(t *testing.T, cfg runner.Config)) {
	for _, stress := range []runner.Stress{0, runner.StressSuspend, runner.StressYield, runner.StressAll} {
		for _, workers := range []int{1, 3} {
			t.Run(fmt.Sprintf("stress=%d,workers=%d", stress, workers), func(t *testing.T) {
				f(t, runner.Config{Stress: stress, Workers: workers})
			})
		}
	}
}

func wantExit(t testing.TB, got runner.Exit, reason runner.ExitReason, code uint32) {
	t.Helper()
	if got.Reason != reason || got.Code != code || got.Err != nil {
		t.Errorf("got %v, code %d, %v; want %v, code %d", got.Reason, got.Code, got.Err, reason, code)
	}
}

func TestPing(t *testing.T) {
	inModes(t, func(t *testing.T, cfg runner.Config) {
		w := newWorld(t, cfg)
		defer w.close()
		wantExit(t, w.run("ping", int32(200)), runner.ExitNormal, 0)
		st := w.rt.Stats()
		if st.Unwound < 200 || st.Parked != 0 || st.Spawned != 1 || st.FrameMax != 12 {
			t.Errorf("stats: %+v", st)
		}
	})
}

func TestTree(t *testing.T) {
	inModes(t, func(t *testing.T, cfg runner.Config) {
		w := newWorld(t, cfg)
		defer w.close()
		wantExit(t, w.run("tree", int32(8), int64(0)), runner.ExitNormal, 0)
		if st := w.rt.Stats(); st.Spawned != 1<<9-2 {
			t.Errorf("%d spawned", st.Spawned)
		}
	})
}

// The clock of a bubble stands still while something runs, and jumps when all wait.
func TestSleep(t *testing.T) {
	for _, entry := range []string{"sleep", "nap"} {
		for _, stress := range []runner.Stress{0, runner.StressAll} {
			t.Run(fmt.Sprintf("%s/stress=%d", entry, stress), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, runner.Config{Stress: stress})
					defer w.close()
					start := time.Now()
					n, code := int64(3_600_000), uint32(3)
					if entry == "nap" {
						n, code = n*1e6, 1
					}
					wantExit(t, w.run(entry, n), runner.ExitFailed, code)
					if d := time.Since(start); d != time.Hour {
						t.Errorf("slept %v", d)
					}
				})
			})
		}
	}
}

func TestKill(t *testing.T) {
	for _, tt := range []struct {
		entry  string
		params []any
	}{
		{"spin", nil},                         // at the end of its slice
		{"echo", nil},                         // suspended
		{"stuck", []any{int32(1)}},            // parked
		{"sleep", []any{int64(1) << 40}},      // with a timer
		{"nap", []any{int64(1) << 60}},        // in WASI
		{"cat", nil},                          // waiting for input
		{"tree", []any{int32(3), int64(999)}}, // running
	} {
		t.Run(tt.entry, func(t *testing.T) {
			in, hold := io.Pipe()
			defer hold.Close()
			w := newWorld(t, runner.Config{Workers: 1, Stdin: in, Slice: 1000})
			p := w.spawn(tt.entry, tt.params...)
			if tt.entry != "tree" {
				wantExit(t, w.run("burn", int64(10_000)), runner.ExitNormal, 0) // p has begun
			}
			w.close()
			select {
			case <-p.Done():
			default:
				t.Fatal("still alive")
			}
			if tt.entry != "tree" {
				wantExit(t, p.Exit(), runner.ExitKilled, 0)
			}
		})
	}
}

// Processes that compute share one worker with others, and are preempted by parking.
func TestPreemption(t *testing.T) {
	w := newWorld(t, runner.Config{Workers: 1, Slice: 500})
	defer w.close()
	w.spawn("spin")
	w.spawn("spin")
	wantExit(t, w.run("ping", int32(20)), runner.ExitNormal, 0)
	if st := w.rt.Stats(); st.ParkedWhy["slice"] == 0 || st.Unwound == 0 {
		t.Errorf("stats: %+v", st)
	}
}

func TestParkedReceive(t *testing.T) {
	w := newWorld(t, runner.Config{Workers: 1})
	defer w.close()
	p := w.spawn("stuck", int32(3))
	for range 3 {
		wantExit(t, w.run("tree", int32(0), int64(p.ID())), runner.ExitNormal, 0) // sends one message
	}
	<-p.Done()
	wantExit(t, p.Exit(), runner.ExitNormal, 0)
	if st := w.rt.Stats(); st.ParkedWhy["pinned"] == 0 {
		t.Errorf("stats: %+v", st)
	}
}

func TestStdin(t *testing.T) {
	inModes(t, func(t *testing.T, cfg runner.Config) {
		r, in := io.Pipe()
		cfg.Stdin = r
		w := newWorld(t, cfg)
		defer w.close()
		p := w.spawn("cat")
		var want strings.Builder
		for i := range 5 {
			s := strings.Repeat(string(rune('a'+i)), 300*i+1) // also more than the guest's buffer
			want.WriteString(s)
			io.WriteString(in, s)
		}
		in.Close()
		<-p.Done()
		wantExit(t, p.Exit(), runner.ExitNormal, 0)
		if w.out.String() != want.String() {
			t.Errorf("got %d bytes, want %d", w.out.Len(), want.Len())
		}
		if st := w.rt.Stats(); st.Unwound == 0 || st.Parked != 0 {
			t.Errorf("fd_read did not unwind: %+v", st)
		}
	})
}

func TestTraps(t *testing.T) {
	tests := []struct {
		entry string
		want  string
	}{
		{"badptr", "lunatic::message.read_data: there is no message in the scratch slot\n    at lunatic::message.read_data"},
		{"badmem", "lunatic::message.write_data: data_ptr: 16 bytes at 0xfffa are outside of the memory\n    at lunatic::message.write_data"},
		{"_start", "unreachable\n    at _start"},
		{"nothing", `module does not export the function "nothing"`},
		{"sleep", `entry function "sleep" takes 1 parameters, not 0`},
		{"__lunatic_resume", `entry function "__lunatic_resume" has results`},
	}
	for _, tt := range tests {
		t.Run(tt.entry, func(t *testing.T) {
			w := newWorld(t, runner.Config{})
			defer w.close()
			e := w.run(tt.entry)
			var trap *runner.Trap
			if e.Reason != runner.ExitFailed || !errors.As(e.Err, &trap) {
				t.Fatalf("got %v, %v", e.Reason, e.Err)
			}
			if !strings.HasPrefix(e.Err.Error(), tt.want) {
				t.Errorf("got %q, want %q", e.Err, tt.want)
			}
			if len(w.failures) != 1 {
				t.Errorf("failures: %q", w.failures)
			}
		})
	}
}

// What a runtime has started is gone when it is closed.
func TestNoLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		w := newWorld(t, runner.Config{Slice: 100})
		w.spawn("spin")
		w.spawn("stuck", int32(1))
		w.spawn("echo")
		w.spawn("sleep", int64(1)<<50)
		w.run("tree", int32(5), int64(0))
		w.close()
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond) // ended goroutines are counted for a moment
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, now\n%s", before, buf[:runtime.Stack(buf, true)])
}

func TestSpawnAfterClose(t *testing.T) {
	w := newWorld(t, runner.Config{})
	w.close()
	if _, err := w.env.Spawn(w.mod, runner.ProcessConfig{May: runner.MayAll}, "echo"); err == nil {
		t.Error("spawned in a closed environment")
	}
}

func BenchmarkPing(b *testing.B) {
	w := newWorld(b, runner.Config{Workers: 1})
	defer w.close()
	b.ReportAllocs()
	b.ResetTimer()
	if e := w.run("ping", int32(b.N)); e.Err != nil {
		b.Fatal(e.Err)
	}
}

func BenchmarkTree(b *testing.B) {
	w := newWorld(b, runner.Config{})
	defer w.close()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N/1024 + 1 {
		if e := w.run("tree", int32(9), int64(0)); e.Err != nil {
			b.Fatal(e.Err)
		}
	}
}

// Many processes on many workers, spawned, linked, killed and told things at once.
func TestHammer(t *testing.T) {
	w := newWorld(t, runner.Config{Workers: 4, Slice: 50})
	defer w.close()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				p := w.spawn("tree", int32(4), int64(0))
				w.spawn("stuck", int32(2))
				w.spawn("echo")
				wantExit(t, w.run("ping", int32(10)), runner.ExitNormal, 0)
				<-p.Done()
				wantExit(t, p.Exit(), runner.ExitNormal, 0)
			}
		})
	}
	wg.Wait()
	n := w.env.Processes()
	for patience := time.Now().Add(time.Minute); n != 2*4*5 && time.Now().Before(patience); n = w.env.Processes() {
		time.Sleep(time.Millisecond) // who has been killed, or has said its last word, ends in its own time
	}
	if n != 2*4*5 {
		t.Errorf("%d processes wait, want %d", n, 2*4*5)
	}
}

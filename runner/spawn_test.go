package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// BenchmarkSpawn spawns a process, hears from it, and sees it gone.
func BenchmarkSpawn(b *testing.B) {
	for _, reuse := range []bool{true, false} {
		b.Run(fmt.Sprintf("reuse=%v", reuse), func(b *testing.B) {
			w := newWorld(b, runner.Config{Workers: 1, NoReuse: !reuse})
			defer w.close()
			mod := w.artifact("spawn")
			b.ReportAllocs()
			b.ResetTimer()
			p, err := w.env.Spawn(mod, runner.ProcessConfig{May: runner.MaySpawn}, "spawn", value(int32(b.N)))
			if err != nil {
				b.Fatal(err)
			}
			<-p.Done()
			wantExit(b, p.Exit(), runner.ExitNormal, 0)
		})
	}
}

// BenchmarkSpawners is the same from a process for each worker, all together.
func BenchmarkSpawners(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			w := newWorld(b, runner.Config{Workers: workers})
			defer w.close()
			mod := w.artifact("spawn")
			b.ResetTimer()
			var all []*runner.Process
			for range workers {
				p, err := w.env.Spawn(mod, runner.ProcessConfig{May: runner.MaySpawn}, "spawn", value(int32(max(1, b.N/workers))))
				if err != nil {
					b.Fatal(err)
				}
				all = append(all, p)
			}
			for _, p := range all {
				<-p.Done()
				wantExit(b, p.Exit(), runner.ExitNormal, 0)
			}
		})
	}
}

// An environment that is closed while processes and the host spawn in it ends all of them, those
// that are just coming too.
func TestCloseWhileSpawning(t *testing.T) {
	w := newWorld(t, runner.Config{Workers: 3})
	defer w.close()
	mod := w.artifact("spawn")
	for range 30 {
		env := w.rt.NewEnvironment()
		var hosts sync.WaitGroup
		for range 3 {
			hosts.Go(func() {
				for {
					_, err := env.Spawn(mod, runner.ProcessConfig{May: runner.MaySpawn}, "spawn", value(int32(1<<30)))
					if errors.Is(err, runner.ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for env.Processes() < 5 {
			runtime.Gosched()
		}
		if err := env.Close(context.Background()); err != nil {
			t.Error(err)
		}
		hosts.Wait()
		if n := env.Processes(); n != 0 {
			t.Errorf("%d processes after the end", n)
		}
		if err := env.Close(context.Background()); err != nil { // again
			t.Error(err)
		}
	}
}

// TestIdle is what idle processes cost, all included. LUNATIC_IDLE says how many there are.
func TestIdle(t *testing.T) {
	n := 2_000
	if s := os.Getenv("LUNATIC_IDLE"); s != "" {
		fmt.Sscan(s, &n)
	}
	w := newWorld(t, runner.Config{HibernateAfter: -1})
	mod := w.artifact("spawn")
	before := footprint(t)
	start := time.Now()
	p, err := w.env.Spawn(mod, runner.ProcessConfig{May: runner.MaySpawn}, "idle", value(int32(n)))
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	for w.rt.Stats().Unwound < uint64(n) { // until the last one waits
		runtime.Gosched()
	}
	spawned := time.Since(start)
	if got := w.env.Processes(); got != n {
		t.Errorf("%d processes, want %d", got, n)
	}
	if st := w.rt.MemoryStats(); st.Memories != n {
		t.Errorf("%d memories, want %d", st.Memories, n)
	}
	peak := footprint(t)
	debug.FreeOSMemory()
	after := footprint(t)
	start = time.Now()
	if err := w.env.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	ended := time.Since(start)
	if st := w.rt.MemoryStats(); st.Memories != 0 || st.Bytes != 0 {
		t.Errorf("left over: %+v", st)
	}
	each := func(kib int) float64 { return float64(kib) / float64(n) }
	t.Logf("%d idle processes: %.1f KiB each as they come, %.1f after a collection (page tables %.2f, Go heap %.1f); %.1f us to spawn, %.1f us to end",
		n, each(peak.total()-before.total()), each(after.total()-before.total()), each(after.tables-before.tables), each(after.heap-before.heap),
		float64(spawned.Microseconds())/float64(n), float64(ended.Microseconds())/float64(n))
	w.close()
}

// TestIdleCollector says what the garbage collector takes while LUNATIC_IDLE processes are idle
// and a few others exchange 100,000 messages a second, for LUNATIC_SECONDS. One collection is
// among it at least: Go makes one every two minutes.
func TestIdleCollector(t *testing.T) {
	n, seconds := 2_000, 0.2
	if s := os.Getenv("LUNATIC_IDLE"); s != "" {
		fmt.Sscan(s, &n)
	}
	if s := os.Getenv("LUNATIC_SECONDS"); s != "" {
		fmt.Sscan(s, &seconds)
	}
	w := newWorld(t, runner.Config{HibernateAfter: -1})
	p, err := w.env.Spawn(w.artifact("spawn"), runner.ProcessConfig{May: runner.MaySpawn}, "idle", value(int32(n)))
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	for w.rt.Stats().Unwound < uint64(n) {
		runtime.Gosched()
	}
	const messages, every = 1_000, 10 * time.Millisecond
	before, sent := cpuTimes(t), 0
	for start := time.Now(); time.Since(start).Seconds() < seconds; {
		wantExit(t, w.run("ping", int32(messages/2)), runner.ExitNormal, 0)
		sent += messages
		time.Sleep(time.Until(start.Add(time.Duration(sent/messages) * every)))
	}
	after := cpuTimes(t)
	total, used, collector := after[0]-before[0], after[0]-before[0]-after[1]+before[1], after[2]-before[2]
	t.Logf("%d idle processes, %.0f messages/s: the collector took %.3f of what the machine can do, %.3f of what was used (%.2f of %.2f s of CPU); %v collections",
		n, float64(sent)/total*float64(runtime.GOMAXPROCS(0)), collector/total, collector/used, collector, used, after[3]-before[3])
	w.close()
}

// cpuTimes returns the CPU time there has been, that of it which was idle, and the collector's, in
// seconds, and the number of collections.
func cpuTimes(t *testing.T) (times [4]float64) {
	runtime.GC() // brings the times up to date
	samples := []metrics.Sample{
		{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}, {Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/gc/cycles/automatic:gc-cycles"},
	}
	metrics.Read(samples)
	for i, s := range samples {
		switch s.Value.Kind() {
		case metrics.KindFloat64:
			times[i] = s.Value.Float64()
		case metrics.KindUint64:
			times[i] = float64(s.Value.Uint64())
		default:
			t.Fatalf("%s: no such metric", s.Name)
		}
	}
	return times
}

// A cost is memory in KiB.
type cost struct{ resident, tables, heap int }

func (c cost) total() int { return c.resident + c.tables }

func footprint(t *testing.T) (c cost) {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	c.heap = int(mem.HeapAlloc >> 10)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	for line := range bytes.Lines(status) {
		fmt.Sscanf(string(line), "VmRSS: %d", &c.resident)
		fmt.Sscanf(string(line), "VmPTE: %d", &c.tables)
	}
	return c
}

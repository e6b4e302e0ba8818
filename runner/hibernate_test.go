package runner_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// eventually waits for a minute: machines may be slow.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); {
		if time.Since(start) > time.Minute {
			t.Fatalf("after a minute there is still no %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// A dormitory has processes of testdata/instances/hibernate.wat, and hears from them.
type dormitory struct {
	*world
	module *runner.Module
	h      *runner.HostProcess
}

func newDormitory(t testing.TB, cfg runner.Config) *dormitory {
	t.Helper()
	if cfg.HibernateAfter == 0 {
		cfg.HibernateAfter = time.Millisecond
	}
	w := newWorld(t, cfg)
	d := &dormitory{world: w, module: w.artifact("hibernate")}
	var err error
	if d.h, err = w.env.NewHostProcess(); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *dormitory) close() {
	d.Helper()
	d.h.Close()
	d.world.close()
	if st := d.rt.MemoryStats(); st.Memories != 0 || st.Bytes != 0 {
		d.Errorf("left over: %+v", st)
	}
	if n := d.rt.Census().Hibernating; n != 0 {
		d.Errorf("%d processes hibernate after the end", n)
	}
}

func (d *dormitory) spawn(cfg runner.ProcessConfig, entry string, params ...any) *runner.Process {
	d.Helper()
	values := []runner.Value{value(int64(d.h.ID()))}
	for _, x := range params {
		values = append(values, value(x))
	}
	p, err := d.env.Spawn(d.module, cfg, entry, values...)
	if err != nil {
		d.Fatal(err)
	}
	return p
}

// hibernating waits until n processes hibernate.
func (d *dormitory) hibernating(n int) {
	d.Helper()
	eventually(d, fmt.Sprintf("census with %d hibernating", n), func() bool { return d.rt.Census().Hibernating == n })
}

// answer is the number in the next message.
func (d *dormitory) answer() uint64 {
	d.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	m, err := d.h.Receive(ctx)
	if err != nil {
		d.Fatal(err)
	}
	if m.Kind != runner.Data || len(m.Data) != 8 {
		d.Fatalf("message %+v", m)
	}
	return binary.LittleEndian.Uint64(m.Data)
}

func (d *dormitory) send(p *runner.Process, n uint64) {
	d.h.Send(p.ID(), &runner.Message{Data: binary.LittleEndian.AppendUint64(nil, n)})
}

// A keeping is what a process called keep has to keep.
type keeping struct{ depth, from, step, pages int32 }

// sum is what the guest's function of this name gives: the memory is made again here.
func (k keeping) sum() (s uint64) {
	mem := make([]byte, int(2+k.pages)<<16)
	copy(mem[16:], "abcdefgh")
	copy(mem[4090:], "over a page's end")
	copy(mem[131064:], "the last")
	for at := int(k.from); k.step > 0 && at < len(mem); at += int(k.step) {
		mem[at] = byte(at ^ at>>8)
	}
	for at, b := range mem {
		s += uint64(b) * uint64(at)
	}
	return s
}

// result is what its function deep gives.
func (k keeping) result() (sum uint64) {
	x, y := uint64(5), 1.5
	for range k.depth {
		sum += 3*x + uint64(math.Trunc(y))
		x, y = x+11, y+0.25
	}
	return sum
}

var keepings = []struct {
	keeping
	awake bool // it stays so
}{
	{keeping: keeping{}},
	{keeping: keeping{depth: 1, from: 1000, step: 70000}},
	{keeping: keeping{depth: 60, from: 5000, step: 4096, pages: 3}},
	{keeping: keeping{depth: 1000, from: 0, step: 9, pages: 1}},
	{keeping: keeping{depth: 3, from: 131000, step: 1, pages: 1}},
	{keeping: keeping{from: 131070, step: 3, pages: 38}, awake: true}, // more than is kept
	{keeping: keeping{pages: 38}},                                     // as large as it can be: its instance does not rest
}

// A process is after each wake what it was before, whatever there is of it.
func TestHibernate(t *testing.T) {
	const rounds = 3
	for _, workers := range []int{1, 3} {
		for i, k := range keepings {
			t.Run(fmt.Sprintf("workers=%d,%d", workers, i), func(t *testing.T) {
				d := newDormitory(t, runner.Config{Workers: workers})
				defer d.close()
				p := d.spawn(runner.ProcessConfig{}, "keep", int32(rounds), k.depth, k.from, k.step, k.pages)
				if got, want := d.answer(), k.sum(); got != want {
					t.Fatalf("the sum of its memory is %d, want %d", got, want)
				}
				bytes := uint64(2+k.pages) << 16
				for range rounds {
					n := 1
					if k.awake {
						n = 0
						eventually(t, "process that waits", func() bool { return d.rt.Stats().Unwound > 0 })
						time.Sleep(5 * time.Millisecond)
					}
					d.hibernating(n)
					if st := d.rt.MemoryStats(); st.Memories != 1-n || st.Bytes != bytes {
						t.Errorf("while %d hibernates: %+v, want %d bytes", n, st, bytes)
					}
					d.send(p, 0)
					if got, want := d.answer(), k.result(); got != want {
						t.Errorf("its frames make %d, want %d", got, want)
					}
				}
				<-p.Done()
				wantExit(t, p.Exit(), runner.ExitNormal, 0)
				if st := d.rt.Stats(); k.awake != (st.Hibernations == 0) || !k.awake && st.Wakes < rounds {
					t.Errorf("%d hibernations, %d wakes", st.Hibernations, st.Wakes)
				}
			})
		}
	}
}

// With StressHibernate all of that happens at each suspension.
func TestHibernateAlways(t *testing.T) {
	inModes(t, func(t *testing.T, cfg runner.Config) {
		cfg.Stress |= runner.StressHibernate
		cfg.HibernateAfter = -1
		d := newDormitory(t, cfg)
		defer d.close()
		for _, k := range keepings[:4] {
			p := d.spawn(runner.ProcessConfig{}, "keep", int32(2), k.depth, k.from, k.step, k.pages)
			if got, want := d.answer(), k.sum(); got != want {
				t.Fatalf("the sum of its memory is %d, want %d", got, want)
			}
			for range 2 {
				d.send(p, 0)
				if got, want := d.answer(), k.result(); got != want {
					t.Errorf("its frames make %d, want %d", got, want)
				}
			}
			<-p.Done()
			wantExit(t, p.Exit(), runner.ExitNormal, 0)
		}
		if st := d.rt.Stats(); st.Hibernations == 0 || st.Wakes == 0 {
			t.Errorf("%d hibernations, %d wakes", st.Hibernations, st.Wakes)
		}
	})
}

// Whatever wakes a process finds it: messages, time-outs, timers, standard input.
func TestHibernateWakes(t *testing.T) {
	d := newDormitory(t, runner.Config{})
	defer d.close()
	p := d.spawn(runner.ProcessConfig{}, "wait")
	d.hibernating(1)
	d.send(p, 41)
	if got := d.answer(); got != 42 {
		t.Errorf("message: %d", got)
	}
	p = d.spawn(runner.ProcessConfig{}, "wait")
	d.hibernating(1)
	if _, err := d.env.SendAfter(p.ID(), &runner.Message{Data: []byte("\x08\x00\x00\x00\x00\x00\x00\x00")}, 20, nil); err != nil {
		t.Fatal(err)
	}
	if got := d.answer(); got != 9 {
		t.Errorf("timer: %d", got)
	}
	d.spawn(runner.ProcessConfig{}, "late", int64(50))
	if got := d.answer(); got != 9027 {
		t.Errorf("time-out: %d", got)
	}
	d.spawn(runner.ProcessConfig{}, "nap", int64(50))
	if got := d.answer(); got != 50 {
		t.Errorf("sleep: %d", got)
	}
	for _, own := range []bool{true, false} { // an output of its own: the instance has its own streams
		r, w := io.Pipe()
		cfg := runner.ProcessConfig{Stdin: r}
		if own {
			cfg.Stdout = io.Discard
		}
		d.spawn(cfg, "input")
		d.hibernating(1)
		if _, err := io.WriteString(w, "12345678"); err != nil {
			t.Fatal(err)
		}
		if got, want := d.answer(), binary.LittleEndian.Uint64([]byte("12345678")); got != want {
			t.Errorf("input: %x, want %x", got, want)
		}
		w.Close()
	}
	if st := d.rt.Stats(); st.Wakes < 4 {
		t.Errorf("%d hibernations, %d wakes", st.Hibernations, st.Wakes)
	}
}

// A process that hibernates can end without being woken; who wants to know is told.
func TestHibernateEnds(t *testing.T) {
	d := newDormitory(t, runner.Config{})
	defer d.close()
	p := d.spawn(runner.ProcessConfig{}, "wait")
	q := d.spawn(runner.ProcessConfig{}, "wait")
	d.hibernating(2)
	d.h.Monitor(p.ID())
	d.h.Link(p.ID(), 5)
	d.hibernating(2) // they look at their signals, and stay what they are
	d.env.Kill(p.ID())
	<-p.Done()
	wantExit(t, p.Exit(), runner.ExitKilled, 0)
	kinds := map[runner.MessageKind]int{}
	for range 2 {
		m, err := d.h.Receive(context.Background())
		if err != nil || m.PID != p.ID() || m.Reason != runner.ExitKilled {
			t.Fatalf("got %+v, %v", m, err)
		}
		kinds[m.Kind]++
	}
	if kinds[runner.LinkDied] != 1 || kinds[runner.ProcessDied] != 1 {
		t.Errorf("notices: %v", kinds)
	}
	d.hibernating(1)
	if st := d.rt.MemoryStats(); st.Bytes != 2<<16 {
		t.Errorf("one left: %+v", st)
	}
	d.send(q, 1)
	if got := d.answer(); got != 2 {
		t.Errorf("got %d", got)
	}
}

// The end of an environment is the end of those that hibernate in it.
func TestHibernateClose(t *testing.T) {
	const n = 300
	before := runtime.NumGoroutine()
	d := newDormitory(t, runner.Config{})
	for range n {
		d.spawn(runner.ProcessConfig{}, "wait")
	}
	d.hibernating(n)
	if st := d.rt.MemoryStats(); st.Memories != 0 || st.Bytes != n*2<<16 {
		t.Errorf("while they hibernate: %+v", st)
	}
	d.close()
	eventually(t, "end of all goroutines", func() bool { return runtime.NumGoroutine() <= before })
}

// What keeps a process awake: files, and not being suspended.
func TestHibernateNot(t *testing.T) {
	d := newDormitory(t, runner.Config{})
	defer d.close()
	p := d.spawn(runner.ProcessConfig{}, "files")
	q := d.spawn(runner.ProcessConfig{}, "wait")
	d.hibernating(1)
	d.send(q, 0)
	d.answer()
	eventually(t, "end", func() bool { return d.env.Processes() == 2 })
	d.send(p, 0)
	if got := d.answer(); got != 8 { // EBADF: it is still closed
		t.Errorf("closed file: %d", got)
	}
	<-p.Done()
}

// Messages come while processes go to sleep: none is lost.
func TestHibernateRace(t *testing.T) {
	const n, rounds = 50, 200
	d := newDormitory(t, runner.Config{HibernateAfter: 50 * time.Microsecond})
	defer d.close()
	var all []*runner.Process
	for range n {
		all = append(all, d.spawn(runner.ProcessConfig{}, "keep", int32(rounds), int32(2), int32(0), int32(0), int32(0)))
	}
	for range n {
		d.answer()
	}
	want := keeping{depth: 2}.result()
	for round := range rounds {
		for _, p := range all {
			d.send(p, 0)
		}
		for range n {
			if got := d.answer(); got != want {
				t.Fatalf("round %d: %d, want %d", round, got, want)
			}
		}
	}
	for _, p := range all {
		<-p.Done()
		wantExit(t, p.Exit(), runner.ExitNormal, 0)
	}
}

// BenchmarkHibernate lets one process hibernate and wakes it, again and again, in an instance
// that rests or in a new one. small has changed some words of its memory, large 16 KiB of it.
func BenchmarkHibernate(b *testing.B) {
	for _, size := range []struct {
		name string
		keeping
	}{{"small", keeping{depth: 1, from: 5000, step: 40000}}, {"large", keeping{depth: 20, from: 5000, step: 8}}} {
		for _, rests := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s,rests=%v", size.name, rests), func(b *testing.B) {
				d := newDormitory(b, runner.Config{HibernateAfter: -1})
				defer d.close()
				p := d.spawn(runner.ProcessConfig{}, "keep", int32(1), size.depth, size.from, size.step, int32(0))
				d.answer()
				var sleeps, wakes []time.Duration
				kept := 0
				eventually(b, "hibernation", func() bool { return runner.Hibernate(p, rests, &kept) > 0 })
				runner.Rouse(p)
				for b.Loop() {
					sleeps = append(sleeps, runner.Hibernate(p, rests, &kept))
					wakes = append(wakes, runner.Rouse(p))
				}
				d.send(p, 0)
				if got, want := d.answer(), size.result(); got != want {
					b.Errorf("its frames make %d, want %d", got, want)
				}
				slices.Sort(sleeps)
				slices.Sort(wakes)
				us := func(xs []time.Duration, part int) float64 { return float64(xs[len(xs)*part/100].Nanoseconds()) / 1e3 }
				b.ReportMetric(us(sleeps, 50), "us/hibernation")
				b.ReportMetric(us(wakes, 50), "us/wake")
				b.ReportMetric(us(wakes, 99), "us/wake-p99")
				b.ReportMetric(float64(kept), "B/snapshot")
			})
		}
	}
}

// TestIdleHibernating is what processes that hibernate cost, all included. LUNATIC_IDLE says
// how many there are.
func TestIdleHibernating(t *testing.T) {
	n := 2_000
	if s := os.Getenv("LUNATIC_IDLE"); s != "" {
		fmt.Sscan(s, &n)
	}
	w := newWorld(t, runner.Config{HibernateAfter: 50 * time.Millisecond})
	mod := w.artifact("spawn")
	before := footprint(t)
	start := time.Now()
	for spawned := 0; spawned < n; { // not so many awake at once: their page tables would stay
		batch := min(20_000, n-spawned)
		p, err := w.env.Spawn(mod, runner.ProcessConfig{May: runner.MaySpawn}, "idle", value(int32(batch)))
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		spawned += batch
		eventually(t, "hibernation of all", func() bool { return w.rt.Census().Hibernating == spawned })
	}
	asleep := time.Since(start)
	peak := footprint(t)
	debug.FreeOSMemory()
	after := footprint(t)
	each := func(kib int) float64 { return float64(kib) * 1024 / float64(n) }
	t.Logf("%d hibernating processes: %.0f bytes each as they come, %.0f after a collection (page tables %.0f, Go heap %.0f); %.1f us to spawn and fall asleep",
		n, each(peak.total()-before.total()), each(after.total()-before.total()), each(after.tables-before.tables), each(after.heap-before.heap),
		float64(asleep.Microseconds())/float64(n))
	start = time.Now()
	if err := w.env.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f us to end", float64(time.Since(start).Microseconds())/float64(n))
	if st := w.rt.MemoryStats(); st.Memories != 0 || st.Bytes != 0 {
		t.Errorf("left over: %+v", st)
	}
	w.close()
}

// What processes that hibernate have left is given back: more of it than rested instances hold.
func TestHibernateGivesBack(t *testing.T) {
	const n = 300
	d := newDormitory(t, runner.Config{HibernateAfter: 200 * time.Millisecond})
	defer d.close()
	for range n {
		d.spawn(runner.ProcessConfig{}, "wait")
	}
	d.hibernating(n)
	eventually(t, "end of pages in free slots", func() bool { return d.rt.MemoryStats().Warm == 0 })
}

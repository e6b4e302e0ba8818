package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/tetratelabs/wazero/api"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/transform"
)

// FuzzHostCalls lets a process call host functions with what a hostile guest may think
// of. Its input is a sequence: the number of a function, two bytes, and what its arguments
// are made of (see script.arg). Children that the process spawns read on in the same input.
//
// The host must not panic, must end every process that is killed, and must not leak;
// meanwhile another process of the runtime answers. What is reached: sockets of 127.0.0.1, and
// files of one temporary directory.
func FuzzHostCalls(f *testing.F) {
	z := newFuzzer(f)
	z.seeds(f)
	f.Fuzz(func(t *testing.T, input []byte) { z.run(t, input) })
}

const (
	// maxCalls bounds a sequence.
	maxCalls = 200
	// fuzzStall is for how long a process may do nothing before it is killed: it waits.
	fuzzStall = 2 * time.Millisecond
	// fuzzPatience is how long the host may take for anything.
	fuzzPatience = 30 * time.Second
	// leakEvery is how many inputs are between two looks at goroutines and descriptors.
	leakEvery = 64
)

// A fuzzer runs sequences in one runtime.
type fuzzer struct {
	rt        *runner.Runtime
	mod       *runner.Module
	calls     []hostCall
	memory    []byte   // what a process's memory holds at first
	shapes    [][2]int // address and length of what is in it
	cfg       runner.ProcessConfig
	bystander uint64
	pinger    *runner.HostProcess

	scripts sync.Map // *runner.Environment -> *script
	mu      sync.Mutex
	faults  []string // what OnFailure has found

	inputs                  int
	goroutines, descriptors int
}

func newFuzzer(t testing.TB) *fuzzer {
	ctx := context.Background()
	dir := t.TempDir()
	z := &fuzzer{calls: hostCalls(t)}
	z.fillMemory(dir)
	metrics, err := NewGuestMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	build := func(ctx context.Context, module []byte) ([]byte, error) {
		b, _, err := transform.Build(ctx, module, transform.Options{})
		return b, err
	}
	z.rt, err = runner.New(ctx, runner.Config{
		Namespaces: append(All(), z.namespace()), MaxProcesses: 20, MaxTotalMemory: 256 << 20,
		Metrics: metrics, Build: build, OnFailure: z.failed, Stress: runner.StressWindow,
	})
	if err != nil {
		t.Fatal(err)
	}
	artifact, err := build(ctx, fuzzGuest(z.calls))
	if err == nil {
		z.mod, err = z.rt.Load(ctx, artifact)
	}
	if err != nil {
		t.Fatal(err)
	}
	local := runner.Access{Allow: rules(t, "127.0.0.1", "[::1]")}
	z.cfg = runner.ProcessConfig{
		Args: []string{"fuzz"}, Env: [][2]string{{"A", "b"}}, Dirs: []runner.Dir{{Host: dir, Guest: "/tmp"}}, May: runner.MayAll,
		MaxMemory: 1 << 20, MaxMessages: 1000, MaxMailbox: 1 << 20,
		Net: runner.Network{Connect: local, Listen: local, Resolve: runner.Access{Deny: rules(t, "*")}},
	}
	env := z.rt.NewEnvironment()
	b, err := env.Spawn(z.mod, runner.ProcessConfig{}, "serve")
	if err != nil {
		t.Fatal(err)
	}
	z.bystander = b.ID()
	if z.pinger, err = env.NewHostProcess(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		z.pinger.Close()
		closing, cancel := context.WithTimeout(ctx, fuzzPatience)
		defer cancel()
		if err := z.rt.Close(closing); err != nil {
			t.Error(err)
		}
	})
	z.ping(t)
	z.goroutines, z.descriptors = runtime.NumGoroutine(), fuzzDescriptors()
	return z
}

func rules(t testing.TB, texts ...string) (rules []runner.Rule) {
	for _, s := range texts {
		r, err := runner.ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r)
	}
	return rules
}

// knownFaults are texts of faults that are not ours to mend, or not yet.
var knownFaults = map[string]string{
	"wasi_snapshot_preview1.fd_filestat_set_times": "wazero 1.12 knows no file system of the standard streams: refused for 0 to 2, but fd_renumber can move them",
}

// failed looks for traps that are the host's fault.
func (z *fuzzer) failed(_ *runner.Process, e runner.Exit) {
	trap, ok := e.Err.(*runner.Trap)
	if !ok {
		return
	}
	if text := trap.Error() + trap.GoStack; trap.GoStack != "" || strings.HasPrefix(text, "host: ") ||
		strings.Contains(text, "runtime error") || strings.Contains(text, "goroutine ") {
		for known := range knownFaults {
			if strings.Contains(text, known) {
				return
			}
		}
		z.mu.Lock()
		z.faults = append(z.faults, text)
		z.mu.Unlock()
	}
}

// run runs one sequence.
func (z *fuzzer) run(t *testing.T, input []byte) {
	if len(input) > 0 {
		z.rt.Stats() // may be read at any time
	}
	env := z.rt.NewEnvironment()
	s := &script{fuzzer: z, input: input, current: make(map[uint64]*hostCall)}
	z.scripts.Store(env, s)
	defer z.scripts.Delete(env)
	root, err := env.Spawn(z.mod, z.cfg, "_start")
	if err != nil {
		t.Fatal(err)
	}
	z.ping(t)
	seen := -1
	for stalled := 0; stalled < 2; {
		select {
		case <-root.Done():
			stalled = 2
		case <-time.After(fuzzStall):
			if n := s.progress(); n == seen {
				stalled++
			} else {
				seen, stalled = n, 0
			}
		}
	}
	z.ping(t)
	ctx, cancel := context.WithTimeout(context.Background(), fuzzPatience)
	defer cancel()
	if err := env.Close(ctx); err != nil {
		t.Fatalf("%v\n%s\n%s", err, s.log(), stacks())
	}
	z.mu.Lock()
	if len(z.faults) > 0 {
		t.Errorf("the host panicked:\n%s\nafter:\n%s", strings.Join(z.faults, "\n\n"), s.log())
		z.faults = nil
	}
	z.mu.Unlock()
	if z.inputs++; z.inputs%leakEvery == 0 {
		z.leaks(t)
	}
}

// ping asks the bystander.
func (z *fuzzer) ping(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), fuzzPatience)
	defer cancel()
	z.pinger.Send(z.bystander, &runner.Message{Tag: 1, Data: binary.LittleEndian.AppendUint64(nil, z.pinger.ID())})
	if _, err := z.pinger.Receive(ctx, 1); err != nil {
		t.Fatalf("the bystander does not answer: %v\n%s", err, stacks())
	}
}

// leaks compares with the beginning. What is left of a process may take a moment to end.
func (z *fuzzer) leaks(t testing.TB) {
	const slack = 8 // the runtime's, the fuzzing engine's
	var goroutines, descriptors int
	for deadline := time.Now().Add(fuzzPatience); ; time.Sleep(time.Millisecond) {
		goroutines, descriptors = runtime.NumGoroutine(), fuzzDescriptors()
		if goroutines <= z.goroutines+slack && descriptors <= z.descriptors+slack {
			return
		}
		if time.Now().After(deadline) {
			break
		}
		runtime.GC()
	}
	t.Fatalf("%d goroutines and %d descriptors, at first %d and %d\n%s", goroutines, descriptors, z.goroutines, z.descriptors, stacks())
}

// fuzzDescriptors counts descriptors; 0 where there is no /proc.
func fuzzDescriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

func stacks() string {
	var b bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&b, 1)
	return b.String()
}

// A script is one input, which the processes of an environment read.
type script struct {
	*fuzzer
	mu      sync.Mutex
	input   []byte
	calls   int
	current map[uint64]*hostCall // by process
	shape   [2]int               // the last one that an argument pointed to
	last    uint64               // result
	done    []string
}

func (s *script) progress() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *script) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.done, "\n")
}

// bytes reads n bytes, zeros at the end.
func (s *script) bytes(n int) []byte {
	b := make([]byte, n)
	s.input = s.input[copy(b, s.input):]
	return b
}

// next returns the number of the next call, -1 at the end.
func (s *script) next(p *runner.Process) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == 0 || s.current[p.ID()] == nil {
		copy(p.Bytes("", 0, uint64(len(s.memory))), s.memory)
	}
	s.calls++
	if len(s.input) == 0 || s.calls > maxCalls {
		p.Fail("", "the end")
	}
	i := int(binary.LittleEndian.Uint16(s.bytes(2))) % len(s.fuzzer.calls)
	c := &s.fuzzer.calls[i]
	s.current[p.ID()] = c
	s.done = append(s.done, fmt.Sprintf("process %d: %v", p.ID(), c))
	return uint64(i)
}

// arg returns the value of a parameter. What it is made of begins with a byte.
func (s *script) arg(p *runner.Process, i uint64) (v uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.current[p.ID()]
	if c == nil {
		return 0
	}
	typ := api.ValueTypeI32 // of lunatic_alloc
	if i < uint64(len(c.params)) {
		typ = c.params[i]
	}
	how := int(s.bytes(1)[0])
	switch typ {
	case api.ValueTypeI32:
		v = s.arg32(p, how)
	case api.ValueTypeI64:
		v = s.arg64(p, how)
	default:
		v = s.argFloat(how)
	}
	s.done[len(s.done)-1] += fmt.Sprintf(" %#x", v)
	return v
}

func (s *script) arg32(p *runner.Process, how int) uint64 {
	size := p.MemorySize()
	switch {
	case how < 96: // a pointer
		s.shape = s.shapes[how%len(s.shapes)]
		return uint64(s.shape[0])
	case how < 160: // the length of what the last one points to
		return uint64(s.shape[1])
	case how < 192:
		return uint64(how - 160)
	case how < 224:
		odd := []uint32{1<<32 - 1, 1<<32 - 4, 1<<32 - 8, 1 << 31, 1<<31 - 1, size, size + 1, size - 1, size - 4, size - 7, size - 8, size - 16, 1 << 30, 1 << 16, 4096, 1 << 29}
		return uint64(odd[how%len(odd)])
	case how < 250: // room for results
		return uint64(fuzzRoom + 64*(how-224))
	default:
		return uint64(binary.LittleEndian.Uint32(s.bytes(4)))
	}
}

func (s *script) arg64(p *runner.Process, how int) uint64 {
	odd := []uint64{1<<64 - 1, 1 << 63, 1<<63 - 1, 1 << 32, 1<<32 - 1, p.ID(), p.ID() + 1, s.last, 1000, 1 << 40, 1 << 20, 65536}
	switch {
	case how < 160: // ids, tags, short times
		return uint64(how % 8)
	case how < 250:
		return odd[how%len(odd)]
	default:
		return binary.LittleEndian.Uint64(s.bytes(8))
	}
}

func (s *script) argFloat(how int) uint64 {
	odd := []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 1e-320, 0.5}
	if how < 250 {
		return math.Float64bits(odd[how%len(odd)])
	}
	return binary.LittleEndian.Uint64(s.bytes(8))
}

// namespace has the functions that the guest gets its orders from.
func (z *fuzzer) namespace() runner.Namespace {
	script := func(p *runner.Process) *script {
		s, ok := z.scripts.Load(p.Environment())
		if !ok {
			p.Fail("", "the end")
		}
		return s.(*script)
	}
	return runner.Namespace{Name: "fuzz", Funcs: []runner.Func{
		{Name: "next", Type: "-> i32", Call: func(p *runner.Process, stack []uint64) { stack[0] = script(p).next(p) }},
		{Name: "arg", Type: "i32 -> i64", Call: func(p *runner.Process, stack []uint64) { stack[0] = script(p).arg(p, stack[0]) }},
		{Name: "result", Type: "i64", Call: func(p *runner.Process, stack []uint64) {
			s := script(p)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.last = stack[0]
			s.done[len(s.done)-1] += fmt.Sprintf(" = %#x", stack[0])
		}},
		{Name: "receive", Type: "-> i32", Call: func(p *runner.Process, stack []uint64) { p.Receive(nil, 1<<64-1, runner.Buffer{}, stack) }},
		{Name: "answer", Call: func(p *runner.Process, stack []uint64) {
			if m := p.Scratch; m != nil && len(m.Data) == 8 {
				p.Scratch = nil
				p.Send(binary.LittleEndian.Uint64(m.Data), m)
			}
		}},
	}}
}

// fuzzRoom is where results may be written.
const fuzzRoom = 0x8000

// fillMemory lays out what arguments may point to.
func (z *fuzzer) fillMemory(dir string) {
	u32 := func(words ...uint32) (b []byte) {
		for _, w := range words {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		return b
	}
	u64 := func(words ...uint64) (b []byte) {
		for _, w := range words {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
		return b
	}
	param := func(typ byte, v uint64) []byte { return append(append([]byte{typ}, u64(v)...), make([]byte, 8)...) }
	c := clock(7, clockMonotonic, 1e6, 0)
	var stdin [48]byte
	stdin[8] = eventFdRead
	ca, err := testCA()
	if err != nil {
		panic(err)
	}
	texts := []any{
		"", "_start", "serve", "end", "name", "/tmp", "file", ".", "../..", "~", "127.0.0.1", "[::1]:0", "127.0.0.1:9", "localhost:80", "*:1-2",
		"\xff\xfe", strings.Repeat("x", 5000), ":memory:", "/tmp/a.db", "lunatic::message",
		"CREATE TABLE IF NOT EXISTS t(a, b)", "INSERT INTO t VALUES (?, ?)", "SELECT *, ? FROM t", "SELECT 1; SELECT", "PRAGMA page_size = 65536",
		"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT sum(x) FROM c", "SELECT randomblob(1e9)",
		net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback, net.IPv4zero.To4(), net.IPv6unspecified,
		param(0x7e, 1), append(param(0x7f, 1), param(0x7b, 2)...), param(0x70, 0), []byte{0x7e},
		u32(0x100, 16, fuzzRoom, 64), u32(0, 1<<32-1), u32(1<<32-8, 16), bytes.Repeat(u32(0x100, 1<<16), 20),
		u64(1, 2, 3), bytes.Repeat(u64(5), 20), c[:], append(c[:], stdin[:]...), bytes.Repeat([]byte{0xff}, 96),
		u64(1, 1, 1)[:4], append(append(u64(2), append(u32(1), u64(1)...)...), append(u32(5), append(u64(7), append(u32(0), u32(0)...)...)...)...),
		guest, []byte("\x00asm\x01\x00\x00\x00"), []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x08\x01\x00\x0a\x05\x01\x03\x00\x00\x0b"),
		[]byte("\x00asm\x01\x00\x00\x00\x05\x05\x01\x01\x80\x08\x01"), []byte("\x00asm\x01\x00\x00\x00\x04\x08\x01\x70\x00\xff\xff\xff\xff\x0f"),
		ca[0], ca[1],
	}
	z.memory = make([]byte, 0x100)
	for _, x := range texts {
		var b []byte
		switch x := x.(type) {
		case string:
			b = []byte(x)
		case []byte:
			b = x
		case net.IP:
			b = x
		}
		z.shapes = append(z.shapes, [2]int{len(z.memory), len(b)})
		z.memory = append(z.memory, b...)
	}
	if len(z.memory) > fuzzRoom || len(z.shapes) > 96 {
		panic("fillMemory: more than arg32 can name")
	}
	os.WriteFile(filepath.Join(dir, "file"), []byte("contents"), 0o666)
	os.Mkdir(filepath.Join(dir, "d"), 0o777)
}

// seeds adds, for each function, sequences that call it: with arguments that may be right,
// and after others.
func (z *fuzzer) seeds(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	call := func(b []byte, i int) []byte {
		b = binary.LittleEndian.AppendUint16(b, uint16(i))
		for k, t := range z.calls[i].params {
			how := byte(r.IntN(160))
			switch {
			case r.IntN(10) == 0:
				how = byte(r.IntN(256))
			case t == api.ValueTypeI32 && k == len(z.calls[i].params)-1 && r.IntN(2) == 0:
				how = byte(224 + r.IntN(26))
			case t == api.ValueTypeI32 && k > 0 && z.calls[i].params[k-1] == t && r.IntN(3) > 0:
				how = 100
			}
			b = append(b, how)
		}
		return b
	}
	short := testing.Short()
	for i := range z.calls {
		var alone []byte
		for range 4 {
			alone = call(alone, i)
		}
		f.Add(alone)
		if short {
			continue
		}
		for range 3 {
			var b []byte
			for range 30 {
				j := r.IntN(len(z.calls))
				if r.IntN(2) == 0 { // of the same namespace, about
					j = min(max(0, i+r.IntN(20)-10), len(z.calls)-1)
				}
				b = call(b, j)
			}
			f.Add(call(b, i))
		}
	}
}

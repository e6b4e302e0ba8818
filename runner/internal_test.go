package runner

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// Every process that is pushed is popped once, in order for one consumer.
func TestRunQueue(t *testing.T) {
	var q runQueue
	const n = 1000
	var got []uint64
	for i := range uint64(n) {
		q.push(&Process{id: i})
		if i%3 == 2 {
			got = append(got, q.pop().id)
		}
	}
	for p := q.pop(); p != nil; p = q.pop() {
		got = append(got, p.id)
	}
	if len(got) != n || !slices.IsSorted(got) {
		t.Errorf("%d processes, sorted %v", len(got), slices.IsSorted(got))
	}

	var sum atomic.Uint64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range uint64(n) {
				q.push(&Process{id: i})
				if p := q.pop(); p != nil {
					sum.Add(p.id)
				}
			}
		})
	}
	wg.Wait()
	for p := q.pop(); p != nil; p = q.pop() {
		sum.Add(p.id)
	}
	if want := uint64(4 * n * (n - 1) / 2); sum.Load() != want {
		t.Errorf("sum %d, want %d", sum.Load(), want)
	}
}

func TestCallee(t *testing.T) {
	for _, tt := range [][2]string{
		{"main.f()", "main.f"},
		{"main.f(i32,i64) f64", "main.f"},
		{"main.f(i32) (i32,i64)", "main.f"},
		{".core::ops::call_once{{vtable.shim}}(i32)", ".core::ops::call_once{{vtable.shim}}"},
		{".std::vec<(i32, i32)>::push(i32,i32)", ".std::vec<(i32, i32)>::push"},
		{"odd", "odd"},
	} {
		if got := callee(tt[0]); got != tt[1] {
			t.Errorf("callee(%q) is %q, want %q", tt[0], got, tt[1])
		}
	}
}

// The frames that were saved are the outer part of a backtrace.
func TestBacktraceOfFrames(t *testing.T) {
	s := newScript(t)
	if state, err := s.run("late", nil); state != Suspended || err != nil {
		t.Fatal(state, err)
	}
	s.meta.Funcs = []uint32{5, 7, 9, 11}
	s.frames = slices.Concat(frame(1, 12), frame(3, 12), s.frames) // deep, serve, late
	_, err := s.Resume(context.Background(), 1)
	if err == nil {
		t.Fatal("no trap")
	}
	p := &Process{id: 7, guest: s.Guest, mod: &Module{meta: s.meta, names: nameSection{raw: findCustom(guestWasm, "name")}}}
	trap := newTrap(p, err)
	if trap.Reason != "unreachable" || strings.Join(trap.Backtrace, " ") != "late serve deep" {
		t.Errorf("got %q, %q", trap.Reason, trap.Backtrace)
	}
}

// frame is a saved frame without values.
func frame(site, size byte) []byte {
	b := make([]byte, size)
	b[size-8], b[size-4] = site, size
	return b
}

func TestStdinReadsAhead(t *testing.T) {
	r, w := io.Pipe()
	s := NewStdin(r)
	p := &Process{}
	buf := make([]byte, 4)
	if _, err := s.Read(buf); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("empty: %v", err)
	}
	if s.Ready(p) {
		t.Error("ready too early")
	}
	w.Write([]byte("abcdef"))
	for !s.Ready(p) {
	}
	for _, want := range []string{"abcd", "ef"} {
		n, err := s.Read(buf)
		if string(buf[:n]) != want || err != nil {
			t.Errorf("got %q, %v, want %q", buf[:n], err, want)
		}
	}
	if _, err := s.Read(buf); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("after it: %v", err)
	}
	s.Ready(p)
	w.Close()
	for !s.Ready(p) {
	}
	if _, err := s.Read(buf); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if p.state.Load() != active|news {
		t.Error("nobody was woken")
	}
}

// Standard input reads more at once the longer it is, and loses nothing.
func TestStdinGrows(t *testing.T) {
	text := strings.Repeat("0123456789", 50_000)
	s := NewStdinAfter([]byte("head:"), strings.NewReader(text))
	p := &Process{}
	var got strings.Builder
	buf := make([]byte, 10_000)
	for reads := 0; ; {
		n, err := s.Read(buf)
		got.Write(buf[:n])
		if err == io.EOF {
			if reads > 2+len(text)/stdinAhead+2 {
				t.Errorf("the source was read %d times", reads)
			}
			break
		}
		if errors.Is(err, syscall.EAGAIN) {
			reads++
			for !s.Ready(p) {
				runtime.Gosched()
			}
		}
	}
	if got.String() != "head:"+text {
		t.Errorf("got %d bytes, want %d", got.Len(), len("head:"+text))
	}
}

func TestFrameBuckets(t *testing.T) {
	for _, n := range []int{0, 8, 100, 4095, 4096, 5000, 1 << 20, MaxFrames} {
		i := frameBucket(n)
		if lo, hi := bucketSize(i), bucketSize(i+1); n < lo || n >= hi {
			t.Errorf("%d bytes are in the bucket from %d to %d", n, lo, hi)
		}
	}
}

func TestTypes(t *testing.T) {
	for _, s := range []string{"i32 ->", "-> i64", "", "i32 i64 f32 f64 -> f64 i32"} {
		if _, _, err := parseType(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"int", "-> i32 i32 i32 i32 i32", "i32, i32"} {
		if _, _, err := parseType(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}

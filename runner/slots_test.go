package runner

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
)

// A class's slots hold what classOf sends there, and no smaller class does.
func TestSlotClasses(t *testing.T) {
	for class := range numClasses {
		size := classSize(class)
		if got := classOf(size); got != class {
			t.Errorf("class of %d is %d, want %d", size, got, class)
		}
		if got := classOf(size + 1); size < maxSlot && got != class+1 {
			t.Errorf("class of %d is %d, want %d", size+1, got, class+1)
		}
		if class > 0 && size > 2*classSize(class-1) {
			t.Errorf("class %d of %d bytes is more than twice the one before", class, size)
		}
	}
	if got := classSize(numClasses - 1); got != maxSlot {
		t.Errorf("largest slot %d, want %d", got, uint64(maxSlot))
	}
	if classOf(0) != 0 || classSize(0) != minSlot {
		t.Error("the smallest slot is not minSlot")
	}
}

func newSlots(t testing.TB, limit uint64) *slotSet {
	s := &slotSet{}
	s.init(limit)
	t.Cleanup(func() {
		if st := s.stats(); st.Memories != 0 || st.Bytes != 0 {
			t.Errorf("left over: %+v", st)
		}
		s.close()
	})
	return s
}

func (s *slotSet) want(t testing.TB, min, max, limit uint64) *linearMemory {
	t.Helper()
	m, err := s.newMemory(memoryType{min: min, max: max, any: true}, limit)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Whatever is written to whichever part of a memory, the next one that gets its slot
// sees zeros.
func TestSlotsAreZero(t *testing.T) {
	s := newSlots(t, 0)
	r := rand.New(rand.NewPCG(1, 2))
	var live []*linearMemory
	for range 3000 {
		if len(live) > 8 || len(live) > 0 && r.IntN(2) == 0 {
			i := r.IntN(len(live))
			live[i].release()
			live[i] = live[len(live)-1]
			live = live[:len(live)-1]
			continue
		}
		size := uint64(1+r.IntN([]int{1, 3, 20, 100}[r.IntN(4)])) * minSlot
		m := s.want(t, size, maxSlot, maxSlot)
		b := m.Reallocate(size)
		if uint64(len(b)) != size || !allZero(b) {
			t.Fatalf("a memory of %d bytes is not %d zeros", len(b), size)
		}
		for range r.IntN(5) {
			b[r.IntN(len(b))] = 1
		}
		if r.IntN(4) == 0 {
			size *= uint64(1 + r.IntN(4))
			if b = m.Reallocate(size); b == nil {
				t.Fatal("did not grow")
			}
			b[len(b)-1] = 1
		}
		if r.IntN(20) == 0 {
			for i := range b {
				b[i] = byte(i + 1)
			}
		}
		live = append(live, m)
	}
	for _, m := range live {
		m.release()
	}
	if st := s.stats(); mapped && st.FreeSlots == 0 {
		t.Error("no slot is free to be used again")
	}
}

func allZero(b []byte) bool {
	for len(b) > 0 {
		n := min(len(b), len(zeros))
		if !isZero(b[:n]) {
			return false
		}
		b = b[n:]
	}
	return true
}

// A memory keeps its contents and reads as zeros behind them, whether it moves or not.
func TestMemoryGrows(t *testing.T) {
	for _, step := range []uint64{1, 3, 40, 300} {
		s := newSlots(t, 0)
		m := s.want(t, minSlot, maxSlot, maxSlot)
		want := make([]byte, minSlot)
		got := m.Reallocate(minSlot)
		for i := uint64(1); i < 6; i++ {
			for at := 0; at < len(want); at += 8*4096 + 17 {
				want[at], got[at] = byte(at/4096), byte(at/4096)
			}
			want[len(want)-1], got[len(got)-1] = 7, 7
			size := (1 + i*step) * minSlot
			if got = m.Reallocate(size); uint64(len(got)) != size {
				t.Fatalf("grew to %d, want %d", len(got), size)
			}
			want = append(want, make([]byte, int(size)-len(want))...)
			if !bytes.Equal(got, want) {
				t.Fatalf("steps of %d: wrong contents at %d bytes", step, size)
			}
		}
		if s.stats().Bytes != uint64(len(want)) {
			t.Errorf("%d bytes in use, want %d", s.stats().Bytes, len(want))
		}
		m.release()
		m.release() // no harm
	}
}

// Where a memory is large it grows where it is, and so does a shared one.
func TestMemoryStays(t *testing.T) {
	if !mapped {
		t.Skip("no mappings")
	}
	s := newSlots(t, 0)
	for _, tt := range []struct {
		typ memoryType
		to  uint64
	}{
		{memoryType{min: roomy, max: maxSlot, any: true}, 4 * roomy},
		{memoryType{min: minSlot, max: 256 * minSlot, any: true, shared: true}, 256 * minSlot},
	} {
		m, err := s.newMemory(tt.typ, DefaultMaxMemory)
		if err != nil {
			t.Fatal(err)
		}
		before := &m.Reallocate(tt.typ.min)[0]
		if after := m.Reallocate(tt.to); &after[0] != before {
			t.Errorf("%+v: moved", tt.typ)
		}
		if tt.typ.shared && m.Reallocate(tt.to+minSlot) != nil {
			t.Error("a shared memory grew beyond its maximum")
		}
		m.release()
	}
}

func TestMemoryLimits(t *testing.T) {
	s := newSlots(t, 10*minSlot)
	m := s.want(t, minSlot, maxSlot, 4*minSlot+5)
	if m.Reallocate(5*minSlot) != nil {
		t.Error("grew beyond the process's limit")
	}
	if b := m.Reallocate(4 * minSlot); len(b) != 4*minSlot {
		t.Errorf("%d bytes within the limit", len(b))
	}
	var failed *MemoryError
	if _, err := s.newMemory(memoryType{min: 2 * minSlot, any: true}, minSlot); !errors.As(err, &failed) || failed.What != "process" {
		t.Errorf("minimum above the process's limit: %v", err)
	}
	if _, err := s.newMemory(memoryType{min: 7 * minSlot, any: true}, maxSlot); !errors.As(err, &failed) || failed.What != "runtime" {
		t.Errorf("minimum above the runtime's limit: %v", err)
	}
	n := s.want(t, 5*minSlot, maxSlot, maxSlot)
	if n.Reallocate(7*minSlot) != nil || s.stats().Bytes != 9*minSlot {
		t.Errorf("grew beyond the runtime's limit: %+v", s.stats())
	}
	if n.Reallocate(6*minSlot) == nil {
		t.Error("did not grow to the runtime's limit")
	}
	m.release()
	n.release()

	// All that there can be, and nothing at all.
	if !mapped {
		return
	}
	s = newSlots(t, 0)
	m = s.want(t, 0, maxSlot, DefaultMaxMemory)
	if b := m.Reallocate(0); b == nil || len(b) != 0 {
		t.Error("an empty memory is none")
	}
	if m.Reallocate(maxSlot) != nil {
		t.Error("grew beyond the default limit")
	}
	if b := m.Reallocate(maxSlot - minSlot); uint64(len(b)) != maxSlot-minSlot {
		t.Errorf("grew to %d bytes", len(b))
	}
	m.release()
}

// Memories are not mappings: there may be more of them than the kernel allows.
func TestManyMemories(t *testing.T) {
	n := 200_000
	if !mapped || testing.Short() {
		t.Skip("no mappings, or short")
	}
	s := newSlots(t, 0)
	before := mappings(t)
	all := make([]*linearMemory, n)
	for i := range all {
		size := uint64(minSlot)
		if i%4 == 0 {
			size = 16 * minSlot
		}
		all[i] = s.want(t, size, maxSlot, maxSlot)
		if i%50 == 0 {
			all[i].Reallocate(size)[5] = 1
		}
	}
	if got := mappings(t) - before; got > 100 {
		t.Errorf("%d mappings for %d memories", got, n)
	}
	for _, m := range all {
		m.release()
	}
}

func mappings(t *testing.T) int {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	return bytes.Count(maps, []byte("\n"))
}

// Slots may be taken and given back on any goroutine.
func TestSlotsConcurrently(t *testing.T) {
	s := newSlots(t, 0)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				size := uint64(1+(g+i)%20) * minSlot
				m, err := s.newMemory(memoryType{min: size, max: maxSlot, any: true}, maxSlot)
				if err != nil {
					t.Error(err)
					return
				}
				b := m.Reallocate(size)
				if b[i] != 0 || b[len(b)-1] != 0 {
					t.Error("not zero")
				}
				b[i], b[len(b)-1] = 1, 1
				b = m.Reallocate(3 * size)
				if b[i] != 1 || b[size-1] != 1 {
					t.Error("lost")
				}
				m.release()
				if i%100 == 0 {
					s.cool()
				}
			}
		})
	}
	wg.Wait()
}

// What nobody has used between two calls of cool has no pages any more, and reads as zeros.
func TestSlotsCool(t *testing.T) {
	s := newSlots(t, 0)
	use := func(n int) {
		var live []*linearMemory
		for range n {
			m := s.want(t, 1<<20, maxSlot, maxSlot)
			b := m.Reallocate(1 << 20)
			if b[5000] != 0 {
				t.Error("a used slot is not zero")
			}
			b[5000] = 1
			live = append(live, m)
		}
		for _, m := range live {
			m.release()
		}
	}
	use(8)
	for i, step := range []struct{ use, warm int }{{0, 8}, {3, 3}, {0, 0}, {8, 8}, {0, 0}} {
		if i > 0 {
			use(step.use)
		}
		s.cool()
		if !mapped {
			step.warm = 0
		}
		if got := int(s.stats().Warm) / pageSize; got != step.warm {
			t.Errorf("step %d: %d pages are left, want %d", i, got, step.warm)
		}
	}
}

// What finds used pages finds all of them.
func TestEachUsed(t *testing.T) {
	s := newSlots(t, 0)
	for _, size := range []uint64{minSlot, 2 * minSlot, 48 * minSlot} {
		m := s.want(t, size, maxSlot, maxSlot)
		b := m.Reallocate(size)
		for _, at := range []int{0, int(size)/2 - 1, int(size) - 1} {
			b[at] = 9
		}
		found := 0
		ok := eachUsed(b, func(lo, hi int) bool {
			for _, x := range b[lo:hi] {
				if x == 9 {
					found++
				}
			}
			return true
		})
		if ok && found != 3 || !ok && size <= maxScan {
			t.Errorf("%d bytes: found %d of 3, %v", size, found, ok)
		}
		m.release()
	}
}

func TestParseMemory(t *testing.T) {
	head := []byte("\x00asm\x01\x00\x00\x00")
	for _, tt := range []struct {
		name, sections string
		want           memoryType
	}{
		{"none", "\x01\x01\x00", memoryType{}},
		{"empty section", "\x05\x01\x00", memoryType{}},
		{"minimum", "\x01\x01\x00\x05\x03\x01\x00\x11", memoryType{min: 17 * minSlot, max: maxSlot, any: true}},
		{"maximum", "\x05\x05\x01\x01\x02\x80\x02", memoryType{min: 2 * minSlot, max: 256 * minSlot, any: true}},
		{"shared", "\x05\x04\x01\x03\x01\x02", memoryType{min: minSlot, max: 2 * minSlot, any: true, shared: true}},
		{"cut off", "\x05\x07\x01", memoryType{}},
	} {
		if got := parseMemory(append(head, tt.sections...)); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	if got := parseMemory(nil); got.any {
		t.Error("a memory in nothing")
	}
}

func BenchmarkMemory(b *testing.B) {
	for _, bb := range []struct {
		name    string
		pages   uint64
		touched int
	}{{"1page", 1, 1}, {"1page/4", 1, 4}, {"17pages", 17, 2}, {"17pages/20", 17, 20}} {
		b.Run(bb.name, func(b *testing.B) {
			s := newSlots(b, 0)
			for range b.N {
				m := s.want(b, bb.pages*minSlot, maxSlot, maxSlot)
				mem := m.Reallocate(bb.pages * minSlot)
				for i := range bb.touched {
					mem[i*len(mem)/bb.touched] = 1
				}
				m.release()
			}
		})
	}
}

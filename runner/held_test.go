package runner

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero/api"
)

// growable stands for wazero's side of a memory.
type growable struct {
	api.Memory
	m *linearMemory
}

func (g growable) Grow(pages uint32) (uint32, bool) {
	old := g.m.size
	return uint32(old / minSlot), g.m.Reallocate(old+uint64(pages)*minSlot) != nil
}

// scribble changes the bytes of mem at some place, in one of the ways in which a host and its guests
// do that.
func scribble(t *testing.T, r *rand.Rand, mem []byte, zero *os.File) {
	t.Helper()
	at := r.IntN(len(mem) - 64)
	switch part := mem[at : at+1+r.IntN(63)]; r.IntN(4) {
	case 0:
		part[0] = 1
	case 1:
		copy(part, bytes.Repeat([]byte{2}, len(part)))
	case 2: // the kernel
		if _, err := zero.ReadAt(part, 0); err != nil {
			t.Fatal(err)
		}
	case 3: // a thread that ends at once
		done := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			part[0] = 3
			close(done)
		}()
		<-done
	}
}

// Whatever has been written to whichever part of a memory, however it has grown and whoever had
// its slot before: restored, it is what it was at first.
func TestRestore(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/text")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(bytes.Repeat([]byte{4}, 64)); err != nil {
		t.Fatal(err)
	}
	s := newSlots(t, 0)
	r := rand.New(rand.NewPCG(3, 4))
	asked, restored := 0, 0
	for range 150 {
		b := &blueprint{memory: uint64(1+r.IntN([]int{2, 30}[r.IntN(2)])) * minSlot}
		for at := r.IntN(40) * pageSize; at < int(b.memory) && len(b.pages) < 5; at += (1 + r.IntN(40)) * pageSize {
			b.pages = append(b.pages, imagePage{at, bytes.Repeat([]byte{5}, pageSize)})
		}
		want := make([]byte, b.memory)
		m := s.want(t, b.memory, maxSlot, maxSlot)
		for _, p := range b.pages {
			copy(m.slot[p.at:], p.data)
			copy(want[p.at:], p.data)
		}
		for range 20 {
			before := m.held
			now := faults()
			if !m.restore(b, growable{m: m}, now) {
				break // it is too much
			}
			if restored++; before == nil || m.held != before || before.faults != now {
				asked++
			}
			if uint64(m.size) != b.memory || !bytes.Equal(m.slot[:m.size], want) {
				t.Fatalf("a memory of %d bytes is not as at first", b.memory)
			}
			for range r.IntN(4) {
				scribble(t, r, m.slot[:m.size], file)
			}
			if r.IntN(6) == 0 {
				m.Reallocate(m.size + uint64(r.IntN(8))*minSlot)
				scribble(t, r, m.slot[m.size-minSlot:m.size], file)
			}
		}
		for range 10 { // so that its pages are there for the next one
			scribble(t, r, m.slot[:m.size], file)
		}
		m.release()
	}
	t.Logf("%d restored, the kernel was asked for %d", restored, asked)
}

// As long as no page is touched for the first time, the kernel is not asked again.
func TestHeld(t *testing.T) {
	if !countsFaults() {
		t.Skip("the system does not count page faults")
	}
	s := newSlots(t, 0)
	b := &blueprint{memory: 16 * minSlot}
	m := s.want(t, b.memory, maxSlot, maxSlot)
	defer m.release()
	m.slot[12345] = 1
	m.slot[b.memory-1] = 1
	var now int64
	for try := 0; ; try++ { // another thread may have a page fault meanwhile
		m.slot[12345] = 1
		before := m.held
		now = faults()
		if !m.restore(b, nil, now) {
			t.Fatal("not restored")
		}
		if before != nil && before.faults == now {
			break
		}
		if try == 1_000_000 {
			t.Fatal("there are page faults all the time")
		}
	}
	page := func(at int) span { return span{at / pageSize * pageSize, at/pageSize*pageSize + pageSize} }
	if want := []span{page(12345), page(int(b.memory) - 1)}; !slices.Equal(m.held.ranges, want) {
		t.Errorf("held: %v, want %v", m.held.ranges, want)
	}
	m.slot[b.memory/2] = 1
	if got := faults(); got <= now {
		t.Errorf("%d page faults after another page, %d before", got, now)
	}
	// What is behind the end may have pages, of whom the slot was before.
	if m.Reallocate(b.memory); m.held == nil {
		t.Error("forgotten without a reason")
	}
	if m.Reallocate(b.memory + minSlot); m.held != nil {
		t.Error("still held when it has grown")
	}
}

// Instances are cleaned several at a time, and none is handed out that is not clean.
func TestPools(t *testing.T) {
	s := newSlots(t, 0)
	ps := pools{max: 2 * maxTired}
	closed := 0
	b := [2]*blueprint{{memory: minSlot}, {memory: 2 * minSlot}}
	lay := func(i int, tired bool) bool {
		m := s.want(t, b[i].memory, maxSlot, maxSlot)
		m.part(true)
		if tired {
			m.slot[i*minSlot] = 1
		}
		r := &rested{inst: closer{n: &closed}, memory: m, mem: growable{m: m}, key: poolKey{blueprint: b[i]}}
		kept := ps.put(r, tired)
		if !kept {
			r.close()
		}
		return kept
	}
	take := func(i int) *rested {
		r := ps.take(poolKey{blueprint: b[i]})
		if r != nil && !allZero(r.memory.slot[:r.memory.size]) {
			t.Fatal("a used instance")
		}
		return r
	}
	if take(0) != nil {
		t.Error("an instance from nowhere")
	}
	for round := range 3 * tiredEvery { // one at a time, at first
		lay(0, true)
		r := take(0)
		if r != nil {
			r.close()
		} else if round < tiredEvery-1 {
			t.Fatalf("round %d: the tired instance is kept back", round)
		}
	}
	for ps.n.Load() > 0 {
		if r := take(0); r != nil {
			r.close()
		} else {
			lay(0, true)
		}
	}
	for i := range 2 * maxTired {
		if !lay(i%2, true) {
			t.Errorf("instance %d was not kept", i)
		}
	}
	if len(ps.tired) != 0 || ps.n.Load() != 2*maxTired {
		t.Errorf("%d of %d are tired", len(ps.tired), ps.n.Load())
	}
	// Those of the kind that was used longest ago make room.
	lay(1, true)
	if ps.n.Load() != maxTired+1 || ps.all[poolKey{blueprint: b[0]}] != nil {
		t.Errorf("%d instances of %d kinds", ps.n.Load(), len(ps.all))
	}
	lay(0, true)
	n := closed
	ps.removeAll(func(key poolKey) bool { return key.blueprint == b[1] })
	if closed != n+maxTired+1 || ps.n.Load() != 1 || len(ps.tired) != 1 {
		t.Errorf("%d closed, %d left, %d of these tired", closed-n, ps.n.Load(), len(ps.tired))
	}
	for i := range ps.max {
		if kept := lay(0, false); kept != (i < ps.max-1) {
			t.Errorf("%d more: %v", i, kept)
		}
	}
	ps.removeAll(func(poolKey) bool { return true })
	if ps.n.Load() != 0 || len(ps.all) != 0 || len(ps.tired) != 0 {
		t.Errorf("left over: %d, %d, %d", ps.n.Load(), len(ps.all), len(ps.tired))
	}
}

// closer is an instance that counts in n how many are closed.
type closer struct {
	api.Module
	n *int
}

func (c closer) Close(context.Context) error {
	*c.n++
	return nil
}

package runner

import (
	"math/rand/v2"
	"testing"
)

// A pidTable holds what a map would hold, and forgets the chunks of the dead.
func TestPIDTable(t *testing.T) {
	var table pidTable
	model := make(map[uint64]*Process)
	if table.lookup(7) != nil {
		t.Error("found something in an empty table")
	}
	r := rand.New(rand.NewPCG(3, 4))
	next := uint64(1)
	var early []uint64 // processes that are added late, as after a slow start
	for range 200_000 {
		switch r.IntN(20) {
		case 0:
			early = append(early, next)
			next++
		case 1:
			if len(early) > 0 {
				p := &Process{id: early[0]}
				early = early[1:]
				table.add(p)
				model[p.id] = p
			}
		case 2, 3, 4, 5, 6, 7, 8, 9, 10:
			p := &Process{id: next}
			next++
			table.add(p)
			model[p.id] = p
		default:
			for id, p := range model { // any one
				table.remove(p)
				delete(model, id)
				break
			}
		}
	}
	for id := range next + 10 {
		if table.lookup(id) != model[id] {
			t.Fatalf("process %d: %v, want %v", id, table.lookup(id), model[id])
		}
	}
	seen := 0
	table.all(func(p *Process) {
		seen++
		if model[p.id] != p {
			t.Errorf("process %d is none", p.id)
		}
	})
	if seen != len(model) {
		t.Errorf("%d processes, want %d", seen, len(model))
	}
	for _, p := range model {
		table.remove(p)
	}
	if n := len(*table.chunks.Load()); n > 1 {
		t.Errorf("%d chunks are kept for nobody", n)
	}
}

// The hibernator comes to those that are not asleep, and no other process gets the mark of one
// that is gone.
func TestPIDTableAsleep(t *testing.T) {
	var table pidTable
	all := make([]*Process, 3*chunkPIDs)
	for id := range all {
		all[id] = &Process{id: uint64(id)}
		table.add(all[id])
		if id%3 == 0 {
			table.setAsleep(all[id], true) // some before the first chunk grows
		}
	}
	check := func(want func(id uint64) bool) {
		t.Helper()
		seen := make(map[uint64]bool)
		table.eachAwake(func(p *Process) bool {
			seen[p.id] = true
			return true
		})
		for _, p := range all {
			if seen[p.id] != want(p.id) {
				t.Fatalf("process %d: %v", p.id, seen[p.id])
			}
		}
	}
	check(func(id uint64) bool { return id%3 != 0 })
	for id := 0; id < len(all); id += 6 {
		table.setAsleep(all[id], false)
	}
	check(func(id uint64) bool { return id%3 != 0 || id%6 == 0 })
	for id := 3; id < len(all); id += 12 {
		table.remove(all[id])
		table.add(all[id])
	}
	check(func(id uint64) bool { return id%3 != 0 || id%6 == 0 || id%12 == 3 })
	n := 0
	table.eachAwake(func(*Process) bool { n++; return n < 5 })
	if n != 5 {
		t.Errorf("went on to %d", n)
	}
}

func BenchmarkPIDTable(b *testing.B) {
	var table pidTable
	for id := range uint64(100_000) {
		table.add(&Process{id: id})
	}
	b.Run("lookup", func(b *testing.B) {
		for i := uint64(0); b.Loop(); i++ {
			if table.lookup(i*7919%100_000) == nil {
				b.Fatal("lost")
			}
		}
	})
	p := &Process{id: 100_000}
	b.Run("add and remove", func(b *testing.B) {
		for b.Loop() {
			p.id++
			table.add(p)
			table.remove(p)
		}
	})
}

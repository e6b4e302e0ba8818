package runner

import (
	"io"
	"sync/atomic"
)

// A Kind is a kind of resources that processes hold, such as sockets. Each process
// numbers its resources of one kind from 0 and never uses a number again; what is left
// at its end and is an io.Closer is closed.
type Kind[T any] struct {
	name string // for messages: "no NAME has the id 3"
	id   int
}

var kinds atomic.Int64

// NewKind makes a kind, once for the program. name is what error messages call one
// resource of it, for example "TCP stream".
func NewKind[T any](name string) *Kind[T] {
	return &Kind[T]{name: name, id: int(kinds.Add(1)) - 1}
}

// Name is what error messages call a resource of the kind.
func (k *Kind[T]) Name() string { return k.name }

// table returns the process's resources of the kind.
func (k *Kind[T]) table(p *Process) *table[T] {
	for len(p.tables) <= k.id {
		p.tables = append(p.tables, nil)
	}
	t, ok := p.tables[k.id].(*table[T])
	if !ok {
		t = &table[T]{}
		p.tables[k.id] = t
	}
	return t
}

// MaxResources is how many resources of one kind a process may hold: far more than it
// needs, but not all of the host's memory.
const MaxResources = 1 << 20

// Add gives a resource to the process and returns its id. It traps, and closes the
// resource, if the process has MaxResources of the kind.
func (k *Kind[T]) Add(p *Process, x T) uint64 {
	t := k.table(p)
	if len(t.entries) >= MaxResources {
		closeResource(x)
		p.Fail("", "the process has %d resources of the kind %q: drop some", MaxResources, k.name)
	}
	return t.add(x)
}

// Get returns a resource of the process. It traps if there is none with that id;
// argument names the parameter that holds it.
func (k *Kind[T]) Get(p *Process, argument string, id uint64) T {
	x, ok := k.Lookup(p, id)
	if !ok {
		p.Fail(argument, "no %s has the id %d", k.name, id)
	}
	return x
}

// Lookup is Get without a trap.
func (k *Kind[T]) Lookup(p *Process, id uint64) (T, bool) {
	x, ok := k.table(p).entries[id]
	return x, ok
}

// Remove takes a resource from the process without closing it. It traps as Get does.
func (k *Kind[T]) Remove(p *Process, argument string, id uint64) T {
	x := k.Get(p, argument, id)
	delete(k.table(p).entries, id)
	return x
}

// Drop takes a resource from the process and closes it. It traps as Get does.
func (k *Kind[T]) Drop(p *Process, argument string, id uint64) {
	closeResource(k.Remove(p, argument, id))
}

// Len is how many resources of the kind the process holds.
func (k *Kind[T]) Len(p *Process) int { return len(k.table(p).entries) }

// A table holds a process's resources of one kind.
type table[T any] struct {
	entries map[uint64]T
	next    uint64
}

func (t *table[T]) add(x T) uint64 {
	if t.entries == nil {
		t.entries = make(map[uint64]T)
	}
	id := t.next
	t.next++
	t.entries[id] = x
	return id
}

// Close closes what is left.
func (t *table[T]) Close() error {
	for _, x := range t.entries {
		closeResource(x)
	}
	t.entries = nil
	return nil
}

func closeResource(x any) {
	if c, ok := x.(io.Closer); ok {
		c.Close()
	}
}

// Errors are the failures that a guest has been handed ids for.
var Errors = NewKind[error]("error")

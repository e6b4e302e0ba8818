package host

import "github.com/lunatic-go/lunatic/runner"

// push returns the host function that attaches a resource to the message in the scratch
// slot. It leaves the process's table.
func push[T any](kind *runner.Kind[T]) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		m := scratchData(p)
		stack[0] = m.Attach(kind.Remove(p, "id", stack[0]))
	}
}

// share is push for a resource that the sender keeps.
func share[T any](kind *runner.Kind[T]) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		m := scratchData(p)
		stack[0] = m.Attach(kind.Get(p, "id", stack[0]))
	}
}

// take returns the host function that moves an attached resource to the process.
func take[T any](kind *runner.Kind[T]) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		m := scratchData(p)
		if i := stack[0]; i < uint64(len(m.Resources)) {
			if x, ok := m.Resources[i].(T); ok {
				m.Resources[i] = nil
				stack[0] = kind.Add(p, x)
				return
			}
		}
		p.Fail("index", "the message has no %s at %d", kind.Name(), stack[0])
	}
}

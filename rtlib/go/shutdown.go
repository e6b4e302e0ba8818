package lunatic

import (
	"context"
	"sync"
)

// ShutdownContext returns a context that is canceled when the process is asked to end: see
// [ID.Shutdown]. It is for processes that do not receive messages, such as one that serves
// connections. Whoever has called it gets the request instead of the receiving functions, and has to
// return.
func ShutdownContext() context.Context { return shutdownContext() }

var shutdownContext = sync.OnceValue(func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		w := waiter{tags: []Tag{tagShutdown}, take: func(*incoming) { cancel() }}
		w.wait(context.Background())
	}()
	return ctx
})

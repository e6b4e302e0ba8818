package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is the cause of a canceled context.
type interrupted struct{ syscall.Signal }

func (i interrupted) Error() string { return "interrupted: " + i.Signal.String() }

// onSignal ends the guest at the first signal, and the program at the second.
func (c *command) onSignal(cancel context.CancelCauseFunc) (stop func()) {
	ch := c.signals
	if ch == nil {
		ch = make(chan os.Signal, 1)
		signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	}
	done := make(chan struct{})
	go func() {
		select {
		case s := <-ch:
			signal.Stop(ch)
			if s, ok := s.(syscall.Signal); ok {
				cancel(interrupted{s})
			}
		case <-done:
		}
	}()
	return func() { signal.Stop(ch); close(done) }
}

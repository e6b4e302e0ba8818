package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// watchEvery is how often the file is looked at. It counts as written when it looks the same
// twice: a compiler writes it piece by piece.
const watchEvery = 100 * time.Millisecond

// errChanged ends a guest whose module has changed.
var errChanged = errors.New("the module has changed")

// watch runs the module again whenever its file changes, until the context ends. A file that
// is gone, or not a module, is waited for; while it is gone, the guest runs on.
func (s *session) watch(ctx context.Context) error {
	s.serveMetrics()
	for {
		seen := stampOf(s.module)
		mod, _, err := s.load(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			s.note("%v; waiting for a change", err)
			if !s.changed(ctx, seen) {
				return context.Cause(ctx)
			}
		default:
			if err := s.runUntilChanged(ctx, mod, seen); err != nil {
				return err
			}
		}
		s.note("has changed, starting again")
	}
}

// runUntilChanged runs the guest, and returns when the file is another one than it was.
func (s *session) runUntilChanged(ctx context.Context, mod *runner.Module, seen stamp) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		exit, err := s.rt.Run(running, mod, s.root())
		switch {
		case running.Err() != nil:
		case err != nil:
			s.note("%v; waiting for a change", err)
		default:
			s.note("has ended with exit code %d, waiting for a change", exitCode(exit))
		}
	}()
	changed := s.changed(ctx, seen)
	stop(errChanged)
	<-ended
	if !changed {
		return context.Cause(ctx)
	}
	return nil
}

// changed waits until the file is another one than seen, and has been written. It reports
// false if the context ends first.
func (s *session) changed(ctx context.Context, seen stamp) bool {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	last := seen
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		now := stampOf(s.module)
		if now.exists && now != seen && now == last {
			return true
		}
		last = now
	}
}

// note tells what happens to the module.
func (s *session) note(format string, args ...any) {
	fmt.Fprintf(s.stderr, "lunatic-run: %s: %s\n", s.module, fmt.Sprintf(format, args...))
}

// A stamp tells versions of a file apart.
type stamp struct {
	exists   bool
	size     int64
	modified time.Time
}

func stampOf(file string) stamp {
	st, err := os.Stat(file)
	if err != nil || st.IsDir() {
		return stamp{}
	}
	return stamp{true, st.Size(), st.ModTime()}
}

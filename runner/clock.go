package runner

import (
	"crypto/rand"
	"io"
	"time"
)

// Now is the time of day that guests see.
func (rt *Runtime) Now() time.Time {
	if rt.cfg.Now != nil {
		return rt.cfg.Now()
	}
	return time.Now()
}

// Monotonic is the monotonic clock that guests see, the same for all processes.
func (rt *Runtime) Monotonic() time.Duration {
	if rt.cfg.Monotonic != nil {
		return rt.cfg.Monotonic()
	}
	return time.Since(rt.start)
}

// walltime is Now as wazero wants it.
func (rt *Runtime) walltime() (sec int64, nsec int32) {
	now := rt.Now()
	return now.Unix(), int32(now.Nanosecond())
}

// nanotime is Monotonic as wazero wants it.
func (rt *Runtime) nanotime() int64 { return int64(rt.Monotonic()) }

// random is where guests' random bytes come from.
func (rt *Runtime) random() io.Reader {
	if rt.cfg.Rand != nil {
		return rt.cfg.Rand
	}
	return rand.Reader
}

package runner

import (
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
)

// Stdin is a standard input, which processes may share. It never blocks who reads: a
// goroutine of its own reads the source ahead when somebody wants more, and wakes those
// who wait.
//
// Each byte goes to one process: to the first that reads after it has come. A process
// that waits has taken nothing yet; if it is killed, what comes then is for the next one
// that reads.
type Stdin struct {
	src io.Reader

	mu      sync.Mutex
	buf     []byte // not read yet
	store   []byte // what buf is a part of, once the source was read
	err     error  // of the source, io.EOF included
	reading bool
	waiters map[*Process]bool
}

// At most stdinAhead bytes are read at once, stdinFirst at first: most inputs are short.
const (
	stdinFirst = 4 << 10
	stdinAhead = 64 << 10
)

// NewStdin makes a standard input of a source, nil for an empty one. Nobody else may read
// from it.
func NewStdin(src io.Reader) *Stdin { return NewStdinAfter(nil, src) }

// NewStdinAfter makes a standard input that begins with first, which nobody has to wait for,
// and goes on with a source as NewStdin does. It keeps first.
func NewStdinAfter(first []byte, src io.Reader) *Stdin {
	s := &Stdin{src: src, buf: first}
	if src == nil {
		s.err = io.EOF
	}
	return s
}

// Read returns what is there. If there is nothing it fails with EAGAIN.
func (s *Stdin) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.buf) > 0:
		n := copy(b, s.buf)
		s.buf = s.buf[n:]
		return n, nil
	case s.err != nil:
		return 0, s.err
	default:
		return 0, syscall.EAGAIN
	}
}

// Mode is the kind of file that the source is: 0 if that is not known.
func (s *Stdin) Mode() fs.FileMode {
	if f, ok := s.src.(*os.File); ok {
		if fi, err := f.Stat(); err == nil {
			return fi.Mode()
		}
	}
	return 0
}

// Buffered is the number of bytes that can be read without waiting.
func (s *Stdin) Buffered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.buf)
}

// Ready reports whether a read would not have to wait. If it would, the process is
// woken when that changes, once, unless Forget comes first.
func (s *Stdin) Ready(p *Process) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.buf) > 0 || s.err != nil {
		return true
	}
	if s.waiters == nil {
		s.waiters = make(map[*Process]bool)
	}
	s.waiters[p] = true
	if !s.reading {
		s.reading = true
		go s.fill()
	}
	return false
}

// Forget withdraws Ready: the process does not wait any more.
func (s *Stdin) Forget(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiters, p)
}

// fill reads once. It is the one goroutine that may outlive the runtime, in a read
// that never returns: who gave the source can close it.
func (s *Stdin) fill() {
	b := s.store // buf is empty, and what it was a part of is nobody's
	if b == nil {
		b = make([]byte, stdinFirst)
	}
	n, err := s.src.Read(b)
	s.mu.Lock()
	s.buf, s.store, s.err, s.reading = b[:n], b, err, false
	switch {
	case err != nil:
		s.store = nil
	case n == len(b) && n < stdinAhead: // there is more
		s.store = make([]byte, min(4*n, stdinAhead))
	}
	waiters := s.waiters
	s.waiters = nil
	again := n == 0 && err == nil // allowed, if discouraged
	if again {
		s.waiters, s.reading = waiters, true
	}
	s.mu.Unlock()
	if again {
		go s.fill()
		return
	}
	for p := range waiters {
		p.Wake()
	}
}

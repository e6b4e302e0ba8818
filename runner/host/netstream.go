package host

import (
	"errors"
	"io"
	"net/netip"
	"sync/atomic"

	"github.com/lunatic-go/lunatic/runner"
)

// A duplex is a connection whose functions never wait: they return errAgain instead. Those
// in one direction are called by one goroutine at a time; arming makes the lane of a direction
// ready once it may be tried again.
type duplex interface {
	read(b []byte, peek bool) (int, error) // b is not empty
	write(parts [][]byte) (int, error)     // not empty, any of them
	flush() error
	readable() bool // an attempt makes sense: now, or once armRead has made the lane ready
	writable() bool
	armRead()
	armWrite()
	Close() error // does not wait either
}

// A stream is a connection that any number of handles share, in the tables of processes and
// in messages.
type stream struct {
	duplex
	handles  atomic.Int32
	in, out  lane
	timeouts [3]atomic.Uint64 // milliseconds
	peer     netip.AddrPort
	parts    [][]byte // of the write that has its turn
}

// The timeouts of a stream, one for each kind of operation.
const (
	readTimeout = iota
	writeTimeout
	peekTimeout
)

// init makes s a stream with one handle. open is told the lanes.
func (s *stream) init(peer netip.AddrPort, open func(in, out *lane) duplex) {
	s.peer = peer
	s.handles.Store(1)
	for i := range s.timeouts {
		s.timeouts[i].Store(noTimeout)
	}
	s.duplex = open(&s.in, &s.out)
}

func (s *stream) base() *stream { return s }
func (s *stream) share()        { s.handles.Add(1) }

// Close gives a handle back. The connection is closed with the last one.
func (s *stream) Close() error {
	if s.handles.Add(-1) == 0 {
		return s.duplex.Close()
	}
	return nil
}

// A streamHandle is a *tcpStream or a *tlsStream.
type streamHandle interface{ base() *stream }

// streamRead is stream_id, buffer, length, out -> status. An operation with the peek timeout
// does not consume what it reads.
func streamRead[T streamHandle](kind *runner.Kind[T], op int) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		s := kind.Get(p, "stream_id", stack[0]).base()
		buf, n, out := stack[1], stack[2], stack[3]
		p.Bytes("buf", buf, n)
		p.Bytes("out_ptr", out, 8)
		if n == 0 {
			p.PutU64("out_ptr", out, 0)
			stack[0] = ok
			return
		}
		p.CheckSignals()
		timeout(p, kind, stack[0], s.timeouts[op].Load())
		s.in.run(p, stack, s.armRead, func() (uint64, error) {
			got, err := s.read(p.Bytes("buf", buf, n), op == peekTimeout)
			return outcome(p, out, got, err)
		})
	}
}

// streamWrite is stream_id, iovecs, count, out -> status.
func streamWrite[T streamHandle](kind *runner.Kind[T]) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		s := kind.Get(p, "stream_id", stack[0]).base()
		iov, count, out := stack[1], stack[2], stack[3]
		p.Bytes("out_ptr", out, 8)
		if len(gatherIovecs(p, nil, iov, count)) == 0 {
			p.PutU64("out_ptr", out, 0)
			stack[0] = ok
			return
		}
		p.CheckSignals()
		timeout(p, kind, stack[0], s.timeouts[writeTimeout].Load())
		s.out.run(p, stack, s.armWrite, func() (uint64, error) {
			s.parts = gatherIovecs(p, s.parts[:0], iov, count)
			n, err := s.write(s.parts)
			clear(s.parts)
			return outcome(p, out, n, err)
		})
	}
}

// outcome tells the guest how many bytes were moved, or why not. The end of a stream is no
// bytes.
func outcome(p *runner.Process, out uint64, n int, err error) (uint64, error) {
	switch {
	case errors.Is(err, errAgain):
		return 0, errAgain
	case err == nil || err == io.EOF:
		p.PutU64("out_ptr", out, uint64(n))
		return ok, nil
	default:
		return fail(p, "out_ptr", out, err), nil
	}
}

// streamFlush is stream_id, error_id_ptr -> status. It waits for what was written before.
func streamFlush[T streamHandle](kind *runner.Kind[T]) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		s := kind.Get(p, "stream_id", stack[0]).base()
		out := stack[1]
		p.Bytes("error_id_ptr", out, 8)
		p.CheckSignals()
		timeout(p, kind, stack[0], s.timeouts[writeTimeout].Load())
		s.out.run(p, stack, s.armWrite, func() (uint64, error) { return outcome(p, out, 0, s.flush()) })
	}
}

// setTimeout is stream_id, milliseconds. It has no effect on operations that wait already.
func setTimeout[T streamHandle](kind *runner.Kind[T], op int) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		kind.Get(p, "stream_id", stack[0]).base().timeouts[op].Store(stack[1])
	}
}

// getTimeout is stream_id -> milliseconds.
func getTimeout[T streamHandle](kind *runner.Kind[T], op int) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		stack[0] = kind.Get(p, "stream_id", stack[0]).base().timeouts[op].Load()
	}
}

//go:build unix

package host

import (
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A raw is a socket that is read and written by system calls that do not wait, straight
// from and to the guest's memory. When they would have to, a poller waits until the socket is
// ready; where there is none, a goroutine on Go's: one for each direction at most, which may
// outlast the operation that it was started for, but not the socket.
type raw struct {
	polled
	conn    io.Closer
	rc      syscall.RawConn
	fd      int // valid as long as somebody has a handle
	in, out *lane
	rd, wr  attempt
	// Made once, so that an operation allocates nothing.
	reading, writing func(fd uintptr)
}

// An attempt has the parameters and results of a system call.
type attempt struct {
	b     []byte
	parts [][]byte
	flags int
	n     int
	err   error
}

func newRaw(conn interface {
	io.Closer
	syscall.Conn
}, in, out *lane) (*raw, error) {
	rc, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &raw{conn: conn, rc: rc, in: in, out: out}
	r.reading, r.writing = r.tryRead, r.tryWrite
	return r, rc.Control(func(fd uintptr) { r.fd = int(fd) })
}

// newTCP makes a connection of package net a duplex.
func newTCP(conn *net.TCPConn, in, out *lane) duplex {
	r, err := newRaw(conn, in, out)
	if err != nil {
		return newPump(conn, in, out)
	}
	return r
}

// control calls f with the descriptor. Unlike RawConn.Read it does not take the lock that
// the waiting goroutine holds.
func (r *raw) control(f func(fd uintptr), a *attempt) (int, error) {
	if err := r.rc.Control(f); err != nil {
		return 0, err
	}
	n, err := a.n, a.err
	a.b, a.parts, a.err = nil, nil, nil
	if err == unix.EAGAIN {
		return 0, errAgain
	}
	return n, err
}

func (r *raw) read(b []byte, peek bool) (int, error) {
	r.rd.b, r.rd.flags = b, 0
	if peek {
		r.rd.flags = unix.MSG_PEEK
	}
	n, err := r.control(r.reading, &r.rd)
	return n, named("read", err)
}

func (r *raw) tryRead(fd uintptr) {
	a := &r.rd
	a.n, a.err = again(func() (int, error) {
		if a.flags == 0 {
			return unix.Read(int(fd), a.b)
		}
		n, _, err := unix.Recvfrom(int(fd), a.b, a.flags)
		return n, err
	})
}

func (r *raw) write(parts [][]byte) (int, error) {
	r.wr.parts = parts
	n, err := r.control(r.writing, &r.wr)
	return n, named("write", err)
}

func (r *raw) tryWrite(fd uintptr) {
	a := &r.wr
	a.n, a.err = again(func() (int, error) {
		if len(a.parts) == 1 {
			return unix.Write(int(fd), a.parts[0])
		}
		return unix.SendmsgBuffers(int(fd), a.parts, nil, nil, 0)
	})
}

func (r *raw) flush() error { return nil }

func (r *raw) readable() bool { return is(uintptr(r.fd), unix.POLLIN) }
func (r *raw) writable() bool { return is(uintptr(r.fd), unix.POLLOUT) }

func (r *raw) Close() error {
	r.unpoll()
	return r.conn.Close()
}

func (r *raw) armRead() {
	if r.in.begin() && !r.pollRead() {
		go r.awaitRead()
	}
}

func (r *raw) armWrite() {
	if r.out.begin() && !r.pollWrite() {
		go r.awaitWrite()
	}
}

// awaitRead makes the lane ready when something can be read. An error, or that the socket is
// closed, is found by the next attempt.
func (r *raw) awaitRead() {
	_ = r.rc.Read(func(fd uintptr) bool { return is(fd, unix.POLLIN) })
	r.in.ready()
}

func (r *raw) awaitWrite() {
	_ = r.rc.Write(func(fd uintptr) bool { return is(fd, unix.POLLOUT) })
	r.out.ready()
}

// is reports whether the socket is ready, or broken. Go's poller reports only changes since
// RawConn.Read has begun: what came between the attempt and that has to be asked for.
func is(fd uintptr, event int16) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: event}}
	n, err := again(func() (int, error) { return unix.Poll(fds, 0) })
	return n > 0 || err != nil
}

// again repeats a system call that a signal has interrupted.
func again(f func() (int, error)) (int, error) {
	for {
		if n, err := f(); err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

func named(call string, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return os.NewSyscallError(call, errno)
	}
	return err
}

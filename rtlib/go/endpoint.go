package lunatic

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// An endpoint is a handle of a socket or a listener and its descriptor, with which Go's
// scheduler waits for it. While there is one no host call on the handle waits: it answers
// timedOut.
type endpoint struct {
	id      uint64
	calls   *calls
	file    *os.File
	raw     syscall.RawConn
	cleanup runtime.Cleanup

	local, remote net.Addr
}

// calls are the host functions for endpoints of one kind.
type calls struct {
	network    string
	descriptor func(id uint64) int32
	drop       func(id uint64)
	push       func(id uint64) (index uint64)
	read       func(id uint64, buf unsafe.Pointer, size uint32, out *uint64) uint32
	write      func(id uint64, iovs unsafe.Pointer, n uint32, out *uint64) uint32
	clone      func(id uint64) uint64
}

// open makes an endpoint of a handle.
func (c *endpoint) open(id uint64, k *calls) {
	c.id, c.calls = id, k
	c.file = os.NewFile(uintptr(k.descriptor(id)), k.network)
	raw, err := c.file.SyscallConn()
	if err != nil {
		panic(err)
	}
	c.raw = raw
	c.cleanup = runtime.AddCleanup(c, k.drop, id)
}

// detach gives up the descriptor: the handle waits again. Goroutines that wait get net.ErrClosed.
func (c *endpoint) detach() error {
	if c.file == nil {
		return net.ErrClosed
	}
	if err := c.file.Close(); err != nil {
		return net.ErrClosed
	}
	c.cleanup.Stop()
	return nil
}

// Close closes the handle. Goroutines that wait for it get [net.ErrClosed].
func (c *endpoint) Close() error {
	if err := c.detach(); err != nil {
		return c.fail("close", err)
	}
	c.calls.drop(c.id)
	return nil
}

// LocalAddr returns the address of this side, as far as it is known.
func (c *endpoint) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other side, as far as it is known.
func (c *endpoint) RemoteAddr() net.Addr { return c.remote }

// SetDeadline is that of [net.Conn]. It holds for this handle, in this process.
func (c *endpoint) SetDeadline(t time.Time) error { return c.file.SetDeadline(t) }

// SetReadDeadline is that of [net.Conn].
func (c *endpoint) SetReadDeadline(t time.Time) error { return c.file.SetReadDeadline(t) }

// SetWriteDeadline is that of [net.Conn].
func (c *endpoint) SetWriteDeadline(t time.Time) error { return c.file.SetWriteDeadline(t) }

// await repeats a host call whenever it makes sense until it does not answer timedOut, and returns
// the status.
func (c *endpoint) await(write bool, call func() uint32) (status uint32, err error) {
	if c.file == nil {
		return 0, net.ErrClosed
	}
	wait := c.raw.Read
	if write {
		wait = c.raw.Write
	}
	err = wait(func(uintptr) bool {
		status = call()
		return status != timedOut
	})
	return status, ioError(err)
}

// transfer is await for a call that writes a number, or an error, to out.
func (c *endpoint) transfer(op string, write bool, out *uint64, call func() uint32) error {
	status, err := c.await(write, call)
	switch {
	case err != nil:
		return c.fail(op, err)
	case status != 0:
		return c.fail(op, hostError(*out))
	}
	return nil
}

func (c *endpoint) fail(op string, err error) error {
	return &net.OpError{Op: op, Net: c.calls.network, Source: c.local, Addr: c.remote, Err: err}
}

// Carrier.

func (c *endpoint) sendable() error {
	if c.file == nil {
		return net.ErrClosed
	}
	return ioError(c.raw.Control(func(uintptr) {}))
}

// ioError gives what package os says of a descriptor that was closed meanwhile its name.
func ioError(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return net.ErrClosed
}

func (c *endpoint) push() {
	if err := c.detach(); err != nil {
		panic(err)
	}
	c.calls.push(c.id)
}

// An operation is a host call that was begun: a descriptor to wait for.
type operation struct{ descriptor int32 }

// await returns the result of the operation: an id.
func (o operation) await(ctx context.Context) (id uint64, err error) {
	file := os.NewFile(uintptr(o.descriptor), "operation")
	defer file.Close()
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, func() { file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var status uint32
	err = raw.Read(func(uintptr) bool {
		status = finishOperation(o.descriptor, &id)
		return status != notFinished
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return 0, err
	case status == timedOut:
		dropError(id)
		return 0, os.ErrDeadlineExceeded
	case status != 0:
		return 0, hostError(id)
	}
	return id, nil
}

const (
	notFinished = 2
	noTimeout   = 1<<64 - 1
)

// begin starts an operation and waits for it. start is the host call.
func begin(ctx context.Context, start func(timeout uint64, out *uint64) uint32) (id uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	timeout := uint64(noTimeout)
	if end, ok := ctx.Deadline(); ok {
		timeout = millis(time.Until(end)) + 1000 // the context decides; this is for who forgets it
	}
	var out uint64
	if start(timeout, &out) != 0 {
		return 0, hostError(out)
	}
	return operation{int32(out)}.await(ctx)
}

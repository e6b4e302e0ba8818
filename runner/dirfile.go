//go:build unix

package runner

import (
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	wasifs "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/sys"
	"golang.org/x/sys/unix"
)

// dirFile is a file of a dirFS. It belongs to one process.
//
// A stream (FIFO, terminal, socket) is always open in non-blocking mode: what would block
// fails with EAGAIN, and the host function waits with Await, unless the guest has asked for
// that mode itself.
type dirFile struct {
	seeker[int64, int]
	f        *os.File
	flag     wasifs.Oflag
	id       sys.Stat_t // as it was opened: device, inode and type stay
	stream   bool
	nonblock bool // what the guest asked for later
}

var (
	_ wasifs.PollableFile = (*dirFile)(nil)
	_ Stream              = (*dirFile)(nil)
)

// seeker has the method Seek of wasifs.File. It is generic only because go vet takes any
// other method of this name and these parameters for a failed io.Seeker.
type seeker[Offset ~int64, Whence ~int] struct{ f *os.File }

func (s seeker[Offset, Whence]) Seek(offset Offset, whence Whence) (Offset, wasifs.Errno) {
	if whence < io.SeekStart || whence > io.SeekEnd {
		return 0, wasifs.EINVAL
	}
	n, err := s.f.Seek(int64(offset), int(whence))
	return Offset(n), errnoOf(err)
}

func (f *dirFile) Dev() (uint64, wasifs.Errno)    { return f.id.Dev, 0 }
func (f *dirFile) Ino() (sys.Inode, wasifs.Errno) { return f.id.Ino, 0 }
func (f *dirFile) IsDir() (bool, wasifs.Errno)    { return f.id.Mode.IsDir(), 0 }
func (f *dirFile) IsAppend() bool                 { return f.flag&wasifs.O_APPEND != 0 }

func (f *dirFile) SetAppend(on bool) wasifs.Errno {
	if f.flag &^= wasifs.O_APPEND; on {
		f.flag |= wasifs.O_APPEND
	}
	return setFlag(f.f, unix.O_APPEND, on)
}

func (f *dirFile) IsNonblock() bool { return f.nonblock || f.flag&wasifs.O_NONBLOCK != 0 }

func (f *dirFile) SetNonblock(on bool) wasifs.Errno {
	f.flag &^= wasifs.O_NONBLOCK
	f.nonblock = on
	return 0
}

func (f *dirFile) Stat() (sys.Stat_t, wasifs.Errno) {
	fi, err := f.f.Stat()
	if err != nil {
		return sys.Stat_t{}, errnoOf(err)
	}
	return sys.NewStat_t(fi), 0
}

func (f *dirFile) Read(b []byte) (int, wasifs.Errno) {
	if len(b) == 0 {
		return 0, 0
	}
	if !f.stream {
		n, err := f.f.Read(b)
		return n, errnoOfRead(err)
	}
	var n int
	errno := f.now(false, func(fd int) (err error) {
		n, err = unix.Read(fd, b)
		return err
	})
	return max(n, 0), errno
}

// errnoOfRead is errnoOf but for the end of the file, which is no error.
func errnoOfRead(err error) wasifs.Errno {
	if err == io.EOF {
		return 0
	}
	return errnoOf(err)
}

func (f *dirFile) Pread(b []byte, off int64) (int, wasifs.Errno) {
	if off < 0 {
		return 0, wasifs.EINVAL
	}
	n, err := f.f.ReadAt(b, off)
	return n, errnoOfRead(err)
}

func (f *dirFile) Readdir(n int) (entries []wasifs.Dirent, errno wasifs.Errno) {
	list, err := f.f.Readdir(n)
	for _, fi := range list {
		st := sys.NewStat_t(fi)
		entries = append(entries, wasifs.Dirent{Name: fi.Name(), Ino: st.Ino, Type: fi.Mode() & fs.ModeType})
	}
	if len(entries) > 0 {
		return entries, 0
	}
	return nil, errnoOfRead(err)
}

func (f *dirFile) Write(b []byte) (int, wasifs.Errno) {
	if len(b) == 0 {
		return 0, 0
	}
	if !f.stream {
		n, err := f.f.Write(b)
		return n, errnoOf(err)
	}
	var n int
	errno := f.now(true, func(fd int) (err error) {
		n, err = unix.Write(fd, b)
		return err
	})
	return max(n, 0), errno
}

func (f *dirFile) Pwrite(b []byte, off int64) (int, wasifs.Errno) {
	if off < 0 {
		return 0, wasifs.EINVAL
	}
	n, err := f.f.WriteAt(b, off)
	return n, errnoOf(err)
}

func (f *dirFile) Truncate(size int64) wasifs.Errno {
	if size < 0 {
		return wasifs.EINVAL
	}
	return errnoOf(f.f.Truncate(size))
}

func (f *dirFile) Sync() wasifs.Errno     { return errnoOf(f.f.Sync()) }
func (f *dirFile) Datasync() wasifs.Errno { return errnoOf(f.f.Sync()) }

// Utimens leaves it to the file's name: os has nothing for an open file.
func (f *dirFile) Utimens(int64, int64) wasifs.Errno { return wasifs.ENOSYS }

func (f *dirFile) Close() wasifs.Errno { return errnoOf(f.f.Close()) }

// now reads or writes a stream without waiting. A FIFO that nobody has opened for writing
// yet is not at its end.
func (f *dirFile) now(write bool, call func(fd int) error) wasifs.Errno {
	conn, err := f.f.SyscallConn()
	if err != nil {
		return errnoOf(err)
	}
	var inner error
	err = conn.Control(func(fd uintptr) {
		if !write && !pollFd(int(fd), unix.POLLIN, 0) {
			inner = unix.EAGAIN
			return
		}
		for inner = call(int(fd)); inner == unix.EINTR; {
			inner = call(int(fd))
		}
	})
	if err == nil {
		err = inner
	}
	return errnoOf(err)
}

// Poll implements wasifs.Pollable.
func (f *dirFile) Poll(flag wasifs.Pflag, millis int32) (ready bool, errno wasifs.Errno) {
	events := int16(unix.POLLIN)
	if flag == wasifs.POLLOUT {
		events = unix.POLLOUT
	}
	conn, err := f.f.SyscallConn()
	if err != nil {
		return false, errnoOf(err)
	}
	err = conn.Control(func(fd uintptr) { ready = pollFd(int(fd), events, int(millis)) })
	return ready, errnoOf(err)
}

// pollFd reports whether a descriptor is ready, or has failed.
func pollFd(fd int, events int16, millis int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	n, err := unix.Poll(fds, millis)
	return n > 0 || err != nil && err != unix.EINTR
}

// Ready implements Stream.
func (f *dirFile) Ready(write bool) bool {
	if !f.stream {
		return true
	}
	flag := wasifs.POLLIN
	if write {
		flag = wasifs.POLLOUT
	}
	ready, errno := f.Poll(flag, 0)
	return ready || errno != 0
}

// Await implements Stream.
func (f *dirFile) Await(p *Process, write bool) (stop func()) {
	conn, err := f.f.SyscallConn()
	if err != nil {
		p.Wake()
		return func() {}
	}
	wait, deadline := conn.Read, f.f.SetReadDeadline
	if write {
		wait, deadline = conn.Write, f.f.SetWriteDeadline
	}
	done := make(chan struct{})
	var stopped atomic.Bool
	p.rt.async.Add(1)
	go func() {
		defer p.rt.async.Done()
		defer close(done)
		first := true
		wait(func(uintptr) bool {
			again := !first
			first = false
			return again || f.Ready(write)
		})
		if !stopped.Load() {
			p.Wake()
		}
	}()
	return func() {
		stopped.Store(true)
		deadline(time.Unix(1, 0))
		<-done
		deadline(time.Time{})
	}
}

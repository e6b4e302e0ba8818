//go:build unix

package runner

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tetratelabs/wazero"
	wasifs "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/experimental/sysfs"
	"github.com/tetratelabs/wazero/sys"
	"golang.org/x/sys/unix"
)

// mount adds the directory to what an instance sees.
func (d Dir) mount(c wazero.FSConfig) wazero.FSConfig {
	return c.(sysfs.FSConfig).WithSysFSMount(&dirFS{dir: d.Host, readOnly: d.ReadOnly}, d.Guest)
}

// dirFS is a directory of the host's as guests see it. It is not wazero's own, which
// follows symbolic links out of the directory, those included that the guest itself has
// made, and opens FIFOs so that they block a thread.
//
// It is shared by all processes with the configuration.
type dirFS struct {
	wasifs.UnimplementedFS
	dir      string
	readOnly bool

	once sync.Once
	root *os.Root // closed by the garbage collector
	err  error
}

// open returns the directory itself.
func (d *dirFS) open() (*os.Root, wasifs.Errno) {
	d.once.Do(func() { d.root, d.err = os.OpenRoot(d.dir) })
	return d.root, errnoOf(d.err)
}

// change is open for those who want to change something.
func (d *dirFS) change() (*os.Root, wasifs.Errno) {
	if d.readOnly {
		return nil, wasifs.EROFS
	}
	return d.open()
}

// local makes a name of wazero's relative to the root.
func local(name string) string {
	if name = strings.TrimLeft(name, "/"); name == "" {
		return "."
	}
	return name
}

// errnoOf returns what wazero knows of an error: EIO for what it has no number for.
func errnoOf(err error) wasifs.Errno {
	var errno syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &errno):
		if known := wasifs.UnwrapOSError(errno); known != wasifs.EIO {
			return known
		}
		return systemErrnos + wasifs.Errno(errno)
	case strings.HasSuffix(err.Error(), "path escapes from parent"): // os does not export it
		return wasifs.EPERM
	case errors.Is(err, fs.ErrInvalid):
		return wasifs.EINVAL
	default:
		return wasifs.UnwrapOSError(err)
	}
}

// errBusyFIFO is how OpenFile says that nobody reads the FIFO that is to be written.
const errBusyFIFO = wasifs.EAGAIN

// writes are the flags that change something.
const writes = wasifs.O_WRONLY | wasifs.O_RDWR | wasifs.O_APPEND | wasifs.O_CREAT | wasifs.O_TRUNC

// OpenFile implements wasifs.FS. Nothing that is opened blocks: see dirFile. It fails with
// EAGAIN if a FIFO is opened for writing that nobody reads.
func (d *dirFS) OpenFile(name string, flag wasifs.Oflag, perm fs.FileMode) (wasifs.File, wasifs.Errno) {
	root, errno := d.open()
	if errno != 0 {
		return nil, errno
	}
	name = local(name)
	if d.readOnly && flag&writes != 0 {
		if fi, err := root.Stat(name); err == nil && fi.IsDir() && flag&(wasifs.O_CREAT|wasifs.O_TRUNC) == 0 {
			return nil, wasifs.EISDIR
		}
		return nil, wasifs.EROFS
	}
	if flag&wasifs.O_NOFOLLOW != 0 {
		if fi, err := root.Lstat(name); err == nil && fi.Mode()&fs.ModeSymlink != 0 {
			return nil, wasifs.ELOOP
		}
	}
	f, err := root.OpenFile(name, osFlags(flag), perm)
	if err != nil {
		if errors.Is(err, syscall.ENXIO) {
			return nil, errBusyFIFO
		}
		return nil, errnoOf(err)
	}
	file := &dirFile{seeker: seeker[int64, int]{f}, f: f, flag: flag}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, errnoOf(err)
	}
	file.id = sys.NewStat_t(st)
	file.stream = st.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeCharDevice) != 0
	if flag&wasifs.O_APPEND != 0 {
		if errno := file.SetAppend(true); errno != 0 {
			f.Close()
			return nil, errno
		}
	}
	return file, 0
}

// osFlags translates all but O_APPEND, which os takes as a reason to refuse WriteAt.
func osFlags(flag wasifs.Oflag) int {
	to := syscall.O_NONBLOCK
	switch {
	case flag&wasifs.O_RDWR != 0:
		to |= os.O_RDWR
	case flag&wasifs.O_WRONLY != 0:
		to |= os.O_WRONLY
	}
	for _, bit := range []struct {
		from wasifs.Oflag
		to   int
	}{
		{wasifs.O_CREAT, os.O_CREATE}, {wasifs.O_EXCL, os.O_EXCL}, {wasifs.O_TRUNC, os.O_TRUNC},
		{wasifs.O_SYNC | wasifs.O_DSYNC | wasifs.O_RSYNC, os.O_SYNC}, {wasifs.O_DIRECTORY, syscall.O_DIRECTORY},
		{wasifs.O_NOFOLLOW, syscall.O_NOFOLLOW},
	} {
		if flag&bit.from != 0 {
			to |= bit.to
		}
	}
	return to
}

func (d *dirFS) Lstat(name string) (sys.Stat_t, wasifs.Errno) {
	return d.stat(name, (*os.Root).Lstat)
}

func (d *dirFS) Stat(name string) (sys.Stat_t, wasifs.Errno) {
	return d.stat(name, (*os.Root).Stat)
}

func (d *dirFS) stat(name string, f func(*os.Root, string) (fs.FileInfo, error)) (sys.Stat_t, wasifs.Errno) {
	root, errno := d.open()
	if errno != 0 {
		return sys.Stat_t{}, errno
	}
	fi, err := f(root, local(name))
	if err != nil {
		return sys.Stat_t{}, errnoOf(err)
	}
	return sys.NewStat_t(fi), 0
}

func (d *dirFS) Mkdir(name string, perm fs.FileMode) wasifs.Errno {
	root, errno := d.change()
	if errno != 0 {
		return errno
	}
	return errnoOf(root.Mkdir(strings.TrimRight(local(name), "/"), perm))
}

func (d *dirFS) Chmod(name string, perm fs.FileMode) wasifs.Errno {
	root, errno := d.change()
	if errno != 0 {
		return errno
	}
	return errnoOf(root.Chmod(local(name), perm))
}

func (d *dirFS) Rename(from, to string) wasifs.Errno {
	root, errno := d.change()
	if errno != 0 {
		return errno
	}
	return errnoOf(root.Rename(local(from), local(to)))
}

func (d *dirFS) Rmdir(name string) wasifs.Errno { return d.remove(name, true) }

func (d *dirFS) Unlink(name string) wasifs.Errno { return d.remove(name, false) }

// remove removes a directory, or anything else.
func (d *dirFS) remove(name string, dir bool) wasifs.Errno {
	root, errno := d.change()
	if errno != 0 {
		return errno
	}
	slash := strings.HasSuffix(name, "/")
	name = local(strings.TrimRight(name, "/"))
	fi, err := root.Lstat(name)
	switch {
	case err != nil:
		return errnoOf(err)
	case dir && !fi.IsDir(), !dir && slash && !fi.IsDir():
		return wasifs.ENOTDIR
	case !dir && fi.IsDir():
		return wasifs.EISDIR
	case name == ".":
		return wasifs.EINVAL
	}
	return errnoOf(root.Remove(name))
}

func (d *dirFS) Link(from, to string) wasifs.Errno {
	root, errno := d.change()
	if errno != 0 {
		return errno
	}
	return errnoOf(root.Link(local(from), local(to)))
}

// Symlink implements wasifs.FS. The target is not looked at before the link is used, but
// an absolute one would never work.
func (d *dirFS) Symlink(target, name string) wasifs.Errno {
	root, errno := d.change()
	switch {
	case errno != 0:
		return errno
	case strings.HasPrefix(target, "/"):
		return wasifs.EPERM
	}
	return errnoOf(root.Symlink(strings.Clone(target), local(name))) // target is guest memory
}

func (d *dirFS) Readlink(name string) (string, wasifs.Errno) {
	root, errno := d.open()
	if errno != 0 {
		return "", errno
	}
	to, err := root.Readlink(local(name))
	return to, errnoOf(err)
}

func (d *dirFS) Utimens(name string, atim, mtim int64) wasifs.Errno {
	root, errno := d.change()
	if errno != 0 {
		return errno
	}
	return errnoOf(root.Chtimes(local(name), fileTime(atim), fileTime(mtim)))
}

// fileTime is the zero time for one that is to stay.
func fileTime(nanos int64) time.Time {
	if nanos == wasifs.UTIME_OMIT {
		return time.Time{}
	}
	return time.Unix(0, nanos)
}

// setFlag changes a flag of an open file.
func setFlag(f *os.File, flag int, on bool) wasifs.Errno {
	conn, err := f.SyscallConn()
	if err != nil {
		return errnoOf(err)
	}
	var inner error
	err = conn.Control(func(fd uintptr) {
		var flags int
		if flags, inner = unix.FcntlInt(fd, unix.F_GETFL, 0); inner != nil {
			return
		}
		if flags &^= flag; on {
			flags |= flag
		}
		_, inner = unix.FcntlInt(fd, unix.F_SETFL, flags)
	})
	return errnoOf(errors.Join(err, inner))
}

package runner

import (
	"syscall"

	wasifs "github.com/tetratelabs/wazero/experimental/sys"
)

// A Stream is an open file that may have to wait for the world outside: it fails with
// EAGAIN instead. Files that guests have opened in their directories are streams.
type Stream interface {
	// Ready reports whether a read, or a write, would not have to wait.
	Ready(write bool) bool
	// Await wakes the process once when Ready may have changed. stop must be called, by
	// who reads or writes the file, before the next time.
	Await(p *Process, write bool) (stop func())
	// IsNonblock reports whether the guest wants to see EAGAIN.
	IsNonblock() bool
}

// systemErrnos is added to the system's number of an error that wazero has none for, and
// that it takes for EIO.
const systemErrnos wasifs.Errno = 1 << 15

// SystemErrno returns the system's number of an error that Read or Write of a guest's file
// has returned and wazero has none for; 0 for others.
func SystemErrno(errno wasifs.Errno) syscall.Errno {
	if errno < systemErrnos {
		return 0
	}
	return syscall.Errno(errno - systemErrnos)
}

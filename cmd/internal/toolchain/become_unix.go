//go:build unix

package toolchain

import (
	"os"
	"syscall"
)

// Become ends this program and goes on as another one, with the standard streams and the
// process id of this one. It only returns if the other one cannot be started.
func Become(path string, args, env []string) error {
	return &os.PathError{Op: "exec", Path: path, Err: syscall.Exec(path, append([]string{path}, args...), env)}
}

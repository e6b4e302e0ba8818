package toolchain

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

func exe(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// Sibling returns the path of another command of this project: beside the one that runs,
// else on the PATH.
func Sibling(name string) (string, error) {
	if self, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), exe(name))); err == nil {
			return path, nil
		}
	}
	return exec.LookPath(name)
}

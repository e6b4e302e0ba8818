//go:build !unix

package toolchain

import (
	"os"
	"os/exec"
	"os/signal"
)

// Become ends this program and goes on as another one, with the standard streams of this
// one and its exit code. It only returns if the other one cannot be started.
func Become(path string, args, env []string) error {
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	signal.Ignore(os.Interrupt) // the other one gets it too
	if err := cmd.Run(); cmd.ProcessState == nil {
		return err
	}
	os.Exit(cmd.ProcessState.ExitCode())
	return nil
}

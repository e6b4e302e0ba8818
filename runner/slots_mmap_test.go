//go:build linux && amd64 && !race

// The race detector needs more addresses than a limit leaves, and what emulates another machine (make arm64)
// does not start a program of it.

package runner

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Under a limit of address space Go's heap can still grow when there are linear memories.
func TestAddressSpaceLimit(t *testing.T) {
	const limit = 8 << 30
	if os.Getenv("LUNATIC_TEST_LIMITED") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAddressSpaceLimit$")
		cmd.Env = append(os.Environ(), "LUNATIC_TEST_LIMITED=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%.500s", err, out)
		}
		return
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
	s := newSlots(t, 0)
	for _, size := range []uint64{minSlot, largeSlot} {
		if s.get(size) == nil {
			t.Fatalf("no slot for %d bytes", size)
		}
	}
	if heap := make([]byte, limit/2); heap[limit/4] != 0 {
		t.Error("not zero")
	}
}

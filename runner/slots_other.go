//go:build !(linux && (amd64 || arm64 || riscv64 || loong64 || ppc64 || ppc64le || s390x || mips64 || mips64le))

package runner

import "math"

// mapped says that slots are cut from mappings. Here each is an allocation of its own,
// which the collector frees.
const mapped = false

const pageSize = 4096

func reserve(uint64, bool) []byte { return nil }

func unreserve([]byte) {}

func discard(mem []byte) { clear(mem) }

func resident([]byte, func(lo, hi int) bool) bool { return false }

func countsFaults() bool { return false }

func faults() int64 { return -1 }

// alone makes a slot.
func alone(n uint64) []byte {
	if n > math.MaxInt {
		return nil
	}
	return make([]byte, n)
}

package cli

import (
	"math/bits"
	"os"
)

// reserved is never touched, so that it is address space and no memory.
var reserved []byte

// ReserveHeap lets Go's heap grow by at least 16 MiB between two collections: it collects when the
// heap has doubled, and that of a runtime with a few processes is 1 or 2 MiB. It does nothing if
// the environment says how to collect.
func ReserveHeap() {
	if bits.UintSize == 64 && os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		reserved = make([]byte, 16<<20)
	}
}

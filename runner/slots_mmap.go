//go:build linux && (amd64 || arm64 || riscv64 || loong64 || ppc64 || ppc64le || s390x || mips64 || mips64le)

package runner

import (
	"encoding/binary"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// mapped says that slots are cut from mappings.
const mapped = true

var pageSize = os.Getpagesize()

// reservation is how much address space is mapped at once. Nothing stands behind it until
// it is touched, but a limit of address space (RLIMIT_AS) counts it, and Go's heap needs some
// of that as well.
var reservation = sync.OnceValue(func() uint64 {
	const most = 64 << 30
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &limit) != nil {
		return most
	}
	return min(most, limit.Cur/32)
})

// reserve maps n bytes of address space or, if the system allows it, more. Neighbouring
// reservations become one mapping. It is nil if there is not that much.
func reserve(n uint64, small bool) []byte {
	const flags = syscall.MAP_ANON | syscall.MAP_PRIVATE | syscall.MAP_NORESERVE
	for size := max(n, reservation()); ; size = max(n, size/2) {
		m, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, flags)
		if err == nil {
			// A slot is seldom used up: one touched byte shall not cost 2 MiB. A kernel without
			// huge pages does not know the advice.
			if !small || adviseSmall(m) {
				return m
			}
			unreserve(m)
		}
		if size == n {
			return nil
		}
	}
}

// adviseSmall keeps huge pages out of m. It reports false if they may come.
func adviseSmall(m []byte) bool {
	err := syscall.Madvise(m, syscall.MADV_NOHUGEPAGE)
	return err == nil || err == syscall.EINVAL
}

func unreserve(m []byte) { _ = syscall.Munmap(m) }

// alone would make a slot without an arena.
func alone(uint64) []byte { return nil }

// discard gives the pages of mem back to the system; it reads as zeros afterwards.
func discard(mem []byte) {
	if len(mem) > 0 && syscall.Madvise(mem, syscall.MADV_DONTNEED) != nil {
		clear(mem)
	}
}

// pagemap is /proc/self/pagemap, -1 if there is none: 8 bytes for every page.
var pagemap = sync.OnceValue(func() int {
	fd, err := syscall.Open("/proc/self/pagemap", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
})

// resident calls visit with the ranges of mem that have pages, in memory or swapped
// out. It reports false if the kernel does not say.
func resident(mem []byte, visit func(lo, hi int) bool) bool {
	const (
		entry = 8
		there = 3 << 62 // in memory, swapped out
	)
	fd := pagemap()
	if fd < 0 {
		return false
	}
	var buf [512 * entry]byte
	at := int64(uintptr(unsafe.Pointer(unsafe.SliceData(mem))) / uintptr(pageSize) * entry)
	lo := -1
	for i, pages := 0, (len(mem)+pageSize-1)/pageSize; i < pages; {
		n, err := syscall.Pread(fd, buf[:min(len(buf), (pages-i)*entry)], at+int64(i)*entry)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n < entry {
			return false
		}
		for b := buf[:n/entry*entry]; len(b) > 0; b = b[entry:] {
			switch used := binary.NativeEndian.Uint64(b)&there != 0; {
			case used && lo < 0:
				lo = i * pageSize
			case !used && lo >= 0:
				if !visit(lo, i*pageSize) {
					return true
				}
				lo = -1
			}
			i++
		}
	}
	if lo >= 0 {
		visit(lo, len(mem))
	}
	return true
}

// faults is the number of pages that the kernel has put, so far, where this process had none; -1
// if it does not count.
func faults() int64 {
	if !countsFaults() {
		return -1
	}
	return countFaults()
}

func countFaults() int64 {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return -1
	}
	return r.Minflt + r.Majflt
}

// countsFaults tries it: some systems that look like Linux always answer 0.
var countsFaults = sync.OnceValue(func() bool {
	const tries = 16
	fd := pagemap()
	if fd < 0 {
		return false
	}
	m, err := syscall.Mmap(-1, 0, tries*pageSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return false
	}
	defer unreserve(m)
	if !adviseSmall(m) {
		return false
	}
	for i := range tries {
		page := m[i*pageSize:]
		before := countFaults()
		if i%2 == 0 {
			page[0] = 1
		} else if n, err := syscall.Pread(fd, page[:8], 0); n != 8 || err != nil { // by the kernel itself
			return false
		}
		if countFaults() <= before {
			return false
		}
	}
	return true
})

package main

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash/fnv"
	"slices"
)

// computing are the contests of one process that computes. What comes out is known from Go's
// library.
func computing() []contest {
	of := func(play, line string, full, brief int, want func(n int) uint64) contest {
		return contest{
			name: "compute", play: play, full: args{full, 0}, brief: args{brief, 0}, notGo: true,
			want:  func(a args, _ int) uint64 { return want(a[0]) },
			lines: []contestLine{{groupComputing, line, func(_ args, s score) float64 { return micros(s.took) / 1e3 }}},
		}
	}
	return []contest{
		of("fib", "fib(32)", 32, 20, fibonacci),
		of("sort", "sort %s numbers", 100_000, 1_000, sorted),
		of("hash", "FNV-1a of 2 MiB", 32, 1, fnv1a),
		of("sha", "SHA-256 of 512 KiB", 8, 1, sha2),
	}
}

func fibonacci(n int) uint64 {
	a, b := uint64(0), uint64(1)
	for range n {
		a, b = b, a+b
	}
	return a
}

// pseudorandom are the numbers that are sorted and hashed.
func pseudorandom(n int) []uint32 {
	xs := make([]uint32, n)
	x := uint32(1)
	for i := range xs {
		x = (x*1103515245 + 12345) & 0x7fffffff
		xs[i] = x
	}
	return xs
}

func sorted(n int) uint64 {
	xs := pseudorandom(n)
	slices.Sort(xs)
	return uint64(xs[0]) + uint64(xs[n/2]) + uint64(xs[n-1])
}

// hashed is what is hashed in a round.
func hashed() []byte {
	var b []byte
	for _, x := range pseudorandom(64 << 10) {
		b = append(b, byte(x>>16))
	}
	return b
}

func fnv1a(rounds int) uint64 {
	h := fnv.New32a()
	for b := hashed(); rounds > 0; rounds-- {
		h.Write(b)
	}
	return uint64(h.Sum32())
}

// sha2 is the first word of the state behind whole blocks, without padding.
func sha2(rounds int) uint64 {
	h := sha256.New()
	for b := hashed(); rounds > 0; rounds-- {
		h.Write(b)
	}
	state, err := h.(encoding.BinaryMarshaler).MarshalBinary() // 4 bytes of magic, the words
	if err != nil {
		return 0
	}
	return uint64(binary.BigEndian.Uint32(state[4:]))
}

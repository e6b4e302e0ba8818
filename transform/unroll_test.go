package transform_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lunatic-go/lunatic/transform"
	"github.com/tetratelabs/wazero"
)

// TestTinyLoops runs random loops that are small enough to be unrolled, which those of
// wasmtest are not: they look at their fuel and leave from within a block.
func TestTinyLoops(t *testing.T) {
	vs := []variant{
		{name: "O1", opts: transform.Options{}},
		{name: "O2", opts: transform.Options{Opt: 1}},
		{name: "preempt=unwind", opts: transform.Options{Preempt: transform.PreemptUnwind}},
	}
	var steps []step
	for n := uint64(1); n <= 20; n++ {
		steps = append(steps, step{export: "f", args: []uint64{n}})
	}
	loops, unrolled := uint64(40), uint64(0)
	if testing.Short() {
		loops = 8
	}
	for seed := range loops {
		module := tinyLoopModule(rand.New(rand.NewPCG(seed, 4)))
		wants := originals(t, module, steps, wazero.NewRuntimeConfigCompiler())
		if SameBehaviour(t, module, wants, steps, vs, seed); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		if len(build(t, module, transform.Options{Opt: 1})) > len(build(t, module, transform.Options{Opt: -1}))+40 {
			unrolled++ // the copies make the code larger
		}
	}
	if unrolled < loops/2 {
		t.Errorf("only %d of %d loops are unrolled", unrolled, loops)
	}
}

// tinyLoopModule makes a module that exports a memory and f: (i32) -> i32, which is
//
//	block $out (result i32)
//	  loop
//	    body                      ;; of a few steps that may leave
//	    br_if 0 (n -= 1)          ;; or br_if $out, br 0
//	    tail
//	  end
//	  acc
//	end
func tinyLoopModule(r *rand.Rand) []byte {
	const n, acc = 0, 1
	countDown := []byte{0x20, n, 0x41, 1, 0x6b, 0x22, n} // n, left on the stack
	mix := func(k byte) []byte {                         // acc = acc*33 + n + k
		return []byte{0x20, acc, 0x41, 33, 0x6c, 0x20, n, 0x6a, 0x41, k & 63, 0x6a, 0x21, acc}
	}
	unlikely := []byte{0x20, acc, 0x41, 7, 0x71, 0x45} // acc & 7 == 0
	var code []byte
	put := func(b ...byte) { code = append(code, b...) }
	put(0x02, 0x7f, 0x03, 0x40) // block (result i32), loop
	for range 1 + r.IntN(3) {
		put(mix(byte(r.Uint32()))...)
		switch r.IntN(6) {
		case 0: // leave with an operand
			put(0x20, acc)
			put(unlikely...)
			put(0x0d, 1, 0x1a)
		case 1: // leave from within an if
			put(unlikely...)
			put(0x04, 0x40, 0x41, 5, 0x0c, 2, 0x0b)
		case 2: // go over some of the body
			put(0x02, 0x40)
			put(unlikely...)
			put(0x0d, 0)
			put(mix(3)...)
			put(0x0b)
		case 3: // return
			put(unlikely...)
			put(0x04, 0x40, 0x20, n, 0x0f, 0x05)
			put(mix(4)...)
			put(0x0b)
		case 4: // store
			put(0x20, n, 0x20, acc, 0x3a, 0, 0)
		}
	}
	switch r.IntN(3) {
	case 0:
		put(countDown...)
		put(0x0d, 0)
		put(mix(9)...)
	case 1:
		put(countDown...)
		put(0x0d, 0)
	case 2:
		put(0x20, acc)
		put(countDown...)
		put(0x45, 0x0d, 1, 0x1a, 0x0c, 0)
	}
	put(0x0b, 0x20, acc, 0x0b, 0x0b)
	body := append([]byte{1, 1, 0x7f}, code...)
	section := func(id byte, content ...byte) []byte {
		size := []byte{byte(len(content))&0x7f | 0x80, byte(len(content) >> 7)}
		return append(append([]byte{id}, size...), content...)
	}
	module := []byte("\x00asm\x01\x00\x00\x00")
	module = append(module, section(1, 1, 0x60, 1, 0x7f, 1, 0x7f)...)
	module = append(module, section(3, 1, 0)...)
	module = append(module, section(5, 1, 0, 1)...)
	module = append(module, section(7, append([]byte("\x02\x06memory\x02\x00\x01f"), 0, 0)...)...)
	size := []byte{byte(len(body))&0x7f | 0x80, byte(len(body) >> 7)}
	return append(module, section(10, append(append([]byte{1}, size...), body...)...)...)
}

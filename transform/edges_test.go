package transform_test

import (
	"testing"

	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmencode"
)

func TestTrap33_Edges(t *testing.T) {
	var steps []step
	for n := range uint64(14) {
		for _, export := range []string{"results", "pairs", "loops", "ifs", "void", "vector", "ref"} {
			steps = append(steps, do(export, n))
		}
	}
	same(t, "33-edges", steps...)
}

// TestManyEdges builds a function with more branches than are split, which all lead to one label:
// out of as many blocks within each other, and side by side.
func TestManyEdges(t *testing.T) {
	const n = 30_000
	branch := []byte{0x41, 1, 0x45, 0x0d} // i32.const, i32.eqz, br_if
	deep, wide := []byte{0}, []byte{0, 0x02, 0x40}
	for k := range n {
		deep = append(deep, 0x02, 0x40) // block
		deep = wasmencode.AppendU32(append(deep, branch...), uint32(k+1))
		wide = append(append(wide, branch...), 0)
	}
	for range n + 1 {
		deep = append(deep, 0x0b)
	}
	wide = append(wide, 0x0b, 0x0b)
	for _, body := range [][]byte{deep, wide} {
		module := []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a")
		code := wasmencode.AppendU32([]byte{1}, uint32(len(body)))
		module = wasmencode.AppendU32(module, uint32(len(code)+len(body)))
		build(t, append(append(module, code...), body...), transform.Options{Verify: true})
	}
}

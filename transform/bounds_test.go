package transform_test

import "testing"

func TestTrap34_Bounds(t *testing.T) {
	exports := []string{
		"rising", "stored", "twice", "last", "set", "called", "divided", "cut", "ends",
		"branch", "arms", "other", "taken", "walk", "far", "below",
	}
	steps := []step{do("called", 0)}
	for _, p := range []uint64{0, 16, 65516, 65519, 65520, 65523, 65524, 65525, 65528, 65529, 65532, 65533, 65535, 65536, 65552, 0xfffffff8, 0xffffffff} {
		for _, export := range exports {
			steps = append(steps, do(export, p))
		}
	}
	same(t, "34-bounds", steps...)
}

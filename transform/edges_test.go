package transform_test

import "testing"

func TestTrap33_Edges(t *testing.T) {
	var steps []step
	for n := range uint64(14) {
		for _, export := range []string{"results", "pairs", "loops", "ifs", "void", "vector", "ref"} {
			steps = append(steps, do(export, n))
		}
	}
	same(t, "33-edges", steps...)
}

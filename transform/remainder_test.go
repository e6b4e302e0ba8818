package transform_test

import (
	"testing"

	"github.com/tetratelabs/wazero"
)

// The untouched module is interpreted: wazero's compiler for arm64 gets it wrong.
func TestTrap35_Remainder(t *testing.T) {
	var steps []step
	for _, export := range []string{"i32.rem_u", "i32.rem_s", "i64.rem_u", "i64.rem_s"} {
		for _, x := range []uint64{0, 5, 3707535418, 0xffffffff, 0x80000000} {
			for _, y := range []uint64{1000, 7, 0xffffffff, 0} {
				steps = append(steps, do(export, x, y))
			}
		}
	}
	sameAs(t, "35-remainder", wazero.NewRuntimeConfigInterpreter(), steps...)
}

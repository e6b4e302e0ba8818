package runner_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// Fuel ends a process after exactly as many reductions as it is worth, whatever the size
// of a slice. The guest's burn has one reduction for each round, and one more for each
// slice.
func TestFuel(t *testing.T) {
	for _, slice := range []int32{1, 7, 1000, runner.FuelUnit, 100_000} {
		for _, units := range []uint64{1, 3, 1000} {
			if slice < 1000 && units > 3 {
				continue
			}
			t.Run(fmt.Sprintf("slice=%d,units=%d", slice, units), func(t *testing.T) {
				w := newWorld(t, runner.Config{Slice: slice})
				defer w.close()
				run := func(rounds int64) runner.Exit {
					p, err := w.env.Spawn(w.mod, runner.ProcessConfig{May: runner.MayAll, MaxFuel: units}, "burn", value(rounds))
					if err != nil {
						t.Fatal(err)
					}
					<-p.Done()
					return p.Exit()
				}
				fuel := int64(units * runner.FuelUnit)
				slices := (fuel + int64(slice) - 1) / int64(slice)
				if e := run(fuel + slices - 1); e.Reason != runner.ExitNormal {
					t.Errorf("with enough fuel: %v", e.Err)
				}
				if e := run(fuel + slices); e.Reason != runner.ExitFailed || !errors.Is(e.Err, runner.ErrFuel) {
					t.Errorf("with too little fuel: %v, %v", e.Reason, e.Err)
				}
			})
		}
	}
}

// A process without a limit is not limited by those that have one.
func TestFuelIsPerProcess(t *testing.T) {
	w := newWorld(t, runner.Config{})
	defer w.close()
	free := w.spawn("burn", int64(10*runner.FuelUnit))
	limited, err := w.env.Spawn(w.mod, runner.ProcessConfig{MaxFuel: 1}, "spin")
	if err != nil {
		t.Fatal(err)
	}
	<-limited.Done()
	if !errors.Is(limited.Exit().Err, runner.ErrFuel) {
		t.Errorf("got %v", limited.Exit())
	}
	<-free.Done()
	if e := free.Exit(); e.Reason != runner.ExitNormal {
		t.Errorf("got %v", e.Err)
	}
	if got, want := limited.Exit().Err.Error(), "out of fuel"; len(got) < len(want) || got[:len(want)] != want {
		t.Errorf("the error is %q", got)
	}
}

package runner_test

import (
	"context"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// What is counted for a process that is killed before it has run is given back.
func TestUnborn(t *testing.T) {
	inModes(t, func(t *testing.T, cfg runner.Config) {
		w := newWorld(t, cfg)
		defer w.close()
		mod := w.artifact("spawn")
		for range 3 { // the first one also finds out how a new instance looks
			env := w.rt.NewEnvironment()
			p, err := env.Spawn(mod, runner.ProcessConfig{May: runner.MaySpawn}, "idle", value(int32(200)))
			if err != nil {
				t.Fatal(err)
			}
			<-p.Done() // its children have had no turn, or some have
			if err := env.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			if st := w.rt.MemoryStats(); st.Memories != 0 || st.Bytes != 0 {
				t.Errorf("left over: %+v", st)
			}
		}
	})
}

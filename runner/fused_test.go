package runner_test

import (
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// A program cannot tell whether receive and read_data have become one host call.
func TestReceiveRead(t *testing.T) {
	const bad = int32(-100)
	for _, tt := range []struct {
		entry  string
		at, n  int32
		reason runner.ExitReason
		code   uint32
	}{
		{"later", 2048, 64, runner.ExitFailed, 20<<2 | 'm'&3},
		{"later", 2048, 8, runner.ExitFailed, 8<<2 | 'm'&3},
		{"later", 0, 64, runner.ExitFailed, 20<<2 | 'm'&3}, // where frames are written
		{"later", 2048, 0, runner.ExitNormal, 0},
		{"later", bad, 8, runner.ExitFailed, 0},
		{"there", 2048, 64, runner.ExitFailed, 20<<2 | 'm'&3},
		{"there", 2048, 8, runner.ExitFailed, 8<<2 | 'm'&3},
		{"there", bad, 8, runner.ExitFailed, 0},
		{"never", bad, 8, runner.ExitFailed, 100},
		{"ended", bad, 8, runner.ExitFailed, 100},
	} {
		t.Run(tt.entry, func(t *testing.T) {
			inModes(t, func(t *testing.T, cfg runner.Config) {
				w := newWorld(t, cfg)
				defer w.close()
				var traps [2]string
				for i, opt := range []int{-1, 0} { // without, and with
					p, err := w.env.Spawn(w.built("fused", opt), runner.ProcessConfig{May: runner.MaySpawn}, tt.entry, value(tt.at), value(tt.n))
					if err != nil {
						t.Fatal(err)
					}
					<-p.Done()
					e := p.Exit()
					if e.Reason != tt.reason || e.Code != tt.code {
						t.Errorf("opt %d: %v, code %d, %v; want %v, code %d", opt, e.Reason, e.Code, e.Err, tt.reason, tt.code)
					}
					if e.Err != nil {
						traps[i], _, _ = strings.Cut(e.Err.Error(), "\n")
					}
				}
				if traps[0] != traps[1] || (traps[0] != "") != (tt.code == 0 && tt.reason == runner.ExitFailed) {
					t.Errorf("traps %q", traps)
				}
			})
		})
	}
}

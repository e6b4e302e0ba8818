package transform_test

import (
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/transform"
)

func TestExplain(t *testing.T) {
	chain := readFile(t, "testdata/explain/chain.wasm")
	pinned := readFile(t, "testdata/golden/pinned.wasm")
	wait := []string{"env.wait"}
	for _, test := range []struct {
		name   string
		module []byte
		opts   transform.Options
		fn     string
		want   string
	}{
		{"all", chain, transform.Options{SuspendImports: wait}, "", `
import 0 (env.wait) suspends
func 4 (sleepy) calls func 5 (middle)
func 5 (middle) calls import 0 (env.wait)
func 6 (apply) calls through a table, type (i32 i32) -> i32, e.g. func 4 (sleepy)
func 7 (main) calls func 6 (apply)
4 of 8 functions may suspend, 1 of them by a call through a table; 1 of 3 imported functions suspend
`},
		{"chain", chain, transform.Options{SuspendImports: wait}, "main", `
func 7 (main) may suspend:
  it calls func 6 (apply)
  which calls through a table, type (i32 i32) -> i32, e.g. func 4 (sleepy)
  which calls func 5 (middle)
  which calls import 0 (env.wait)
  which suspends
sites: 0 with a frame, 1 in tail position; charges: 0
`},
		{"by export", chain, transform.Options{SuspendImports: wait}, "log it", `
func 8 (logger) does not suspend
it reaches, of the imported functions:
  env.log
charges: 0
`},
		{"by index", chain, transform.Options{SuspendImports: wait}, "6", `
func 6 (apply) may suspend:
  it calls through a table, type (i32 i32) -> i32, e.g. func 4 (sleepy)
  which calls func 5 (middle)
  which calls import 0 (env.wait)
  which suspends
sites: 1 with a frame, 0 in tail position; charges: 0
largest frame: 12 bytes
`},
		{"nothing reached", chain, transform.Options{SuspendImports: wait}, "loop", `
func 10 (loop) does not suspend
it reaches no imported function
charges: 1
`},
		{"loop that may unwind", chain, transform.Options{SuspendImports: wait, Preempt: transform.PreemptUnwind}, "loop", `
func 10 (loop) may suspend:
  it may suspend where its time slice ends (--preempt=unwind)
sites: 1 with a frame, 0 in tail position; charges: 1
largest frame: 12 bytes
`},
		{"nothing suspends", chain, transform.Options{NoSuspend: true}, "apply", `
func 6 (apply) does not suspend
it reaches, of the imported functions:
  env.wait
charges: 0
`},
		{"import", chain, transform.Options{SuspendImports: wait}, "env.wait", `
import 0 (env.wait) suspends: a pattern for suspending imports fits
`},
		{"import that does not", chain, transform.Options{SuspendImports: wait}, "1", `
import 1 (env.log) does not suspend: no pattern for suspending imports fits
`},
		{"import that cannot", chain, transform.Options{SuspendImports: []string{"*"}}, "env.object", `
import 2 (env.object) does not suspend: it returns a reference, for which there is no place
`},
		{"pinned", pinned, transform.Options{SuspendImports: wait}, "pinned", `
func 2 (pinned) may suspend:
  it calls import 0 (env.wait)
  which suspends
it is pinned, so the runtime parks while it is on the stack: a local of a type that cannot be saved is live at a call
charges: 0
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := transform.Explain(background, test.module, test.opts, test.fn)
			if err != nil {
				t.Fatal(err)
			}
			if diff := firstDifference([]byte(got), []byte(test.want[1:])); diff != "" {
				t.Errorf("%s\nin\n%s", diff, got)
			}
		})
	}
}

func TestExplainUnknown(t *testing.T) {
	chain := readFile(t, "testdata/explain/chain.wasm")
	for _, test := range []struct{ fn, want string }{
		{"midle", `no function is called "midle"; there is middle`},
		{"SLEEP", `no function is called "SLEEP"; there is sleepy`},
		{"99", `no function is called "99"`},
		{"-1", `no function is called "-1"`},
		{"nothing like it", `no function is called "nothing like it"`},
	} {
		_, err := transform.Explain(background, chain, transform.Options{}, test.fn)
		if err == nil || err.Error() != test.want {
			t.Errorf("%q: got %v, want %s", test.fn, err, test.want)
		}
	}
	_, err := transform.Explain(background, chain, transform.Options{}, "e")
	if err == nil || strings.Count(err.Error(), ",") != 4 {
		t.Errorf("got %v, want five names", err)
	}
	if _, err := transform.Explain(background, []byte("\x00asm"), transform.Options{}, ""); err == nil {
		t.Error("no error for what is no module")
	}
}

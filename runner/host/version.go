package host

import "github.com/lunatic-go/lunatic/runner"

var lunaticVersion = runner.Namespace{Name: "lunatic::version", Funcs: []runner.Func{
	{Name: "major", Type: "-> i32", Call: number(0)},
	{Name: "minor", Type: "-> i32", Call: number(13)},
	{Name: "patch", Type: "-> i32", Call: number(2)},
}}

// number answers with the version of Lunatic whose ABI this is.
func number(n uint64) func(*runner.Process, []uint64) {
	return func(_ *runner.Process, stack []uint64) { stack[0] = n }
}

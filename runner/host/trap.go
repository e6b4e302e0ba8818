package host

import "github.com/lunatic-go/lunatic/runner"

var lunaticTrap = runner.Namespace{Name: "lunatic::trap", Funcs: []runner.Func{
	{Name: "catch", Type: "i32 i32 -> i32", Call: catch},
}}

// catchTrap is the export that catch calls with its own parameters.
const catchTrap = "_lunatic_catch_trap"

// catch answers what the export returned, or 0 if it trapped or called proc_exit with any
// code. See runner.Process.Catch for what is not caught. It traps if there is no such
// export, and when runner.MaxNested calls of exports are in progress.
func catch(p *runner.Process, stack []uint64) {
	results, returned := p.Catch(catchTrap, "i32 i32 -> i32", stack[0], stack[1])
	stack[0] = 0
	if returned {
		stack[0] = results[0]
	}
}

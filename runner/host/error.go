package host

import "github.com/lunatic-go/lunatic/runner"

var lunaticError = runner.Namespace{Name: "lunatic::error", Funcs: []runner.Func{
	{Name: "string_size", Type: "i64 -> i32", Call: errorSize},
	{Name: "to_string", Type: "i64 i32", Call: errorString},
	{Name: "drop", Type: "i64", Call: errorDrop},
}}

func errorText(p *runner.Process, id uint64) string {
	return runner.Errors.Get(p, "error_id", id).Error()
}

func errorSize(p *runner.Process, stack []uint64) {
	stack[0] = uint64(uint32(len(errorText(p, stack[0]))))
}

func errorString(p *runner.Process, stack []uint64) {
	text := errorText(p, stack[0])
	copy(p.Bytes("error_str_ptr", stack[1], uint64(len(text))), text)
}

func errorDrop(p *runner.Process, stack []uint64) { runner.Errors.Remove(p, "error_id", stack[0]) }

package host

import (
	"encoding/binary"

	"github.com/lunatic-go/lunatic/runner"
)

// Arguments and variables are the process's, not the instance's, which wazero's functions
// would give.

func argsSizes(p *runner.Process, stack []uint64) { putSizes(p, stack, p.Config().ArgsTotal) }

func environSizes(p *runner.Process, stack []uint64) { putSizes(p, stack, p.Config().EnvTotal) }

// putSizes is count_ptr, size_ptr -> errno.
func putSizes(p *runner.Process, stack []uint64, total func() (count, size uint32)) {
	if !inside(p, stack[0], 4) || !inside(p, stack[1], 4) {
		stack[0] = errnoFault
		return
	}
	count, size := total()
	p.PutU32("count", stack[0], count)
	p.PutU32("size", stack[1], size)
	stack[0] = errnoSuccess
}

func argsGet(p *runner.Process, stack []uint64) {
	c := p.Config()
	putStrings(p, stack, c.ArgsTotal, func(i int) [3]string { return [3]string{c.Args[i]} })
}

func environGet(p *runner.Process, stack []uint64) {
	c := p.Config()
	putStrings(p, stack, c.EnvTotal, func(i int) [3]string { return [3]string{c.Env[i][0], "=", c.Env[i][1]} })
}

// putStrings is pointers, bytes -> errno. It writes the strings that get returns in parts, each
// with a NUL, and where each of them begins.
func putStrings(p *runner.Process, stack []uint64, total func() (count, size uint32), get func(i int) [3]string) {
	list, at := stack[0], stack[1]
	count, size := total()
	if !inside(p, list, 4*uint64(count)) || !inside(p, at, uint64(size)) {
		stack[0] = errnoFault
		return
	}
	pointers, bytes := p.Bytes("pointers", list, 4*uint64(count)), p.Bytes("bytes", at, uint64(size))
	n := 0
	for i := range int(count) {
		binary.LittleEndian.PutUint32(pointers[4*i:], uint32(at)+uint32(n))
		for _, part := range get(i) {
			n += copy(bytes[n:], part)
		}
		bytes[n] = 0
		n++
	}
	stack[0] = errnoSuccess
}

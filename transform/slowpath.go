package transform

import (
	"github.com/lunatic-go/lunatic/asyncify"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// sliceEnd is the function called when the budget has run out: it starts a new slice
// and tells the host, which may let others run first. With a host function that does
// nothing the module just goes on.
func sliceEnd(e *asyncify.Env, host wasmparse.FuncIdx) []byte {
	b := wasmencode.AppendLocals(nil, nil)
	b = wasmencode.AppendU32(append(b, 0x23), uint32(e.Slice))  // global.get
	b = wasmencode.AppendU32(append(b, 0x24), uint32(e.Budget)) // global.set
	b = wasmencode.AppendU32(append(b, 0x10), uint32(host))     // call
	return append(b, 0x0b)
}

// bulkShift makes a reduction of so many bytes or elements: 1<<bulkShift.
const bulkShift = 6

// chargeBulk is the function n -> n that charges for a bulk instruction of length n
// about to run. The largest charge is far from what the budget's special values need.
func chargeBulk(e *asyncify.Env, slow wasmparse.FuncIdx) []byte {
	b := wasmencode.AppendLocals(nil, nil)
	b = append(b, 0x20, 0, 0x41)
	b = wasmencode.AppendS32(b, bulkFree)
	b = append(b, 0x4b, 0x04, 0x40) // i32.gt_u; if
	b = wasmencode.AppendU32(append(b, 0x23), uint32(e.Budget))
	b = append(b, 0x20, 0, 0x41, bulkShift, 0x76, 0x6b) // local.get 0; i32.const; i32.shr_u; i32.sub
	b = wasmencode.AppendU32(append(b, 0x24), uint32(e.Budget))
	b = wasmencode.AppendU32(append(b, 0x23), uint32(e.Budget))
	b = append(b, 0x41, 0, 0x48, 0x04, 0x40) // i32.const 0; i32.lt_s; if
	b = wasmencode.AppendU32(append(b, 0x10), uint32(slow))
	return append(b, 0x0b, 0x0b, 0x20, 0, 0x0b)
}

package host

import "github.com/lunatic-go/lunatic/runner"

// guestAlloc is the export that functions call which return data of a length the guest
// cannot know. The guest owns the block.
const guestAlloc = "lunatic_alloc"

// give copies data to a block that the guest's allocator gives, stores its length, four
// bytes, at ptr, and returns its address. It traps, before anything is allocated, if ptr is
// bad, and if the guest's allocator is missing, fails or answers with an address outside of
// the memory. argument is the name of the parameter ptr.
//
// Slices of guest memory are invalid afterwards. It cannot be used after Wait, nor in the
// finish of an Async. See runner.Process.CallExport.
func give(p *runner.Process, argument string, ptr uint64, data []byte) uint64 {
	p.Bytes(argument, ptr, 4)
	if uint64(len(data)) > 1<<32-1 {
		p.Fail("", "%d bytes do not fit into the memory", len(data))
	}
	r, err := p.CallExport(guestAlloc, "i32 -> i32", uint64(len(data)))
	if err != nil {
		panic(err)
	}
	block := uint64(uint32(r[0]))
	copy(p.Bytes(guestAlloc, block, uint64(len(data))), data)
	p.PutU32(argument, ptr, uint32(len(data)))
	return block
}

package transform

import "github.com/lunatic-go/lunatic/wasmparse"

// What a loop carries has, at a latch that several ways lead to, values that wazero makes at
// this join (phis). One that lives across a call is stored to the stack on each way that leads
// to the join; so the call that ends a slice would cost a store per value and round. In front
// of it, out of the loop, the values are copied, and only the copies live across the call.

// A localUse is what the body of an open loop does with a local.
type localUse struct {
	local   uint32
	exposed bool // its first use gets it: its value is carried into each round
	set     bool
}

// A carrier knows the uses of locals in the loops around.
type carrier struct {
	uses []localUse // of each loop from its mark on
	seen []uint32   // by local: one more than the index of its use
}

func (c *carrier) reset(locals int) {
	c.uses = c.uses[:0]
	c.seen = append(c.seen[:0], make([]uint32, locals)...)
}

// use notes an instruction.
func (c *carrier) use(in *wasmparse.Instr) {
	switch in.Op {
	case wasmparse.OpLocalGet:
		c.uses = append(c.uses, localUse{local: in.A, exposed: true})
	case wasmparse.OpLocalSet, wasmparse.OpLocalTee:
		c.uses = append(c.uses, localUse{local: in.A, set: true})
	}
}

// loop returns the locals used since mark, each once.
func (c *carrier) loop(mark int) []localUse {
	n := mark
	for _, u := range c.uses[mark:] {
		if k := c.seen[u.local]; k > 0 {
			c.uses[k-1].set = c.uses[k-1].set || u.set
			continue
		}
		c.uses[n] = u
		n++
		c.seen[u.local] = uint32(n)
	}
	c.uses = c.uses[:n]
	for _, u := range c.uses[mark:] {
		c.seen[u.local] = 0
	}
	return c.uses[mark:]
}

// copyCarried copies what the loop that began at mark carries, by instructions that wazero
// does not see through.
func (c *charger) copyCarried(mark int) {
	for _, u := range c.carrier.loop(mark) {
		if !u.exposed || !u.set {
			continue
		}
		var to, op wasmparse.Opcode
		switch c.out.Locals[u.local] {
		case wasmparse.I32:
			to, op = wasmparse.OpI32Const, wasmparse.OpI32Or
		case wasmparse.I64:
			to, op = wasmparse.OpI64Const, wasmparse.OpI64Or
		case wasmparse.F32:
			to, op = wasmparse.OpI32ReinterpretF32, wasmparse.OpF32ReinterpretI32
		case wasmparse.F64:
			to, op = wasmparse.OpI64ReinterpretF64, wasmparse.OpF64ReinterpretI64
		default:
			continue
		}
		c.emit(wasmparse.OpLocalGet, u.local)
		c.emit(to, 0)
		c.emit(op, 0)
		c.emit(wasmparse.OpLocalSet, u.local)
	}
}

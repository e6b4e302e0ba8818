package host

import (
	"encoding/binary"
	"io"

	"github.com/lunatic-go/lunatic/runner"
)

// A descriptor is what poll_oneoff can wait for beside files: the mailbox, a socket, a
// listener, an operation that was begun. Who opens one wants to wait for several things at
// once; so nothing that is waited for in this way makes a host call wait any more.
//
// Descriptors are numbered as files are, from firstDescriptor on. wazero has no file there.
type descriptor interface {
	// ready reports whether an attempt makes sense. If it does not the process is woken when
	// that may have changed, once arm was called.
	ready(p *runner.Process, write bool) bool
	arm(write bool)
	filetype() byte
	io.Closer
}

const (
	firstDescriptor = 1 << 20
	maxDescriptors  = runner.MaxResources
)

// descriptors are a process's. It has at most one such table.
type descriptors struct {
	list []described // of nothing: free
	free []int
	of   map[any]int // what they are for

	operations int // among them
}

// A described is a descriptor and what it is for.
type described struct {
	descriptor
	of any
}

// A handle names a resource of the process: descriptors are for handles, not for what stands
// behind them, which may have several.
type handle struct {
	kind any // *runner.Kind
	id   uint64
}

var descriptorTables = runner.NewKind[*descriptors]("table of descriptors")

func (d *descriptors) Close() error {
	for _, x := range d.list {
		if x.of != nil {
			x.Close()
		}
	}
	return nil
}

// isDescriptor reports whether a number cannot be a file's.
func isDescriptor(fd uint64) bool { return uint32(fd) >= firstDescriptor }

// findDescriptor returns nil if there is none.
func findDescriptor(p *runner.Process, fd uint64) descriptor {
	d, ok := descriptorTables.Lookup(p, 0)
	if i := uint64(uint32(fd)) - firstDescriptor; ok && i < uint64(len(d.list)) {
		return d.list[i].descriptor
	}
	return nil
}

// descriptorsOf returns the process's table, which is made if it has none.
func descriptorsOf(p *runner.Process) *descriptors {
	d, ok := descriptorTables.Lookup(p, 0)
	if !ok {
		d = &descriptors{of: make(map[any]int)}
		descriptorTables.Add(p, d)
	}
	return d
}

// describe returns the descriptor for something; open makes it if there is none yet.
func describe(p *runner.Process, of any, open func() descriptor) uint64 {
	d := descriptorsOf(p)
	if i, ok := d.of[of]; ok {
		return firstDescriptor + uint64(i)
	}
	i := len(d.list)
	switch n := len(d.free); {
	case n > 0:
		i = d.free[n-1]
		d.free = d.free[:n-1]
		d.list[i] = described{open(), of}
	case i == maxDescriptors:
		p.Fail("", "the process has %d descriptors: close some", maxDescriptors)
	default:
		d.list = append(d.list, described{open(), of})
	}
	d.of[of] = i
	return firstDescriptor + uint64(i)
}

// hasDescriptor reports whether the process has a descriptor for something.
func hasDescriptor(p *runner.Process, of any) bool {
	d, ok := descriptorTables.Lookup(p, 0)
	if !ok {
		return false
	}
	_, ok = d.of[of]
	return ok
}

// timeout sets the time of an operation through a handle: none, if there is a descriptor for
// it.
func timeout[T any](p *runner.Process, kind *runner.Kind[T], id, millis uint64) {
	if hasDescriptor(p, handle{kind, id}) {
		millis = 0
	}
	p.SetTimeout(millis)
}

// shutDescriptor is fd_close.
func shutDescriptor(p *runner.Process, fd uint64) (errno uint64) {
	x := findDescriptor(p, fd)
	if x == nil {
		return errnoBadf
	}
	d, _ := descriptorTables.Lookup(p, 0)
	i := int(uint32(fd) - firstDescriptor)
	delete(d.of, d.list[i].of)
	d.list[i] = described{}
	d.free = append(d.free, i)
	x.Close()
	return errnoSuccess
}

// statDescriptor is fd_fdstat_get: what it is, and that it does not wait.
func statDescriptor(p *runner.Process, fd, out uint64) (errno uint64) {
	x := findDescriptor(p, fd)
	switch {
	case x == nil:
		return errnoBadf
	case !inside(p, out, fdstatSize):
		return errnoFault
	}
	b := p.Bytes("stat", out, fdstatSize)
	clear(b)
	b[0] = x.filetype()
	binary.LittleEndian.PutUint16(b[2:], fdflagNonblock)
	binary.LittleEndian.PutUint64(b[8:], rightPoll)
	return errnoSuccess
}

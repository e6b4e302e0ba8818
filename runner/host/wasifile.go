package host

import (
	"context"
	"encoding/binary"
	"io"
	"io/fs"
	"reflect"
	"sync"
	"syscall"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/tetratelabs/wazero/api"
	wasifs "github.com/tetratelabs/wazero/experimental/sys"
)

// A file is an open file of a process.
type file struct {
	wasifs.File           // nil if out is not
	out         io.Writer // where it is one of the process's standard streams
	stdio       bool      // one of the standard streams
	stdin       bool      // Process.Stdin
}

// lookup finds a file by its descriptor. The standard streams are the process's, unless it has
// closed them.
func lookup(p *runner.Process, fd uint64) (file, bool) {
	if fd > 2 || !p.HasStandard() {
		return lookupTable(p, fd)
	}
	f := file{stdio: true}
	switch fd {
	case 0:
		f.stdin, f.out = true, noOutput{}
	case 1:
		f.out = p.Stdout()
	case 2:
		f.out = p.Stderr()
	}
	return f, true
}

// noOutput is the other direction of a standard input.
type noOutput struct{}

func (noOutput) Write([]byte) (int, error) { return 0, wasifs.EBADF }

// read reads what is there.
func (f file) read(p *runner.Process, b []byte) (int, wasifs.Errno) {
	switch {
	case f.stdin:
		n, err := p.Stdin().Read(b)
		return n, wasifs.UnwrapOSError(err)
	case f.out != nil:
		return 0, wasifs.EBADF
	}
	return f.Read(b)
}

// write writes all, or what a stream takes.
func (f file) write(b []byte) (int, wasifs.Errno) {
	if f.out == nil {
		return f.Write(b)
	}
	n, err := f.out.Write(b)
	return n, wasifs.UnwrapOSError(err)
}

// lookupTable finds a file in wazero's table, where it does not renumber what was open from the
// start.
//
// wazero keeps the table where only its own packages can name its types, so exported fields and
// methods are found by reflection. That takes about a microsecond.
func lookupTable(p *runner.Process, fd uint64) (file, bool) {
	inst := reflect.ValueOf(p.Instance()).Elem() // wasm.ModuleInstance
	t := tableOf(inst.Type())
	files := inst.Field(t.sys).Method(t.fs).Call(nil)[0]
	found := files.Method(t.lookup).Call([]reflect.Value{reflect.ValueOf(int32(uint32(fd)))})
	if !found[1].Bool() {
		return file{}, false
	}
	entry := found[0].Elem() // sys.FileEntry
	f := file{File: entry.Field(t.file).Interface().(wasifs.File)}
	f.stdio = entry.Field(t.preopen).Bool() && entry.Field(t.dir).IsNil()
	f.stdin = f.stdio && uint32(fd) == 0
	return f, true
}

// A fileTable has the numbers of the fields and methods that lead to a file: to look for
// them by their names takes longer than to use them.
type fileTable struct {
	sys                int // of an instance: *sys.Context
	fs                 int // (*sys.Context).FS
	lookup             int // (*sys.FSContext).LookupFile
	file, preopen, dir int // of sys.FileEntry
}

var tables sync.Map // of *fileTable by the type of instances, which is one

// tableOf returns how to find files in instances of a type. It panics if wazero is
// another one than it was written for, which TestWASIFunctions would tell.
func tableOf(instance reflect.Type) *fileTable {
	if t, ok := tables.Load(instance); ok {
		return t.(*fileTable)
	}
	t := &fileTable{}
	fs := methodOf(fieldOf[any](instance, "Sys", &t.sys), "FS", &t.fs)
	lookup := methodOf(fs.Out(0), "LookupFile", &t.lookup)
	if want := reflect.TypeFor[func(int32) bool](); lookup.In(1) != want.In(0) || lookup.Out(1) != want.Out(0) {
		panic("host: wazero's files are found in another way: " + lookup.String())
	}
	entry := lookup.Out(0).Elem()
	fieldOf[wasifs.File](entry, "File", &t.file)
	fieldOf[bool](entry, "IsPreopen", &t.preopen)
	fieldOf[wasifs.FS](entry, "FS", &t.dir)
	tables.Store(instance, t)
	return t
}

// fieldOf finds the number of a field, and returns its type, which is T unless that is any.
func fieldOf[T any](t reflect.Type, name string, number *int) reflect.Type {
	f, ok := t.FieldByName(name)
	if want := reflect.TypeFor[T](); !ok || len(f.Index) != 1 || f.Type != want && want != reflect.TypeFor[any]() {
		panic("host: wazero's " + t.String() + " has no such field: " + name)
	}
	*number = f.Index[0]
	return f.Type
}

// methodOf finds the number of a method, and returns its type, with the receiver.
func methodOf(t reflect.Type, name string, number *int) reflect.Type {
	m, ok := t.MethodByName(name)
	if !ok {
		panic("host: wazero's " + t.String() + " has no such method: " + name)
	}
	*number = m.Index
	return m.Type
}

// stream returns the file as one that may have to wait, unless the guest wants to know.
func (f file) stream() (runner.Stream, bool) {
	s, ok := f.File.(runner.Stream)
	return s, ok
}

// maxGather is how many bytes of several buffers are written at once; a longer list of
// buffers is written in part, as POSIX allows.
const maxGather = 1 << 20

// fdRead reads into the buffers in turn, until one is not filled.
func fdRead(p *runner.Process, stack []uint64) { transferFile(p, stack, false) }

// fdWrite writes the buffers at once: what others write does not come between.
func fdWrite(p *runner.Process, stack []uint64) { transferFile(p, stack, true) }

func transferFile(p *runner.Process, stack []uint64, write bool) {
	p.CheckSignals()
	f, ok := lookup(p, stack[0])
	switch {
	case !ok:
		stack[0] = errnoBadf
		return
	case !inside(p, stack[3], 4):
		stack[0] = errnoFault
		return
	}
	if errno := vectors(p, stack); errno != errnoSuccess {
		stack[0] = errno
		return
	}
	w := transfer{file: f, write: write, list: stack[1], n: stack[2], result: stack[3]}
	// Most need not wait. A guest is not built to be suspended when it writes.
	if (write || !p.Stressed()) && w.Poll(p, stack) {
		return
	}
	waiting := w // on the heap, which w need not be
	p.Wait(&waiting, stack)
}

// transfer is the Wait of fd_read and fd_write.
type transfer struct {
	file
	write           bool
	list, n, result uint64
	stop            func() // not nil while it waits for the file
	p               *runner.Process
}

func (t *transfer) Poll(p *runner.Process, results []uint64) bool {
	t.p = p
	t.done()
	for {
		var n int
		var errno wasifs.Errno
		if t.stdin {
			n, errno = t.once(p)
		} else {
			p.Blocking(func() { n, errno = t.once(p) })
		}
		if errno == wasifs.EAGAIN && t.wait(p) {
			if t.stdin && p.Stdin().Ready(p) {
				continue
			}
			return false
		}
		if errno != 0 {
			results[0] = wasiErrno(errno)
			return true
		}
		p.PutU32("result", t.result, uint32(n))
		results[0] = errnoSuccess
		return true
	}
}

// wait lets the process wait for the file, if it is one to wait for.
func (t *transfer) wait(p *runner.Process) bool {
	if t.stdin {
		return true
	}
	s, ok := t.stream()
	if !ok || s.IsNonblock() {
		return false
	}
	t.stop = s.Await(p, t.write)
	return true
}

func (t *transfer) done() {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
}

// Cancel is called when the process has ended.
func (t *transfer) Cancel() {
	t.done()
	if t.stdin && t.p != nil {
		t.p.Stdin().Forget(t.p)
	}
}

// once transfers what can be transferred now.
func (t *transfer) once(p *runner.Process) (n int, errno wasifs.Errno) {
	iovs := p.Bytes("iovs", t.list, 8*t.n)
	if t.write {
		return t.writeOnce(p, iovs)
	}
	for ; len(iovs) > 0; iovs = iovs[8:] {
		b := vector(p, iovs)
		if len(b) == 0 {
			continue
		}
		k, errno := t.read(p, b)
		n += k
		switch {
		case errno != 0 && n == 0:
			return 0, errno
		case errno != 0, k < len(b):
			return n, 0
		}
	}
	return n, 0
}

func (t *transfer) writeOnce(p *runner.Process, iovs []byte) (int, wasifs.Errno) {
	b := vector(p, iovs)
	if len(iovs) > 8 {
		b = joined(p, iovs)
	}
	if len(b) == 0 {
		return 0, 0
	}
	return t.file.write(b)
}

// vector returns the first buffer of a list; none if the list is empty.
func vector(p *runner.Process, iovs []byte) []byte {
	if len(iovs) == 0 {
		return nil
	}
	return p.Bytes("iovs", uint64(binary.LittleEndian.Uint32(iovs)), uint64(binary.LittleEndian.Uint32(iovs[4:])))
}

// joined returns a copy of the buffers' contents, but no more than maxGather bytes.
func joined(p *runner.Process, iovs []byte) (all []byte) {
	size := 0
	for list := iovs; len(list) > 0 && size < maxGather; list = list[8:] {
		size += len(vector(p, list))
	}
	all = make([]byte, 0, min(size, maxGather))
	for ; len(iovs) > 0 && len(all) < cap(all); iovs = iovs[8:] {
		b := vector(p, iovs)
		all = append(all, b[:min(len(b), cap(all)-len(all))]...)
	}
	return all
}

// wasiErrno returns the number of an error in preview 1.
func wasiErrno(errno wasifs.Errno) uint64 {
	if n, ok := errnos[errno]; ok {
		return n
	}
	if n, ok := rare[runner.SystemErrno(errno)]; ok {
		return n
	}
	return errnoIO
}

var errnos = map[wasifs.Errno]uint64{
	0: errnoSuccess, wasifs.EACCES: 2, wasifs.EAGAIN: errnoAgain, wasifs.EBADF: errnoBadf,
	wasifs.ENOSYS: errnoBadf, // for reading or writing what cannot be
	wasifs.EFAULT: errnoFault, wasifs.EINTR: 27, wasifs.EINVAL: errnoInval, wasifs.EIO: errnoIO,
	wasifs.EISDIR: 31, wasifs.ENOTSUP: errnoNotsup, wasifs.EPERM: 63, wasifs.EROFS: 69,
}

// rare are errors of reading and writing that wazero has no name for.
var rare = map[syscall.Errno]uint64{syscall.EFBIG: 22, syscall.ENOSPC: 51, syscall.EPIPE: 64, syscall.ESPIPE: 70}

// fdstat is fd_fdstat_get, around wazero's.
type fdstat struct{ wazero api.GoModuleFunction }

// get tells that standard input is a terminal, if it is: wazero sees a reader.
func (s fdstat) get(p *runner.Process, stack []uint64) {
	fd, out := stack[0], stack[1]
	if isDescriptor(fd) {
		stack[0] = statDescriptor(p, fd, out)
		return
	}
	blocking(p, s.wazero, stack)
	if stack[0] != errnoSuccess || p.Stdin().Mode()&fs.ModeCharDevice == 0 {
		return
	}
	if f, ok := lookup(p, fd); ok && f.stdin {
		p.Bytes("stat", out, 1)[0] = filetypeCharacterDevice
	}
}

// fifoPatience is how often a process looks whether somebody reads the FIFO that it wants
// to open for writing: the system tells nobody.
const fifoPatience = 10 * time.Millisecond

// openPath is path_open.
func openPath(p *runner.Process, open, shut api.GoModuleFunction, stack []uint64) {
	p.CheckSignals()
	if !inside(p, stack[8], 4) {
		stack[0] = errnoFault
		return
	}
	if w := (&opening{open, shut, [9]uint64(stack)}); !w.Poll(p, stack) {
		p.Wait(w, stack)
	}
}

// opening is the Wait of path_open, which waits only for a FIFO's reader.
type opening struct {
	open, shut api.GoModuleFunction
	params     [9]uint64
}

func (o *opening) Poll(p *runner.Process, results []uint64) bool {
	stack := o.params
	p.Blocking(func() { o.open.Call(context.Background(), p.Instance(), stack[:]) })
	if stack[0] == errnoAgain && o.params[7]&fdflagNonblock == 0 {
		time.AfterFunc(fifoPatience, p.Wake)
		return false
	}
	if stack[0] == errnoSuccess {
		stack[0] = o.limit(p)
	}
	results[0] = stack[0]
	return true
}

// limit closes the file again if there are too many.
func (o *opening) limit(p *runner.Process) uint64 {
	fd := binary.LittleEndian.Uint32(p.Bytes("fd", o.params[8], 4))
	if fd < maxFiles {
		return errnoSuccess
	}
	stack := []uint64{uint64(fd)}
	o.shut.Call(context.Background(), p.Instance(), stack)
	return errnoMfile
}

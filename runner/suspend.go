package runner

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strconv"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// State says how a call into a guest came back.
type State uint8

const (
	// Finished: the function has returned, its results are real.
	Finished State = iota
	// Suspended: the guest's stack has been saved and left; Resume continues.
	Suspended
	// Threw: an exception reached the end of the stack without a handler.
	Threw
)

func (s State) String() string {
	switch s {
	case Finished:
		return "finished"
	case Suspended:
		return "suspended"
	case Threw:
		return "threw"
	default:
		return "State(" + strconv.Itoa(int(s)) + ")"
	}
}

// Refusal says why a guest could not be suspended by unwinding. The caller blocks
// (parks) instead.
type Refusal uint8

const (
	// Granted: the unwind has been asked for.
	Granted Refusal = iota
	// RefusedPlain: the module was built without suspension, or not built at all.
	RefusedPlain
	// RefusedImport: the module was built without suspension at this import.
	RefusedImport
	// RefusedStart: no guest yet, its start function is running.
	RefusedStart
	// RefusedMemory: the module's memory is smaller than the window.
	RefusedMemory
	// RefusedPinned: a function on the stack cannot be unwound.
	RefusedPinned
	// RefusedNested: the host has re-entered the guest from a host call.
	RefusedNested
	// RefusedSlice: a slice has ended where the guest was not built to unwind. Suspend
	// never answers it; it is for those who count.
	RefusedSlice

	numRefusals
)

func (r Refusal) String() string {
	return [numRefusals]string{"granted", "plain", "import", "start", "memory", "pinned", "nested", "slice"}[r]
}

// MaxFrames bounds the frame stack of one guest in bytes. A stack that is deeper
// than this ends the call with ErrFrames, as the native stack's end would.
const MaxFrames = 64 << 20

var (
	// ErrFrames reports that the saved frames of a guest exceed MaxFrames.
	ErrFrames = errors.New("frame stack exhausted")
	// ErrArtifact reports that an artifact does not keep to the contract of rtlib: it
	// was not written by lunatic-build of this version, or altered since.
	ErrArtifact = errors.New("artifact breaks the contract of lunatic-build")
)

// phase says what a guest's stack is doing, as far as the window is concerned.
type phase uint8

const (
	running   phase = iota // the window belongs to the guest
	unwinding              // the window is lent, frames are being written to it
	loading                // the window is lent, a resume clone is reading its frame
)

// A Guest couples an instance of an artifact with its saved frames. It is the
// mechanism of suspension only: what to run next, and when, is its owner's affair.
//
// A Guest must not be used from two goroutines at once. While it is suspended, the
// instance's memory and globals hold exactly the guest's own values.
type Guest struct {
	// Preempt, if not nil, is called when the guest has used up its slice. Suspend may
	// be called from it if mayUnwind is true.
	Preempt func(ctx context.Context, g *Guest, mayUnwind bool)

	mod    api.Module
	mem    api.Memory    // nil without memory
	memory *linearMemory // the same, if it is one
	meta   *rtlib.Meta

	// None for a module that was not built, or needs no such thing.
	budget, slice, fp, pinned api.MutableGlobal
	results                   []api.MutableGlobal // second word of a result, third, ...
	resume                    api.Function        // nil while cold
	reentries                 []reentry           // none while cold

	frames []byte // the frame stack, outermost first
	window uint32 // bytes lent to unwinding functions

	// While the window is lent.
	phase   phase
	aside   []byte // the guest's bytes from address 0
	taken   []byte // frames taken from a full window, in the order of taking
	cuts    []int  // where each chunk of taken ends
	low     uint32 // lowest address that may differ from aside
	high    uint32 // end of what may differ
	kept    uint64 // the budget at the time of Suspend; while paused, the one to resume with
	fpSet   bool   // FP is the end of the window
	charged uint64 // reductions that host functions have taken, in all
	failure error  // found in a host function that cannot return it

	lost []uint32 // sites of the frames that a trap has ended, innermost first

	call [resumeParams]uint64 // parameters and results of the resume function
	out  []uint64             // for the results of the call that is suspended
	// outTypes are their types
	outTypes []api.ValueType
	ctx      callContext
	depth    int // calls into the guest on the Go stack
	paused   bool
}

// Places in Guest.call, beside the first three and the words of a frame.
const (
	resumeBudget = 3 + rtlib.ResumeWords
	resumeFP     = resumeBudget + 1
	resumeParams = resumeFP + 1

	resumedBudget = 1 // in the results
	resumedFP     = 2
)

// callContext carries the guest, and its process, to its host functions at the price of a
// type assertion. It belongs to the guest, so that a call allocates nothing.
type callContext struct {
	context.Context
	guest   *Guest
	process *Process // nil without one
}

type guestKey struct{}

func (c *callContext) Value(key any) any {
	if key == (guestKey{}) {
		return c.guest
	}
	return c.Context.Value(key)
}

// GuestFrom returns the guest that made a host call, from the context given to the
// host function. It is nil outside Guest.Call and Guest.Resume: while the module's
// start function runs, for one.
func GuestFrom(ctx context.Context) *Guest {
	if c, ok := ctx.(*callContext); ok {
		return c.guest
	}
	g, _ := ctx.Value(guestKey{}).(*Guest)
	return g
}

// NewGuest prepares an instance. meta is what the artifact says about itself, nil
// for a module that was not built; such a guest works but never suspends.
func NewGuest(mod api.Module, meta *rtlib.Meta) (*Guest, error) {
	g := &Guest{mod: mod, mem: memoryOf(mod), meta: meta, window: rtlib.Window}
	g.ctx.guest = g
	if meta == nil {
		return g, nil
	}
	g.window = min(g.window, max(meta.MaxFrame, lent))
	if meta.Version != rtlib.Version {
		return nil, fmt.Errorf("%w: it has version %d, this runtime needs %d: build the module again", ErrArtifact, meta.Version, rtlib.Version)
	}
	if meta.MaxFrame > rtlib.Window {
		return nil, fmt.Errorf("%w: frames of %d bytes, at most %d are allowed", ErrArtifact, meta.MaxFrame, rtlib.Window)
	}
	for _, x := range []struct {
		name string
		to   *api.MutableGlobal
	}{
		{rtlib.ExportBudget, &g.budget},
		{rtlib.ExportSlice, &g.slice},
		{rtlib.ExportFP, &g.fp},
		{rtlib.ExportPinned, &g.pinned},
	} {
		global, err := mutableGlobal(mod, x.name, api.ValueTypeI32)
		if err != nil {
			return nil, err
		}
		if global != nil {
			*x.to = global
		}
	}
	for i := 1; ; i++ {
		r, err := mutableGlobal(mod, rtlib.ExportResult+strconv.Itoa(i), api.ValueTypeI64)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return g, nil
		}
		g.results = append(g.results, r)
	}
}

// memoryOf returns the instance's memory, nil if there is none (for which wazero
// returns an interface that holds a nil pointer).
func memoryOf(mod api.Module) api.Memory {
	if m := mod.Memory(); m != nil && !reflect.ValueOf(m).IsNil() {
		return m
	}
	return nil
}

// mutableGlobal looks up an export; nil if there is none of that name.
func mutableGlobal(mod api.Module, name string, typ api.ValueType) (api.MutableGlobal, error) {
	x := mod.ExportedGlobal(name)
	if x == nil {
		return nil, nil
	}
	m, ok := x.(api.MutableGlobal)
	if !ok || x.Type() != typ {
		return nil, fmt.Errorf("%w: global %s has the wrong type", ErrArtifact, name)
	}
	return m, nil
}

// Module returns the instance.
func (g *Guest) Module() api.Module { return g.mod }

// FrameBytes is the size of the saved frames.
func (g *Guest) FrameBytes() int { return len(g.frames) }

// SetWindow changes the number of bytes lent to unwinding functions, for tests: a
// small window is full more often. It is raised to the largest frame of the module.
func (g *Guest) SetWindow(n uint32) {
	if g.meta != nil {
		n = max(n, g.meta.MaxFrame)
	}
	g.window = max(n, rtlib.FrameHeader)
}

// Budget returns what is left of the slice, in reductions; 0 if the module does
// not count.
func (g *Guest) Budget() int32 {
	if g.budget == nil {
		return 0
	}
	if g.phase == unwinding || g.paused {
		return int32(g.kept)
	}
	return int32(g.budget.Get())
}

// SetSlice sets the size of a slice and starts a new one. It must not be called
// between Suspend and the return of the call.
func (g *Guest) SetSlice(n int32) {
	if g.slice != nil {
		g.slice.Set(uint64(uint32(n)))
	}
	g.Refill(n)
}

// Refill starts a new slice without changing its size in the guest.
func (g *Guest) Refill(n int32) {
	switch {
	case g.paused:
		g.kept = uint64(uint32(n))
	case g.budget != nil:
		g.budget.Set(uint64(uint32(n)))
	}
}

// Suspended reports whether the guest can be resumed.
func (g *Guest) Suspended() bool { return g.paused }

// Counts reports whether the module counts reductions.
func (g *Guest) Counts() bool { return g.budget != nil && g.slice != nil }

// Cool gives back what only running guests need (about 12 KiB). The next Resume
// makes it anew, which takes a few microseconds.
func (g *Guest) Cool() {
	if g.depth == 0 {
		g.resume, g.reentries = nil, nil
	}
}

// Call calls fn, which must belong to the guest's instance. stack holds the
// parameters and later the results, as in api.Function.CallWithStack. If the guest
// is suspended, stack belongs to it until Resume has returned Finished.
//
// An error is a trap, or what a host function panicked with: the guest's stack and
// frames are gone, the instance is as the trap left it.
func (g *Guest) Call(ctx context.Context, fn api.Function, stack []uint64) (State, error) {
	if g.depth > 0 {
		return g.callNested(ctx, fn, stack)
	}
	if g.paused {
		return Finished, errors.New("guest is suspended: Call instead of Resume")
	}
	g.ctx.Context = ctx
	g.fpSet = false
	g.depth++
	err := fn.CallWithStack(&g.ctx, stack)
	// wazero keeps a bare address of stack while the call is parked in a host function.
	runtime.KeepAlive(stack)
	g.depth--
	if err != nil {
		g.reset()
		return Finished, err
	}
	if g.budget == nil {
		return Finished, nil
	}
	b, fp := int32(g.budget.Get()), uint32(0)
	if b < 0 && g.fp != nil {
		fp = uint32(g.fp.Get())
	}
	state, err := g.leave(b, fp)
	if state == Suspended {
		g.outTypes = fn.Definition().ResultTypes()
		g.out = stack[:words(g.outTypes)]
	}
	return state, err
}

// callNested is Call from within a host function of the same guest. It cannot be
// suspended: the Go stack between the two cannot be saved.
func (g *Guest) callNested(ctx context.Context, fn api.Function, stack []uint64) (State, error) {
	pinned := uint64(0)
	if g.pinned != nil {
		pinned = g.pinned.Get()
	}
	c := &callContext{ctx, g, g.ctx.process}
	g.depth++
	err := fn.CallWithStack(c, stack)
	runtime.KeepAlive(stack)
	g.depth--
	if err != nil {
		if g.pinned != nil && !g.mod.IsClosed() {
			g.pinned.Set(pinned)
		}
		if g.budget != nil && !g.mod.IsClosed() && int32(g.budget.Get()) < 0 {
			g.budget.Set(0) // it trapped with an exception under way
		}
		return Finished, err
	}
	if g.budget != nil && int32(g.budget.Get()) == rtlib.Throwing {
		g.budget.Set(0)
		if g.pinned != nil {
			g.pinned.Set(pinned)
		}
		return Threw, nil
	}
	return Finished, nil
}

// Suspend asks the guest to leave its stack. It is called by a host function that
// would block, which then returns to the guest at once, with any results; the
// values come with Resume. If the answer is not Granted nothing has happened, and
// the host function has to block.
func (g *Guest) Suspend() Refusal {
	if r := g.CanSuspend(); r != Granted {
		return r
	}
	own, _ := g.view(0, g.window)
	g.aside = append(g.aside[:0], own...)
	g.low, g.high = g.window, g.window
	if !g.fpSet {
		g.fp.Set(uint64(g.window))
	}
	g.kept = g.budget.Get()
	g.budget.Set(uint64(1 << 31)) // rtlib.Unwinding
	g.phase = unwinding
	return Granted
}

// view returns a part of the guest's memory.
func (g *Guest) view(at, n uint32) ([]byte, bool) {
	if g.memory != nil {
		return g.memory.view(at, n)
	}
	return g.mem.Read(at, n)
}

// holds reports whether the guest's memory has at least n bytes.
func (g *Guest) holds(n uint32) bool {
	if g.memory != nil {
		return g.memory.size >= uint64(n)
	}
	return g.mem != nil && g.mem.Size() >= n
}

// CanSuspend is what Suspend would answer.
func (g *Guest) CanSuspend() Refusal {
	switch {
	case g == nil || g.depth == 0 || g.phase != running:
		return RefusedStart
	case g.budget == nil || g.fp == nil:
		return RefusedPlain
	case !g.holds(g.window):
		return RefusedMemory
	case g.pinned != nil && g.pinned.Get() != 0:
		return RefusedPinned
	case g.depth > 1:
		return RefusedNested
	default:
		return Granted
	}
}

// leave looks at how the guest came back, with the budget b and the frame pointer fp, at the
// end of the outermost call.
func (g *Guest) leave(b int32, fp uint32) (State, error) {
	switch {
	case b >= 0 && g.phase != running:
		return g.broken("it ignored a suspension")
	case b >= 0:
		return Finished, nil
	case b == rtlib.Throwing:
		g.reset()
		return Threw, nil
	case b != rtlib.Unwinding || g.phase != unwinding:
		return g.broken("budget %d at the end of a call", b)
	}
	g.collect(fp)
	if g.failure != nil {
		err := g.failure
		g.reset()
		return Finished, err
	}
	g.paused = true
	return Suspended, nil
}

// broken ends the activation of a guest that does not keep to the contract.
func (g *Guest) broken(format string, args ...any) (State, error) {
	g.reset()
	return Finished, fmt.Errorf("%w: %s", ErrArtifact, fmt.Sprintf(format, args...))
}

// collect moves the frames from the window, from fp on, to the frame stack and gives the
// guest its bytes back.
func (g *Guest) collect(fp uint32) {
	if len(g.cuts) == 0 {
		g.frames = g.take(g.frames, fp) // the usual case: all frames fit into one window
	} else {
		g.takeChunk(fp)
	}
	// A chunk that was taken later belongs outside the ones before it.
	for i := len(g.cuts) - 1; i >= 0; i-- {
		from := 0
		if i > 0 {
			from = g.cuts[i-1]
		}
		g.frames = append(g.frames, g.taken[from:g.cuts[i]]...)
	}
	g.taken, g.cuts = g.taken[:0], g.cuts[:0]
	g.giveBack()
}

// take appends the frames [fp, window) of the guest's memory to dst.
func (g *Guest) take(dst []byte, fp uint32) []byte {
	if fp > g.window {
		g.failure = fmt.Errorf("%w: frame pointer %d above the window", ErrArtifact, fp)
		return dst
	}
	g.low = min(g.low, fp)
	if len(g.frames)+len(g.taken)+int(g.window-fp) > MaxFrames {
		g.failure = ErrFrames
		return dst
	}
	w, _ := g.view(fp, g.window-fp) // Suspend made sure that the memory is larger
	return append(dst, w...)
}

// takeChunk takes the frames of a full window.
func (g *Guest) takeChunk(fp uint32) {
	g.taken = g.take(g.taken, fp)
	g.cuts = append(g.cuts, len(g.taken))
}

// giveBack restores the guest's bytes in the window.
func (g *Guest) giveBack() {
	if g.low < g.high {
		if w, ok := g.view(g.low, g.high-g.low); ok {
			copy(w, g.aside[g.low:g.high])
		}
	}
	g.phase = running
}

// reset makes the guest callable again after its stack was lost.
func (g *Guest) reset() {
	g.lost = g.sites(maxLost)
	lent := g.phase != running
	g.phase = running
	g.frames, g.taken, g.cuts = g.frames[:0], g.taken[:0], g.cuts[:0]
	g.failure, g.out, g.paused = nil, nil, false
	if g.mod.IsClosed() {
		return // its memory may be gone
	}
	if lent {
		g.giveBack()
	}
	if g.budget != nil && int32(g.budget.Get()) < 0 {
		g.budget.Set(0)
	}
	if g.pinned != nil {
		g.pinned.Set(0)
	}
}

// lent is the size of the window if no frame is larger. Most suspensions write a frame
// or two; a deeper stack fills the window several times, at a host call each, while
// every byte more is copied out at every suspension.
const lent = 256

// maxLost is how many frames of a trap's backtrace are kept, beside those on the
// native stack.
const maxLost = 64

// sites returns the sites of the saved frames, innermost first.
func (g *Guest) sites(most int) []uint32 {
	var sites []uint32
	for end := len(g.frames); end >= rtlib.FrameHeader && len(sites) < most; {
		head := g.frames[end-rtlib.FrameHeader:]
		size := int(binary.LittleEndian.Uint32(head[4:]))
		if size < rtlib.FrameHeader || size > end {
			break
		}
		sites = append(sites, binary.LittleEndian.Uint32(head))
		end -= size
	}
	return sites
}

// Lost returns the sites of the frames that the last trap ended, innermost first:
// the outer part of the backtrace, which is not on the native stack.
func (g *Guest) Lost() []uint32 { return g.lost }

// Resume continues a suspended guest. results are the bits of the results of the
// host call that suspended it: one word each, two for a v128. It returns when the
// outermost function has returned, its results being in the stack given to Call,
// or when the guest has been suspended again.
func (g *Guest) Resume(ctx context.Context, results ...uint64) (State, error) {
	if !g.paused || g.depth > 0 {
		return Finished, errors.New("guest is not suspended: Resume instead of Call")
	}
	g.paused = false
	g.ctx.Context = ctx
	var r uint64
	b, fp := int32(uint32(g.kept)), uint32(0)
	if len(g.frames) == 0 {
		g.budget.Set(g.kept)
	}
	if len(results) > 0 {
		r = results[0]
		if len(results)-1 > len(g.results) {
			return g.broken("%d words of results, room for %d", len(results), 1+len(g.results))
		}
		for i, bits := range results[1:] {
			g.results[i].Set(bits)
		}
	}
	for len(g.frames) > 0 {
		site, ok := g.pop()
		if !ok {
			return g.broken("a frame's size is wrong")
		}
		clone, ok := g.clone(site)
		if !ok {
			return g.broken("unknown site %d", site)
		}
		g.call[0], g.call[1], g.call[2] = uint64(clone), uint64(site), r
		g.call[resumeBudget], g.call[resumeFP] = uint64(uint32(b)), uint64(g.window)
		g.fpSet = true
		g.depth++
		err := g.resume.CallWithStack(&g.ctx, g.call[:])
		runtime.KeepAlive(g)
		g.depth--
		if err != nil {
			g.reset()
			return Finished, err
		}
		if g.phase == loading {
			return g.broken("site %d left the window lent", site)
		}
		r, b, fp = g.call[0], int32(uint32(g.call[resumedBudget])), uint32(g.call[resumedFP])
		if b >= 0 {
			continue
		}
		if b == rtlib.Throwing && len(g.frames) > 0 {
			continue // the handler may be in a frame further out
		}
		return g.leave(b, fp)
	}
	if b < 0 {
		return g.leave(b, fp)
	}
	g.deliver(r)
	return Finished, nil
}

// clone returns the resume clone of a site. It makes the resume function ready.
func (g *Guest) clone(site uint32) (uint32, bool) {
	if g.meta == nil {
		return 0, false
	}
	clone, ok := g.meta.Clone(site)
	if !ok {
		return 0, false
	}
	if g.resume == nil {
		g.resume = g.mod.ExportedFunction(rtlib.ExportResume)
		if g.resume == nil {
			return 0, false
		}
	}
	return clone, true
}

// pop takes the innermost frame off the frame stack and puts its values where the
// resume clone expects them.
func (g *Guest) pop() (site uint32, ok bool) {
	end := len(g.frames)
	if end < rtlib.FrameHeader {
		return 0, false
	}
	head := g.frames[end-rtlib.FrameHeader:]
	site = binary.LittleEndian.Uint32(head)
	size := binary.LittleEndian.Uint32(head[4:])
	if size < rtlib.FrameHeader || size > rtlib.Window || int(size) > end {
		return 0, false
	}
	frame := g.frames[end-int(size):]
	g.frames = g.frames[:end-int(size)]
	if size <= rtlib.SmallFrame {
		g.words(frame[:size-rtlib.FrameHeader])
		return site, true // nothing lent
	}
	w, ok := g.view(0, size)
	if !ok {
		return 0, false
	}
	g.aside = append(g.aside[:0], w...)
	copy(w, frame)
	g.low, g.high = 0, size
	g.phase = loading
	return site, true
}

// words hands the values of a small frame to the resume function.
func (g *Guest) words(values []byte) {
	i := 3
	for ; len(values) >= 8; values = values[8:] {
		g.call[i] = binary.LittleEndian.Uint64(values)
		i++
	}
	if len(values) >= 4 { // all values have 4, 8 or 16 bytes
		g.call[i] = uint64(binary.LittleEndian.Uint32(values))
	}
}

// deliver puts the results of the outermost function where Call was told to.
func (g *Guest) deliver(r uint64) {
	word, extra := 0, 0
	put := func(bits uint64) {
		g.out[word] = bits
		word++
	}
	next := func() uint64 {
		extra++
		return g.results[extra-1].Get()
	}
	refs := map[api.ValueType]int{}
	for i, t := range g.outTypes {
		switch {
		case t == api.ValueTypeExternref || t == ValueTypeFuncref:
			refs[t]++
			name := "externref"
			if t == ValueTypeFuncref {
				name = "funcref"
			}
			put(g.mod.ExportedGlobal(rtlib.ExportRef + name + strconv.Itoa(refs[t])).Get())
			continue
		case i == 0:
			put(r)
		default:
			put(next())
		}
		if t == ValueTypeV128 {
			put(next())
		}
	}
	g.out, g.outTypes = nil, nil
}

// Value types that are missing from wazero's api package.
const (
	ValueTypeV128    api.ValueType = 0x7b
	ValueTypeFuncref api.ValueType = 0x70
)

// words is the number of uint64 that values of the given types take.
func words(types []api.ValueType) int {
	n := len(types)
	for _, t := range types {
		if t == ValueTypeV128 {
			n++
		}
	}
	return n
}

// InstantiateRT supplies the reserved imports of artifacts (rtlib.ImportModule) in
// a wazero runtime.
func InstantiateRT(ctx context.Context, r wazero.Runtime) (api.Module, error) {
	b := r.NewHostModuleBuilder(rtlib.ImportModule)
	for _, x := range []struct {
		name string
		f    api.GoFunc
	}{
		{rtlib.ImportPreempt, func(ctx context.Context, _ []uint64) { preempt(ctx, false) }},
		{rtlib.ImportPreemptUnwind, func(ctx context.Context, _ []uint64) { preempt(ctx, true) }},
		{rtlib.ImportWindow, func(ctx context.Context, _ []uint64) { GuestFrom(ctx).windowFull() }},
	} {
		b.NewFunctionBuilder().WithGoFunction(x.f, nil, nil).Export(x.name)
	}
	return b.Instantiate(ctx)
}

// preempt is the end of a slice.
func preempt(ctx context.Context, mayUnwind bool) {
	switch g := GuestFrom(ctx); {
	case g == nil:
		if p := ProcessFrom(ctx); p != nil {
			p.preemptInStart()
		}
	case g.ctx.process != nil:
		g.ctx.process.preempt(mayUnwind)
	case g.Preempt != nil:
		g.Preempt(ctx, g, mayUnwind)
	}
}

// windowFull is the reserved import window: see rtlib.ImportWindow.
func (g *Guest) windowFull() {
	switch {
	case g == nil:
		panic(fmt.Errorf("%w: window without a guest", ErrArtifact))
	case g.phase == loading:
		g.giveBack()
	case g.phase == unwinding:
		if g.failure == nil {
			g.takeChunk(uint32(g.fp.Get()))
		}
		if g.failure != nil {
			panic(g.failure)
		}
		g.fp.Set(uint64(g.window))
	default: // a frame without values: nothing was lent
	}
}

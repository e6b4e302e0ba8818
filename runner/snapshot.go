package runner

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/tetratelabs/wazero/api"
)

// A Snapshot is what the guest of a suspended process is, beside its module: the frames,
// and the memory and mutable globals as far as they differ from those of a new instance. It
// depends neither on the instance nor on the machine. What the host keeps for the process
// (mailbox, links, resources, time-outs) is not in it.
//
// It is encoded as follows, integers as unsigned LEB128, the rest little endian:
//
//	version                 1 byte: snapshotVersion
//	module                  8 bytes: the first ones of the SHA-256 of the artifact
//	memory                  size in pages of 64 KiB
//	number of globals, each index in rtlib.ExportState as difference to the one before, bits
//	frames                  length, bytes: as in ARCHITECTURE.md, outermost first
//	runs of memory, each    distance to the end of the one before, length, bytes
//
// The runs go to the end. A global or byte that is not named is as in a new instance.
type Snapshot string

// snapshotVersion is the version of the encoding.
const snapshotVersion = 1

// ErrSnapshot reports a snapshot that does not fit: of another version or module, or damaged.
var ErrSnapshot = errors.New("snapshot does not fit")

const (
	// maxSnapshotPages bounds the bytes of pages that are looked at for a snapshot, and
	// maxRuns those of the runs: who has more would take long to wake.
	maxSnapshotPages = 4 << 20
	maxRuns          = 256 << 10
	// runGap is how many equal bytes do not end a run: a run of its own costs two bytes or more,
	// and a word is compared at once.
	runGap = 8
)

// moduleMark is how many bytes of a module's hash are in a snapshot.
const moduleMark = 8

// appendSnapshot appends the state of a suspended guest. size is that of its memory. It
// reports false if there is too much of it.
func appendSnapshot(dst []byte, m *Module, b *blueprint, state []api.MutableGlobal, frames []byte, memory *linearMemory) ([]byte, bool) {
	dst = append(dst, snapshotVersion)
	dst = append(dst, m.hash[:moduleMark]...)
	size := uint64(0)
	if memory != nil {
		size = memory.size
	}
	dst = binary.AppendUvarint(dst, size/minSlot)
	changed, last := 0, 0
	for i, g := range state {
		if g.Get() != b.globals[i] {
			changed++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(changed))
	for i, g := range state {
		if v := g.Get(); v != b.globals[i] {
			dst = binary.AppendUvarint(dst, uint64(i-last))
			if is32(g) {
				v = uint64(uint32(v))
			}
			dst = binary.AppendUvarint(dst, v)
			last = i
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(frames)))
	dst = append(dst, frames...)
	if memory == nil {
		return dst, true
	}
	w := runWriter{dst: dst, most: len(dst) + maxRuns}
	ok := memory.eachChanged(b, w.page)
	return w.dst, ok
}

// eachChanged calls visit with the pages, in order, that may differ from the initial image,
// which is nil where that is zero, until visit returns false. It reports false if it did, or
// if that cannot be found out at a reasonable price.
func (m *linearMemory) eachChanged(b *blueprint, visit func(at int, page, image []byte) bool) bool {
	used := m.slot[:m.size]
	pages := b.pages
	seen, ok := 0, true
	page := func(at int) {
		var image []byte
		if len(pages) > 0 && pages[0].at == at {
			image, pages = pages[0].data, pages[1:]
		}
		ok = ok && visit(at, used[at:min(at+pageSize, len(used))], image)
	}
	before := func(lo int) { // image pages before lo, which have no page any more
		for ok && len(pages) > 0 && pages[0].at < lo {
			page(pages[0].at)
		}
	}
	known := eachUsed(used, func(lo, hi int) bool {
		for ; ok && lo < hi; lo += pageSize {
			before(lo)
			page(lo)
			seen += pageSize
		}
		ok = ok && seen <= maxSnapshotPages
		return ok
	})
	if known && ok {
		before(len(used))
	}
	return known && ok
}

// A runWriter appends runs of bytes that have changed.
type runWriter struct {
	dst  []byte
	most int // length that dst may have
	end  int // address where the last run ends
}

// page appends the runs of one page.
func (w *runWriter) page(at int, page, image []byte) bool {
	if image == nil {
		image = zeros[:len(page)]
	}
	if string(page) == string(image) {
		return true
	}
	for i := 0; i < len(page); {
		if i+8 <= len(page) && binary.NativeEndian.Uint64(page[i:]) == binary.NativeEndian.Uint64(image[i:]) {
			i += 8
			continue
		}
		if page[i] == image[i] {
			i++
			continue
		}
		from, to := i, i+1 // to: behind the last byte that differs
		for i = to; i < len(page) && i-to < runGap; i++ {
			if page[i] != image[i] {
				to = i + 1
			}
		}
		w.dst = binary.AppendUvarint(w.dst, uint64(at+from-w.end))
		w.dst = binary.AppendUvarint(w.dst, uint64(to-from))
		w.dst = append(w.dst, page[from:to]...)
		w.end = at + to
		if len(w.dst) > w.most {
			return false
		}
		i = to
	}
	return true
}

// A snapshotReader reads a snapshot of any origin. It stops at the first thing that is wrong.
type snapshotReader struct {
	rest  string
	wrong string // what is
}

func (r *snapshotReader) fail(what string) {
	if r.wrong == "" {
		r.wrong = what
	}
	r.rest = ""
}

func (r *snapshotReader) bytes(n uint64) string {
	if n > uint64(len(r.rest)) {
		r.fail("it is cut off")
		return ""
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *snapshotReader) uvarint() uint64 {
	var v uint64
	for shift := uint(0); shift < 64; shift += 7 {
		if len(r.rest) == 0 {
			r.fail("it is cut off")
			return 0
		}
		b := r.rest[0]
		r.rest = r.rest[1:]
		if shift == 63 && b > 1 {
			break
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.fail("a number is too large")
	return 0
}

// A savedGlobal is a mutable global that has changed.
type savedGlobal struct {
	index int
	bits  uint64
}

// A savedGuest is a snapshot taken apart.
type savedGuest struct {
	memory  uint64 // bytes
	globals []savedGlobal
	frames  string
	runs    string // valid, and within the memory
}

// parse takes a snapshot apart and checks that it fits the module. scratch is memory for its
// globals.
func (s Snapshot) parse(m *Module, b *blueprint, scratch []savedGlobal) (savedGuest, error) {
	r := snapshotReader{rest: string(s)}
	g := savedGuest{globals: scratch[:0]}
	if v := r.bytes(1); v != string(rune(snapshotVersion)) {
		r.fail("it has another version")
	}
	if mark := r.bytes(moduleMark); mark != string(m.hash[:moduleMark]) {
		r.fail("it is of another module")
	}
	pages := r.uvarint()
	if pages > maxSlot/minSlot {
		r.fail("the memory is too large")
	}
	if g.memory = pages * minSlot; g.memory < b.memory || g.memory > m.memory.max {
		r.fail("the memory has an impossible size")
	}
	at := uint64(0)
	for i, n := uint64(0), r.uvarint(); i < n && r.wrong == ""; i++ {
		d := r.uvarint()
		if at += d; d > rtlib.MaxState || at >= uint64(len(b.globals)) || i > 0 && d == 0 {
			r.fail("there is no such global")
			break
		}
		g.globals = append(g.globals, savedGlobal{int(at), r.uvarint()})
	}
	n := r.uvarint()
	if n > MaxFrames {
		r.fail("it has too many frames")
	}
	g.frames = r.bytes(n)
	if !framesFit(m.meta, g.frames) {
		r.fail("the frames are damaged")
	}
	g.runs = r.rest
	for end := uint64(0); len(r.rest) > 0; {
		gap, n := r.uvarint(), r.uvarint()
		if gap > maxSlot || n > maxSlot || end+gap+n > g.memory {
			r.fail("it writes outside of the memory")
		}
		r.bytes(n)
		end += gap + n
	}
	if r.wrong != "" {
		return savedGuest{}, fmt.Errorf("%w: %s", ErrSnapshot, r.wrong)
	}
	return g, nil
}

// framesFit reports whether frames can be popped one after the other.
func framesFit(meta *rtlib.Meta, frames string) bool {
	for len(frames) > 0 {
		end := len(frames)
		if end < rtlib.FrameHeader {
			return false
		}
		head := snapshotReader{rest: frames[end-rtlib.FrameHeader:]}
		site, size := head.u32(), head.u32()
		if _, ok := meta.Clone(site); !ok || size < rtlib.FrameHeader || size > rtlib.Window || int(size) > end {
			return false
		}
		frames = frames[:end-int(size)]
	}
	return true
}

func (r *snapshotReader) u32() uint32 {
	b := r.bytes(4)
	if len(b) < 4 {
		return 0
	}
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// eachRun calls f with the runs of memory. They have been checked.
func (g *savedGuest) eachRun(f func(at int, bytes string)) {
	r := snapshotReader{rest: g.runs}
	for at := 0; len(r.rest) > 0; {
		at += int(r.uvarint())
		b := r.bytes(r.uvarint())
		f(at, b)
		at += len(b)
	}
}

// undo puts the initial contents of memory back, where the guest has changed them.
func (g *savedGuest) undo(memory []byte, b *blueprint) {
	pages := b.pages
	g.eachRun(func(at int, bytes string) { // each within one page
		page := at / pageSize * pageSize
		for len(pages) > 0 && pages[0].at < page {
			pages = pages[1:]
		}
		to := memory[at : at+len(bytes)]
		if len(pages) > 0 && pages[0].at == page {
			copy(to, pages[0].data[at-page:])
		} else {
			clear(to)
		}
	})
}

func is32(g api.MutableGlobal) bool {
	t := g.Type()
	return t == api.ValueTypeI32 || t == api.ValueTypeF32
}

// globalsFit reports whether the bits are values of the globals' types.
func (g *savedGuest) globalsFit(state []api.MutableGlobal) bool {
	for _, x := range g.globals {
		if x.bits > math.MaxUint32 && is32(state[x.index]) {
			return false
		}
	}
	return true
}

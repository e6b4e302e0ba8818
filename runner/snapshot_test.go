package runner

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib"
)

// snapshotModule is what parse wants to know of a module: two pages of memory, three globals,
// three sites.
func snapshotModule() (*Module, *blueprint) {
	m := &Module{
		meta:   &rtlib.Meta{Version: rtlib.Version, Bases: []uint32{0, 2}, Sites: 3, Funcs: []uint32{1, 2}},
		memory: memoryType{min: 2 * minSlot, max: 5 * minSlot, any: true},
	}
	copy(m.hash[:], "0123456789")
	return m, &blueprint{memory: 2 * minSlot, globals: make([]uint64, 3), pages: []imagePage{
		{0, append(bytes.Repeat([]byte("ab"), 100), make([]byte, pageSize-200)...)},
		{3 * pageSize, slices.Repeat([]byte{7}, pageSize)},
	}}
}

// testMemory is a memory like a new one of the module.
func testMemory(t testing.TB, b *blueprint) *linearMemory {
	s := &slotSet{}
	s.init(0)
	t.Cleanup(s.close)
	m, err := s.newMemory(memoryType{min: b.memory, max: maxSlot, any: true}, maxSlot)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range b.pages {
		copy(m.slot[p.at:], p.data)
	}
	return m
}

// What a snapshot of a memory says, put into another one, makes the same memory; undone, it
// makes a new one.
func TestSnapshotMemory(t *testing.T) {
	mod, b := snapshotModule()
	change := func(at int, s string) func([]byte) { return func(m []byte) { copy(m[at:], s) } }
	frame := []byte("\x01\x00\x00\x00\x08\x00\x00\x00") // site 1, 8 bytes
	for i, changes := range [][]func([]byte){
		{},
		{change(0, "x")},
		{change(2*minSlot-1, "x")},
		{change(pageSize-3, "across")},
		{change(3*pageSize, "\x00")},
		{func(m []byte) { clear(m[:pageSize]) }},
		{func(m []byte) { clear(m) }},
		{change(10, "x"), change(12, "y"), change(24, "z"), change(40, "gap")},
		{func(m []byte) {
			for i := 0; i < 5000; i += 13 {
				m[i] ^= 0x55
			}
		}},
	} {
		from := testMemory(t, b)
		fresh := bytes.Clone(from.slot[:from.size])
		for _, f := range changes {
			f(from.slot[:from.size])
		}
		want := bytes.Clone(from.slot[:from.size])
		enc, ok := appendSnapshot(nil, mod, b, nil, frame, from)
		if !ok {
			t.Fatalf("%d: no snapshot", i)
		}
		g, err := Snapshot(enc).parse(mod, b, nil)
		if err != nil || g.memory != b.memory || g.frames != string(frame) {
			t.Fatalf("%d: %+v, %v", i, g, err)
		}
		to := testMemory(t, b)
		g.eachRun(func(at int, bytes string) { copy(to.slot[at:], bytes) })
		if !bytes.Equal(to.slot[:to.size], want) {
			t.Errorf("%d: the memory is another one", i)
		}
		g.undo(from.slot[:from.size], b)
		if !bytes.Equal(from.slot[:from.size], fresh) {
			t.Errorf("%d: undone, the memory is not as it was", i)
		}
		if len(changes) == 0 && g.runs != "" {
			t.Errorf("%d: %d bytes of runs for nothing", i, len(g.runs))
		}
	}
}

func TestSnapshotRefuses(t *testing.T) {
	mod, b := snapshotModule()
	frame := "\x02\x00\x00\x00\x08\x00\x00\x00"
	head := "\x01" + "01234567"
	for _, tt := range []struct{ name, snapshot, want string }{
		{"good", head + "\x02" + "\x01\x02\x05" + "\x08" + frame + "\x00\x01x", ""},
		{"two globals", head + "\x05" + "\x02\x00\x05\x02\x06" + "\x00", ""},
		{"empty", "", "cut off"},
		{"version", "\x02" + "01234567" + "\x02\x00\x00", "version"},
		{"module", "\x01" + "01234568" + "\x02\x00\x00", "module"},
		{"memory too small", head + "\x01\x00\x00", "size"},
		{"memory too large", head + "\x06\x00\x00", "size"},
		{"memory enormous", head + "\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00", "too large"},
		{"number too long", head + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "a number"},
		{"no such global", head + "\x02" + "\x01\x03\x05" + "\x00", "global"},
		{"the same global", head + "\x02" + "\x02\x01\x05\x00\x05" + "\x00", "global"},
		{"many globals", head + "\x02" + "\xff\xff\xff\x7f", "cut off"},
		{"frames cut off", head + "\x02\x00\x08\x00", "cut off"},
		{"frames enormous", head + "\x02\x00\xff\xff\xff\xff\x7f", "too many frames"},
		{"a frame's site", head + "\x02\x00\x08" + "\x03\x00\x00\x00\x08\x00\x00\x00", "frames"},
		{"a frame's size", head + "\x02\x00\x08" + "\x01\x00\x00\x00\x07\x00\x00\x00", "frames"},
		{"a frame too large", head + "\x02\x00\x08" + "\x01\x00\x00\x00\x09\x00\x00\x00", "frames"},
		{"run outside", head + "\x02\x00\x00" + "\x80\x80\x08\x01x", "outside"},
		{"run far outside", head + "\x02\x00\x00" + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01x", "outside"},
		{"run cut off", head + "\x02\x00\x00" + "\x00\x02x", "cut off"},
	} {
		_, err := Snapshot(tt.snapshot).parse(mod, b, nil)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (!errors.Is(err, ErrSnapshot) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

// A snapshot of any origin is refused, or says what can be done.
func FuzzSnapshot(f *testing.F) {
	mod, b := snapshotModule()
	f.Add("\x01" + "01234567" + "\x02" + "\x01\x02\x05" + "\x08" + "\x02\x00\x00\x00\x08\x00\x00\x00" + "\x00\x01x")
	f.Add("\x01" + "01234567" + "\x05" + "\x02\x00\x05\x02\x06" + "\x00" + "\x80\x40\x03xyz\x01\x01a")
	f.Fuzz(func(t *testing.T, s string) {
		g, err := Snapshot(s).parse(mod, b, nil)
		if err != nil {
			return
		}
		if g.memory > mod.memory.max || len(g.globals) > len(b.globals) {
			t.Fatalf("%+v", g)
		}
		memory := make([]byte, g.memory)
		end := 0
		g.eachRun(func(at int, bytes string) {
			if at < end || at+len(bytes) > len(memory) {
				t.Fatalf("run [%d, %d) behind %d", at, at+len(bytes), end)
			}
			end = at + copy(memory[at:], bytes)
		})
		for frames := g.frames; frames != ""; {
			size := binary.LittleEndian.Uint32([]byte(frames[len(frames)-4:]))
			frames = frames[:len(frames)-int(size)]
		}
	})
}

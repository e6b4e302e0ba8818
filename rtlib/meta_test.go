package rtlib

import (
	"errors"
	"math"
	"reflect"
	"testing"
)

func sample() *Meta {
	m := &Meta{
		Version:  Version,
		Preempt:  "park",
		Suspend:  []string{"lunatic::*.*", "", "wasi_snapshot_preview1.poll_oneoff"},
		MaxFrame: 312,
		Bases:    []uint32{0, 1, 1, 300, 70000},
		Sites:    70001,
		Funcs:    []uint32{12, 11, 13, math.MaxUint32, 0},
	}
	for i := range m.InputHash {
		m.InputHash[i] = byte(i * 37)
	}
	return m
}

func TestMetaRoundTrip(t *testing.T) {
	for name, m := range map[string]*Meta{
		"full":        sample(),
		"no suspends": {Version: Version, Preempt: "off"},
		"reusable":    {Version: Version, Preempt: "park", Reusable: true},
		"movable":     {Version: Version, Preempt: "park", Reusable: true, Movable: true},
		"unwind":      {Version: Version, Preempt: "unwind", MaxFrame: Window},
		"empty clone": {Version: Version, Preempt: "park", Sites: 2, Bases: []uint32{0, 2}, Funcs: []uint32{7, 7}},
		"most sites":  {Version: Version, Preempt: "park", Sites: math.MaxUint32, Bases: []uint32{0, math.MaxUint32}, Funcs: []uint32{0, 1}},
	} {
		enc := AppendMeta([]byte("prefix"), m)
		got, err := ParseMeta(enc[len("prefix"):])
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, m)
		}
	}
}

func TestMetaIsPrefixFree(t *testing.T) {
	enc := AppendMeta(nil, sample())
	for n := range enc {
		if _, err := ParseMeta(enc[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were accepted", n, len(enc))
		}
	}
	_, err := ParseMeta(append(enc, 0))
	if want := MetaError("trailing bytes"); err != want {
		t.Errorf("one byte more: got %v, want %v", err, want)
	}
}

func TestMetaRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Meta)
		want   error
	}{
		{"newer version", func(m *Meta) { m.Version = 1234567890 }, VersionError(1234567890)},
		{"version zero", func(m *Meta) { m.Version = 0 }, VersionError(0)},
		{"preemption", func(m *Meta) { m.Preempt = "perhaps" }, MetaError("unknown kind of preemption")},
		{"frame", func(m *Meta) { m.MaxFrame = Window + 1 }, MetaError("frame larger than the window")},
		{"bases fall", func(m *Meta) { m.Bases[3] = 0 }, MetaError("clone begins after the last site")},
		{"base above sites", func(m *Meta) { m.Sites = 69999 }, MetaError("clone begins after the last site")},
		{"first base", func(m *Meta) { m.Bases[0] = 1 }, MetaError("site without a clone")},
		{"no clones", func(m *Meta) { m.Bases, m.Funcs = nil, nil }, MetaError("site without a clone")},
		{"fewer functions", func(m *Meta) { m.Funcs = m.Funcs[1:] }, MetaError("numbers of clones and of functions differ")},
	} {
		m := sample()
		test.change(m)
		if _, err := ParseMeta(AppendMeta(nil, m)); err != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

func TestMetaVersionComesBeforeTheRest(t *testing.T) {
	_, err := ParseMeta([]byte{Version + 1, 0xff, 0xff})
	var v VersionError
	if !errors.As(err, &v) || v != Version+1 {
		t.Fatalf("got %v, want a VersionError", err)
	}
	if got, want := VersionError(1209).Error(), "built for version 1209 of the contract, not 3: build the original module again"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestMetaIntegers(t *testing.T) {
	for _, test := range []struct {
		name string
		in   []byte
		want error
	}{
		{"empty", nil, MetaError("unexpected end")},
		{"no last byte", []byte{0x80, 0x80}, MetaError("unexpected end")},
		{"padded", []byte{0x84, 0x80, 0x80, 0x80, 0x00}, VersionError(4)},
		{"33 bits", []byte{0x81, 0x80, 0x80, 0x80, 0x10}, MetaError("integer too large")},
		{"six bytes", []byte{0x81, 0x80, 0x80, 0x80, 0x80, 0x00}, MetaError("integer too large")},
		{"string of 4 GiB", []byte{Version, 0xff, 0xff, 0xff, 0xff, 0x0f}, MetaError("unexpected end")},
		{"2^32-1 patterns", []byte{Version, 1, 'x', 0xff, 0xff, 0xff, 0xff, 0x0f}, MetaError("unexpected end")},
	} {
		if _, err := ParseMeta(test.in); err != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

func TestClone(t *testing.T) {
	m := &Meta{Bases: []uint32{0, 3, 3, 8}, Sites: 10}
	want := []uint32{0, 0, 0, 2, 2, 2, 2, 2, 3, 3}
	for site, clone := range want {
		if got, ok := m.Clone(uint32(site)); got != clone || !ok {
			t.Errorf("Clone(%d) = %d, %v; want %d", site, got, ok, clone)
		}
	}
	if got, ok := m.Clone(10); ok {
		t.Errorf("Clone(10) = %d of 10 sites", got)
	}
}

// FuzzMeta holds that whatever is accepted is encoded to something that means the
// same, and that every site of it has a clone.
func FuzzMeta(f *testing.F) {
	f.Add(AppendMeta(nil, sample()))
	f.Add(AppendMeta(nil, &Meta{Version: Version, Preempt: "off"}))
	f.Add([]byte{Version, 4, 'p', 'a', 'r', 'k', 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseMeta(data)
		if err != nil {
			return
		}
		again, err := ParseMeta(AppendMeta(nil, m))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("got %+v, %v\nwant %+v", again, err, m)
		}
		for _, site := range []uint32{0, m.Sites / 2, m.Sites - 1} {
			if _, ok := m.Clone(site); ok != (m.Sites > 0) {
				t.Errorf("Clone(%d) of %d sites: %v", site, m.Sites, ok)
			}
		}
	})
}

package rtlib

// Meta is what an artifact says about itself, in its custom section.
type Meta struct {
	Version   uint32
	Preempt   string   // park, unwind or off
	Suspend   []string // the imports that may suspend their callers, as MODULE.NAME
	InputHash [32]byte // SHA-256 of the module that was built
	MaxFrame  uint32   // bytes, header included; never more than Window
	// Bases holds, for every resume clone in the order of their numbers, the number of
	// its first site. Site s belongs to the last clone whose base is not above s.
	Bases []uint32
	Sites uint32 // number of sites in all
	// Reusable says that memory and the globals under ExportState are all that tells an
	// instance which has come to rest from a new one: there is no start function, and no
	// instruction changes a table or drops a segment. A runtime that puts these back may
	// use the instance again.
	Reusable bool
	// Movable says that of a Reusable module's suspended process the frames are all that has
	// to be kept beside memory and these globals: no frame holds a reference, which would be
	// in a table of the instance. A runtime may let the process go on in another instance.
	Movable bool
	// Funcs maps each resume clone to the function (in the artifact's index space) it
	// resumes.
	Funcs []uint32
}

// Clone returns the number of the resume clone that site belongs to, false if there
// is none.
func (m *Meta) Clone(site uint32) (uint32, bool) {
	if site >= m.Sites || len(m.Bases) == 0 {
		return 0, false
	}
	lo, hi := 0, len(m.Bases)
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if m.Bases[mid] <= site {
			lo = mid
		} else {
			hi = mid
		}
	}
	return uint32(lo), true
}

// Encoding, in order, integers as unsigned LEB128 of at most 32 bits:
//
//	version
//	preempt                         length, bytes
//	number of patterns, each        length, bytes
//	input hash                      32 bytes
//	max frame, sites
//	flags                           1: reusable, 2: movable
//	number of clones, each          base as the difference to the one before
//	number of functions, each       index as the zigzag difference to the one before
//
// The version comes first and stays there, so that every version can name another.
// Differences make the two tables, which grow with the module, about two bytes a
// clone.

const (
	flagReusable = 1
	flagMovable  = 2
)

// AppendMeta appends the encoding of m to dst.
func AppendMeta(dst []byte, m *Meta) []byte {
	dst = appendU32(dst, m.Version)
	dst = appendString(dst, m.Preempt)
	dst = appendU32(dst, uint32(len(m.Suspend)))
	for _, s := range m.Suspend {
		dst = appendString(dst, s)
	}
	dst = append(dst, m.InputHash[:]...)
	dst = appendU32(dst, m.MaxFrame)
	dst = appendU32(dst, m.Sites)
	flags := uint32(0)
	if m.Reusable {
		flags |= flagReusable
	}
	if m.Movable {
		flags |= flagMovable
	}
	dst = appendU32(dst, flags)

	dst = appendU32(dst, uint32(len(m.Bases)))
	prev := uint32(0)
	for _, base := range m.Bases {
		dst = appendU32(dst, base-prev)
		prev = base
	}
	dst = appendU32(dst, uint32(len(m.Funcs)))
	prev = 0
	for _, f := range m.Funcs {
		d := int32(f - prev)
		dst = appendU32(dst, uint32(d<<1)^uint32(d>>31))
		prev = f
	}
	return dst
}

// ParseMeta decodes what AppendMeta has written and checks what Meta promises. An
// artifact of another contract is a VersionError, anything else that is wrong a
// MetaError. The result shares no memory with data.
func ParseMeta(data []byte) (*Meta, error) {
	r := metaReader{data: data}
	m := &Meta{Version: r.u32()}
	if r.err == "" && m.Version != Version {
		return nil, VersionError(m.Version)
	}
	m.Preempt = r.string()
	if n := r.count(); n > 0 {
		m.Suspend = make([]string, n)
		for i := range m.Suspend {
			m.Suspend[i] = r.string()
		}
	}
	copy(m.InputHash[:], r.bytes(uint32(len(m.InputHash))))
	m.MaxFrame = r.u32()
	m.Sites = r.u32()
	flags := r.u32()
	m.Reusable, m.Movable = flags&flagReusable != 0, flags&flagMovable != 0
	if flags&^(flagReusable|flagMovable) != 0 {
		r.fail("unknown flags")
	}
	if m.Movable && !m.Reusable {
		r.fail("movable, but not reusable")
	}

	if n := r.count(); n > 0 {
		m.Bases = make([]uint32, n)
		base := uint32(0)
		for i := range m.Bases {
			d := r.u32()
			if base+d < base || base+d > m.Sites {
				r.fail("clone begins after the last site")
			}
			base += d
			m.Bases[i] = base
		}
	}
	if n := r.count(); n > 0 {
		m.Funcs = make([]uint32, n)
		f := uint32(0)
		for i := range m.Funcs {
			d := r.u32()
			f += d>>1 ^ -(d & 1)
			m.Funcs[i] = f
		}
	}
	if len(r.data) > 0 {
		r.fail("trailing bytes")
	}
	if r.err == "" {
		r.err = m.check()
	}
	if r.err != "" {
		return nil, r.err
	}
	return m, nil
}

// check returns what contradicts the promises of the fields' comments.
func (m *Meta) check() MetaError {
	switch {
	case m.Preempt != "park" && m.Preempt != "unwind" && m.Preempt != "off":
		return "unknown kind of preemption"
	case m.MaxFrame > Window:
		return "frame larger than the window"
	case len(m.Bases) != len(m.Funcs):
		return "numbers of clones and of functions differ"
	case m.Sites > 0 && (len(m.Bases) == 0 || m.Bases[0] != 0):
		return "site without a clone"
	}
	return ""
}

// MetaError says why a custom section is not an encoded Meta.
type MetaError string

func (e MetaError) Error() string { return "malformed " + SectionMeta + " section: " + string(e) }

// VersionError is the version of a contract that is not this package's.
type VersionError uint32

func (e VersionError) Error() string {
	return "built for version " + decimal(uint32(e)) + " of the contract, not " + decimal(Version) +
		": build the original module again"
}

// A metaReader takes values from the front of data. The first failure stays, and
// leaves nothing to read.
type metaReader struct {
	data []byte
	err  MetaError
}

func (r *metaReader) fail(err MetaError) {
	if r.err == "" {
		r.err = err
	}
	r.data = nil
}

func (r *metaReader) u32() uint32 {
	v := uint32(0)
	for i, b := range r.data {
		if i == 4 && b > 0x0f {
			r.fail("integer too large")
			return 0
		}
		v |= uint32(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.data = r.data[i+1:]
			return v
		}
	}
	r.fail("unexpected end")
	return 0
}

// count reads the number of elements of a vector. It never exceeds the remaining
// bytes, of which each element takes at least one, so it may size an allocation.
func (r *metaReader) count() uint32 {
	n := r.u32()
	if uint64(n) > uint64(len(r.data)) {
		r.fail("unexpected end")
		return 0
	}
	return n
}

func (r *metaReader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.data)) {
		r.fail("unexpected end")
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *metaReader) string() string { return string(r.bytes(r.u32())) }

func appendU32(dst []byte, v uint32) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

func appendString(dst []byte, s string) []byte {
	return append(appendU32(dst, uint32(len(s))), s...)
}

// decimal stands in for strconv: this package imports nothing.
func decimal(v uint32) string {
	if v < 10 {
		return string(rune('0' + v))
	}
	return decimal(v/10) + string(rune('0'+v%10))
}

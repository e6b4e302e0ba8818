package transform

import (
	"io"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// A sizer writes through and notes how large each section is, from the section headers
// that pass.
type sizer struct {
	w io.Writer
	n int64

	head []byte // the bytes of a header that is not complete yet
	left int64  // bytes of the current section's payload still to come
	size [256]int64
}

func (s *sizer) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.note(p[:n])
	s.n += int64(n)
	return n, err
}

func (s *sizer) note(p []byte) {
	if s.n == 0 && len(s.head) == 0 {
		s.left = 8 // magic and version belong to no section
	}
	for len(p) > 0 {
		if s.left > 0 {
			k := min(s.left, int64(len(p)))
			s.left -= k
			p = p[k:]
			continue
		}
		s.head = append(s.head, p[0])
		p = p[1:]
		if k := len(s.head); k > 1 && s.head[k-1] < 0x80 {
			var v int64
			for i, c := range s.head[1:] {
				v |= int64(c&0x7f) << (7 * i)
			}
			s.size[s.head[0]] += int64(k) + v
			s.left = v
			s.head = s.head[:0]
		}
	}
}

// sections compares with the sizes in the input.
func (s *sizer) sections(m *wasmparse.Module) []SectionSize {
	var before [256]int64
	for i := range m.Sections {
		x := &m.Sections[i]
		before[x.ID] += int64(x.End - x.Off)
	}
	var out []SectionSize
	for id := range s.size {
		if before[id] != 0 || s.size[id] != 0 {
			out = append(out, SectionSize{Name: wasmparse.SectionID(id).String(), Before: before[id], After: s.size[id]})
		}
	}
	return out
}

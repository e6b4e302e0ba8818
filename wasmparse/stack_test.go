package wasmparse_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// validModules calls do with every valid module of the suites.
func validModules(t *testing.T, do func(path string, m *wasmparse.Module)) {
	t.Helper()
	for _, sm := range suiteModules(t) {
		if m, err := parseAndValidate(readFile(t, sm.path)); err == nil {
			do(sm.path, m)
		}
	}
}

// Popped and Pushed are exact where code is reachable: the height before, less the
// one, plus the other, is the height after.
func TestStackCounts(t *testing.T) {
	var f wasmparse.Func
	var s wasmparse.Stack
	steps := 0
	validModules(t, func(path string, m *wasmparse.Module) {
		for i := range m.Bodies {
			if err := f.Decode(m, defined(m, i)); err != nil {
				t.Fatal(err)
			}
			s.Reset(m, &f)
			for j := range f.Instrs {
				reachable, before := s.Reachable(), len(s.Vals)
				if err := s.Step(j); err != nil {
					t.Fatal(err)
				}
				op := f.Instrs[j].Op
				if !reachable {
					continue
				}
				steps++
				if op.Leaves() {
					if s.Reachable() || s.Pushed != 0 || before < s.Popped {
						t.Errorf("%s: func %d, instruction %d (%s) does not leave", path, f.Idx, j, op)
					}
				} else if got := before - s.Popped + s.Pushed; got != len(s.Vals) {
					t.Errorf("%s: func %d, instruction %d (%s): %d - %d + %d is not %d",
						path, f.Idx, j, op, before, s.Popped, s.Pushed, len(s.Vals))
				}
			}
			if len(s.Ctrls) != 0 || !slices.Equal(s.Vals, f.Type.Results) {
				t.Errorf("%s: func %d ends with %v, want %v", path, f.Idx, s.Vals, f.Type.Results)
			}
		}
	})
	if steps < 10_000 {
		t.Errorf("only %d instructions", steps)
	}
}

// Openers, elses and ends name each other.
func TestBlocksMatch(t *testing.T) {
	var f wasmparse.Func
	validModules(t, func(path string, m *wasmparse.Module) {
		for i := range m.Bodies {
			if err := f.Decode(m, defined(m, i)); err != nil {
				t.Fatal(err)
			}
			if msg := badBlocks(&f); msg != "" {
				t.Errorf("%s: func %d: %s", path, f.Idx, msg)
			}
		}
	})
}

func badBlocks(f *wasmparse.Func) string {
	var open []int
	for i := range f.Instrs {
		in := &f.Instrs[i]
		switch {
		case in.Op.Opens():
			open = append(open, i)
		case in.Op == wasmparse.OpElse:
			opener := open[len(open)-1]
			if in.Opener() != opener || f.Instrs[opener].Else() != i || f.Instrs[opener].End() != in.End() {
				return fmt.Sprintf("else at %d", i)
			}
		case in.Op == wasmparse.OpEnd && len(open) == 0:
			if in.Opener() != -1 || i != len(f.Instrs)-1 {
				return fmt.Sprintf("last end at %d", i)
			}
		case in.Op == wasmparse.OpEnd:
			opener := open[len(open)-1]
			open = open[:len(open)-1]
			if in.Opener() != opener || f.Instrs[opener].End() != i {
				return fmt.Sprintf("end at %d", i)
			}
		}
	}
	return ""
}

// A Scanner sees what a Func holds.
func TestScannerAgrees(t *testing.T) {
	var f wasmparse.Func
	var s wasmparse.Scanner
	validModules(t, func(path string, m *wasmparse.Module) {
		for i := range m.Bodies {
			if err := f.Decode(m, defined(m, i)); err != nil {
				t.Fatal(err)
			}
			s.ResetBody(m, f.Idx)
			n := 0
			end := s.End
			for ; s.Next(); n++ {
				if s.Op != f.Instrs[n].Op || uint32(s.Start) != f.Offs[n] || s.Start != end || s.Imm <= s.Start || s.End < s.Imm {
					t.Fatalf("%s: func %d, instruction %d: %s [%d %d %d)", path, f.Idx, n, s.Op, s.Start, s.Imm, s.End)
				}
				end = s.End
			}
			if n != len(f.Instrs) || s.Err() != nil || end != m.Bodies[i].End {
				t.Errorf("%s: func %d: %d of %d instructions, %v", path, f.Idx, n, len(f.Instrs), s.Err())
			}
		}
	})
}

// Types are equivalent if their recursive groups are, place by place.
func TestTypeEquivalence(t *testing.T) {
	const (
		plain = "\x60\x00\x00"                                       // [] -> []
		pair  = "\x4e\x02\x60\x01\x63%[2]s\x00\x60\x00\x01\x63%[1]s" // (rec [(ref null second)] -> [], [] -> [(ref null first)])
		twins = "\x4e\x02" + plain + plain                           // (rec [] -> [], [] -> [])
		one   = "\x4e\x01" + plain                                   // (rec [] -> [])
	)
	at := func(group string, first int) string {
		return fmt.Sprintf(group, string(rune(first)), string(rune(first+1)))
	}
	for _, c := range []struct {
		name, types string
		want        []wasmparse.TypeIdx
	}{
		{"same", "\x02" + plain + plain, []wasmparse.TypeIdx{0, 0}},
		{"alone or in a group of one", "\x02" + plain + one, []wasmparse.TypeIdx{0, 0}},
		{"groups of other sizes", "\x03" + plain + twins + twins, []wasmparse.TypeIdx{0, 1, 2, 1, 2}},
		{"recursive", "\x02" + at(pair, 0) + at(pair, 2), []wasmparse.TypeIdx{0, 1, 0, 1}},
		{"referring to equal types", "\x04" + plain + plain + "\x60\x01\x63\x00\x00" + "\x60\x01\x63\x01\x00", []wasmparse.TypeIdx{0, 0, 2, 2}},
		{"null matters", "\x03" + plain + "\x60\x01\x63\x00\x00" + "\x60\x01\x64\x00\x00", []wasmparse.TypeIdx{0, 1, 2}},
	} {
		m, err := wasmparse.Parse([]byte(preamble + section(1, c.types)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []wasmparse.TypeIdx
		for i := range m.Types {
			got = append(got, m.Canonical(wasmparse.TypeIdx(i)))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// A module may be used by several goroutines, names looked up late included. The race
// detector is what fails here.
func TestModuleShared(t *testing.T) {
	m, err := wasmparse.Parse([]byte(oneFunc("\x00\x6a\x0b")))
	if err != nil {
		t.Fatal(err)
	}
	const want = "code: func 0: type mismatch: instruction requires [i32 i32] but stack has [] (at offset 0x17)"
	texts := make(chan string)
	for range 4 {
		go func() { texts <- m.Validate().Error() }()
	}
	for range 4 {
		if got := <-texts; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

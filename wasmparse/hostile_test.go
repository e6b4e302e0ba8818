package wasmparse_test

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/wasmparse"
)

const preamble = "\x00asm\x01\x00\x00\x00"

// leb appends an unsigned integer.
func leb(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// section returns a section.
func section(id byte, payload string) string {
	return string(leb([]byte{id}, uint64(len(payload)))) + payload
}

// oneFunc is a module with one function [] -> [] with this body.
func oneFunc(body string) string {
	code := string(leb([]byte{1}, uint64(len(body)))) + body
	return preamble + section(1, "\x01\x60\x00\x00") + section(3, "\x01\x00") + section(10, code)
}

func TestUnsupported(t *testing.T) {
	for _, c := range []struct {
		name, in, feature string
		off               int64
	}{
		{"component", "\x00asm\x0d\x00\x01\x00", "component", 4},
		{"older component", "\x00asm\x0c\x00\x01\x00", "component", 4},
		{"custom sections", preamble + strings.Repeat("\x00\x01\x00", 100_001), "more than 100000 custom sections", 8 + 3*100_000},
		{"legacy try", oneFunc("\x00\x06\x40\x0b\x0b"), "legacy exception handling", 0x17},
		{"legacy catch", oneFunc("\x00\x07\x00\x0b"), "legacy exception handling", 0x17},
		{"legacy rethrow", oneFunc("\x00\x09\x00\x0b"), "legacy exception handling", 0x17},
		{"legacy delegate", oneFunc("\x00\x18\x00\x0b"), "legacy exception handling", 0x17},
		{"legacy catch_all", oneFunc("\x00\x19\x0b"), "legacy exception handling", 0x17},
		{"struct.new", oneFunc("\x00\xfb\x00\x00\x0b"), "garbage collection", 0x17},
		{"ref.eq", oneFunc("\x00\xd3\x0b"), "garbage collection", 0x17},
		{"anyref local", oneFunc("\x01\x01\x6e\x0b"), "garbage collection", 0x18},
		{"ref.null none", oneFunc("\x00\xd0\x71\x1a\x0b"), "garbage collection", 0x18},
		{"struct type", preamble + section(1, "\x01\x5f\x00"), "garbage collection", 11},
		{"sub type", preamble + section(1, "\x01\x50\x00\x60\x00\x00"), "garbage collection", 11},
		{"relaxed SIMD", oneFunc("\x00\xfd\x80\x02\x0b"), "relaxed SIMD", 0x17},
		{"memory64", preamble + section(5, "\x01\x04\x01"), "memory64", 11},
		{"two memories", preamble + section(5, "\x02\x00\x01\x00\x01"), "multi-memory", 13},
		{"memory index", oneFunc("\x00\x41\x00\x28\x42\x00\x00\x1a\x0b"), "multi-memory", 0x1a},
		{"table64", preamble + section(4, "\x01\x70\x04\x01"), "memory64", 12},
		{"types", preamble + section(1, string(leb(nil, 1_000_001))), "more than 1000000 types", 10},
		{"parameters", preamble + section(1, "\x01\x60"+string(leb(nil, 1_001))), "more than 1000 parameters", 12},
		{"many locals", oneFunc("\x01\xd1\x86\x03\x7f\x0b"), "more than 50000 locals", 0x17},
	} {
		_, err := parseAndValidate([]byte(c.in))
		var e *wasmparse.Error
		if !errors.As(err, &e) || !errors.Is(err, wasmparse.ErrUnsupported) {
			t.Errorf("%s: got %v, want ErrUnsupported", c.name, err)
			continue
		}
		if e.Feature != c.feature || e.Off != c.off {
			t.Errorf("%s: got %q at %#x, want %q at %#x", c.name, e.Feature, e.Off, c.feature, c.off)
		}
		if !strings.Contains(e.Error(), c.feature) {
			t.Errorf("%s: %q does not name the feature", c.name, e)
		}
	}
}

func TestErrorText(t *testing.T) {
	names := section(0, "\x04name"+"\x01\x0c\x01\x00\x09parse_uri")
	for _, c := range []struct{ name, in, want string }{
		{"named", oneFunc("\x00\x6a\x0b") + names,
			"code: func 0 (parse_uri): type mismatch: instruction requires [i32 i32] but stack has [] (at offset 0x17)"},
		{"unnamed", oneFunc("\x00\x41\x07\x0b"),
			"code: func 0: type mismatch: values remaining on stack at end of block (at offset 0x19)"},
		{"section", preamble + section(3, "\x01\x05"), "function: unknown type 5 (at offset 0xb)"},
		{"header", "MZ\x90\x00", "header: magic header not detected (at offset 0x0)"},
	} {
		_, err := parseAndValidate([]byte(c.in))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\ngot  %v\nwant %s", c.name, err, c.want)
		}
	}
}

// Counts far beyond what is there must not be believed.
func TestHugeCounts(t *testing.T) {
	const most = "\xff\xff\xff\xff\x0f"
	nearLimit := string(leb(nil, 999_999))
	for _, count := range []string{most, nearLimit} {
		for id := byte(1); id <= 13; id++ {
			if id == 8 || id == 12 { // no vectors
				continue
			}
			notMuch(t, preamble+section(id, count))
			notMuch(t, preamble+section(1, "\x01\x60\x00\x00")+section(id, count+"\x00\x00"))
		}
		notMuch(t, preamble+section(1, "\x01\x60"+count))
		notMuch(t, preamble+section(1, "\x01\x4e"+count))
		notMuch(t, preamble+section(2, "\x01"+count))
		notMuch(t, preamble+section(0, "\x04name\x01"+most+count))
		notMuch(t, oneFunc("\x01"+count+"\x7f\x0b"))
		notMuch(t, oneFunc(count+"\x0b"))
		notMuch(t, oneFunc("\x00\x02\x40\x41\x00\x0e"+count+"\x00\x0b\x0b"))
		notMuch(t, oneFunc("\x00\x1f\x40"+count+"\x02\x00\x0b\x0b"))
	}
}

// notMuch fails if parsing takes memory out of proportion.
func notMuch(t *testing.T, in string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := parseAndValidate([]byte(in))
	if m != nil {
		m.Names()
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<16 {
		t.Errorf("%d bytes of input took %d bytes of memory: %v", len(in), n, err)
	}
}

// A million open blocks, with and without their ends. What took quadratic time would not
// end before the test's time is up.
func TestDeepNesting(t *testing.T) {
	const n = 1_000_000
	open := strings.Repeat("\x02\x40", n)
	if _, err := parseAndValidate([]byte(oneFunc("\x00" + open + strings.Repeat("\x0b", n+1)))); err != nil {
		t.Error(err)
	}
	if _, err := parseAndValidate([]byte(oneFunc("\x00" + open))); !errors.Is(err, wasmparse.ErrMalformed) {
		t.Errorf("open blocks: %v", err)
	}
	if _, err := parseAndValidate([]byte(oneFunc("\x00" + strings.Repeat("\x02\x40", 2*n+1)))); !errors.Is(err, wasmparse.ErrUnsupported) {
		t.Errorf("too many open blocks: %v", err)
	}
	// A branch to the outermost label from the innermost block.
	br := string(leb([]byte{0x0c}, n))
	if _, err := parseAndValidate([]byte(oneFunc("\x00" + open + br + strings.Repeat("\x0b", n+1)))); err != nil {
		t.Error(err)
	}
}

// Sizes of a name section that overflow must do no harm, and a bad one is no error.
func TestNamesLenient(t *testing.T) {
	valid := oneFunc("\x00\x0b")
	for _, names := range []string{
		"", "\x01", "\x01\x7f", "\x01\x02\x05\x00", "\x01\xff\xff\xff\xff\xff\x01", "\x01\x05\x01\x00\x02\xff\xfe",
	} {
		m, err := parseAndValidate([]byte(valid + section(0, "\x04name"+names)))
		if err != nil {
			t.Errorf("%q: %v", names, err)
			continue
		}
		if got := m.Names().FuncName(0); got != "" {
			t.Errorf("%q: got name %q", names, got)
		}
	}
	// Exports and imports stand in.
	m, err := parseAndValidate([]byte(preamble + section(1, "\x01\x60\x00\x00") + section(2, "\x01\x01m\x02im\x00\x00") +
		section(3, "\x01\x00") + section(7, "\x01\x02ex\x00\x01") + section(10, "\x01\x02\x00\x0b")))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := m.Names().FuncName(0), m.Names().FuncName(1); a != "im" || b != "ex" {
		t.Errorf("got %q, %q, want im, ex", a, b)
	}
}

// Every cut of a module is an error or a module, and never a panic.
func TestCuts(t *testing.T) {
	for _, sm := range suiteModules(t) {
		if sm.suite != "v2" && sm.suite != "exception-handling" || sm.kind != "module" {
			continue
		}
		data := readFile(t, sm.path)
		if len(data) > 300 {
			continue
		}
		for n := range data {
			_, err := parseAndValidate(bytes.Clone(data[:n]))
			checkKind(t, err)
		}
	}
}

// checkKind fails if err is none of our kinds.
func checkKind(t *testing.T, err error) {
	t.Helper()
	var e *wasmparse.Error
	if err != nil && (!errors.As(err, &e) || e.Msg == "" ||
		e.Err != wasmparse.ErrMalformed && e.Err != wasmparse.ErrInvalid && e.Err != wasmparse.ErrUnsupported) {
		t.Fatalf("strange error: %#v", err)
	}
}

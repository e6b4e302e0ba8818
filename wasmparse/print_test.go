package wasmparse_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/wasmparse"
)

var update = flag.Bool("update", false, "write the golden files anew")

// dump.wasm comes from dump.wat by wat2wasm --enable-exceptions --debug-names.
func TestDumpGolden(t *testing.T) {
	m, err := parseAndValidate(readFile(t, "testdata/dump.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	got := wasmparse.Dump(m)
	const golden = "testdata/dump.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(readFile(t, golden)); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// What no assembler at hand can write.
func TestDumpInstr(t *testing.T) {
	types := section(1, "\x03\x60\x00\x00\x60\x01\x7f\x00\x60\x00\x01\x7f")
	tag := section(13, "\x01\x00\x01")
	for _, c := range []struct{ name, body, want string }{
		{"try_table", "\x00\x02\x7f\x02\x69\x1f\x40\x03\x00\x00\x01\x03\x00\x02\x02\x0b\x00\x0b\x1a\x41\x00\x0b\x1a\x0b",
			"try_table (catch 0 1) (catch_all_ref 0) (catch_all 2)"},
		{"ref.null", "\x00\xd0\x02\x1a\x0b", "ref.null (ref null 2)"},
		{"call_ref", "\x00\xd0\x02\x14\x02\x1a\x0b", "call_ref 2"},
		{"block of non-null", "\x00\x02\x64\x70\x00\x0b\x1a\x0b", "block [] -> [(ref func)]"},
		{"block of typed", "\x00\x02\x64\x00\x00\x0b\x1a\x0b", "block [] -> [(ref 0)]"},
		{"block of typed null", "\x00\x02\x63\x01\x00\x0b\x1a\x0b", "block [] -> [(ref null 1)]"},
		{"atomic", "\x00\xfe\x03\x00\x0b", "atomic.fence"},
		{"malformed", "\x00\x01\xff", "error: code: func 0: illegal opcode (at offset 0x25)"},
	} {
		code := string(leb([]byte{1}, uint64(len(c.body)))) + c.body
		m, err := wasmparse.Parse([]byte(preamble + types + section(3, "\x01\x00") + tag + section(10, code)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err := m.Validate(); err != nil && c.name != "malformed" {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := wasmparse.Dump(m); !strings.Contains(got, c.want+"\n") {
			t.Errorf("%s: got\n%s\nwant a line %q", c.name, got, c.want)
		}
	}
}

// Offsets of sections lead back to their ids.
func TestSectionOffsets(t *testing.T) {
	m, err := wasmparse.Parse(readFile(t, "testdata/dump.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	at := 8
	for _, s := range m.Sections {
		if s.Off != at || m.Data[s.Off] != byte(s.ID) || s.Start <= s.Off || s.End < s.Start {
			t.Errorf("%s %q: at %d, want %d", s.ID, s.Name, s.Off, at)
		}
		at = s.End
	}
	if at != len(m.Data) {
		t.Errorf("sections end at %d of %d", at, len(m.Data))
	}
}

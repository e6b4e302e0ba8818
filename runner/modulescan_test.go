package runner

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

// wasm makes a module of sections, each given as its number and its contents in hex.
func wasm(t testing.TB, sections ...string) []byte {
	t.Helper()
	m := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range sections {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil || len(b) > 127 {
			t.Fatal(s, err)
		}
		m = append(m, b[0], byte(len(b)-1))
		m = append(m, b[1:]...)
	}
	return m
}

func TestSanitizeRefuses(t *testing.T) {
	const void = "01 01 60 00 00" // a type [] -> []
	for _, tt := range []struct {
		name     string
		sections []string
		want     string
	}{
		{"types promised", []string{"01 ff ff ff ff 0f"}, "unexpected end"},
		{"parameters promised", []string{"01 01 60 ff ff ff ff 0f"}, "unexpected end"},
		{"imports promised", []string{"02 ff ff ff ff 0f"}, "unexpected end"},
		{"a long import", []string{"02 01 ff ff ff ff 0f 61"}, "unexpected end"},
		{"functions promised", []string{"03 ff ff ff ff 0f"}, "unexpected end"},
		{"tables promised", []string{"04 ff ff ff ff 0f"}, "unexpected end"},
		{"memories promised", []string{"05 ff ff ff ff 0f"}, "unexpected end"},
		{"globals promised", []string{"06 ff ff ff ff 0f"}, "unexpected end"},
		{"exports promised", []string{"07 ff ff ff ff 0f"}, "unexpected end"},
		{"elements promised", []string{"09 ff ff ff ff 0f"}, "unexpected end"},
		{"indices promised", []string{"09 01 00 41 00 0b ff ff ff ff 0f"}, "unexpected end"},
		{"expressions promised", []string{"09 01 05 70 ff ff ff ff 0f"}, "unexpected end"},
		{"bodies promised", []string{"0a ff ff ff ff 0f"}, "unexpected end"},
		{"data promised", []string{"0b ff ff ff ff 0f"}, "unexpected end"},
		{"long data", []string{"0b 01 01 ff ff ff ff 0f"}, "unexpected end"},
		{"tags promised", []string{"0d ff ff ff ff 0f"}, "unexpected end"},
		{"many locals", []string{void, "03 01 00", "0a 01 08 01 ff ff ff ff 0f 7f 0b 0b"}, "function with 4294967295 locals"},
		{"locals promised", []string{void, "03 01 00", "0a 01 06 ff ff ff ff 0f 0b"}, "unexpected end"},
		{"names promised", []string{"00 04 6e616d65 01 05 ff ff ff ff 0f"}, "unexpected end"},
		{"local names promised", []string{"00 04 6e616d65 02 07 01 00 ff ff ff ff 0f"}, "unexpected end"},
		{"a section promised", []string{"0b 00"}, ""},
		{"an unknown section", []string{"1e 00"}, "unknown section 30"},
		{"an endless number", []string{"01 80 80 80 80 80 80 80 80 80 80 01"}, "unexpected end"},
		{"an endless expression", []string{"06 01 7f 00 41 80"}, "unexpected end"},
		{"a strange expression", []string{"06 01 7f 00 20 00 0b"}, "unsupported instruction 0x20 in a constant expression"},
		{"a strange type", []string{"01 01 5f 00"}, "unsupported type 0x5f"},
		{"a strange memory", []string{"05 01 04 01"}, "unsupported limits 0x4"},
		{"an imported memory", []string{"02 01 03 656e76 06 6d656d6f7279 02 00 01"}, "unknown import env.memory: the host offers no memory"},
		{"an imported table", []string{"02 01 01 61 01 62 01 70 00 01"}, "unknown import a.b: the host offers no table"},
		{"an imported global", []string{"02 01 01 61 01 62 03 7f 00"}, "unknown import a.b: the host offers no global"},
		{"an imported tag", []string{"02 01 01 61 01 62 04 00 00"}, "unknown import a.b: the host offers no tag"},
		{"a large table", []string{"04 01 70 00 a0 8d 06"}, "tables of 100000 elements"},
		{"two tables", []string{"04 02 70 00 d0 86 03 6f 00 d0 86 03"}, "tables of 100000 elements"},
		{"huge tables", []string{"04 02 70 00 ff ff ff ff 0f 70 00 ff ff ff ff 0f"}, "tables of 8589934590 elements"},
	} {
		_, err := sanitize(wasm(t, tt.sections...))
		if got := errText(err); !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	for _, b := range []string{"", "\x00asm", "\x00asm\x02\x00\x00\x00", "(module)", "\x00asm\x0d\x00\x01\x00"} {
		if _, err := sanitize([]byte(b)); err == nil || !strings.Contains(err.Error(), "not a WebAssembly module") {
			t.Errorf("%q: got %v", b, err)
		}
	}
	if _, err := sanitize([]byte("\x00asm\x01\x00\x00\x00\x01\xff\xff\xff\xff\x0f")); err == nil {
		t.Error("a section that is longer than the module was accepted")
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Real modules are not changed, whatever they use.
func TestSanitizeAccepts(t *testing.T) {
	files, _ := filepath.Glob("../testdata/modules/*.wasm")
	more, _ := filepath.Glob("testdata/*.wasm")
	if len(files) == 0 || len(more) == 0 {
		t.Fatal("no modules")
	}
	for _, name := range append(files, more...) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out, err := sanitize(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(b, out) && !strings.Contains(name, "objects") {
			t.Logf("%s: tables bounded", name)
		}
	}
}

// A table without a maximum gets one: table.grow beyond it fails.
func TestTableGrow(t *testing.T) {
	// (module (type (func)) (type (func (param i32) (result i32))) (table 1 funcref)
	//   (func (export "g") (type 1) (table.grow (ref.null func) (local.get 0))))
	m := wasm(t, "01 02 60 00 00 60 01 7f 01 7f", "03 01 01", "04 01 70 00 01", "07 01 01 67 00 00", "0a 01 09 00 d0 70 20 00 fc 0f 00 0b")
	out, err := sanitize(m)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	inst, err := r.Instantiate(ctx, out)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ n, want uint64 }{{1 << 20, 1<<32 - 1}, {MaxTable, 1<<32 - 1}, {MaxTable - 1, 1}, {1, 1<<32 - 1}, {0, MaxTable}} {
		if got, err := inst.ExportedFunction("g").Call(ctx, x.n); err != nil || uint64(uint32(got[0])) != x.want {
			t.Errorf("grow by %d: got %d, %v, want %d", x.n, got, err, x.want)
		}
	}
	// With a small maximum of its own nothing is changed; a large one is lowered. What
	// stands beside the limits stays.
	small := wasm(t, "04 01 70 01 01 05")
	if out, err := sanitize(small); err != nil || !bytes.Equal(out, small) {
		t.Errorf("got %x, %v", out, err)
	}
	out, err = sanitize(wasm(t, "04 02 40 00 70 01 01 ff ff ff ff 0f d0 70 0b 6f 00 02", "07 00"))
	if want := wasm(t, "04 02 40 00 70 01 01 9f 8d 06 d0 70 0b 6f 01 02 9f 8d 06", "07 00"); err != nil || !bytes.Equal(out, want) {
		t.Errorf("got  %x, %v\nwant %x", out, err, want)
	}
}

// Whatever is accepted, wazero can read without taking much memory.
func FuzzSanitize(f *testing.F) {
	for _, name := range []string{"testdata/actors.wasm", "testdata/guest.wasm"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(wasm(f, "04 02 40 00 70 01 01 ff ff ff ff 0f d0 70 0b 6f 00 02", "07 00"))
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(Features).WithCustomSections(true))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := sanitize(b)
		if err != nil {
			return
		}
		if _, err := sanitize(out); err != nil {
			t.Errorf("what was accepted is refused the second time: %v", err)
		}
		if c, err := compile(ctx, r, out); err == nil {
			c.Close(ctx)
		}
	})
}

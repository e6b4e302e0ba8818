package transform_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// A module may be reused if nothing but memory and plain globals can tell an instance
// that has come to rest from a new one.
func TestReusable(t *testing.T) {
	const (
		types  = "\x01\x04\x01\x60\x00\x00"
		funcs  = "\x03\x02\x01\x00"
		table  = "\x04\x04\x01\x70\x00\x01"
		memory = "\x05\x03\x01\x00\x01"
		i32s   = "\x06\x10\x03\x7f\x01\x41\x00\x0b\x7f\x00\x41\x00\x0b\x7e\x01\x42\x00\x0b"
		empty  = "\x0a\x04\x01\x02\x00\x0b"
	)
	code := func(expr string) string {
		n := len(expr)
		return fmt.Sprintf("\x0a%c\x01%c\x00%s\x0b", n+4, n+2, expr)
	}
	for _, tt := range []struct {
		name, sections string
		want           bool
		globals        int // that are exported for it
	}{
		{"plain", types + funcs + memory + empty, true, 0},
		{"no memory", types + funcs + empty, true, 0},
		{"globals", types + funcs + memory + i32s + empty, true, 2},
		{"global.set", types + funcs + memory + i32s + code("\x41\x01\x24\x00"), true, 2},
		{"table.get", types + funcs + table + memory + code("\x41\x00\x25\x00\x1a"), true, 0},
		{"start function", types + funcs + memory + "\x08\x01\x00" + empty, false, 0},
		{"shared memory", types + funcs + "\x05\x04\x01\x03\x01\x02" + empty, false, 0},
		{"imported global", types + "\x02\x08\x01\x01a\x01b\x03\x7f\x00" + funcs + empty, false, 0},
		{"imported memory", types + "\x02\x08\x01\x01a\x01b\x02\x00\x01" + funcs + empty, false, 0},
		{"reference", types + funcs + "\x06\x06\x01\x6f\x01\xd0\x6f\x0b" + empty, false, 0},
		{"table.set", types + funcs + table + code("\x41\x00\xd0\x70\x26\x00"), false, 0},
		{"table.grow", types + funcs + table + code("\xd0\x70\x41\x00\xfc\x0f\x00\x1a"), false, 0},
		{"table.fill", types + funcs + table + code("\x41\x00\xd0\x70\x41\x00\xfc\x11\x00"), false, 0},
		{"table.copy", types + funcs + table + code("\x41\x00\x41\x00\x41\x00\xfc\x0e\x00\x00"), false, 0},
		{"table.init", types + funcs + table + "\x09\x05\x01\x01\x00\x01\x00" + code("\x41\x00\x41\x00\x41\x00\xfc\x0c\x00\x00"), false, 0},
		{"elem.drop", types + funcs + table + "\x09\x05\x01\x01\x00\x01\x00" + code("\xfc\x0d\x00"), false, 0},
		{"data.drop", types + funcs + memory + "\x0c\x01\x01" + code("\xfc\x09\x00") + "\x0b\x04\x01\x01\x01x", false, 0},
		{"memory.init", types + funcs + memory + "\x0c\x01\x01" + code("\x41\x00\x41\x00\x41\x00\xfc\x08\x00\x00") + "\x0b\x04\x01\x01\x01x", true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, _, err := transform.Build(context.Background(), []byte("\x00asm\x01\x00\x00\x00"+tt.sections), transform.Options{Verify: true})
			if err != nil {
				t.Fatal(err)
			}
			m, err := wasmparse.Parse(out)
			if err != nil {
				t.Fatal(err)
			}
			var meta *rtlib.Meta
			for _, s := range m.Sections {
				if s.ID == wasmparse.SectionCustom && s.Name == rtlib.SectionMeta {
					if meta, err = rtlib.ParseMeta(m.Data[s.Start:s.End]); err != nil {
						t.Fatal(err)
					}
				}
			}
			// Of these modules only the ones with references have them in frames.
			if movable := tt.want && tt.name != "table.get"; meta.Movable != movable {
				t.Errorf("movable: %v", meta.Movable)
			}
			if meta.Reusable != tt.want {
				t.Errorf("reusable: %v", meta.Reusable)
			}
			got := 0
			for _, e := range m.Exports {
				if e.Name == fmt.Sprint(rtlib.ExportState, got) {
					got++
				}
			}
			if got != tt.globals {
				t.Errorf("%d globals are exported, want %d", got, tt.globals)
			}
		})
	}
}

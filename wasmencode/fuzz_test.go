package wasmencode_test

import (
	"bytes"
	"testing"

	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// What parses and validates can be written, as it is and with functions moved, and is
// then valid again.
func FuzzParseEncode(f *testing.F) {
	n := 0
	validModules(f, func(path string, m *wasmparse.Module) {
		if n++; n%40 == 0 && len(m.Data) < 2000 {
			f.Add(m.Data)
		}
	})
	f.Add(shiftModule(f).Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := wasmparse.Parse(data)
		if err != nil || m.Validate() != nil {
			return
		}
		once := reencode(t, m)
		if !bytes.Equal(once, reencode(t, parse(t, once))) {
			t.Error("encoded twice it differs")
		}
		p := &wasmencode.Patch{M: m, Types: []wasmparse.FuncType{{}},
			Imports: []wasmencode.FuncImport{{Module: "a", Name: "b", Type: wasmparse.TypeIdx(len(m.Types))}}}
		parse(t, write(t, p))
	})
}

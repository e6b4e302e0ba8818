package wasmparse_test

import (
	"os"
	"testing"

	"github.com/lunatic-go/lunatic/wasmparse"
)

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// seeds adds small modules of the suites.
func seeds(f *testing.F) {
	n := map[string]int{}
	for _, sm := range suiteModules(f) {
		if sm.kind == "module" && n[sm.file] < 1 {
			if data := readFile(f, sm.path); len(data) < 2000 {
				n[sm.file]++
				f.Add(data)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseAndValidate(data)
		checkKind(t, err)
		if m == nil {
			return
		}
		m.Names()
		wasmparse.Dump(m)
		for i := range m.Elems {
			m.ElemFuncs(wasmparse.ElemIdx(i), func(x wasmparse.FuncIdx) {
				if int(x) >= len(m.Funcs) {
					t.Errorf("segment %d names function %d of %d", i, x, len(m.Funcs))
				}
			})
		}
	})
}

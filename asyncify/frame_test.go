package asyncify

import (
	"reflect"
	"slices"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/wasmparse"
)

func TestLayout(t *testing.T) {
	for _, test := range []struct {
		name   string
		layout layout
		size   uint32
		types  []wasmparse.ValType
		spill  string
	}{
		{"empty", layout{}, rtlib.FrameHeader, nil, "__lunatic_spill_"},
		{"numbers", layout{classI64: 1, classF64: 1, classI32: 2, classF32: 1}, 8 + 8 + 8 + 8 + 4,
			[]wasmparse.ValType{wasmparse.I64, wasmparse.F64, wasmparse.I32, wasmparse.I32, wasmparse.F32}, "__lunatic_spill_IFiif"},
		{"vector first", layout{classI32: 1, classV128: 1}, 8 + 16 + 4,
			[]wasmparse.ValType{wasmparse.V128, wasmparse.I32}, "__lunatic_spill_vi"},
		{"references", layout{classExtern: 1, classFunc: 1}, 8 + 4 + 4,
			[]wasmparse.ValType{wasmparse.FuncRef, wasmparse.ExternRef}, "__lunatic_spill_re"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := test.layout
			if got := l.size(); got != test.size {
				t.Errorf("size: got %d, want %d", got, test.size)
			}
			if got := l.types(); !slices.Equal(got, test.types) || l.values() != len(test.types) {
				t.Errorf("types: got %v (%d), want %v", got, l.values(), test.types)
			}
			spill, load := helper{layout: l}, helper{layout: l, load: true}
			if got := spill.name(); got != test.spill {
				t.Errorf("name: got %s, want %s", got, test.spill)
			}
			if got := spill.funcType(); !slices.Equal(got.Params, append([]wasmparse.ValType{wasmparse.I32}, test.types...)) || len(got.Results) > 0 {
				t.Errorf("spill: got type %v", got)
			}
			if got := load.funcType(); !slices.Equal(got.Results, test.types) || len(got.Params) > 0 {
				t.Errorf("load: got type %v", got)
			}
		})
	}
}

// TestCanSave holds frames against the window and against the number of parameters a
// helper may have.
func TestCanSave(t *testing.T) {
	for _, test := range []struct {
		layout layout
		want   bool
	}{
		{layout{}, true},
		{layout{classI32: (rtlib.Window - rtlib.FrameHeader) / 4}, true},
		{layout{classI32: (rtlib.Window-rtlib.FrameHeader)/4 + 1}, false},
		{layout{classV128: 63, classI64: 1}, true},
		{layout{classV128: 64}, false},
	} {
		if got := test.layout.canSave(); got != test.want {
			t.Errorf("%v (%d bytes): got %v", test.layout, test.layout.size(), got)
		}
	}
}

func TestClassOf(t *testing.T) {
	for _, v := range []wasmparse.ValType{
		wasmparse.I32, wasmparse.I64, wasmparse.F32, wasmparse.F64, wasmparse.V128, wasmparse.FuncRef, wasmparse.ExternRef,
	} {
		if c := classOf(v); c == classNone || classInfo[c].typ != v {
			t.Errorf("%s: class %d", v, c)
		}
	}
	for _, v := range []wasmparse.ValType{
		wasmparse.ExnRef, wasmparse.FuncRef.NonNull(), wasmparse.ExternRef.NonNull(), wasmparse.RefType(0, true), wasmparse.RefType(0, false),
	} {
		if c := classOf(v); c != classNone {
			t.Errorf("%s is saved as class %d, but would come back as another type", v, c)
		}
	}
}

// TestHelperNumbers registers the same helpers in different orders.
func TestHelperNumbers(t *testing.T) {
	var all []helper
	for i := range uint16(4) {
		for j := range uint16(3) {
			l := layout{classI32: i, classF64: j}
			all = append(all, helper{layout: l}, helper{layout: l, load: true})
		}
	}
	register := func(order []helper) ([]helper, map[helper]uint32) {
		var h helpers
		ids := map[helper]helperID{}
		for _, k := range order {
			ids[k] = h.id(k)
			if h.id(k) != ids[k] {
				t.Fatal("a helper has got two ids")
			}
		}
		place, sorted := h.number()
		at := map[helper]uint32{}
		for k, id := range ids {
			at[k] = place[id]
			if sorted[place[id]] != k {
				t.Fatalf("%s is not in its place", k.name())
			}
		}
		return sorted, at
	}
	sorted, at := register(all)
	for range 10 {
		all = append(all[7:], all[:7]...)
		s, a := register(all)
		if !reflect.DeepEqual(s, sorted) || !reflect.DeepEqual(a, at) {
			t.Fatal("numbers depend on the order of registration")
		}
	}
}

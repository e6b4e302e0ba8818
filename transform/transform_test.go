package transform_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/lunatic-go/lunatic/transform"
	"github.com/lunatic-go/lunatic/wasmencode"
	"github.com/lunatic-go/lunatic/wasmparse"
)

// patched is a golden's module with something added.
func patched(t *testing.T, name string, p wasmencode.Patch) []byte {
	t.Helper()
	m, err := wasmparse.Parse(readFile(t, "testdata/golden/"+name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	p.M = m
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRefused(t *testing.T) {
	loop := readFile(t, "testdata/golden/loop.wasm")
	void, err := wasmparse.Parse(readFile(t, "testdata/golden/if.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if sig := void.TypeAt(void.Imports[0].Type); len(sig.Params)+len(sig.Results) > 0 {
		t.Fatal("the first import of if.wat is not [] -> []")
	}
	for _, test := range []struct {
		name   string
		module []byte
		is     error
		want   string
	}{
		{"built already", build(t, loop, transform.Options{}), transform.ErrAlreadyBuilt, "built already"},
		{"built without anything to suspend", build(t, loop, transform.Options{NoSuspend: true, Preempt: transform.PreemptOff}), transform.ErrAlreadyBuilt, ""},
		{"reserved export", patched(t, "loop", wasmencode.Patch{
			Exports: []wasmparse.Export{{Name: rtlib.Reserved + "mine", Kind: wasmparse.KindFunc}},
		}), wasmparse.ErrUnsupported, `export "__lunatic_mine"`},
		{"reserved import", patched(t, "if", wasmencode.Patch{
			Imports: []wasmencode.FuncImport{{Module: rtlib.ImportModule, Name: "anything", Type: void.Imports[0].Type}},
		}), wasmparse.ErrUnsupported, "import of lunatic::rt.anything"},
		{"empty", nil, wasmparse.ErrMalformed, ""},
		{"cut off", loop[:len(loop)-3], wasmparse.ErrMalformed, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			_, err := transform.BuildTo(background, &out, test.module, transform.Options{})
			if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %v with %q", err, test.is, test.want)
			}
			if out.Len() > 0 {
				t.Errorf("%d bytes have been written", out.Len())
			}
		})
	}
}

// TestSectionsDropped adds custom sections of which some no longer hold.
func TestSectionsDropped(t *testing.T) {
	var custom []wasmencode.NewCustom
	for _, name := range []string{"linking", "reloc.CODE", ".debug_info", "sourceMappingURL", "mine", "target_features"} {
		custom = append(custom, wasmencode.NewCustom{Name: name, Data: []byte{0}})
	}
	module := patched(t, "loop", wasmencode.Patch{Custom: custom})
	var warnings []string
	opts := transform.Options{Warn: func(text string) { warnings = append(warnings, text) }}
	m, err := wasmparse.Parse(build(t, module, opts))
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, s := range m.Sections {
		if s.ID == wasmparse.SectionCustom {
			kept = append(kept, s.Name)
		}
	}
	slices.Sort(kept)
	if want := []string{"lunatic", "mine", "name", "producers", "target_features"}; !slices.Equal(kept, want) {
		t.Errorf("custom sections: got %q, want %q", kept, want)
	}
	if len(warnings) != 4 {
		t.Errorf("got %q, want a warning for each of the four sections dropped", warnings)
	}
	for _, name := range []string{"linking", "reloc.CODE", ".debug_info", "sourceMappingURL"} {
		if !strings.Contains(strings.Join(warnings, "\n"), `"`+name+`"`) {
			t.Errorf("no warning about %s", name)
		}
	}
}

func TestPinnedWarned(t *testing.T) {
	var warnings []string
	opts := transform.Options{SuspendImports: []string{"*"}, Warn: func(text string) { warnings = append(warnings, text) }}
	_, stats, err := transform.Build(background, readFile(t, "testdata/golden/pinned.wasm"), opts)
	if err != nil {
		t.Fatal(err)
	}
	if stats.Pinned != 1 || len(warnings) != 1 || !strings.Contains(warnings[0], "pinned") {
		t.Errorf("got %d pinned, warnings %q", stats.Pinned, warnings)
	}
}

func TestStats(t *testing.T) {
	wait := []string{"env.wait"}
	for _, test := range []struct {
		golden string
		opts   transform.Options
		want   transform.Stats
	}{
		{"loop", transform.Options{SuspendImports: wait}, transform.Stats{Functions: 1, Suspendable: 1, Clones: 1, Sites: 1, Charges: 1, MaxFrame: 16}},
		{"loop", transform.Options{NoSuspend: true}, transform.Stats{Functions: 1, Charges: 1}},
		{"loop", transform.Options{NoSuspend: true, Preempt: transform.PreemptOff}, transform.Stats{Functions: 1}},
		{"tail", transform.Options{SuspendImports: wait}, transform.Stats{Functions: 2, Suspendable: 2, TailSites: 2}},
		{"pinned", transform.Options{SuspendImports: wait}, transform.Stats{Functions: 2, Suspendable: 1, Pinned: 1}},
	} {
		out, got, err := transform.Build(background, readFile(t, "testdata/golden/"+test.golden+".wasm"), test.opts)
		if err != nil {
			t.Fatal(err)
		}
		total := int64(8) // magic and version
		for _, s := range got.Sections {
			total += s.After
		}
		if total != int64(len(out)) || got.BytesOut != total {
			t.Errorf("%s: sections sum to %d bytes, BytesOut is %d, the artifact has %d", test.golden, total, got.BytesOut, len(out))
		}
		w := test.want
		if got.Functions != w.Functions || got.Suspendable != w.Suspendable || got.Pinned != w.Pinned || got.Clones != w.Clones ||
			got.Sites != w.Sites || got.TailSites != w.TailSites || got.Charges != w.Charges || got.MaxFrame != w.MaxFrame {
			t.Errorf("%s: got %+v, want %+v", test.golden, got, w)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	cancel()
	loop := readFile(t, "testdata/golden/loop.wasm")
	if _, _, err := transform.Build(ctx, loop, transform.Options{Verify: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("Build: got %v", err)
	}
	if _, err := transform.Explain(ctx, loop, transform.Options{}, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Explain: got %v", err)
	}
}

// TestVerifyWritesTheSame builds with and without the checker.
func TestVerifyWritesTheSame(t *testing.T) {
	loop := readFile(t, "testdata/golden/loop.wasm")
	plain := build(t, loop, transform.Options{})
	if !bytes.Equal(plain, build(t, loop, transform.Options{Verify: true})) {
		t.Error("other bytes with Verify")
	}
}

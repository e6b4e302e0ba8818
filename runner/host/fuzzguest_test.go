package host

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// A hostCall is something that the guest of FuzzHostCalls can be told to do: to call a host
// function, or code of its own.
type hostCall struct {
	module, name    string
	params, results []api.ValueType
	code            string // of its own
}

func (c *hostCall) String() string { return c.module + "." + c.name }

// What the guest can do beside calling host functions. The function 1 is the fuzz.arg.
var ownCalls = []hostCall{
	{module: "guest", name: "spin", code: "\x03\x40\x0c\x00\x0b"},                                     // loop (br 0)
	{module: "guest", name: "grow", code: "\x41\x01\x40\x00\x1a"},                                     // memory.grow 1
	{module: "guest", name: "unreachable", code: "\x00"},                                              //
	{module: "guest", name: "outside", code: "\x41\x7c\x28\x02\x00\x1a"},                              // i32.load -4
	{module: "guest", name: "scribble", code: "\x41\x80\x02\x41\xff\x01\x41\x80\xf0\x01\xfc\x0b\x00"}, // memory.fill 256 255 30720
	{module: "guest", name: "clear", code: "\x41\x80\x02\x41\x00\x41\x80\xf0\x01\xfc\x0b\x00"},        // memory.fill 256 0 30720
	{module: "guest", name: "recurse"},                                                                // for ever
}

// hostCalls returns every function that All offers, by module and name, and ownCalls.
func hostCalls(t testing.TB) []hostCall {
	var all []hostCall
	for _, ns := range All() {
		for _, f := range ns.Funcs {
			params, results, _ := strings.Cut(f.Type, "->")
			c := hostCall{module: ns.Name, name: f.Name, params: valueTypes(params), results: valueTypes(results)}
			if f.Of != "" {
				c.name = f.Of
			}
			all = append(all, c)
		}
	}
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	base, err := wasi_snapshot_preview1.NewBuilder(r).Compile(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, def := range base.ExportedFunctions() {
		c := hostCall{module: wasi_snapshot_preview1.ModuleName, name: name, params: def.ParamTypes(), results: def.ResultTypes()}
		if !slices.ContainsFunc(all, func(a hostCall) bool { return a.String() == c.String() }) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b hostCall) int { return strings.Compare(a.String(), b.String()) })
	return append(all, ownCalls...)
}

// valueTypes reads one side of a type as runner.Func has it.
func valueTypes(side string) []api.ValueType {
	var types []api.ValueType
	for _, name := range strings.Fields(side) {
		types = append(types, map[string]api.ValueType{
			"i32": api.ValueTypeI32, "i64": api.ValueTypeI64, "f32": api.ValueTypeF32, "f64": api.ValueTypeF64,
		}[name])
	}
	return types
}

// A wasmWriter appends the binary format.
type wasmWriter struct{ b []byte }

func (w *wasmWriter) u32(v int)    { w.b = binary.AppendUvarint(w.b, uint64(v)) }
func (w *wasmWriter) raw(s string) { w.b = append(w.b, s...) }
func (w *wasmWriter) text(s string) {
	w.u32(len(s))
	w.raw(s)
}

// sized writes what f writes, after its length.
func (w *wasmWriter) sized(f func(*wasmWriter)) {
	var s wasmWriter
	f(&s)
	w.text(string(s.b))
}

// fuzzGuestPages is the size of the guest's memory.
const fuzzGuestPages = 2

// fuzzGuest returns a module that does what it is told. It imports
//
//	fuzz.next    -> i32      which of calls comes next; negative: none
//	fuzz.arg     i32 -> i64  the value of a parameter
//	fuzz.result  i64
//	fuzz.receive -> i32, fuzz.answer
//
// and exports memory, _start, which does one call after the other, _lunatic_catch_trap,
// which does one, lunatic_alloc, which answers with fuzz.arg, and serve, which answers
// messages for ever.
func fuzzGuest(calls []hostCall) []byte {
	var types []string
	typeOf := func(params, results []api.ValueType) int {
		t := string(append(append([]byte{byte(len(params))}, params...), byte(len(results)))) + string(results)
		i := slices.Index(types, t)
		if i < 0 {
			i = len(types)
			types = append(types, t)
		}
		return i
	}
	i32, i64 := []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI64}
	const next, arg, result, receive, answer, imported = 0, 1, 2, 3, 4, 5
	none := typeOf(nil, nil)

	var imports, funcs, bodies wasmWriter
	nimports := imported
	addImport := func(module, name string, typ int) {
		imports.text(module)
		imports.text(name)
		imports.raw("\x00")
		imports.u32(typ)
	}
	addImport("fuzz", "next", typeOf(nil, i32))
	addImport("fuzz", "arg", typeOf(i32, i64))
	addImport("fuzz", "result", typeOf(i64, nil))
	addImport("fuzz", "receive", typeOf(nil, i32))
	addImport("fuzz", "answer", none)
	for _, c := range calls {
		if c.module != "guest" {
			addImport(c.module, c.name, typeOf(c.params, c.results))
			nimports++
		}
	}
	nfuncs := 0
	addFunc := func(typ int, f func(b *wasmWriter)) int {
		funcs.u32(typ)
		bodies.sized(func(b *wasmWriter) {
			b.raw("\x00") // no locals
			f(b)
			b.raw("\x0b")
		})
		nfuncs++
		return nimports + nfuncs - 1
	}
	call := func(b *wasmWriter, f int) {
		b.raw("\x10")
		b.u32(f)
	}
	host := imported
	for _, c := range calls {
		addFunc(none, func(b *wasmWriter) {
			switch {
			case c.name == "recurse" && c.module == "guest":
				call(b, nimports+nfuncs)
				return
			case c.module == "guest":
				b.raw(c.code)
				return
			}
			for i, t := range c.params {
				b.raw("\x41")
				b.u32(i) // below 64: signed and unsigned are the same
				call(b, arg)
				b.raw(map[api.ValueType]string{api.ValueTypeI32: "\xa7", api.ValueTypeF64: "\xbf"}[t]) // wrap, reinterpret
			}
			call(b, host)
			host++
			if len(c.results) == 1 {
				b.raw(map[api.ValueType]string{api.ValueTypeI32: "\xad", api.ValueTypeF64: "\xbd"}[c.results[0]])
				call(b, result)
			}
		})
	}
	// call_indirect of what next answers; a negative number is outside of the table.
	start := addFunc(none, func(b *wasmWriter) {
		b.raw("\x03\x40") // loop
		call(b, next)
		b.raw("\x11")
		b.u32(none)
		b.raw("\x00\x0c\x00\x0b")
	})
	catcher := addFunc(typeOf([]api.ValueType{api.ValueTypeI32, api.ValueTypeI32}, i32), func(b *wasmWriter) {
		call(b, next)
		b.raw("\x11")
		b.u32(none)
		b.raw("\x00\x41\x01")
	})
	alloc := addFunc(typeOf(i32, i32), func(b *wasmWriter) {
		b.raw("\x20\x00")
		call(b, arg)
		b.raw("\xa7")
	})
	serve := addFunc(none, func(b *wasmWriter) {
		b.raw("\x03\x40")
		call(b, receive)
		b.raw("\x1a") // drop
		call(b, answer)
		b.raw("\x0c\x00\x0b")
	})
	end := addFunc(none, func(*wasmWriter) {})

	var w wasmWriter
	section := func(id string, f func(*wasmWriter)) {
		w.raw(id)
		w.sized(f)
	}
	w.raw("\x00asm\x01\x00\x00\x00")
	section("\x01", func(w *wasmWriter) {
		w.u32(len(types))
		for _, t := range types {
			w.raw("\x60" + t)
		}
	})
	section("\x02", func(w *wasmWriter) {
		w.u32(nimports)
		w.raw(string(imports.b))
	})
	section("\x03", func(w *wasmWriter) {
		w.u32(nfuncs)
		w.raw(string(funcs.b))
	})
	section("\x04", func(w *wasmWriter) {
		w.raw("\x01\x70\x00")
		w.u32(len(calls))
	})
	section("\x05", func(w *wasmWriter) {
		w.raw("\x01\x00")
		w.u32(fuzzGuestPages)
	})
	section("\x07", func(w *wasmWriter) {
		w.u32(6)
		w.raw("\x06memory\x02\x00")
		for _, e := range []struct {
			name string
			f    int
		}{{"_start", start}, {catchTrap, catcher}, {guestAlloc, alloc}, {"serve", serve}, {"end", end}} {
			w.text(e.name)
			w.raw("\x00")
			w.u32(e.f)
		}
	})
	section("\x09", func(w *wasmWriter) {
		w.raw("\x01\x00\x41\x00\x0b")
		w.u32(len(calls))
		for i := range calls {
			w.u32(nimports + i)
		}
	})
	section("\x0a", func(w *wasmWriter) {
		w.u32(nfuncs)
		w.raw(string(bodies.b))
	})
	return w.b
}

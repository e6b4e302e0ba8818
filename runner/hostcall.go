package runner

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// A Namespace is a module of host functions that guests import.
type Namespace struct {
	Name  string
	Funcs []Func
	// Base, if not nil, exports functions that are not this package's first. Funcs, and
	// what Base returns, replace those of the same name.
	Base func(wazero.HostModuleBuilder) []Func
}

// A Func is a host function. Call gets the parameters in stack, one word each, those
// of 32 bits extended with zeros, and leaves the results there.
type Func struct {
	Name string
	Type string // for example "i64 i32 -> i32"
	// Of, if not empty, is the name of another function of the namespace that this one is
	// a variant of, of another type. Modules that import Of with this type get the variant.
	// Its own name should be one that guests do not use.
	Of   string
	Call func(p *Process, stack []uint64)
}

// hostFunc is what a process knows about the host call it is in. wazero calls it.
type hostFunc struct {
	namespace, name string
	words           int // of results
	id              int // place in Runtime.funcs
	call            func(p *Process, stack []uint64)
	narrow          []int // words of the stack that hold 32 bits
	maySpend        bool  // see spends
}

// Call implements api.GoModuleFunction.
func (f *hostFunc) Call(ctx context.Context, mod api.Module, stack []uint64) {
	p := ProcessFrom(ctx)
	if p.initial {
		p.attach(mod)
	}
	p.fn = f
	if f.maySpend {
		p.spent = p.spent || spends(f.name, stack)
	}
	for _, i := range f.narrow {
		stack[i] = uint64(uint32(stack[i])) // wazero leaves anything above
	}
	f.call(p, stack)
}

// instantiate supplies a namespace in a wazero runtime.
func (ns *Namespace) instantiate(ctx context.Context, rt *Runtime) error {
	b := rt.wazero.NewHostModuleBuilder(ns.Name)
	var funcs []Func
	if ns.Base != nil {
		funcs = ns.Base(b)
	}
	for _, f := range append(funcs, ns.Funcs...) {
		params, results, err := parseType(f.Type)
		if err != nil {
			return fmt.Errorf("host function %s.%s: %w", ns.Name, f.Name, err)
		}
		name := f.Name // what the guest calls it
		if f.Of != "" {
			name = f.Of
			rt.variants[variant{ns.Name + "." + name, signature(params, results)}] = f.Name
		}
		def := &hostFunc{
			namespace: ns.Name, name: name, words: words(results), id: len(rt.funcs),
			call: f.Call, maySpend: ns.Name == wasiModule && spending[f.Name],
		}
		rt.funcs = append(rt.funcs, ns.Name+"."+name)
		for i, t := range params {
			if t == api.ValueTypeI32 || t == api.ValueTypeF32 {
				def.narrow = append(def.narrow, i)
			}
		}
		b.NewFunctionBuilder().WithGoModuleFunction(def, params, results).Export(f.Name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

// parseType reads "i32 i64 -> i32".
func parseType(s string) (params, results []api.ValueType, err error) {
	left, right, _ := strings.Cut(s, "->")
	if params, err = parseTypes(left); err != nil {
		return nil, nil, err
	}
	if results, err = parseTypes(right); err != nil {
		return nil, nil, err
	}
	if words(results) > maxResults {
		return nil, nil, fmt.Errorf("type %q: more than %d words of results", s, maxResults)
	}
	return params, results, nil
}

func parseTypes(s string) ([]api.ValueType, error) {
	var types []api.ValueType
	for _, name := range strings.Fields(s) {
		t, ok := map[string]api.ValueType{
			"i32": api.ValueTypeI32, "i64": api.ValueTypeI64, "f32": api.ValueTypeF32, "f64": api.ValueTypeF64,
		}[name]
		if !ok {
			return nil, fmt.Errorf("unknown type %q", name)
		}
		types = append(types, t)
	}
	return types, nil
}

// A HostError is a host function used wrongly by the guest. It ends the process.
type HostError struct {
	Namespace, Function string
	Argument            string // may be empty
	Msg                 string
}

func (e *HostError) Error() string {
	if e.Argument == "" {
		return fmt.Sprintf("%s.%s: %s", e.Namespace, e.Function, e.Msg)
	}
	return fmt.Sprintf("%s.%s: %s: %s", e.Namespace, e.Function, e.Argument, e.Msg)
}

// Fail traps: the guest has misused the host function it is in. argument names the
// parameter that is wrong, if one is.
func (p *Process) Fail(argument, format string, args ...any) {
	e := &HostError{Argument: argument, Msg: fmt.Sprintf(format, args...)}
	if p.fn != nil {
		e.Namespace, e.Function = p.fn.namespace, p.fn.name
	}
	panic(e)
}

// MemorySize is the size of the guest's memory in bytes, 0 if it has none.
func (p *Process) MemorySize() uint32 {
	if p.mem == nil {
		return 0
	}
	return p.mem.Size()
}

// Bytes returns the guest's memory from ptr on. It is the memory itself, not a copy,
// valid until the host function returns. It traps if the range is not all inside.
func (p *Process) Bytes(argument string, ptr, n uint64) []byte {
	if p.memory == nil { // it is another module's
		return p.imported(argument, ptr, n)
	}
	b, ok := p.memory.view(uint32(ptr), uint32(n))
	if !ok {
		p.outside(argument, ptr, n)
	}
	return b
}

// imported is Bytes for a module that has no memory of its own.
func (p *Process) imported(argument string, ptr, n uint64) []byte {
	if p.mem == nil {
		p.Fail(argument, "module has no memory")
	}
	b, ok := p.mem.Read(uint32(ptr), uint32(n))
	if !ok {
		p.outside(argument, ptr, n)
	}
	return b
}

func (p *Process) outside(argument string, ptr, n uint64) {
	p.Fail(argument, "%d bytes at 0x%x are outside of the memory", uint32(n), uint32(ptr))
}

// Text returns a copy of a string in the guest's memory. It traps if it is not UTF-8.
func (p *Process) Text(argument string, ptr, n uint64) string {
	b := p.Bytes(argument, ptr, n)
	if !utf8.Valid(b) {
		p.Fail(argument, "invalid UTF-8")
	}
	return string(b)
}

// PutU64 stores a number in the guest's memory.
func (p *Process) PutU64(argument string, ptr, v uint64) {
	binary.LittleEndian.PutUint64(p.Bytes(argument, ptr, 8), v)
}

// PutU32 stores a number in the guest's memory.
func (p *Process) PutU32(argument string, ptr uint64, v uint32) {
	binary.LittleEndian.PutUint32(p.Bytes(argument, ptr, 4), v)
}

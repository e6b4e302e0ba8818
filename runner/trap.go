package runner

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/lunatic-go/lunatic/rtlib"
)

// A Trap is the failure that ended a process, with the functions of the source
// program that were being called, innermost first.
type Trap struct {
	Process   uint64
	Reason    string
	Backtrace []string
	// GoStack is where a host function panicked that should not have; empty otherwise.
	GoStack string
	err     error
}

func (t *Trap) Error() string {
	if len(t.Backtrace) == 0 {
		return t.Reason
	}
	return t.Reason + "\n    at " + strings.Join(t.Backtrace, "\n    at ")
}

func (t *Trap) Unwrap() error { return t.err }

// stackHeader stands between reason and backtrace in wazero's errors.
const stackHeader = "\nwasm stack trace:"

// newTrap takes wazero's error apart.
func newTrap(p *Process, err error) *Trap {
	t := &Trap{Process: p.id, err: err}
	reason, stack, _ := strings.Cut(err.Error(), stackHeader)
	reason = strings.TrimSuffix(reason, " (recovered by wazero)")
	t.Reason = strings.TrimPrefix(reason, "wasm error: ")
	names := p.mod.functionNames()
	stack, t.GoStack, _ = strings.Cut(stack, "\n\n") // for a runtime.Error
	for line := range strings.Lines(stack) {
		line, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "\t")
		switch {
		case !ok: // the rest of the header
		case strings.HasPrefix(line, "\t"): // place in the source, from DWARF
			if n := len(t.Backtrace); n > 0 {
				t.Backtrace[n-1] += " (" + sourcePlace(line) + ")"
			}
		default:
			t.add(strings.TrimPrefix(callee(line), names.module+"."))
		}
	}
	if p.guest == nil || p.mod.meta == nil {
		return t
	}
	for _, site := range p.guest.Lost() {
		clone, ok := p.mod.meta.Clone(site)
		if !ok || int(clone) >= len(p.mod.meta.Funcs) {
			continue
		}
		t.add(names.name(p.mod.meta.Funcs[clone]))
	}
	return t
}

// add appends a function, unless the build has added it.
func (t *Trap) add(name string) {
	name = strings.TrimSuffix(name, rtlib.ResumeSuffix)
	if !strings.HasPrefix(name, rtlib.Reserved) && !strings.HasPrefix(name, rtlib.ImportModule+".") {
		t.Backtrace = append(t.Backtrace, name)
	}
}

// callee strips the types from "name(i32,i32) i64".
func callee(line string) string {
	if rest, ok := strings.CutSuffix(line, ")"); ok { // several results: " (i32,i32)"
		if i := strings.LastIndex(rest, ") ("); i >= 0 {
			line = line[:i+1]
		}
	}
	if i := strings.LastIndexByte(line, '('); i > 0 {
		return line[:i]
	}
	return line
}

// sourcePlace shortens "0x1f3c: /path/file.c:12:3".
func sourcePlace(line string) string {
	line = strings.TrimSpace(line)
	if _, place, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(line, "0x") {
		return place
	}
	return line
}

// panicked turns what was recovered outside of wazero into an error.
func panicked(r any) error {
	err, ok := r.(error)
	if !ok {
		return fmt.Errorf("host: %v", r)
	}
	var host *HostError
	if errors.As(err, &host) || errors.Is(err, errKilled) {
		return err
	}
	return fmt.Errorf("host: %w\n%s", err, debug.Stack())
}

// nameSection is a module's names, decoded when a trap wants them.
type nameSection struct {
	raw  []byte // the custom section "name"
	once sync.Once
	tab  *nameTable
}

type nameTable struct {
	module string
	funcs  map[uint32]string
}

func (n *nameTable) name(f uint32) string {
	if s, ok := n.funcs[f]; ok {
		return s
	}
	return fmt.Sprintf("$%d", f)
}

func (m *Module) functionNames() *nameTable {
	m.names.once.Do(func() { m.names.tab = parseNames(m.names.raw) })
	return m.names.tab
}

// findCustom returns the contents of a module's first custom section of that name,
// nil if there is none.
func findCustom(module []byte, name string) []byte {
	if len(module) < 8 {
		return nil
	}
	for r := (wasmReader{module[8:]}); len(r.b) > 0; {
		id := r.b[0]
		r.b = r.b[1:]
		body := r.bytes()
		if id != 0 {
			continue
		}
		if s := (wasmReader{body}); string(s.bytes()) == name {
			return s.b
		}
	}
	return nil
}

// parseNames reads as much as it understands: names are a help, not a duty.
func parseNames(raw []byte) *nameTable {
	t := &nameTable{funcs: make(map[uint32]string)}
	for r := (wasmReader{raw}); len(r.b) > 0; {
		id := r.b[0]
		r.b = r.b[1:]
		s := wasmReader{r.bytes()}
		switch id {
		case 0:
			t.module = string(s.bytes())
		case 1:
			for n := s.u32(); n > 0 && len(s.b) > 0; n-- {
				f := s.u32()
				t.funcs[f] = string(s.bytes())
			}
		}
	}
	return t
}

// wasmReader reads the little that is needed here. At the end of the input it reads
// zeros and empty strings.
type wasmReader struct{ b []byte }

func (r *wasmReader) u32() uint32 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > 1<<32-1 {
		r.b = nil
		return 0
	}
	r.b = r.b[n:]
	return uint32(v)
}

func (r *wasmReader) bytes() []byte {
	n := int(r.u32())
	if n > len(r.b) {
		r.b = nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

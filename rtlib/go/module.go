package lunatic

import (
	"errors"
	"runtime"
)

// A Module is compiled code, for [InModule]. In a message it is shared: the sender keeps it.
type Module struct{ id uint64 }

// LoadModule compiles a module of WebAssembly, rewriting it as lunatic-build does. Other
// goroutines wait meanwhile, other processes do not.
func LoadModule(wasm []byte) (*Module, error) {
	var id uint64
	switch sysCompileModule(pointer(wasm), uint32(len(wasm)), &id) {
	case 0:
		return newModule(id), nil
	case 1:
		return nil, hostError(id)
	default:
		return nil, errors.New("lunatic: permission denied: compile modules")
	}
}

func newModule(id uint64) *Module {
	m := &Module{}
	m.own(id)
	return m
}

// own drops the handle when nobody has the module any more.
func (m *Module) own(id uint64) {
	m.id = id
	runtime.AddCleanup(m, sysDropModule, id)
}

func (m *Module) sendable() error   { return nil }
func (m *Module) push()             { sysPushModule(m.id) }
func (m *Module) take(index uint64) { m.own(sysTakeModule(index)) }

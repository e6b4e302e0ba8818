package runner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/tetratelabs/wazero"
)

// A Module is compiled code, from which processes are made. Its code is freed when
// nobody can reach it any more: no process, no message, no handle of a guest, and no
// variable of the program around them.
type Module struct {
	rt       *Runtime
	compiled wazero.CompiledModule
	hash     [sha256.Size]byte // of what was loaded
	meta     *rtlib.Meta       // nil: not built by lunatic-build
	init     bool              // exports _initialize
	names    nameSection
	memory   memoryType
	// reusable: see reuse.go; movable: see hibernate.go. The blueprint is nil before the first
	// process.
	reusable  bool
	movable   bool
	blueprint atomic.Pointer[blueprint]
	// suspends says for each of Runtime.funcs whether the module was built to be
	// suspended in it.
	suspends []bool
	// namespaces are those that the module imports from, without rtlib.ImportModule.
	namespaces []string
}

// Load compiles a module: an artifact of lunatic-build, or any other one, whose
// processes then cannot be suspended, only parked, and not be preempted. It fails if the
// module is invalid, or imports what the runtime's namespaces do not offer. The same bytes
// loaded twice share their code.
func (rt *Runtime) Load(ctx context.Context, module []byte) (*Module, error) {
	key := moduleKey{sha256.Sum256(module), false}
	m, err := rt.modules.get(ctx, key, func() (*Module, error) { return rt.load(ctx, module, key.hash) })
	if err != nil {
		return nil, fmt.Errorf("runner: %w", err)
	}
	return m, nil
}

// MaxModule is the size in bytes of the largest module that Compile takes, and
// MaxCompiling that of all modules being compiled at a time.
const (
	MaxModule    = 128 << 20
	MaxCompiling = 512 << 20
)

// errForeign refuses an artifact of a guest's.
var errForeign = errors.New("module is an artifact, which nobody says was built faithfully: bring the original module")

// Compile is Load for modules that guests bring: they are built first, if Config.Build is
// set. An artifact is then refused, for one that was tampered with need not count its
// reductions. Few modules are compiled at the same time; the others wait.
func (rt *Runtime) Compile(ctx context.Context, module []byte) (*Module, error) {
	build := rt.cfg.Build != nil
	if build && IsArtifact(module) {
		return nil, errForeign
	}
	key := moduleKey{sha256.Sum256(module), build}
	return rt.modules.get(ctx, key, func() (*Module, error) {
		select {
		case rt.compiling <- struct{}{}:
			defer func() { <-rt.compiling }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !build {
			return rt.load(ctx, module, key.hash)
		}
		artifact, err := rt.cfg.Build(ctx, module)
		if err != nil {
			return nil, err
		}
		return rt.Load(ctx, artifact)
	})
}

// Reserve takes n bytes of what may be compiled at a time: see MaxCompiling. release gives
// them back.
func (rt *Runtime) Reserve(n int) (release func(), err error) {
	size := int64(n)
	if size > MaxModule {
		return nil, fmt.Errorf("module has %d bytes, more than %d", n, MaxModule)
	}
	if rt.compilingBytes.Add(size) > MaxCompiling {
		rt.compilingBytes.Add(-size)
		return nil, errors.New("too many modules are being compiled")
	}
	return func() { rt.compilingBytes.Add(-size) }, nil
}

func (rt *Runtime) load(ctx context.Context, module []byte, hash [sha256.Size]byte) (m *Module, err error) {
	if module, err = sanitize(module); err != nil {
		return nil, err
	}
	module = rt.translate(module)
	c, err := compile(ctx, rt.wazero, module)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			m, err = nil, errors.Join(err, c.Close(ctx))
		}
	}()
	m = &Module{rt: rt, compiled: c, hash: hash}
	for _, s := range c.CustomSections() {
		if s.Name() == rtlib.SectionMeta {
			if m.meta, err = rtlib.ParseMeta(s.Data()); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrArtifact, err)
			}
		}
	}
	if m.namespaces, err = rt.checkImports(c); err != nil {
		return nil, err
	}
	m.suspends = make([]bool, len(rt.funcs))
	if m.meta != nil {
		for i, name := range rt.funcs {
			m.suspends[i] = slices.Contains(m.meta.Suspend, name)
		}
	}
	_, m.init = c.ExportedFunctions()["_initialize"]
	m.names.raw = bytes.Clone(findCustom(module, "name"))
	m.memory = parseMemory(module)
	m.reusable = rt.reusable(c, m.meta)
	m.movable = m.reusable && m.meta.Movable
	runtime.AddCleanup(m, func(c wazero.CompiledModule) { c.Close(context.Background()) }, c)
	return m, nil
}

// compile is wazero's CompileModule, which panics on some malformed modules.
func compile(ctx context.Context, r wazero.Runtime, module []byte) (c wazero.CompiledModule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed module: %v", p)
		}
	}()
	return r.CompileModule(ctx, module)
}

// IsArtifact reports whether a module says that lunatic-build has rewritten it.
func IsArtifact(module []byte) bool { return findCustom(module, rtlib.SectionMeta) != nil }

// Built reports whether the module is an artifact of lunatic-build.
func (m *Module) Built() bool { return m.meta != nil }

// Exports reports whether the module exports a function of this name.
func (m *Module) Exports(name string) bool {
	_, ok := m.compiled.ExportedFunctions()[name]
	return ok
}

// permitted checks that a configuration does not forbid what the module imports.
func (m *Module) permitted(c *ProcessConfig) error {
	if len(c.Forbid) == 0 {
		return nil
	}
	for _, ns := range m.namespaces {
		if slices.Contains(c.Forbid, ns) {
			return &PermissionError{"import from " + ns, "the configuration forbids the namespace"}
		}
	}
	return nil
}

// A moduleKey is what a module was made from.
type moduleKey struct {
	hash [sha256.Size]byte
	// build: of the module before Config.Build has rewritten it
	build bool
}

// moduleCache finds modules that are still in use. It does not keep them.
type moduleCache struct {
	mu      sync.Mutex
	modules map[moduleKey]*cachedModule
}

// A cachedModule is a module, or one in the making.
type cachedModule struct {
	made chan struct{} // closed when there is a module, or the maker has given up
	m    weak.Pointer[Module]
}

// get returns the module of a key. Of several callers at a time one makes it and the
// others wait; if it fails, which may be for want of time, they try themselves.
func (c *moduleCache) get(ctx context.Context, key moduleKey, load func() (*Module, error)) (*Module, error) {
	for {
		c.mu.Lock()
		e := c.modules[key]
		if e == nil {
			e = &cachedModule{made: make(chan struct{})}
			if c.modules == nil {
				c.modules = make(map[moduleKey]*cachedModule)
			}
			c.modules[key] = e
			c.mu.Unlock()
			return c.fill(key, e, load)
		}
		c.mu.Unlock()
		select {
		case <-e.made:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if m := e.m.Value(); m != nil {
			return m, nil
		}
		c.forget(key, e)
	}
}

func (c *moduleCache) fill(key moduleKey, e *cachedModule, load func() (*Module, error)) (m *Module, err error) {
	defer func() { // also if load panics
		if m == nil {
			c.forget(key, e)
		}
		close(e.made)
	}()
	if m, err = load(); err != nil {
		return nil, err
	}
	e.m = weak.Make(m)
	runtime.AddCleanup(m, func(key moduleKey) { c.forget(key, e) }, key)
	return m, nil
}

// forget removes an entry, if it is still the key's.
func (c *moduleCache) forget(key moduleKey, e *cachedModule) {
	c.mu.Lock()
	if c.modules[key] == e {
		delete(c.modules, key)
	}
	c.mu.Unlock()
}

// Modules is the number of modules whose code is in memory. Some of them may be unused,
// and waiting for the garbage collector.
func (rt *Runtime) Modules() int {
	rt.modules.mu.Lock()
	defer rt.modules.mu.Unlock()
	return len(rt.modules.modules)
}

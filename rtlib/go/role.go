package lunatic

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"unsafe"
)

// A Role is what a process can be spawned for: a function that was registered under a name.
// Messages to it are of the type M, its argument is an A.
type Role[M, A any] struct{ name string }

// None is the type of arguments, messages and replies that say nothing.
type None = struct{}

// A role reads its argument and returns what it does.
type role func(d *decoder) (run func() error, err error)

var roles = map[string]role{}

// Register makes a role known. It has to be called before main, for a variable of a package or in
// an init function: a child, which runs the same program, finds its role by the name.
//
// The process ends when run returns: normally for nil and for [ErrShutdown], otherwise it
// fails, as after a panic. The error is printed to standard error.
func Register[M, A any](name string, run func(inbox Mailbox[M], arg A) error) Role[M, A] {
	register(name, func(d *decoder) (func() error, error) {
		arg, err := argument[A](d)
		return func() error { return run(Mailbox[M]{}, arg) }, err
	})
	return Role[M, A]{name}
}

func register(name string, r role) {
	if playing {
		panic("lunatic: role " + name + " is registered after the program has begun")
	}
	if _, ok := roles[name]; ok {
		panic("lunatic: role " + name + " is registered twice")
	}
	roles[name] = r
}

// playing is set by Main: no role is registered any more, and children know what to do.
var playing bool

// Main is to be the first that the program's main calls. In the first process it calls root;
// in a process that was spawned it plays the role. It returns if the process is to end
// normally, and exits with code 1 after an error.
//
// In a test binary TestMain calls it, and root calls os.Exit(m.Run()).
func Main(root func() error) {
	if playing {
		panic("lunatic: Main is called again")
	}
	playing = true
	name, err := "main", error(nil)
	if d := takeRole(); d == nil {
		err = root()
	} else {
		name = string(d.string())
		err = play(name, d)
	}
	if err != nil && !errors.Is(err, ErrShutdown) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// play runs a role once its gate, if it has one, is open. The argument is read before that: what
// is attached to it is in the scratch slot.
func play(name string, d *decoder) error {
	gate := Tag(d.uint())
	r, ok := roles[name]
	if !ok {
		return errors.New("no role has this name: it is registered by one of the two programs only")
	}
	run, err := r(d)
	if err != nil {
		return err
	}
	if gate != 0 {
		w := waiter{tags: []Tag{gate}, take: func(*incoming) {}}
		if err := w.wait(context.Background()); err != nil {
			return err
		}
	}
	return run()
}

// takeRole returns what the process was spawned for; nil: it is the first one. The message is
// there before the process runs, and stays in the scratch slot for what is attached to it.
func takeRole() *decoder {
	var info [24]byte
	tag := tagRole
	if sysReceiveData(unsafe.Pointer(&tag), 1, 0, nil, 0, unsafe.Pointer(&info)) == timedOut {
		return nil
	}
	d := &decoder{b: make([]byte, binary.LittleEndian.Uint64(info[:]))}
	sysReadData(pointer(d.b), uint32(len(d.b)))
	return d
}

func argument[A any](d *decoder) (arg A, err error) {
	d.value(valueOf(&arg), 0)
	if d.err != nil {
		err = fmt.Errorf("lunatic: bad argument: %w", d.err)
	}
	return arg, err
}

// A SpawnOption says how a process is spawned.
type SpawnOption func(*spawning)

// spawning is a spawn that is prepared.
type spawning struct {
	link   Tag
	config *Config
	module *Module
	name   string
	gate   Tag
}

// Linked links the child with its parent, which sees the tag if it traps exits.
func Linked(tag Tag) SpawnOption { return func(s *spawning) { s.link = tag } }

// WithConfig gives the child what a configuration says, instead of what its parent has.
func WithConfig(c *Config) SpawnOption { return func(s *spawning) { s.config = c } }

// InModule makes the child a process of another module.
func InModule(m *Module) SpawnOption { return func(s *spawning) { s.module = m } }

// Named registers the child under a name.
func Named(name string) SpawnOption { return func(s *spawning) { s.name = name } }

// gated has the child wait for a message with the tag before it begins.
func gated(tag Tag) SpawnOption { return func(s *spawning) { s.gate = tag } }

func newSpawning(options []SpawnOption) (*spawning, error) {
	s := &spawning{}
	for _, o := range options {
		o(s)
	}
	if s.config != nil {
		return s, s.config.Check()
	}
	return s, nil
}

// Spawn starts a process that plays the role. The argument is copied; sockets in it are the
// child's from now on.
func (r Role[M, A]) Spawn(arg A, options ...SpawnOption) (Process[M], error) {
	id, err := spawnRole(r.name, arg, options)
	return Process[M]{id}, err
}

// GetOrSpawn returns the process that is registered under a name or, if there is none, spawns one
// and registers it. Of those who do this at the same time one spawns.
func (r Role[M, A]) GetOrSpawn(name string, arg A, options ...SpawnOption) (p Process[M], spawned bool, err error) {
	s, err := newSpawning(options)
	if err != nil {
		return p, false, err
	}
	e := s.head(r.name)
	if err := e.value(valueOf(&arg), 0); err != nil {
		return p, false, err
	}
	var node, id uint64
	slot.Lock()
	defer slot.Unlock()
	e.write(tagRole)
	sysSendToNextChild()
	config, module := s.handles()
	status := sysGetOrSpawn(name, uint64(s.link), config, module, "_start", nil, 0, &node, &id)
	if status != 0 {
		e.takeBack()
	}
	if status == 1 {
		return p, false, hostError(id)
	}
	return Process[M]{ID(id)}, status == 0, nil
}

func spawnRole[A any](name string, arg A, options []SpawnOption) (ID, error) {
	s, err := newSpawning(options)
	if err != nil {
		return 0, err
	}
	e := s.head(name)
	if err := e.value(valueOf(&arg), 0); err != nil {
		return 0, err
	}
	return s.run(e)
}

// head begins the message that tells a child its role. The argument follows.
func (s *spawning) head(role string) *encoder {
	if !playing {
		panic("lunatic: spawn before Main: the child would not know its role")
	}
	e := &encoder{}
	e.string(role)
	e.uint(uint64(s.gate))
	return e
}

// run spawns a process of this package.
func (s *spawning) run(e *encoder) (ID, error) {
	slot.Lock()
	defer slot.Unlock()
	e.write(tagRole)
	sysSendToNextChild()
	id, err := s.start("_start", nil)
	if err != nil {
		e.takeBack()
	}
	return id, err
}

// takeBack makes sockets the process's own again: their message is in the scratch slot.
func (e *encoder) takeBack() {
	for i, c := range e.carried {
		c.take(uint64(i))
	}
}

func (s *spawning) handles() (config, module uint64) {
	config, module = inherit, inherit
	if s.config != nil {
		config = s.config.made.id
	}
	if s.module != nil {
		module = s.module.id
	}
	return config, module
}

// inherit, for a configuration or a module, is the process's own.
const inherit = 1<<64 - 1

func (s *spawning) start(function string, params []byte) (ID, error) {
	config, module := s.handles()
	var id uint64
	if sysSpawn(uint64(s.link), config, module, function, pointer(params), uint32(len(params)), &id) != 0 {
		return 0, hostError(id)
	}
	if s.name != "" {
		RegisterName(s.name, ID(id))
	}
	return ID(id), nil
}

// SpawnFunction starts a process by calling an export of a module that need not be written in Go:
// see [InModule]. Parameters are of the types int32, uint32, int64 or uint64.
func SpawnFunction(function string, params []any, options ...SpawnOption) (ID, error) {
	var records []byte
	for _, p := range params {
		typ, bits := byte(0x7e), uint64(0)
		switch p := p.(type) {
		case int32:
			typ, bits = 0x7f, uint64(uint32(p))
		case uint32:
			typ, bits = 0x7f, uint64(p)
		case int64:
			bits = uint64(p)
		case uint64:
			bits = p
		default:
			return 0, fmt.Errorf("lunatic: a %T cannot be a parameter of %s", p, function)
		}
		records = append(records, typ)
		records = binary.LittleEndian.AppendUint64(records, bits)
		records = append(records, make([]byte, 8)...)
	}
	s, err := newSpawning(options)
	if err != nil {
		return 0, err
	}
	return s.start(function, records)
}

package runner

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sync/atomic"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/tetratelabs/wazero"
)

// A Dir is a directory that guests may use.
type Dir struct {
	Host, Guest string
	ReadOnly    bool
}

// Limits of a process whose configuration does not say.
const (
	// DefaultMaxMemory is the size of linear memory in bytes.
	DefaultMaxMemory = 1<<32 - 1
	// DefaultMaxMessages is the number of messages that wait to be received.
	DefaultMaxMessages = 1 << 20
	// DefaultMaxMailbox is their size in bytes.
	DefaultMaxMailbox = 256 << 20
)

// FuelUnit is the number of reductions in a unit of fuel, which the ABI defines as about
// 100,000 instructions.
const FuelUnit = 100_000 / rtlib.InstrsPerReduction

// A ProcessConfig says what a process gets and may do; the zero value is a process with
// nothing but its module, its mailbox and the network. Children share their parent's
// unless they are spawned with another one, which then is attenuated: see Process.Derive.
type ProcessConfig struct {
	Args []string    // the first is the program's name
	Env  [][2]string // names and values
	Dirs []Dir
	// Stdin, Stdout and Stderr are the standard streams; nil means the parent's, and the
	// runtime's if the host program spawns the process. What is written must be safe for
	// concurrent use; a ProcessWriter is told who writes. Two configurations that are to
	// read from one source share a *Stdin: see NewStdin. For an empty input, or to throw
	// output away, use an empty reader and io.Discard.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	May            Permission
	Net            Network
	// Forbid names namespaces, such as lunatic::networking. A module that imports from
	// one of them is not spawned.
	Forbid []string
	// MaxMemory is the size in bytes that linear memory may grow to; 0 means
	// DefaultMaxMemory.
	MaxMemory uint64
	// MaxFuel is how much the process may compute, in units of FuelUnit reductions; 0
	// means without limit. The process traps when it has used up the last one. A module
	// that lunatic-build has not rewritten counts nothing, and has no such limit; nor has a
	// module's start function.
	MaxFuel uint64
	// MaxMessages and MaxMailbox limit the number and the size in bytes of the messages
	// that wait to be received; 0 means the defaults. A process ends when its mailbox
	// overflows: who sends cannot be told, and a message is never lost between living
	// processes.
	MaxMessages int
	MaxMailbox  int

	// What follows is made by seal.
	self   *ProcessConfig      // itself; something else in a copy, which is not sealed
	stdin  *Stdin              // Stdin
	shared bool                // the standard streams are the runtime's
	serial uint64              // its own number
	under  uint64              // that of the parent's configuration, which bounds it
	policy *policy             // Net and those of the ancestors
	names  *addressBook        // what has been resolved
	fuel   uint64              // MaxFuel in reductions
	wasi   wazero.ModuleConfig // for all instances
	like   string              // the same for configurations whose instances are alike
	// totals of Args and of Env, as WASI has them
	args, env stringsTotal
}

func (c *ProcessConfig) maxMessages() int {
	if c.MaxMessages > 0 {
		return c.MaxMessages
	}
	return DefaultMaxMessages
}

func (c *ProcessConfig) maxMailbox() int {
	if c.MaxMailbox > 0 {
		return c.MaxMailbox
	}
	return DefaultMaxMailbox
}

func (c *ProcessConfig) maxMemory() uint64 {
	if c.MaxMemory > 0 {
		return c.MaxMemory
	}
	return DefaultMaxMemory
}

// sealed reports whether seal has made c.
func (c *ProcessConfig) sealed() bool { return c.self == c }

// configs counts those that were sealed.
var configs atomic.Uint64

// seal returns a copy of c that processes can share: nobody changes it any more. A parent
// that is not nil bounds it.
func (c *ProcessConfig) seal(rt *Runtime, parent *ProcessConfig) (*ProcessConfig, error) {
	s := *c
	s.Args, s.Env, s.Dirs = slices.Clone(c.Args), slices.Clone(c.Env), slices.Clone(c.Dirs)
	s.Forbid, s.Net = slices.Clone(c.Forbid), c.Net.clone()
	s.self, s.serial, s.under = &s, configs.Add(1), 0
	s.names = &addressBook{}
	if parent != nil {
		s.under = parent.serial
	}
	s.inheritStdio(rt, parent)
	if rt.cfg.NoAttenuation {
		parent = nil
	}
	if err := s.checkStrings(); err != nil {
		return nil, err
	}
	if err := s.locate(); err != nil {
		return nil, err
	}
	if parent != nil {
		if err := s.attenuate(parent); err != nil {
			return nil, err
		}
	}
	var err error
	if s.policy, err = newPolicy(&s.Net, parent); err != nil {
		return nil, err
	}
	s.fuel = math.MaxUint64
	if s.MaxFuel <= math.MaxUint64/FuelUnit {
		s.fuel = s.MaxFuel * FuelUnit
	}
	s.prepare(rt)
	return &s, nil
}

// instanceConfig is what all instances have of what wazero wants to know.
func (rt *Runtime) instanceConfig() wazero.ModuleConfig {
	return wazero.NewModuleConfig().
		WithName(""). // anonymous: there are many
		WithStartFunctions().
		WithWalltime(rt.walltime, 1).WithNanotime(rt.nanotime, 1).
		WithRandSource(rt.random()) // else wazero seeds a source for each instance: 15 us
}

// prepare makes the configuration for wazero. Arguments and variables are not in it: the host
// functions take them from the process's configuration.
func (c *ProcessConfig) prepare(rt *Runtime) {
	c.wasi, c.like = rt.instances, likeness(c)
	if c.shared { // else each instance has its own: see stdio
		c.wasi = c.wasi.WithStdin(c.stdin).WithStdout(c.Stdout).WithStderr(c.Stderr)
	}
	if len(c.Dirs) > 0 {
		fs := wazero.NewFSConfig()
		for _, d := range c.Dirs {
			fs = d.mount(fs)
		}
		c.wasi = c.wasi.WithFSConfig(fs)
	}
}

// locate checks the directories and replaces their names by absolute ones without
// symbolic links, which are what attenuation compares.
func (c *ProcessConfig) locate() error {
	for i := range c.Dirs {
		d := &c.Dirs[i]
		if st, err := os.Stat(d.Host); err != nil {
			return fmt.Errorf("directory: %w", err)
		} else if !st.IsDir() {
			return fmt.Errorf("directory: %s is not one", d.Host)
		}
		host, err := realPath(d.Host)
		if err != nil {
			return fmt.Errorf("directory: %w", err)
		}
		d.Host = host
	}
	return nil
}

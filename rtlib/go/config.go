package lunatic

import (
	"errors"
	"runtime"
	"strings"
)

// A Config is what processes are spawned with that are not to have all that their parent has: see
// [WithConfig]. The zero value permits nothing but messages and the network. A child never gets
// more than its parent has, whatever its configuration says.
type Config struct {
	SpawnProcesses bool // may spawn
	CreateConfigs  bool // may use configurations
	CompileModules bool // may load modules

	MaxMemory   uint64 // bytes of linear memory; 0: the parent's. A Go program needs about 4 MiB
	MaxFuel     uint64 // in units of about 100,000 instructions; 0: no limit
	MaxMessages uint64 // that wait; 0: the default
	MaxMailbox  uint64 // their bytes; 0: the default

	Args []string // the first is the program's name
	Env  []string // NAME=VALUE
	Dirs []string // directories, which the child sees under the same names

	// Rules for the network, as docs/abi.md has them: HOST[:PORT[-PORT]].
	AllowConnect, DenyConnect []string
	AllowListen, DenyListen   []string
	AllowResolve, DenyResolve []string

	// Forbid has namespaces whose importers cannot be spawned, for example
	// "lunatic::sqlite".
	Forbid []string

	made *madeConfig
}

type madeConfig struct{ id uint64 }

// Check makes the configuration, which the first spawn does otherwise. It fails if the process
// may not create configurations, or a rule makes no sense. What is changed in c after that has no
// effect.
func (c *Config) Check() error {
	if c.made != nil {
		return nil
	}
	id := sysCreateConfig()
	if id < 0 {
		return errors.New("lunatic: permission denied: create configurations")
	}
	made := &madeConfig{uint64(id)}
	if err := c.fill(made.id); err != nil {
		sysDropConfig(made.id)
		return err
	}
	runtime.AddCleanup(made, sysDropConfig, made.id)
	c.made = made
	return nil
}

func (c *Config) fill(id uint64) error {
	sysConfigCanSpawn(id, bit(c.SpawnProcesses))
	sysConfigCanConfigure(id, bit(c.CreateConfigs))
	sysConfigCanCompile(id, bit(c.CompileModules))
	if c.MaxMemory != 0 {
		sysConfigMaxMemory(id, c.MaxMemory)
	}
	sysConfigMaxFuel(id, c.MaxFuel)
	sysConfigMaxMessages(id, c.MaxMessages)
	sysConfigMaxMailbox(id, c.MaxMailbox)
	for _, a := range c.Args {
		sysConfigArg(id, a)
	}
	for _, v := range c.Env {
		name, value, _ := strings.Cut(v, "=")
		sysConfigEnv(id, name, value)
	}
	for _, d := range c.Dirs {
		sysConfigDir(id, d)
	}
	for _, n := range c.Forbid {
		sysConfigForbid(id, n)
	}
	for _, l := range []struct {
		rules []string
		add   func(id uint64, rule string, out *uint64) uint32
	}{
		{c.AllowConnect, sysConfigAllowConnect}, {c.DenyConnect, sysConfigDenyConnect},
		{c.AllowListen, sysConfigAllowListen}, {c.DenyListen, sysConfigDenyListen},
		{c.AllowResolve, sysConfigAllowResolve}, {c.DenyResolve, sysConfigDenyResolve},
	} {
		for _, r := range l.rules {
			var out uint64
			if l.add(id, r, &out) != 0 {
				return hostError(out)
			}
		}
	}
	return nil
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

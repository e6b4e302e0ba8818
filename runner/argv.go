package runner

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// Arguments and variables of a process are not given to wazero, which keeps them with an
// instance: an instance that is used again has other ones.

// A stringsTotal is the size of a list of strings as WASI asks for it: how many they are, and
// their bytes with a NUL behind each.
type stringsTotal struct{ Count, Bytes uint32 }

// ArgsTotal returns the number of arguments, and the bytes that they take, each with a NUL.
func (c *ProcessConfig) ArgsTotal() (count, size uint32) { return c.args.Count, c.args.Bytes }

// EnvTotal returns the number of variables, and the bytes that they take as NAME=VALUE, each
// with a NUL.
func (c *ProcessConfig) EnvTotal() (count, size uint32) { return c.env.Count, c.env.Bytes }

// checkStrings checks arguments and variables, and counts them. Of variables with the same
// name the last one counts, in the place of the first.
func (c *ProcessConfig) checkStrings() error {
	args, env := stringsSum{}, stringsSum{}
	for _, a := range c.Args {
		args.add(a)
	}
	c.uniteEnv()
	for _, kv := range c.Env {
		switch name := kv[0]; {
		case name == "":
			return errors.New("environ invalid: empty key")
		case strings.Contains(name, "="):
			return errors.New("environ invalid: key contains '=' character")
		}
		env.add(kv[0], "=", kv[1])
	}
	if args.err != nil {
		return fmt.Errorf("args invalid: %w", args.err)
	}
	if env.err != nil {
		return fmt.Errorf("environ invalid: %w", env.err)
	}
	c.args, c.env = args.total(), env.total()
	return nil
}

// uniteEnv leaves one variable of each name.
func (c *ProcessConfig) uniteEnv() {
	if len(c.Env) < 2 {
		return
	}
	at := make(map[string]int, len(c.Env))
	united := c.Env[:0]
	for _, kv := range c.Env {
		if i, ok := at[kv[0]]; ok {
			united[i] = kv
			continue
		}
		at[kv[0]] = len(united)
		united = append(united, kv)
	}
	c.Env = united
}

// A stringsSum counts strings, up to what 32 bits hold.
type stringsSum struct {
	count, bytes uint64
	err          error
}

// add counts a string that consists of parts.
func (s *stringsSum) add(parts ...string) {
	s.count++
	s.bytes++
	for _, part := range parts {
		s.bytes += uint64(len(part))
		if strings.IndexByte(part, 0) >= 0 {
			s.err = errors.New("contains NUL character")
		}
	}
	if s.bytes > math.MaxUint32 {
		s.err = errors.New("exceeds maximum size")
	}
}

func (s *stringsSum) total() stringsTotal { return stringsTotal{uint32(s.count), uint32(s.bytes)} }

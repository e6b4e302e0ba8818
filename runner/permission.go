package runner

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A Permission is something that a process may do beside computing and sending messages.
// Permissions are bits, to be combined.
type Permission uint8

const (
	MaySpawn     Permission = 1 << iota // spawn processes
	MayCompile                          // compile modules
	MayConfigure                        // create configurations for its children

	MayAll = MaySpawn | MayCompile | MayConfigure
)

// A PermissionError reports that a process's configuration does not allow what it tried.
type PermissionError struct {
	Action string // for example "spawn processes"
	// Grant says what would allow it: a function of the ABI, or a rule.
	Grant string
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("permission denied: %s (%s)", e.Action, e.Grant)
}

// grants has the actions of the permissions, each with the function that allows it.
var grants = map[Permission]PermissionError{
	MaySpawn:     {"spawn processes", "config_set_can_spawn_processes"},
	MayCompile:   {"compile modules", "config_set_can_compile_modules"},
	MayConfigure: {"create configurations", "config_set_can_create_configs"},
}

// Permitted returns nil if the process has a permission, else a *PermissionError that
// names it.
func (p *Process) Permitted(one Permission) error {
	if p.cfg.May&one != 0 {
		return nil
	}
	e := grants[one]
	return &e
}

// Derive returns the configuration of a child of p that is spawned with c. It costs as
// much as making a process; the result can be given to Process.Spawn many times. Changing
// c has no effect on it.
//
// A child never gets more than its parent has:
//
//   - permissions that the parent lacks are taken away;
//   - MaxMemory, MaxFuel, MaxMessages and MaxMailbox are at most the parent's. They are
//     limits of each process; what the child uses is not taken from the parent's.
//   - what the parent may not connect to, listen on or resolve, the child may not either,
//     nor import from a namespace that is forbidden to the parent;
//   - a directory must lie in one of the parent's, and is read-only if none of those that
//     it lies in may be written. Derive fails if it does not. Symbolic links are followed
//     first, and the place that they lead to now is what the child gets.
//
// Arguments and environment variables are the child's own. With Config.NoAttenuation, as
// in Lunatic, c is taken as it is.
func (p *Process) Derive(c *ProcessConfig) (*ProcessConfig, error) {
	return c.seal(p.rt, p.cfg)
}

// attenuate takes away what the parent does not have.
func (c *ProcessConfig) attenuate(parent *ProcessConfig) error {
	c.May &= parent.May
	c.MaxMemory = min(c.maxMemory(), parent.maxMemory())
	c.MaxMessages = min(c.maxMessages(), parent.maxMessages())
	c.MaxMailbox = min(c.maxMailbox(), parent.maxMailbox())
	if parent.MaxFuel != 0 && (c.MaxFuel == 0 || c.MaxFuel > parent.MaxFuel) {
		c.MaxFuel = parent.MaxFuel
	}
	for _, ns := range parent.Forbid {
		if !slices.Contains(c.Forbid, ns) {
			c.Forbid = append(c.Forbid, ns)
		}
	}
	for i := range c.Dirs {
		if err := c.Dirs[i].attenuate(parent.Dirs); err != nil {
			return err
		}
	}
	return nil
}

// attenuate makes d read-only unless it lies in a directory that may be written. Names
// are absolute and without symbolic links.
func (d *Dir) attenuate(dirs []Dir) error {
	inside, writable := false, false
	for _, parent := range dirs {
		if liesIn(parent.Host, d.Host) {
			inside = true
			writable = writable || !parent.ReadOnly
		}
	}
	if !inside {
		return &PermissionError{fmt.Sprintf("use the directory %s", d.Guest), "it is in no directory of the parent's"}
	}
	d.ReadOnly = d.ReadOnly || !writable
	return nil
}

// liesIn reports whether path is dir or lies in it.
func liesIn(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// realPath returns the absolute name of an existing file, without symbolic links.
func realPath(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// HostPath translates a directory's name as the process sees it to the host's, by the
// longest of its directories that the name lies in. It returns false if it lies in none.
func (c *ProcessConfig) HostPath(guest string) (string, bool) {
	name, ok := guestPath(guest)
	if !ok {
		return "", false
	}
	best, host := -1, ""
	for _, d := range c.Dirs {
		root, ok := guestPath(d.Guest)
		if !ok || len(root) <= best {
			continue
		}
		if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(root, "/")); ok && (rest == "" || rest[0] == '/') {
			best, host = len(root), filepath.Join(d.Host, filepath.FromSlash(rest))
		}
	}
	return host, best >= 0
}

// guestPath makes names of the same directory equal: guests see "data", "./data" and
// "/data" as one.
func guestPath(name string) (string, bool) {
	clean := path.Clean(name)
	return path.Join("/", clean), clean != ".." && !strings.HasPrefix(clean, "../")
}

// Package project sets up projects of other languages, so that their own tools build
// artifacts and run them with lunatic-run. It knows the projects of cargo, of npm with asc,
// of Go, and those of C.
//
// Start from Plan, which changes nothing, and Setup.Apply. What is in a file already is
// kept: an edit adds, and replaces only if it is forced to.
package project

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// A kind is a kind of project.
type kind struct {
	name  string
	is    func(dir string) bool
	plan  func(p *planner) error
	check func(dir string) []Requirement
}

// kinds are those that are known. C comes last: a folder with something else in it is not
// C's.
var kinds = []kind{
	{"cargo", has("Cargo.toml"), planCargo, checkCargo},
	{"npm", has("package.json"), planNPM, checkNPM},
	{"Go", has("go.mod"), planGo, checkGo},
	{"C", hasC, planC, checkC},
}

func has(name string) func(string) bool {
	return func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
}

func hasC(dir string) bool {
	for _, pattern := range []string{"*.c", "src/*.c"} {
		if found, _ := filepath.Glob(filepath.Join(dir, pattern)); len(found) > 0 {
			return true
		}
	}
	return false
}

// kindsOf returns the kinds of the project in a folder.
func kindsOf(dir string) ([]kind, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, errors.New("is not a directory")
	}
	var of []kind
	for _, k := range kinds {
		if k.is(dir) && (k.name != "C" || of == nil) {
			of = append(of, k)
		}
	}
	if of == nil {
		return nil, errors.New("there is no project: no Cargo.toml, package.json, go.mod, and no file of C")
	}
	return of, nil
}

// A Setup is what a project needs to be set up.
type Setup struct {
	dir string
	// Edits are the files to write; none: it is set up.
	Edits []Edit
	// Conflicts are what would have to be overwritten, and is not unless it is forced.
	Conflicts []string
	// Hints are for the user.
	Hints []string
}

// An Edit is a file with new contents.
type Edit struct {
	Name     string // below the project's folder, with slashes
	Old, New []byte // Old nil: there is no such file
}

// Diff shows what is new.
func (e *Edit) Diff() string {
	old := "a/" + e.Name
	if e.Old == nil {
		old = "/dev/null"
	}
	text := string(diff.Diff(old, e.Old, "b/"+e.Name, e.New))
	_, text, _ = strings.Cut(text, "\n") // the line that begins with diff
	return text
}

// Plan finds out what the project in a folder needs. With force, what is there may be
// overwritten.
func Plan(dir string, force bool) (*Setup, error) {
	of, err := kindsOf(dir)
	if err != nil {
		return nil, err
	}
	p := &planner{Setup: Setup{dir: dir}, force: force}
	for _, k := range of {
		if err := k.plan(p); err != nil {
			return nil, err
		}
	}
	return &p.Setup, nil
}

// A planner makes a Setup.
type planner struct {
	Setup
	force bool
}

func (p *planner) hint(format string, args ...any) {
	p.Hints = append(p.Hints, fmt.Sprintf(format, args...))
}

// conflict notes what is in the way. It reports whether it may be overwritten.
func (p *planner) conflict(format string, args ...any) bool {
	if !p.force {
		p.Conflicts = append(p.Conflicts, fmt.Sprintf(format, args...))
	}
	return p.force
}

// maxFile is the size in bytes of the largest file that is edited.
const maxFile = 1 << 20

// read returns a file's contents, nil if there is none.
func (p *planner) read(name string) ([]byte, error) {
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return nil, fmt.Errorf("%s: is no file of less than 1 MiB", name)
	}
	data, err := os.ReadFile(path)
	if data == nil && err == nil {
		data = []byte{}
	}
	return data, err
}

// edit notes a file's new contents.
func (p *planner) edit(name string, old, new []byte) {
	if old == nil || string(old) != string(new) {
		p.Edits = append(p.Edits, Edit{name, old, new})
	}
}

// own notes a file that is all ours. Another one of that name is a conflict.
func (p *planner) own(name string, contents []byte) error {
	old, err := p.read(name)
	if err != nil {
		return err
	}
	if old == nil || string(old) == string(contents) || p.conflict("%s is there and is another one", name) {
		p.edit(name, old, contents)
	}
	return nil
}

// Apply writes the files. Either each of them is there as a whole, or, but for a fault of
// the file system between two of them, none is changed.
func (s *Setup) Apply() (err error) {
	var made [][2]string // temporary and final names
	defer func() {
		for _, m := range made {
			os.Remove(m[0]) // fails when it has been renamed
		}
	}()
	for _, e := range s.Edits {
		path := filepath.Join(s.dir, filepath.FromSlash(e.Name))
		if real, err := filepath.EvalSymlinks(path); err == nil { // a link keeps pointing to its file
			path = real
		}
		mode := fs.FileMode(0o666)
		if info, err := os.Stat(path); err == nil {
			mode = info.Mode().Perm()
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		temp := filepath.Join(filepath.Dir(path), fmt.Sprintf(".lunatic-%08x.tmp", rand.Uint32()))
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return err
		}
		made = append(made, [2]string{temp, path})
		_, err = f.Write(e.New)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	for _, m := range made {
		if err := os.Rename(m[0], m[1]); err != nil {
			return err
		}
	}
	return nil
}

// A Requirement is something that a project needs on the machine.
type Requirement struct {
	Name  string
	Found string // "" if it is missing
	// Remedy says how to get it.
	Remedy string
}

// Check returns what the project in a folder needs on the machine.
func Check(dir string) ([]Requirement, error) {
	of, err := kindsOf(dir)
	if err != nil {
		return nil, err
	}
	var all []Requirement
	for _, k := range of {
		for _, r := range k.check(dir) {
			if !slices.ContainsFunc(all, func(has Requirement) bool { return has.Name == r.Name }) {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

package host

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/lunatic-go/lunatic/runner"
)

// inMemory is SQLite's name for a database that is not in a file.
const inMemory = ":memory:"

// sqliteDenied is the error for a path that may not be opened. The ABI gives its text.
type sqliteDenied string

func (path sqliteDenied) Error() string { return "Failed to access '" + string(path) + "'" }

// sqliteName returns the name that SQLite gets for the path of a guest, or an error if
// that is not below one of the directories.
//
// The path is the host's: relative to the working directory, at or below the host's side of a
// directory. A path that is not is taken for one of the guest's side, as WASI has it. The
// names of databases that are in no file stand for files in the working directory. Symbolic
// links are followed first: they must not lead out of the directory.
func sqliteName(dirs []runner.Dir, path string) (string, error) {
	denied := sqliteDenied(path)
	if strings.ContainsRune(path, 0) {
		return "", denied
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", denied
	}
	if path == "" || path == inMemory {
		if _, ok := containing(dirs, abs); !ok {
			return "", denied
		}
		return inMemory, nil // temporary databases too: their size has a limit then
	}
	dir, ok := containing(dirs, abs)
	if !ok {
		if dir, abs, ok = fromGuest(dirs, path); !ok {
			return "", denied
		}
	}
	file, err := resolve(dir.Host, abs)
	if err != nil {
		return "", denied
	}
	return sqliteURI(file, dir.ReadOnly)
}

// below reports whether path is dir or below it; both are absolute and clean.
func below(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// containing returns the innermost directory that a path of the host is in.
func containing(dirs []runner.Dir, path string) (found runner.Dir, ok bool) {
	longest := -1
	for _, d := range dirs {
		host, err := filepath.Abs(d.Host)
		if err == nil && below(host, path) && len(host) > longest {
			found, ok, longest = d, true, len(host)
		}
	}
	return found, ok
}

// fromGuest translates a path of the guest's.
func fromGuest(dirs []runner.Dir, path string) (found runner.Dir, host string, ok bool) {
	path = filepath.Join("/", filepath.ToSlash(path))
	longest := -1
	for _, d := range dirs {
		guest := filepath.Join("/", d.Guest)
		if !below(guest, path) || len(guest) <= longest {
			continue
		}
		rel, err := filepath.Rel(guest, path)
		abs, err2 := filepath.Abs(filepath.Join(d.Host, rel))
		if err == nil && err2 == nil {
			found, host, ok, longest = d, abs, true, len(guest)
		}
	}
	return found, host, ok
}

// resolve follows the symbolic links of a path, whose last component need not exist. It
// must stay below dir.
func resolve(dir, path string) (string, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	if root, err = filepath.Abs(root); err != nil {
		return "", err
	}
	file := ""
	if _, err := os.Lstat(path); os.IsNotExist(err) {
		path, file = filepath.Split(path)
	}
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	path = filepath.Join(path, file)
	if !below(root, path) {
		return "", os.ErrPermission
	}
	return path, nil
}

// sqliteURI is the name of a file for SQLite.
func sqliteURI(file string, readOnly bool) (string, error) {
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/...
	}
	u := url.URL{Scheme: "file", Path: path}
	switch {
	case !readOnly:
		u.RawQuery = "mode=rwc"
	case !usesLog(file):
		u.RawQuery = "mode=ro"
	default:
		// SQLite would make files beside it even to read it.
		if st, err := os.Stat(file + "-wal"); err == nil && st.Size() > 0 {
			return "", fmt.Errorf("%s has a write-ahead log, its directory is read-only", filepath.Base(file))
		}
		u.RawQuery = "mode=ro&immutable=1"
	}
	return u.String(), nil
}

// usesLog reports whether a database is in WAL mode.
// https://sqlite.org/fileformat.html#the_database_header
func usesLog(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	var version [2]byte // to write, to read
	_, err = f.ReadAt(version[:], 18)
	return err == nil && version[1] == 2
}

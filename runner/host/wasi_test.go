package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/tetratelabs/wazero"
)

// wasiPatterns are the functions of WASI preview 1, each with parameters that are right but for
// the descriptors, as "f", and the pointers, as "p", that calls fill in; -1 is the errno of
// a bad descriptor.
var wasiPatterns = map[string]string{
	"args_get": "pp", "args_sizes_get": "pp", "environ_get": "pp", "environ_sizes_get": "pp",
	"clock_res_get": "0p", "clock_time_get": "00p",
	"fd_advise": "f000", "fd_allocate": "f01", "fd_close": "f", "fd_datasync": "f", "fd_fdstat_get": "fp",
	"fd_fdstat_set_flags": "f0", "fd_fdstat_set_rights": "f00", "fd_filestat_get": "fp",
	"fd_filestat_set_size": "f0", "fd_filestat_set_times": "f000", "fd_pread": "fp10p", "fd_prestat_get": "fp",
	"fd_prestat_dir_name": "fp1", "fd_pwrite": "fp10p", "fd_read": "fp1p", "fd_readdir": "fpz0p",
	"fd_renumber": "f9", "fd_seek": "f00p", "fd_sync": "f", "fd_tell": "fp", "fd_write": "fp1p",
	"path_create_directory": "fp1", "path_filestat_get": "f0p1p", "path_filestat_set_times": "f0p1000",
	"path_link": "f0p1fp1", "path_open": "f0p10000p", "path_readlink": "fp1p9p", "path_remove_directory": "fp1",
	"path_rename": "fp1fp1", "path_symlink": "p1fp1", "path_unlink_file": "fp1",
	"poll_oneoff": "pp1p", "proc_exit": "", "proc_raise": "", "sched_yield": "", "random_get": "p1",
	"sock_accept": "f0p", "sock_recv": "fp10pp", "sock_send": "fp10p", "sock_shutdown": "f3",
}

// wasiCalls are the functions as guests get them.
var wasiCalls = sync.OnceValue(func() map[string]func(*runner.Process, []uint64) {
	calls := make(map[string]func(*runner.Process, []uint64))
	b := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter()).NewHostModuleBuilder("wasi")
	funcs := append(wasiBase(b), wasi.Funcs...)
	for name := range wasiPatterns {
		if f := builtin(b, name); f != nil {
			calls[name] = func(p *runner.Process, stack []uint64) { f.Call(context.Background(), p.Instance(), stack) }
		}
	}
	for _, f := range funcs {
		if _, there := calls[f.Name]; !there {
			panic("no function of preview 1: " + f.Name)
		}
		calls[f.Name] = f.Call
	}
	return calls
})

// wcall calls a function of WASI.
func wcall(p *runner.Process, name string, args ...uint64) uint64 {
	return call(wasiCalls()[name], p, args...)
}

// inWASI is in with a configuration.
func inWASI(t *testing.T, cfg runner.Config, pc runner.ProcessConfig, f func(p *runner.Process)) runner.Exit {
	t.Helper()
	ctx := context.Background()
	env, mod := wasiWorld(t, cfg, f)
	p, err := env.Spawn(mod, pc, "_start")
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if err := env.Close(ctx); err != nil {
		t.Error(err)
	}
	return p.Exit()
}

func wasiWorld(t *testing.T, cfg runner.Config, f func(p *runner.Process)) (*runner.Environment, *runner.Module) {
	t.Helper()
	ctx := context.Background()
	step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) { f(p) }}}}
	cfg.Namespaces = append(All(), step)
	rt, err := runner.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	mod, err := rt.Load(ctx, guest)
	if err != nil {
		t.Fatal(err)
	}
	return rt.NewEnvironment(), mod
}

// params makes parameters of a pattern: see wasiPatterns.
func params(pattern string, fd, ptr uint64) (args []uint64) {
	for _, c := range pattern {
		switch c {
		case 'f':
			args = append(args, fd)
		case 'p':
			args = append(args, ptr)
		case 'z':
			args = append(args, 64)
		default:
			args = append(args, uint64(c-'0'))
		}
	}
	return args
}

// All 46 functions are there, and answer a bad descriptor and a bad pointer.
func TestWASIFunctions(t *testing.T) {
	want(t, "functions", len(wasiPatterns), 46)
	want(t, "of them there", len(wasiCalls()), 46)
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a"), []byte("a"), 0o600)
	ends(t, inWASI(t, runner.Config{}, runner.ProcessConfig{Args: []string{"x"}, Env: [][2]string{{"A", "b"}}, Dirs: []runner.Dir{{Host: dir, Guest: "/"}}}, func(p *runner.Process) {
		for name, pattern := range wasiPatterns {
			if strings.Contains(pattern, "f") {
				for _, fd := range []uint64{77, 1 << 31, 1<<32 - 1} {
					copy(p.Bytes("", 100, 9), "a\x00\x00\x00\x00\x00\x00\x00")
					want(t, name+" of a bad descriptor", wcall(p, name, params(pattern, fd, 100)...), errnoBadf)
				}
			}
			if !strings.Contains(pattern, "p") || strings.HasPrefix(name, "sock") {
				continue
			}
			for _, ptr := range []uint64{65536, 1<<32 - 1} {
				if errno := wcall(p, name, params(pattern, 3, ptr)...); errno != errnoFault && errno != errnoInval && errno != errnoBadf {
					t.Errorf("%s with the pointer 0x%x: errno %d", name, ptr, errno)
				}
			}
		}
	}))
}

// place writes a string at 100 and returns pointer and length.
func place(p *runner.Process, at uint64, s string) (ptr, n uint64) {
	copy(p.Bytes("", at, uint64(len(s))), s)
	return at, uint64(len(s))
}

// openAt opens a file in the directory 3. oflags and rights as in preview 1.
func openAt(p *runner.Process, name string, oflags, rights, fdflags uint64) (fd, errno uint64) {
	ptr, n := place(p, 100, name)
	errno = wcall(p, "path_open", 3, 1, ptr, n, oflags, rights, 0, fdflags, 96)
	return word(p, 96), errno
}

const (
	creat, directory, excl, trunc = 1, 2, 4, 8
	readRight, writeRight         = 2, 64
)

func word(p *runner.Process, ptr uint64) uint64 {
	return uint64(binary.LittleEndian.Uint32(p.Bytes("", ptr, 4)))
}

// iovecs lists buffers at 200: pointer and length in turn.
func iovecs(p *runner.Process, parts ...uint32) (ptr, n uint64) {
	for i, x := range parts {
		binary.LittleEndian.PutUint32(p.Bytes("", 200+uint64(4*i), 4), x)
	}
	return 200, uint64(len(parts) / 2)
}

// readFd reads up to n bytes to 1000.
func readFd(p *runner.Process, fd uint64, n uint32) (string, uint64) {
	list, count := iovecs(p, 1000, n)
	errno := wcall(p, "fd_read", fd, list, count, 96)
	if errno != 0 {
		return "", errno
	}
	return string(p.Bytes("", 1000, word(p, 96))), 0
}

// writeFd writes two buffers, at 1000.
func writeFd(p *runner.Process, fd uint64, s string) (n, errno uint64) {
	place(p, 1000, s)
	half := uint32(len(s) / 2)
	list, count := iovecs(p, 1000, half, 1000+half, uint32(len(s))-half)
	errno = wcall(p, "fd_write", fd, list, count, 96)
	return word(p, 96), errno
}

func TestWASIFiles(t *testing.T) {
	dir := t.TempDir()
	ends(t, inWASI(t, runner.Config{}, runner.ProcessConfig{Dirs: []runner.Dir{{Host: dir, Guest: "/d"}}}, func(p *runner.Process) {
		ok := func(what string, errno uint64) { t.Helper(); want(t, what, errno, errnoSuccess) }
		path := func(name string) []uint64 { a, n := place(p, 100, name); return []uint64{3, a, n} }
		ok("fd_prestat_get", wcall(p, "fd_prestat_get", 3, 96))
		want(t, "name's length", word(p, 100), 2)
		ok("fd_prestat_dir_name", wcall(p, "fd_prestat_dir_name", 3, 300, 2))
		want(t, "name", string(p.Bytes("", 300, 2)), "/d")

		fd, errno := openAt(p, "file", creat|excl, readRight|writeRight, 0)
		ok("path_open", errno)
		n, errno := writeFd(p, fd, "hello, world")
		ok("fd_write", errno)
		want(t, "written", n, 12)
		ok("fd_seek", wcall(p, "fd_seek", fd, 1, 0, 96))
		s, errno := readFd(p, fd, 4)
		ok("fd_read", errno)
		want(t, "read", s, "ello")
		ok("fd_tell", wcall(p, "fd_tell", fd, 96))
		want(t, "offset", word(p, 96), 5)
		list, count := iovecs(p, 1000, 3, 1003, 100)
		ok("fd_pread", wcall(p, "fd_pread", fd, list, count, 7, 96))
		want(t, "read at 7", string(p.Bytes("", 1000, word(p, 96))), "world")
		want(t, "fd_pread at -1", wcall(p, "fd_pread", fd, list, count, 1<<64-1, 96), errnoInval)
		place(p, 1000, "WO")
		list, count = iovecs(p, 1000, 2)
		ok("fd_pwrite", wcall(p, "fd_pwrite", fd, list, count, 7, 96))
		ok("fd_fdstat_set_flags to append", wcall(p, "fd_fdstat_set_flags", fd, 1))
		ok("fd_fdstat_get", wcall(p, "fd_fdstat_get", fd, 300))
		want(t, "type and flags", [3]byte(p.Bytes("", 300, 3)), [3]byte{4, 0, 1})
		_, errno = writeFd(p, fd, "!!")
		ok("fd_write appending", errno)
		for _, name := range []string{"fd_sync", "fd_datasync"} {
			ok(name, wcall(p, name, fd))
		}
		ok("fd_advise", wcall(p, "fd_advise", fd, 0, 0, 2))
		ok("fd_allocate", wcall(p, "fd_allocate", fd, 10, 10))
		want(t, "fd_allocate of too much", wcall(p, "fd_allocate", fd, 1<<63, 1<<63), errnoInval)
		ok("fd_filestat_get", wcall(p, "fd_filestat_get", fd, 300))
		want(t, "size", binary.LittleEndian.Uint64(p.Bytes("", 332, 8)), 20)
		ok("fd_filestat_set_size", wcall(p, "fd_filestat_set_size", fd, 14))
		ok("fd_filestat_set_times", wcall(p, "fd_filestat_set_times", fd, 1e9, 2e9, 1|4))
		want(t, "fd_fdstat_set_rights", wcall(p, "fd_fdstat_set_rights", fd, 0, 0), errnoNotsup)
		ok("fd_renumber", wcall(p, "fd_renumber", fd, 20))
		want(t, "fd_renumber beyond the table", wcall(p, "fd_renumber", 20, 1<<31-1), errnoBadf)
		want(t, "fd_renumber of a preopen", wcall(p, "fd_renumber", 3, 20), errnoNotsup)
		ok("fd_close", wcall(p, "fd_close", 20))
		want(t, "fd_close again", wcall(p, "fd_close", 20), errnoBadf)
		b, _ := os.ReadFile(filepath.Join(dir, "file"))
		want(t, "contents", string(b), "hello, WOrld!!")
		fi, _ := os.Stat(filepath.Join(dir, "file"))
		want(t, "time", fi.ModTime().Unix(), 2)

		ok("path_filestat_get", wcall(p, "path_filestat_get", slices.Concat([]uint64{3, 1}, path("file")[1:], []uint64{300})...))
		want(t, "size", binary.LittleEndian.Uint64(p.Bytes("", 332, 8)), 14)
		ok("path_filestat_set_times", wcall(p, "path_filestat_set_times", slices.Concat([]uint64{3, 1}, path("file")[1:], []uint64{3e9, 4e9, 1 | 4})...))
		ok("path_create_directory", wcall(p, "path_create_directory", path("sub")...))
		want(t, "path_create_directory again", wcall(p, "path_create_directory", path("sub")...), 20)
		a, n1 := place(p, 100, "file")
		c, n2 := place(p, 150, "sub/link")
		ok("path_link", wcall(p, "path_link", 3, 0, a, n1, 3, c, n2))
		c, n2 = place(p, 150, "sub/other")
		ok("path_rename", wcall(p, "path_rename", 3, a, n1, 3, c, n2))
		a, n1 = place(p, 100, "other")
		c, n2 = place(p, 150, "sub/soft")
		ok("path_symlink", wcall(p, "path_symlink", a, n1, 3, c, n2))
		ok("path_readlink", wcall(p, "path_readlink", 3, c, n2, 300, 50, 96))
		want(t, "link", string(p.Bytes("", 300, word(p, 96))), "other")
		want(t, "path_readlink to a short buffer", wcall(p, "path_readlink", 3, c, n2, 300, 2, 96), 68)
		fd, errno = openAt(p, "sub/soft", 0, readRight, 0)
		ok("path_open of a link", errno)
		s, _ = readFd(p, fd, 5)
		want(t, "through it", s, "hello")
		_, errno = writeFd(p, fd, "x")
		want(t, "fd_write of a file to read", errno, errnoBadf)

		sub, errno := openAt(p, "sub/", directory, 0, 0)
		ok("path_open of a directory", errno)
		var names []string
		ok("fd_readdir", wcall(p, "fd_readdir", sub, 1000, 500, 0, 96))
		for b := p.Bytes("", 1000, word(p, 96)); len(b) > 24; {
			n := binary.LittleEndian.Uint32(b[16:])
			names = append(names, string(b[24:24+n]))
			b = b[24+n:]
		}
		slices.Sort(names)
		want(t, "names", strings.Join(names, " "), ". .. link other soft")
		want(t, "path_remove_directory that is not empty", wcall(p, "path_remove_directory", path("sub")...), 55)
		want(t, "path_unlink_file of a directory", wcall(p, "path_unlink_file", path("sub")...), 31)
		want(t, "path_remove_directory of a file", wcall(p, "path_remove_directory", path("sub/link")...), 54)
		for _, name := range []string{"sub/link", "sub/other", "sub/soft"} {
			ok("path_unlink_file", wcall(p, "path_unlink_file", path(name)...))
		}
		ok("path_remove_directory", wcall(p, "path_remove_directory", path("sub")...))
		want(t, "path_unlink_file of nothing", wcall(p, "path_unlink_file", path("sub")...), 44)
	}))
}

// A process does not get out of its directories, nor does it change one that is read-only.
func TestWASIDirectoriesHold(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600)
	os.Symlink(outside, filepath.Join(dir, "out"))
	rel, _ := filepath.Rel(dir, outside)
	ends(t, inWASI(t, runner.Config{}, runner.ProcessConfig{Dirs: []runner.Dir{{Host: dir, Guest: "/"}, {Host: outside, Guest: "/ro", ReadOnly: true}}}, func(p *runner.Process) {
		a, n := place(p, 100, rel)
		c, m := place(p, 200, "mine")
		want(t, "path_symlink", wcall(p, "path_symlink", a, n, 3, c, m), errnoSuccess)
		a, n = place(p, 100, "/etc")
		want(t, "path_symlink to an absolute path", wcall(p, "path_symlink", a, n, 3, c, m), 63)
		for _, name := range []string{"out/secret", "mine/secret", "../" + filepath.Base(outside) + "/secret", "mine"} {
			if fd, errno := openAt(p, name, 0, readRight, 0); errno == 0 {
				t.Errorf("%s is open as %d", name, fd)
			}
			a, n := place(p, 100, name)
			if errno := wcall(p, "path_filestat_get", 3, 1, a, n, 300); errno == 0 {
				t.Errorf("%s: stat", name)
			}
		}
		a, n = place(p, 100, "out/new")
		want(t, "path_create_directory outside", wcall(p, "path_create_directory", 3, a, n), 63)

		a, n = place(p, 100, "secret")
		want(t, "opening to read", wcall(p, "path_open", 4, 1, a, n, 0, readRight, 0, 0, 96), errnoSuccess)
		want(t, "opening to write", wcall(p, "path_open", 4, 1, a, n, 0, writeRight, 0, 0, 96), 69)
		want(t, "truncating", wcall(p, "path_open", 4, 1, a, n, trunc, readRight, 0, 0, 96), 69)
		want(t, "removing", wcall(p, "path_unlink_file", 4, a, n), 69)
		want(t, "setting times", wcall(p, "path_filestat_set_times", 4, 1, a, n, 0, 0, 5), 69)
	}))
}

// A process has at most maxFiles open, and they are closed at its end.
func TestWASITooManyFiles(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a"), nil, 0o600)
	ends(t, inWASI(t, runner.Config{}, runner.ProcessConfig{Dirs: []runner.Dir{{Host: dir, Guest: "/"}}}, func(p *runner.Process) {
		for range maxFiles - 4 {
			if _, errno := openAt(p, "a", 0, readRight, 0); errno != 0 {
				t.Error(errno)
				return
			}
		}
		_, errno := openAt(p, "a", 0, readRight, 0)
		want(t, "one more", errno, errnoMfile)
		want(t, "closing one", wcall(p, "fd_close", 10), errnoSuccess)
		_, errno = openAt(p, "a", 0, readRight, 0)
		want(t, "again", errno, errnoSuccess)
	}))
}

// Configurations are each process's own.
func TestWASIConfigurations(t *testing.T) {
	strs := func(p *runner.Process, get string) []string {
		wcall(p, get+"_sizes_get", 96, 100)
		n, size := word(p, 96), word(p, 100)
		wcall(p, get+"_get", 200, 1000)
		all := strings.Split(string(p.Bytes("", 1000, size)), "\x00")
		return all[:n]
	}
	var got [4]string
	ctx := context.Background()
	env, mod := wasiWorld(t, runner.Config{}, func(p *runner.Process) {
		got[p.ID()] = strings.Join(append(strs(p, "args"), strs(p, "environ")...), " ")
		if p.ID() == 1 {
			p.Spawn(nil, nil, "_start", nil, 0)
		}
	})
	for i, cfg := range []runner.ProcessConfig{{Args: []string{"a", "b"}, Env: [][2]string{{"X", "1"}}, May: runner.MayAll}, {Args: []string{"c"}, Env: [][2]string{{"X", "1"}, {"Y", ""}, {"X", "2"}}}} {
		p, err := env.Spawn(mod, cfg, "_start")
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if i == 0 { // the child is 2
			for env.Exists(2) {
				time.Sleep(time.Millisecond)
			}
		}
	}
	if err := env.Close(ctx); err != nil {
		t.Error(err)
	}
	want(t, "of each", got, [4]string{1: "a b X=1", 2: "a b X=1", 3: "c X=2 Y="})
}

// Clocks and random bytes are the configuration's.
func TestWASIClocks(t *testing.T) {
	cfg := runner.Config{
		Now:       func() time.Time { return time.Unix(5, 6) },
		Monotonic: func() time.Duration { return 7 },
		Rand:      io.MultiReader(strings.NewReader("0123456789")),
	}
	ends(t, inWASI(t, cfg, runner.ProcessConfig{}, func(p *runner.Process) {
		for id, nanos := range []uint64{5e9 + 6, 7} {
			want(t, "clock_time_get", wcall(p, "clock_time_get", uint64(id), 0, 200), errnoSuccess)
			want(t, "time", binary.LittleEndian.Uint64(p.Bytes("", 200, 8)), nanos)
			want(t, "clock_res_get", wcall(p, "clock_res_get", uint64(id), 200), errnoSuccess)
		}
		want(t, "random_get", wcall(p, "random_get", 200, 4), errnoSuccess)
		want(t, "random", string(p.Bytes("", 200, 4)), "0123")
		want(t, "an absolute time that is over", func() uint64 { e, _ := poll(p, clock(1, clockMonotonic, 7, clockAbsolute)); return e }(), errnoSuccess)
	}))
}

func TestProcRaise(t *testing.T) {
	e := inWASI(t, runner.Config{}, runner.ProcessConfig{}, func(p *runner.Process) {
		want(t, "SIGCHLD", wcall(p, "proc_raise", 16), errnoSuccess)
		want(t, "SIGSTOP", wcall(p, "proc_raise", 18), errnoNotsup)
		want(t, "no signal", wcall(p, "proc_raise", 31), errnoInval)
		wcall(p, "proc_raise", 6)
		t.Error("survived")
	})
	want(t, "exit code", e.Code, 128+6)
}

// Absolute times of both clocks, and descriptors that are not there.
func TestPollFiles(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a"), nil, 0o600)
	ends(t, inWASI(t, runner.Config{}, runner.ProcessConfig{Dirs: []runner.Dir{{Host: dir, Guest: "/"}}}, func(p *runner.Process) {
		fd, _ := openAt(p, "a", 0, readRight, 0)
		errno, events := poll(p, about(1, 99, eventFdRead), about(2, 99, eventFdWrite), about(3, fd, eventFdRead), about(4, 1, eventFdWrite), about(5, 1<<32-1, eventFdRead))
		want(t, "errno", errno, errnoSuccess)
		want(t, "events", len(events), 5*eventSize)
		for i, code := range []byte{errnoBadf, errnoBadf, 0, 0, errnoBadf} {
			want(t, "user and errno", [2]byte{events[32*i], events[32*i+8]}, [2]byte{byte(i + 1), code})
		}
		for _, id := range []uint32{clockMonotonic, clockRealtime} {
			start := time.Now()
			wcall(p, "clock_time_get", uint64(id), 0, 500)
			at := binary.LittleEndian.Uint64(p.Bytes("", 500, 8)) + 10e6
			errno, events := poll(p, clock(9, id, at, clockAbsolute))
			want(t, "errno", errno, errnoSuccess)
			want(t, "who", events[0], 9)
			if d := time.Since(start); d < 9*time.Millisecond || d > time.Minute {
				t.Errorf("clock %d: after %v", id, d)
			}
		}
		// Events over the subscriptions.
		s := clock(1, clockMonotonic, 0, 0)
		for i := range uint64(3) {
			copy(p.Bytes("", 48*i, 48), s[:])
		}
		want(t, "in place", wcall(p, "poll_oneoff", 0, 0, 3, 1000), errnoSuccess)
		want(t, "events", word(p, 1000), 3)
	}))
}

// about is a subscription about a file.
func about(user byte, fd uint64, kind byte) (s [48]byte) {
	s[0], s[8] = user, kind
	binary.LittleEndian.PutUint32(s[16:], uint32(fd))
	return s
}

// What a process writes at once is not mixed with what others write.
func TestOutputDoesNotTear(t *testing.T) {
	out := &lines{}
	const writers, times = 8, 50
	env, mod := wasiWorld(t, runner.Config{Workers: 4, Stdout: out}, func(p *runner.Process) {
		line := strings.Repeat(string(rune('a'+p.ID())), 99) + "\n"
		for range times {
			if n, errno := writeFd(p, 1, line); n != 100 || errno != 0 {
				t.Error(n, errno)
			}
		}
		want(t, "changing the mode of the output", wcall(p, "fd_fdstat_set_flags", 1, fdflagNonblock), errnoNotsup)
	})
	var all []*runner.Process
	for range writers {
		p, err := env.Spawn(mod, runner.ProcessConfig{}, "_start")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	for _, p := range all {
		<-p.Done()
	}
	want(t, "lines", out.n.Load(), writers*times)
	want(t, "torn", out.torn.Load(), 0)
}

// lines counts writes, and those that are no line of one letter.
type lines struct{ n, torn atomic.Int32 }

func (l *lines) Write(b []byte) (int, error) {
	l.n.Add(1)
	if len(b) != 100 || bytes.Count(b, b[:1]) != 99 || b[99] != '\n' {
		l.torn.Add(1)
	}
	return len(b), nil
}

// The standard streams are the process's, until it closes one and opens a file in its place.
func TestStandardStreams(t *testing.T) {
	dir := t.TempDir()
	var out, log bytes.Buffer
	cfg := runner.ProcessConfig{
		Stdin: runner.NewStdinAfter([]byte("first,"), strings.NewReader("second")), Stdout: &out, Stderr: &log,
		Dirs: []runner.Dir{{Host: dir, Guest: "/"}},
	}
	ends(t, inWASI(t, runner.Config{}, cfg, func(p *runner.Process) {
		say := func(fd uint64, s string, errno uint64) {
			t.Helper()
			n, e := writeFd(p, fd, s)
			want(t, fmt.Sprintf("%q to %d", s, fd), e, errno)
			if errno == errnoSuccess {
				want(t, "written", n, uint64(len(s)))
			}
		}
		for _, part := range []string{"first,", "second", ""} {
			s, errno := readFd(p, 0, 100)
			want(t, "errno", errno, errnoSuccess)
			want(t, "standard input", s, part)
		}
		say(1, "a", errnoSuccess)
		say(2, "b", errnoSuccess)
		say(0, "c", errnoBadf)
		for fd := range uint64(2) {
			_, errno := readFd(p, fd+1, 1)
			want(t, "reading an output", errno, errnoBadf)
		}
		want(t, "renumbering", wcall(p, "fd_renumber", 1, 2), errnoNotsup)
		say(1, "d", errnoSuccess)
		want(t, "closing", wcall(p, "fd_close", 1), errnoSuccess)
		say(1, "e", errnoBadf)
		say(2, "f", errnoSuccess)
		fd, errno := openAt(p, "file", creat, readRight|writeRight, 0)
		want(t, "opening", errno, errnoSuccess)
		want(t, "its descriptor", fd, 1)
		say(1, "g", errnoSuccess)
	}))
	file, err := os.ReadFile(filepath.Join(dir, "file"))
	if err != nil {
		t.Error(err)
	}
	want(t, "output", out.String(), "ad")
	want(t, "log", log.String(), "bf")
	want(t, "file", string(file), "g")
}

// A process that is killed while it waits for standard input takes nothing with it.
func TestStdinOutlivesReader(t *testing.T) {
	r, w := io.Pipe()
	var got atomic.Value
	env, mod := wasiWorld(t, runner.Config{Stdin: r}, func(p *runner.Process) {
		s, errno := readFd(p, 0, 5)
		if p.ID() == 1 || errno != 0 {
			t.Errorf("process %d: %q, errno %d", p.ID(), s, errno)
		}
		rest, _ := readFd(p, 0, 100)
		got.Store(s + "," + rest)
	})
	first, err := env.Spawn(mod, runner.ProcessConfig{}, "_start")
	if err != nil {
		t.Fatal(err)
	}
	env.Kill(first.ID())
	<-first.Done()
	want(t, "the first", first.Exit().Reason, runner.ExitKilled)
	second, err := env.Spawn(mod, runner.ProcessConfig{}, "_start")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "hello, world")
	<-second.Done()
	want(t, "what the second got", got.Load(), any("hello,, world"))
	w.Close()
}

// Output that nobody takes holds no worker.
func TestOutputBlocks(t *testing.T) {
	r, w := io.Pipe()
	var begun sync.WaitGroup
	begun.Add(3)
	env, mod := wasiWorld(t, runner.Config{Workers: 1, Stdout: w}, func(p *runner.Process) {
		if p.ID() > 3 {
			return
		}
		begun.Done()
		if n, errno := writeFd(p, 1, "hello"); n != 5 || errno != 0 {
			t.Error(n, errno)
		}
	})
	var all []*runner.Process
	for range 6 {
		p, err := env.Spawn(mod, runner.ProcessConfig{}, "_start")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	begun.Wait()
	for _, p := range all[3:] {
		<-p.Done()
		ends(t, p.Exit())
	}
	got := make([]byte, 15)
	io.ReadFull(r, got)
	want(t, "output", string(got), "hellohellohello")
	for _, p := range all[:3] {
		<-p.Done()
		ends(t, p.Exit())
	}
}

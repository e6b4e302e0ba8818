//go:build unix

package host

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// fifos makes a directory with FIFOs called 1 to n.
func fifos(t *testing.T, n int) (dir string, cfg runner.ProcessConfig) {
	t.Helper()
	dir = t.TempDir()
	for i := range n {
		if err := syscall.Mkfifo(filepath.Join(dir, fmt.Sprint(i+1)), 0o600); err != nil {
			t.Skip(err)
		}
	}
	return dir, runner.ProcessConfig{Dirs: []runner.Dir{{Host: dir, Guest: "/"}}}
}

// spawnAll starts n processes.
func spawnAll(t *testing.T, env *runner.Environment, mod *runner.Module, cfg runner.ProcessConfig, n int) (all []*runner.Process) {
	t.Helper()
	for range n {
		p, err := env.Spawn(mod, cfg, "_start")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// FIFOs that nobody writes to yet hold no worker, nor do their ends.
func TestFIFORead(t *testing.T) {
	const n = 5
	dir, cfg := fifos(t, n)
	var waits sync.WaitGroup
	waits.Add(n)
	env, mod := wasiWorld(t, runner.Config{Workers: 2}, func(p *runner.Process) {
		if p.ID() > n {
			return
		}
		fd, errno := openAt(p, fmt.Sprint(p.ID()), 0, readRight, 0)
		want(t, "path_open", errno, errnoSuccess)
		waits.Done()
		s, errno := readFd(p, fd, 100)
		want(t, "fd_read", errno, errnoSuccess)
		want(t, "read", s, fmt.Sprint("hello ", p.ID()))
		s, errno = readFd(p, fd, 100)
		want(t, "at the end", errno, errnoSuccess)
		want(t, "read", s, "")
	})
	readers := spawnAll(t, env, mod, cfg, n)
	waits.Wait()
	for _, p := range spawnAll(t, env, mod, cfg, n) {
		<-p.Done()
		ends(t, p.Exit())
	}
	for i, p := range readers {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprint(i+1)), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, "hello ", p.ID())
		f.Close()
		<-p.Done()
		ends(t, p.Exit())
	}
}

// What one process writes, another one reads, whichever opens the FIFO first; a writer
// waits when the FIFO is full, and is told when nobody reads any more.
func TestFIFOBetweenProcesses(t *testing.T) {
	const size = 1 << 20
	_, cfg := fifos(t, 1)
	for _, writer := range []uint64{1, 2} {
		env, mod := wasiWorld(t, runner.Config{Workers: 1}, func(p *runner.Process) {
			if p.ID() == writer {
				fd, errno := openAt(p, "1", 0, writeRight, 0)
				want(t, "path_open to write", errno, errnoSuccess)
				list, count := iovecs(p, 2000, 30000, 32000, 20000)
				sum := uint64(0)
				for sum < size {
					if errno := wcall(p, "fd_write", fd, list, count, 96); errno != 0 {
						t.Error("fd_write", errno)
						return
					}
					sum += word(p, 96)
				}
				for errno == errnoSuccess { // until the reader is gone
					errno = wcall(p, "fd_write", fd, list, count, 96)
				}
				want(t, "fd_write to nobody", errno, 64)
				return
			}
			fd, errno := openAt(p, "1", 0, readRight, 0)
			want(t, "path_open to read", errno, errnoSuccess)
			for sum := 0; sum < size; {
				s, errno := readFd(p, fd, 50000)
				if errno != 0 || s == "" {
					t.Errorf("fd_read: errno %d, %d bytes", errno, len(s))
					return
				}
				sum += len(s)
			}
		})
		for _, p := range spawnAll(t, env, mod, cfg, 2) {
			<-p.Done()
			ends(t, p.Exit())
		}
	}
}

// A kill reaches a process that waits for anything of WASI.
func TestKillInWASI(t *testing.T) {
	_, cfg := fifos(t, 1)
	r, w := io.Pipe()
	defer w.Close()
	stdin := runner.Config{Workers: 1, Stdin: r}
	for name, f := range map[string]func(p *runner.Process){
		"fd_read of a FIFO":         func(p *runner.Process) { fd, _ := openAt(p, "1", 0, readRight, 0); readFd(p, fd, 1) },
		"path_open of a FIFO":       func(p *runner.Process) { openAt(p, "1", 0, writeRight, 0) },
		"fd_read of stdin":          func(p *runner.Process) { readFd(p, 0, 1) },
		"poll_oneoff of a clock":    func(p *runner.Process) { poll(p, clock(1, clockMonotonic, 1e18, 0)) },
		"poll_oneoff of stdin":      func(p *runner.Process) { poll(p, about(1, 0, eventFdRead)) },
		"poll_oneoff of everything": pollEverything,
		"fd_write of a full FIFO": func(p *runner.Process) {
			in, _ := openAt(p, "1", 0, readRight, 0)
			fd, _ := openAt(p, "1", 0, writeRight, 0)
			_ = in
			for {
				list, count := iovecs(p, 2000, 60000)
				if errno := wcall(p, "fd_write", fd, list, count, 96); errno != 0 {
					t.Error("fd_write", errno)
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			begun := make(chan struct{})
			env, mod := wasiWorld(t, stdin, func(p *runner.Process) {
				close(begun)
				f(p)
				t.Error("survived")
			})
			p := spawnAll(t, env, mod, cfg, 1)[0]
			<-begun
			time.Sleep(2 * time.Millisecond) // most are waiting by now; all have to die anyway
			env.Kill(p.ID())
			<-p.Done()
			want(t, "reason", p.Exit().Reason, runner.ExitKilled)
			if err := env.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

func pollEverything(p *runner.Process) {
	fd, _ := openAt(p, "1", 0, readRight, 0)
	poll(p, clock(1, clockMonotonic, 1e18, 0), about(1, 0, eventFdRead), about(2, fd, eventFdRead), about(3, fd, eventFdRead))
}

// poll_oneoff waits for FIFOs; with O_NONBLOCK a guest does not.
func TestPollFIFO(t *testing.T) {
	dir, cfg := fifos(t, 2)
	waits := make(chan *os.File, 1)
	ends(t, inWASI(t, runner.Config{Workers: 1}, cfg, func(p *runner.Process) {
		a, _ := openAt(p, "1", 0, readRight, fdflagNonblock)
		b, _ := openAt(p, "2", 0, readRight, 0)
		_, errno := readFd(p, a, 10)
		want(t, "fd_read without waiting", errno, errnoAgain)
		_, errno = openAt(p, "1", 0, writeRight, fdflagNonblock)
		want(t, "path_open without waiting, with a reader", errno, errnoSuccess)
		_, events := poll(p, about(1, a, eventFdRead), about(2, b, eventFdRead), clock(3, clockMonotonic, 5e6, 0))
		want(t, "only the clock", [2]byte{byte(len(events) / eventSize), events[0]}, [2]byte{1, 3})
		go func() {
			f, err := os.OpenFile(filepath.Join(dir, "2"), os.O_WRONLY, 0)
			if err != nil {
				t.Error(err)
			}
			f.WriteString("x")
			waits <- f
		}()
		_, events = poll(p, about(1, a, eventFdRead), about(2, b, eventFdRead), clock(3, clockMonotonic, 60e9, 0))
		want(t, "the second FIFO", [2]byte{byte(len(events) / eventSize), events[0]}, [2]byte{1, 2})
		_, events = poll(p, about(2, b, eventFdRead), clock(3, clockMonotonic, 60e9, 0))
		want(t, "it is still ready", events[0], 2)
		s, errno := readFd(p, b, 10)
		want(t, "errno", errno, errnoSuccess)
		want(t, "read", s, "x")
		_, events = poll(p, about(2, b, eventFdRead), clock(3, clockMonotonic, 5e6, 0))
		want(t, "and then it is not", events[0], 3)
		(<-waits).Close()
		_, events = poll(p, about(2, b, eventFdRead), clock(3, clockMonotonic, 60e9, 0))
		want(t, "the end", events[0], 2)
	}))
}

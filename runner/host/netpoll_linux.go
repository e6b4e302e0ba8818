package host

import (
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// polls is one goroutine that waits for all sockets: a set of epoll, which Go's poller watches
// as one file. A goroutine for each socket that waits would cost 10% more CPU time in an echo
// server, and its stack. It exists while there are sockets that have ever waited, and a little
// longer.
//
// A socket is in the set for one event at a time (EPOLLONESHOT): those that nobody waits for
// cost nothing, and what came before is reported, too.
var polls poller

type poller struct {
	mu    sync.Mutex
	epoll *os.File
	fd    int
	socks map[int32]*raw // by descriptor
	idle  *time.Timer    // ends it
}

// A polled is what a socket keeps for the poller. The lock is for what follows it.
type polled struct {
	mu     sync.Mutex
	added  bool
	closed bool
	wanted uint32 // of EPOLLIN and EPOLLOUT
}

// pollBatch is how many events are taken at once.
const pollBatch = 256

// pollIdle is how long the goroutine stays without sockets: connections may come one by one.
const pollIdle = 50 * time.Millisecond

// add reports whether the socket is known now.
func (s *poller) add(r *raw, fd int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoll == nil && !s.start() {
		return false
	}
	if err := unix.EpollCtl(s.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLONESHOT, Fd: int32(fd)}); err != nil {
		s.stop()
		return false
	}
	s.socks[int32(fd)] = r
	return true
}

func (s *poller) start() bool {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return false
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return false
	}
	epoll := os.NewFile(uintptr(fd), "epoll")
	rc, err := epoll.SyscallConn()
	if err != nil {
		epoll.Close()
		return false
	}
	s.epoll, s.fd, s.socks = epoll, fd, make(map[int32]*raw)
	go s.run(rc)
	return true
}

// stop ends the goroutine if there are no sockets for a while.
func (s *poller) stop() {
	switch {
	case len(s.socks) > 0:
	case s.idle == nil:
		s.idle = time.AfterFunc(pollIdle, s.end)
	default:
		s.idle.Reset(pollIdle)
	}
}

func (s *poller) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoll != nil && len(s.socks) == 0 {
		s.epoll.Close()
		s.epoll = nil
	}
}

// remove is called before the descriptor is closed.
func (s *poller) remove(fd int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.socks, int32(fd))
	s.stop()
}

// run hands events out until the set is closed.
func (s *poller) run(rc syscall.RawConn) {
	events := make([]unix.EpollEvent, pollBatch)
	socks := make([]*raw, pollBatch)
	for {
		n := 0
		err := rc.Read(func(fd uintptr) bool {
			n, _ = again(func() (int, error) { return unix.EpollWait(int(fd), events, 0) })
			return n > 0
		})
		if err != nil {
			return
		}
		s.mu.Lock()
		for i := range n { // nil if it is gone; another one with its descriptor does not mind
			socks[i] = s.socks[events[i].Fd]
		}
		s.mu.Unlock()
		for i, r := range socks[:n] {
			if r != nil {
				r.happened(events[i].Events)
			}
			socks[i] = nil
		}
	}
}

// poll makes a lane ready after the next event. It reports false if the system does not want to.
func (r *raw) poll(event uint32) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	if !r.added {
		if !polls.add(r, r.fd) {
			return false
		}
		r.added = true
	}
	r.wanted |= event
	return r.want() == nil
}

// want tells the system for which events the socket waits.
func (r *raw) want() error {
	e := unix.EpollEvent{Events: r.wanted | unix.EPOLLONESHOT, Fd: int32(r.fd)}
	return unix.EpollCtl(polls.fd, unix.EPOLL_CTL_MOD, r.fd, &e)
}

// happened is told of an event; the system waits for none after that.
func (r *raw) happened(events uint32) {
	r.mu.Lock()
	if events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		events |= unix.EPOLLIN | unix.EPOLLOUT
	}
	got := r.wanted & events
	r.wanted &^= events
	if r.wanted != 0 && !r.closed {
		if r.want() != nil {
			got, r.wanted = got|r.wanted, 0 // an attempt will tell
		}
	}
	r.mu.Unlock()
	if got&unix.EPOLLIN != 0 {
		r.in.ready()
	}
	if got&unix.EPOLLOUT != 0 {
		r.out.ready()
	}
}

// unpoll is called before the socket is closed.
func (r *raw) unpoll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.added {
		polls.remove(r.fd)
	}
}

func (r *raw) pollRead() bool  { return r.poll(unix.EPOLLIN) }
func (r *raw) pollWrite() bool { return r.poll(unix.EPOLLOUT) }

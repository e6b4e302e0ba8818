package host

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// Values of poll_oneoff.
const (
	eventClock   = 0
	eventFdRead  = 1
	eventFdWrite = 2

	clockRealtime  = 0
	clockMonotonic = 1
	clockAbsolute  = 1 // flag

	subscriptionSize = 48
	eventSize        = 32
)

// maxSubscriptions is how many subscriptions one call may have, and maxWatches how many
// streams it waits for, each on a goroutine: more are taken for ready.
const (
	maxSubscriptions = 1 << 16
	maxWatches       = maxFiles
)

// polling is the Wait of poll_oneoff.
type polling struct {
	p            *runner.Process
	out, nevents uint64
	subs         []subscription
	stdin        bool // among the subscriptions
	stops        []func()
}

// A subscription is a copy of the guest's: the events may be written over it.
type subscription struct {
	event
	at     time.Time     // for a clock; zero: centuries away
	stream runner.Stream // if it is about one
	desc   descriptor    // the same
	always bool          // it is ready
	stdin  bool
}

func pollOneoff(p *runner.Process, stack []uint64) {
	w := &polling{p: p, out: stack[1], nevents: stack[3]}
	p.CheckSignals()
	if errno := w.prepare(stack[0], stack[2]); errno != errnoSuccess {
		stack[0] = errno
		return
	}
	p.Wait(w, stack)
}

// prepare checks everything and finds out what to wait for.
func (w *polling) prepare(in, n uint64) (errno uint64) {
	p := w.p
	switch {
	case n == 0:
		return errnoInval
	case !inside(p, in, n*subscriptionSize), !inside(p, w.out, n*eventSize), !inside(p, w.nevents, 4):
		return errnoFault
	case n > maxSubscriptions:
		return errnoInval
	}
	now := time.Now()
	var first time.Time
	streams := 0
	for b := p.Bytes("in", in, n*subscriptionSize); len(b) > 0; b = b[subscriptionSize:] {
		s := subscription{event: event{user: [8]byte(b), kind: b[8]}}
		switch s.kind {
		case eventClock:
			if s.at, errno = clockDeadline(p.Runtime(), now, b[16:]); errno != errnoSuccess {
				return errno
			}
			if !s.at.IsZero() && (first.IsZero() || s.at.Before(first)) {
				first = s.at
			}
		case eventFdRead, eventFdWrite:
			s.find(p, uint64(binary.LittleEndian.Uint32(b[16:])))
			if s.stream != nil {
				streams++
			}
			if streams > maxWatches {
				s.stream, s.always = nil, true
			}
		default:
			return errnoInval
		}
		w.stdin = w.stdin || s.stdin
		w.subs = append(w.subs, s)
	}
	p.SetDeadline(first)
	return errnoSuccess
}

// find looks up the file.
func (s *subscription) find(p *runner.Process, fd uint64) {
	s.bytes = 1 // or more
	if isDescriptor(fd) {
		if s.desc = findDescriptor(p, fd); s.desc == nil {
			s.errno, s.always = errnoBadf, true
		}
		return
	}
	f, ok := lookup(p, fd)
	if !ok {
		s.errno = errnoBadf
	}
	s.stdin = f.stdin && s.kind == eventFdRead
	s.stream, _ = f.File.(runner.Stream)
	s.always = !s.stdin && s.stream == nil
}

// clockDeadline returns the end of a clock subscription, zero if that is centuries
// away.
func clockDeadline(rt *runner.Runtime, now time.Time, c []byte) (time.Time, uint64) {
	id := binary.LittleEndian.Uint32(c)
	nanos := binary.LittleEndian.Uint64(c[8:])
	flags := binary.LittleEndian.Uint16(c[24:])
	switch {
	case flags > clockAbsolute || id > clockMonotonic:
		return time.Time{}, errnoInval
	case nanos > math.MaxInt64:
		return time.Time{}, errnoSuccess
	case flags == 0:
		return now.Add(time.Duration(nanos)), errnoSuccess
	case id == clockRealtime:
		return now.Add(time.Unix(0, int64(nanos)).Sub(rt.Now())), errnoSuccess
	default:
		return now.Add(time.Duration(nanos) - rt.Monotonic()), errnoSuccess
	}
}

func (w *polling) Poll(p *runner.Process, results []uint64) bool {
	w.done()
	now, readable := time.Now(), w.stdin && p.Stdin().Ready(p)
	n := uint64(0)
	for i := range w.subs {
		if s := &w.subs[i]; s.ready(p, now, readable) {
			if s.stdin {
				s.bytes = uint64(p.Stdin().Buffered())
			}
			s.put(p.Bytes("out", w.out+n*eventSize, eventSize))
			n++
		}
	}
	if n == 0 {
		w.await()
		return false
	}
	if w.stdin {
		p.Stdin().Forget(p)
	}
	p.PutU32("nevents", w.nevents, uint32(n))
	results[0] = errnoSuccess
	return true
}

func (s *subscription) ready(p *runner.Process, now time.Time, readable bool) bool {
	switch {
	case s.kind == eventClock:
		return !s.at.IsZero() && !now.Before(s.at)
	case s.stdin:
		return readable
	case s.desc != nil:
		return s.desc.ready(p, s.kind == eventFdWrite)
	default:
		return s.always || s.stream.Ready(s.kind == eventFdWrite)
	}
}

// await has the process woken when a stream is ready. Timer and standard input are seen
// to already.
func (w *polling) await() {
	for i := range w.subs {
		s := &w.subs[i]
		if s.desc != nil {
			s.desc.arm(s.kind == eventFdWrite)
		}
		if s.stream != nil {
			w.stops = append(w.stops, s.stream.Await(w.p, s.kind == eventFdWrite))
		}
	}
}

// done ends what waits for streams.
func (w *polling) done() {
	for _, stop := range w.stops {
		stop()
	}
	w.stops = w.stops[:0]
}

// Cancel is called when the process has ended.
func (w *polling) Cancel() {
	w.done()
	if w.stdin {
		w.p.Stdin().Forget(w.p)
	}
}

// An event is one result of poll_oneoff.
type event struct {
	user  [8]byte
	errno byte
	kind  byte
	bytes uint64 // that can be transferred, of files
}

func (e *event) put(out []byte) {
	clear(out)
	copy(out, e.user[:])
	out[8], out[10] = e.errno, e.kind
	binary.LittleEndian.PutUint64(out[16:], e.bytes)
}

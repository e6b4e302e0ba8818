package lunatic

import (
	"fmt"
	"strconv"
	"sync"
	"unsafe"
)

// An ID names a process. It is never used for another one.
type ID uint64

// Self returns the process's own id.
func Self() ID { return ID(sysProcessID()) }

// Alive reports whether the process is there.
func (id ID) Alive() bool { return sysExists(uint64(id)) != 0 }

// Kill ends the process, which may be the caller: then it does not return.
func (id ID) Kill() {
	sysKill(uint64(id))
	if id == Self() {
		sysSleep(noTimeout) // the end comes here
	}
}

// Shutdown asks the process to end in good order. Servers, supervisors, and processes of this
// package that receive messages do: see [ErrShutdown], and [ShutdownContext] for others.
func (id ID) Shutdown() { sysSendData(uint64(id), int64(tagShutdown), nil, 0) }

func (id ID) String() string { return "process " + strconv.FormatUint(uint64(id), 10) }

// A Tag is a number that a message is selected by. Programs use 1 to 2^31 - 1, or [NewTag]; 0
// is none.
type Tag int64

// Tags of docs/supervision.md, and one that stays within this package.
const (
	tagShutdown Tag = -1
	tagCall     Tag = -2
	tagCast     Tag = -3
	tagRole     Tag = -4 // what a child is to do

	firstTag Tag = 1 << 32 // made by the library
)

var (
	lastTag = firstTag
	// ownTags are those of NewTag. Other data with a tag from firstTag on is an answer that
	// nobody waits for any more.
	ownTags = map[Tag]bool{}
)

// NewTag returns a tag that the process has not used before.
func NewTag() Tag {
	t := newTag()
	ownTags[t] = true
	return t
}

func newTag() Tag {
	lastTag++
	return lastTag
}

// A Reason says how a process ended.
type Reason uint8

const (
	Normal    Reason = iota // its function returned
	Failed                  // an error, a panic, another trap, a code other than 0
	Killed                  // by somebody, or with a linked process
	NoProcess               // it was not there when it was asked about
)

func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

var reasons = [...]string{"normal", "failed", "killed", "noproc"}

// An EndedError tells of the end of a process: a linked one, if the process traps exits, or
// a monitored one. Receiving functions return it as their error.
type EndedError struct {
	ID     ID  // of a monitored process; 0 for a link
	Tag    Tag // of the link or monitor
	Reason Reason
}

func (e *EndedError) Error() string {
	if e.ID == 0 {
		return "lunatic: a linked process ended: " + e.Reason.String()
	}
	return fmt.Sprintf("lunatic: %v ended: %v", e.ID, e.Reason)
}

// Link links the process with another one: if one of them fails or is killed, so is the other,
// unless it traps exits. The tag is that of the notice which a process gets then. A process
// that is not there counts as one that has just failed.
func Link(id ID, tag Tag) { sysLink(int64(tag), uint64(id)) }

// Unlink removes a link. No notice of it comes after that.
func Unlink(id ID) { sysUnlink(uint64(id)) }

// TrapExits says whether the end of a linked process becomes an [*EndedError] of the receiving
// functions (true), or ends this one (false, as at first).
func TrapExits(on bool) {
	if on {
		sysDieWhenLinkDies(0)
	} else {
		sysDieWhenLinkDies(1)
	}
}

// Monitor asks for an [*EndedError] with the returned tag when the process ends, or at once if it
// is not there.
func Monitor(id ID) Tag {
	tag := newTag()
	sysMonitor(int64(tag), uint64(id))
	return tag
}

// StopMonitoring withdraws a monitor. No notice of it is received after that.
func StopMonitoring(id ID, tag Tag) { sysStopMonitoring(int64(tag), uint64(id)) }

// A Process is a handle of a process that receives messages of the type M. It can be
// compared, and sent in messages.
type Process[M any] struct{ ID }

// Send sends a message without a tag. It is copied; sockets in it are the receiver's from now
// on. A process that is not there loses it. Send panics if the message cannot be encoded:
// channels, functions, values of unregistered types in interfaces, closed sockets.
func (p Process[M]) Send(m M) { p.SendTag(0, m) }

// SendTag is [Process.Send] with a tag.
func (p Process[M]) SendTag(tag Tag, m M) {
	e, err := encode(m)
	if err != nil {
		panic(err)
	}
	e.send(p.ID, tag)
}

// send sends what was encoded.
func (e *encoder) send(id ID, tag Tag) {
	if len(e.carried) == 0 {
		sysSendData(uint64(id), int64(tag), pointer(e.b), uint32(len(e.b)))
		return
	}
	slot.Lock()
	defer slot.Unlock()
	e.write(tag)
	sysSend(uint64(id))
}

// slot guards the process's scratch slot: goroutines take turns in writing and reading
// messages with several host calls.
var slot sync.Mutex

// write makes a message in the scratch slot.
func (e *encoder) write(tag Tag) {
	sysCreateData(int64(tag), uint64(len(e.b)))
	if len(e.b) > 0 {
		sysWriteData(pointer(e.b), uint32(len(e.b)))
	}
	for _, c := range e.carried {
		c.push()
	}
}

func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// hostError takes an error from the host.
func hostError(id uint64) error {
	b := make([]byte, errorSize(id))
	if len(b) > 0 {
		errorText(id, pointer(b))
	}
	dropError(id)
	return &HostError{string(b)}
}

// A HostError is what the host says of something that has failed.
type HostError struct{ Text string }

func (e *HostError) Error() string { return e.Text }

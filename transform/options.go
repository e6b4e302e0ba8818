package transform

import "time"

// Preempt says what happens where a process has used up its time slice.
type Preempt uint8

// The values of --preempt.
const (
	// PreemptPark charges reductions; at the end of a slice the runtime is called and
	// may block (park) the goroutine. Functions that only compute need no suspension
	// code. The default.
	PreemptPark Preempt = iota
	// PreemptUnwind lets the end of a slice suspend by unwinding as well.
	PreemptUnwind
	// PreemptOff counts nothing.
	PreemptOff
)

// Options say how a module is rewritten. The zero value is what lunatic-build does
// without flags.
type Options struct {
	Preempt Preempt
	// SuspendImports are patterns MODULE.NAME of the imported functions that may
	// suspend their caller; * stands for any run of characters. Nil means
	// DefaultSuspendImports.
	SuspendImports []string
	// NoSuspend makes no import suspend: the artifact only counts reductions.
	NoSuspend bool
	// Strip drops the name section and other custom sections for debugging.
	Strip bool
	// Opt is how hard to work for speed: -1, 0 or 1 (lunatic-build's -O0, -O1, -O2).
	Opt int
	// Workers is how many functions are rewritten at once; 0 means GOMAXPROCS. The
	// output is the same for every value.
	Workers int
	// Verify has the output parsed again, validated, and checked against the rules of
	// the contract.
	Verify bool
	// Version is recorded in the producers section.
	Version string
	// Warn, if not nil, is told what is worth knowing about a successful build: dropped
	// sections, pinned functions.
	Warn func(text string)
	// Progress, if not nil, is called now and then with the number of functions done.
	// It is called from several goroutines, one at a time.
	Progress func(done, total int)
}

// Stats describe one build.
type Stats struct {
	Functions   int           `json:"functions"`   // defined in the input
	Suspendable int           `json:"suspendable"` // may suspend: have a resume clone or only tail calls
	Pinned      int           `json:"pinned"`      // may suspend but cannot be unwound
	Clones      int           `json:"clones"`      // resume clones
	Sites       int           `json:"sites"`       // calls after which a frame may be saved
	TailSites   int           `json:"tailSites"`   // suspending calls that need no frame
	Charges     int           `json:"charges"`     // places where the budget is reduced
	MaxFrame    int           `json:"maxFrame"`    // bytes
	Sections    []SectionSize `json:"sections"`
	BytesIn     int64         `json:"bytesIn"`
	BytesOut    int64         `json:"bytesOut"`
	Time        time.Duration `json:"timeNs"`
	PeakMemory  int64         `json:"peakMemory"` // bytes, resident, of the whole command; 0 where unknown
}

// SectionSize is the size of one section before and after, headers included.
type SectionSize struct {
	Name   string `json:"name"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// String returns the value of --preempt.
func (p Preempt) String() string {
	switch p {
	case PreemptPark:
		return "park"
	case PreemptUnwind:
		return "unwind"
	case PreemptOff:
		return "off"
	}
	return "unknown"
}

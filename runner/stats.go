package runner

import (
	"math/bits"
	"sync/atomic"
)

// workerStats is what one worker has counted. It is written by whoever holds the
// worker and may be read at any time.
type workerStats struct {
	spawned            atomic.Uint64
	finished           [numReasons]atomic.Uint64 // by ExitReason
	slices, reductions atomic.Uint64
	preemptions        atomic.Uint64
	parked             [numRefusals]atomic.Uint64
	frames             [frameBuckets]atomic.Uint64
	maxFrames          atomic.Uint64
	_                  [64]byte
}

// Sizes of frames are counted exactly (to 8 bytes) up to a page, above that by powers
// of two.
const (
	exactBuckets = 512
	frameBuckets = exactBuckets + 32
)

func frameBucket(bytes int) int {
	if i := bytes / 8; i < exactBuckets {
		return i
	}
	return min(exactBuckets+bits.Len(uint(bytes))-13, frameBuckets-1)
}

// bucketSize is the least size that falls into a bucket.
func bucketSize(i int) int {
	if i < exactBuckets {
		return i * 8
	}
	return 1 << (i - exactBuckets + 12)
}

// unwound counts a suspension.
func (s *workerStats) unwound(frameBytes int) {
	s.frames[frameBucket(frameBytes)].Add(1)
	if n := uint64(frameBytes); n > s.maxFrames.Load() {
		s.maxFrames.Store(n)
	}
}

// ended adds up what a process has counted.
func (s *workerStats) ended(p *Process) {
	s.finished[p.Exit().Reason].Add(1)
	s.slices.Add(p.slices)
	s.reductions.Add(p.reductions)
	s.preemptions.Add(p.preemptions)
}

// Stats are the counts of a runtime since its start.
type Stats struct {
	Spawned     uint64 // processes spawned by processes
	Ended       uint64 // processes ended, roots included
	Failed      uint64 // of these, by a trap or an exit code
	Killed      uint64 // of these, by a signal
	Unwound     uint64 // suspensions by unwinding
	Parked      uint64 // suspensions by parking
	ParkedWhy   map[string]uint64
	FrameMedian int // bytes of saved frames at a suspension by unwinding
	FrameMax    int
	Reductions  uint64 // of processes that have ended, as are the next two
	Slices      uint64 // used up
	Preemptions uint64 // slices used up while another process waited
	// Hibernations is how often a process gave up its instance while it waited, and Wakes how
	// often one went on in another one.
	Hibernations, Wakes uint64
}

// Stats adds up what the workers have counted.
func (rt *Runtime) Stats() Stats {
	st := Stats{ParkedWhy: make(map[string]uint64), Hibernations: rt.hibernations.Load(), Wakes: rt.wakes.Load()}
	var frames [frameBuckets]uint64
	for _, w := range rt.exec.workers {
		s := &w.stats
		st.Spawned += s.spawned.Load()
		for _, reason := range []ExitReason{ExitNormal, ExitFailed, ExitKilled} {
			st.Ended += s.finished[reason].Load()
		}
		st.Failed += s.finished[ExitFailed].Load()
		st.Killed += s.finished[ExitKilled].Load()
		st.Reductions += s.reductions.Load()
		st.Slices += s.slices.Load()
		st.Preemptions += s.preemptions.Load()
		for why := range s.parked {
			if n := s.parked[why].Load(); n > 0 {
				st.Parked += n
				st.ParkedWhy[Refusal(why).String()] += n
			}
		}
		for i := range s.frames {
			n := s.frames[i].Load()
			frames[i] += n
			st.Unwound += n
		}
		st.FrameMax = max(st.FrameMax, int(s.maxFrames.Load()))
	}
	seen := uint64(0)
	for i, n := range frames {
		if seen += n; n > 0 && 2*seen >= st.Unwound {
			st.FrameMedian = bucketSize(i)
			break
		}
	}
	return st
}

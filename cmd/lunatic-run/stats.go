package main

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

func printStats(w io.Writer, st runner.Stats, took time.Duration) {
	fmt.Fprintf(w, "time         %v\n", took.Round(10*time.Microsecond))
	fmt.Fprintf(w, "processes    %d spawned, %d ended\n", st.Spawned, st.Ended)
	fmt.Fprintf(w, "suspensions  %d unwound, %d parked%s\n", st.Unwound, st.Parked, why(st.ParkedWhy))
	fmt.Fprintf(w, "frames       median %d, max %d bytes\n", st.FrameMedian, st.FrameMax)
	fmt.Fprintf(w, "hibernations %d, of which %d woken\n", st.Hibernations, st.Wakes)
	fmt.Fprintf(w, "reductions   %d\n", st.Reductions)
	fmt.Fprintf(w, "slices       %d used up, %d preemptions\n", st.Slices, st.Preemptions)
}

// why prints counts by reason, the largest first.
func why(counts map[string]uint64) string {
	if len(counts) == 0 {
		return ""
	}
	reasons := make([]string, 0, len(counts))
	for r := range counts {
		reasons = append(reasons, r)
	}
	sort.Slice(reasons, func(i, j int) bool {
		a, b := reasons[i], reasons[j]
		return counts[a] > counts[b] || counts[a] == counts[b] && a < b
	})
	for i, r := range reasons {
		reasons[i] = fmt.Sprintf("%s %d", r, counts[r])
	}
	return " (" + strings.Join(reasons, ", ") + ")"
}

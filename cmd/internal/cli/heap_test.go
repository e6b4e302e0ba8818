package cli

import (
	"math/bits"
	"testing"
)

func TestReserveHeap(t *testing.T) {
	for _, tt := range []struct {
		gogc, limit string
		want        int
	}{{"", "", 16 << 20}, {"100", "", 0}, {"", "1GiB", 0}} {
		if bits.UintSize == 32 {
			tt.want = 0
		}
		t.Setenv("GOGC", tt.gogc)
		t.Setenv("GOMEMLIMIT", tt.limit)
		reserved = nil
		ReserveHeap()
		if len(reserved) != tt.want {
			t.Errorf("GOGC=%s GOMEMLIMIT=%s: %d bytes, want %d", tt.gogc, tt.limit, len(reserved), tt.want)
		}
	}
	reserved = nil
}

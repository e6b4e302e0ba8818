//go:build unix && !linux

package host

// polled is what Linux keeps for its poller.
type polled struct{}

// Goroutines wait.
func (r *raw) pollRead() bool  { return false }
func (r *raw) pollWrite() bool { return false }
func (r *raw) unpoll()         {}

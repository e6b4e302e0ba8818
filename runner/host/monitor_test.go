package host

import (
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// How each kind of end looks to who monitors it, and to who is linked.
func TestExitReasons(t *testing.T) {
	const (
		watcher    = 1
		normal     = 2
		failed     = 3
		killed     = 4
		gone       = 99
		ready      = 7 // tag of a message
		start      = 8 // tag of another
		ofMonitors = 100
		ofLinks    = 200
	)
	child := func(end func(p *runner.Process)) func(*runner.Process) {
		return func(p *runner.Process) {
			call(createData, p, ready, 0)
			call(send, p, watcher)
			receiveTag(p, start)
			end(p)
		}
	}
	all := exits(t, runner.Config{}, func(p *runner.Process) {
		call(dieWhenLinkDies, p, 0)
		for range 3 {
			want(t, "ready", receiveTag(p, ready), 0)
		}
		for _, id := range []uint64{normal, failed, killed, gone} {
			call(link, p, ofLinks+id, id)
			call(monitorWithTag, p, ofMonitors+id, id)
			call(monitorWithTag, p, ofMonitors+id, id) // the same monitor
		}
		for _, id := range []uint64{normal, failed} {
			call(createData, p, start, 0)
			call(send, p, id)
		}
		call(kill, p, killed)
		// A monitor that is asked for once more after the end answers once more: by then
		// nobody knows how the process ended.
		for _, tt := range []struct{ id, reason uint64 }{{normal, 0}, {failed, 1}, {killed, 2}} {
			want(t, "process died", receiveTag(p, ofMonitors+tt.id), 2)
			want(t, "process", call(getProcessID, p), tt.id)
			want(t, "reason", call(getExitReason, p), tt.reason)
			if tt.reason != 0 { // it came before, and has waited
				want(t, "link died", receiveTag(p, ofLinks+tt.id), 1)
				want(t, "reason for links", call(getExitReason, p), tt.reason)
			}
			call(monitorWithTag, p, ofMonitors+tt.id, tt.id)
			want(t, "process died again", receiveTag(p, ofMonitors+tt.id), 2)
			want(t, "reason after the end", call(getExitReason, p), 3)
		}
		want(t, "no such process", receiveTag(p, ofMonitors+gone), 2)
		want(t, "reason", call(getExitReason, p), 3)
		want(t, "link to no such process", receiveTag(p, ofLinks+gone), 1)
		want(t, "reason", call(getExitReason, p), 3)
		want(t, "nothing is left", call(receive, p, 0, 0, 0), 9027)
	},
		child(func(*runner.Process) {}),
		child(func(p *runner.Process) { p.Fail("", "on purpose") }),
		child(func(p *runner.Process) { call(sleep, p, 1<<64-1) }))
	ends(t, all[0])
	for i, reason := range []runner.ExitReason{runner.ExitNormal, runner.ExitFailed, runner.ExitKilled} {
		want(t, "exit", all[i+1].Reason, reason)
	}
}

// receiveTag waits for a message with a tag.
func receiveTag(p *runner.Process, tag uint64) uint64 {
	p.PutU64("", 600, tag)
	return call(receive, p, 600, 1, 1<<64-1)
}

// After stop_monitoring nothing comes, also if the notice was on its way.
func TestStopMonitoring(t *testing.T) {
	many(t, runner.Config{}, func(p *runner.Process) {
		call(monitorWithTag, p, 5, 2)
		call(monitorWithTag, p, 6, 999) // its notice is in the queue at once, nobody has looked at it
		call(stopMonitoring, p, 2)
		call(stopMonitoring, p, 999)
		call(stopMonitoring, p, 999) // once more does no harm
		call(createData, p, 1, 0)
		call(send, p, 2)
		for call(exists, p, 2) == 1 {
			call(sleep, p, 1)
		}
		want(t, "receive", call(receive, p, 0, 0, 20), 9027)
		call(monitorWithTag, p, 7, 2)
		want(t, "monitored again", receiveTag(p, 7), 2)
	}, func(p *runner.Process) { receiveTag(p, 1) })
}

// Every tag is a monitor of its own, and only its own message is withdrawn with it.
func TestMonitorTags(t *testing.T) {
	many(t, runner.Config{}, func(p *runner.Process) {
		for _, tag := range []uint64{5, 6, 7} {
			call(monitorWithTag, p, tag, 2)
		}
		call(monitor, p, 2)
		call(stopMonitoringWithTag, p, 6, 2)
		call(stopMonitoringWithTag, p, 8, 2) // there is none
		call(createData, p, 1, 0)
		call(send, p, 2)
		for _, tag := range []uint64{5, 7, 0} { // in the order in which they were asked for
			want(t, "kind", call(receive, p, 0, 0, 1<<64-1), 2)
			want(t, "tag", call(getTag, p), tag)
		}
		call(monitorWithTag, p, 5, 2)
		want(t, "monitored again", receiveTag(p, 5), 2)
		call(stopMonitoringWithTag, p, 5, 2)
		want(t, "nothing is left", call(receive, p, 0, 0, 0), 9027)
	}, func(p *runner.Process) { receiveTag(p, 1) })
	misused(t, in(t, func(p *runner.Process) {
		for tag := range uint64(1025) {
			call(monitorWithTag, p, tag, p.ID())
		}
	}), "too many monitors of one process")
}

func TestExitReasonOfData(t *testing.T) {
	misused(t, in(t, func(p *runner.Process) {
		call(createData, p, 1, 0)
		call(getExitReason, p)
	}), "not about the end of a process")
	misused(t, in(t, func(p *runner.Process) { call(getExitReason, p) }), "no message in the scratch slot")
}

package main

import (
	"strings"
	"testing"
)

// Every way of stress, for a short time: `make soak` takes longer.
func TestSoak(t *testing.T) {
	out, _ := runCommand(t, 0, "soak", "-t", "3s", "-seed", "7")
	for _, m := range soakModes {
		if !strings.Contains(out, m.name) {
			t.Errorf("no round of %s:\n%s", m.name, out)
		}
	}
}

// What the ledger is told that must not be, it reports.
func TestSoakLedger(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    func(l *soakLedger)
		want string
	}{
		{"nothing", func(l *soakLedger) {}, ""},
		{"in order", func(l *soakLedger) { l.next(1, 2, 0); l.next(1, 2, 0); l.got(2, 1, 0, 1); l.got(2, 1, 0, 2) }, ""},
		{"lost", func(l *soakLedger) { l.next(1, 2, 0); l.sent(1, 2, 0, 1) }, "message 1 of class 0 from 1 to 2 is lost"},
		{"doubled", func(l *soakLedger) { l.next(1, 2, 0); l.got(2, 1, 0, 1); l.got(2, 1, 0, 1) }, "message 1 of class 0 from 1 after 1"},
		{"overtaken", func(l *soakLedger) { l.next(1, 2, 0); l.next(1, 2, 0); l.got(2, 1, 0, 2) }, "message 2 of class 0 from 1 after 0"},
		{"invented", func(l *soakLedger) { l.got(2, 1, 0, 1) }, "which has not sent it"},
		{"link not told", func(l *soakLedger) { l.linked(1, l.mayLink(1, 2)); l.leaving(2, true); l.died(2, true) }, "process 1 was not told of the end of the link with 2"},
		{"link not certain", func(l *soakLedger) { l.mayLink(1, 2); l.leaving(2, true); l.died(2, true) }, ""},
		{"link told twice", func(l *soakLedger) {
			tag := l.mayLink(1, 2)
			l.leaving(2, true)
			l.died(2, true)
			l.linkDied(1, tag)
			l.linkDied(1, tag)
		}, "told twice of the end of the link with 2"},
		{"link told of the living", func(l *soakLedger) { l.linkDied(1, l.mayLink(1, 2)) }, "which lives"},
		{"monitor not told", func(l *soakLedger) { l.mayMonitor(1, 2); l.leaving(2, false); l.died(2, false) }, "process 1 was not told of the end of 2"},
		{"monitor told twice", func(l *soakLedger) {
			l.mayMonitor(1, 2)
			l.leaving(2, false)
			l.died(2, false)
			l.processDied(1, 2)
			l.processDied(1, 2)
		}, "told twice of the end of 2"},
		{"no reason", func(l *soakLedger) { l.died(2, true) }, "it ended without a reason"},
		{"killed", func(l *soakLedger) { l.killing(1, 2); l.died(2, true) }, ""},
		{"timer not fired", func(l *soakLedger) { l.timerSet(1, l.newTimer(1, 2)) }, "timer 0 for 2 has not fired"},
		{"timer fired and canceled", func(l *soakLedger) { n := l.newTimer(1, 2); l.timerCanceled(1, n); l.timerFired(2, n) }, "canceled true"},
		{"dead name", func(l *soakLedger) { l.leaving(2, false); l.died(2, false); l.found(1, 2, l.stamp()) }, "the registry has 2"},
		{"trap", func(l *soakLedger) { l.trapped(1, "unreachable") }, "did not mean to: unreachable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newSoakLedger(2)
			l.begin(1, 0, 0, soakSurvives)
			l.begin(2, 0, 0, soakSurvives)
			tt.f(l)
			missing := l.missing()
			l.audit()
			got := strings.Join(append(missing, l.violations()...), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

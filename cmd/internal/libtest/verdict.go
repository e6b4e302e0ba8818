package libtest

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/lunatic-go/lunatic/runner"
)

// How Rust reports a panic: up to 1.72 the message stands in quotes, before the place; from
// 1.73 on it begins on the line below, and the thread may have a number.
var (
	quotedPanic = regexp.MustCompile(`(?s)thread '[^'\n]*' panicked at '(.*?)', [^'\n]*:\d+:\d+\n`)
	panicLine   = regexp.MustCompile(`(?m)^thread '[^'\n]*'(?: \(\d+\))? panicked at [^\n]*:\d+:\d+:\n`)
	afterPanic  = regexp.MustCompile("(?m)^(?:note: run with `RUST_BACKTRACE|stack backtrace:|thread ')")
)

// panics returns the messages of the panics that an output reports.
func panics(output string) []string {
	output += "\n"
	var all []string
	for _, m := range quotedPanic.FindAllStringSubmatch(output, -1) {
		all = append(all, m[1])
	}
	for _, at := range panicLine.FindAllStringIndex(output, -1) {
		message := output[at[1]:]
		if end := afterPanic.FindStringIndex(message); end != nil {
			message = message[:end[0]]
		}
		all = append(all, strings.TrimRight(message, "\n"))
	}
	return all
}

// judge reports whether the test has passed, and if not why, as far as its output, which c
// has, does not say it.
func (t *Test) judge(exit runner.Exit, c *capture) (passed bool, note string) {
	failed := exit.Reason != runner.ExitNormal
	switch {
	case !t.Panics:
		return !failed, reason(exit)
	case !failed:
		return false, "note: test did not panic as expected"
	case t.Expected == "":
		return true, ""
	}
	// Where nothing looks like a panic of Rust's, the program is in another language, or
	// reports in its own way.
	written, end := c.first()
	messages := panics(written)
	if len(messages) == 0 {
		messages = []string{written + end}
	}
	for _, m := range messages {
		if strings.Contains(m, t.Expected) {
			return true, ""
		}
	}
	return false, fmt.Sprintf("note: panic did not contain expected string\n      panic message: %q,\n expected substring: %q", strings.Join(messages, "\n"), t.Expected)
}

// reason says how a process ended, but for a trap, which Note has told.
func reason(e runner.Exit) string {
	switch {
	case e.Reason == runner.ExitKilled:
		return "note: the process was killed"
	case e.Code != 0:
		return fmt.Sprintf("note: the process ended with the exit code %d", e.Code)
	}
	return ""
}

// Command behaviour plays the scenarios of rtlib/behaviour: its first argument names one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	lunatic "github.com/lunatic-go/lunatic/rtlib/go"
)

var scenarios = map[string]func(){
	"processes":         processes,
	"mailbox":           mailbox,
	"server":            server,
	"server_init":       serverInit,
	"server_stop":       serverStop,
	"call_timeout":      callTimeout,
	"call_dies":         callDies,
	"deferred":          deferred,
	"restart_types":     restartTypes,
	"one_for_all":       oneForAll,
	"rest_for_one":      restForOne,
	"intensity":         intensity,
	"period":            period,
	"shutdown":          shutdown,
	"start_fails":       startFails,
	"restart_fails":     restartFails,
	"dynamic":           dynamic,
	"names":             names,
	"supervisor_killed": supervisorKilled,
	"nested":            nested,
	"task":              task,
}

func main() {
	lunatic.Main(func() error {
		if len(os.Args) > 1 {
			if play, ok := scenarios[os.Args[1]]; ok {
				play()
				return nil
			}
		}
		fmt.Fprintln(os.Stderr, "no such scenario")
		os.Exit(2)
		return nil
	})
}

// Tags of messages to the first process.
const (
	tagInfo      lunatic.Tag = 7
	tagTerminate lunatic.Tag = 9
	tagEvent     lunatic.Tag = 20
	tagReport    lunatic.Tag = 21
)

// ctx is the context of what takes as long as it takes.
var ctx = context.Background()

// inbox is the first process's mailbox.
var inbox = lunatic.Inbox[string]()

// say prints what is done next.
func say(format string, args ...any) { fmt.Printf("> "+format+"\n", args...) }

// must ends the program if what cannot fail has.
func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// reason is how an error is printed.
func reason(err error) string {
	var ended *lunatic.EndedError
	switch {
	case errors.As(err, &ended):
		return ended.Reason.String()
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case err == nil:
		return "no error"
	}
	return err.Error()
}

// within is the context of a time-out.
func within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(ctx, d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// ended waits for the end of a monitored process.
func ended(monitor lunatic.Tag) string {
	_, err := inbox.Receive(ctx, monitor)
	return reason(err)
}

// events prints so many events of supervisors.
func events(n int) {
	for range n {
		fmt.Println(must(inbox.Receive(ctx, tagEvent)))
	}
}

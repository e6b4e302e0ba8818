// Command cost is what BenchmarkProcess and BenchmarkAsk run: "spawn N" spawns N processes, one after
// another, which wait; "ask N" asks a process N times.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	lunatic "github.com/lunatic-go/lunatic/rtlib/go"
)

var ctx = context.Background()

// A question asks for its number.
type question struct {
	N     int
	Reply lunatic.ReplyTo[int]
}

var answerer = lunatic.Register("answerer", func(inbox lunatic.Mailbox[question], _ lunatic.None) error {
	for {
		q, err := inbox.Receive(ctx)
		if err != nil {
			return err
		}
		q.Reply.Reply(q.N)
	}
})

func ask(p lunatic.Process[question], n int) error {
	got, err := lunatic.Ask(ctx, p, func(to lunatic.ReplyTo[int]) question { return question{n, to} })
	if err == nil && got != n {
		err = fmt.Errorf("got %d, want %d", got, n)
	}
	return err
}

func main() {
	lunatic.Main(func() error {
		n, err := strconv.Atoi(os.Args[2])
		if err != nil {
			return err
		}
		p, err := answerer.Spawn(lunatic.None{})
		if err == nil {
			err = ask(p, 0) // it runs
		}
		fmt.Println("begin")
		for i := 0; i < n && err == nil; i++ {
			if os.Args[1] == "spawn" {
				if p, err = answerer.Spawn(lunatic.None{}); err != nil {
					break
				}
			}
			err = ask(p, i)
		}
		fmt.Println("end")
		if err == nil {
			_, err = lunatic.Inbox[string]().Receive(ctx)
		}
		return err
	})
}

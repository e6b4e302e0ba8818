package main

import (
	"context"
	"fmt"
	"time"
)

// serveConnections has the rows of idle connections, of one round: the load of the machine does not
// change them.
func (c *config) serveConnections(ctx context.Context, kinds []playerKind) (rows []row, err error) {
	n, quiet := serveIdle, []time.Duration{0, serveQuiet}
	if c.short {
		n, quiet = 200, quiet[:1]
	}
	names := map[string]string{oursName: "a process per connection", erlangName: "Erlang, a process per connection", goroutinesName: "Go, a goroutine per connection"}
	for _, kind := range kinds {
		name := names[kind.name]
		if !c.only.MatchString(name) {
			continue
		}
		fmt.Fprintf(c.log, "\r%-40s", "idle: "+name)
		one, all, err := weighConnections(ctx, &kind, n, quiet)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for i := range quiet {
			what := fmt.Sprintf("%s, %s", name, thousands(n))
			if quiet[i] > 0 {
				what += fmt.Sprintf(", idle for %v", quiet[i])
			}
			rows = append(rows, row{
				Name: what, Group: groupIdle,
				Values: []figure{missing, missing, missing, missing, missing, figure(one[i] / (1 << 10)), figure(all[i] / (1 << 20))},
			})
		}
	}
	fmt.Fprintf(c.log, "\r%-40s\r", "")
	return rows, nil
}

// weighConnections returns the bytes of memory of n connections of a new player, on each of which
// there was one request, after they have been quiet for some times: of one, and of the player.
func weighConnections(ctx context.Context, kind *playerKind, n int, quiet []time.Duration) (one, all []float64, err error) {
	p, err := kind.start(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer p.close()
	idle := contest{play: "echo", brief: args{100, 1}, memory: true}
	idle.client = func(ctx context.Context, addr string, a args, ready func() error) (score, error) {
		return echoClient(ctx, addr, a, func() error {
			if err := ready(); err != nil || a == idle.brief {
				return err
			}
			for _, d := range quiet {
				time.Sleep(d)
				held, err := memoryOf(p.cmd.Process.Pid)
				if err != nil {
					return err
				}
				all = append(all, float64(held))
			}
			return nil
		})
	}
	s, err := p.serve(ctx, &idle, args{n, 0})
	for _, held := range all {
		one = append(one, s.held+(held-s.total)/float64(n))
	}
	return one, all, err
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A playerKind is a way to start a player.
type playerKind struct {
	name string
	argv []string
}

// Names of the players. All but Erlang are this program itself.
const (
	oursName       = "lunatic"
	erlangName     = "erlang"
	goroutinesName = "goroutines"
)

// A player is a process of the operating system that is asked for workloads by lines,
// "NAME A B", and answers each with a line, "NANOSECONDS RESULT P50 P99 MAX", or with
// "error WHAT". After the answer to idle it holds its processes until the line "end";
// asked to "collect" before, it collects its garbage.
type player struct {
	guests bool // ours
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors bytes.Buffer
}

// playerKinds are ours first, then those of others that are installed.
func (c *config) playerKinds(ctx context.Context) (kinds []playerKind, notes []string, done func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	workers := strconv.Itoa(c.workers)
	ours := []string{self, playCommand, oursName, workers, c.dir}
	if c.profiles != "" {
		ours = append(ours, c.profiles)
	}
	kinds = []playerKind{{oursName, ours}}
	dir, err := os.MkdirTemp("", "lunatic-bench")
	if err != nil {
		return nil, nil, nil, err
	}
	done = func() { os.RemoveAll(dir) }
	erlang, version, err := c.erlang(ctx, dir)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		notes = append(notes, "Erlang is left out: "+err.Error())
	case err != nil:
		done()
		return nil, nil, nil, err
	default:
		kinds = append(kinds, playerKind{erlangName, erlang})
		notes = append(notes, "erlang: "+version+", "+strings.ReplaceAll(strings.Join(erlang[1:], " "), dir, "DIR"))
	}
	kinds = append(kinds, playerKind{goroutinesName, []string{self, playCommand, goroutinesName, workers, c.dir}})
	return kinds, notes, done, nil
}

// erlang compiles the workloads and returns how to run them.
func (c *config) erlang(ctx context.Context, dir string) (argv []string, version string, err error) {
	erl, err := exec.LookPath("erl")
	if err != nil {
		return nil, "", err
	}
	erlc, err := exec.LookPath("erlc")
	if err != nil {
		return nil, "", err
	}
	if _, err := runMeasured(ctx, erlc, "-o", dir, filepath.Join(c.dir, "runtime", "lunatic_bench.erl")); err != nil {
		return nil, "", err
	}
	out, err := exec.CommandContext(ctx, erl, "-noshell", "-eval",
		`io:format("Erlang/OTP ~s, erts ~s ~s", [erlang:system_info(otp_release), erlang:system_info(version), erlang:system_info(emu_flavor)]), halt().`).Output()
	if err != nil {
		return nil, "", fmt.Errorf("erl: %w", err)
	}
	// +P: two million processes, and room for those that have just ended.
	return []string{erl, "+S", fmt.Sprintf("%d:%d", c.workers, c.workers), "+P", "4000000", "-noshell", "-pa", dir, "-s", "lunatic_bench", "main"}, string(out), nil
}

func (k *playerKind) start(ctx context.Context) (*player, error) {
	p := &player{guests: k.name == oursName, cmd: exec.CommandContext(ctx, k.argv[0], k.argv[1:]...)}
	p.cmd.Env = append(os.Environ(), "ERL_CRASH_DUMP_SECONDS=0") // a player that is killed leaves no file
	p.cmd.Stderr = &p.errors
	p.cmd.WaitDelay = 2 * time.Second
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	return p, p.cmd.Start()
}

// close ends the player by the end of its input, or by force if it is busy.
func (p *player) close() {
	if p == nil {
		return
	}
	p.in.Close()
	force := time.AfterFunc(2*time.Second, func() { p.cmd.Process.Kill() })
	defer force.Stop()
	p.cmd.Wait()
}

// ask sends a line and reads the answer.
func (p *player) ask(format string, xs ...any) (s score, err error) {
	if _, err := fmt.Fprintf(p.in, format+"\n", xs...); err != nil {
		return s, p.gone(err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return s, p.gone(err)
	}
	line = strings.TrimSpace(line)
	if what, ok := strings.CutPrefix(line, "error "); ok {
		return s, errors.New(what)
	}
	if _, err := fmt.Sscanf(line, "%d %d %d %d %d", &s.took, &s.result, &s.p50, &s.p99, &s.most); err != nil {
		return s, fmt.Errorf("answer %q: %w", line, err)
	}
	return s, nil
}

// gone says why a player does not answer.
func (p *player) gone(err error) error {
	p.cmd.Process.Kill()
	p.cmd.Wait()
	text := strings.TrimSpace(p.errors.String())
	if len(text) > 2000 {
		text = text[:2000] + " ..."
	}
	return fmt.Errorf("the player has ended: %w: %v: %s", err, p.cmd.ProcessState, text)
}

// play runs a workload and checks its result.
func (p *player) play(k *contest, a args, workers int) (score, error) {
	name := k.play
	if p.guests && k.guest != "" {
		name = k.guest
	}
	before, _ := cpuOf(p.cmd.Process.Pid) // if it is not known it is zero
	s, err := p.ask("%s %d %d", name, a[0], a[1])
	after, _ := cpuOf(p.cmd.Process.Pid)
	s.cpu = after - before
	if want := k.want(a, workers); err == nil && s.result != want {
		err = fmt.Errorf("result %d, want %d", s.result, want)
	}
	return s, err
}

// weigh runs a workload in a fresh player, whose code has been loaded and run once, and
// looks how much memory the processes take that are held.
func (p *player) weigh(k *contest, a args, workers int) (score, error) {
	if _, err := p.play(k, args{10, a[1]}, workers); err != nil {
		return score{}, err
	}
	if _, err := p.ask("end"); err != nil {
		return score{}, err
	}
	before, err := memoryOf(p.cmd.Process.Pid)
	if err != nil {
		return score{}, err
	}
	s, err := p.play(k, a, workers)
	if err != nil {
		return score{}, err
	}
	held, err := memoryOf(p.cmd.Process.Pid)
	if err != nil {
		return score{}, err
	}
	if _, err := p.ask("collect"); err != nil {
		return score{}, err
	}
	collected, err := memoryOf(p.cmd.Process.Pid)
	if err != nil {
		return score{}, err
	}
	s.held = float64(held-before) / float64(a[0])
	s.collected = float64(collected-before) / float64(a[0])
	_, err = p.ask("end")
	return s, err
}

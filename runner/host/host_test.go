package host

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// The guest of these tests is Go: test.step calls steps of the test, on a process
// with one page of memory.
//
//	(module (import "test" "step" (func (result i64))) (memory (export "memory") 1)
//	  (func (export "_start") (drop (call 0))))
var guest = []byte("\x00asm\x01\x00\x00\x00\x01\x08\x02\x60\x00\x00\x60\x00\x01\x7e\x02\x0d\x01\x04test\x04step\x00\x01" +
	"\x03\x02\x01\x00\x05\x03\x01\x00\x01\x07\x13\x02\x06memory\x02\x00\x06_start\x00\x01\x0a\x07\x01\x05\x00\x10\x00\x1a\x0b")

// in runs f within a host call of a process and returns how the process ended.
func in(t *testing.T, f func(p *runner.Process)) runner.Exit {
	t.Helper()
	ctx := context.Background()
	step := runner.Namespace{Name: "test", Funcs: []runner.Func{{Name: "step", Type: "-> i64", Call: func(p *runner.Process, _ []uint64) { f(p) }}}}
	rt, err := runner.New(ctx, runner.Config{Namespaces: append(All(), step)})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(ctx)
	mod, err := rt.Load(ctx, guest)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := rt.Run(ctx, mod, runner.ProcessConfig{May: runner.MayAll})
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

// call calls a host function and returns the first word of its stack.
func call(f func(*runner.Process, []uint64), p *runner.Process, args ...uint64) uint64 {
	stack := append(args, make([]uint64, 4)...)
	f(p, stack)
	return stack[0]
}

// ends checks that the process did not trap.
func ends(t *testing.T, e runner.Exit) {
	t.Helper()
	if e.Reason != runner.ExitNormal {
		t.Errorf("the process ended: %v, %v", e.Reason, e.Err)
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestMessageData(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		call(createData, p, 77, 1<<63) // an absurd hint
		copy(p.Bytes("", 100, 10), "0123456789")
		want(t, "write_data", call(writeData, p, 100, 10), 10)
		want(t, "write_data of nothing", call(writeData, p, 65536, 0), 0)
		want(t, "data_size", call(dataSize, p), 10)
		want(t, "get_tag", call(getTag, p), 77)
		want(t, "get_process_id", call(getProcessID, p), 0)
		want(t, "read_data", call(readData, p, 200, 4), 4)
		want(t, "send to itself", call(send, p, p.ID()), 0)
		want(t, "send to nobody", func() uint64 { call(createData, p, 0, 0); return call(send, p, 999) }(), 0)
		// The message is the process's again, and goes on where reading stopped.
		p.CheckSignals()
		want(t, "receive", call(receive, p, 0, 0, 0), 0)
		want(t, "read the rest", call(readData, p, 300, 100), 6)
		want(t, "what was read", string(p.Bytes("", 300, 6)), "456789")
		want(t, "read at the end", call(readData, p, 300, 100), 0)
		call(seekData, p, 9)
		want(t, "read after a seek", call(readData, p, 300, 100), 1)
	}))
}

func TestReceiveByTag(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		for _, tag := range []uint64{5, 0, 6, 5, 7} {
			call(createData, p, tag, 0)
			call(send, p, p.ID())
		}
		tags := p.Bytes("", 100, 24)
		binary.LittleEndian.PutUint64(tags, 6)
		binary.LittleEndian.PutUint64(tags[8:], 7)
		binary.LittleEndian.PutUint64(tags[16:], 0) // never matches
		for i, tag := range []uint64{6, 7} {
			want(t, "receive", call(receive, p, 100, 3, 0), 0)
			want(t, "tag", call(getTag, p), tag)
			_ = i
		}
		want(t, "nothing left", call(receive, p, 100, 3, 0), 9027)
		want(t, "the slot is as it was", call(getTag, p), 7)
		for _, tag := range []uint64{5, 0, 5} {
			want(t, "receive any", call(receive, p, 0, 0, 0), 0)
			want(t, "in order", call(getTag, p), tag)
		}
		start := time.Now()
		want(t, "time-out", call(receive, p, 0, 0, 5), 9027)
		if d := time.Since(start); d < 5*time.Millisecond {
			t.Errorf("waited only %v", d)
		}
	}))
}

func TestErrors(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		id := runner.Errors.Add(p, errors.New("it is broken"))
		want(t, "string_size", call(errorSize, p, id), 12)
		call(errorString, p, id, 64)
		want(t, "to_string", string(p.Bytes("", 64, 12)), "it is broken")
		call(errorDrop, p, id)
		want(t, "next id", runner.Errors.Add(p, errors.New("")), id+1)
	}))
}

// A message in one host call is the same message.
func TestMessageAtOnce(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		info := func(i uint64) uint64 { return binary.LittleEndian.Uint64(p.Bytes("", 1000+8*i, 8)) }
		copy(p.Bytes("", 100, 10), "0123456789")
		want(t, "send_data", call(sendData, p, p.ID(), 77, 100, 10), 0)
		want(t, "send_data to nobody", call(sendData, p, 999, 77, 100, 10), 0)
		binary.LittleEndian.PutUint64(p.Bytes("", 50, 8), 77)
		want(t, "receive_data", call(receiveData, p, 50, 1, 0, 200, 4, 1000), 0)
		want(t, "data", string(p.Bytes("", 200, 4)), "0123")
		want(t, "size", info(0), 10)
		want(t, "tag", info(1), 77)
		want(t, "the rest", call(readData, p, 300, 100), 6)
		want(t, "what was read", string(p.Bytes("", 300, 6)), "456789")
		want(t, "time-out", call(receiveData, p, 0, 0, 1, 200, 4, 1000), 9027)
		want(t, "new_data_send", call(newDataSend, p, 78, 8, 102, 3, p.ID()), 0)
		want(t, "the slot is empty", p.Scratch == nil, true)
		want(t, "receive_data", call(receiveData, p, 0, 0, 0, 200, 4, 1000), 0)
		want(t, "data", string(p.Bytes("", 200, 3)), "234")
		want(t, "tag", info(1), 78)
		call(monitor, p, 999)
		want(t, "process died", call(receiveData, p, 0, 0, 0, 0, 0, 1000), 2)
		want(t, "process", info(2), 999)
		want(t, "request_data", call(requestData, p, p.ID(), 5, 100, 3, 5, 0, 200, 8, 1000), 0)
		want(t, "the answer", string(p.Bytes("", 200, 3)), "012")
		want(t, "nobody answers", call(requestData, p, 999, 5, 100, 3, 5, 1, 200, 8, 1000), 9027)
	}))
}

// Misuse ends the process and names function and argument.
func TestMisuse(t *testing.T) {
	const far = 65536 - 7
	tests := []struct {
		name string
		f    func(p *runner.Process)
		want string
	}{
		{"no message", func(p *runner.Process) { call(dataSize, p) }, "no message in the scratch slot"},
		{"send nothing", func(p *runner.Process) { call(send, p, 1) }, "no message in the scratch slot"},
		{"write outside", func(p *runner.Process) { call(createData, p, 0, 0); call(writeData, p, far, 8) }, "data_ptr: 8 bytes at 0xfff9 are outside"},
		{"wrapping range", func(p *runner.Process) { call(createData, p, 0, 0); call(writeData, p, 1<<32-4, 8) }, "are outside"},
		{"read outside", func(p *runner.Process) { call(createData, p, 0, 0); call(readData, p, far, 8) }, "data_ptr: 8 bytes"},
		{"read behind the end", func(p *runner.Process) { call(createData, p, 0, 0); call(seekData, p, 1<<63); call(readData, p, 0, 8) }, "is behind the message's end at 0"},
		{"tags outside", func(p *runner.Process) { call(receive, p, far, 1, 0) }, "tag_ptr: 8 bytes"},
		{"too many tags", func(p *runner.Process) { call(receive, p, 0, 1<<32-1, 0) }, "4294967295 tags are too many"},
		{"data outside", func(p *runner.Process) { call(sendData, p, 1, 0, far, 8) }, "data_ptr: 8 bytes"},
		{"new data outside", func(p *runner.Process) { call(newDataSend, p, 0, 8, far, 8, 1) }, "data_ptr: 8 bytes"},
		{"buffer outside", func(p *runner.Process) { call(receiveData, p, 0, 0, 0, far, 8, 0) }, "buffer: 8 bytes"},
		{"message larger than a mailbox", func(p *runner.Process) {
			call(createData, p, 0, 0)
			for {
				call(writeData, p, 0, 65536)
			}
		}, "message of more than 268435328 bytes"},
		{"too many errors", func(p *runner.Process) {
			for {
				runner.Errors.Add(p, errors.ErrUnsupported)
			}
		}, "the process has 1048576 resources of the kind \"error\""},
		{"numbers outside", func(p *runner.Process) { call(receiveData, p, 0, 0, 0, 0, 8, far) }, "info: 24 bytes"},
		{"request with the buffer outside", func(p *runner.Process) { call(requestData, p, 1, 0, 0, 8, 1, 0, far, 8, 0) }, "buffer: 8 bytes"},
		{"no such error", func(p *runner.Process) { call(errorSize, p, 3) }, "error_id: no error has the id 3"},
		{"dropped twice", func(p *runner.Process) {
			id := runner.Errors.Add(p, errors.New(""))
			call(errorDrop, p, id)
			call(errorDrop, p, id)
		}, "no error has the id 0"},
		{"attach nothing", func(p *runner.Process) { call(createData, p, 0, 0); call(push(tcpStreams), p, 4) }, "no TCP stream has the id 4"},
		{"take nothing", func(p *runner.Process) { call(createData, p, 0, 0); call(take(modules), p, 0) }, "index: the message has no module at 0"},
		{"spawn with a config", func(p *runner.Process) { call(spawn, p, 0, 3, inherit, 0, 0, 0, 0, 0) }, "config_id: no configuration has the id 3"},
		{"spawn of a module", func(p *runner.Process) { call(spawn, p, 0, inherit, 9, 0, 0, 0, 0, 0) }, "module_id: no module has the id 9"},
		{"half a parameter", func(p *runner.Process) { call(spawn, p, 0, inherit, inherit, 0, 0, 0, 16, 0) }, "16 bytes are no multiple of 17"},
		{"odd parameter", func(p *runner.Process) { call(spawn, p, 0, inherit, inherit, 0, 0, 0, 17, 0) }, "unknown type 0x0"},
		{"result outside", func(p *runner.Process) { call(spawn, p, 0, inherit, inherit, 0, 0, 0, 0, far) }, "id_ptr: 8 bytes"},
		{"name is not UTF-8", func(p *runner.Process) {
			p.Bytes("", 0, 1)[0] = 0xff
			call(spawn, p, 0, inherit, inherit, 0, 1, 0, 0, 8)
		}, "func_str: invalid UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := in(t, tt.f)
			var misuse *runner.HostError
			if !errors.As(e.Err, &misuse) || !strings.Contains(e.Err.Error(), tt.want) {
				t.Errorf("got %v, want %q", e.Err, tt.want)
			}
		})
	}
}

func TestLinksAndMonitors(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		call(dieWhenLinkDies, p, 0)
		call(link, p, 42, 999) // there is no such process
		call(monitor, p, 998)
		want(t, "receive", call(receive, p, 0, 0, 0), 1)
		want(t, "tag", call(getTag, p), 42)
		want(t, "receive", call(receive, p, 0, 0, 0), 2)
		want(t, "process", call(getProcessID, p), 998)
		want(t, "exists", call(exists, p, 998), 0)
		want(t, "exists itself", call(exists, p, p.ID()), 1)
		call(unlink, p, 999)
		call(stopMonitoring, p, 999)
		call(kill, p, 999)
	}))
	e := in(t, func(p *runner.Process) {
		call(link, p, 42, 999) // and now it is fatal
		call(sleep, p, 1000)
		t.Error("survived")
	})
	want(t, "reason", e.Reason, runner.ExitKilled)
}

// poll runs poll_oneoff on subscriptions of 48 bytes at 0, events at 1024.
func poll(p *runner.Process, subs ...[48]byte) (errno uint64, events []byte) {
	for i, s := range subs {
		copy(p.Bytes("", uint64(48*i), 48), s[:])
	}
	errno = call(pollOneoff, p, 0, 1024, uint64(len(subs)), 2048)
	n := binary.LittleEndian.Uint32(p.Bytes("", 2048, 4))
	return errno, p.Bytes("", 1024, uint64(32*n))
}

func clock(user byte, id uint32, nanos uint64, flags uint16) (s [48]byte) {
	s[0], s[8] = user, eventClock
	binary.LittleEndian.PutUint32(s[16:], id)
	binary.LittleEndian.PutUint64(s[24:], nanos)
	binary.LittleEndian.PutUint16(s[40:], flags)
	return s
}

func TestPollOneoff(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		errno, events := poll(p, clock(1, clockMonotonic, 1e15, 0), clock(2, clockRealtime, 2e6, 0))
		want(t, "errno", errno, errnoSuccess)
		want(t, "length", len(events), 32)
		want(t, "who", events[0], 2)
		past := uint64(time.Now().Add(-time.Hour).UnixNano())
		errno, events = poll(p, clock(3, clockRealtime, past, clockAbsolute))
		want(t, "errno of a time in the past", errno, errnoSuccess)
		want(t, "who", events[0], 3)
		var stdin [48]byte
		stdin[0], stdin[8] = 4, eventFdRead
		errno, events = poll(p, clock(1, clockMonotonic, 1e15, 0), stdin) // empty: readable at once
		want(t, "errno", errno, errnoSuccess)
		want(t, "who and what", [2]byte{events[0], events[10]}, [2]byte{4, eventFdRead})
		errno, _ = poll(p, clock(1, 9, 0, 0))
		want(t, "unknown clock", errno, errnoInval)
		errno, _ = poll(p)
		want(t, "no subscriptions", errno, errnoInval)
		want(t, "too many", call(pollOneoff, p, 0, 0, 1<<32-1, 0), errnoFault)
		want(t, "outside", call(pollOneoff, p, 65536-40, 1024, 1, 2048), errnoFault)
	}))
}

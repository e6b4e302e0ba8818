package host

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// tcpListen makes a TCP listener and returns its id and its address.
func tcpListen(t *testing.T, p *runner.Process, a netip.AddrPort) (uint64, netip.AddrPort) {
	t.Helper()
	want(t, "tcp_bind", netcall(p, "tcp_bind", append(addrArgs(p, a), atOut)...), 0)
	id := out(p, 0)
	want(t, "tcp_local_addr", netcall(p, "tcp_local_addr", id, atOut), 0)
	return id, nextAddr(t, p, out(p, 0))
}

// connect returns the id of a stream to an address.
func connect(t *testing.T, p *runner.Process, a netip.AddrPort) uint64 {
	t.Helper()
	want(t, "tcp_connect", netcall(p, "tcp_connect", append(addrArgs(p, a), 5000, atOut)...), 0)
	return out(p, 0)
}

// write writes a text in parts.
func write(p *runner.Process, name string, id uint64, parts ...string) uint64 {
	at := uint64(atText)
	for i, s := range parts {
		e := p.Bytes("", atIov+8*uint64(i), 8)
		binary.LittleEndian.PutUint32(e, uint32(at))
		binary.LittleEndian.PutUint32(e[4:], uint32(len(s)))
		at += uint64(copy(p.Bytes("", at, uint64(len(s))), s))
	}
	return netcall(p, name, id, atIov, uint64(len(parts)), atOut)
}

// read returns status and text.
func read(p *runner.Process, name string, id, n uint64) (uint64, string) {
	status := netcall(p, name, id, atBuf, n, atOut)
	if status != ok {
		return status, ""
	}
	return ok, string(p.Bytes("", atBuf, out(p, 0)))
}

func wantRead(t *testing.T, p *runner.Process, name string, id, n uint64, text string) {
	t.Helper()
	status, got := read(p, name, id, n)
	if status != ok || got != text {
		t.Errorf("%s: got %d and %q, want %q", name, status, got, text)
	}
}

func TestTCPEcho(t *testing.T) {
	for _, a := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		t.Run(a, func(t *testing.T) {
			if ln, err := net.Listen("tcp", a); err != nil {
				t.Skip(err)
			} else {
				ln.Close()
			}
			noLeaks(t, func() {
				w := newWorld(t)
				addr := make(chan netip.AddrPort, 1)
				server := w.spawn(func(p *runner.Process) {
					l, a := tcpListen(t, p, netip.MustParseAddrPort(a))
					addr <- a
					want(t, "tcp_accept", netcall(p, "tcp_accept", l, atOut, atOut+8), 0)
					s, peer := out(p, 0), out(p, 1)
					want(t, "tcp_peer_addr", netcall(p, "tcp_peer_addr", s, atOut), 0)
					want(t, "peers", nextAddr(t, p, out(p, 0)), nextAddr(t, p, peer))
					netcall(p, "drop_tcp_listener", l)
					wantRead(t, p, "tcp_peek", s, 5, "hello")
					wantRead(t, p, "tcp_peek", s, 100, "hello, world")
					wantRead(t, p, "tcp_read", s, 100, "hello, world")
					want(t, "write", write(p, "tcp_write_vectored", s, "and ", "", "hello", " to you"), 0)
					want(t, "written", out(p, 0), 16)
					want(t, "flush", netcall(p, "tcp_flush", s, atOut), 0)
					want(t, "flushed", out(p, 0), 0)
				})
				client := w.spawn(func(p *runner.Process) {
					a := <-addr
					if a.Addr().IsUnspecified() {
						a = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), a.Port())
					}
					s := connect(t, p, a)
					want(t, "write", write(p, "tcp_write_vectored", s, "hello", ", world"), 0)
					wantRead(t, p, "tcp_read", s, 3, "and")
					wantRead(t, p, "tcp_read", s, 0, "")
					wantRead(t, p, "tcp_read", s, 100, " hello to you")
					wantRead(t, p, "tcp_read", s, 100, "")
					wantRead(t, p, "tcp_peek", s, 100, "")
					netcall(p, "drop_tcp_stream", s)
				})
				ends(t, w.end(server))
				ends(t, w.end(client))
				w.rt.Close(t.Context())
			})
		})
	}
}

func TestTCPErrors(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		l, a := tcpListen(t, p, local4)
		wantFailure(t, "address in use", netcall(p, "tcp_bind", append(addrArgs(p, a), atOut)...), p, "in use")
		wantFailure(t, "address of another", netcall(p, "tcp_bind", append(addrArgs(p, netip.MustParseAddrPort("192.0.2.1:0")), atOut)...), p, "cannot assign")
		netcall(p, "drop_tcp_listener", l)
		wantFailure(t, "nobody there", netcall(p, "tcp_connect", append(addrArgs(p, a), noTimeout, atOut)...), p, "connection refused")
	}))
	for _, tt := range []struct {
		name string
		f    func(p *runner.Process)
		want string
	}{
		{"address type", func(p *runner.Process) { netcall(p, "tcp_bind", 5, 0, 0, 0, 0, atOut) }, "addr_type: is 5, not 4 or 6"},
		{"address outside", func(p *runner.Process) { netcall(p, "tcp_bind", 4, 65536-3, 0, 0, 0, atOut) }, "addr_ptr: 4 bytes"},
		{"address 6 outside", func(p *runner.Process) { netcall(p, "tcp_connect", 6, 65536-15, 0, 0, 0, 0, atOut) }, "addr_ptr: 16 bytes"},
		{"bind's result outside", func(p *runner.Process) { netcall(p, "tcp_bind", 4, 0, 0, 0, 0, far) }, "id_ptr: 8 bytes"},
		{"connect's result outside", func(p *runner.Process) { netcall(p, "tcp_connect", 4, 0, 0, 0, 0, 0, far) }, "id_ptr: 8 bytes"},
		{"udp_bind's type", func(p *runner.Process) { netcall(p, "udp_bind", 0, 0, 0, 0, 0, atOut) }, "addr_type: is 0"},
		{"udp_bind's result", func(p *runner.Process) { netcall(p, "udp_bind", 4, 0, 0, 0, 0, far) }, "id_ptr: 8 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantTrap(t, in(t, tt.f), tt.want) })
	}
}

// pair connects two streams of the process.
func pair(t *testing.T, p *runner.Process) (a, b uint64) {
	t.Helper()
	l, addr := tcpListen(t, p, local4)
	a = connect(t, p, addr)
	want(t, "tcp_accept", netcall(p, "tcp_accept", l, atOut, atOut+8), 0)
	b = out(p, 0)
	netcall(p, "drop_dns_iterator", out(p, 1))
	netcall(p, "drop_tcp_listener", l)
	return a, b
}

// Every function with an id traps if nothing has it, and one with pointers if they are bad,
// before it has done anything.
func TestNetworkMisuse(t *testing.T) {
	names := func(kind string) []string {
		switch kind {
		case "TCP stream":
			return []string{"tcp_peer_addr", "drop_tcp_stream", "clone_tcp_stream", "tcp_write_vectored", "tcp_read", "tcp_peek", "set_read_timeout",
				"set_write_timeout", "set_peek_timeout", "get_read_timeout", "get_write_timeout", "get_peek_timeout", "tcp_flush"}
		case "TLS stream":
			return []string{"drop_tls_stream", "clone_tls_stream", "tls_write_vectored", "tls_read", "set_tls_read_timeout", "set_tls_write_timeout",
				"get_tls_read_timeout", "get_tls_write_timeout", "tls_flush"}
		case "UDP socket":
			return []string{"drop_udp_socket", "udp_local_addr", "udp_peer_addr", "udp_receive", "udp_receive_from", "udp_send",
				"clone_udp_socket", "set_udp_socket_broadcast", "get_udp_socket_broadcast", "set_udp_socket_ttl", "get_udp_socket_ttl"}
		case "TCP listener":
			return []string{"drop_tcp_listener", "tcp_local_addr", "tcp_accept"}
		case "TLS listener":
			return []string{"drop_tls_listener", "tls_local_addr", "tls_accept"}
		}
		return nil
	}
	for _, kind := range []string{"TCP stream", "TLS stream", "UDP socket", "TCP listener", "TLS listener"} {
		for _, name := range names(kind) {
			wantTrap(t, in(t, func(p *runner.Process) { netcall(p, name, 3, 0, 0, atOut, atOut) }), "no "+kind+" has the id 3")
		}
	}
	for _, name := range []string{"udp_send_to", "udp_connect"} {
		wantTrap(t, in(t, func(p *runner.Process) {
			if name == "udp_connect" {
				netcall(p, name, 3, 4, 0, 0, 0, 0, 0, atOut)
			} else {
				netcall(p, name, 3, 0, 0, 4, 0, 0, 0, 0, atOut)
			}
		}), "no UDP socket has the id 3")
	}
	entry := func(p *runner.Process, ptr, n uint32) {
		binary.LittleEndian.PutUint32(p.Bytes("", atIov, 4), ptr)
		binary.LittleEndian.PutUint32(p.Bytes("", atIov+4, 4), n)
	}
	for _, tt := range []struct {
		name string
		f    func(p *runner.Process, s uint64)
		want string
	}{
		{"read outside", func(p *runner.Process, s uint64) { netcall(p, "tcp_read", s, far, 8, atOut) }, "buf: 8 bytes at 0xfff9"},
		{"wrapping read", func(p *runner.Process, s uint64) { netcall(p, "tcp_read", s, 1<<32-4, 8, atOut) }, "buf: 8 bytes"},
		{"read's result", func(p *runner.Process, s uint64) { netcall(p, "tcp_read", s, 0, 8, far) }, "out_ptr: 8 bytes"},
		{"peek's result", func(p *runner.Process, s uint64) { netcall(p, "tcp_peek", s, 0, 0, far) }, "out_ptr: 8 bytes"},
		{"write's result", func(p *runner.Process, s uint64) { netcall(p, "tcp_write_vectored", s, 0, 0, far) }, "out_ptr: 8 bytes"},
		{"array outside", func(p *runner.Process, s uint64) { netcall(p, "tcp_write_vectored", s, 65536-8, 2, atOut) }, "iov_ptr: 16 bytes"},
		{"huge array", func(p *runner.Process, s uint64) { netcall(p, "tcp_write_vectored", s, 0, 1<<32-1, atOut) }, "iov_ptr: 524288 bytes"},
		{"array that wraps", func(p *runner.Process, s uint64) { netcall(p, "tcp_write_vectored", s, 0, 1<<29, atOut) }, "iov_ptr: 524288 bytes"},
		{"part outside", func(p *runner.Process, s uint64) {
			entry(p, 65535, 2)
			netcall(p, "tcp_write_vectored", s, atIov, 1, atOut)
		}, "iov: 2 bytes"},
		{"huge part", func(p *runner.Process, s uint64) {
			entry(p, 1<<32-1, 1<<32-1)
			netcall(p, "tcp_write_vectored", s, atIov, 1, atOut)
		}, "iov: 4294967295 bytes"},
		{"flush's result", func(p *runner.Process, s uint64) { netcall(p, "tcp_flush", s, far) }, "error_id_ptr: 8 bytes"},
		{"peer's result", func(p *runner.Process, s uint64) { netcall(p, "tcp_peer_addr", s, far) }, "id_ptr: 8 bytes"},
		{"dropped twice", func(p *runner.Process, s uint64) {
			netcall(p, "drop_tcp_stream", s)
			netcall(p, "drop_tcp_stream", s)
		}, "no TCP stream"},
		{"local address's result", func(p *runner.Process, s uint64) {
			l, _ := tcpListen(t, p, local4)
			netcall(p, "tcp_local_addr", l, far)
		}, "id_ptr: 8 bytes"},
		{"accept's results", func(p *runner.Process, s uint64) {
			l, _ := tcpListen(t, p, local4)
			netcall(p, "tcp_accept", l, atOut, far)
		}, "peer_iter_ptr: 8 bytes"},
		{"receive outside", func(p *runner.Process, _ uint64) {
			u, _ := udpListen(t, p, local4)
			netcall(p, "udp_receive", u, far, 8, atOut)
		}, "buf: 8 bytes"},
		{"receive_from's iterator", func(p *runner.Process, _ uint64) {
			u, _ := udpListen(t, p, local4)
			netcall(p, "udp_receive_from", u, 0, 8, atOut, far)
		}, "iter_ptr: 8 bytes"},
		{"send_to outside", func(p *runner.Process, _ uint64) {
			u, a := udpListen(t, p, local4)
			netcall(p, "udp_send_to", append(append([]uint64{u, far, 8}, addrArgs(p, a)...), atOut)...)
		}, "buf: 8 bytes"},
		{"send_to's result", func(p *runner.Process, _ uint64) {
			u, a := udpListen(t, p, local4)
			netcall(p, "udp_send_to", append(append([]uint64{u, 0, 8}, addrArgs(p, a)...), far)...)
		}, "out_ptr: 8 bytes"},
		{"udp_connect's result", func(p *runner.Process, _ uint64) {
			u, a := udpListen(t, p, local4)
			netcall(p, "udp_connect", append(append([]uint64{u}, addrArgs(p, a)...), 0, far)...)
		}, "id_ptr: 8 bytes"},
		{"udp_peer_addr's result", func(p *runner.Process, _ uint64) {
			u, _ := udpListen(t, p, local4)
			netcall(p, "udp_peer_addr", u, far)
		}, "id_ptr: 8 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noLeaks(t, func() {
				wantTrap(t, in(t, func(p *runner.Process) {
					a, _ := pair(t, p)
					tt.f(p, a)
					t.Error("survived")
				}), tt.want)
			})
		})
	}
}

// An array with more entries than are looked at is written in part.
func TestGatherIsBounded(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		const at, n = 8192, 4000
		for i := range uint64(n) {
			e := p.Bytes("", at+8*i, 8)
			binary.LittleEndian.PutUint32(e, atText)
			binary.LittleEndian.PutUint32(e[4:], uint32(i%2)) // every other one is empty
		}
		a, b := pair(t, p)
		want(t, "write", netcall(p, "tcp_write_vectored", a, at, n, atOut), 0)
		want(t, "written", out(p, 0), maxParts)
		want(t, "read", netcall(p, "tcp_read", b, atBuf, 10000, atOut), 0)
		want(t, "read", out(p, 0), maxParts)
		want(t, "write nothing", netcall(p, "tcp_write_vectored", a, at, 1, atOut), 0)
		want(t, "written", out(p, 0), 0)
	}))
}

// Peeking never consumes, and reading does, whatever the timeouts are.
func TestTCPTimeouts(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		a, b := pair(t, p)
		for _, x := range []string{"read", "write", "peek"} {
			want(t, "get_"+x, netcall(p, "get_"+x+"_timeout", b), noTimeout)
			netcall(p, "set_"+x+"_timeout", b, 77)
			c := netcall(p, "clone_tcp_stream", b)
			want(t, "get_"+x, netcall(p, "get_"+x+"_timeout", c), 77)
			netcall(p, "drop_tcp_stream", c)
		}
		for _, peek := range []uint64{0, 5, noTimeout} {
			for _, rd := range []uint64{0, 5, noTimeout} {
				netcall(p, "set_peek_timeout", b, peek)
				netcall(p, "set_read_timeout", b, rd)
				if peek != noTimeout {
					status, _ := read(p, "tcp_peek", b, 10)
					want(t, "peek without data", status, timedOut)
				}
				if rd != noTimeout {
					status, _ := read(p, "tcp_read", b, 10)
					want(t, "read without data", status, timedOut)
				}
				want(t, "write", write(p, "tcp_write_vectored", a, "data"), 0)
				if peek == 0 || rd == 0 { // until it has arrived
					for {
						if status, _ := read(p, "tcp_peek", b, 10); status == 0 {
							break
						}
					}
				}
				wantRead(t, p, "tcp_peek", b, 2, "da")
				wantRead(t, p, "tcp_peek", b, 10, "data")
				wantRead(t, p, "tcp_read", b, 1, "d")
				wantRead(t, p, "tcp_peek", b, 10, "ata")
				wantRead(t, p, "tcp_read", b, 10, "ata")
			}
		}
		// The other does not read: what the system takes is bounded.
		for _, millis := range []uint64{0, 5} {
			netcall(p, "set_write_timeout", a, millis)
			status := uint64(0)
			for i := 0; status == 0 && i < 10000; i++ {
				status = write(p, "tcp_write_vectored", a, string(make([]byte, 4000)), string(make([]byte, 3000)))
			}
			want(t, "write into nothing", status, timedOut)
		}
		p.PutU64("", atOut, 12345)
		netcall(p, "set_read_timeout", a, 1)
		want(t, "time-out", netcall(p, "tcp_read", a, 0, 10, atOut), timedOut)
		want(t, "untouched", out(p, 0), 12345)
	}))
}

// A stream that is sent to another process continues where it was, with its timeouts.
func TestTCPSent(t *testing.T) {
	noLeaks(t, func() {
		w := newWorld(t)
		texts := make(chan string, 10)
		taker := w.spawn(func(p *runner.Process) {
			want(t, "receive", call(receive, p, 0, 0, noTimeout), 0)
			s := call(take(tcpStreams), p, 0)
			want(t, "timeout", netcall(p, "get_read_timeout", s), 5000)
			for range 3 {
				status, text := read(p, "tcp_read", s, 4)
				want(t, "read", status, 0)
				texts <- text
			}
			want(t, "write", write(p, "tcp_write_vectored", s, "done"), 0)
		})
		giver := w.spawn(func(p *runner.Process) {
			a, b := pair(t, p)
			netcall(p, "set_read_timeout", b, 5000)
			want(t, "write", write(p, "tcp_write_vectored", a, "one two three 4"), 0)
			wantRead(t, p, "tcp_read", b, 4, "one ")
			call(createData, p, 0, 0)
			want(t, "push", call(push(tcpStreams), p, b), 0)
			want(t, "send", call(send, p, taker.ID()), 0)
			wantRead(t, p, "tcp_read", a, 100, "done")
			// Its last handle was the taker's.
			wantRead(t, p, "tcp_read", a, 100, "")
		})
		ends(t, w.end(taker))
		ends(t, w.end(giver))
		want(t, "what was read", <-texts+<-texts+<-texts, "two three 4")

		// One that is sent to nobody, or not taken, is closed.
		ends(t, w.end(w.spawn(func(p *runner.Process) {
			a, b := pair(t, p)
			call(createData, p, 0, 0)
			call(push(tcpStreams), p, b)
			call(send, p, 999)
			wantRead(t, p, "tcp_read", a, 1, "")
			a, b = pair(t, p)
			call(createData, p, 0, 0)
			call(push(tcpStreams), p, netcall(p, "clone_tcp_stream", b))
			call(createData, p, 0, 0)
			write(p, "tcp_write_vectored", b, "still there")
			wantRead(t, p, "tcp_read", a, 100, "still there")
		})))
		w.rt.Close(t.Context())
	})
}

// Readers on clones have their turns in order; one that is killed, times out, or drops another
// handle does not disturb the rest.
func TestTCPClonesTakeTurns(t *testing.T) {
	noLeaks(t, func() {
		w := newWorld(t)
		streams := make(chan *tcpStream, 2)
		stop := make(chan bool)
		owner := w.spawn(func(p *runner.Process) {
			a, b := pair(t, p)
			x, y := tcpStreams.Get(p, "", a), tcpStreams.Get(p, "", b)
			x.share()
			y.share()
			streams <- x
			streams <- y
			netcall(p, "drop_tcp_stream", b)
			wait(p, stop)
		})
		far, near := <-streams, <-streams
		texts := make(chan string, 10)
		reader := func(name string, millis uint64) *runner.Process {
			near.share()
			n := queued(&near.in)
			p := w.spawn(func(p *runner.Process) {
				s := tcpStreams.Add(p, near)
				other := netcall(p, "clone_tcp_stream", s)
				netcall(p, "drop_tcp_stream", other)
				near.timeouts[readTimeout].Store(millis)
				status, text := read(p, "tcp_read", s, 2)
				if status == timedOut {
					text = "time-out"
				}
				texts <- name + " " + text
			})
			if millis == noTimeout {
				eventually(t, "queued", func() bool { return queued(&near.in) == n+1 })
			}
			return p
		}
		killed := reader("killed", noTimeout)
		first, second := reader("first", noTimeout), reader("second", noTimeout)
		late := reader("late", 5)
		ends(t, w.end(late))
		want(t, "late", <-texts, "late time-out")
		killed2 := reader("killed", noTimeout)
		third := reader("third", noTimeout)
		for _, p := range []*runner.Process{killed, killed2} {
			w.env.Kill(p.ID())
			want(t, "reason", w.end(p).Reason, runner.ExitKilled)
		}
		for _, text := range []string{"first 11", "second 22", "third 33"} {
			if _, err := far.write([][]byte{[]byte(text[len(text)-2:])}); err != nil {
				t.Error(err)
			}
			want(t, "turn", <-texts, text)
		}
		for _, p := range []*runner.Process{first, second, third} {
			ends(t, w.end(p))
		}
		close(stop)
		ends(t, w.end(owner))
		near.Close()
		want(t, "handles", far.handles.Load(), 1)
		if _, err := far.read(make([]byte, 1), false); err != errAgain && err != nil {
			t.Error(err)
		}
		far.Close()
		w.rt.Close(t.Context())
	})
}

// An operation that traps ends its turn.
func TestLaneTrap(t *testing.T) {
	var l lane
	w := newWorld(t)
	wantTrap(t, w.end(w.spawn(func(p *runner.Process) {
		l.run(p, make([]uint64, 4), func() {}, func() (uint64, error) { p.Fail("x", "wrong"); return 0, nil })
	})), "x: wrong")
	ends(t, w.end(w.spawn(func(p *runner.Process) {
		stack := make([]uint64, 4)
		l.run(p, stack, func() {}, func() (uint64, error) { return 5, nil })
		want(t, "status", stack[0], 5)
	})))
	want(t, "operations", queued(&l), 0)
}

// Killed in the middle of whatever waits, processes leave nothing behind.
func TestTCPKilled(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    func(p *runner.Process, ready func())
	}{
		{"accept", func(p *runner.Process, ready func()) {
			l, _ := tcpListen(t, p, local4)
			ready()
			netcall(p, "tcp_accept", l, atOut, atOut+8)
		}},
		{"read", func(p *runner.Process, ready func()) {
			a, _ := pair(t, p)
			ready()
			netcall(p, "tcp_read", a, 0, 10, atOut)
		}},
		{"peek", func(p *runner.Process, ready func()) {
			a, _ := pair(t, p)
			netcall(p, "set_peek_timeout", a, 1<<62)
			ready()
			netcall(p, "tcp_peek", a, 0, 10, atOut)
		}},
		{"write", func(p *runner.Process, ready func()) {
			a, _ := pair(t, p)
			ready()
			for {
				write(p, "tcp_write_vectored", a, string(make([]byte, 8000)))
			}
		}},
		{"udp_receive", func(p *runner.Process, ready func()) {
			u, _ := udpListen(t, p, local4)
			ready()
			netcall(p, "udp_receive", u, 0, 10, atOut)
		}},
		{"udp_receive_from", func(p *runner.Process, ready func()) {
			u, _ := udpListen(t, p, local4)
			ready()
			netcall(p, "udp_receive_from", u, 0, 10, atOut, atOut+8)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noLeaks(t, func() {
				w := newWorld(t)
				began := make(chan bool)
				p := w.spawn(func(p *runner.Process) {
					tt.f(p, func() { close(began) })
					t.Error("returned")
				})
				<-began
				w.env.Kill(p.ID())
				want(t, "reason", w.end(p).Reason, runner.ExitKilled)
				w.rt.Close(t.Context())
			})
		})
	}
}

// What a listener has accepted ahead goes with it.
func TestAcceptAhead(t *testing.T) {
	noLeaks(t, func() {
		w := newWorld(t)
		addr, dialed := make(chan netip.AddrPort, 1), make(chan bool)
		ls := make(chan tcpListener, 1)
		server := w.spawn(func(p *runner.Process) {
			l, a := tcpListen(t, p, local4)
			addr <- a
			ls <- tcpListeners.Get(p, "", l)
			for range 3 {
				want(t, "tcp_accept", netcall(p, "tcp_accept", l, atOut, atOut+8), 0)
			}
			wait(p, dialed)
			netcall(p, "drop_tcp_listener", l)
		})
		a := (<-addr).String()
		var conns []net.Conn
		for range acceptAhead + 20 {
			c, err := net.Dial("tcp", a)
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
		}
		l := <-ls
		eventually(t, "full", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.ready) >= acceptAhead-3 && !l.running })
		close(dialed)
		ends(t, w.end(server))
		for _, c := range conns {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Error("something was read")
			}
			c.Close()
		}
		w.rt.Close(t.Context())
	})
}

// A broken connection is an error of read and write.
func TestTCPReset(t *testing.T) {
	ln := hostListener(t)
	ends(t, in(t, func(p *runner.Process) {
		s := connect(t, p, addrPort(ln.Addr()))
		c, err := ln.AcceptTCP()
		if err != nil {
			t.Fatal(err)
		}
		c.SetLinger(0)
		c.Close()
		status, _ := read(p, "tcp_read", s, 10)
		wantFailure(t, "read", status, p, "read: connection reset")
		wantFailure(t, "write", write(p, "tcp_write_vectored", s, "x", "y"), p, "write: broken pipe")
	}))
}

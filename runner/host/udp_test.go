package host

import (
	"net/netip"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// udpListen makes a socket and returns its id and address.
func udpListen(t *testing.T, p *runner.Process, a netip.AddrPort) (uint64, netip.AddrPort) {
	t.Helper()
	want(t, "udp_bind", netcall(p, "udp_bind", append(addrArgs(p, a), atOut)...), 0)
	id := out(p, 0)
	want(t, "udp_local_addr", netcall(p, "udp_local_addr", id, atOut), 0)
	return id, nextAddr(t, p, out(p, 0))
}

func sendTo(p *runner.Process, id uint64, to netip.AddrPort, text string) uint64 {
	copy(p.Bytes("", atText, uint64(len(text))), text)
	args := append([]uint64{id, atText, uint64(len(text))}, addrArgs(p, to)...)
	return netcall(p, "udp_send_to", append(args, atOut)...)
}

func udpConnectTo(p *runner.Process, id uint64, to netip.AddrPort) uint64 {
	return netcall(p, "udp_connect", append(append([]uint64{id}, addrArgs(p, to)...), 0, atOut)...)
}

func TestUDP(t *testing.T) {
	for _, local := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(local, func(t *testing.T) {
			noLeaks(t, func() {
				w := newWorld(t)
				addr := make(chan netip.AddrPort, 1)
				server := w.spawn(func(p *runner.Process) {
					s, a := udpListen(t, p, netip.MustParseAddrPort(local))
					addr <- a
					want(t, "udp_receive_from", netcall(p, "udp_receive_from", s, atBuf, 100, atOut, atOut+8), 0)
					want(t, "datagram", string(p.Bytes("", atBuf, out(p, 0))), "hello")
					from := nextAddr(t, p, out(p, 1))
					// What does not fit is lost, the next datagram is whole; an empty one is a datagram.
					want(t, "udp_receive", netcall(p, "udp_receive", s, atBuf, 4, atOut), 0)
					want(t, "datagram", string(p.Bytes("", atBuf, out(p, 0))), "long")
					want(t, "udp_receive", netcall(p, "udp_receive", s, atBuf, 4, atOut), 0)
					want(t, "length", out(p, 0), 0)
					want(t, "udp_receive", netcall(p, "udp_receive", s, atBuf, 0, atOut), 0)
					want(t, "udp_receive", netcall(p, "udp_receive", s, atBuf, 100, atOut), 0)
					want(t, "datagram", string(p.Bytes("", atBuf, out(p, 0))), "last")
					want(t, "udp_send_to", sendTo(p, s, from, "answer"), 0)
					want(t, "sent", out(p, 0), 6)
				})
				client := w.spawn(func(p *runner.Process) {
					a := <-addr
					s, own := udpListen(t, p, netip.MustParseAddrPort(local))
					wantFailure(t, "peer of none", netcall(p, "udp_peer_addr", s, atOut), p, "not connected")
					wantFailure(t, "send to none", netcall(p, "udp_send", s, atText, 1, atOut), p, "destination address required")
					want(t, "udp_send_to", sendTo(p, s, a, "hello"), 0)
					want(t, "sent", out(p, 0), 5)
					want(t, "udp_connect", udpConnectTo(p, s, a), 0)
					want(t, "udp_connect's result", out(p, 0), 0)
					want(t, "udp_peer_addr", netcall(p, "udp_peer_addr", s, atOut), 0)
					want(t, "peer", nextAddr(t, p, out(p, 0)), a)
					c := netcall(p, "clone_udp_socket", s)
					netcall(p, "drop_udp_socket", s)
					want(t, "udp_local_addr", netcall(p, "udp_local_addr", c, atOut), 0)
					want(t, "address of the clone", nextAddr(t, p, out(p, 0)), own)
					for _, text := range []string{"long one", "", "x", "last"} {
						copy(p.Bytes("", atText, uint64(len(text))), text)
						want(t, "udp_send", netcall(p, "udp_send", c, atText, uint64(len(text)), atOut), 0)
						want(t, "sent", out(p, 0), uint64(len(text)))
					}
					want(t, "udp_receive", netcall(p, "udp_receive", c, atBuf, 100, atOut), 0)
					want(t, "answer", string(p.Bytes("", atBuf, out(p, 0))), "answer")
				})
				ends(t, w.end(server))
				ends(t, w.end(client))
				w.rt.Close(t.Context())
			})
		})
	}
}

func TestUDPErrors(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		wantFailure(t, "address of another", netcall(p, "udp_bind", append(addrArgs(p, netip.MustParseAddrPort("192.0.2.1:0")), atOut)...), p, "cannot assign")
		s, a := udpListen(t, p, local4)
		wantFailure(t, "address in use", netcall(p, "udp_bind", append(addrArgs(p, a), atOut)...), p, "in use")
		wantFailure(t, "too long", netcall(p, "udp_send_to", append(append([]uint64{s, 0, 65536}, addrArgs(p, a)...), atOut)...), p, "message too long")
		wantFailure(t, "other family", udpConnectTo(p, s, netip.MustParseAddrPort("[::1]:5")), p, "connect: ")
		wantFailure(t, "other family", sendTo(p, s, netip.MustParseAddrPort("[::1]:5"), "x"), p, "sendto: ")
		// The port of a socket that is gone.
		gone, b := udpListen(t, p, local4)
		netcall(p, "drop_udp_socket", gone)
		want(t, "udp_connect", udpConnectTo(p, s, b), 0)
		want(t, "udp_send", netcall(p, "udp_send", s, atText, 1, atOut), 0)
		wantFailure(t, "refused", netcall(p, "udp_receive", s, atBuf, 10, atOut), p, "connection refused")
	}))
}

func TestUDPOptions(t *testing.T) {
	for _, local := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		wantTrap(t, in(t, func(p *runner.Process) {
			s, _ := udpListen(t, p, netip.MustParseAddrPort(local))
			want(t, "broadcast", netcall(p, "get_udp_socket_broadcast", s), 0)
			netcall(p, "set_udp_socket_broadcast", s, 17)
			want(t, "broadcast", netcall(p, "get_udp_socket_broadcast", s), 1)
			netcall(p, "set_udp_socket_broadcast", s, 0)
			want(t, "broadcast", netcall(p, "get_udp_socket_broadcast", s), 0)
			netcall(p, "set_udp_socket_ttl", s, 7)
			want(t, "TTL", netcall(p, "get_udp_socket_ttl", netcall(p, "clone_udp_socket", s)), 7)
			netcall(p, "set_udp_socket_ttl", s, 1000)
		}), "set TTL to 1000")
	}
	ends(t, in(t, func(p *runner.Process) {
		s, _ := udpListen(t, p, netip.MustParseAddrPort("0.0.0.0:0"))
		wantFailure(t, "broadcast without the option", sendTo(p, s, netip.MustParseAddrPort("255.255.255.255:9"), "x"), p, "permission denied")
	}))
}

package host

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// identity is a certificate that has signed itself, for localhost and 127.0.0.1.
type identity struct{ cert, pkcs8, other string }

func makeIdentity(t *testing.T, useRSA bool) identity {
	t.Helper()
	var public, private any
	block := func(typ string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}))
	}
	var id identity
	if useRSA {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		public, private = &k.PublicKey, k
		id.other = block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k), nil)
	} else {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		public, private = &k.PublicKey, k
		der, err := x509.MarshalECPrivateKey(k)
		id.other = block("EC PRIVATE KEY", der, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	id.pkcs8 = block("PRIVATE KEY", der, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err = x509.CreateCertificate(rand.Reader, template, template, public, private)
	id.cert = block("CERTIFICATE", der, err)
	return id
}

// bindTLS calls tls_bind.
func bindTLS(p *runner.Process, a netip.AddrPort, cert, key string) uint64 {
	copy(p.Bytes("", atBuf, uint64(len(cert))), cert)
	copy(p.Bytes("", atBuf+8192, uint64(len(key))), key)
	args := append(addrArgs(p, a), atOut, atBuf, uint64(len(cert)), atBuf+8192, uint64(len(key)))
	return netcall(p, "tls_bind", args...)
}

// listenTLS returns the id and the address of a listener.
func listenTLS(t *testing.T, p *runner.Process, cert, key string) (uint64, netip.AddrPort) {
	t.Helper()
	want(t, "tls_bind", bindTLS(p, local4, cert, key), 0)
	id := out(p, 0)
	want(t, "tls_local_addr", netcall(p, "tls_local_addr", id, atOut), 0)
	return id, nextAddr(t, p, out(p, 0))
}

// connectTLS calls tls_connect with certificates, as (length, pointer) if swapped.
func connectTLS(p *runner.Process, host string, port uint16, millis uint64, swapped bool, certs ...string) uint64 {
	copy(p.Bytes("", atText, uint64(len(host))), host)
	at := uint64(atBuf)
	for i, c := range certs {
		e := p.Bytes("", atIov+8*uint64(i), 8)
		x, y := uint32(at), uint32(len(c))
		if swapped {
			x, y = y, x
		}
		binary.LittleEndian.PutUint32(e, x)
		binary.LittleEndian.PutUint32(e[4:], y)
		at += uint64(copy(p.Bytes("", at, uint64(len(c))), c))
	}
	return netcall(p, "tls_connect", atText, uint64(len(host)), uint64(port), millis, atOut, atIov, uint64(len(certs)))
}

func TestTLSEcho(t *testing.T) {
	ec, rs := makeIdentity(t, false), makeIdentity(t, true)
	for _, tt := range []struct {
		name, host, cert, key string
		swapped               bool
		extra                 []string
	}{
		{"PKCS#8", "localhost", ec.cert, ec.pkcs8, false, nil},
		{"EC, swapped", "127.0.0.1", ec.cert, ec.other, true, nil},
		{"RSA, PKCS#1, chain, junk among what is trusted", "localhost", rs.cert + ec.cert, rs.other, false, []string{"junk", ""}},
		{"RSA, PKCS#8, text before", "localhost", "text\n" + rs.cert, rs.pkcs8, false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			long := strings.Repeat("0123456789abcdef", 8192)
			noLeaks(t, func() {
				w := newWorld(t)
				addr := make(chan netip.AddrPort, 1)
				server := w.spawn(func(p *runner.Process) {
					l, a := listenTLS(t, p, tt.cert, tt.key)
					addr <- a
					want(t, "tls_accept", netcall(p, "tls_accept", l, atOut, atOut+8), 0)
					s := out(p, 0)
					want(t, "peer", nextAddr(t, p, out(p, 1)).Addr(), local4.Addr())
					wantRead(t, p, "tls_read", s, 5, "hello")
					wantRead(t, p, "tls_read", s, 100, ", world")
					for rest := long; rest != ""; rest = rest[out(p, 0):] {
						want(t, "write", write(p, "tls_write_vectored", s, rest[:min(len(rest), 4000)], rest[min(len(rest), 4000):min(len(rest), 7000)]), 0)
					}
					// The rest must arrive although the handle is dropped at once.
					netcall(p, "drop_tls_stream", s)
					netcall(p, "drop_tls_listener", l)
				})
				client := w.spawn(func(p *runner.Process) {
					a := <-addr
					if status := connectTLS(p, tt.host, a.Port(), 5000, tt.swapped, append(tt.extra, tt.cert)...); status != 0 {
						t.Errorf("tls_connect: %d, %s", status, failure(p, 0))
						return
					}
					first := out(p, 0)
					s := netcall(p, "clone_tls_stream", first)
					want(t, "clone", s, first+1)
					netcall(p, "drop_tls_stream", first)
					want(t, "write", write(p, "tls_write_vectored", s, "hello", ", world"), 0)
					want(t, "written", out(p, 0), 12)
					want(t, "flush", netcall(p, "tls_flush", s, atOut), 0)
					wantRead(t, p, "tls_read", s, 0, "")
					var got strings.Builder
					for {
						status, text := read(p, "tls_read", s, 5000)
						want(t, "status", status, 0)
						if text == "" || status != 0 {
							break
						}
						got.WriteString(text)
					}
					want(t, "what was read is what was written", got.String() == long, true)
					wantRead(t, p, "tls_read", s, 10, "")
				})
				ends(t, w.end(server))
				ends(t, w.end(client))
				w.rt.Close(t.Context())
			})
		})
	}
}

func TestTLSTimeouts(t *testing.T) {
	id := makeIdentity(t, false)
	noLeaks(t, func() {
		w := newWorld(t)
		addr, written := make(chan netip.AddrPort, 1), make(chan bool)
		stop := make(chan bool)
		server := w.spawn(func(p *runner.Process) {
			l, a := listenTLS(t, p, id.cert, id.pkcs8)
			addr <- a
			want(t, "tls_accept", netcall(p, "tls_accept", l, atOut, atOut+8), 0)
			s := out(p, 0)
			wait(p, written)
			want(t, "write", write(p, "tls_write_vectored", s, "late"), 0)
			wait(p, stop)
		})
		client := w.spawn(func(p *runner.Process) {
			defer close(stop)
			want(t, "tls_connect", connectTLS(p, "localhost", (<-addr).Port(), noTimeout, false, id.cert), 0)
			s := out(p, 0)
			for _, x := range []struct{ set, get string }{{"set_tls_read_timeout", "get_tls_read_timeout"}, {"set_tls_write_timeout", "get_tls_write_timeout"}} {
				want(t, x.get, netcall(p, x.get, s), noTimeout)
				netcall(p, x.set, s, 20)
				want(t, x.get, netcall(p, x.get, netcall(p, "clone_tls_stream", s)), 20)
			}
			status, _ := read(p, "tls_read", s, 100)
			want(t, "read without data", status, timedOut)
			// The other does not read: what the system takes is bounded.
			for range 10000 {
				if status = write(p, "tls_write_vectored", s, strings.Repeat("x", 8000)); status == 0 {
					continue
				}
				want(t, "write into nothing", status, timedOut)
				if status = netcall(p, "tls_flush", s, atOut); status != 0 {
					break // it was not just slow
				}
			}
			want(t, "flush", status, timedOut)
			close(written)
			netcall(p, "set_tls_read_timeout", s, noTimeout)
			wantRead(t, p, "tls_read", s, 100, "late")
		})
		ends(t, w.end(client))
		ends(t, w.end(server))
		w.rt.Close(t.Context())
	})
}

// What goes wrong in a handshake is an error of accept or connect.
func TestTLSHandshakeErrors(t *testing.T) {
	id, other := makeIdentity(t, false), makeIdentity(t, false)
	noLeaks(t, func() {
		w := newWorld(t)
		addr := make(chan netip.AddrPort, 1)
		server := w.spawn(func(p *runner.Process) {
			want(t, "tls_bind", bindTLS(p, netip.MustParseAddrPort("0.0.0.0:0"), id.cert, id.pkcs8), 0)
			l := out(p, 0)
			addr <- netip.AddrPortFrom(local4.Addr(), tlsListeners.Get(p, "", l).addr().Port())
			good := 0
			for range 4 { // in the order in which the handshakes end
				status := netcall(p, "tls_accept", l, atOut, atOut+8)
				if status == 0 {
					good++
					continue
				}
				wantFailure(t, "tls_accept", status, p, "handshake with 127.0.0.")
				want(t, "peer", out(p, 1), 0)
			}
			want(t, "handshakes that succeed", good, 1)
		})
		a := <-addr
		// These two say nothing, and keep nobody out.
		for range 2 {
			mute, err := net.Dial("tcp", a.String())
			if err != nil {
				t.Fatal(err)
			}
			defer mute.Close()
		}
		rude, err := net.Dial("tcp", a.String())
		if err != nil {
			t.Fatal(err)
		}
		defer rude.Close()
		io.WriteString(rude, "GET / HTTP/1.1\r\n\r\n")
		client := w.spawn(func(p *runner.Process) {
			wantFailure(t, "not trusted", connectTLS(p, "localhost", a.Port(), noTimeout, false, other.cert), p, "unknown authority")
			wantFailure(t, "other name", connectTLS(p, "127.0.0.2", a.Port(), noTimeout, false, id.cert), p, "not 127.0.0.2")
			wantFailure(t, "no certificate", connectTLS(p, "localhost", a.Port(), noTimeout, false, "junk"), p, "no certificate to trust")
			wantFailure(t, "empty host", connectTLS(p, "", a.Port(), noTimeout, false, id.cert), p, "no such host")
			wantFailure(t, "long host", connectTLS(p, strings.Repeat("a", 2000), a.Port(), noTimeout, false, id.cert), p, "longer than 1024")
			want(t, "good", connectTLS(p, "localhost", a.Port(), noTimeout, false, id.cert), 0)
		})
		ends(t, w.end(client))
		ends(t, w.end(server))
		w.rt.Close(t.Context())
	})
}

// The timeout of tls_connect includes the handshake; a kill ends it at once.
func TestTLSConnectToMute(t *testing.T) {
	noLeaks(t, func() {
		ln := hostListener(t)
		w := newWorld(t)
		port := addrPort(ln.Addr()).Port()
		ends(t, w.end(w.spawn(func(p *runner.Process) {
			want(t, "tls_connect", connectTLS(p, "127.0.0.1", port, 30, false), timedOut)
			want(t, "its error", failure(p, 0), "timed out")
		})))
		client := w.spawn(func(p *runner.Process) { connectTLS(p, "127.0.0.1", port, noTimeout, false) })
		for range 2 { // the second is the one that is killed
			c, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.Read(make([]byte, 10)) // the handshake has begun
		}
		w.env.Kill(client.ID())
		want(t, "reason", w.end(client).Reason, runner.ExitKilled)
		w.rt.Close(t.Context())
		ln.Close()
	})
}

// A listener that ends closes the handshakes, and a process that is killed its listener.
func TestTLSAcceptKilled(t *testing.T) {
	id := makeIdentity(t, false)
	noLeaks(t, func() {
		w := newWorld(t)
		addr := make(chan netip.AddrPort, 1)
		server := w.spawn(func(p *runner.Process) {
			l, a := listenTLS(t, p, id.cert, id.pkcs8)
			addr <- a
			netcall(p, "tls_accept", l, atOut, atOut+8)
			t.Error("accepted")
		})
		a := <-addr
		mute, err := net.Dial("tcp", a.String())
		if err != nil {
			t.Fatal(err)
		}
		defer mute.Close()
		// The handshake has begun when the server answers a first half.
		io.WriteString(mute, "\x16\x03\x01")
		w.env.Kill(server.ID())
		want(t, "reason", w.end(server).Reason, runner.ExitKilled)
		mute.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := mute.Read(make([]byte, 1)); err == nil {
			t.Error("the connection goes on")
		}
		w.rt.Close(t.Context())
	})
}

// More clients that say nothing than may be in a handshake do not end accepting.
func TestTLSManyMute(t *testing.T) {
	id := makeIdentity(t, false)
	pair, err := tls.X509KeyPair([]byte(id.cert), []byte(id.pkcs8))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	got := make(chan uint64, 1)
	start := make(chan *listener, 1)
	w.spawn(func(p *runner.Process) {
		l, err := listen(p, local4, &tls.Config{Certificates: []tls.Certificate{pair}})
		if err != nil {
			t.Error(err)
		}
		start <- l
		got <- netcall(p, "tls_accept", tlsListeners.Add(p, tlsListener{l}), atOut, atOut+8)
	})
	l := <-start
	var mute []net.Conn
	for range tlsAhead + 10 {
		c, err := net.Dial("tcp", l.addr().String())
		if err != nil {
			t.Fatal(err)
		}
		mute = append(mute, c)
	}
	eventually(t, "full", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.shaking == tlsAhead && !l.running })
	for _, c := range mute {
		c.Close()
	}
	want(t, "the first failure", <-got, failed)
}

func TestTLSBind(t *testing.T) {
	id, other := makeIdentity(t, false), makeIdentity(t, false)
	ends(t, in(t, func(p *runner.Process) {
		wantFailure(t, "key of another", bindTLS(p, local4, id.cert, other.pkcs8), p, "private key does not match")
		wantFailure(t, "address of another", bindTLS(p, netip.MustParseAddrPort("192.0.2.1:0"), id.cert, id.pkcs8), p, "cannot assign")
		wantFailure(t, "broken certificate", bindTLS(p, local4, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", id.pkcs8), p, "x509")
	}))
	for _, tt := range []struct {
		name string
		f    func(p *runner.Process)
		want string
	}{
		{"no certificate", func(p *runner.Process) { bindTLS(p, local4, id.pkcs8, id.pkcs8) }, "cert: no PEM block CERTIFICATE"},
		{"no key", func(p *runner.Process) { bindTLS(p, local4, id.cert, "") }, "key: no PEM block PRIVATE KEY"},
		{"long key", func(p *runner.Process) {
			netcall(p, "tls_bind", append(addrArgs(p, local4), atOut, 0, 10, 0, 20000)...)
		}, "cert: no PEM block"},
		{"certificate outside", func(p *runner.Process) {
			netcall(p, "tls_bind", append(addrArgs(p, local4), atOut, far, 8, 0, 0)...)
		}, "cert: 8 bytes"},
		{"key outside", func(p *runner.Process) {
			netcall(p, "tls_bind", append(addrArgs(p, local4), atOut, 0, 8, far, 8)...)
		}, "key: 8 bytes"},
		{"result outside", func(p *runner.Process) {
			netcall(p, "tls_bind", append(addrArgs(p, local4), far, 0, 8, 0, 8)...)
		}, "id_ptr: 8 bytes"},
		{"certs outside", func(p *runner.Process) {
			netcall(p, "tls_connect", 0, 1, 1, 0, atOut, far, 1)
		}, "certs: 8 bytes"},
		{"too many certs", func(p *runner.Process) {
			netcall(p, "tls_connect", 0, 1, 1, 0, atOut, 0, 1<<29)
		}, "certs: 536870912 entries are too many"},
		{"cert outside", func(p *runner.Process) {
			binary.LittleEndian.PutUint64(p.Bytes("", atIov, 8), 1<<64-1)
			netcall(p, "tls_connect", 0, 1, 1, 0, atOut, atIov, 1)
		}, "certs: 4294967295 bytes"},
		{"host is not UTF-8", func(p *runner.Process) {
			p.Bytes("", 0, 1)[0] = 0xff
			netcall(p, "tls_connect", 0, 1, 1, 0, atOut, 0, 0)
		}, "host: invalid UTF-8"},
		{"host outside", func(p *runner.Process) { netcall(p, "tls_connect", far, 8, 1, 0, atOut, 0, 0) }, "host: 8 bytes"},
		{"connect's result outside", func(p *runner.Process) { netcall(p, "tls_connect", 0, 1, 1, 0, far, 0, 0) }, "id_ptr: 8 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantTrap(t, in(t, tt.f), tt.want) })
	}
}

// An array of certificates that is long, or all of the memory again and again, is refused soon.
func TestTrustedIsBounded(t *testing.T) {
	ends(t, in(t, func(p *runner.Process) {
		for i := range uint64(64) {
			e := p.Bytes("", atIov+8*i, 8)
			binary.LittleEndian.PutUint32(e, 0)
			binary.LittleEndian.PutUint32(e[4:], 65536)
		}
		_, err := trusted(p, atIov, 64)
		if err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
			t.Errorf("got %v", err)
		}
	}))
}

// Go's TLS, as any other implementation, talks to the guest's.
func TestTLSWithGo(t *testing.T) {
	id := makeIdentity(t, false)
	w := newWorld(t)
	addr := make(chan netip.AddrPort, 1)
	server := w.spawn(func(p *runner.Process) {
		l, a := listenTLS(t, p, id.cert, id.pkcs8)
		addr <- a
		var s uint64
		sum := uint64(0) // one is TLS 1.1 and fails, whichever comes first
		for range 2 {
			status := netcall(p, "tls_accept", l, atOut, atOut+8)
			if sum += status; status == ok {
				s = out(p, 0)
			}
		}
		want(t, "failures", sum, failed)
		want(t, "write", write(p, "tls_write_vectored", s, "hello"), 0)
		wantRead(t, p, "tls_read", s, 10, "")
	})
	a := <-addr
	if c, err := tls.Dial("tcp", a.String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		c.Close()
		t.Error("TLS 1.1")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}}
	c, err := d.DialContext(ctx, "tcp", a.String())
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "hello" {
		t.Errorf("got %q, %v", b, err)
	}
	c.Close()
	ends(t, w.end(server))
}

//go:build wasip1

package lunatic_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	lunatic "github.com/lunatic-go/lunatic/rtlib/go"
)

// listen makes a listener on a free port.
func listen(t *testing.T) *lunatic.Listener {
	t.Helper()
	l, err := lunatic.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// pair returns both sides of a connection.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l := listen(t)
	accepted := make(chan net.Conn)
	go func() { accepted <- must(l.Accept()) }()
	client = must(lunatic.DialContext(soon(t), "tcp", l.Addr().String()))
	server = <-accepted
	if got, want := server.LocalAddr().String(), l.Addr().String(); got != want {
		t.Errorf("local address: got %s, want %s", got, want)
	}
	if got, want := client.RemoteAddr().String(), l.Addr().String(); got != want {
		t.Errorf("remote address: got %s, want %s", got, want)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// Both sides write a lot before they read: somebody has to wait for room, and be woken.
func TestTCP(t *testing.T) {
	client, server := pair(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	var wg sync.WaitGroup
	for _, c := range []net.Conn{client, server} {
		wg.Go(func() {
			if n, err := c.Write(data); n != len(data) || err != nil {
				t.Errorf("write: %d, %v", n, err)
			}
		})
		wg.Go(func() {
			got := make([]byte, len(data))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, data) {
				t.Errorf("read: %v", err)
			}
		})
	}
	wg.Wait()
	server.Close()
	if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read at the end: %d, %v", n, err)
	}
}

func TestDeadlines(t *testing.T) {
	client, server := pair(t)
	client.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := client.Read(make([]byte, 1))
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	client.SetReadDeadline(time.Time{})
	server.Write([]byte("x"))
	if n, err := client.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("read after a time-out: %d, %v", n, err)
	}
	client.SetWriteDeadline(time.Now().Add(time.Millisecond))
	for err = nil; err == nil; {
		_, err = client.Write(make([]byte, 1<<20)) // until nothing fits any more
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
}

// What waits ends when the handle is closed.
func TestCloseWakes(t *testing.T) {
	l := listen(t)
	client, _ := pair(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("accept: %v", err)
		}
	})
	wg.Go(func() {
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: %v", err)
		}
	})
	time.Sleep(time.Millisecond)
	l.Close()
	client.Close()
	wg.Wait()
	if _, err := client.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write: %v", err)
	}
	if err := client.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("close again: %v", err)
	}
}

func TestDialFails(t *testing.T) {
	l := listen(t)
	addr := l.Addr().String()
	l.Close()
	if _, err := lunatic.Dial("tcp", addr); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := lunatic.DialContext(gone, "tcp", addr); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, bad := range []string{"nonsense", "127.0.0.1:http/", "[::1]"} {
		if _, err := lunatic.Dial("tcp", bad); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	if _, err := lunatic.Dial("unix", "x:1"); err == nil {
		t.Error("unix: no error")
	}
}

// echoes serves a connection that it is given.
var echoes = lunatic.Register("echoes", func(_ lunatic.Mailbox[lunatic.None], c *lunatic.TCPConn) error {
	defer c.Close()
	_, err := io.Copy(c, c)
	return err
})

// catcher receives connections in messages.
var catcher = lunatic.Register("catcher", func(inbox lunatic.Mailbox[net.Conn], _ lunatic.None) error {
	for {
		c, err := inbox.Receive(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(c, "hello from another process")
		c.Close()
	}
})

func TestSendConnection(t *testing.T) {
	client, server := pair(t)
	must(echoes.Spawn(server.(*lunatic.TCPConn)))
	if _, err := server.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write to a connection that was sent: %v", err)
	}
	client.Write([]byte("ping"))
	got := make([]byte, 4)
	if _, err := io.ReadFull(client, got); string(got) != "ping" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}

	client, server = pair(t)
	kept := server.(*lunatic.TCPConn).Clone()
	p := must(catcher.Spawn(lunatic.None{}))
	p.Send(server)
	text := make([]byte, 26)
	if _, err := io.ReadFull(client, text); string(text) != "hello from another process" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	kept.Write([]byte("x")) // the connection is open as long as there is a handle
	if n, err := client.Read(text); n != 1 || err != nil {
		t.Errorf("read from the clone: %d, %v", n, err)
	}
	kept.Close()
	if n, err := client.Read(text); n != 0 || err != io.EOF {
		t.Errorf("read at the end: %d, %v", n, err)
	}
	p.Kill()
}

// A connection in a spawn that fails stays.
func TestConnectionComesBack(t *testing.T) {
	client, server := pair(t)
	_, err := echoes.Spawn(server.(*lunatic.TCPConn), lunatic.WithConfig(&lunatic.Config{Dirs: []string{"no such directory"}}))
	if err == nil {
		t.Fatal("no error")
	}
	client.Write([]byte("x"))
	if n, err := server.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("read: %d, %v", n, err)
	}
}

func TestHTTP(t *testing.T) {
	l := listen(t)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body)
	})}
	go server.Serve(l)
	client := &http.Client{Transport: &http.Transport{DialContext: lunatic.DialContext}}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			res, err := client.Post(fmt.Sprintf("http://%s/%d", l.Addr(), i), "text/plain", strings.NewReader("body"))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			got := string(must(io.ReadAll(res.Body)))
			if want := fmt.Sprintf("POST /%d body", i); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	wg.Wait()
	if err := server.Shutdown(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	certificate, key := newCertificate(t)
	l, err := lunatic.ListenTLS("tcp", "127.0.0.1:0", certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secret") }))
	client := &http.Client{Transport: &http.Transport{
		DialTLSContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return lunatic.DialTLS(ctx, address, certificate)
		},
	}}
	res, err := client.Get("https://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if got := string(must(io.ReadAll(res.Body))); got != "secret" {
		t.Errorf("got %q", got)
	}
	// Who does not trust the certificate is refused, and the server goes on.
	if _, err := lunatic.DialTLS(soon(t), l.Addr().String()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
	c, err := lunatic.DialTLS(soon(t), l.Addr().String(), certificate)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := lunatic.ListenTLS("tcp", "127.0.0.1:0", certificate, must(newKey(t))); err == nil {
		t.Error("a key of another certificate is no error")
	}
}

func newKey(t *testing.T) ([]byte, error) {
	_, key := newCertificate(t)
	return key, nil
}

func newCertificate(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private))
	encode := func(kind string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}) }
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(private)))
}

func TestUDP(t *testing.T) {
	server, err := lunatic.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := lunatic.Dial("udp", server.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, _, err := server.ReadFrom(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	server.SetReadDeadline(time.Time{})
	go func() {
		b := make([]byte, 10)
		n, from, err := server.ReadFrom(b)
		if err != nil {
			t.Error(err)
			return
		}
		server.WriteTo(bytes.ToUpper(b[:n]), from)
	}()
	client.Write([]byte("ping"))
	b := make([]byte, 2) // what does not fit is lost
	client.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := client.Read(b); string(b[:n]) != "PI" || err != nil {
		t.Errorf("got %q, %v", b[:n], err)
	}
	if client.RemoteAddr().String() != server.LocalAddr().String() {
		t.Errorf("remote address: %v", client.RemoteAddr())
	}
	if _, err := server.WriteTo([]byte("x"), &net.UnixAddr{}); err == nil {
		t.Error("an address of another network is no error")
	}
	server.SetBroadcast(true)
	server.SetTTL(7)
}

func TestResolve(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:80": "[127.0.0.1:80]", "[::1]:0": "[[::1]:0]", ":7": "[0.0.0.0:7]",
	} {
		if got, err := lunatic.Resolve(soon(t), address); fmt.Sprint(got) != want || err != nil {
			t.Errorf("%s: got %v, %v", address, got, err)
		}
	}
	// Whatever there is on the network: no answer takes for ever, and none is a trap.
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := lunatic.Resolve(short, "no-such-host.invalid:1"); err == nil {
		t.Error("a name that cannot be has an address")
	}
}

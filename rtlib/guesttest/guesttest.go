// Package guesttest runs programs of the guest libraries' tests.
package guesttest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/lunatic-go/lunatic/runner"
	"github.com/lunatic-go/lunatic/runner/host"
	"github.com/lunatic-go/lunatic/transform"
)

// A Program is run plainly and under every stress, and has to do the same each time.
type Program struct {
	File   string // the module, as the compiler has written it
	Config runner.ProcessConfig
	Stdin  string

	Stdout string   // all that it prints
	Stderr []string // what is to be found in its standard error and the log, among others
	Code   uint32   // its exit code
}

// patience is how long a program may take. It is only reached by failures.
const patience = 2 * time.Minute

var modes = []struct {
	name   string
	stress runner.Stress
}{
	{"plain", 0},
	{"suspend", runner.StressSuspend},
	{"yield", runner.StressYield},
	{"all", runner.StressAll},
}

// Run runs the program.
func Run(t *testing.T, p Program) {
	artifact := p.build(t)
	cache := t.TempDir() // every mode runs the same compiled code
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) { p.run(t, artifact, cache, m.stress) })
	}
}

func (p Program) run(t *testing.T, artifact []byte, cache string, stress runner.Stress) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stdout, stderr := newLog(), newLog()
	rt, err := runner.New(ctx, runner.Config{
		Namespaces: host.All(), Stress: stress, CacheDir: cache, Stdout: stdout, Stderr: stderr, Stdin: strings.NewReader(p.Stdin),
		Build: func(ctx context.Context, module []byte) ([]byte, error) {
			artifact, _, err := transform.Build(ctx, module, transform.Options{})
			return artifact, err
		},
		OnFailure: func(_ *runner.Process, e runner.Exit) { stderr.Write([]byte(e.Err.Error() + "\n")) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(context.Background())
	mod, err := rt.Load(ctx, artifact)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := rt.Run(ctx, mod, p.Config)
	if ended := exit.Reason == runner.ExitNormal || p.Code != 0 && exit.Reason == runner.ExitFailed; err != nil || !ended || exit.Code != p.Code {
		t.Errorf("ended: %v, code %d, %v, %v; want code %d", exit.Reason, exit.Code, exit.Err, err, p.Code)
	}
	if got := stdout.String(); got != p.Stdout {
		t.Errorf("got\n%s\nwant\n%s", got, p.Stdout)
	}
	for _, want := range p.Stderr {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("standard error without %q", want)
		}
	}
	if t.Failed() {
		t.Logf("standard error:\n%s", stderr)
	}
}

// NewCertificate makes a certificate for this machine that is its own authority, and its key, in
// PEM.
func NewCertificate(t *testing.T) (certificate, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "localhost"},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

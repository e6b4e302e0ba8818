package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/lunatic-go/lunatic/runner"
)

// texts decodes strings of bincode.
func texts(t *testing.T, data string) (all []string) {
	t.Helper()
	for len(data) >= 8 {
		n := binary.LittleEndian.Uint64([]byte(data))
		if n > uint64(len(data)-8) {
			break
		}
		all = append(all, data[8:8+n])
		data = data[8+n:]
	}
	if data != "" {
		t.Fatalf("%d bytes are left over", len(data))
	}
	return all
}

// at puts texts into the guest's memory, far from what its allocator gives, and returns
// their addresses and lengths.
func at(p *runner.Process, all ...string) (words []uint64) {
	next := uint64(30000)
	for _, s := range all {
		ptr, n := text(p, next, s)
		words = append(words, ptr, n)
		next += n
	}
	return words
}

func csr(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "node"}, DNSNames: []string{"node-1"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// The certificates verify against the authority, for the names that they are for.
func TestCertificates(t *testing.T) {
	request := csr(t)
	ends(t, sqliteRun(t, allocGuest, nil, func(p *runner.Process) {
		ca := texts(t, given(p, testRootCert))
		want(t, "texts of the authority", len(ca), 2)
		if _, err := tls.X509KeyPair([]byte(ca[0]), []byte(ca[1])); err != nil {
			t.Error(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(ca[0]))
		verify := func(text, name string) *x509.Certificate {
			block, _ := pem.Decode([]byte(text))
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			cert.UnhandledCriticalExtensions = nil
			if _, err := cert.Verify(x509.VerifyOptions{DNSName: name, Roots: pool}); err != nil {
				t.Error(err)
			}
			return cert
		}
		server := texts(t, given(p, defaultServerCertificates, at(p, ca...)...))
		want(t, "texts of the server", len(server), 2)
		verify(server[0], "ctrl.lunatic.cloud")
		if _, err := tls.X509KeyPair([]byte(server[0]), []byte(server[1])); err != nil {
			t.Error(err)
		}
		node := texts(t, given(p, signNode, at(p, ca[0], ca[1], request)...))
		want(t, "texts of the node", len(node), 1)
		cert := verify(node[0], "node-1")
		found := ""
		for _, e := range cert.Extensions {
			if e.Id.Equal(nodeAttributes) {
				found = string(e.Value)
			}
		}
		want(t, "attributes", found, privileged)
	}))
}

func TestCertificateMisuse(t *testing.T) {
	request := csr(t)
	tests := []struct {
		name string
		f    func(p *runner.Process, cert, key string)
		want string
	}{
		{"length outside", func(p *runner.Process, _, _ string) { call(testRootCert, p, 65533+1<<32) }, "len_ptr: 4 bytes"},
		{"no PEM", func(p *runner.Process, _, key string) { given(p, defaultServerCertificates, at(p, "cert", key)...) }, "cert_pem: no PEM"},
		{"a key for a certificate", func(p *runner.Process, _, key string) { given(p, defaultServerCertificates, at(p, key, key)...) }, "cert_pem: x509"},
		{"a certificate for a key", func(p *runner.Process, cert, _ string) { given(p, defaultServerCertificates, at(p, cert, cert)...) }, "key_pem: "},
		{"long PEM", func(p *runner.Process, _, key string) {
			given(p, defaultServerCertificates, at(p, strings.Repeat("-", 8193), key)...)
		}, "cert_pem: 8193 bytes are too many"},
		{"outside", func(p *runner.Process, _, _ string) { given(p, signNode, 1<<32-1, 2, 0, 0, 0, 0) }, "cert_pem: 2 bytes"},
		{"no request", func(p *runner.Process, cert, key string) { given(p, signNode, at(p, cert, key, cert)...) }, "csr_pem"},
		{"damaged request", func(p *runner.Process, cert, key string) {
			block, _ := pem.Decode([]byte(request))
			block.Bytes[len(block.Bytes)-5] ^= 1
			given(p, signNode, at(p, cert, key, string(pem.EncodeToMemory(block)))...)
		}, "csr_pem"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			misused(t, sqliteRun(t, allocGuest, nil, func(p *runner.Process) {
				ca, err := testCA()
				if err != nil {
					t.Fatal(err)
				}
				tt.f(p, ca[0], ca[1])
			}), tt.want)
		})
	}
	misused(t, in(t, func(p *runner.Process) { call(testRootCert, p, 512) }), `does not export the function "lunatic_alloc"`)
}

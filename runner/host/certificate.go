package host

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/lunatic-go/lunatic/runner"
)

// The certificates that a control server written as a guest hands to the nodes of a
// cluster. Bad PEM traps. Results are bincode: each text is its length as u64 and its bytes.

// controlServer is the name in the certificate of a control server.
const controlServer = "ctrl.lunatic.cloud"

// nodeAttributes is the extension of a node's certificate that says what it may do, and
// privileged what it says: everything, as Lunatic's own control server has it.
var nodeAttributes = asn1.ObjectIdentifier{2, 5, 29, 9}

const privileged = `{"allowed_envs":[],"is_privileged":true}`

// validity is how long certificates are valid.
const validity = 10 * 365 * 24 * time.Hour

// testCA is the authority for tests, made anew in every run of this program: unlike that of
// Lunatic its key is not public.
var testCA = sync.OnceValues(func() ([2]string, error) {
	template := certificate("Lunatic test CA")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	return newCertificate(template, nil, nil)
})

// testRootCert is len_ptr -> pointer to the test authority's certificate and key.
func testRootCert(p *runner.Process, stack []uint64) {
	ca, err := testCA()
	if err != nil {
		p.Fail("", "%v", err)
	}
	stack[0] = give(p, "len_ptr", stack[0], bincodeTexts(ca[:]...))
}

// defaultServerCertificates is cert, key, len_ptr -> pointer to a new certificate and key
// for a control server.
func defaultServerCertificates(p *runner.Process, stack []uint64) {
	out := stack[4]
	p.Bytes("len_ptr", out, 4)
	ca, key := authority(p, stack)
	template := certificate(controlServer)
	template.DNSNames = []string{controlServer}
	pair, err := newCertificate(template, ca, key)
	if err != nil {
		p.Fail("", "%v", err)
	}
	stack[0] = give(p, "len_ptr", out, bincodeTexts(pair[:]...))
}

// signNode is cert, key, csr, len_ptr -> pointer to the certificate of a node.
func signNode(p *runner.Process, stack []uint64) {
	out := stack[6]
	p.Bytes("len_ptr", out, 4)
	ca, key := authority(p, stack)
	request, err := x509.ParseCertificateRequest(pemBlock(p, "csr_pem", stack[4], stack[5]))
	if err == nil {
		err = request.CheckSignature()
	}
	if err != nil {
		p.Fail("csr_pem", "%v", err)
	}
	template := certificate(request.Subject.CommonName)
	template.Subject, template.DNSNames, template.IPAddresses = request.Subject, request.DNSNames, request.IPAddresses
	template.ExtraExtensions = []pkix.Extension{{Id: nodeAttributes, Value: []byte(privileged)}}
	text, err := sign(template, ca, request.PublicKey, key)
	if err != nil {
		p.Fail("csr_pem", "%v", err)
	}
	stack[0] = give(p, "len_ptr", out, bincodeTexts(text))
}

// authority reads cert_pem and key_pem, the first four words.
func authority(p *runner.Process, stack []uint64) (*x509.Certificate, crypto.Signer) {
	cert, err := x509.ParseCertificate(pemBlock(p, "cert_pem", stack[0], stack[1]))
	if err != nil {
		p.Fail("cert_pem", "%v", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(pemBlock(p, "key_pem", stack[2], stack[3]))
	signer, ok := key.(crypto.Signer)
	if err == nil && !ok {
		err = errors.New("not a key that signs")
	}
	if err != nil {
		p.Fail("key_pem", "%v", err)
	}
	return cert, signer
}

// maxPEM is the length in bytes above which a text is not looked at.
const maxPEM = 8 << 10

// pemBlock returns what the first block of a text contains.
func pemBlock(p *runner.Process, argument string, ptr, n uint64) []byte {
	if n > maxPEM {
		p.Fail(argument, "%d bytes are too many", n)
	}
	block, _ := pem.Decode(p.Bytes(argument, ptr, n))
	if block == nil {
		p.Fail(argument, "no PEM")
	}
	return block.Bytes
}

// certificate is what all certificates have in common.
func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// newCertificate makes a key and a certificate for it, signed by itself if ca is nil.
func newCertificate(template, ca *x509.Certificate, caKey crypto.Signer) (pair [2]string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair, err
	}
	if ca == nil {
		ca, caKey = template, key
	}
	if pair[0], err = sign(template, ca, key.Public(), caKey); err != nil {
		return pair, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	pair[1] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return pair, err
}

// sign returns a certificate as PEM.
func sign(template, ca *x509.Certificate, public any, key crypto.Signer) (string, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return "", err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, ca, public, key)
	if err != nil {
		return "", fmt.Errorf("certificate: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

// bincodeTexts encodes strings one after the other.
func bincodeTexts(texts ...string) []byte {
	var b []byte
	for _, s := range texts {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

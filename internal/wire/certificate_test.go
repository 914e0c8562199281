package wire

import (
	"crypto/x509"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatIsKeptOfACertificateIsBounded: whoever makes a certificate makes each of its texts as long as a handshake may be.
func TestWhatIsKeptOfACertificateIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100<<10)
	cert := &x509.Certificate{SerialNumber: new(big.Int).Lsh(big.NewInt(1), 800_000)}
	cert.Subject.CommonName, cert.Issuer.CommonName = long, long
	for range 1000 {
		cert.DNSNames = append(cert.DNSNames, long)
	}
	c := describe(cert)
	lengths := map[string]int{"subject": len(c.Subject), "issuer": len(c.Issuer), "names": len(strings.Join(c.Names, "")), "serial": len(c.Serial)}
	if diff := cmp.Diff(map[string]int{"subject": 1 << 10, "issuer": 1 << 10, "names": 100 * 256, "serial": 64}, lengths); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(c.Serial, "1000") || !strings.HasSuffix(c.Serial, "…") {
		t.Errorf("%q does not say that it was cut", c.Serial)
	}
	cert.SerialNumber = new(big.Int).SetBytes([]byte(strings.Repeat("\xff", 20)))
	if got := describe(cert).Serial; got != strings.Repeat("ff", 20) {
		t.Errorf("%q was cut", got)
	}
}

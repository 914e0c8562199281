package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what names a certificate in the document; nothing is trusted by it
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"sync"
	"time"
)

// MetadataPath is where Exchange publishes the certificate by which it signs tokens (Microsoft Learn, "Validate an Exchange
// identity token").
const MetadataPath = "/autodiscover/metadata/json/1"

// authMetadata answers with the document, for everybody. The certificate is made once, and not of RSA as Exchange's is:
// making such a key takes long.
func authMetadata(_ *exchange, w http.ResponseWriter, _ *http.Request) {
	Answer(w, http.StatusOK, "application/json; charset=utf-8", healthyMetadata())
}

var healthyMetadata = sync.OnceValue(func() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "Microsoft Exchange Server Auth Certificate"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(5, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return Metadata(SigningKey(der))
})

// SigningKey is an entry of the document's keys.
func SigningKey(der []byte) map[string]any {
	sum := sha1.Sum(der) //nolint:gosec // as above
	return map[string]any{
		"usage":    "signing",
		"keyInfo":  map[string]any{"x5t": base64.RawURLEncoding.EncodeToString(sum[:])},
		"keyValue": map[string]any{"type": "x509Certificate", "value": base64.StdEncoding.EncodeToString(der)},
	}
}

// Metadata is the document with these keys.
func Metadata(keys ...map[string]any) string {
	const principal = "00000002-0000-0ff1-ce00-000000000000"
	text, err := json.Marshal(map[string]any{
		"id": "_" + newGUID(), "version": "1.0", "name": "Exchange", "realm": MailDomain,
		"serviceName": principal, "issuer": principal + "@" + MailDomain, "allowedAudiences": []string{principal + "@" + MailDomain},
		"keys":      keys,
		"endpoints": []map[string]any{{"location": "https://" + Service + MetadataPath, "protocol": "OAuth2", "usage": "metadata"}},
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

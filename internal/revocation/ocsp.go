package revocation

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// ReadOCSP reads an OCSP response (RFC 6960) about the certificate. An error says why it is of no use.
func (at *Place) ReadOCSP(body []byte, now time.Time) error {
	r, err := parseOCSP(body, at.Leaf, at.Issuer)
	if err != nil {
		return fmt.Errorf("it is no OCSP response for the certificate: %w", err)
	}
	if err := responder(r.Certificate, at.Issuer, now); err != nil {
		return err
	}
	if err := fresh(r.ThisUpdate, r.NextUpdate, now); err != nil {
		return err
	}
	at.until = r.NextUpdate
	switch r.Status {
	case ocsp.Good:
		at.Status = Good
	case ocsp.Revoked:
		at.Status = Revoked
	default:
		return errors.New("the responder does not know the certificate")
	}
	return nil
}

// parseOCSP parses a response and checks its signature. The library takes every certificate in a response for one that
// the issuer signed; some responders put the issuer's own there, which it did not sign unless it is a root.
func parseOCSP(body []byte, leaf, issuer *x509.Certificate) (*ocsp.Response, error) {
	r, err := ocsp.ParseResponseForCert(body, leaf, issuer)
	if err == nil {
		return r, nil
	}
	own, ownErr := ocsp.ParseResponseForCert(body, leaf, nil)
	if ownErr == nil && own.Certificate != nil && own.Certificate.Equal(issuer) {
		return own, nil
	}
	return nil, err
}

// responder tells whether a certificate may sign OCSP responses for an issuer that signed it, as was checked: it must be
// made for it (RFC 6960 section 4.2.2.2). Nil is the issuer itself.
func responder(cert, issuer *x509.Certificate, now time.Time) error {
	switch {
	case cert == nil || cert.Equal(issuer):
		return nil
	case !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return fmt.Errorf("the response is signed with the certificate %s, which is not made for that", cert.Subject)
	case now.Before(cert.NotBefore) || now.After(cert.NotAfter):
		return fmt.Errorf("the response is signed with the certificate %s, which is valid from %s to %s", cert.Subject, cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

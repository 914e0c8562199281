package revocation

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// clockSkew is how far ahead of ours a signer's clock may be.
const clockSkew = 5 * time.Minute

// readCRL reads a certificate revocation list (RFC 5280 section 5), DER or PEM, and looks the certificate up in it. An
// error says why the list is of no use.
func (at *Place) readCRL(body []byte, now time.Time) error {
	if block, _ := pem.Decode(body); block != nil {
		body = block.Bytes
	}
	list, entries, err := parseCRL(body)
	if err != nil {
		return fmt.Errorf("it cannot be read as a revocation list of version 2: %w", err)
	}
	if !bytes.Equal(list.RawIssuer, at.Leaf.RawIssuer) {
		return fmt.Errorf("the list is %s's, and the certificate's issuer is %s", list.Issuer, at.Leaf.Issuer)
	}
	if err := list.CheckSignatureFrom(at.Issuer); err != nil {
		return fmt.Errorf("the list is not signed by the certificate's issuer: %w", err)
	}
	if err := fresh(list.ThisUpdate, list.NextUpdate, now); err != nil {
		return err
	}
	if err := complete(list, at.URL); err != nil {
		return err
	}
	listed, err := lists(entries, at.Leaf.SerialNumber)
	if err != nil {
		return err
	}
	at.Status, at.until = Good, list.NextUpdate
	if listed {
		at.Status = Revoked
	}
	return nil
}

// maxFrame bounds a list less its entries.
const maxFrame = 64 << 10

// parseCRL parses a list without its entries, and gives those as they are: crypto/x509 makes ten times their size of
// them, and that before anybody has looked who signed the list.
func parseCRL(der []byte) (*x509.RevocationList, cryptobyte.String, error) {
	var outer, signed, entries cryptobyte.String
	input := cryptobyte.String(der)
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1Element(&signed, casn1.SEQUENCE) {
		return nil, nil, errCRL
	}
	var frame cryptobyte.Builder
	frame.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { entries = withoutEntries(b, signed) })
		b.AddBytes(outer)
	})
	short, err := frame.Bytes()
	if err != nil || len(short) > maxFrame {
		return nil, nil, errCRL
	}
	list, err := x509.ParseRevocationList(short)
	if err != nil {
		return nil, nil, err
	}
	list.RawTBSRevocationList = signed // what the signature is about
	return list, entries, nil
}

var errCRL = errors.New("its parts are not in order, or too long")

// withoutEntries copies the parts of a TBSCertList (RFC 5280 section 5.1) but for the entries, which it gives: the only
// sequence behind the times.
func withoutEntries(b *cryptobyte.Builder, signed cryptobyte.String) (entries cryptobyte.String) {
	var parts, part cryptobyte.String
	signed.ReadASN1(&parts, casn1.SEQUENCE) // it is one
	timed, found := false, false
	for !parts.Empty() {
		var tag casn1.Tag
		if !parts.ReadAnyASN1Element(&part, &tag) || found && tag == casn1.SEQUENCE {
			b.SetError(errCRL)
			return nil
		}
		timed = timed || tag == casn1.UTCTime || tag == casn1.GeneralizedTime
		if found = timed && tag == casn1.SEQUENCE || found; tag == casn1.SEQUENCE && found {
			part.ReadASN1(&entries, casn1.SEQUENCE)
			continue
		}
		b.AddBytes(part)
	}
	return entries
}

// lists tells whether a certificate is among the entries.
func lists(entries cryptobyte.String, serial *big.Int) (bool, error) {
	listed := false
	for !entries.Empty() {
		var entry cryptobyte.String
		var number big.Int
		if !entries.ReadASN1(&entry, casn1.SEQUENCE) || !entry.ReadASN1Integer(&number) {
			return false, errors.New("one of the list's entries cannot be read")
		}
		listed = listed || number.Cmp(serial) == 0
	}
	return listed, nil
}

// fresh tells whether now is between an answer's two moments; a zero until is none.
func fresh(since, until, now time.Time) error {
	switch {
	case since.After(now.Add(clockSkew)):
		return fmt.Errorf("it is valid only from %s", since.UTC().Format(time.RFC3339))
	case !until.IsZero() && until.Before(now):
		return fmt.Errorf("it was to be renewed by %s, and was not", until.UTC().Format(time.RFC3339))
	}
	return nil
}

var (
	oidIssuingPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidDelta        = asn1.ObjectIdentifier{2, 5, 29, 27}
)

// issuingPoint is the extension that says what a list is about (RFC 5280 section 5.2.5).
type issuingPoint struct {
	Point          distributionPoint `asn1:"optional,tag:0"`
	OnlyUsers      bool              `asn1:"optional,tag:1"`
	OnlyCAs        bool              `asn1:"optional,tag:2"`
	OnlyReasons    asn1.BitString    `asn1:"optional,tag:3"`
	Indirect       bool              `asn1:"optional,tag:4"`
	OnlyAttributes bool              `asn1:"optional,tag:5"`
}

type distributionPoint struct {
	FullName []asn1.RawValue `asn1:"optional,tag:0"` // encoding/asn1 passes over what follows
}

// complete tells whether a certificate that the list does not hold is thereby not revoked (RFC 5280 section 6.3.3): the
// list is no delta, and it is the one for the place that the certificate names, not another of the same authority's.
func complete(list *x509.RevocationList, url string) error {
	for _, e := range list.Extensions {
		switch {
		case e.Id.Equal(oidDelta):
			return errors.New("the list is a delta, which says only what has changed")
		case e.Id.Equal(oidIssuingPoint):
			if err := about(e, url); err != nil {
				return err
			}
		case e.Critical:
			return fmt.Errorf("the list has a critical extension that is not understood (%s)", e.Id)
		}
	}
	return nil
}

func about(e pkix.Extension, url string) error {
	var point issuingPoint
	if rest, err := asn1.Unmarshal(e.Value, &point); err != nil || len(rest) > 0 {
		return errors.New("the list does not say legibly what it is about")
	}
	const uri = 6 // GeneralName's uniformResourceIdentifier
	elsewhere := len(point.Point.FullName) > 0 && !slices.ContainsFunc(point.Point.FullName, func(name asn1.RawValue) bool {
		return name.Class == asn1.ClassContextSpecific && name.Tag == uri && string(name.Bytes) == url
	})
	switch {
	case point.OnlyCAs, point.OnlyAttributes, point.OnlyReasons.BitLength > 0, point.Indirect:
		return errors.New("the list is about a part of the authority's certificates or reasons, not about this one")
	case elsewhere:
		return errors.New("the list is for another place than the one where it was found")
	}
	return nil
}

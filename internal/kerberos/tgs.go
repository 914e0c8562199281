package kerberos

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// maxReferrals bounds the realms that a request for a ticket goes through.
const maxReferrals = 5

// ask gets a ticket for a service (RFC 4120 §3.3), through other realms where the KDC refers to them (RFC 6806 §8).
// The KDCs of those come from the configuration too.
func (c *Client) ask(ctx context.Context, spn string) (*ticket, error) {
	service := types.NewPrincipalName(nametype.KRB_NT_SRV_INST, spn)
	realm, granting := c.settings.Realm, c.granting
	for range maxReferrals {
		t, err := c.askRealm(ctx, realm, granting, service)
		if err != nil {
			return nil, err
		}
		name := t.SName.NameString
		if len(name) != 2 || name[0] != "krbtgt" {
			return t, nil
		}
		realm, granting = name[1], t
	}
	return nil, failure.New(failure.Auth, KDCError, "the KDCs of %s referred from realm to realm without end for %s", c.settings.Realm, spn)
}

func (c *Client) askRealm(ctx context.Context, realm string, granting *ticket, service types.PrincipalName) (*ticket, error) {
	request, err := messages.NewTGSReq(granting.client, realm, c.config, granting.Ticket, granting.key, service, false)
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the request for a ticket to the KDCs of %s cannot be made: %w", realm, err)
	}
	b, err := request.Marshal()
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the request for a ticket to the KDCs of %s cannot be made: %w", realm, err)
	}
	reply, refusal, _, err := c.exchange(ctx, realm, b)
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, c.refused(refusal, service.PrincipalNameString(), nil)
	}
	var rep messages.TGSRep
	if err := rep.Unmarshal(reply); err != nil {
		return nil, failure.New(failure.Auth, Malformed, "a KDC of %s answered something that is no ticket", realm)
	}
	if err := rep.DecryptEncPart(granting.key); err != nil || rep.DecryptedEncPart.Nonce != request.ReqBody.Nonce {
		return nil, failure.New(failure.Auth, Malformed, "a KDC of %s answered with a ticket that was not asked for", realm)
	}
	part := rep.DecryptedEncPart
	if err := c.checkType(part.Key.KeyType); err != nil {
		return nil, err
	}
	return &ticket{Ticket: rep.Ticket, key: part.Key, client: granting.client, realm: granting.realm, ends: part.EndTime}, nil
}

// gssToken is the initial token (RFC 4121 §4.1): the KRB_AP_REQ behind mechanism and token id. It does not ask for
// mutual authentication: TLS has proved the server already.
func gssToken(t *ticket, binding []byte) ([]byte, error) {
	authenticator, err := types.NewAuthenticator(t.realm, t.client)
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the Kerberos token cannot be made: %w", err)
	}
	authenticator.Cksum = types.Checksum{CksumType: chksumtype.GSSAPI, Checksum: checksum(binding)}
	request, err := messages.NewAPReq(t.Ticket, t.key, authenticator)
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the Kerberos token cannot be made: %w", err)
	}
	b, err := request.Marshal()
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the Kerberos token cannot be made: %w", err)
	}
	mechanism, err := asn1.Marshal(gssapi.OIDKRB5.OID())
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the Kerberos token cannot be made: %w", err)
	}
	const tokenID = "\x01\x00"
	return asn1tools.AddASNAppTag(slices.Concat(mechanism, []byte(tokenID), b), 0), nil
}

// checksum is the authenticator's (RFC 4121 §4.1.1): the length of the bindings, the bindings, flags. All zero means no
// binding.
func checksum(binding []byte) []byte {
	const length, flagsAt = 24, 20
	sum := make([]byte, length)
	binary.LittleEndian.PutUint32(sum, 16)
	copy(sum[4:flagsAt], binding)
	binary.LittleEndian.PutUint32(sum[flagsAt:], gssapi.ContextFlagInteg|gssapi.ContextFlagConf)
	return sum
}

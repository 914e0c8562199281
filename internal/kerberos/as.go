package kerberos

import (
	"context"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// authenticate is the AS exchange (RFC 4120 §3.1): a request without proof, which tells how the key is made of the
// password, and one with an encrypted timestamp, which a KDC may count as a failed logon. So that goes out once.
func (c *Client) authenticate(ctx context.Context, login Login, verdict Verdict) (*ticket, error) {
	name, realm := principal(login.Username), c.settings.Realm
	request, err := messages.NewASReqForTGT(realm, c.config, name)
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the request to the KDCs of %s cannot be made: %w", realm, err)
	}
	b, err := request.Marshal()
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the request to the KDCs of %s cannot be made: %w", realm, err)
	}
	reply, refusal, _, err := c.exchange(ctx, realm, b)
	var key types.EncryptionKey
	switch {
	case err != nil:
		return nil, err
	case refusal != nil && refusal.ErrorCode == errorcode.KDC_ERR_PREAUTH_REQUIRED:
		var offered types.PADataSequence
		if err := offered.Unmarshal(refusal.EData); err != nil {
			return nil, failure.New(failure.Auth, Malformed, "a KDC of %s does not say how to prove the password", realm)
		}
		if key, err = c.key(login, name, offered, encryption...); err != nil {
			return nil, err
		}
		if reply, err = c.prove(ctx, request, key, verdict); err != nil {
			return nil, err
		}
	case refusal != nil && refusal.ErrorCode == errorcode.KDC_ERR_PREAUTH_FAILED:
		return nil, failure.New(failure.Auth, Malformed, "a KDC of %s refused the password of %s, which it was not shown: look who answers there", realm, login.Username)
	case refusal != nil:
		return nil, c.refused(refusal, login.Username, verdict)
	}
	return c.open(login, request, key, reply, verdict)
}

// prove sends the request with an encrypted timestamp (RFC 4120 §5.2.7.2).
func (c *Client) prove(ctx context.Context, request messages.ASReq, key types.EncryptionKey, verdict Verdict) ([]byte, error) {
	stamp, err := types.GetPAEncTSEncAsnMarshalled()
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the timestamp for the KDC cannot be made: %w", err)
	}
	sealed, err := crypto.GetEncryptedData(stamp, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, 0)
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the timestamp for the KDC cannot be encrypted: %w", err)
	}
	data, err := sealed.Marshal()
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the timestamp for the KDC cannot be made: %w", err)
	}
	request.PAData = append(request.PAData, types.PAData{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: data})
	b, err := request.Marshal()
	if err != nil {
		return nil, failure.New(failure.Auth, KDCError, "the request to the KDC cannot be made: %w", err)
	}
	reply, refusal, sent, err := c.exchange(ctx, c.settings.Realm, b)
	switch {
	case err != nil && sent:
		verdict.Unknown()
		return nil, err
	case err != nil:
		return nil, err
	case refusal != nil:
		return nil, c.refused(refusal, request.ReqBody.CName.PrincipalNameString(), verdict)
	}
	return reply, nil
}

// open reads the reply: the ticket, and with the account's key the session key. A key made for the proof opens it;
// where the KDC wanted no proof, its reply tells how to make it.
func (c *Client) open(login Login, request messages.ASReq, key types.EncryptionKey, reply []byte, verdict Verdict) (*ticket, error) {
	realm := c.settings.Realm
	var rep messages.ASRep
	if err := rep.Unmarshal(reply); err != nil {
		return nil, failure.New(failure.Auth, Malformed, "a KDC of %s answered something that is no ticket", realm)
	}
	if err := c.checkType(rep.EncPart.EType); err != nil {
		return nil, err
	}
	if len(key.KeyValue) == 0 || key.KeyType != rep.EncPart.EType {
		var err error
		if key, err = c.key(login, request.ReqBody.CName, rep.PAData, rep.EncPart.EType); err != nil {
			return nil, err
		}
	}
	plain, err := crypto.DecryptEncPart(rep.EncPart, key, keyusage.AS_REP_ENCPART)
	if err != nil {
		// Nobody counts this one: the KDC gives such tickets to everybody.
		verdict.Refused(true)
		return nil, failure.New(failure.Auth, WrongPassword, "the ticket that a KDC of %s gave for %s cannot be opened: the password or the keytab is wrong, or what answered is no KDC of the realm", realm, login.Username)
	}
	var part messages.EncKDCRepPart
	if err := part.Unmarshal(plain); err != nil || part.Nonce != request.ReqBody.Nonce || part.SRealm != realm || !part.SName.Equal(request.ReqBody.SName) {
		return nil, failure.New(failure.Auth, Malformed, "a KDC of %s answered with a ticket for something else", realm)
	}
	verdict.Accepted()
	if err := c.checkType(part.Key.KeyType); err != nil {
		return nil, err
	}
	return &ticket{Ticket: rep.Ticket, key: part.Key, client: rep.CName, realm: rep.CRealm, ends: part.EndTime}, nil
}

// fromCache reads the ticket-granting ticket of a credential cache.
func (c *Client) fromCache(content []byte) (*ticket, error) {
	cache, err := readCache(content)
	if err != nil {
		return nil, err
	}
	entry, ok := cache.GetEntry(types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: []string{"krbtgt", c.settings.Realm}})
	if !ok {
		return nil, failure.New(failure.Auth, Unusable, "the credential cache has no ticket-granting ticket of %s", c.settings.Realm)
	}
	t := &ticket{key: entry.Key, client: cache.GetClientPrincipalName(), realm: cache.GetClientRealm(), ends: entry.EndTime}
	if err := t.Ticket.Unmarshal(entry.Ticket); err != nil {
		return nil, failure.New(failure.Auth, Unusable, "the ticket in the credential cache is damaged")
	}
	if !t.valid() {
		return nil, failure.New(failure.Auth, TicketExpired, "the ticket in the credential cache ended at %s: have it renewed, by kinit or k5start", t.ends.UTC().Format(time.RFC3339))
	}
	return t, nil
}

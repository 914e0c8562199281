package script

import (
	"encoding/binary"
	"io"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// KDCAccount is the account that a KDC knows, with lab.Password.
const KDCAccount = "probe"

// sessionKey is that of all tickets, which nobody can open anyway.
var sessionKey = types.EncryptionKey{KeyType: etypeID.AES256_CTS_HMAC_SHA1_96, KeyValue: []byte("a session key of the lab, no more")[:32]}

// KDC is one of Realm that gives KDCAccount a ticket-granting ticket, and with it tickets for service principals: by each the
// error that comes in place of one (RFC 4120 §7.5.9), 0 for none. One that is not there is unknown, which is error 7. Its
// tickets are good for nothing but to be shown to a scripted server. It believes whatever is proved to it.
func KDC(t lab.TB, services map[string]int32) (address string) {
	t.Helper()
	return lab.Serve(t, func(c *lab.Conn) error {
		var length [4]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return err
		}
		request := make([]byte, min(binary.BigEndian.Uint32(length[:]), 64<<10))
		if _, err := io.ReadFull(c, request); err != nil {
			return err
		}
		return kdcAnswer(request, services)(c)
	}).Addr()
}

// kdcAnswer is what a KDC answers.
func kdcAnswer(request []byte, services map[string]int32) lab.Step {
	var first messages.ASReq
	var second messages.TGSReq
	switch {
	case first.Unmarshal(request) == nil && !first.PAData.Contains(patype.PA_ENC_TIMESTAMP):
		return KDCSays(KDCAsks(nil))
	case first.Unmarshal(request) == nil:
		key, _, err := crypto.GetKeyFromPassword(lab.Password, first.ReqBody.CName, Realm, etypeID.AES256_CTS_HMAC_SHA1_96, nil)
		must(err)
		rep := messages.ASRep{KDCRepFields: granted(first.ReqBody, key, msgtype.KRB_AS_REP, keyusage.AS_REP_ENCPART)}
		return framed(rep.Marshal())
	case second.Unmarshal(request) != nil:
		return KDCSays(KDCError(errorcode.KRB_ERR_GENERIC))
	}
	code, known := services[second.ReqBody.SName.PrincipalNameString()]
	if !known {
		code = errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN
	}
	if code != 0 {
		return KDCSays(KDCError(code))
	}
	rep := messages.TGSRep{KDCRepFields: granted(second.ReqBody, sessionKey, msgtype.KRB_TGS_REP, keyusage.TGS_REP_ENCPART_SESSION_KEY)}
	return framed(rep.Marshal())
}

// granted is a reply with a ticket for what was asked, whose part for the client a key protects.
func granted(asked messages.KDCReqBody, key types.EncryptionKey, kind int, usage uint32) messages.KDCRepFields {
	now := time.Now().UTC().Truncate(time.Second)
	part := messages.EncKDCRepPart{
		Key: sessionKey, LastReqs: []messages.LastReq{{LRType: 0, LRValue: now}}, Nonce: asked.Nonce, Flags: types.NewKrbFlags(),
		AuthTime: now, EndTime: now.Add(time.Hour), SRealm: Realm, SName: asked.SName,
	}
	plain, err := part.Marshal()
	must(err)
	sealed, err := crypto.GetEncryptedData(plain, key, usage, 1)
	must(err)
	return messages.KDCRepFields{
		PVNO: 5, MsgType: kind, CRealm: Realm, CName: types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, KDCAccount), EncPart: sealed,
		Ticket: messages.Ticket{
			TktVNO: 5, Realm: Realm, SName: asked.SName,
			EncPart: types.EncryptedData{EType: etypeID.AES256_CTS_HMAC_SHA1_96, KVNO: 1, Cipher: []byte("of the lab")},
		},
	}
}

// framed is a message as over TCP.
func framed(message []byte, err error) lab.Step {
	must(err)
	return lab.Write(string(binary.BigEndian.AppendUint32(nil, uint32(len(message)))) + string(message)) //nolint:gosec // some hundred bytes
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

package script

import (
	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Realm is that of scripted KDCs.
const Realm = "CONTOSO.TEST"

// KDCError is a KDC's error.
func KDCError(code int32) messages.KRBError {
	return messages.NewKRBError(types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "krbtgt/"+Realm), Realm, code, "")
}

// KDCAsks is a KDC's error 25: prove the password, by a key that is made with these parameters; nil for the usual ones.
func KDCAsks(params []byte) messages.KRBError {
	info, err := asn1.Marshal(types.ETypeInfo2{{EType: 18, Salt: Realm + "probe", S2KParams: params}})
	if err != nil {
		panic(err)
	}
	e := KDCError(errorcode.KDC_ERR_PREAUTH_REQUIRED)
	if e.EData, err = asn1.Marshal(types.PADataSequence{{PADataType: patype.PA_ETYPE_INFO2, PADataValue: info}}); err != nil {
		panic(err)
	}
	return e
}

// KDCSays frames an error as over TCP.
func KDCSays(e messages.KRBError) lab.Step { return framed(e.Marshal()) }

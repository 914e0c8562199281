package hostile

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// offering is a site that wants a logon by a scheme, and is content with any.
func offering(t *testing.T, scheme string) site {
	s := https(lab.Branch(func(head string) []lab.Step {
		return append(received(head), unauthorized(scheme), healthy)
	}))(t)
	return s
}

// byKDC is a row's KDC, which a logon by Kerberos asks for a ticket.
func byKDC(steps ...lab.Step) func(*testing.T) site {
	return func(t *testing.T) site {
		kdc := listen(t, nil, append([]lab.Step{lab.Await}, steps...)...)
		s := offering(t, "Negotiate")
		s.auth = account("negotiate") + fmt.Sprintf(", kerberos: {realm: CONTOSO.TEST, kdcs: [%q]}", kdc.Addr())
		s.peers = append(s.peers, kdc)
		return s
	}
}

// byTokenURL is a row's token endpoint.
func byTokenURL(steps ...lab.Step) func(*testing.T) site {
	return func(t *testing.T) site {
		endpoint := listen(t, secure(t), steps...)
		s := offering(t, "Bearer")
		url := "https://" + net.JoinHostPort("127.0.0.1", endpoint.port()) + "/token"
		s.auth = fmt.Sprintf("schemes: [bearer], oauth2: {client_id: probe, client_secret_file: secret, token_url: %q, ca_file: ca.pem}", url)
		s.peers = append(s.peers, endpoint)
		return s
	}
}

// inJSON answers with JSON.
func inJSON(status, body string) lab.Step {
	return ends("HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body)
}

// manyRounds is a KDC's error 25, framed as over TCP: prove the password, by a key that takes an hour to make.
func manyRounds() string {
	info, err := asn1.Marshal(types.ETypeInfo2{{EType: 18, Salt: "CONTOSO.TESTprobe", S2KParams: []byte{0xee, 0x6b, 0x28, 0x00}}})
	if err != nil {
		panic(err)
	}
	data, err := asn1.Marshal(types.PADataSequence{{PADataType: patype.PA_ETYPE_INFO2, PADataValue: info}})
	if err != nil {
		panic(err)
	}
	e := messages.NewKRBError(types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "krbtgt/CONTOSO.TEST"), "CONTOSO.TEST", errorcode.KDC_ERR_PREAUTH_REQUIRED, "")
	e.EData = data
	reply, err := e.Marshal()
	if err != nil {
		panic(err)
	}
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(reply)))) + string(reply)
}

func tokens() group {
	token := func(text string) string { return `{"token_type":"Bearer","access_token":"` + text + `"}` }
	return group{"Tickets and tokens", "who gives them", []fault{
		{does: "(KDC) refuses the connection", peer: func(t *testing.T) site {
			s := offering(t, "Negotiate")
			s.auth = account("negotiate") + fmt.Sprintf(", kerberos: {realm: CONTOSO.TEST, kdcs: [%q]}", strings.Replace(closed(t).target, "https://"+service, "127.0.0.1", 1))
			return s
		}, reports: overHTTP("auth/kdc_unreachable")},
		{does: "(KDC) never answers", peer: byKDC(lab.Hang), reports: overHTTP("auth/kdc_no_answer"), hangs: true},
		{does: "(KDC) closes in place of an answer", peer: byKDC(), reports: overHTTP("auth/kdc_no_answer")},
		{does: "(KDC) says that it answers with 4 GB", peer: byKDC(endless("\xff")), reports: overHTTP("auth/kdc_malformed"), floods: true},
		{does: "(KDC) answers byte by byte", peer: byKDC(lab.Write("\x00\x00\x10\x00"), dripping("\x30")), reports: overHTTP("auth/kdc_no_answer"), hangs: true},
		{does: "(KDC) answers with garbage", peer: byKDC(lab.Write("\x00\x00\x00\x08garbage!"), lab.Hang), reports: overHTTP("auth/kdc_malformed")},
		{does: "(KDC) answers with a structure nested without end", peer: byKDC(lab.Write("\x00\x03\xff\xff"+strings.Repeat("\x30\x80", 1<<17)), lab.Hang), reports: overHTTP("auth/kdc_malformed"), floods: true},
		{does: "(KDC) asks for 4,000,000,000 rounds to make the key", peer: byKDC(lab.Write(manyRounds()), lab.Hang), reports: overHTTP("auth/kdc_malformed")},
		{does: "(token URL) never answers", peer: byTokenURL(request(lab.Hang)), reports: overHTTP("auth/token_unreachable"), hangs: true},
		{does: "(token URL) closes in place of an answer", peer: byTokenURL(request()), reports: overHTTP("auth/token_unreachable")},
		{does: "(token URL) sends headers without end", peer: byTokenURL(floods("HTTP/1.1 200 OK\r\n", "X: y\r\n")), reports: overHTTP("auth/token_unreachable"), floods: true},
		{does: "(token URL) sends interim responses without end", peer: byTokenURL(floods("", "HTTP/1.1 103 Early Hints\r\n\r\n")), reports: overHTTP("auth/token_unreachable"), floods: true},
		{does: "(token URL) sends a body without end", peer: byTokenURL(floods("HTTP/1.1 200 OK\r\n\r\n"+`{"access_token":"`, "x")), reports: overHTTP("auth/token_malformed"), floods: true},
		{does: "(token URL) sends a page for people", peer: byTokenURL(inJSON("200 OK", "<html>Log on</html>")), reports: overHTTP("auth/token_malformed")},
		{does: "(token URL) sends a token that would make two headers", peer: byTokenURL(inJSON("200 OK", token(`a\r\nX: y`))), reports: overHTTP("auth/token_malformed")},
		{does: "(token URL) sends a token of 60 kB", peer: byTokenURL(inJSON("200 OK", token(strings.Repeat("a", 60<<10)))), reports: overHTTP("success"), floods: true},
		{does: "(token URL) redirects", peer: byTokenURL(ends("HTTP/1.1 307 Temporary Redirect\r\nLocation: https://mail.fabrikam.test/\r\nConnection: close\r\n\r\n")), reports: overHTTP("auth/token_error")},
		{does: "(token URL) fails", peer: byTokenURL(inJSON("500 Oops", "{")), reports: overHTTP("auth/token_error")},
		{does: "(token URL) refuses the client", peer: byTokenURL(inJSON("400 Bad Request", `{"error":"invalid_client"}`)), reports: overHTTP("auth/token_refused")},
	}}
}

package autodiscover_test

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
)

// service is a Protocol of a POX answer.
func service(kind, content string) string {
	return "<Protocol><Type>" + kind + "</Type>" + content + "</Protocol>"
}

// TestOtherServices: settings are Exchange's only where one of its protocols is among them; what others are for, and where,
// is told.
func TestOtherServices(t *testing.T) {
	t.Parallel()
	const at = "<Server>mail.hoster.test</Server>"
	ews := "<EwsUrl>https://mail.contoso.test/EWS/Exchange.asmx</EwsUrl>"
	tests := map[string]struct {
		protocols string
		want      autodiscover.Kind
		says      string
	}{
		"IMAP and SMTP, as cPanel":     {service("IMAP", at) + service("SMTP", at), autodiscover.NotExchange, "IMAP and SMTP at mail.hoster.test"},
		"with POP3, as Plesk":          {service("POP3", at) + service("IMAP", at) + service("SMTP", at), autodiscover.NotExchange, "POP3, IMAP and SMTP at mail.hoster.test"},
		"with calendars, as mailcow":   {service("IMAP", at) + service("CalDAV", "<Server>https://dav.hoster.test/</Server>"), autodiscover.NotExchange, "IMAP and CalDAV at mail.hoster.test"},
		"phones alone":                 {service("MobileSync", "<Server>https://h.test/Microsoft-Server-ActiveSync</Server><Url>https://h.test/</Url>"), autodiscover.NotExchange, "for MobileSync"},
		"at an address":                {service("IMAP", "<Server>192.0.2.1</Server>"), autodiscover.NotExchange, "IMAP at 192.0.2.1"},
		"no type":                      {service("", at), autodiscover.NotExchange, "no service that it names"},
		"pages alone":                  {service("WEB", "<Internal><OWAUrl>https://h.test/owa/</OWAUrl>"+service("EXCH", ews)+"</Internal>"), autodiscover.NotExchange, "for WEB"},
		"Exchange beside the hoster's": {service("IMAP", at) + service("EXPR", at), autodiscover.Settings, ""},
		"inside":                       {service("EXCH", ews), autodiscover.Settings, ""},
		"outside, in small letters":    {service("expr", ews), autodiscover.Settings, ""},
		"HTTP":                         {service("EXHTTP", ews), autodiscover.Settings, ""},
		"MAPI":                         {`<Protocol Type="mapiHttp"><MailStore><InternalUrl>https://h.test/mapi/</InternalUrl></MailStore></Protocol>`, autodiscover.Settings, ""},
		"after many others":            {strings.Repeat(service("IMAP", at)+service("POP3", at), 20) + manyServices(at) + service("EXPR", at), autodiscover.Settings, ""},
		"nothing at all":               {"", autodiscover.Foreign, "no settings"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `<Autodiscover><Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account><Action>settings</Action>` +
				test.protocols + `</Account></Response></Autodiscover>`
			a := autodiscover.ParsePOX(strings.NewReader(body))
			if a.Kind != test.want || !strings.Contains(a.Problem, test.says) {
				t.Errorf("%s: %q, want %s with %q", a.Kind, a.Problem, test.want, test.says)
			}
		})
	}
}

func manyServices(content string) string {
	var b strings.Builder
	for c := 'a'; c <= 'z'; c++ {
		b.WriteString(service(string(c), content))
	}
	return b.String()
}

// TestOtherServicesElsewhere: the other dialects tell them too.
func TestOtherServicesElsewhere(t *testing.T) {
	t.Parallel()
	soap := func(settings string) *autodiscover.Answer {
		return autodiscover.ParseSOAP(strings.NewReader(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` +
			`<GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Response><ErrorCode>NoError</ErrorCode>` +
			`<UserResponses><UserResponse><ErrorCode>NoError</ErrorCode><UserSettings>` + settings + `</UserSettings></UserResponse></UserResponses>` +
			`</Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>`))
	}
	set := func(name, value string) string {
		return "<UserSetting><Name>" + name + "</Name><Value>" + value + "</Value></UserSetting>"
	}
	json := func(body string) *autodiscover.Answer { return autodiscover.ParseJSON(strings.NewReader(body), "EWS") }
	tests := map[string]struct {
		answer *autodiscover.Answer
		want   autodiscover.Kind
	}{
		"SOAP of IMAP":               {soap(set("ExternalImap4Connections", "mail.hoster.test")), autodiscover.NotExchange},
		"SOAP of IMAP beside EWS":    {soap(set("ExternalImap4Connections", "mail.hoster.test") + set("ExternalEwsUrl", "https://h.test/EWS")), autodiscover.Settings},
		"SOAP of nothing":            {soap(""), autodiscover.Failed},
		"JSON of ActiveSync":         {json(`{"Protocol":"ActiveSync","Url":"https://h.test/Microsoft-Server-ActiveSync"}`), autodiscover.NotExchange},
		"JSON of IMAP":               {json(`{"Protocol":"IMAP","Url":"https://h.test/"}`), autodiscover.NotExchange},
		"JSON of EWS, spelt so":      {json(`{"Protocol":"Ews","Url":"https://h.test/EWS/Exchange.asmx"}`), autodiscover.Settings},
		"JSON that names no service": {json(`{"Url":"https://h.test/EWS/Exchange.asmx"}`), autodiscover.Settings},
	}
	for name, test := range tests {
		if test.answer.Kind != test.want {
			t.Errorf("%s: %s (%s), want %s", name, test.answer.Kind, test.answer.Problem, test.want)
		}
	}
}

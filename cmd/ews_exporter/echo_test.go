package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"crypto/tls"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// A manner is how a target answers a request that carries a logon: with the secret, which is in echo over and over, so
// that wherever a text is cut, a secret is cut in two, and then in each encoded form.
type manner func(echo string) string

// answered is a response of this status line, with fields and a body.
func answered(status, fields, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nX-FEServer: EX01\r\n%sContent-Length: %d\r\n\r\n%s", status, fields, len(body), body)
}

const (
	htmlField = "Content-Type: text/html\r\n"
	xmlField  = "Content-Type: text/xml; charset=utf-8\r\n"
)

// manners are by name; each is another place where a target can put text.
var manners = map[string]manner{
	"reason": func(echo string) string { return answered("403 "+echo, "", "") },
	"fields": func(echo string) string {
		var fields strings.Builder
		for _, name := range []string{
			"Server", "Via", "X-BEServer", "X-CalculatedBETarget", "X-DiagInfo", "X-OWA-Version", "X-CasErrorCode", "X-Powered-By",
			"Retry-After", "WWW-Authenticate", "Content-Type", "Location", "X-Echo", "request-id",
		} {
			fmt.Fprintf(&fields, "%s: %s\r\n", name, echo)
		}
		return answered("500 Oops", fields.String(), "")
	},
	"names of fields": func(echo string) string { return answered("500 Oops", echo+": x\r\n", "") },
	"cookies": func(echo string) string {
		return answered("500 Oops", "Set-Cookie: "+echo+"="+echo+"; path=/\r\nSet-Cookie: a="+echo+"\r\n", "")
	},
	"page": func(echo string) string {
		return answered("500 Oops", htmlField, "<html><title>"+echo+"</title><h1>"+echo+"</h1></html>")
	},
	"form":      func(echo string) string { return answered("200 OK", htmlField, "<html><form action='"+echo+"'>"+echo) },
	"not found": func(echo string) string { return answered("404 Not Found", "X-CasErrorCode: "+echo+"\r\n", "") },
	"redirect": func(echo string) string {
		return answered("302 Found", "Location: https://u:"+echo+"@host.contoso.test/"+echo+"?q="+echo+"\r\n", "")
	},
	"fault":      func(echo string) string { return answered("500 Oops", xmlField, fmt.Sprintf(fault, text(echo))) },
	"error":      func(echo string) string { return answered("200 OK", xmlField, fmt.Sprintf(folderError, text(echo))) },
	"stream":     func(echo string) string { return stream(text(echo)) },
	"broken XML": func(echo string) string { return answered("200 OK", xmlField, "<a><"+echo+"></b>"+echo) },
	"encoding": func(echo string) string {
		return answered("200 OK", xmlField, `<?xml version='1.0' encoding='`+echo+`'?><a/>`)
	},
	"autodiscover error": func(echo string) string {
		return answered("200 OK", xmlField, fmt.Sprintf(autodiscoverError, text(echo)))
	},
	"autodiscover redirect": func(echo string) string {
		return answered("200 OK", xmlField, fmt.Sprintf(autodiscoverRedirect, text(echo)))
	},
	"autodiscover address": func(echo string) string {
		return answered("200 OK", xmlField, fmt.Sprintf(autodiscoverAddress, text(echo)))
	},
	"autodiscover URLs": func(echo string) string {
		return answered("200 OK", xmlField, fmt.Sprintf(autodiscoverURLs, text(echo)))
	},
	"interim": func(echo string) string {
		return "HTTP/1.1 103 " + echo + "\r\nLink: " + echo + "\r\n\r\n" + answered("200 OK", "", "") + "HTTP/1.1 103 " + echo + "\r\n\r\n" + echo
	},
	"status line": func(echo string) string { return "HTTP/1.1 2x0 " + echo + "\r\n\r\n" },
	"version":     func(echo string) string { return "HTTP/" + echo + " 200 OK\r\n\r\n" },
	"not HTTP":    func(echo string) string { return echo + "\r\n" + echo },
	"field line": func(echo string) string {
		return "HTTP/1.1 200 OK\r\n" + strings.ReplaceAll(echo, ":", "") + "\r\n\r\n"
	},
	"length": func(echo string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + echo + "\r\n\r\n" },
	"coding": func(echo string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + echo + "\r\n\r\n" },
	"chunk": func(echo string) string {
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + echo + "\r\n"
	},
	"refused": func(echo string) string {
		return answered("401 "+echo, "WWW-Authenticate: Basic realm=\""+echo+"\"\r\nWWW-Authenticate: Bearer error=\""+echo+"\"\r\n", echo)
	},
	"another answer": func(echo string) string {
		return answered("401 Unauthorized", "WWW-Authenticate: NTLM "+base64.StdEncoding.EncodeToString([]byte(echo))+"\r\n", "")
	},
}

// stream accepts a subscription, and answers everything alike, in chunks that show echo: GetStreamingEvents too.
func stream(echo string) string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 200 OK\r\nX-FEServer: EX01\r\n" + xmlField + "Transfer-Encoding: chunked\r\n\r\n")
	for _, operation := range []string{"GetFolder", "Subscribe", "GetStreamingEvents"} {
		envelope := fmt.Sprintf(streamed, operation, echo)
		fmt.Fprintf(&b, "%x; %s\r\n%s\r\n", len(envelope), strings.ReplaceAll(echo, "\"", ""), envelope)
	}
	return b.String() + "0\r\nX-Trailer: " + echo + "\r\n\r\n"
}

// text makes echo fit for XML.
func text(echo string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(echo)
}

const (
	fault = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>%[1]s</faultcode>` +
		`<faultstring>%[1]s</faultstring><detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">%[1]s` +
		`</e:ResponseCode><e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">%[1]s</e:Message></detail></s:Fault></s:Body></s:Envelope>`
	folderError = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><h:ServerVersionInfo MajorVersion="15" Version="%[1]s" ` +
		`xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header><s:Body>` +
		`<m:GetFolderResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><m:ResponseMessages>` +
		`<m:GetFolderResponseMessage ResponseClass="%[1]s"><m:MessageText>%[1]s</m:MessageText><m:ResponseCode>%[1]s</m:ResponseCode>` +
		`</m:GetFolderResponseMessage></m:ResponseMessages></m:GetFolderResponse></s:Body></s:Envelope>`
	streamed = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` +
		`<m:%[1]sResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">` +
		`<m:ResponseMessages><m:%[1]sResponseMessage ResponseClass="Success"><m:MessageText>%[2]s</m:MessageText><m:ResponseCode>NoError</m:ResponseCode>` +
		`<m:SubscriptionId>%[2]s</m:SubscriptionId><m:Watermark>%[2]s</m:Watermark><m:ConnectionStatus>%[2]s</m:ConnectionStatus>` +
		`</m:%[1]sResponseMessage></m:ResponseMessages></m:%[1]sResponse></s:Body></s:Envelope>`
	pox               = `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">`
	outlook           = pox + `<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account>`
	autodiscoverError = pox + `<Response><Error Time="%[1]s" Id="%[1]s"><ErrorCode>%[1]s</ErrorCode><Message>%[1]s</Message>` +
		`<DebugData>%[1]s</DebugData></Error></Response></Autodiscover>`
	autodiscoverRedirect = outlook + `<Action>redirectUrl</Action><RedirectUrl>https://u:%[1]s@host.contoso.test/%[1]s?%[1]s</RedirectUrl></Account></Response></Autodiscover>`
	autodiscoverAddress  = outlook + `<Action>redirectAddr</Action><RedirectAddr>%[1]s@contoso.test</RedirectAddr></Account></Response></Autodiscover>`
	autodiscoverURLs     = outlook + `<AccountType>email</AccountType><Action>settings</Action><Protocol><Type>EXPR</Type><Server>%[1]s</Server>` +
		`<EwsUrl>https://u:%[1]s@host.contoso.test/%[1]s</EwsUrl><ASUrl>%[1]s</ASUrl></Protocol><Protocol><Type>%[1]s</Type><EwsUrl>https://host/%[1]s</EwsUrl></Protocol></Account></Response></Autodiscover>`
)

// echoing is a target that asks for a logon, and shows its secret in this manner once it has come; pad shifts where
// texts are cut. The requests' own heads and bodies are shown as well.
func echoing(t *testing.T, config *tls.Config, secret string, how manner, pad int) *lab.Script {
	t.Helper()
	var serve lab.Step
	serve = lab.Branch(func(head string) []lab.Step {
		logon := authorization.FindStringSubmatch(head)
		steps := takeBody(head)
		switch {
		case logon == nil:
			return append(steps, lab.Write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nWWW-Authenticate: NTLM\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n"), serve)
		case strings.HasPrefix(logon[2], "TlRMTVNTUAAB"):
			challenge := base64.StdEncoding.EncodeToString(ntlmChallenge(secret))
			return append(steps, lab.Write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: "+logon[1]+" "+challenge+"\r\nContent-Length: 0\r\n\r\n"), serve)
		}
		sent := strings.ReplaceAll(head, "\r\n", " | ")
		echo := strings.Repeat("p", pad) + strings.Repeat(secret+".", 40) + encoded(secret) + " " + encoded(logon[2]) + " " + sent
		answer := how(echo)
		if !strings.Contains(answer, "\r\nContent-Length: ") && !strings.Contains(answer, "\r\n0\r\n") { // nothing would tell its end
			return append(steps, lab.Write(answer))
		}
		return append(steps, lab.Write(answer), serve)
	})
	return lab.ServeTLS(t, config, serve)
}

var (
	authorization = regexp.MustCompile(`(?i)\r\nAuthorization: (\S+) (\S+)\r\n`)
	contentLength = regexp.MustCompile(`(?i)\r\nContent-Length: (\d+)\r\n`)
)

// takeBody reads a request's body, and asks for it first where it is announced.
func takeBody(head string) []lab.Step {
	var length int64
	if m := contentLength.FindStringSubmatch(head); m != nil {
		_, _ = fmt.Sscan(m[1], &length)
	}
	steps := []lab.Step{lab.ReadBody(length)}
	if strings.Contains(strings.ToLower(head), "\r\nexpect: ") {
		steps = append([]lab.Step{lab.Write("HTTP/1.1 100 Continue\r\n\r\n")}, steps...)
	}
	return steps
}

// proofs are the tokens that a target was shown and that prove a secret.
func proofs(s *lab.Script) []string {
	var all []string
	for n := range s.Connections() {
		for _, m := range authorization.FindAllStringSubmatch(s.Received(n), -1) {
			if !strings.HasPrefix(m[2], "TlRMTVNTUAAB") {
				all = append(all, m[2])
			}
		}
	}
	return all
}

// ntlmChallenge is a CHALLENGE message ([MS-NLMP] §2.2.1.2) whose target information names the server as name says.
func ntlmChallenge(name string) []byte {
	var info []byte
	for id, value := range []string{1: wide(name), 2: wide(name), 3: wide(name)} {
		if id > 0 {
			info = binary.LittleEndian.AppendUint16(info, uint16(id))
			info = binary.LittleEndian.AppendUint16(info, uint16(len(value)))
			info = append(info, value...)
		}
	}
	info = append(info, 0, 0, 0, 0)
	m := binary.LittleEndian.AppendUint32([]byte("NTLMSSP\x00"), 2)
	m = append(m, make([]byte, 8)...)
	m = binary.LittleEndian.AppendUint32(m, 0x02800201) // Unicode, NTLM, target information, version
	m = append(m, "challeng"...)
	m = append(m, make([]byte, 8)...)
	m = binary.LittleEndian.AppendUint16(m, uint16(len(info)))
	m = binary.LittleEndian.AppendUint16(m, uint16(len(info)))
	m = binary.LittleEndian.AppendUint32(m, 56)
	return append(append(m, 10, 0, 0x7c, 0x4f, 0, 0, 0, 15), info...)
}

package lab

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// ported writes the port of https in place of its mark.
type ported struct {
	http.ResponseWriter
	port uint16
}

func (p *ported) fill(text string) string {
	return strings.ReplaceAll(text, portMark, ":"+strconv.Itoa(int(p.port)))
}

// reply answers with a status and a text.
func (p *ported) reply(status int, contentType, text string) {
	lab.Answer(p.ResponseWriter, status, contentType, p.fill(text))
}

// answering is a host that has nothing to do with Exchange.
func answering(status int, page string) endpoint {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { lab.Answer(w, status, "text/html", page) }
}

// silent says nothing until the client gives up.
func silent(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() }

// goTo redirects.
func goTo(location string) endpoint {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		p := w.(*ported) //nolint:forcetypeassert // every endpoint gets one
		lab.SetHeader(w.Header(), "Location", p.fill(location))
		p.reply(http.StatusFound, "text/html", "")
	}
}

// filtered refuses autodiscover.json as a rule against known attacks does.
func filtered(next endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		if strings.HasSuffix(strings.ToLower(r.URL.Path), ".json") {
			lab.Answer(w, http.StatusForbidden, "text/html", "<h1>Forbidden</h1>")
			return
		}
		next(w, r, n)
	}
}

// spelt is a box that knows a path by one spelling alone.
func spelt(begin string, next endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		if !strings.HasPrefix(r.URL.Path, begin) {
			lab.Answer(w, http.StatusNotFound, "text/html", "<h1>Not found</h1>")
			return
		}
		next(w, r, n)
	}
}

// bodiless is a box that passes on a POST as a GET, and its body not at all, as some do that follow a redirect themselves.
func bodiless(next endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		passed := r.Clone(r.Context())
		passed.Method, passed.Body, passed.ContentLength = http.MethodGet, http.NoBody, 0
		next(w, passed, n)
	}
}

// byIIS redirects as a web site in IIS does whose redirect the virtual directories inherit.
func byIIS(location string) endpoint {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		lab.SetHeader(w.Header(), "Server", "Microsoft-IIS/10.0")
		goTo(location)(w, r, n)
	}
}

// signIn sends whoever asks to a page to sign in on.
func signIn(w http.ResponseWriter, r *http.Request, n int) {
	goTo("https://login.microsoftonline.com/common/oauth2/authorize?client_id=00000000-0000-4000-8000-000000000000&response_type=code")(w, r, n)
}

// packed compresses what it passes on, though nobody asked for that.
func packed(next endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		p := w.(*ported) //nolint:forcetypeassert // every endpoint gets one
		z := &zipped{ResponseWriter: p.ResponseWriter}
		next(&ported{z, p.port}, r, n)
		z.end()
	}
}

// zipped holds a response back until it has ended, and compresses its body.
type zipped struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (z *zipped) WriteHeader(status int) { z.status = status }

func (z *zipped) Write(p []byte) (int, error) { return z.body.Write(p) }

func (z *zipped) end() {
	var b bytes.Buffer
	if z.body.Len() > 0 {
		w := gzip.NewWriter(&b)
		_, _ = w.Write(z.body.Bytes()) // a Buffer takes all
		_ = w.Close()
		lab.SetHeader(z.Header(), "Content-Encoding", "gzip")
	}
	lab.SetHeader(z.Header(), "Content-Length", strconv.Itoa(b.Len()))
	z.ResponseWriter.WriteHeader(cmp.Or(z.status, http.StatusOK))
	_, _ = z.ResponseWriter.Write(b.Bytes())
}

// hoster is what a web hoster answers for a mail domain that it takes for its own: nothing of Exchange.
func hoster(w http.ResponseWriter, r *http.Request, _ int) {
	lab.SetHeader(w.Header(), "Server", "Apache")
	account("settings", "<Protocol><Type>IMAP</Type><Server>mail.hoster.example</Server><Port>993</Port></Protocol>"+
		"<Protocol><Type>SMTP</Type><Server>mail.hoster.example</Server><Port>465</Port></Protocol>")(w.(*ported), r) //nolint:forcetypeassert // every endpoint gets one
}

// flapping answers every other connection as a box did in the field instead of the server, head and all.
func flapping(next endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		if n%2 == 0 {
			next(w, r, n)
			return
		}
		conn, buffered, err := w.(*ported).ResponseWriter.(http.Hijacker).Hijack() //nolint:forcetypeassert // every connection can be
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		const page = "<html><head><title>Invalid Request</title></head><body><h1>Bad Request</h1></body></html>"
		_, _ = io.WriteString(buffered, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 87\r\nContent-Type: text/html\r\nDate: "+time.Now().UTC().Format(http.TimeFormat)+"\r\n\r\n"+page[:87])
		_ = buffered.Flush()
	}
}

// told is what a server says to who may ask.
type told func(p *ported, r *http.Request)

// pool is Exchange behind a balancer that gives each connection to the next of two servers. What they answer stands
// behind a logon, but for version 2.
func pool(answers ...told) endpoint {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		member := lab.ByMember(w, r, n)
		lab.SetHeader(w.Header(), "X-SOAP-Enabled", "True")
		if !strings.HasSuffix(strings.ToLower(r.URL.Path), ".json") && !lab.Admits(w, r) {
			return
		}
		lab.SetHeader(w.Header(), "X-BEServer", member)
		answers[n%len(answers)](w.(*ported), r) //nolint:forcetypeassert // every endpoint gets one
	}
}

// anonymous answers whoever asks with a body, and ends the connection.
func anonymous(answer told) endpoint {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		lab.SetHeader(w.Header(), "X-FEServer", "EX01")
		lab.SetHeader(w.Header(), "Connection", "close")
		if r.ContentLength == 0 {
			lab.Answer(w, http.StatusOK, "text/html", "")
			return
		}
		answer(w.(*ported), r) //nolint:forcetypeassert // every endpoint gets one
	}
}

// postOnly is an EWS server that is not Exchange: it asks for a logon where clients ask, and names itself nowhere.
func postOnly(w http.ResponseWriter, r *http.Request, _ int) {
	if r.Method != http.MethodPost {
		lab.SetHeader(w.Header(), "Allow", http.MethodPost)
		lab.Answer(w, http.StatusMethodNotAllowed, "text/plain", "")
		return
	}
	w.Header()["WWW-Authenticate"] = []string{`Basic realm="ews"`}
	lab.Answer(w, http.StatusUnauthorized, "text/plain", "")
}

// cut sends an answer whole, and ends the connection before the response has ended: without its last chunk, or with a
// Content-Length that is too long.
func cut(answer told, length bool) told {
	return func(p *ported, r *http.Request) {
		answer(&ported{&unending{p.ResponseWriter, length}, p.port}, r)
		_ = http.NewResponseController(p.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
}

// unending changes the Content-Length that write sets.
type unending struct {
	http.ResponseWriter
	length bool // too long; else there is none
}

func (u *unending) WriteHeader(status int) {
	h := u.Header()
	n, _ := strconv.Atoi(h.Get("Content-Length"))
	if delete(h, "Content-Length"); u.length {
		lab.SetHeader(h, "Content-Length", strconv.Itoa(n+100))
	}
	u.ResponseWriter.WriteHeader(status)
}

const (
	poxBegin = `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">`
	poxEnd   = `</Autodiscover>`
	poxXML   = "text/xml; charset=utf-8"
)

// account is a POX answer with an action.
func account(action, content string) told {
	return func(p *ported, _ *http.Request) {
		p.reply(http.StatusOK, poxXML, poxBegin+`<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">`+
			`<Account><AccountType>email</AccountType><Action>`+action+`</Action>`+content+`</Account></Response>`+poxEnd)
	}
}

func redirectURL(to string) told {
	return account("redirectUrl", "<RedirectUrl>"+to+"</RedirectUrl>")
}

func redirectAddress(to string) told {
	return account("redirectAddr", "<RedirectAddr>"+to+"</RedirectAddr>")
}

func serviceError(code, message string) told {
	return func(p *ported, _ *http.Request) {
		p.reply(http.StatusOK, poxXML, poxBegin+`<Response><Error Time="13:15:00.0" Id="1"><ErrorCode>`+code+`</ErrorCode><Message>`+message+`</Message><DebugData/></Error></Response>`+poxEnd)
	}
}

// settings are those of a mailbox whose services are at a host, in the dialect that was asked in.
func settings(host string) told { return settingsBeside(host, host) }

// settingsBeside are those of a mailbox whose Outlook Anywhere is at a host of its own.
func settingsBeside(outlook, host string) told {
	base := "https://" + host + portMark
	ews := base + "/EWS/Exchange.asmx"
	urls := "<ASUrl>" + ews + "</ASUrl><EwsUrl>" + ews + "</EwsUrl><OABUrl>" + base + "/OAB/00000000-0000-4000-8000-000000000000/</OABUrl>"
	pox := account("settings", "<Protocol><Type>EXCH</Type>"+urls+"</Protocol><Protocol><Type>EXPR</Type><Server>"+outlook+"</Server>"+urls+"</Protocol>")
	soap := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` +
		`<GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Response><ErrorCode>NoError</ErrorCode>` +
		`<UserResponses><UserResponse><ErrorCode>NoError</ErrorCode><UserSettings>` +
		`<UserSetting><Name>ExternalEwsUrl</Name><Value>` + ews + `</Value></UserSetting>` +
		`</UserSettings></UserResponse></UserResponses></Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>`
	return func(p *ported, r *http.Request) {
		path := strings.ToLower(r.URL.Path)
		switch {
		case strings.HasSuffix(path, ".json"):
			p.reply(http.StatusOK, "application/json; charset=utf-8", `{"Protocol":"EWS","Url":"`+ews+`"}`)
		case strings.HasSuffix(path, ".svc"):
			p.reply(http.StatusOK, poxXML, soap)
		case strings.HasSuffix(path, ".xml") && r.Method == http.MethodPost:
			pox(p, r)
		case strings.HasSuffix(path, ".xml"):
			serviceError("600", "Invalid Request")(p, r)
		default:
			p.reply(http.StatusNotFound, "text/html", "")
		}
	}
}

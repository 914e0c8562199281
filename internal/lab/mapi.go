package lab

import (
	"fmt"
	"html"
	"net/http"
	"strings"
)

// The endpoints of MAPI over HTTP, as directories has them: the mailbox, and the address book.
const (
	mailboxEndpoint = "/mapi/emsmdb/"
	addressEndpoint = "/mapi/nspi/"
)

// mapi says how it stands with MAPI over HTTP at an origin.
type mapi int

const (
	mapiOn      mapi = iota
	mapiDown         // the service behind the front end does not run
	mapiNoOwner      // no server has a mailbox of the account
)

// The build of the simulated servers, as X-ServerApplication and as the page spell it.
const (
	buildInHeader = "15.01.2176.009"
	buildOnPage   = "15.1.2176.9"
)

// MapiPage is what a server shows to who asks an endpoint by GET after a logon; title and lines are as a published capture of an
// Exchange 2016 server has them.
func MapiPage(path, user string) string {
	return fmt.Sprintf("<html>\r\n<head>\r\n<title>Exchange MAPI/HTTP Connectivity Endpoint</title>\r\n</head>\r\n<body>\r\n"+
		"<p>Exchange MAPI/HTTP Connectivity Endpoint<br><br>Version: %s<br>Vdir Path: %s<br><br></p>"+
		"<p><b>User:</b> %s<br><b>UPN:</b> %s<br></p>\r\n</body>\r\n</html>\r\n", buildOnPage, path, html.EscapeString(user), MailAddress)
}

// mapiEndpoint answers for one of the two. What comes for an account without a mailbox is not documented; this is what the front
// end answers at other paths (exchangelib, CASError).
func (e *exchange) mapiEndpoint(w http.ResponseWriter, r *http.Request) {
	if e.bare { // no Exchange
		Answer(w, http.StatusNotFound, "text/html", "")
		return
	}
	if ok, challenges := e.admit(r); !ok {
		e.unauthorized(w, r, challenges)
		return
	}
	h := w.Header()
	named(h, connectionOf(r).server)
	switch e.mapi {
	case mapiDown:
		delete(h, "X-BEServer")
		Answer(w, http.StatusServiceUnavailable, "text/html", "")
		return
	case mapiNoOwner:
		delete(h, "X-BEServer")
		SetHeader(h, "X-CasErrorCode", "UserNotFound")
		Answer(w, http.StatusNotFound, "text/html", "")
		return
	}
	if r.Method != http.MethodGet { // the protocol itself, which is not simulated
		Answer(w, http.StatusMethodNotAllowed, "text/html", "")
		return
	}
	SetHeader(h, "X-ServerApplication", "Exchange/"+buildInHeader)
	Answer(w, http.StatusOK, "text/html; charset=utf-8", MapiPage(strings.ToLower(r.URL.Path), Username))
}

package expectcontinue

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// respond is a response with this body.
func respond(status, fields, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", status, fields, len(body), body)
}

// faulted is a SOAP fault with this code.
func faulted(code string) string {
	return respond("500 Internal Server Error", "Content-Type: text/xml\r\n", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>`+
		`<faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">`+code+`</faultcode><faultstring>No.</faultstring></s:Fault></s:Body></s:Envelope>`)
}

const (
	box503    = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
	box502    = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
	blames    = "something on the way cannot bear Expect"
	notProven = "it need not be Expect that is in the way"
)

// A request with Expect that gets no answer is blamed on Expect only where the same request without it got through.
func TestExpectIsBlamedOnlyByContrast(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		other []lab.Step // after a head without Expect
		says  string
	}{
		"an answer":                   {control, blames},
		"a request for a logon":       {[]lab.Step{lab.Write(exchange40)}, blames},
		"EWS's own fault":             {[]lab.Step{readBody, lab.Write(faulted("a:ErrorServerBusy"))}, blames},
		"a gateway's 504":             {[]lab.Step{readBody, lab.Write(box504)}, notProven},
		"a balancer without a server": {[]lab.Step{readBody, lab.Write(box503)}, notProven},
		"a page that is not there":    {[]lab.Step{readBody, lab.Write(respond("404 Not Found", "", ""))}, notProven},
		"a form to log on by":         {[]lab.Step{readBody, lab.Write(respond("200 OK", "Content-Type: text/html\r\n", "<form></form>"))}, notProven},
		"a redirect":                  {[]lab.Step{readBody, lab.Write(respond("302 Found", "Location: /owa\r\n", ""))}, notProven},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, script := range map[string][]lab.Step{"closed": {readBody}, "reset": {readBody, lab.Reset}, "closed after the 100": {lab.Write(go100), readBody}} {
				res := probeOnce(t, byExpect(t, script, tt.other))
				if res.Failure == nil || !strings.Contains(res.Failure.Message, tt.says) || strings.Contains(res.Failure.Message, blames) != (tt.says == blames) {
					t.Errorf("%s: %v, want %q", how, res.Failure, tt.says)
				}
			}
		})
	}
}

// What the request without Expect got is told beside an error that only the one with Expect gets.
func TestTheContrastIsTold(t *testing.T) {
	t.Parallel()
	const got = "; the same request without Expect got 200 OK from Exchange (EX01)"
	for name, script := range map[string][]lab.Step{
		"an error after the 100":        {lab.Write(go100), readBody, lab.Write(box504)},
		"a late body, and a box's 501":  {readBody, lab.Write(box501)},
		"a late body, and a server 500": {readBody, lab.Write(respond("500 Internal Server Error", "X-FEServer: EX01\r\n", ""))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := probeOnce(t, byExpect(t, script, control))
			if res.Failure == nil || !strings.HasSuffix(res.Failure.Message, got) {
				t.Errorf("%v, want %q", res.Failure, got)
			}
		})
	}
}

// A box that has no server left answers so with Expect and without; that its errors differ makes no late body of it.
func TestALateBodyIsRejectedOnlyByContrast(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		late, other string
		finding     bool
	}{
		"a 502 where the control works":               {box502, exchangeOK, true},
		"a 502 where the control gets 503":            {box502, box503, false},
		"a 504 where the control gets 503":            {box504, box503, false},
		"what a parser says, whatever the control":    {box501, box503, true},
		"a 400 of a parser, where the control is 504": {respond("400 Bad Request", "", ""), box504, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := probeOnce(t, byExpect(t, []lab.Step{readBody, lab.Write(tt.late)}, []lab.Step{readBody, lab.Write(tt.other)}))
			if got := len(res.Findings) > 0; res.Failure == nil || got != tt.finding {
				t.Errorf("%v with findings %v, want one: %t", res.Failure, codes(res), tt.finding)
			}
			if !tt.finding && !strings.Contains(res.Failure.Message, notProven) {
				t.Errorf("%v, want %q", res.Failure, notProven)
			}
		})
	}
}

// Not every server of EWS serves GetServerTimeZones. That it says so, with Expect and without, is no failure of the service.
func TestAServerWithoutTheOperation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		wait, control string
		success       bool
	}{
		"the operation is not known":          {faulted("a:ErrorInvalidOperation"), faulted("a:ErrorInvalidOperation"), true},
		"the request is not in the schema":    {faulted("a:ErrorSchemaValidation"), faulted("a:ErrorSchemaValidation"), true},
		"a plain word of SOAP":                {faulted("s:Client"), faulted("s:Client"), true},
		"the same of SOAP 1.2":                {faulted("s:Sender"), faulted("s:Sender"), true},
		"the store is out of order":           {faulted("a:ErrorMailboxStoreUnavailable"), faulted("a:ErrorMailboxStoreUnavailable"), false},
		"the server is at fault":              {faulted("s:Server"), faulted("s:Server"), false},
		"the control does not get that fault": {faulted("a:ErrorInvalidOperation"), exchangeOK, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := probeOnce(t, byExpect(t, []lab.Step{lab.Write(go100), readBody, lab.Write(tt.wait)}, []lab.Step{readBody, lab.Write(tt.control)}))
			if res.Success() != tt.success || tt.success && len(res.Findings) > 0 {
				t.Errorf("success %t (%v), findings %v", res.Success(), res.Failure, codes(res))
			}
			if tt.success && (!strings.Contains(res.Undecided, "GetServerTimeZones") || !strings.Contains(res.Undecided, "set body")) {
				t.Errorf("undecided: %q, want the operation and the setting", res.Undecided)
			}
		})
	}
}

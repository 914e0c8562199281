package lab

import (
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// onWire is what each scenario puts on the wire for a request with Expect whose body comes after a pause, and for the
// same request without Expect. Codes are of responses, in order.
var onWire = map[string]struct {
	before   []int // before the body
	after    []int // after it; nil where no more is to come
	end      error // how the connection ends after that; nil: it stays open
	noExpect int
}{
	"healthy":                    {before: []int{100}, after: []int{200}, noExpect: 200},
	"kemp-rfc2616":               {after: []int{501}, end: io.EOF, noExpect: 200},
	"kemp-fixed":                 {before: []int{100}, after: []int{200}, noExpect: 200},
	"kemp-rfc2616-logon":         {before: []int{401}, end: io.EOF, noExpect: 401},
	"answers-100":                {before: []int{100}, after: []int{200}, noExpect: 200},
	"expect-417":                 {before: []int{417}, end: io.EOF, noExpect: 200},
	"late-100":                   {after: []int{100, 200}, noExpect: 200},
	"ignored":                    {after: []int{200}, noExpect: 200},
	"silent":                     {noExpect: 200},
	"early-401":                  {before: []int{401}, end: io.EOF, noExpect: 401},
	"basic-logon":                {before: []int{401}, end: io.EOF, noExpect: 401},
	"sick-member":                {before: []int{100}, after: []int{504}, end: io.EOF, noExpect: 200},
	"reset-on-body":              {end: syscall.ECONNRESET, noExpect: 200},
	"http10":                     {after: []int{200}, end: io.EOF, noExpect: 200},
	"ntlm-persisted":             {before: []int{401}, end: io.EOF, noExpect: 401},
	"ntlm-per-request":           {before: []int{401}, end: io.EOF, noExpect: 401},
	"only-basic":                 {before: []int{401}, end: io.EOF, noExpect: 401},
	"legs-split":                 {before: []int{401}, end: io.EOF, noExpect: 401},
	"closes-after-challenge":     {before: []int{401}, end: io.EOF, noExpect: 401},
	"protection-allow":           {before: []int{401}, end: io.EOF, noExpect: 401},
	"protection-require":         {before: []int{401}, end: io.EOF, noExpect: 401},
	"protection-allow-rebound":   {before: []int{401}, end: io.EOF, noExpect: 401},
	"protection-require-rebound": {before: []int{401}, end: io.EOF, noExpect: 401},
	"echo":                       {before: []int{401}, end: io.EOF, noExpect: 401},
	"ews-throttled":              {before: []int{100}, after: []int{500}, noExpect: 500},
	"ews-affinity-broken":        {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-mailbox-moving":         {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-soap-fault":             {before: []int{100}, after: []int{500}, noExpect: 500},
	"ews-form-page":              {before: []int{200}, end: io.EOF, noExpect: 200},
	"ews-pool-stopped":           {before: []int{503}, end: io.EOF, noExpect: 503},
	"ews-events-lost":            {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-events-hang":            {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-stream-buffered":        {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-stream-cut":             {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-stream-silent":          {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-availability-error":     {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-soap-fault-200":         {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-truncated":              {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-sick-member":            {before: []int{100}, after: []int{200}, noExpect: 200},
	"connection-per-request":     {before: []int{100}, after: []int{401}, noExpect: 401},
	"modern-auth":                {before: []int{401}, end: io.EOF, noExpect: 401},
	"ews-affinity-pair":          {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-not-exchange":           {before: []int{100}, after: []int{500}, noExpect: 500},
	"ews-events-late":            {before: []int{100}, after: []int{200}, noExpect: 200},
	"ews-answers-twice":          {before: []int{100}, after: []int{200, 200}, noExpect: 200},
	"ews-answers-behind":         {before: []int{100}, after: []int{200}, noExpect: 200},
	"moves-off":                  {before: []int{401}, end: io.EOF, noExpect: 401},
	"moves-down":                 {before: []int{401}, end: io.EOF, noExpect: 401},
	"mapi-down":                  {before: []int{401}, end: io.EOF, noExpect: 401},
	"mapi-no-mailbox":            {before: []int{401}, end: io.EOF, noExpect: 401},
	"rpc-verbs-refused":          {before: []int{401}, end: io.EOF, noExpect: 401},
	"rpc-verbs-lost":             {before: []int{401}, end: io.EOF, noExpect: 401},
	"rpc-down":                   {before: []int{401}, end: io.EOF, noExpect: 401},
	// slow-drip has no complete head: see TestSlowDrip.
}

func TestEveryScenarioOnTheWire(t *testing.T) {
	t.Parallel()
	site := start(t)
	for _, scenario := range site.Scenarios() {
		if scenario.Name == "slow-drip" || !scenario.OverHTTP() {
			continue
		}
		want, ok := onWire[scenario.Name]
		if !ok {
			t.Errorf("scenario %s has no row in onWire", scenario.Name)
			continue
		}
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, site, scenario.Name)
			c.send(post(expect, getZones))
			for _, code := range want.before {
				if res := c.mustNext(); res.status() != code {
					t.Fatalf("before the body came %q, want %d", res.line, code)
				}
			}
			switch {
			case want.before == nil && c.comes(pause):
				t.Fatal("something came before the body")
			case want.before == nil || want.before[0] == 100:
				c.send(getZones)
			}
			for _, code := range want.after {
				if res := c.mustNext(); res.status() != code {
					t.Fatalf("after the body came %q, want %d", res.line, code)
				}
			}
			if want.end == nil {
				if c.comes(moment) {
					t.Error("something came after the last answer")
				}
			} else if _, err := c.next(); !errors.Is(err, want.end) {
				t.Errorf("the connection ends with %v, want %v", err, want.end)
			}

			plain := connect(t, site, scenario.Name)
			plain.send(post("", getZones) + getZones)
			if res := plain.mustNext(); res.status() != want.noExpect {
				t.Errorf("without Expect came %q, want %d", res.line, want.noExpect)
			}
		})
	}
}

// A body that does not wait is what the broken Kemp lets through, in one TLS record with the head or in the next.
func TestBodySentWithItsHead(t *testing.T) {
	t.Parallel()
	site := start(t, "kemp-rfc2616", "answers-100", "ignored", "healthy")
	for _, scenario := range site.Scenarios() {
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, site, scenario.Name)
			for _, pieces := range [][]string{ // one after the other: the connection goes on
				{post(expect, getZones) + getZones},
				{post(expect, getZones), getZones},
			} {
				for _, piece := range pieces {
					c.send(piece)
				}
				res := c.mustNext()
				if res.status() == 100 {
					res = c.mustNext()
				}
				if res.status() != 200 || !strings.Contains(string(res.body), "<m:GetServerTimeZonesResponse ") {
					t.Errorf("came %q with body %q", res.line, res.body)
				}
			}
		})
	}
}

// The 501 has the status line and the four fields of the field notes, and 87 bytes of body.
func TestKemp501(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, "kemp-rfc2616"), "kemp-rfc2616")
	c.send(post(expect, getZones))
	if c.comes(pause) {
		t.Fatal("something came before the body")
	}
	c.send(getZones)
	res := c.mustNext()
	lines := strings.Split(strings.TrimSpace(string(res.raw)), "\r\n")
	date := lines[len(lines)-1]
	want := []string{"HTTP/1.1 501 Invalid Request", "Connection: close", "Content-Length: 87", "Content-Type: text/html"}
	if diff := cmp.Diff(want, lines[:len(lines)-1]); diff != "" {
		t.Error(diff)
	}
	if _, err := time.Parse("Date: "+time.RFC1123, date); err != nil {
		t.Errorf("the last field is %q: %v", date, err)
	}
	if len(res.body) != 87 {
		t.Errorf("the body has %d bytes, want 87", len(res.body))
	}
}

// With the right logon the fault of kemp-rfc2616-logon shows, and basic-logon is healthy.
func TestBasicLogon(t *testing.T) {
	t.Parallel()
	site := start(t, "basic-logon", "kemp-rfc2616-logon", "early-401")
	logon := func(password string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(Username+":"+password)) + "\r\n"
	}
	tests := []struct {
		name, scenario, password string
		before                   bool // something comes before the body
		status                   int  // of what comes first
	}{
		{"healthy", "basic-logon", Password, true, 100},
		{"wrong password", "basic-logon", "wrong", true, 401},
		{"Basic where it is not offered", "early-401", Password, true, 401},
		{"before the broken Kemp", "kemp-rfc2616-logon", Password, false, 501},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, site, tt.scenario)
			c.send(post(expect+logon(tt.password), getZones))
			if got := c.comes(pause); got != tt.before {
				t.Fatalf("an answer before the body: %t, want %t", got, tt.before)
			}
			if !tt.before {
				c.send(getZones)
			}
			if res := c.mustNext(); res.status() != tt.status {
				t.Errorf("came %q, want %d", res.line, tt.status)
			}
		})
	}
}

func TestSlowDrip(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, "slow-drip"), "slow-drip")
	c.send(post(expect, getZones))
	if res := c.mustNext(); res.status() != 100 {
		t.Fatalf("before the body came %q, want 100", res.line)
	}
	c.send(getZones)
	if err := c.conn.SetReadDeadline(time.Now().Add(700 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(c.in)
	if len(got) == 0 || len(got) > 5 || !strings.HasPrefix("HTTP/1.1 200 OK", string(got)) {
		t.Errorf("after 700 ms there was %q", got)
	}
}

func TestHTTP10(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, "http10"), "http10")
	c.send(post(expect, getZones) + getZones)
	if res := c.mustNext(); res.line != "HTTP/1.0 200 OK" || res.field.Get("X-FEServer") != serverName {
		t.Errorf("came %q", res.raw)
	}
}

// Nothing but contrast tells that these are not the server's.
func TestMiddleboxPagesBearNoName(t *testing.T) {
	t.Parallel()
	for _, status := range []int{417, 504} {
		text := strings.ToLower(string(page(status)))
		for _, sign := range []string{"server:", "x-", "via:", "request-id", "set-cookie", "haproxy", "kemp", "nginx"} {
			if strings.Contains(text, sign) {
				t.Errorf("the page of %d says %q", status, sign)
			}
		}
	}
}

// The printed table and the start page read these.
func TestScenariosAreDescribed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, s := range shared() {
		if names[s.Name] || s.Description == "" || len(s.Verdicts) > 0 {
			t.Errorf("scenario %q is there twice, has no description, or says what a prober reports", s.Name)
		}
		names[s.Name] = true
	}
}

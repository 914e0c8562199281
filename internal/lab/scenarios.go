package lab

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// Scenario is one simulated site: an Exchange-like origin, the balancer in front of it, and what a probe should say.
// Adding a scenario is adding an entry at the end of the table, so that the ports of the others stay what they are.
type Scenario struct {
	Name        string
	Description string
	// Expect is what module expect_continue reports without logon.
	Expect Expectation
	// WithLogon is what module expect_continue_basic reports; zero where no logon by Basic is asked for.
	WithLogon Expectation
	// EWS is what module ews_sync reports; zero where the scenario is not about EWS.
	EWS Verdict
	// EWSWriting is what it reports with write; zero where that is not known to differ.
	EWSWriting Verdict
	// EWSStream is what operation stream alone reports, and EWSStreamWriting what it does with write; zero as above.
	EWSStream, EWSStreamWriting Verdict
	// RoundTrips is what module auth_roundtrips reports; zero where the scenario is not about logons.
	RoundTrips Verdict
	// Mail is what module smtp reports, or smtp_mail where only a mail that is begun shows it; zero where HTTP is spoken.
	Mail Verdict
	// Varies tells that each connection reaches another server, so that probes differ.
	Varies bool
	// InTurn tells that the requests of all connections reach two servers in turn, so that which one answers differs where a
	// probe sends several at once.
	InTurn bool
	// Address is "127.0.0.1:port" while the scenario runs.
	Address string

	origin   *exchange // nil for one that lets everybody in
	rebound  bool      // the server has another certificate than the balancer shows
	apart    string    // a module with an account of its own, for a site that refuses a right password; empty for none
	balancer balancer

	mail       *mailServer // in place of origin and balancer; nil where HTTP is spoken
	beginsMail bool
}

// OverHTTP tells whether the scenario speaks HTTP, and not SMTP.
func (s Scenario) OverHTTP() bool { return s.mail == nil }

// Expectation is what a probe of a scenario should report.
type Expectation struct {
	Outcome string      // of probe_expect_continue_outcome
	Success bool        // probe_success
	Finding string      // the code of the finding that must be there; empty for none
	Origin  origin.Kind // who made the deciding exchange's final response; empty where there is none
	Product string      // the product behind that origin, where it shows
}

// Verdict is what another module than expect_continue should report.
type Verdict struct {
	Failure string // "stage/reason"; "none" for a success
	Finding string // the code of the finding that must be there; empty for none
}

// What origins ask for before they serve: Exchange's default offer for EWS, and the same with Basic added by an admin.
var (
	windows         = []string{"Negotiate", "NTLM"}
	windowsAndBasic = []string{"Negotiate", "NTLM", `Basic realm="mail.contoso.test"`}
)

// What several scenarios have in common: a good answer, one that came before the body, and the 501 of the late body.
var (
	good       = Expectation{Outcome: "continue", Success: true, Origin: origin.Exchange}
	notTested  = Expectation{Outcome: "final_first", Success: true, Finding: "expect_continue_not_tested", Origin: origin.Exchange}
	lateBody   = Expectation{Outcome: "ignored_then_error", Finding: "late_body_rejected", Origin: origin.Middlebox, Product: "kemp"}
	ignored    = Expectation{Outcome: "ignored", Success: true, Finding: "expect_continue_ignored", Origin: origin.Exchange}
	noResponse = Expectation{Outcome: "no_response"}
)

// Scenarios is the table of all scenarios, in the order of their ports.
func Scenarios() []Scenario {
	return append([]Scenario{
		{
			Name:        "healthy",
			Description: "A balancer that relays Expect and the server's 100, as RFC 9110 asks.",
			Expect:      good,
			balancer:    relay,
		},
		{
			Name: "kemp-rfc2616",
			Description: "A Kemp LoadMaster that swallows the 100 and takes the late body for a new request: the 501 that no server logs. " +
				`The fix: set 100-Continue Handling to "RFC-7231 Compliant" (on 7.0: "Ignore Continue-100"), as the next one has it.`,
			Expect:   lateBody,
			balancer: expecting(swallow100),
		},
		{
			Name:        "kemp-fixed",
			Description: `The same Kemp with 100-Continue Handling set to "RFC-7231 Compliant".`,
			Expect:      good,
			balancer:    relay,
		},
		{
			Name:        "kemp-rfc2616-logon",
			Description: "The broken Kemp before a server that asks for logon first: only a probe with an auth sees the fault.",
			Expect:      notTested,
			WithLogon:   lateBody,
			origin:      &exchange{logon: windowsAndBasic},
			balancer:    expecting(swallow100),
		},
		{
			Name:        "answers-100",
			Description: "A proxy that answers 100 by itself, keeps the body, and asks the server only then.",
			Expect:      good,
			balancer:    expecting(answer100),
		},
		{
			Name:        "expect-417",
			Description: "A proxy that refuses every Expect with 417.",
			Expect:      Expectation{Outcome: "rejected", Success: true, Finding: "expect_continue_rejected", Origin: origin.Middlebox},
			balancer:    expecting(refuse417),
		},
		{
			Name:        "late-100",
			Description: "A proxy whose 100 comes only once the body is on its way.",
			Expect:      Expectation{Outcome: "late", Success: true, Finding: "expect_continue_late", Origin: origin.Exchange},
			balancer:    expecting(late100),
		},
		{
			Name:        "ignored",
			Description: "A proxy that never sends a 100, and takes the body whenever it comes.",
			Expect:      ignored,
			balancer:    expecting(buffer),
		},
		{
			Name:        "silent",
			Description: "A balancer that says nothing at all to a request with Expect, not even after the body.",
			Expect:      noResponse,
			balancer:    expecting(keepSilent),
		},
		{
			Name:        "early-401",
			Description: "A good balancer before a server that asks for Windows logon, so the body is never asked for.",
			Expect:      notTested,
			origin:      &exchange{logon: windows},
			balancer:    relay,
		},
		{
			Name:        "basic-logon",
			Description: `A healthy site that lets CONTOSO\probe in by Basic.`,
			Expect:      notTested,
			WithLogon:   good,
			origin:      &exchange{logon: windowsAndBasic},
			balancer:    relay,
		},
		{
			Name:        "sick-member",
			Description: "A clean balancer with a sick pool member: requests with Expect go to that one and end in the balancer's 504.",
			Expect:      Expectation{Outcome: "continue", Finding: "answered_by_middlebox", Origin: origin.Middlebox},
			balancer:    expecting(timeOut504),
		},
		{
			Name:        "reset-on-body",
			Description: "A firewall that resets the connection when a body comes that was announced with Expect.",
			Expect:      Expectation{Outcome: "closed"},
			balancer:    expecting(resetOnBody),
		},
		{
			Name:        "slow-drip",
			Description: "A server whose answer comes byte by byte, five a second, with a head that does not end.",
			Expect:      noResponse,
			balancer:    drip,
		},
		{
			Name:        "http10",
			Description: "An old proxy that speaks HTTP/1.0 and so knows no 100.",
			Expect:      ignored,
			balancer:    downgrade,
		},
		{
			Name:        "ntlm-persisted",
			Description: "IIS that authenticates connections by NTLM (authPersistSingleRequest false), with the page sizes of the field notes.",
			Expect:      notTested,
			RoundTrips:  Verdict{Failure: "none"},
			origin:      &exchange{logon: windows, sizes: persistedSizes},
			balancer:    relay,
		},
		{
			Name:        "ntlm-per-request",
			Description: "The same IIS with authPersistSingleRequest true: every request pays for the handshake.",
			Expect:      notTested,
			RoundTrips:  Verdict{"none", "auth_per_request"},
			origin:      &exchange{logon: windows, sizes: defaultSizes, perRequest: true},
			balancer:    relay,
		},
		{
			Name:        "only-basic",
			Description: "A published site where only Basic is left of Exchange's offer: mailbox moves fail.",
			Expect:      notTested,
			WithLogon:   good,
			RoundTrips:  Verdict{"auth/scheme_not_offered", "auth_only_basic"},
			origin:      &exchange{logon: []string{`Basic realm=""`}},
			balancer:    relay,
		},
		{
			Name:        "legs-split",
			Description: "A balancer that sends each request of a connection to another server of the pool, so that NTLM's legs never meet.",
			Expect:      notTested,
			RoundTrips:  Verdict{"auth/refused", "auth_legs_split"},
			apart:       "auth_legs_split",
			origin:      &exchange{logon: windows, sizes: persistedSizes},
			balancer:    split,
		},
		{
			Name:        "closes-after-challenge",
			Description: "A proxy that ends the connection after NTLM's challenge.",
			Expect:      notTested,
			RoundTrips:  Verdict{Failure: "auth/connection_closed"},
			origin:      &exchange{logon: windows, sizes: persistedSizes},
			balancer:    closeAfterChallenge,
		},
		{
			Name:        "protection-allow",
			Description: "Extended Protection set to Allow, the balancer shows the server's certificate.",
			Expect:      notTested,
			RoundTrips:  Verdict{Failure: "none"},
			origin:      &exchange{logon: windows, sizes: persistedSizes, protection: ProtectionAllow},
			balancer:    relay,
		},
		{
			Name:        "protection-require",
			Description: "Extended Protection set to Require, the balancer shows the server's certificate.",
			Expect:      notTested,
			RoundTrips:  Verdict{Failure: "none"},
			origin:      &exchange{logon: windows, sizes: persistedSizes, protection: ProtectionRequire},
			balancer:    relay,
		},
		{
			Name:        "protection-allow-rebound",
			Description: "Extended Protection set to Allow, and a balancer that shows another certificate than the server's.",
			Expect:      notTested,
			RoundTrips:  Verdict{"auth/refused", "extended_protection_mismatch"},
			rebound:     true,
			apart:       "auth_rebound_allow",
			origin:      &exchange{logon: windows, sizes: persistedSizes, protection: ProtectionAllow},
			balancer:    relay,
		},
		{
			Name:        "protection-require-rebound",
			Description: "Extended Protection set to Require, and a balancer that shows another certificate than the server's.",
			Expect:      notTested,
			RoundTrips:  Verdict{Failure: "auth/refused"},
			rebound:     true,
			apart:       "auth_rebound_require",
			origin:      &exchange{logon: windows, sizes: persistedSizes, protection: ProtectionRequire},
			balancer:    relay,
		},
		{
			Name:        "echo",
			Description: "A hostile box that asks for a logon, and shows what it was sent in reason phrase, header fields and body.",
			Expect:      Expectation{Outcome: "final_first", Success: true, Finding: "expect_continue_not_tested", Origin: origin.Unknown},
			balancer:    echo,
		},
	}, slices.Concat(ewsScenarios(), laterScenarios(), mailScenarios())...)
}

// laterScenarios are those that came after the EWS ones, which keep their ports.
func laterScenarios() []Scenario {
	return []Scenario{
		{
			Name: "connection-per-request",
			Description: "A proxy, as nginx is unless it is told otherwise, that takes another connection to the one server for each request, " +
				"so that NTLM lets nobody in, whatever the password.",
			Expect:     good,
			RoundTrips: Verdict{Failure: "auth/refused"},
			apart:      "auth_connections",
			origin:     &exchange{logon: windows, sizes: persistedSizes},
			balancer:   reconnect,
		},
	}
}

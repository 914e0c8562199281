package lab

import (
	"crypto/tls"
	"net"
	"slices"
)

// Scenario is one simulated site: an Exchange-like origin, and the balancer in front of it. Adding one that all parts share
// is adding an entry at the end of the table, so that the ports of those before it stay what they are.
type Scenario struct {
	Name        string
	Description string
	Try         string // what the start page says of it; empty where that does not offer it
	// Verdicts are what modules report, in the parts' order; in the table of a part, its own.
	Verdicts []Verdict
	// Varies tells that each connection reaches another server, so that probes differ.
	Varies bool
	// InTurn tells that the requests of all connections reach two servers in turn, so that which one answers differs where a
	// probe sends several at once.
	InTurn bool
	// Serve has the dialogue on one connection, which it ends, in a scenario that does not speak HTTP. certificate is the
	// site's, and request counts what the client asks for.
	Serve func(conn net.Conn, certificate *tls.Config, request func())
	// Address is "127.0.0.1:port" while the scenario runs.
	Address string

	origin   *exchange // nil for one that lets everybody in
	rebound  bool      // the server has another certificate than the balancer shows
	balancer balancer
}

// OverHTTP tells whether the scenario speaks HTTP.
func (s Scenario) OverHTTP() bool { return s.Serve == nil }

// What origins ask for before they serve: Exchange's default offer for EWS, and the same with Basic added by an admin.
var (
	windows         = []string{"Negotiate", "NTLM"}
	windowsAndBasic = []string{"Negotiate", "NTLM", `Basic realm="mail.contoso.test"`}
)

// hybrid is Bearer's challenge with hybrid modern authentication: Exchange's own client id, the tenant's issuer, and where
// clients sign in.
const hybrid = `Bearer client_id="00000002-0000-0ff1-ce00-000000000000", ` +
	`trusted_issuers="00000001-0000-0000-c000-000000000000@11111111-2222-3333-4444-555555555555", ` +
	`token_types="app_asserted_user_v1 service_asserted_app_v1", authorization_uri="https://login.windows.net/common/oauth2/authorize"`

// shared is the table of the scenarios that all parts share, in the order of their ports.
func shared() []Scenario {
	return slices.Concat(expectScenarios(), bodyScenarios(), logonScenarios(), ewsScenarios(), laterScenarios())
}

// expectScenarios are about Expect: who answers it, and how.
func expectScenarios() []Scenario {
	return []Scenario{
		{
			Name:        "healthy",
			Description: "A balancer that relays Expect and the server's 100, as RFC 9110 asks.",
			balancer:    relay,
			origin:      &exchange{narrow: true},
		},
		{
			Name: "kemp-rfc2616",
			Description: "A Kemp LoadMaster that swallows the 100 and takes the late body for a new request: the 501 that no server logs. " +
				`The fix: set 100-Continue Handling to "RFC-7231 Compliant" (on 7.0: "Ignore Continue-100"), as the next one has it.`,
			Try:      "The load balancer that answers 501 to a late body (takes 5 s)",
			balancer: expecting(swallow100),
		},
		{
			Name:        "kemp-fixed",
			Description: `The same Kemp with 100-Continue Handling set to "RFC-7231 Compliant".`,
			Try:         "The same load balancer, mended",
			balancer:    relay,
		},
		{
			Name:        "kemp-rfc2616-logon",
			Description: "The broken Kemp before a server that asks for logon first: only a probe with an auth sees the fault.",
			origin:      &exchange{logon: windowsAndBasic},
			balancer:    expecting(swallow100),
		},
		{
			Name:        "answers-100",
			Description: "A proxy that answers 100 by itself, keeps the body, and asks the server only then.",
			balancer:    expecting(answer100),
		},
		{
			Name:        "expect-417",
			Description: "A proxy that refuses every Expect with 417.",
			balancer:    expecting(refuse417),
		},
		{
			Name:        "late-100",
			Description: "A proxy whose 100 comes only once the body is on its way.",
			balancer:    expecting(late100),
		},
		{
			Name:        "ignored",
			Description: "A proxy that never sends a 100, and takes the body whenever it comes.",
			balancer:    expecting(buffer),
		},
		{
			Name:        "silent",
			Description: "A balancer that says nothing at all to a request with Expect, not even after the body.",
			balancer:    expecting(keepSilent),
		},
	}
}

// bodyScenarios are about the rest of the transport: whether a body is asked for at all, and what it meets.
func bodyScenarios() []Scenario {
	return []Scenario{
		{
			Name:        "early-401",
			Description: "A good balancer before a server that asks for Windows logon, so the body is never asked for.",
			origin:      &exchange{logon: windows},
			balancer:    relay,
		},
		{
			Name:        "basic-logon",
			Description: `A healthy site that lets CONTOSO\probe in by Basic.`,
			origin:      &exchange{logon: windowsAndBasic},
			balancer:    relay,
		},
		{
			Name:        "sick-member",
			Description: "A clean balancer with a sick pool member: requests with Expect go to that one and end in the balancer's 504.",
			balancer:    expecting(timeOut504),
		},
		{
			Name:        "reset-on-body",
			Description: "A firewall that resets the connection when a body comes that was announced with Expect.",
			balancer:    expecting(resetOnBody),
		},
		{
			Name:        "slow-drip",
			Description: "A server whose answer comes byte by byte, five a second, with a head that does not end.",
			balancer:    drip,
		},
		{
			Name:        "http10",
			Description: "An old proxy that speaks HTTP/1.0 and so knows no 100.",
			balancer:    downgrade,
		},
	}
}

// logonScenarios are about what a logon costs, and what comes between its messages.
func logonScenarios() []Scenario {
	return []Scenario{
		{
			Name:        "ntlm-persisted",
			Description: "IIS that authenticates connections by NTLM (authPersistSingleRequest false), with the page sizes of the field notes.",
			origin:      &exchange{logon: windows, sizes: persistedSizes},
			balancer:    relay,
		},
		{
			Name:        "ntlm-per-request",
			Description: "The same IIS with authPersistSingleRequest true: every request pays for the handshake.",
			Try:         "Servers that let every request log on anew",
			origin:      &exchange{logon: windows, sizes: defaultSizes, perRequest: true},
			balancer:    relay,
		},
		{
			Name:        "only-basic",
			Description: "A published site where only Basic is left of Exchange's offer: mailbox moves fail.",
			origin:      &exchange{logon: []string{`Basic realm=""`}},
			balancer:    relay,
		},
		{
			Name:        "legs-split",
			Description: "A balancer that sends each request of a connection to another server of the pool, so that NTLM's legs never meet.",
			Try:         "A balancer that tears logons by NTLM apart",
			origin:      &exchange{logon: windows, sizes: persistedSizes},
			balancer:    split,
		},
		{
			Name:        "closes-after-challenge",
			Description: "A proxy that ends the connection after NTLM's challenge.",
			origin:      &exchange{logon: windows, sizes: persistedSizes},
			balancer:    closeAfterChallenge,
		},
		{
			Name:        "protection-allow",
			Description: "Extended Protection set to Allow, the balancer shows the server's certificate.",
			origin:      &exchange{logon: windows, sizes: persistedSizes, protection: ProtectionAllow},
			balancer:    relay,
		},
		{
			Name:        "protection-require",
			Description: "Extended Protection set to Require, the balancer shows the server's certificate.",
			origin:      &exchange{logon: windows, sizes: persistedSizes, protection: ProtectionRequire},
			balancer:    relay,
		},
		{
			Name:        "protection-allow-rebound",
			Description: "Extended Protection set to Allow, and a balancer that shows another certificate than the server's.",
			rebound:     true,
			origin:      &exchange{logon: windows, sizes: persistedSizes, protection: ProtectionAllow},
			balancer:    relay,
		},
		{
			Name:        "protection-require-rebound",
			Description: "Extended Protection set to Require, and a balancer that shows another certificate than the server's.",
			rebound:     true,
			origin:      &exchange{logon: windows, sizes: persistedSizes, protection: ProtectionRequire},
			balancer:    relay,
		},
		{
			Name:        "echo",
			Description: "A hostile box that asks for a logon, and shows what it was sent in reason phrase, header fields and body.",
			balancer:    echo,
		},
	}
}

// laterScenarios are those that came after the EWS ones, which keep their ports.
func laterScenarios() []Scenario {
	return []Scenario{
		{
			Name: "connection-per-request",
			Description: "A proxy, as nginx is unless it is told otherwise, that takes another connection to the one server for each request, " +
				"so that NTLM lets nobody in, whatever the password.",
			origin:   &exchange{logon: windows, sizes: persistedSizes},
			balancer: reconnect,
		},
		{
			Name:        "moves-off",
			Description: "A healthy site where the proxy of mailbox moves is off (MRSProxyEnabled False), as Exchange installs it.",
			origin:      &exchange{logon: windowsAndBasic, moves: movesOff},
			balancer:    relay,
		},
		{
			Name:        "moves-down",
			Description: "A healthy site whose servers take mailbox moves, and the replication service behind does not run.",
			origin:      &exchange{logon: windowsAndBasic, moves: movesDown},
			balancer:    relay,
		},
		{
			Name:        "modern-auth",
			Description: "A healthy site with hybrid modern authentication: its 401 names where clients sign in.",
			origin:      &exchange{logon: append(slices.Clone(windows), hybrid)},
			balancer:    relay,
		},
		{
			Name:        "mapi-down",
			Description: "A healthy site whose front end takes MAPI over HTTP, and the application pools behind it do not run: Outlook fails.",
			origin:      &exchange{logon: windowsAndBasic, mapi: mapiDown},
			balancer:    relay,
		},
		{
			Name:        "mapi-no-mailbox",
			Description: "A healthy site that lets the account in, and has no mailbox of it.",
			origin:      &exchange{logon: windowsAndBasic, mapi: mapiNoOwner},
			balancer:    relay,
		},
		{
			Name:        "rpc-verbs-refused",
			Description: "A box that refuses the verbs of RPC over HTTP, before a healthy site.",
			origin:      &exchange{logon: windowsAndBasic},
			balancer:    refuseVerbs,
		},
		{
			Name:        "rpc-verbs-lost",
			Description: "A firewall that swallows the verbs of RPC over HTTP, before a healthy site.",
			origin:      &exchange{logon: windowsAndBasic},
			balancer:    loseVerbs,
		},
		{
			Name:        "rpc-down",
			Description: "A healthy site whose RPC proxy finds nobody behind it.",
			origin:      &exchange{logon: windowsAndBasic},
			balancer:    rpcUnavailable,
		},
	}
}

package prober

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// First steps about a module's proxy. curl asks it for the name, and the exporter for the address.
const (
	askByProxy = "curl -v -x PROXY https://HOST:PORT/"
	readLog    = "Look in the proxy's log for the line of the exporter's address at the time of the probe."
	onlyHere   = "Nobody but this monitoring, where others do not need the proxy or get through it."
)

// proxyAdvice is for a module's proxy that does not lead to the target.
var proxyAdvice = advice.Book{
	{
		Key:   "proxy_out_of_reach",
		Means: "The module's proxy was not reached: its name is not found, nothing listens there, or something on the way is closed. The target was not asked.", Suffers: onlyHere,
		Owners: []advice.Owner{advice.Exporter, advice.Network},
		On:     advice.OnExporter,
		First:  askByProxy,
		Then:   "Correct proxy_url of the module and reload (undo by the former one); or allow the connection in the firewall, and undo by removing that rule.", Risk: advice.Change, When: advice.Morning,
		Separates: "If curl does not find the proxy or gets no connection, and machines that use it have another name or port: proxy_url is wrong. If they have the same: a name server or a firewall near the exporter. If curl reaches it: it was away for a while, and its log says why.",
		For:       advice.About("connect/"+ReasonProxyLookup, "connect/"+ReasonProxyUnreached),
	},
	{
		Key:   "proxy_not_verified",
		Means: "TLS with the module's proxy failed: its certificate is not trusted or for another name, or it speaks no TLS at this port. The target was not asked.", Suffers: onlyHere,
		Owners: []advice.Owner{advice.Exporter, advice.Network},
		On:     advice.OnExporter,
		First:  askByProxy,
		Then:   "Set proxy_tls_config: {ca_file: FILE} in the module, or correct proxy_url, and reload (undo by the former); or give the proxy a certificate for that name, and keep the old one for undoing.", Risk: advice.Change, When: advice.Morning,
		Separates: "If curl says wrong version number: the proxy speaks no TLS at this port; write http:// where no proxy_auth is needed, or its other port. If it does not know the issuer, and that is your own authority: its root belongs into ca_file. If the certificate is expired or for another name: the proxy's own has to be renewed.",
		For:       advice.About("connect/" + ReasonProxyTLS),
	},
	{
		Key:   "proxy_wants_logon",
		Means: "The module's proxy asks for a logon that the module does not make. The target was not asked.", Suffers: onlyHere,
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Ask whoever runs the proxy whether it can let the exporter's address through without a logon.",
		Then:  "Have the address let through; or give the module an https proxy_url and a proxy_auth with schemes: [basic] and the proxy among its targets, and reload. Undo by taking them out.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If it can: nothing has to be set here. If it cannot, and the proxy offers Basic over TLS: give the module a proxy_auth. If it offers Negotiate or NTLM alone: a proxy of your own in between has to log on, for the exporter does not.",
		For:       advice.About("connect/" + ReasonProxyLogon),
	},
	{
		Key:   "proxy_refuses_logon",
		Means: "The module's proxy refused the logon of its proxy_auth: a wrong name or password, or an account that may not use the proxy. The target was not asked.", Suffers: onlyHere,
		Owners: []advice.Owner{advice.Account, advice.Network},
		First:  readLog,
		Then:   "Correct username or password file of the auth; or let the account use the proxy. Note what was set before.", Risk: advice.Change, When: advice.Morning,
		Separates: "If it says that name or password is wrong: the auth of the exporter. If it says that the account is locked, expired or not allowed: the account. If there is no line: another box answers at proxy_url.",
		For:       advice.About("connect/" + ReasonProxyLogonRefused),
	},
	{
		Key:   "proxy_forbids",
		Means: "The module's proxy forbids this address or port. Proxies commonly lead to port 443 alone, and their rules may go by names, while the exporter asks for the address.", Suffers: onlyHere,
		Owners: []advice.Owner{advice.Network, advice.Exporter},
		On:     advice.OnExporter,
		First:  askByProxy,
		Then:   "Have the proxy lead the exporter's address to this address and port, and undo by taking the rule out; or correct the target.", Risk: advice.Change, When: advice.Morning,
		Separates: "If curl gets through: the proxy's rules go by names; the address has to be among them. If it gets 403 too, and the target's name and port are right: the proxy forbids them to the exporter's address. If they are not right: correct the target.",
		For:       advice.About("connect/" + ReasonProxyDenied),
	},
	{
		Key:   "proxy_finds_no_way",
		Means: "The module's proxy says that it did not get through to the target's address, or failed itself.", Suffers: "Clients that go by the same proxy, or from the same network.",
		Owners: []advice.Owner{advice.Network, advice.Middlebox},
		On:     advice.OnExporter,
		First:  askByProxy,
		Then:   "Mend the way from the proxy to the address (route, firewall, name servers), or what should listen there; note what is changed, for undoing.", Risk: advice.Change, When: advice.Now,
		Separates: "If curl gets through: by the name the proxy finds another address than the exporter; compare nslookup HOST on both. If it gets the same, and the host answers other networks: the way from the proxy. If it answers nobody: the host, or the box in front of it. Squid's log has the error's number: 111 is refused, 110 no answer, 113 no route.",
		For:       advice.About("connect/" + ReasonProxyUpstream),
	},
	{
		Key:   "proxy_is_none",
		Means: "What answers at the module's proxy_url does not lead on as a proxy does.", Suffers: onlyHere,
		Owners: []advice.Owner{advice.Exporter, advice.Network},
		On:     advice.OnExporter,
		First:  askByProxy,
		Then:   "Correct proxy_url of the module and reload (undo by the former one); or allow CONNECT on the proxy, and note what was set.", Risk: advice.Change, When: advice.Morning,
		Separates: "If machines that use the proxy have another name or port: proxy_url is wrong. If they have the same and curl fails too: the proxy does not allow CONNECT, or another box answers in its place; the proof shows what came. If curl gets through: the proxy treats requests by address otherwise than by name; its log says how.",
		For:       advice.About("connect/" + ReasonProxyAnswer),
	},
	{
		Key:   "proxy_says_nothing",
		Means: "The module's proxy took the connection and gave no answer to CONNECT, or ended it. It is overloaded, waits for the target, or does not take connections from here.", Suffers: onlyHere,
		Owners: []advice.Owner{advice.Network, advice.Middlebox},
		First:  readLog,
		Then:   "Mend what the log names; where the target is silent, its host or the way from the proxy to it. Note what is changed, for undoing.", Risk: advice.Change, When: advice.Morning,
		Separates: "If the line says that the target did not answer: the way from the proxy, or the target's host. If it says that the exporter's address is refused: the proxy's rules. If there is no line: a box before the proxy ends connections, or another one answers at proxy_url.",
		For:       advice.About("connect/"+ReasonProxyClosed, "connect/"+ReasonProxyTimeout),
	},
	{
		Key:   "tunnel_without_answer",
		Means: "The module's proxy said that the way to the target is open, and then nothing came of the target. Some proxies say so before they have reached it.", Suffers: nobodyGetsThrough,
		Owners: []advice.Owner{advice.Network, advice.Middlebox, advice.IIS},
		On:     "on a machine that reaches HOST without the proxy",
		First:  "openssl s_client -connect HOST:PORT -servername SERVICE </dev/null",
		Then:   "Mend the proxy's way on; or give the virtual service, or IIS, its certificate back, and note which is bound now (netsh http show sslcert).", Risk: advice.Change, When: advice.Now,
		Separates: "If a certificate comes there: the proxy, or its way to the host; its log has the time. If it hangs or ends without one there too: the host, or the box in front of it. (Over SMTP add -starttls smtp to the command.)",
		For:       advice.About("connect/" + wire.ReasonTunnel),
	},
	{
		Key:   "issuer_not_trusted_through_proxy",
		Means: "The certificate that came through the module's proxy is from an issuer that the exporter's machine does not trust: the server's own, or that of a proxy which opens TLS.", Suffers: "Clients that do not know the issuer either refuse the connection.",
		Owners: []advice.Owner{advice.Exporter, advice.Certificate, advice.Security},
		On:     "on a machine that reaches HOST without the proxy",
		First:  "openssl s_client -connect HOST:PORT -servername SERVICE -showcerts </dev/null",
		Then:   "Have the proxy pass this host on without opening TLS; or set tls_config: {ca_file: FILE} in the module; or import the intermediate certificate on each server. Undo by taking it out.", Risk: advice.Change, When: advice.Morning,
		Separates: "If another certificate comes there than the proof shows: what stands between the exporter and the host opens TLS. If the same comes, and its issuer (i:) is your own authority: its root belongs into ca_file. If the same comes, of a public authority: the server does not send the intermediate certificate. (Over SMTP add -starttls smtp to the command.)",
	},
}

// nobodyGetsThrough is what clients notice where the target itself may be silent.
const nobodyGetsThrough = "As seen from here, every client that uses this name and port; another network may fare better."

// drawThroughProxy leads a certificate that nobody trusts to advice that knows of the proxy: it may have made the certificate.
func drawThroughProxy(r *result.Result) {
	f := r.Failure
	if r.Proxy != "" && f != nil && failure.Is(f, failure.TLS, "certificate_authority") && r.Drawn[f.Name()] == "" {
		r.Draw(f.Name(), "issuer_not_trusted_through_proxy")
	}
}

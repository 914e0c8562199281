package autodiscover

import (
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// newProfiles is who notices Autodiscover first.
const newProfiles = "New profiles, new devices, and free/busy; profiles that work go on for a while."

const (
	// atExporter and askPast ask one server past what stands in front of autodiscover.DOMAIN. A target that is a mail address
	// cannot be asked so: the way there belongs to the question.
	atExporter = advice.OnExporter
	askPast    = "ews_exporter probe MODULE SERVER --hostname autodiscover.DOMAIN" + advice.WithConfig
	needsEmail = "Where it says that an email is needed: set email: below autodiscover: of the module MODULE to a mailbox of DOMAIN, and reload."

	urls = "Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,InternalUrl,ExternalUrl"
	pool = `C:\Windows\System32\inetsrv\appcmd list apppool MSExchangeAutodiscoverAppPool`
	// sick is how the health of a server is read, and mend what follows.
	sick = "If a set of Autodiscover, AD or Store is Unhealthy: it names what fails. If none of these is: look in the newest files in $env:ExchangeInstallPath\\Logging\\HttpProxy\\Autodiscover and Logging\\Autodiscover of SERVER at the proof's time."
	mend = "Where others are well, take SERVER out of the box's pool; mend what the health set or the log names, and put it back."
)

var book = advice.Book{
	{
		Key:   "lookups_now_and_then",
		Means: "Of several look-ups at the same address some were answered and some were not: one member of a pool is sick, or a box answers now and then itself.", Suffers: newProfiles + " They fail now and then, and nobody can repeat it.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     atExporter, First: askPast,
		Separates: "If a server fails in ten such probes, each of them asked in turn: that server. If all always answer: the box, which has its own error in its log. " + needsEmail,
		Then:      "A server: where others are well, take it out of the box's pool, run " + advice.Health + ", and put it back once it answers. The box: look in its log at the proof's time, note the rule that answered, then exempt /Autodiscover from it. To undo, set the rule back.", Risk: advice.Change, When: advice.Morning,
		Direct: "lookups_now_and_then_at_server",
		For:    advice.About(Intermittent),
	},
	{
		Key:   "lookups_now_and_then_by_box",
		Means: "Of several look-ups at the same address some were answered, and to some a box in front gave an error of its own.", Suffers: newProfiles + " They fail now and then, and nobody can repeat it.",
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     advice.OnBox, First: "Look in its log for the look-up that failed at the proof's time: the member that it chose, and why it gave an error.",
		Separates: "If the log names a member that did not answer: that server; Get-ServerHealth MEMBER | Where-Object AlertValue -ne Healthy, with its name, shows whether Autodiscover is ill there. If it names a rule or a limit: that. If it has nothing: many boxes log no requests by default; ask each member of the pool directly (--direct), ten times: one that fails now and then is it, and where none does, the box.",
		Then:      "The member: where others are well, take it out of the pool until it answers. The rule or limit: note it, then exempt /Autodiscover from it. To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		Direct: "lookups_now_and_then_at_server",
		For:    advice.By(origin.Middlebox, Intermittent),
	},
	{
		Key:   "lookups_now_and_then_at_server",
		Means: "Of several look-ups at one server some were answered and some were not.", Suffers: "Clients whom the balancer sends to this server.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: advice.Health, Separates: sick,
		Then: mend + " Where no log has the look-up that failed, C:\\Windows\\System32\\LogFiles\\HTTPERR has it.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "wrong_url_returned",
		Means: "Autodiscover answers, and names another URL than expected.", Suffers: "Clients that follow it reach another server, site or nothing.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: urls,
		Separates: "If one server has the URL of the answer, and the others the expected one: that server. If all have the URL of the answer: the module's expect is out of date, or all were set so.",
		Then:      "Note the present value, then Set-WebServicesVirtualDirectory with -Identity 'SERVER\\EWS (Default Web Site)' and -ExternalUrl or -InternalUrl, for that server; or correct expect. Clients learn it within hours. To undo, set the noted value.", Risk: advice.Change, When: advice.Now,
		For: advice.About(WrongURL, "content/wrong_url"),
	},
	{
		Key:   "servers_answer_differently",
		Means: "Look-ups by one method got different settings, as where servers are set differently.", Suffers: "Clients that look again get other URLs.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: urls,
		Separates: "If a row differs from the others of its site: that server. If all agree: the difference is in another service; the table of attempts in the report tells which server gave which answer.",
		Then:      "Note the present value, then set the server that differs as the others (Set-WebServicesVirtualDirectory, or Set-… of the other service). To undo, set the noted value.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(AnswersDiffer),
	},
	{
		Key:   "redirect_leads_away",
		Means: "A redirect leads outside of the mail domain; it was not followed, and nothing was sent there.", Suffers: "Clients that do not follow either, or follow to whoever that is.",
		Owners: []advice.Owner{advice.DNS, advice.Exporter, advice.Hoster},
		On:     advice.OnExporter, First: "nslookup autodiscover.DOMAIN",
		Separates: "If the host of the redirect is yours: the exporter's redirect_domains lacks it. If it is not, and the address is not yours either: the DNS record. If it is not, and the address is yours or your web hoster's: who answers there.",
		Then:      "Yours: add its domain to redirect_domains of the module, and reload. The record: note it, then let it lead to Exchange; it takes its time to live. The hoster: ask for 404 at /autodiscover. To undo, set back what was noted.", Risk: advice.Change, When: advice.Now,
		For: advice.About(RedirectNotAllowed, "policy/redirect_not_allowed", "policy/redirect_not_https"),
	},
	{
		Key:   "autodiscover_name_not_covered",
		Means: "The certificate at autodiscover.DOMAIN is for other names.", Suffers: "Outlook shows a warning about the certificate, or asks the next way.",
		Owners: []advice.Owner{advice.Certificate, advice.DNS},
		On:     "on a client", First: "nslookup autodiscover.DOMAIN",
		Separates: "If the address is Exchange's, or that of the box in front of it: the certificate lacks the name. If it is somebody else's: the record leads there.",
		Then:      "The certificate: have the name added, and bind the new one; or publish an SRV record _autodiscover._tcp.DOMAIN to a name that is on it. The record: note it, then let it lead to Exchange. To undo, set it back.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(CertificateName),
	},
	{
		Key:   "json_blocked",
		Means: "autodiscover.json is refused by something in front of Exchange, as rules against attacks on it do.", Suffers: "Outlook for mobiles, Teams and new Outlook, which ask by this way first.",
		Owners: []advice.Owner{advice.Security}, Certainty: advice.Likely,
		First:     "Look in the log of the box in front at the proof's time for the number of the rule that refused /autodiscover/autodiscover.json.",
		Separates: "If the log names a rule: that one. If no box has the request in its log: URL Rewrite on the servers (IIS Manager, URL Rewrite, on Default Web Site and Autodiscover).",
		Then:      "Once every server has its security updates: note the rule, then narrow it to the attack (autodiscover.json with powershell in the query); do not remove it. To undo, set the noted rule.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(JSONBlocked),
	},
	{
		Key:   "ews_url_leads_nowhere",
		Means: "The EWS URL that Autodiscover returned does not lead to Exchange.", Suffers: "Clients of EWS that follow it.",
		Owners: []advice.Owner{advice.Exchange, advice.Middlebox},
		On:     advice.InShell, First: urls,
		Separates: "If the URL of the report is not what clients should use: Exchange has a wrong one. If it is right: the box, or whoever answers at that name, does not lead /EWS to Exchange.",
		Then:      "Exchange: note the present value, then Set-WebServicesVirtualDirectory with -ExternalUrl or -InternalUrl. The box: note the rule, then publish /EWS at that name. To undo, set back what was noted.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(EWSUnreachable),
	},
	{
		Key:   "redirect_to_nowhere",
		Means: "A redirect leads in a circle, to a path that is not Autodiscover's, or to something that is no URL.", Suffers: newProfiles,
		Owners: []advice.Owner{advice.IIS, advice.Middlebox, advice.Hoster},
		On:     "on each Exchange server, at an elevated prompt", First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/Autodiscover" /section:httpRedirect`,
		Separates: "If enabled is true on one: that server's IIS. If it is false on all, and the proof's address is that of your box: a rule of the box. If it is another address: whoever answers there, such as a web hoster.",
		Then:      "Note the redirect, then clear it on EWS and Autodiscover (IIS Manager, HTTP Redirect, per application), or in the box's rule for /Autodiscover; of a hoster ask for 404 at /autodiscover. To undo, set the noted redirect.", Risk: advice.Change, When: advice.Now,
		For: advice.About("content/too_many_redirects", "content/redirect_loop", "content/redirect_path", "content/malformed_redirect"),
	},
	{
		Key:   "address_not_known",
		Means: "Exchange answered: it has no settings for this address (500, 501), or the address has no mailbox here.", Suffers: "Whoever works with that mailbox.",
		Owners: []advice.Owner{advice.Exporter, advice.Mailbox},
		On:     advice.InShell, First: "Get-Recipient ADDRESS | Format-List RecipientTypeDetails,EmailAddresses",
		Separates: "If it is not found: the module's email, or the target, is wrong. If it is a RemoteUserMailbox: it was moved away. If it is a UserMailbox: its addresses or its database.",
		Then:      "The module: set email to a mailbox that is here, and reload. The mailbox: note EmailAddresses, then add the address (Set-Mailbox with -EmailAddresses @{Add=…}). To undo, set what was noted.", Risk: advice.Change, When: advice.Morning,
		For: advice.Codes("content/service_error", "500", "501", "InvalidUser", "602"),
	},
	{
		Key:   "body_lost_on_the_way",
		Means: "Exchange calls a request invalid that is known to be valid (600): something on the way lost or changed its body.", Suffers: newProfiles,
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		On: atExporter, First: askPast,
		Separates: "If settings come there: what stands in front loses the body, by a redirect that turns POST into GET, or by a rewrite. If 600 comes there too: something between the exporter and SERVER, or that server. " + needsEmail,
		Then:      "Note the rule for /Autodiscover, then let it pass POST and its body on unchanged. To undo, set the noted rule.", Risk: advice.Change, When: advice.Now, Direct: "body_lost_at_server",
		For: advice.Codes("content/service_error", "600", "InvalidRequest"),
	},
	{
		Key:   "body_lost_at_server",
		Means: "Asked directly, Exchange calls a request invalid that is known to be valid (600): something between the exporter and SERVER, or a module in its IIS, lost or changed its body.", Suffers: "Clients whom the balancer sends to this server.",
		Owners: []advice.Owner{advice.IIS, advice.Network},
		On:     advice.AtPrompt, First: advice.Modules,
		Separates: advice.ModulesDiffer,
		Then:      "A module: note its entry, then remove it from the application Autodiscover alone (IIS Manager, Modules). In between: exempt the path /Autodiscover from inspection. To undo, add or inspect it again.", Risk: advice.Change, When: advice.Now,
	},
	{
		Key:   "lookup_fails_at_server",
		Means: "The server answered the look-up with an error of its own.", Suffers: newProfiles,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: advice.Health, Separates: sick,
		Then: mend, Risk: advice.Change, When: advice.Morning,
		For: advice.About("content/service_error"),
	},
	{
		Key:   "not_exchange_there",
		Means: "What answers at this way is not Exchange's Autodiscover: a web site, a hoster's own service, or nothing.", Suffers: newProfiles,
		Owners: []advice.Owner{advice.DNS, advice.Hoster, advice.Middlebox},
		On:     advice.OnExporter, First: "nslookup autodiscover.DOMAIN",
		Separates: "If the address is not Exchange's, nor that of the box in front of it: the DNS record. If it is, and the proof has the same address: a rule of the box. If it is, and the proof has another address: the web site at DOMAIN, which a hoster may run.",
		Then:      "The record: note it, then let it lead to Exchange. The hoster: ask for 404 at https://DOMAIN/autodiscover. The box: note the rule, then let it pass /Autodiscover on. To undo, set back what was noted.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("content/not_autodiscover", "status/unexpected_status", "status/no_redirect"),
	},
	{
		Key:   "autodiscover_fails",
		Means: "Exchange answered a look-up with a server error.", Suffers: newProfiles,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On: advice.InShell, First: advice.Health, Separates: sick,
		Then: mend, Risk: advice.Change, When: advice.Now,
		For: advice.By(origin.Exchange, "status/unexpected_status"),
	},
	{
		Key:   "autodiscover_pool_stopped",
		Means: advice.PoolStopped, Suffers: newProfiles,
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: "on each Exchange server, at an elevated prompt", First: pool,
		Separates: advice.PoolState,
		Then:      advice.StartPool, Risk: advice.Restart, When: advice.Now,
		For: advice.By(origin.HTTPSys, "status/unexpected_status"),
	},
	{
		Key:   "lookup_answer_unreadable",
		Means: "The answer breaks off, or cannot be read: something on the way cuts or changes it.", Suffers: newProfiles,
		Owners: []advice.Owner{advice.Middlebox, advice.Exchange},
		On:     atExporter, First: askPast,
		Separates: "If the answer is whole there: the box in front cuts or changes it. If it breaks off there too: that server. " + needsEmail,
		Then:      "The box: note the present value, then turn off what limits, inspects or compresses responses, for /Autodiscover alone; to undo, set the noted value. The server: run " + advice.Health + ", and mend what it names.", Risk: advice.Change, When: advice.Morning,
		Direct: "lookup_unreadable_at_server",
		For:    advice.About("content/truncated", "content/malformed"),
	},
	{
		Key:   "lookup_unreadable_at_server",
		Means: "Asked directly, the server's answer breaks off, or cannot be read.", Suffers: "Clients whom the balancer sends to this server.",
		Owners: []advice.Owner{advice.Exchange, advice.Network},
		On:     "on SERVER", First: "Look for the request at the proof's time in the newest files in $env:ExchangeInstallPath\\Logging\\Autodiscover.",
		Separates: "If an error is there with it: Autodiscover broke the answer off, and the error says why. If it is there without an error: something between the exporter and SERVER cut or changed the answer.",
		Then:      "Autodiscover: " + mend + " In between: exempt the path /Autodiscover from inspection; to undo, inspect it again.", Risk: advice.Change, When: advice.Morning,
	},
	{
		Key:   "mail_hoster_answers",
		Means: "Autodiscover was answered with settings of other services alone, as a web hoster gives for IMAP and SMTP (cPanel, Plesk, mailcow, automx).", Suffers: "Outlook sets new accounts up by IMAP, without calendar and address lists.",
		Owners: []advice.Owner{advice.Hoster}, Certainty: advice.Likely,
		First:     "Look up with nslookup the host that clients ask, which the finding's sentence names, and whose its address is.",
		Separates: "If it is a web hoster's: the hoster answers in Exchange's place. If it is yours: a web server of yours does, and Then is for that.",
		Then:      "Have the hoster turn its own Autodiscover off for DOMAIN (404 is right there); let autodiscover.DOMAIN lead to Exchange. Undo: the former record.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(NotExchange, "content/not_exchange"),
	},
	{
		Key:   "bare_domain_certificate",
		Means: "Clients ask https://DOMAIN first, and the certificate there is for other names, or out of date: mostly that of a web hoster.", Suffers: "Outlook shows a warning about a certificate when an account is set up, and now and then later.",
		Owners: []advice.Owner{advice.Hoster}, Certainty: advice.Likely,
		First: "Open https://DOMAIN in a browser: the warning names whom the certificate is for.",
		Then:  "Have the hoster bind a certificate for DOMAIN, or answer no https there. For Outlook alone: policy ExcludeHttpsRootDomain; undo by taking it off.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(DomainCertificate),
	},
	{
		Key:   "service_record_leads_nowhere",
		Means: "The service record of Autodiscover names what no client can ask: an address, a host that does not exist, port 0, port 80, or no host at all.", Suffers: newProfiles,
		Owners: []advice.Owner{advice.DNS}, Certainty: advice.Sure,
		First:     "nslookup -type=SRV _autodiscover._tcp.DOMAIN",
		Separates: "If it names an address, another port than 443, or a host that nslookup does not find: correct it. If it is right: the name servers that the exporter asks have another one.",
		Then:      "Write it as: 0 0 443 mail.DOMAIN. (a name with an A record, no alias, no address), or delete it where autodiscover.DOMAIN works. Undo: the former record.", Risk: advice.Change, When: advice.Morning,
		For: advice.About(ServiceRecord, "resolve/service_record"),
	},
	{
		Key:   "redirect_inherited_in_iis",
		Means: "IIS redirects Autodiscover to a page for people. A redirect that is set on the web site, as from / to /owa, holds for every virtual directory below it.", Suffers: newProfiles + " EWS mostly fails with it.",
		Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely,
		On: advice.AtPrompt, First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/Autodiscover" /section:httpRedirect`,
		Then: "Clear HTTP Redirect on the virtual directories Autodiscover and EWS (and all others but the site's root); undo by checking it again.", Risk: advice.Change, When: advice.Now,
		For: append(advice.By(origin.IIS, RedirectInherited), advice.By(origin.Exchange, RedirectInherited)...),
	},
	{
		Key:   "redirect_to_a_page",
		Means: "Autodiscover is redirected to a page for people or for logging on: by a redirect that IIS's virtual directory inherits, or by what stands in front.", Suffers: newProfiles,
		Owners: []advice.Owner{advice.IIS, advice.Middlebox, advice.Identity},
		On:     advice.AtEach, First: `C:\Windows\System32\inetsrv\appcmd list config "Default Web Site/Autodiscover" /section:httpRedirect`,
		Then: "Clear the redirect on Autodiscover and EWS, or give both a rule of their own without pre-authentication. Undo by the former setting.", Risk: advice.Change, When: advice.Now,
		Separates: `If enabled="true": IIS inherits it. If not, and the page is for logging on: the pre-authentication. If neither: a rule of the box in front.`,
		For:       advice.About(RedirectInherited),
	},
	{
		Key:   "path_spelling",
		Means: "A rule in front of Exchange tells small letters from capitals in Autodiscover's path, and clients write both. IIS takes either.", Suffers: "Clients that write the other spelling, always the same ones.",
		Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Likely,
		On: advice.OnBox, First: "See whether the rule for Autodiscover compares the path with regard to upper and lower case.",
		Then: "Compare without. Undo by the former rule.", Places: casePlaces, Risk: advice.Change, When: advice.Morning,
		For: advice.About(PathSpelling),
	},
}

// casePlaces are where boxes are told not to mind upper and lower case.
var casePlaces = advice.Places{
	{Product: "haproxy", Setting: "-i in the acl: path_beg -i /autodiscover"},
	{Product: "nginx", Setting: "location ~* ^/autodiscover in place of location /autodiscover"},
	{Product: "apache", Setting: "<LocationMatch \"(?i)^/autodiscover\"> with ProxyPassMatch"},
}

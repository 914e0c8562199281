package lab

import (
	"net/http"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Scenarios is the table of all of them.
func Scenarios() []Scenario {
	return slices.Concat(lookUps(), answers(), ends(), strangers(), spellings())
}

// expect is the setting by which the service's own URL is expected.
const expect = `expect: {EXPR.EwsUrl: "https://` + lab.Service + portMark + `/EWS/Exchange.asmx"}`

// good is a mail domain whose service answers as it should, under both names.
func good() map[string]endpoint {
	return map[string]endpoint{autodHost: pool(settings(lab.Service)), lab.Service: pool(settings(lab.Service))}
}

// website is a web server that knows nothing of Autodiscover.
func website() endpoint { return answering(http.StatusNotFound, "<h1>Not found</h1>") }

// lookUps are about where a look-up is led.
func lookUps() []Scenario {
	return []Scenario{
		{
			Name: "autodiscover-healthy", Description: "Two servers behind a balancer give the same answer.",
			Settings: expect + ", methods: [pox, soap, json, get], follow_up: true", hosts: good(),
		},
		{
			Name: "autodiscover-flapping", Description: "Every other connection is answered with a bare 400, which no server logs.",
			Settings: "attempts: 4",
			Expect:   Expectation{"status/unexpected_status", []string{"answered_by_middlebox", "autodiscover_intermittent"}},
			hosts:    map[string]endpoint{autodHost: flapping(pool(settings(lab.Service)))},
		},
		{
			Name: "autodiscover-wrong-url", Description: "One of two servers returns another site's URLs.",
			Settings: expect,
			Expect:   Expectation{"content/wrong_url", []string{"autodiscover_answers_differ", "autodiscover_wrong_url"}},
			hosts:    map[string]endpoint{autodHost: pool(settings(lab.Service), settings("anywhere.fabrikam.test"))},
		},
		{
			Name: "autodiscover-redirect-chain", Description: "A plain http redirect leads to a server that redirects by its answer.",
			hosts: map[string]endpoint{
				lab.MailDomain: website(), autodHost: website(),
				"redirect.contoso.test": pool(redirectURL("https://" + lab.Service + portMark + "/autodiscover/autodiscover.xml")),
				lab.Service:             pool(settings(lab.Service)),
			},
			plain: map[string]endpoint{autodHost: goTo("https://redirect.contoso.test" + portMark + "/autodiscover/autodiscover.xml")},
		},
		{
			Name: "autodiscover-srv", Description: "The service record alone leads to the server.",
			hosts: map[string]endpoint{lab.Service: pool(settings(lab.Service))}, service: lab.Service,
		},
		{
			Name: "autodiscover-black-hole", Description: "The mail domain's own host takes connections and says nothing; the next way answers all the same.",
			Settings: "attempts: 1", hosts: good(), holes: []string{lab.MailDomain},
		},
		{
			Name: "autodiscover-redirect-outside", Description: "The plain http redirect leads to somebody else's host.",
			Settings: "attempts: 1",
			Expect:   Expectation{"policy/redirect_not_allowed", []string{"autodiscover_redirect_not_allowed"}},
			plain:    map[string]endpoint{autodHost: goTo("https://autodiscover.fabrikam.test/autodiscover/autodiscover.xml")},
		},
		{
			Name: "autodiscover-online", Description: "The mailbox has moved: the answer leads to Exchange Online, which is healthy.",
			Expect: Expectation{"", []string{"autodiscover_redirect_not_allowed"}},
			hosts:  map[string]endpoint{autodHost: pool(redirectAddress("probe@contoso.mail.onmicrosoft.com"))},
		},
		{
			Name: "autodiscover-certificate", Description: "The certificate does not cover autodiscover.contoso.test, and no secret is sent.",
			Settings: "attempts: 1",
			Expect:   Expectation{"tls/certificate_name", []string{"autodiscover_certificate_name"}},
			hosts:    good(), certificate: []string{"intranet.contoso.test"},
		},
		{
			Name: "autodiscover-json-blocked", Description: "A filter rule refuses autodiscover.json, and lets everything else through.",
			Settings: "methods: [json, get], attempts: 1",
			Expect:   Expectation{"status/unexpected_status", []string{"autodiscover_json_blocked"}},
			hosts:    map[string]endpoint{autodHost: filtered(pool(settings(lab.Service)))},
		},
		{
			Name: "autodiscover-loop", Description: "An answer redirects to where it came from.",
			Settings: "attempts: 1",
			Expect:   Expectation{"content/redirect_loop", nil},
			hosts:    map[string]endpoint{autodHost: pool(redirectURL("https://" + autodHost + portMark + "/Autodiscover/Autodiscover.xml"))},
		},
	}
}

// answers are about what comes back where somebody answers.
func answers() []Scenario {
	return []Scenario{
		{
			Name: "autodiscover-unknown-address", Description: "The service does not know the address, and says so with status 200.",
			Settings: "attempts: 1",
			Expect:   Expectation{"content/service_error", nil},
			hosts:    map[string]endpoint{autodHost: pool(serviceError("500", "The email address can't be found."))},
		},
		{
			Name: "autodiscover-bare", Description: "The mail domain's own host is Exchange; without leave it is sent no secret.",
			Settings: "attempts: 1",
			Expect:   Expectation{"auth/logon_required", nil},
			hosts:    map[string]endpoint{lab.MailDomain: pool(settings(lab.Service))},
		},
		{
			Name: "autodiscover-black-holes", Description: "Every host that clients try first takes connections and says nothing.",
			Settings: "attempts: 1", hosts: map[string]endpoint{lab.Service: pool(settings(lab.Service))}, holes: []string{lab.MailDomain, autodHost}, service: lab.Service,
			plain: map[string]endpoint{autodHost: silent},
		},
		{
			Name: "autodiscover-anonymous", Description: "A server that asks nobody for a logon, and ends the connection after each answer.",
			Settings: "attempts: 1",
			hosts:    map[string]endpoint{autodHost: anonymous(settings(lab.Service))},
		},
		{
			Name: "autodiscover-address", Description: "The answer sends the look-up on to another address of the mail domain.",
			Settings: "attempts: 1",
			hosts: map[string]endpoint{
				autodHost:                            pool(redirectAddress("probe@sub." + lab.MailDomain)),
				"autodiscover.sub." + lab.MailDomain: pool(settings(lab.Service)),
			},
		},
		{
			Name: "autodiscover-srv-outside", Description: "The service record leads to somebody else's host.",
			Settings: "attempts: 1",
			Expect:   Expectation{"policy/redirect_not_allowed", []string{"autodiscover_redirect_not_allowed"}},
			service:  "autodiscover.fabrikam.test",
		},
		{
			Name: "autodiscover-form", Description: "A portal shows its logon form where the answer is due.",
			Settings: "attempts: 1",
			Expect:   Expectation{"content/not_autodiscover", nil},
			hosts:    map[string]endpoint{autodHost: answering(http.StatusOK, "<html><form>Please log on</form></html>")},
		},
		{
			Name: "autodiscover-truncated", Description: "The answer breaks off in its midst.",
			Settings: "attempts: 1",
			Expect:   Expectation{"content/truncated", nil},
			hosts:    map[string]endpoint{autodHost: answering(http.StatusOK, poxBegin+"<Response><Account>")},
		},
		{
			Name: "autodiscover-json-redirect", Description: "autodiscover.json sends the look-up on to another host of the mail domain.",
			Settings: "methods: [json, soap], attempts: 1",
			hosts: map[string]endpoint{
				autodHost:   goTo("https://" + lab.Service + portMark + "/autodiscover/autodiscover.json?Email=probe%40contoso.test&Protocol=EWS&RedirectCount=1"),
				lab.Service: pool(settings(lab.Service)),
			},
		},
	}
}

// ends are about answers that lead to nobody, or do not end as they should.
func ends() []Scenario {
	return []Scenario{
		{
			Name: "autodiscover-ews-gone", Description: "The EWS URL that is returned leads to a host that is gone.",
			Settings: "attempts: 1, follow_up: true",
			Expect:   Expectation{"", []string{"autodiscover_ews_unreachable"}},
			hosts:    map[string]endpoint{autodHost: pool(settings("gone." + lab.MailDomain))},
		},
		{
			Name: "autodiscover-ews-post-only", Description: "The EWS URL that is returned leads to a server that knows no GET there, and says nowhere who it is.",
			Settings: "attempts: 1, follow_up: true",
			hosts:    map[string]endpoint{autodHost: pool(settings(lab.Service)), lab.Service: postOnly},
		},
		{
			Name: "autodiscover-chunk-missing", Description: "The answer is whole, and its last chunk is missing: no client takes it.",
			Settings: "attempts: 1",
			Expect:   Expectation{"receive/closed", nil},
			hosts:    map[string]endpoint{autodHost: pool(cut(settings(lab.Service), false))},
		},
		{
			Name: "autodiscover-length-too-long", Description: "The answer is whole, and shorter than its Content-Length says.",
			Settings: "attempts: 1",
			Expect:   Expectation{"receive/closed", nil},
			hosts:    map[string]endpoint{autodHost: pool(cut(settings(lab.Service), true))},
		},
	}
}

// strangers are about who else answers for a mail domain, and service records that lead to nobody.
func strangers() []Scenario {
	return []Scenario{
		{
			Name: "autodiscover-hoster", Description: "The mail domain's web hoster gives settings for IMAP and SMTP; the next way leads to Exchange.",
			Settings: "attempts: 1, " + expect,
			Expect:   Expectation{"", []string{"autodiscover_not_exchange"}},
			hosts:    map[string]endpoint{lab.MailDomain: hoster, autodHost: pool(settings(lab.Service))},
		},
		{
			Name: "autodiscover-hoster-alone", Description: "All that answers is the web hoster, with settings for IMAP and SMTP.",
			Settings: "attempts: 1, " + expect,
			Expect:   Expectation{"content/not_exchange", []string{"autodiscover_not_exchange"}},
			hosts:    map[string]endpoint{autodHost: hoster},
		},
		{
			Name: "autodiscover-domain-certificate", Description: "The mail domain's own host shows its hoster's certificate; the next way leads to Exchange.",
			Settings: "attempts: 1",
			Expect:   Expectation{"", []string{"autodiscover_domain_certificate"}},
			hosts:    map[string]endpoint{lab.MailDomain: website(), autodHost: pool(settings(lab.Service))}, strangers: []string{lab.MailDomain},
		},
		{
			Name: "autodiscover-mailbox-path", Description: "A redirect leads to a path with a mailbox in it.",
			Settings: "attempts: 1",
			hosts: map[string]endpoint{
				autodHost:   goTo("https://" + lab.Service + portMark + "/Autodiscover/first.last%40" + lab.MailDomain + "/Autodiscover.xml"),
				lab.Service: pool(settings(lab.Service)),
			},
		},
		{
			Name: "autodiscover-srv-address", Description: "The service record's target is an address, and all others lead to a web site.",
			Settings: "attempts: 1",
			Expect:   Expectation{"resolve/service_record", []string{"autodiscover_service_record"}},
			hosts:    map[string]endpoint{lab.MailDomain: website(), autodHost: website()}, service: "192.0.2.25",
		},
		{
			Name: "autodiscover-srv-gone", Description: "The service record's target does not exist, and all others lead to a web site.",
			Settings: "attempts: 1",
			Expect:   Expectation{"resolve/service_record", []string{"autodiscover_service_record"}},
			hosts:    map[string]endpoint{lab.MailDomain: website(), autodHost: website()}, service: "gone." + lab.MailDomain,
		},
		{
			Name: "autodiscover-srv-port", Description: "The service record names port 0.",
			Settings: "attempts: 1",
			Expect:   Expectation{"resolve/service_record", []string{"autodiscover_service_record"}},
			hosts:    map[string]endpoint{lab.Service: pool(settings(lab.Service))}, service: lab.Service + ":0",
		},
		{
			Name: "autodiscover-srv-none", Description: "The service record says that there is no such service.",
			Settings: "attempts: 1",
			Expect:   Expectation{"resolve/service_record", []string{"autodiscover_service_record"}},
			hosts:    map[string]endpoint{lab.MailDomain: website()}, service: ".",
		},
		{
			Name: "autodiscover-srv-stale", Description: "The service record's target does not exist, and the server behind autodiscover.contoso.test fails, which counts more.",
			Settings: "attempts: 1",
			Expect:   Expectation{"status/unexpected_status", []string{"autodiscover_service_record"}},
			hosts:    map[string]endpoint{autodHost: answering(http.StatusServiceUnavailable, "")}, service: "gone." + lab.MailDomain,
		},
	}
}

// spellings are about redirects, spellings and bodies that something on the way changes.
func spellings() []Scenario {
	return []Scenario{
		{
			Name: "autodiscover-redirect-inherited", Description: "The virtual directory inherits the redirect to /owa of its web site in IIS.",
			Settings: "attempts: 1",
			Expect:   Expectation{"content/redirect_path", []string{"autodiscover_redirect_inherited"}},
			hosts:    map[string]endpoint{autodHost: byIIS("https://" + autodHost + portMark + "/owa/")},
		},
		{
			Name: "autodiscover-redirect-online", Description: "The redirect that the virtual directory inherits leads to the pages of Exchange Online, which is no answer.",
			Settings: "attempts: 1",
			Expect:   Expectation{"content/redirect_path", []string{"autodiscover_redirect_inherited"}},
			hosts:    map[string]endpoint{autodHost: byIIS("https://outlook.office365.com/owa/")},
		},
		{
			Name: "autodiscover-sign-in", Description: "Whoever asks is sent to a page to sign in on.",
			Settings: "attempts: 1",
			Expect:   Expectation{"status/logon_page", []string{"autodiscover_redirect_inherited"}},
			hosts:    map[string]endpoint{autodHost: signIn},
		},
		{
			Name: "autodiscover-small-letters", Description: "A box knows the path in small letters alone, and clients write capitals too.",
			Settings: "attempts: 1",
			Expect:   Expectation{"", []string{"autodiscover_path_spelling"}},
			hosts:    map[string]endpoint{autodHost: spelt("/autodiscover/", pool(settings(lab.Service)))},
		},
		{
			Name: "autodiscover-capitals", Description: "A box knows the path in capitals alone.",
			Settings: "attempts: 1",
			Expect:   Expectation{"status/unexpected_status", []string{"autodiscover_path_spelling"}},
			hosts:    map[string]endpoint{autodHost: spelt("/Autodiscover/", pool(settings(lab.Service)))},
		},
		{
			Name: "autodiscover-body-lost", Description: "A box passes the POST on as a GET, and Exchange calls the request invalid.",
			Settings: "attempts: 1",
			Expect:   Expectation{"content/service_error", nil},
			hosts:    map[string]endpoint{autodHost: bodiless(pool(settings(lab.Service)))},
		},
		{
			Name: "autodiscover-server-differs", Description: "Outlook Anywhere and EWS are at different hosts, which a cmdlet for mailbox moves confuses people with.",
			Settings: "attempts: 1",
			Expect:   Expectation{"", []string{"autodiscover_server_differs"}},
			hosts:    map[string]endpoint{autodHost: pool(settingsBeside(lab.Service, "ews."+lab.MailDomain))},
		},
		{
			Name: "autodiscover-compressed", Description: "A box compresses the answer, though nobody asked for that.",
			Settings: "attempts: 1",
			hosts:    map[string]endpoint{autodHost: packed(pool(settings(lab.Service)))},
		},
	}
}

// ways are mail domains in which each method goes each of the ways, and some that lead nowhere. They show no fault of their own.
func ways() []Scenario {
	server := map[string]endpoint{lab.Service: pool(settings(lab.Service))}
	const every = "methods: [pox, soap, json, get], attempts: 1"
	return []Scenario{
		{
			Name: "autodiscover-ways-domain", Description: "The mail domain's own host is Exchange, and may be logged on at.",
			Settings: every + ", bare_domain_logon: true", hosts: map[string]endpoint{lab.MailDomain: pool(settings(lab.Service))},
		},
		{
			Name: "autodiscover-ways-redirect", Description: "The plain http redirect alone leads to the server.",
			Settings: every, hosts: server,
			plain: map[string]endpoint{autodHost: goTo("https://" + lab.Service + portMark + "/autodiscover/autodiscover.xml")},
		},
		{
			Name: "autodiscover-ways-srv", Description: "The service record alone leads to the server.",
			Settings: every, hosts: server, service: lab.Service,
		},
		{
			Name: "autodiscover-ways-direct", Description: "The server is asked itself.",
			Settings: every, hosts: map[string]endpoint{autodHost: pool(settings(lab.Service))}, direct: true,
		},
		{
			Name: "autodiscover-no-redirect", Description: "Plain http is answered with a page, and one of two name servers does not know the host, so that https was not asked.",
			Settings: "attempts: 1",
			Expect:   Expectation{"status/no_redirect", nil},
			plain:    map[string]endpoint{autodHost: answering(http.StatusOK, "<h1>Welcome</h1>")}, forgotten: true,
		},
		{
			Name: "autodiscover-logon-elsewhere", Description: "The server asks for a logon, and the auth is for another host.",
			Settings: "attempts: 1",
			Expect:   Expectation{"auth/target_not_listed", nil},
			hosts:    map[string]endpoint{autodHost: pool(settings(lab.Service))}, logon: []string{lab.Service},
		},
		{
			Name: "autodiscover-redirect-denied", Description: "A redirect leads to a host that the exporter's policy denies.",
			Settings: "attempts: 1",
			Expect:   Expectation{"policy/name_denied", nil},
			hosts:    map[string]endpoint{autodHost: goTo("https://" + lab.Service + portMark + "/autodiscover/autodiscover.xml"), lab.Service: pool(settings(lab.Service))},
			policy:   "allow: [127.0.0.0/8], deny: [" + lab.Service + "]",
		},
		{
			Name: "autodiscover-portal", Description: "Whoever asks is sent to a page to log on by.",
			Settings: "attempts: 1",
			Expect:   Expectation{"status/logon_page", []string{"autodiscover_redirect_inherited"}},
			hosts:    map[string]endpoint{autodHost: goTo("/owa/auth/logon.aspx?url=x")},
		},
	}
}

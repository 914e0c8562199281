package lab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// site is the service principal of the peers' name.
const site = "HTTP/" + lab.Service

// principalMissing is a site whose service principal nobody has, while somebody has its short name's.
const principalMissing = "principal-missing"

// aliased is a resolver by whom the service's name is an alias.
type aliased struct {
	script.Leads
	to string
}

// LookupCNAME implements the look-up of an alias.
func (a aliased) LookupCNAME(context.Context, string) (string, error) { return a.to, nil }

// ticketCases are of logons by Kerberos.
func ticketCases() []lab.Case {
	accepts := []lab.Step{lab.Write(script.Sized("welcome"))}
	refuses := []lab.Step{script.Unauthorized("Negotiate")}
	only := func(name string) map[string]int32 { return map[string]int32{name: 0} }
	duplicate := func(names ...string) map[string]int32 {
		services := map[string]int32{site: 0}
		for _, name := range names {
			services[name] = errorcode.KDC_ERR_PRINCIPAL_NOT_UNIQUE
		}
		return services
	}
	return []lab.Case{
		byTicket("a ticket for each name of the site", "success", map[string]int32{site: 0, "HTTP/mail": 0, "HTTP/ex01.contoso.test": 0}, "ex01.contoso.test.", accepts),
		byTicket("a ticket for the site's name, and for no other one", "success, spn_missing", only(site), "ex01.contoso.test.", accepts),
		byTicket("a short name that two accounts have", "success, spn_duplicate", duplicate("HTTP/mail"), "", accepts),
		byTicket(principalMissing, "auth/unknown_service, spn_missing", only("HTTP/mail"), "", accepts),
		byTicket("a site whose service principal two accounts have", "auth/shared_service, spn_duplicate, spn_missing", duplicate(site), "", accepts),
		byTicket("a ticket that the server does not take", "auth/ticket_refused", map[string]int32{site: 0, "HTTP/mail": 0}, "", refuses),
		byTicket("a site that two accounts have under the name that it is an alias for", "success, spn_duplicate", map[string]int32{site: 0, "HTTP/mail": 0, "HTTP/ex01.contoso.test": errorcode.KDC_ERR_PRINCIPAL_NOT_UNIQUE}, "ex01.contoso.test.", accepts),
		fallsBack(),
		notOffered(),
	}
}

// byTicket is a site that offers Negotiate and answers a ticket so. The KDC has these service principals; name is what the
// site's name is an alias for, empty where it is none.
func byTicket(name, reports string, services map[string]int32, alias string, answer []lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Asking(func(authorization string) []lab.Step {
			if strings.HasPrefix(authorization, "Negotiate ") {
				return answer
			}
			return []lab.Step{script.Unauthorized("Negotiate")}
		}))
		p.Keys = []string{"auth_roundtrips: {objects: 1}"}
		_, port, _ := net.SplitHostPort(p.Target)
		p.Server, p.Hostname = net.JoinHostPort("127.0.0.1", port), lab.Service
		p.Logon, p.LogonTargets = byKerberos(t, services, "negotiate"), []string{p.Target, p.Server}
		if alias != "" {
			p.Resolver = aliased{to: alias}
		}
		return p
	}}
}

// fallsBack is Exchange's front end, which takes NTLM within Negotiate, and a KDC that has no service principal.
func fallsBack() lab.Case {
	return lab.Case{Name: "a site without a service principal, by an auth that may use NTLM", Want: lab.Reports("success, negotiate_fell_back, spn_missing"), Start: func(t lab.TB) lab.Peer {
		p := script.Front(t, func(w http.ResponseWriter, r *http.Request) {
			if lab.Admits(w, r) {
				w.WriteHeader(http.StatusOK)
			}
		})
		p.Keys = []string{"auth_roundtrips: {objects: 2}"}
		p.Logon = byKerberos(t, nil, "negotiate, ntlm")
		return p
	}}
}

// notOffered is a site that offers NTLM, and no Negotiate.
func notOffered() lab.Case {
	return lab.Case{Name: "a site without Negotiate, by an auth that would rather have Kerberos", Want: lab.Reports("success, negotiate_fell_back"), Start: func(t lab.TB) lab.Peer {
		welcome := []lab.Step{lab.Write(script.Sized("welcome"))}
		p := script.HTTPS(t, script.Asking(script.Legs([]lab.Step{script.Unauthorized(script.Challenge(script.Computers))}, welcome)))
		p.Keys = []string{"auth_roundtrips: {objects: 1}"}
		p.Logon = byKerberos(t, nil, "negotiate, ntlm")
		return p
	}}
}

// byKerberos is an auth with these schemes whose KDC has these service principals.
func byKerberos(t lab.TB, services map[string]int32, schemes string) string {
	return fmt.Sprintf(`username: 'CONTOSO\%s', password: %s, schemes: [%s], kerberos: {realm: %s, kdcs: [%q]}`,
		script.KDCAccount, lab.Password, schemes, script.Realm, script.KDC(t, services))
}

package main

import (
	"compress/gzip"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
	"golang.org/x/crypto/bcrypt"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// planted are the secrets of TestNoSecretShows, by where they come from.
var planted = map[string]string{
	"password":          mark("Pass"),
	"inline password":   mark("Inln"),
	"kerberos password": mark("Krbp"),
	"keytab":            mark("Ktab"),
	"ccache":            mark("Ccch"),
	"token file":        markToken("Tokn"),
	"stale token":       markToken("Stal"),
	"client secret":     mark("Clnt"),
	"issued token":      markToken("Issd"),
	"header":            mark("Head"),
	"typed password":    mark("Typd"),
	"web password":      mark("Webp"),
	"proxy password":    mark("Prxy"),
	"userinfo":          mark("Info"),
}

// trial is one auth, a target of its own that shows its secret, and a module that logs on there.
type trial struct {
	name   string // of the auth
	auth   string // its keys, beside targets
	secret string // that the target shows
	how    string // in this manner
	module string
	target *lab.Script
}

// trials are all manners with a password, and some with every other kind of secret.
func trials() []*trial {
	var all []*trial
	add := func(kind, keys, secret string, hows, modules []string) {
		for _, how := range hows {
			for _, module := range modules {
				n := len(all) // an account for each, because the refusal of one is another's
				all = append(all, &trial{name: fmt.Sprint(kind, n), auth: strings.ReplaceAll(keys, "probe", fmt.Sprint("probe", n)), secret: planted[secret], how: how, module: module})
			}
		}
	}
	some := []string{"reason", "fields", "page", "fault"}
	var probers []string
	for _, p := range secretParts() {
		probers = append(probers, p.Prober)
	}
	one := probers[:1]
	add("basic", "username: probe, password_file: password, schemes: [basic]", "password", slices.Sorted(maps.Keys(manners)), probers)
	add("ntlm", "username: 'CONTOSO\\probe', password: '"+planted["inline password"]+"', schemes: [ntlm]", "inline password", append(some, "refused", "another answer"), probers)
	add("negotiate", "username: 'CONTOSO\\probe', password: '"+planted["inline password"]+"', schemes: [negotiate]", "inline password", some, one)
	add("bearer", "schemes: [bearer], token_file: token", "token file", some, probers)
	add("stale", "schemes: [bearer], token_file: stale", "stale token", []string{"refused"}, one)
	add("oauth", "schemes: [bearer], oauth2: {client_id: probe, client_secret_file: client, token_url: 'https://ISSUER', ca_file: ca.pem}", "issued token", some, probers)
	for _, how := range issuing {
		add("issuer", "schemes: [bearer], oauth2: {client_id: probe, client_secret_file: client, token_url: 'https://ISSUER-"+how.name+"', ca_file: ca.pem}", "client secret", some[:1], one)
	}
	kerberos := "username: probe@CONTOSO.TEST, schemes: [negotiate], "
	add("kerberos", kerberos+"password_file: kerberos, kerberos: {realm: CONTOSO.TEST, kdcs: ['KDC']}", "kerberos password", some[:1], one)
	add("keytab", kerberos+"kerberos: {realm: CONTOSO.TEST, kdcs: ['KDC'], keytab: keytab}", "keytab", some[:1], one)
	add("ccache", kerberos+"kerberos: {realm: CONTOSO.TEST, kdcs: ['KDC'], ccache: ccache}", "ccache", some[:1], one)
	return append(all, typed())
}

// inTurn leaves to the other log format every second trial of each module but the first, which is tried in both: only the log
// differs by the format.
func inTurn(all []*trial, turn int) []*trial {
	of := map[string]int{}
	return slices.DeleteFunc(all, func(try *trial) bool {
		of[try.module]++
		return try.module != first.Prober && of[try.module]%2 != turn
	})
}

// issuing are the ways in which a token URL shows the client's secret, all but the first without a token.
var issuing = []struct {
	name   string
	answer func(echo string) string
}{
	{"error", func(echo string) string { return answered("400 Bad Request", "", fmt.Sprintf(`{"error":%q}`, echo)) }},
	{"refusal", func(echo string) string {
		return answered("401 "+echo, "WWW-Authenticate: Basic realm=\""+echo+"\"\r\n", echo)
	}},
	{"redirect", func(echo string) string { return answered("307 "+echo, "Location: https://"+echo+"@x/\r\n", echo) }},
	{"nonsense", func(echo string) string { return "HTTP/1.1 2x0 " + echo + "\r\n\r\n" }},
	{"field", func(echo string) string {
		return "HTTP/1.1 200 OK\r\n" + strings.ReplaceAll(echo, ":", "") + "\r\n\r\n"
	}},
	{"type", func(echo string) string {
		return answered("200 OK", "", fmt.Sprintf(`{"access_token":%q,"token_type":%q}`, echo, echo))
	}},
}

// secretParts are those of the probers that ask over HTTP: each has a module of its prober's name.
func secretParts() []lab.Part {
	return slices.DeleteFunc(labs.All(), func(p lab.Part) bool { return !overHTTP(p) })
}

// secretModules is the configuration of the modules, which ask for all that they can.
func secretModules() string {
	text := "modules:\n"
	for _, p := range secretParts() {
		text += "  " + p.Prober + ": " + flowOf(p, p.Most, "timeout: 12s", "tls_config: {ca_file: ca.pem}") + "\n"
	}
	return strings.ReplaceAll(text, lab.Secret, "'"+planted["header"]+"'") + "policy: {allow: [\"127.0.0.0/8\"]}\nservices: {mail: {name: 127.0.0.1, modules: [" + first.Prober + "]}}\n"
}

// askedAs is the name that all targets are asked for, so that look-ups of mail domains find something there too.
const askedAs = "autodiscover.contoso.test"

// typed is a target that is logged on at from the command line, by no auth of the configuration.
func typed() *trial {
	return &trial{name: "typed", how: "page", module: first.Prober, secret: planted["typed password"]}
}

// secretSite starts the targets of trials, and writes the configuration that knows them.
func secretSite(t *testing.T, all []*trial) (file string) {
	t.Helper()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	server, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"ca.pem": string(authority.PEM()), "password": planted["password"] + "\n", "token": planted["token file"], "stale": planted["stale token"], "client": planted["client secret"],
		"kerberos": planted["kerberos password"], "keytab": "\x05\x02" + planted["keytab"], "ccache": "\x05\x04" + planted["ccache"],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var auths strings.Builder
	auths.WriteString("auths:\n")
	for i, try := range all {
		try.target = echoing(t, server, try.secret, manners[try.how], i%len(try.secret))
		if try.auth == "" {
			continue
		}
		_, port, _ := strings.Cut(try.target.Addr(), ":")
		fmt.Fprintf(&auths, "  %s: {%s, targets: ['127.0.0.1:%s', '%s:%s']}\n", try.name, try.auth, port, askedAs, port)
	}
	text := auths.String() + secretModules()
	for _, how := range issuing {
		text = strings.ReplaceAll(text, "ISSUER-"+how.name, issuer(t, server, how.answer))
	}
	text = strings.ReplaceAll(text, "ISSUER", issuer(t, server, func(string) string {
		return answered("200 OK", "Content-Type: application/json\r\n", fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, planted["issued token"]))
	}))
	text = strings.ReplaceAll(text, "KDC", kdc(t))
	file = filepath.Join(dir, "ews.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// issuer is a token URL that answers so, and gives its host and port.
func issuer(t *testing.T, config *tls.Config, answer func(echo string) string) string {
	t.Helper()
	secret := planted["client secret"]
	echo := strings.Repeat("p", 11) + strings.Repeat(secret+".", 10) + encoded(secret)
	serve := lab.Branch(func(head string) []lab.Step { return append(takeBody(head), lab.Write(answer(echo))) })
	return lab.ServeTLS(t, config, serve).Addr()
}

// kdc is a KDC that answers everything with an error whose text is the password.
func kdc(t *testing.T) string {
	t.Helper()
	realm := "CONTOSO.TEST"
	says := messages.NewKRBError(types.NewPrincipalName(2, "krbtgt/"+realm), realm, 60, strings.Repeat(planted["kerberos password"]+".", 20))
	message, err := says.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return lab.Serve(t, lab.Await, lab.Write(string(binary.BigEndian.AppendUint32(nil, uint32(len(message))))+string(message)), lab.Hang).Addr()
}

// TestNoSecretShows plants a marked secret wherever there can be one, has targets show it in every place and form, and
// looks for it in all that the exporter says: metrics, pages, JSON, texts, errors, and its log at the most talkative
// level, in both formats.
func TestNoSecretShows(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes most of a minute")
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(planted["web password"]), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	exporter := build(t)
	web := write(t, "basic_auth_users: {admin: '"+string(hash)+"'}\n")
	for turn, format := range []string{"logfmt", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			all := inTurn(trials(), turn)
			file := secretSite(t, all)
			proxy := "https://u:" + url.QueryEscape(planted["proxy password"]) + "@127.0.0.1:1"
			memory := t.TempDir()
			p := serveBy(t, []string{exporter}, []string{"HTTP_PROXY=" + proxy, "HTTPS_PROXY=" + proxy, "ALL_PROXY=" + proxy}, "--storage.path="+memory, "--config.file="+file, "--web.config.file="+web, "--log.level=debug", "--log.format="+format, "--limit.probes-per-address=200")
			s := &showing{base: p.url, leaks: newLeaks(planted)}
			s.tryAll(t, all)
			s.pages(t, all)
			s.refusals(t, all)
			s.commands(t, file, format, all)
			s.mistakes(t, file)
			s.leaks.look(t, "the log", p.logged(t))
			s.wasTried(t, all)
			p.signal(t, os.Interrupt)
			p.exit(t, time.Minute)
			p.sound(t)
			s.disk(t, memory, all)
		})
	}
}

// showing asks an exporter for all it has to show.
type showing struct {
	base string

	mu     sync.Mutex
	leaks  *leaks
	masked map[string]int // by prober: trials of which something shows, with the secret masked
	ids    []string       // of reports
}

// tryAll asks for each trial in every form: a probe of its own for a page, for the metrics, and for the text.
func (s *showing) tryAll(t *testing.T, all []*trial) {
	work := make(chan *trial)
	var workers sync.WaitGroup
	for range 12 {
		workers.Go(func() {
			for try := range work {
				s.try(t, try)
			}
		})
	}
	for _, try := range all {
		if try.auth != "" {
			work <- try
		}
	}
	close(work)
	workers.Wait()
}

func (s *showing) try(t *testing.T, try *trial) {
	query := url.Values{"module": {try.module}, "target": {try.target.Addr()}, "auth": {try.name}, "hostname": {askedAs}}
	where := try.module + " of " + try.name + ", " + try.how
	var shown strings.Builder
	see := func(what, method, path string, form url.Values) string {
		location, body := s.ask(t, method, path, form)
		shown.WriteString(body)
		s.leaks.look(t, what+" by "+where, body)
		return location
	}
	location := see("the form", http.MethodPost, "/report", query)
	for _, kind := range []string{"", ".json", ".txt"} {
		see("the report"+kind, http.MethodGet, "/"+location+kind, nil)
	}
	see("debug=true", http.MethodGet, "/probe?debug=true&"+query.Encode(), nil)
	see("the metrics", http.MethodGet, "/probe?"+query.Encode(), nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.masked == nil {
		s.masked = map[string]int{}
	}
	if strings.Contains(strings.NewReplacer("&lt;", "<", "&gt;", ">", `\u003c`, "<", `\u003e`, ">").Replace(shown.String()), "<secret>") {
		s.masked[try.module]++
	}
	if id, ok := strings.CutPrefix(location, "report/"); ok {
		s.ids = append(s.ids, id)
	}
	for _, token := range proofs(try.target) { // what proves a secret is one
		if middle := token[len(token)/2:]; len(token) > 40 && strings.Contains(shown.String(), middle) {
			t.Errorf("an Authorization shows by %s: …%s", where, middle)
		}
	}
}

// ask sends one request as a person's browser, and gives all of the answer, and where it leads.
func (s *showing) ask(t *testing.T, method, path string, form url.Values) (location, all string) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, body)
	if err != nil {
		t.Error(err)
		return "", ""
	}
	req.SetBasicAuth("admin", planted["web password"])
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{Transport: http.DefaultTransport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Error(err)
		return "", ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.Header.Get("Location"), fmt.Sprint(res.Status, res.Header) + "\n" + string(text)
}

// pages looks at what is not of one probe.
func (s *showing) pages(t *testing.T, all []*trial) {
	paths := []string{"/", "/metrics", "/config", "/sd", "/findings/", "/compare?of=" + strings.Join(s.ids[:min(2, len(s.ids))], ",")}
	for _, try := range all {
		paths = append(paths, "/report?"+url.Values{"module": {try.module}, "target": {try.target.Addr()}, "auth": {try.name}}.Encode())
	}
	for _, path := range paths {
		_, body := s.ask(t, http.MethodGet, path, nil)
		s.leaks.look(t, path, body)
	}
}

// disk looks at all that outlives the exporter.
func (s *showing) disk(t *testing.T, dir string, all []*trial) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "memory.json"))
	if err != nil {
		t.Error(err)
	}
	s.leaks.look(t, "memory.json", string(text))
	f, err := os.Open(filepath.Join(dir, "results.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = io.ReadAll(unpacked); err != nil || strings.Count(string(text), "\n") < len(all) {
		t.Fatalf("%d lines of results are kept of %d probes, %v", strings.Count(string(text), "\n"), len(all), err)
	}
	s.leaks.look(t, "results.json.gz", string(text))
	for _, try := range all {
		for _, token := range proofs(try.target) {
			if middle := token[len(token)/2:]; len(token) > 40 && strings.Contains(string(text), middle) {
				t.Errorf("an Authorization is kept of %s", try.name)
			}
		}
	}
}

// refusals looks at what is said of a target that has a password in it. The page that shows a form shows what was
// written into it, and nothing else does.
func (s *showing) refusals(t *testing.T, all []*trial) {
	target := "https://probe:" + url.PathEscape(planted["userinfo"]) + "@" + all[0].target.Addr() + "/"
	for _, query := range []url.Values{
		{"module": {first.Prober}, "target": {target}},
		{"module": {first.Prober}, "target": {planted["userinfo"] + "@mail.contoso.test"}},
		{"module": {first.Prober}, "target": {"probe:" + planted["userinfo"] + "@mail.contoso.test"}},
		{"module": {first.Prober}, "target": {"mail.contoso.test"}, "hostname": {"probe:" + planted["userinfo"] + "@mail.contoso.test"}},
	} {
		_, body := s.ask(t, http.MethodGet, "/probe?"+query.Encode(), nil)
		s.leaks.look(t, "the answer to "+query.Encode()[:20], body)
		s.ask(t, http.MethodPost, "/report", query) // for the log
		query.Set("direct", target)
		query.Set("target", "mail.contoso.test")
		s.ask(t, http.MethodPost, "/report", query)
	}
}

// commands looks at what the command line prints, with its log, as text and as JSON.
func (s *showing) commands(t *testing.T, file, format string, all []*trial) {
	t.Helper()
	for _, try := range all {
		if try.how != "page" && try.how != "fault" {
			continue
		}
		args := []string{"probe", try.module, try.target.Addr(), "--config.file=" + file, "--log.level=debug", "--log.format=" + format, "--timeout=12s", "--hostname=" + askedAs}
		if try.auth == "" {
			args = append(args, "--username=probe")
		} else {
			args = append(args, "--auth="+try.name)
		}
		for _, more := range [][]string{nil, {"--json"}} {
			shown := execute(t, planted["typed password"]+"\n", append(args, more...)...)
			s.leaks.look(t, fmt.Sprint("the command probe ", try.module, " of ", try.name, more), shown.out+shown.errors)
			if shown.code != exitFailed && shown.code != exitOK {
				t.Errorf("%v: exit %d: %s", args, shown.code, shown.errors)
			}
		}
	}
	target := "https://probe:" + url.PathEscape(planted["userinfo"]) + "@mail.contoso.test/"
	for _, args := range [][]string{{"probe", first.Prober, target}, {"probe", first.Prober, "mail.contoso.test", "--direct=" + target}, {"probe", "--all", target}} {
		shown := execute(t, "", append(args, "--config.file="+file)...)
		s.leaks.look(t, "the command "+args[0]+" of a target with a password", shown.out+shown.errors)
	}
}

// mistakes has a configuration read whose secrets are in the wrong places.
func (s *showing) mistakes(t *testing.T, file string) {
	texts := map[string]string{
		"an unknown key":     "auths: {a: {pasword: 'SECRET', username: u, schemes: [basic], targets: [mail.contoso.com]}}",
		"a key":              "auths: {a: {'SECRET': x}}",
		"another type":       "auths: {a: {username: [1], password: {x: 'SECRET'}, schemes: 'SECRET', targets: 'SECRET'}}",
		"the name of a file": "auths: {a: {username: u, password_file: 'SECRET', schemes: [basic], targets: [mail.contoso.com]}}",
		"a token URL":        "auths: {a: {schemes: [bearer], targets: [mail.contoso.com], oauth2: {client_id: x, client_secret_file: 'SECRET', token_url: 'https://u:SECRET@x/'}}}",
		"a user name":        "auths: {a: {username: 'u:SECRET', password: x, schemes: [basic], targets: [mail.contoso.com]}}",
		"no YAML":            "auths: {a: {password: 'SECRET\n",
	}
	for _, p := range secretParts() {
		if module := "modules: {m: " + flowOf(p, p.Most) + "}"; strings.Contains(module, lab.Secret) {
			texts["a forbidden field of "+p.Prober] = strings.NewReplacer(lab.SecretField, "Authorization", lab.Secret, "'SECRET'").Replace(module)
			texts["a field of "+p.Prober+" that is no text"] = strings.ReplaceAll(module, lab.Secret, "['SECRET']")
			texts["a field of "+p.Prober+" of two lines"] = strings.ReplaceAll(module, lab.Secret, `"SECRET\n"`)
		}
	}
	for name, text := range texts {
		secret := planted["inline password"]
		if strings.Contains(text, `"SECRET`) {
			secret = planted["token file"] // needs no escapes
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "SECRET", secret)), 0o600); err != nil {
			t.Error(err)
		}
		_, body := s.ask(t, http.MethodPost, "/-/reload", nil)
		if !strings.HasPrefix(body, "500") {
			t.Errorf("%s is accepted: %s", name, body)
		}
		s.leaks.look(t, "what is said of "+name, body)
		checked := execute(t, "", "check", file)
		s.leaks.look(t, "what check says of "+name, checked.out+checked.errors)
	}
}

// wasTried checks that secrets were sent, and that places where they would have shown came to light: else nothing was
// tested.
func (s *showing) wasTried(t *testing.T, all []*trial) {
	t.Helper()
	of := map[string]int{}
	for _, try := range all {
		of[try.module]++
		sends := !strings.HasPrefix(try.name, "issuer") && !strings.Contains(try.auth, "kerberos")
		if n := len(proofs(try.target)); sends && n == 0 {
			t.Errorf("%s (%s, %s): no logon was sent", try.name, try.how, try.module)
		}
	}
	for module, n := range of {
		if s.masked[module] < n/2 {
			t.Errorf("module %s: <secret> shows in %d of %d trials, so targets' texts do not get where they should be looked for", module, s.masked[module], n)
		}
	}
	t.Logf("trials with something masked: %v of %v", s.masked, of)
}

package smtp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	dialogue "github.com/ews-exporter/ews_exporter/internal/smtp"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// judge draws the verdict from what was said; err is why the dialogue ended, nil when it went well.
func (p *probe) judge(err error) {
	r := p.run.Result
	if p.conn == nil { // nobody was reached
		r.Fail(failure.From(err))
		return
	}
	inspected := p.inspected()
	switch {
	case failure.Is(err, failure.TLS, dialogue.NotOffered.Reason):
		p.startTLSMissing(inspected)
	case failure.Is(err, failure.Status, dialogue.Inactive.Reason):
		p.find(ServiceInactive, result.Error, "%s says that its mail service is not active (%s): the component is inactive, as in maintenance, or the connector belongs to the wrong one of the transport services. Look at Get-ServerComponentState and at the TransportRole of Get-ReceiveConnector.", p.address(), p.last)
		p.run.Blame(result.Server)
	case failure.Is(err, failure.Status, dialogue.Overloaded.Reason):
		p.find(BackPressure, result.Error, "%s does not talk for want of resources (%s): back pressure, of disk space or memory.", p.address(), p.last)
		p.run.Blame(result.Server)
	case p.silent(err):
		err = p.noGreeting(err)
	default:
		err = p.hint(err)
	}
	r.Fail(failure.From(err))
	if inspected {
		r.Fail(failure.New(failure.Content, reasonInspected, "what %s says was overwritten on the way: %s", p.address(), p.overwritten()))
	}
	if err == nil {
		p.expect()
	}
	if err == nil && p.relay {
		r.UndecidedReason, r.Undecided = p.undecided()
	}
	p.pressure()
	p.remark()
}

// undecided says why the server has not said whether it relays, "" where it has: a refusal for now (4yz, RFC 5321 section
// 4.2.1) may be followed by a yes, and who wants a logon first has not been asked.
func (p *probe) undecided() (result.Undecidedness, string) {
	switch {
	case p.rcpt.Code == 0:
		return result.NotAsked, fmt.Sprintf("Not tested: whether %s relays, for MAIL was answered %s, and no recipient could be named", p.address(), p.mail)
	case p.rcpt.Code/100 == 4:
		return result.RefusedForNow, fmt.Sprintf("Not decided: whether %s relays, for the recipient was refused for now only (%s): ask again later", p.address(), p.rcpt)
	}
	return "", ""
}

func (p *probe) find(code string, severity result.Severity, format string, args ...any) {
	p.run.Find(code, severity, p.who, format, args...)
}

// inspected tells whether a firewall shows that it overwrites what the server says, and finds it.
func (p *probe) inspected() bool {
	what := p.overwritten()
	if what == "" {
		return false
	}
	lost := "What it does not know it takes away or makes unusable, so servers and clients lose extensions that they need; without X-EXPS Exchange servers refuse one another with 5.7.3"
	if p.hello.Code >= 500 {
		lost = "EHLO itself was answered " + p.hello.String() + ", which a firewall brings about that lets the first commands of SMTP through alone, or overwrites the others before the server sees them"
	}
	box := origin.IdentifyMail(&origin.Mail{Greeting: p.greeting, Hello: p.first}) // whatever the server itself offers
	p.run.Find(Inspected, result.Error, box, "A firewall between the prober and %s overwrites what the server says: %s. %s. Turn off its inspection of SMTP (on Cisco: inspect esmtp, fixup protocol smtp).", p.address(), what, lost)
	p.run.Blame(result.InBetween)
	return true
}

// overwritten says what was masked, "" for nothing.
func (p *probe) overwritten() string {
	var what []string
	if dialogue.MaskedGreeting(p.greeting) {
		what = append(what, "the greeting is "+p.greeting.First())
	}
	if masked := dialogue.MaskedLines(p.first); len(masked) > 0 {
		what = append(what, "the answer to EHLO has "+strings.Join(masked[:min(len(masked), 4)], ", "))
	}
	return strings.Join(what, "; ")
}

func (p *probe) startTLSMissing(inspected bool) {
	why := "Three things can do that, and only a probe from behind the firewall tells the first from the others: a firewall took it out, TLS is none of the connector's authentication mechanisms, or no certificate has the connector's name and is enabled for SMTP"
	if inspected {
		why = "The firewall that overwrites other lines has most likely taken it out; a probe from behind it tells whether the connector offers it"
	}
	p.find(StartTLSMissing, result.Error, "%s does not offer STARTTLS; it offers %s. %s.", p.address(), offered(p.offers), why)
	p.run.Blame(result.Either)
}

// offered lists capabilities for a sentence.
func offered(all dialogue.Capabilities) string {
	var names []string
	for _, c := range all {
		if !slices.Contains(names, c.Keyword) && len(names) < 20 {
			names = append(names, c.Keyword)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// silent tells whether the server accepted the connection and never said a word.
func (p *probe) silent(err error) bool {
	return p.lines != nil && p.lines.Record.Heard == nil && failure.Is(err, failure.Receive)
}

// noGreeting finds that nobody greets, unless the server waits for a handshake.
func (p *probe) noGreeting(err error) error {
	waited := p.run.Now() - p.began
	if p.shakes {
		hinted := failure.New(failure.Receive, failure.From(err).Reason, "%w; %s: set security: implicit, or ask another port", err, dialogue.FromTheStart)
		p.run.Result.Draw(hinted.Name(), adviceTLSFirst)
		return hinted
	}
	if failure.Is(err, failure.Receive, "timeout") {
		p.find(NoGreeting, result.Error, "%s accepted the connection and said nothing for %.1f s: something listens there, a balancer perhaps, and the service that should greet does not run or does not get the connection.", p.address(), waited)
	} else {
		p.find(NoGreeting, result.Error, "%s accepted the connection and ended it after %.1f s without a word: it does not want to talk to this client, or a balancer there has no server behind it.", p.address(), waited)
	}
	p.run.Blame(result.Either)
	return err
}

// hint adds to a failure what is likely to help.
func (p *probe) hint(err error) error {
	f := failure.From(err)
	switch {
	case f == nil:
		return nil
	case p.Security == Implicit && failure.Is(err, failure.TLS, "not_tls"):
		return failure.New(f.Stage, f.Reason, "%w; a server that greets in clear text is asked with security: starttls, as Exchange's port 465 is", err)
	case p.MailFrom && p.codes["ehlo"] != 0 && p.codes["mail"] == 0 && failure.Is(err, failure.Receive, "timeout"):
		return failure.New(f.Stage, f.Reason, "%w; under back pressure Exchange answers MAIL after 10 to 55 s: raise the module's timeout and the scrape's to tell", err)
	}
	return err
}

// expect holds what was said against what the module expects.
func (p *probe) expect() {
	var lacks []string
	for _, text := range p.ExpectedCapabilities {
		words := strings.Fields(text)
		if !p.offers.Has(words[0], words[1:]...) {
			lacks = append(lacks, strings.ToUpper(text))
		}
	}
	if len(lacks) > 0 {
		list := strings.Join(lacks, ", ")
		p.find(CapabilityMissing, result.Error, "%s does not offer %s; it offers %s.", p.address(), list, offered(p.offers))
		p.run.Result.Fail(failure.New(failure.Content, reasonCapability, "%s does not offer %s", p.address(), list))
	}
	if lacks := slices.DeleteFunc(slices.Clone(p.ExpectedNames), p.shows); len(lacks) > 0 {
		list := strings.Join(lacks, ", ")
		p.find(NameMissing, result.Error, "%s does not show the name %s: %s.", p.address(), list, strings.Join(p.names(), ", "))
		p.run.Result.Fail(failure.New(failure.Content, reasonName, "%s does not show the name %s", p.address(), list))
	}
	if p.rcpt.Code/100 == 2 {
		p.find(OpenRelay, result.Error, "%s took a recipient below example.invalid, a domain that nobody has, from this address without a logon (%s): it relays, or it takes everything and refuses later.", p.address(), p.rcpt.First())
		p.run.Blame(result.Server)
		p.run.Result.Fail(failure.New(failure.Content, reasonRelay, "%s took the recipient %s: %s", p.address(), recipient, p.rcpt.First()))
	}
}

// shows tells whether the server goes by a name: it announces it, or its certificate covers it.
func (p *probe) shows(name string) bool {
	leaf := p.conn.Leaf()
	greeting, _ := dialogue.Announced(p.greeting)
	hello, _ := dialogue.Announced(p.hello)
	return greeting == name || hello == name || leaf != nil && leaf.VerifyHostname(name) == nil
}

// names are those that the server shows, for a sentence.
func (p *probe) names() []string {
	var names []string
	for _, by := range []struct {
		where string
		reply dialogue.Reply
	}{{"the greeting", p.greeting}, {"the answer to EHLO", p.hello}} {
		if _, written := dialogue.Announced(by.reply); written != "" {
			names = append(names, by.where+" names "+written)
		}
	}
	if s := p.conn.Record.Secure; s != nil && len(s.Chain) > 0 {
		names = append(names, "the certificate is for "+covered(s.Chain[0]))
	}
	if len(names) == 0 {
		return []string{"it shows none"}
	}
	return names
}

// covered lists the first few names of a certificate.
func covered(c wire.Certificate) string {
	switch {
	case len(c.Names) == 0:
		return c.Subject
	case len(c.Names) > 4:
		return fmt.Sprintf("%s and %d more", strings.Join(c.Names[:4], ", "), len(c.Names)-4)
	}
	return strings.Join(c.Names, ", ")
}

// tarpit is from when on a delay of MAIL is one on purpose: Exchange begins with 10 s (Microsoft Learn, "Understanding back
// pressure").
const tarpit wire.Seconds = 9

// lossy tells whether the network lost what was said, so that a delay need not be the server's.
func (p *probe) lossy() bool {
	return slices.ContainsFunc(p.run.Result.Connections, func(c *wire.Connection) bool { return c.Lossy })
}

// pressure finds that the server is short of something, by what MAIL got.
func (p *probe) pressure() {
	switch {
	case p.mail.Overloaded():
		p.find(BackPressure, result.Warning, "%s takes no mail for want of resources (%s): back pressure, of disk space or memory.", p.address(), p.mail)
	case p.mail.Code != 0 && p.mailed >= tarpit && !p.lossy():
		p.find(BackPressure, result.Warning, "%s answered MAIL only after %.1f s: Exchange delays it from 10 s on under back pressure, before it refuses.", p.address(), p.mailed)
	default:
		return
	}
	p.run.Blame(result.Server)
}

// remark tells what is worth knowing and normal on healthy sites.
func (p *probe) remark() {
	greeting, _ := dialogue.Announced(p.greeting)
	hello, _ := dialogue.Announced(p.hello)
	leaf := p.conn.Leaf()
	differ := greeting != "" && hello != "" && greeting != hello
	if name := hello; name != "" && leaf != nil {
		differ = differ || leaf.VerifyHostname(name) != nil
	}
	if differ {
		p.find(NamesDiffer, result.Info, "%s goes by different names: %s.", p.address(), strings.Join(p.names(), ", "))
	}
	if p.excused != nil {
		p.find(SelfSigned, result.Info, "%s shows a self-signed certificate (%s), as Exchange does by default on port %d. Servers send all the same; a client that verifies does not.", p.address(), p.conn.Record.Secure.Chain[0].Subject, p.address().Port())
	}
}

package virtualdirectories

import (
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// Where the build is asked for: Outlook on the web names it in the field X-OWA-Version of its answers (OWASP Secure Headers
// Project, ci/headers_remove.json), and its page to sign in on without the last number in the paths of what it loads.
const (
	buildStep      = "build"
	buildDirectory = "owa"
)

// buildPages are asked one after the other, without a logon, as a browser does. Redirects are not followed.
var buildPages = []string{owa + "/", owa + "/auth/logon.aspx"}

// buildPatience bounds what the build may cost a probe, which does not depend on it.
const buildPatience = 2 * time.Second

// askBuild asks for the build on a connection of its own, until an answer names it. It gives what the page to sign in on
// says; a field of an answer is found with the conversation.
func (p *probe) askBuild(ctx context.Context) (named string) {
	ctx, cancel := context.WithTimeout(ctx, buildPatience)
	defer cancel()
	step := p.run.Step(buildStep)
	err := func() error {
		conn, err := p.run.Network.Open(ctx, step, p.endpoint)
		if err != nil {
			return err
		}
		defer conn.Close()
		for _, path := range buildPages {
			get := step.Step("page")
			c, body, err := p.request(step.Name(), conn, path)
			get.Detail("%s: %s", path, c.Answer())
			if get.End(err) != nil {
				return err
			}
			named = namedIn(c.Status(), body)
			if c.Origin.Version != "" || named != "" || c.Status() >= 400 && c.Status() != 401 || !conn.Reusable() {
				return nil
			}
		}
		return nil
	}()
	step.End(err)
	p.asked = step
	return named
}

// loaded is how Outlook on the web's page to sign in on refers to what it loads.
var loaded = regexp.MustCompile(`/owa/(?:auth/)?(1[0-9]\.[0-9]{1,2}\.[0-9]{1,5}(?:\.[0-9]{1,5})?)/`)

// namedIn is the build in the paths of a page; empty where none is.
func namedIn(status int, body []byte) string {
	if found := loaded.FindSubmatch(body); status == 200 && found != nil {
		return string(found[1])
	}
	return ""
}

// seen is a build that answered.
type seen struct {
	build
	who origin.Origin
}

// subject begins a sentence about it.
func (s seen) subject() string {
	if s.who.Frontend != "" {
		return "Exchange (" + s.who.Frontend + ")"
	}
	return "Exchange"
}

// builds are those that answers named, the oldest first. Through a balancer there may be several.
func (p *probe) builds() (all []seen) {
	note := func(text string, who origin.Origin) {
		b, ok := parseBuild(text)
		if ok && !slices.ContainsFunc(all, func(s seen) bool { return s.build == b }) {
			all = append(all, seen{b, who})
		}
	}
	for _, c := range p.run.Result.Conversations {
		note(c.Origin.Version, c.Origin)
	}
	if len(all) == 0 {
		note(p.named, origin.Origin{Kind: origin.Exchange})
	}
	slices.SortFunc(all, func(a, b seen) int { return slices.Compare(a.build[:], b.build[:]) })
	return all
}

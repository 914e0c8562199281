package probes_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

var (
	// ofExchange are marks of a text that is for Exchange alone.
	ofExchange = regexp.MustCompile(`(?i)in front of Exchange|each Exchange server|Exchange's template|(^|[^a-z])/EWS\b|/owa\b|Default Web Site/EWS|Get-ServerHealth|MSExchange`)
	// unfilled is a word of a service that was left as it stands.
	unfilled = regexp.MustCompile(`\{(paths|app|site|listens|health|bind|ails)\}`)
)

// TestAdviceSpeaksOfWhatIsAsked: whatever a prober may report, nobody is sent to Exchange over a server that is none, and nobody to
// IIS over one that IIS does not serve.
func TestAdviceSpeaksOfWhatIsAsked(t *testing.T) {
	t.Parallel()
	for _, d := range probes.All() {
		if d.Serves == (advice.Service{}) {
			t.Errorf("%s: say in Definition.Serves what it asks", d.Name)
		}
		book, declared := runner.Book(d), strings.NewReplacer(d.Serves.Listens, "", d.Serves.Bind, "")
		for _, a := range reached(d, book) {
			_, own := d.Advice.Get(a.Key)
			problem := func(what, text string) { t.Errorf("%s, advice %s: %s: %q", d.Name, a.Key, what, text) }
			for _, text := range words(a) {
				if unfilled.MatchString(text) {
					problem("a word is not filled in", text)
				}
				if speaks := d.Serves.Exchange || d.Serves.Mostly && own; !speaks && ofExchange.MatchString(declared.Replace(text)) {
					problem("it is about Exchange, and this prober asks something else", text)
				}
			}
			if o := d.Serves.Owner; o != "" && o != advice.IIS && slices.Contains(a.Owners, advice.IIS) {
				problem("it is left to IIS, and IIS does not serve what this prober asks", string(o))
			}
		}
	}
}

// reached is the advice that a prober's results can lead to.
func reached(d prober.Definition, book advice.Book) advice.Book {
	var found advice.Book
	add := func(a advice.Advice, ok bool) {
		if ok && !slices.ContainsFunc(found, func(b advice.Advice) bool { return a.Key == b.Key }) {
			found = append(found, a)
		}
	}
	for _, about := range leads(d) {
		for _, a := range book {
			for _, c := range a.For {
				if c.About == about && (d.Serves.Exchange || !strings.HasPrefix(c.Code, "Error")) { // a code of EWS
					add(book.Find(c, false))
					add(book.Find(c, true))
				}
			}
		}
	}
	for _, a := range d.Advice {
		add(book.Get(a.Key))
	}
	return found
}

// leads are what a prober's results can lead to advice by.
func leads(d prober.Definition) []string {
	var all []string
	for _, r := range slices.Concat(runner.CommonReasons(), d.Reasons) {
		if r.Stage == failure.Auth && d.NoLogon && !slices.Contains(d.Reasons, r) || slices.Contains(auth.Reasons, r) && d.NoLogon {
			continue
		}
		all = append(all, string(r.Stage)+"/"+r.Reason)
	}
	for _, f := range d.Findings {
		all = append(all, f.Code)
	}
	return all
}

// words are all texts of an advice.
func words(a advice.Advice) []string {
	all := []string{a.Means, a.Suffers, a.On, a.First, a.Then, a.Separates}
	for _, p := range a.Places {
		all = append(all, p.Setting)
	}
	return all
}

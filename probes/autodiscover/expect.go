package autodiscover

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Expectation is what a URL should be: exactly one of the three. A plain string stands for Exact.
type Expectation struct {
	Exact string `yaml:"exact"`
	Glob  string `yaml:"glob"`  // * stands for any characters, ? for one
	Regex string `yaml:"regex"` // RE2, held against all of the URL

	match *regexp.Regexp
}

// UnmarshalText reads a plain string.
func (e *Expectation) UnmarshalText(text []byte) error {
	e.Exact = string(text)
	return nil
}

func (e Expectation) String() string {
	switch {
	case e.Glob != "":
		return "one like " + e.Glob
	case e.Regex != "":
		return "one that matches " + e.Regex
	}
	return e.Exact
}

// maxExpectation bounds a pattern, in bytes.
const maxExpectation = 1024

// key is TYPE.Element.
var key = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z][A-Za-z0-9-]*)+$`)

func (s *Settings) checkExpect(report func(field, problem string)) {
	if len(s.Expect) > maxList {
		report("expect", fmt.Sprintf("%d entries: at most %d", len(s.Expect), maxList))
	}
	for name, e := range s.Expect {
		field := "expect." + name
		if !key.MatchString(name) {
			report(field, "the key is TYPE.Element, as in EXPR.EwsUrl, or JSON.EWS")
			continue
		}
		if !slices.ContainsFunc(s.Methods, func(m string) bool { return gives(m, name) }) {
			report(field, fmt.Sprintf("none of the module's methods (%s) can return it", strings.Join(s.Methods, ", ")))
		}
		if err := e.compile(name); err != nil {
			report(field, err.Error())
		}
		s.Expect[name] = e
	}
}

func (e *Expectation) compile(name string) error {
	given, pattern := 0, ""
	for _, text := range []string{e.Exact, e.Glob, e.Regex} {
		if text != "" {
			given++
		}
		if len(text) > maxExpectation {
			return fmt.Errorf("%d bytes: at most %d", len(text), maxExpectation)
		}
	}
	switch {
	case given != 1:
		return fmt.Errorf("needs a URL, or one of glob and regex")
	case e.Regex != "":
		pattern = e.Regex
	case e.Glob != "":
		pattern = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(e.Glob))
	default:
		exact, err := normal(name, e.Exact)
		if err != nil {
			return err
		}
		e.Exact, pattern = exact, regexp.QuoteMeta(exact)
	}
	var err error
	if e.match, err = regexp.Compile(`^(?:` + pattern + `)$`); err != nil {
		return fmt.Errorf("not a regular expression (RE2): %w", err)
	}
	return nil
}

// normal spells an exact value as answers are spelled.
func normal(name, value string) (string, error) {
	if strings.HasSuffix(name, ".Server") {
		host, _, err := target.ParseHost(value)
		return host, err
	}
	u, ok := autodiscover.CleanURL(value)
	if !ok {
		return "", fmt.Errorf("%.200q is not an http or https URL", value)
	}
	return u, nil
}

// fits tells whether one of the values that came under this name is as expected: EXHTTP comes twice, for inside and
// outside.
func (e Expectation) fits(values []string) bool {
	return slices.ContainsFunc(values, e.match.MatchString)
}

// soapElements are those of POX's that SOAP has settings for.
var soapElements = []string{"EwsUrl", "EcpUrl", "OABUrl"}

// gives tells whether answers to a method can hold this name.
func gives(method, name string) bool {
	protocol, element, _ := strings.Cut(name, ".")
	switch method {
	case JSON:
		return strings.EqualFold(name, "JSON."+jsonProtocol)
	case SOAP:
		return (protocol == "EXCH" || protocol == "EXPR") && slices.Contains(soapElements, element)
	}
	return method == POX && protocol != "JSON" && protocol != "SOAP"
}

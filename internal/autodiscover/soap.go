package autodiscover

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/ews/boundedxml"
)

// Namespaces of SOAP Autodiscover (Exchange Web Services Managed API, Core/EwsUtilities.cs).
const (
	nsSOAP         = "http://schemas.xmlsoap.org/soap/envelope/"
	nsSOAP12       = "http://www.w3.org/2003/05/soap-envelope" // of faults, by some that answer in its place
	nsAddressing   = "http://www.w3.org/2005/08/addressing"
	nsAutodiscover = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
)

// UserSettings are the settings worth asking for by default (Microsoft Learn, "Setting (SOAP)").
var UserSettings = []string{
	"InternalEwsUrl", "ExternalEwsUrl", "InternalEcpUrl", "ExternalEcpUrl", "InternalOABUrl", "ExternalOABUrl", "CasVersion",
}

// GetUserSettings is the body of a SOAP request for an address's settings; to is the URL that it is sent to.
func GetUserSettings(email, to string, settings []string) []byte {
	var wanted strings.Builder
	for _, s := range settings {
		wanted.WriteString(`<a:Setting>` + escape(s) + `</a:Setting>`)
	}
	return []byte(`<?xml version="1.0" encoding="utf-8"?>` +
		`<soap:Envelope xmlns:a="` + nsAutodiscover + `" xmlns:wsa="` + nsAddressing + `" xmlns:soap="` + nsSOAP + `"><soap:Header>` +
		`<a:RequestedServerVersion>Exchange2013_SP1</a:RequestedServerVersion>` +
		`<wsa:Action>` + nsAutodiscover + `/Autodiscover/GetUserSettings</wsa:Action>` +
		`<wsa:To>` + escape(to) + `</wsa:To></soap:Header>` +
		`<soap:Body><a:GetUserSettingsRequestMessage><a:Request>` +
		`<a:Users><a:User><a:Mailbox>` + escape(email) + `</a:Mailbox></a:User></a:Users>` +
		`<a:RequestedSettings>` + wanted.String() + `</a:RequestedSettings>` +
		`</a:Request></a:GetUserSettingsRequestMessage></soap:Body></soap:Envelope>`)
}

// ParseSOAP reads the answer to GetUserSettings for one address. How much of r may be read is the caller's to bound.
func ParseSOAP(r io.Reader) *Answer {
	p := soapParser{}
	if err := read(r, &p); err != nil {
		return unreadable(err)
	}
	return p.finish()
}

// soapParser picks from an envelope what an Answer keeps.
type soapParser struct {
	answer   Answer
	response bool // there is a GetUserSettingsResponseMessage
	user     bool // there is a UserResponse
	target   string
	others   []string      // settings that came and were not asked for
	name     string        // of the UserSetting at hand
	value    string        // and its value
	levels   [4]LevelError // under way: response, user, setting, fault
}

const (
	levelResponse = iota
	levelUser
	levelSetting
	levelFault
)

// Enters implements boundedxml.Chooser: an envelope and a response are what they are only in their namespaces.
func (p *soapParser) Enters(around boundedxml.Path, name xml.Name) bool {
	switch {
	case len(around) < 2, name.Local == "Fault":
		return name.Space == nsSOAP || name.Space == nsSOAP12
	case name.Local == "GetUserSettingsResponseMessage":
		return name.Space == nsAutodiscover
	}
	return true
}

// Mixed implements boundedxml.Chooser.
func (p *soapParser) Mixed(boundedxml.Path) {}

// Start implements boundedxml.Visitor.
func (p *soapParser) Start(path boundedxml.Path, _ []xml.Attr) {
	switch path.Name() {
	case "GetUserSettingsResponseMessage":
		p.response = p.response || path.Ends("Envelope", "Body", path.Name())
	case "UserResponse":
		p.user = true
	case "UserSetting":
		p.name, p.value = "", ""
	case "UserSettingError":
		p.levels[levelSetting] = LevelError{}
	case "Fault":
		p.levels[levelFault].Level = "fault"
	}
}

// End implements boundedxml.Visitor.
func (p *soapParser) End(path boundedxml.Path, text []byte) {
	switch path.Parent() {
	case "UserSetting":
		p.setting(path.Name(), text)
	case "UserSettingError":
		p.level(levelSetting, path.Name(), text)
	case "UserResponse":
		if path.Name() == "RedirectTarget" {
			p.target = bounded(text)
		}
		p.level(levelUser, path.Name(), text)
	case "Response":
		p.level(levelResponse, path.Name(), text)
	case "Fault", "Code", "Reason", "ErrorResponse", "detail":
		p.fault(path.Name(), text)
	}
	switch path.Name() {
	case "UserSetting":
		p.answer.add(poxName(p.name), p.value)
		if !slices.Contains(UserSettings, p.name) {
			p.others = noteType(p.others, p.name)
		}
	case "UserSettingError":
		p.keep(levelSetting, "setting")
	}
}

func (p *soapParser) setting(name string, text []byte) {
	switch name {
	case "Name":
		p.name = word(text)
	case "Value":
		p.value = bounded(text)
	}
}

// level takes the ErrorCode and its neighbours of one of the three levels.
func (p *soapParser) level(i int, name string, text []byte) {
	switch name {
	case "ErrorCode":
		p.levels[i].Code = word(text)
	case "ErrorMessage":
		p.levels[i].Text = line(text)
	case "SettingName":
		p.levels[i].Name = word(text)
	}
}

// fault takes a SOAP fault, 1.1 or 1.2, whose detail is Autodiscover's own.
func (p *soapParser) fault(name string, text []byte) {
	f := &p.levels[levelFault]
	if f.Level == "" {
		return
	}
	switch name {
	case "faultcode", "Value":
		code := word(text)
		f.Code = code[strings.LastIndexByte(code, ':')+1:]
	case "ErrorCode":
		f.Code = word(text)
	case "faultstring", "Text", "ErrorMessage":
		f.Text = line(text)
	}
}

// keep appends a level's error, if it is one.
func (p *soapParser) keep(i int, level string) {
	e := p.levels[i]
	if e.Code == "" || e.Code == "NoError" || len(p.answer.Levels) >= maxSettings {
		return
	}
	e.Level = level
	p.answer.Levels = append(p.answer.Levels, e)
}

// poxName is a setting's name as POX has it. The SOAP settings are made of POX's protocols, EXCH for inside and EXPR
// for outside (Exchange Web Services Managed API, Autodiscover/ConfigurationSettings/Outlook/OutlookProtocol.cs).
func poxName(setting string) string {
	for prefix, protocol := range map[string]string{"Internal": "EXCH.", "External": "EXPR."} {
		element, found := strings.CutPrefix(setting, prefix)
		switch element {
		case "EwsUrl", "EmwsUrl", "EcpUrl", "OABUrl", "UMUrl":
			if found {
				return protocol + element
			}
		}
	}
	return "SOAP." + setting
}

// finish says what kind of answer it was: the first level that is not content decides.
func (p *soapParser) finish() *Answer {
	a := &p.answer
	if p.levels[levelFault].Level != "" {
		p.keep(levelFault, "fault")
		return failed(a, p.levels[levelFault])
	}
	if !p.response {
		return &Answer{Kind: Foreign, Problem: "it is XML, but no answer to GetUserSettings"}
	}
	p.keep(levelResponse, "response")
	p.keep(levelUser, "user")
	for _, level := range p.levels[:levelSetting] {
		switch level.Code {
		case "", "NoError":
		case "RedirectAddress", "RedirectUrl":
			return p.redirect(level)
		default:
			return failed(a, level)
		}
	}
	switch {
	case !p.user || p.levels[levelUser].Code == "":
		a.Kind, a.Problem = Foreign, "it has no answer for the address"
	case len(p.others) > 0 && !slices.ContainsFunc(a.URLs, func(s Setting) bool { return !strings.HasPrefix(s.Protocol, "SOAP.") }):
		return other(p.others, nil)
	case len(a.URLs) == 0:
		a.Kind, a.Problem = Failed, "the service has none of the settings"
	default:
		a.Kind = Settings
	}
	return a
}

func (p *soapParser) redirect(level LevelError) *Answer {
	a := &p.answer
	a.Kind, a.Redirect = RedirectURL, p.target
	if level.Code == "RedirectAddress" {
		a.Kind = RedirectAddress
	}
	if p.target == "" {
		a.Kind, a.Problem = Malformed, "it redirects, but not whereto"
	}
	return a
}

func failed(a *Answer, e LevelError) *Answer {
	a.Kind, a.Code, a.Text = Failed, e.Code, e.Text
	a.Problem = describe(e.Code, e.Text)
	return a
}

package origin

import "strings"

// names are the kinds as a sentence goes on with them.
var names = map[Kind]string{
	Exchange: "Exchange", IIS: "IIS", HTTPSys: "Windows' http.sys", EWSServer: "an EWS server (not known to be Exchange)",
	Middlebox: "a box in front of the server", Proxy: "the proxy", Gateway: "the gateway",
}

// Name is who made a response, within a sentence: "Exchange (EX01)", "a box in front of the server (HAProxy)".
func (o Origin) Name() string {
	name := names[o.Kind]
	switch {
	case name == "":
		return "an unidentified server"
	case o.Kind == Exchange && o.Frontend != "":
		return name + " (" + o.Frontend + ")"
	case (o.Kind == Middlebox || o.Kind == Proxy) && o.Product != "":
		return name + " (" + Title(o.Product) + ")"
	}
	return name
}

// Subject is Name as a sentence begins with it.
func (o Origin) Subject() string {
	name := o.Name()
	return strings.ToUpper(name[:1]) + name[1:]
}

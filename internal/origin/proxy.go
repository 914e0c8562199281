package origin

// OfProxy reads the answer of a proxy on the way out to CONNECT, and what it says of its cause. Whoever answers there is the
// proxy, for the module's configuration says so; the rules tell its product, where one fits that is of a box. The advice of
// other readings is for servers and boxes in front of them, so there is none.
func OfProxy(r *Response) (Origin, *Reading) {
	v := look(r)
	o := Origin{Kind: Proxy, Server: v.values("Server")}
	for i := range rules {
		if rules[i].kind != Middlebox {
			continue
		}
		if evidence := rules[i].match(v); evidence != "" {
			o.Product, o.Rule, o.Evidence = rules[i].product, rules[i].name, evidence
			break
		}
	}
	reading := &Reading{}
	for _, say := range []func(*view) string{fieldSays(squidError), fieldSays("Proxy-Status"), retryAfter, locationSays} {
		if said := say(v); said != "" {
			reading.Says = append(reading.Says, said)
		}
	}
	return o, reading
}

// squidError names Squid's error page and, where one was behind it, the number of the system's error.
const squidError = "X-Squid-Error"

package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// mark tells where a text of a peer's has got to.
const mark = "owned"

// nasty is text that drives a terminal, reads otherwise than it is, and would be a script on a page: sequences that clear the
// screen and set a title, a control character of eight bits, bidirectional ones, a line's and a paragraph's separator.
const nasty = mark + " \x1b[2J\x1b]0;owner\x07 \u009b31m \u202egnp.exe\u2066 \u2028\u2029 \x7f\b <script>alert(1)</script>"

// nastyPeers say such text wherever a peer may say any.
func nastyPeers() []peer {
	lines := "220 " + nasty + "\r\n* OK " + nasty + "\r\n+OK " + nasty + "\r\n"
	peers := []peer{
		{does: "says what drives terminals", steps: []lab.Step{lab.Write(lines), lab.Hang}},
		{does: "says what drives terminals over TLS", steps: []lab.Step{lab.Write(lines), lab.Hang}, tls: true, waits: true},
	}
	for _, status := range []string{"200", "302", "401", "403", "500"} {
		fields := strings.Join([]string{
			"Server: " + nasty, "Via: 1.1 " + nasty, "Location: https://mail.contoso.test/" + nasty, "WWW-Authenticate: " + nasty + " realm=\"" + nasty + "\"",
			"X-FEServer: " + nasty, "X-OWA-Version: " + nasty, "X-ServerApplication: Exchange/" + nasty, "X-AspNet-Version: " + nasty, "Set-Cookie: a; path=" + nasty, ourWords(),
			"Content-Type: text/html; charset=" + nasty, "Cache-Control: " + nasty, "X-DiagInfo: " + nasty, "X-CasErrorCode: " + nasty, "",
		}, "\r\n")
		peers = append(peers, peer{
			does: "answers " + status + " with what drives terminals", tls: true,
			steps: []lab.Step{script.Each(script.Request(lab.Write(script.Responds(status+" "+nasty, fields, "<html><title>"+nasty+"</title>"+nasty+"</html>"))))},
		})
	}
	return peers
}

// ourWords are fields that have a peer's cookies be words of the exporter's own, which would be taken out as secrets wherever they
// stand.
func ourWords() string {
	var fields []string
	for i, word := range []string{
		"exchange", "middlebox", "unexpected_status", "server_error", "unauthenticated", "preauthenticated", "connection", "logon_page", "not_fetched", "negotiate",
		lab.Service, "HTTP/1.1", "TLS_AES_128_GCM_SHA256",
	} {
		fields = append(fields, fmt.Sprintf("Set-Cookie: c%d=%s", i, word))
	}
	return strings.Join(fields, "\r\n")
}

// saysNothingHarmful holds that nobody is shown a character that a target sent to drive a terminal, or to be read as another.
func saysNothingHarmful(x *Examination, complain complain) {
	harmful := func(r rune) bool {
		return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	}
	for _, o := range x.Seen {
		for _, who := range slices.Sorted(maps.Keys(o.Shown)) {
			if at := strings.IndexFunc(o.Shown[who], harmful); at >= 0 {
				text := o.Shown[who]
				complain("%s: the %s has a character in it that drives a terminal or is not seen: %q", o.Where, who, text[max(0, at-20):min(len(text), at+20)])
			}
		}
	}
}

// choosesNoneOfOurLabels holds that a target chooses no value of a label that its metric owns, be it by handing out a word of
// ours as a secret: alerts go by such values, and over time they are not counted, and so not bounded.
func choosesNoneOfOurLabels(x *Examination, complain complain) {
	metrics := map[string]*result.Metric{}
	for _, m := range slices.Concat(collector.Metrics(), x.Definition.Metrics) {
		metrics[m.Name] = m
	}
	for _, o := range x.Seen {
		if strings.Contains(o.Result.Target+o.Result.Name, secret.Mask) {
			complain("%s: the target has taken its own name out of the result (%s, %s), by which that is found", o.Where, o.Result.Target, o.Result.Name)
		}
		for _, f := range o.Families {
			metric := metrics[f.GetName()]
			if metric == nil {
				continue // what is not declared has a complaint of its own
			}
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					chosen := strings.Contains(strings.ToLower(l.GetValue()), mark) || strings.Contains(l.GetValue(), secret.Mask)
					if metric.Owns(l.GetName()) && chosen {
						complain("%s: the target chooses the label %s of %s (%q): take out of it what the target says, or the label out of the metric's Own", o.Where, l.GetName(), f.GetName(), l.GetValue())
					}
				}
			}
		}
	}
}

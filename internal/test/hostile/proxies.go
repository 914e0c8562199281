package hostile

import (
	"fmt"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// led is what a proxy answers that leads on.
const led = "HTTP/1.1 200 Connection established\r\n\r\n"

func proxies() Group {
	page := script.Responds("503 Service Unavailable", "Server: squid/5.7\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\n", "<html>no way</html>")
	endless := "HTTP/1.1 503 Service Unavailable\r\n\r\n"
	return Group{"Proxies on the way out", "the module's proxy", []Behaviour{
		{Does: "does what it is asked", Reports: "success", peer: func(w world) lab.Peer {
			return through(w, "http", lab.Serve(w, script.Tunnels(nil)))
		}},
		{Does: "has a name that does not exist", Reports: "connect/proxy_lookup", peer: named(script.Nowhere)},
		{Does: "has a name that leads to a cloud's metadata", Reports: "policy/address_denied", peer: named(script.MetadataHost)},
		{Does: "refuses the connection", Reports: "connect/proxy_unreached", peer: func(w world) lab.Peer {
			p := good(w)
			p.Keys = []string{"proxy_url: http://127.0.0.1:" + portOf(script.Closed(w))}
			return p
		}},
		{Does: "is an https one whose certificate nobody trusts", Reports: "connect/proxy_tls", peer: untrusted},
		{Does: "speaks no TLS where it should", Reports: "connect/proxy_tls", peer: func(w world) lab.Peer { return through(w, "https", lab.Serve(w, proxy(led)...)) }},
		{Does: "asks for a logon", Reports: "connect/proxy_logon", peer: outward(lab.Write(asks))},
		{Does: "refuses the logon, and repeats what it was sent", Reports: "connect/proxy_logon_refused", peer: echoing},
		{Does: "forbids the address", Reports: "connect/proxy_denied", peer: outward(lab.Write(script.Responds("403 Forbidden", "", "no")))},
		{Does: "finds no way to it", Reports: "connect/proxy_upstream", peer: outward(lab.Write(page))},
		{Does: "sends an error page without end", Reports: "connect/proxy_upstream", Floods: true, peer: outward(lab.Write(endless), script.Endless("<p>no way</p>"))},
		{Does: "drips an error page", Reports: "connect/proxy_upstream", Hangs: true, peer: outward(lab.Write(endless), script.Dripping("."))},
		{Does: "redirects", Reports: "connect/proxy_answer", peer: outward(lab.Write(script.Responds("302 Found", "Location: http://portal.example/\r\n", "")))},
		{Does: "switches protocols (101)", Reports: "connect/proxy_answer", peer: outward(lab.Write("HTTP/1.1 101 Switching Protocols\r\n\r\n"))},
		{Does: "speaks before it is asked, and no HTTP", Reports: "connect/proxy_answer", peer: func(w world) lab.Peer {
			return through(w, "http", lab.Serve(w, lab.Write("220 mail.example ESMTP\r\n"), lab.Hang))
		}},
		{Does: "answers a head without end", Reports: "connect/proxy_answer", Floods: true, peer: outward(lab.Write("HTTP/1.1 200 OK\r\n"), script.Endless("X: "+strings.Repeat("x", 100)+"\r\n"))},
		{Does: "answers interim responses without end", Reports: "connect/proxy_answer", Floods: true, peer: outward(script.Endless("HTTP/1.1 103 Early Hints\r\n\r\n"))},
		{Does: "drips its head", Reports: "connect/proxy_timeout", Hangs: true, peer: outward(lab.Write("HTTP/1.1 200 OK\r\nX: "), script.Dripping("x"))},
		{Does: "takes the request, and says nothing", Reports: "connect/proxy_timeout", Hangs: true, peer: outward(lab.Hang)},
		{Does: "takes the request, and closes", Reports: "connect/proxy_closed", peer: outward()},
		{Does: "takes the request, and resets", Reports: "connect/proxy_closed", peer: outward(lab.Reset)},
		{Does: "says that it leads on, and closes", Reports: "connect/proxy_tunnel", peer: outward(lab.Write(led))},
		{Does: "says that it leads on, and resets", Reports: "connect/proxy_tunnel", peer: outward(lab.Write(led), lab.Wait(200*time.Millisecond), lab.Reset)},
		{Does: "says that it leads on, and says nothing", Reports: "connect/proxy_tunnel", Hangs: true, peer: outward(lab.Write(led), lab.Hang)},
		{Does: "answers 200 with a page", Reports: "connect/proxy_answer", peer: outward(lab.Write(script.Responds("200 OK", "Content-Type: text/html\r\n", "<html>hello</html>")), lab.Hang)},
		{Does: "answers 200 twice", Reports: "connect/proxy_answer", peer: outward(lab.Write(led+led), lab.Hang)},
	}}
}

// asks is a proxy's request for a logon.
var asks = script.Responds("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"x\"\r\n", "who?")

// proxy takes a request, and does what follows.
func proxy(answer string) []lab.Step { return []lab.Step{lab.ReadHead, lab.Write(answer)} }

// outward is a proxy that takes a request and does what follows. The target behind it is without fault, and never asked.
func outward(then ...lab.Step) peer {
	return func(w world) lab.Peer {
		return through(w, "http", lab.Serve(w, append([]lab.Step{lab.ReadHead}, then...)...))
	}
}

// through is a good peer that is asked through a proxy.
func through(w world, scheme string, proxy *lab.Script) lab.Peer {
	p := good(w)
	p.Keys = []string{fmt.Sprintf("proxy_url: %s://127.0.0.1:%s", scheme, script.Port(proxy))}
	p.Cost = proxy.Cost
	return p
}

// named is a proxy by its name, which leads nowhere good.
func named(host string) peer {
	return func(w world) lab.Peer {
		p := good(w)
		p.Keys = []string{"proxy_url: http://" + host + ":3128"}
		return p
	}
}

func portOf(p lab.Peer) string { return p.Target[strings.LastIndexByte(p.Target, ':')+1:] }

// untrusted is an https proxy with a certificate by an authority that nobody knows.
func untrusted(w world) lab.Peer {
	config, err := script.Namesake().ServerConfig()
	if err != nil {
		w.Fatalf("%v", err)
	}
	return through(w, "https", lab.ServeTLS(w, config, proxy(led)...))
}

// echoing is an https proxy that refuses every logon, and says what it was sent.
func echoing(w world) lab.Peer {
	p := through(w, "https", lab.ServeTLS(w, script.TLS(w), script.Each(lab.Branch(func(head string) []lab.Step {
		_, sent, _ := strings.Cut(head, "Proxy-Authorization: ")
		sent, _, _ = strings.Cut(sent, "\r\n")
		return []lab.Step{lab.Write(script.Responds("407 "+sent, "Proxy-Authenticate: Basic realm=\"x\"\r\nX-Sent: "+sent+"\r\n", sent))}
	}))))
	port := p.Keys[0][strings.LastIndexByte(p.Keys[0], ':')+1:]
	p.ProxyLogon = fmt.Sprintf("username: outward, password: pr0xy-s3cret, schemes: [basic], targets: ['127.0.0.1:%s']", port)
	return p
}

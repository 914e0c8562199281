package runner

import "github.com/ews-exporter/ews_exporter/internal/advice"

// PathMTU is the code of a finding that comparing the addresses of a name makes: small answers come from one address and large
// ones do not, and from another they do.
const PathMTU = "path_mtu_suspected"

// pathAdvice is for PathMTU.
var pathAdvice = advice.Advice{
	Key:   PathMTU,
	Means: "Small answers come from this address and large ones do not, while another address of the name gives them whole: as where a link on the way carries smaller packets, and the messages that say so (ICMP packet too big) are dropped.", Suffers: "Clients that take this address, by this way: they connect, and then hang until they give up.",
	Owners: []advice.Owner{advice.Network}, Certainty: advice.Likely,
	On:    advice.OnExporter,
	First: "ping -c 3 -s 100 ENDPOINT; ping -M do -c 3 -s 1440 ENDPOINT",
	Then:  "Let ICMPv6 type 2 and ICMPv4 type 3 code 4 through the firewalls on the way. Until then clamp the MSS on the tunnel or firewall with the smaller link, for this path alone; note the present value, and undo by setting it.",
	Risk:  advice.Change, When: advice.Now,
	Separates: "If the small ones are answered and the large ones are not: a link on the way. If both are: the way carries them, and what serves the address hangs; ask each server behind it. If neither is: ping is filtered; capture on the server, where segments of full size go out again and again.",
	For:       advice.About(PathMTU),
}

package sessionstate

import "github.com/ews-exporter/ews_exporter/internal/advice"

// served is ASP.NET's state service.
var served = advice.Service{Owner: advice.Windows, Listens: "aspnet_state"}

// whoListens names the program at the port.
const whoListens = "Get-Process -Id (Get-NetTCPConnection -LocalPort PORT -State Listen).OwningProcess"

// unreached are the failures where nobody was reached. Few sites run the state service at all.
var unreached = []string{"connect/refused", "connect/timeout", "connect/reset", "receive/closed", "receive/reset", "receive/timeout"}

var book = advice.Book{
	{
		Key:   "state_service_open",
		Means: "ASP.NET's state service answers the exporter. It asks for no logon: whoever reaches this port can read and change the sessions of web applications.", Suffers: "Whoever is logged on to those applications, once somebody misuses it.",
		Owners: []advice.Owner{advice.Windows}, Certainty: advice.Sure,
		On: "on HOST, in PowerShell", First: `Get-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Services\aspnet_state\Parameters | Format-List AllowRemoteConnection,Port`,
		Separates: "If AllowRemoteConnection is 1: it is open to everybody that the firewall lets in; Get-NetTCPConnection -LocalPort PORT -State Established, looked at for a day, shows who uses it. If nobody but HOST does: nobody needs it open. If web servers do: it is a farm's, and they alone have to reach it (stateConnectionString of their web.config names HOST). If AllowRemoteConnection is 0 or missing all the same: it was set after the service started, or the exporter is on HOST itself, or another program has the port (" + whoListens + ").",
		Then:      "Nobody needs it: note AllowRemoteConnection, set it to 0, and Restart-Service aspnet_state in a quiet hour, which ends all sessions; until then block PORT from elsewhere in the Windows firewall. A farm's: allow PORT from the farm's web servers alone. To undo, set what was noted, and remove the rule. Where the exporter is meant to reach it: set expect: alive below session_state: of the module.", Risk: advice.Change, When: advice.Now,
		For: advice.About(Exposed, "content/"+reasonExposed),
	},
	{
		Key:   "state_service_not_reached",
		Means: "The state service does not answer: it is stopped, takes connections of its own machine alone, or something in between keeps them away.", Suffers: "Every web server of the farm whose session state is kept there: its pages end in an error.",
		Owners: []advice.Owner{advice.Windows, advice.Network},
		On:     "on HOST, in PowerShell", First: `Get-Service aspnet_state; Get-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Services\aspnet_state\Parameters`,
		Separates: "If Status is not Running: the service. If it is Running, and AllowRemoteConnection is not 1: it takes no connection from elsewhere. If it is Running, and that is 1: a firewall on the way, or on HOST; or another Port than the target's.",
		Then: "Stopped: the System log says why; mend that, and Start-Service aspnet_state; undo by Stop-Service. Not from elsewhere: note AllowRemoteConnection, set it to 1, allow PORT from the farm's web servers alone, and start the service anew in a quiet hour, for that ends all sessions. " +
			"Firewall: allow PORT from the farm and the exporter; undo by removing the rule.", Risk: advice.Restart, When: advice.Now,
		For: advice.About(unreached...),
	},
	{
		Key:   "state_port_taken",
		Means: "Something else than ASP.NET's state service is at this port.", Suffers: "Web applications whose session state is to be kept there, if any.",
		Owners: []advice.Owner{advice.Windows, advice.Exporter},
		On:     "on HOST, in PowerShell", First: whoListens,
		Separates: "If it is aspnet_state: something between the exporter and HOST answers in its place. If it is another program, and the applications use this port: that program has taken it. If they use another port (stateConnectionString in web.config): the target is wrong.",
		Then:      "Taken: move that program, or note Port of the service and give it another, with stateConnectionString of all web servers. The target: correct its port. To undo, set the noted one.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("content/" + reasonOther),
	},
}

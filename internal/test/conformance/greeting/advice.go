package greeting

import "github.com/ews-exporter/ews_exporter/internal/advice"

var served = advice.Service{
	Owner: advice.Windows, Listens: "the service that greets", Bind: "bind the right one in the settings of the service that greets",
}

var book = advice.Book{{
	Key:   "another_greeting",
	Means: "Another server answers there, or its words have changed with an update.", Suffers: "Nobody, where only the words have changed.",
	Owners: []advice.Owner{advice.Network, advice.Exporter},
	First:  "Compare the line with the one that the server gives on its own machine", Then: "Lead the name to the right server, or change expect.",
	Risk: advice.Look, When: advice.Morning,
	Separates: "the same line on the server itself: expect is outdated",
	For:       advice.About(Unexpected, "content/"+reasonOther),
}}

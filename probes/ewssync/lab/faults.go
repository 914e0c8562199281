package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// faults are what alerts and the dashboard are tried on.
func faults() []lab.Fault {
	return []lab.Fault{
		{Module: reads, At: "healthy"},
		{
			Module: reads, At: "ews-affinity-broken", Server: "healthy", Service: "localhost",
			Alert: "EwsAffinityBroken", Says: []string{"subscriptions are lost between two requests", "Answered by: exchange"},
		},
		{Module: reads, At: "ews-throttled", Alert: "EwsThrottled", Says: []string{"ErrorServerBusy to", "Said by: exchange"}, Panels: true},
		{
			Module: reads, At: "ews-mailbox-moving", Server: "healthy", Service: lab.Service, Panels: true,
			Alert: "EwsBalancerFailing", Says: []string{"Works at a server, and not here: get_folder, notify, sync.", "(ews_sync): works."},
		},
		{
			Module: reads, At: "ews-soap-fault", Server: "ews-soap-fault", Service: "autodiscover.contoso.test",
			Alert: "EwsOperationFailing", Says: []string{"EWS does not work: availability", "ErrorInternalServerError to get_folder"},
		},
		{
			Module: reads, At: "ews-sick-member",
			Alert: "EwsAvailabilityBurnFast", Says: []string{"At that rate the allowance of 30 days is used up in", "in at least three bouts"},
		},
		{Module: writes + lab.BriefSuffix, At: "ews-events-lost", Alert: "EwsNotificationsMissing", Says: []string{"no event told of it", "Answered by: exchange"}},
		{Module: streams + lab.BriefSuffix, At: "ews-events-lost", Alert: "EwsNotificationsMissing", Says: []string{"no event told of it"}, Long: true},
		{Module: streams + lab.BriefSuffix, At: "healthy", Service: "streams", Panels: true, Long: true},
	}
}

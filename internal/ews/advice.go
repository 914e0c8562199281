package ews

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/advice"
)

// allOfEWS is who notices that EWS as a whole does not work.
const allOfEWS = "Every client of EWS that reaches the same server: Outlook for Mac, free/busy, Teams' calendar, room panels, mailbox moves."

// Advice is for the ResponseCodes with which EWS answers, whichever prober asked. Single codes come before their groups.
var Advice = advice.Book{
	{
		Key:   "account_throttled",
		Means: "Exchange is too busy for this account, and asks to be left alone; the probe keeps to it.", Suffers: "This account alone; when others are throttled too, the server is short of resources.",
		Owners: []advice.Owner{advice.Account}, Certainty: advice.Likely,
		First: "Get-ThrottlingPolicyAssociation ACCOUNT; Get-ThrottlingPolicy | Format-List Name,Ews*: who else uses this account, and how often is it probed?",
		Then:  "Give the probe an account of its own, with a throttling policy of its own; undo by Remove-ThrottlingPolicy.", Risk: advice.Change, When: advice.Plan,
		For: append(advice.About("ews_throttled", "content/"+ReasonThrottled), codes(groups[Throttled]...)...),
	},
	{
		Key:   "mailbox_not_here",
		Means: "There is no mailbox of this address here: it was moved to the cloud, removed, or is misspelled in the module.", Suffers: "Whoever works with that mailbox.",
		Owners: []advice.Owner{advice.Exporter, advice.Mailbox},
		First:  "Get-Recipient ADDRESS | Format-List RecipientTypeDetails,Database: RemoteUserMailbox means that it was moved to Exchange Online",
		Then:   "Give the module a mailbox that lives on these servers.", Risk: advice.Change, When: advice.Morning,
		Separates: "whether Get-Recipient finds it, and of which type",
		For:       codes("ErrorNonExistentMailbox", "ErrorMailRecipientNotFound", "ErrorMissingEmailAddress"),
	},
	{
		Key:   "mailbox_on_the_move",
		Means: "The mailbox is on the move to another database; requests fail in its last phase.", Suffers: "Whoever works with that mailbox, until the move is complete.",
		Owners: []advice.Owner{advice.Nobody}, Certainty: advice.Likely,
		First: "Get-MoveRequest -Identity ADDRESS | Get-MoveRequestStatistics | Format-List Status,StatusDetail,PercentComplete",
		Then:  "Wait for its end; where it stalls, the detail says for what.", Risk: advice.Look, When: advice.Plan,
		For: codes("ErrorMailboxMoveInProgress"),
	},
	{
		Key:   "store_down",
		Means: "The mailbox's database is not mounted where the front end looks for it, or fails over.", Suffers: "Everybody whose mailbox is in that database.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Sure,
		First: "Get-MailboxDatabaseCopyStatus -Identity DATABASE\\*, with DATABASE of Get-Mailbox ADDRESS | Format-List Database",
		Then:  "Where no copy is Mounted: Move-ActiveMailboxDatabase DATABASE -ActivateOnServer … after reading why.", Risk: advice.Restart, When: advice.Now,
		For: codes("ErrorMailboxStoreUnavailable", "ErrorMailboxFailover"),
	},
	{
		Key:   "account_without_right",
		Means: "Exchange knows the account and does not let it do this with that mailbox.", Suffers: "Nobody but this monitoring, unless the account is an application's too.",
		Owners: []advice.Owner{advice.Account}, Certainty: advice.Sure,
		First: "Get-ManagementRoleAssignment -RoleAssignee ACCOUNT -Role ApplicationImpersonation; Get-MailboxPermission ADDRESS -User ACCOUNT; Get-CASMailbox ACCOUNT",
		Then:  "Give it the one right that the module needs, scoped to the probe's mailboxes.", Risk: advice.Change, When: advice.Morning,
		For: codes(groups[Permission]...),
	},
	{
		Key:   "free_busy_hop_fails",
		Means: "The server that was asked works; the hop to the server, site or organisation that has the other mailbox does not.", Suffers: "Free/busy and MailTips across that border: hatched calendars.",
		Owners: []advice.Owner{advice.Exchange, advice.Identity},
		First:  "Test-OrganizationRelationship or Test-OAuthConnectivity -Service EWS -TargetUri … (hybrid); Test-WebServicesConnectivity (other site)",
		Then:   "What that test says: the target's URL, certificate or right. Hybrid needs the dedicated hybrid application since 2025.", Risk: advice.Look, When: advice.Morning,
		Separates: "the code: service discovery is Autodiscover of the other side, a refused request is its trust, no responding server is that site",
		For:       codes(groups[Topology]...),
	},
	{
		Key:   "directory_unreachable",
		Means: "The server cannot reach Active Directory, or a time limit behind it passed.", Suffers: allOfEWS,
		Owners: []advice.Owner{advice.Exchange, advice.ActiveDirectory},
		First:  "On SERVER: nltest /dsgetsite, and Get-WinEvent -FilterHashtable @{LogName='Application';ProviderName='MSExchange ADAccess'} -MaxEvents 10",
		Then:   "Bring a global catalog of that site back.", Risk: advice.Look, When: advice.Now,
		Separates: "whether other services on that server find the directory",
		For:       codes("ErrorADUnavailable", "ErrorADOperation"),
	},
	{
		Key:   "mailbox_full",
		Means: "The mailbox has no room for what was to be created.", Suffers: "Whoever works with that mailbox.",
		Owners: []advice.Owner{advice.Mailbox}, Certainty: advice.Sure,
		First: "Get-MailboxStatistics ADDRESS | Format-List TotalItemSize,StorageLimitStatus",
		Then:  "Empty it, or raise its quota.", Risk: advice.Change, When: advice.Morning,
		For: codes("ErrorQuotaExceeded"),
	},
	{
		Key:   "server_short_of_resources",
		Means: "The server behind the front end is short of something, or failed for the moment.", Suffers: allOfEWS,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		First: "Get-ServerHealth BACKEND | Where-Object AlertValue -eq Unhealthy; then EWS's log on that server at the proof's time and request-id",
		Then:  "What the unhealthy sets say; move the active databases away meanwhile.", Risk: advice.Look, When: advice.Now,
		For: codes(groups[BackEnd]...),
	},
	{
		Key:   "subscription_refused",
		Means: "Exchange does not serve the subscription.", Suffers: "Clients that are notified over EWS.",
		Owners: []advice.Owner{advice.Exchange, advice.Middlebox},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER, several times: it works there, requests of one client reach different servers in front",
		Then:   "Let the box keep a client on one server; else what the code says.", Risk: advice.Look, When: advice.Morning,
		Separates: "the same probe of a server past the box", Direct: "subscription_refused_by_server",
		For: codes(groups[Subscription]...),
	},
	{
		Key:   "subscription_refused_by_server",
		Means: "The server does not serve the subscription.", Suffers: "Clients that are notified over EWS by this server.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		First: "Get-ServerHealth SERVER -HealthSet Store, EWS.Protocol; Get-ThrottlingPolicy | Format-List Name,EwsMaxSubscriptions",
		Then:  "What these say.", Risk: advice.Look, When: advice.Morning,
	},
	{
		Key:   "free_busy_not_made",
		Means: "Exchange could not make free/busy of that mailbox: its calendar cannot be read, or it is elsewhere and the hop fails.", Suffers: "Whoever plans a meeting with that mailbox: a hatched calendar.",
		Owners: []advice.Owner{advice.Mailbox, advice.Exchange},
		First:  "Get-Recipient ADDRESS | Format-List RecipientTypeDetails: local, Get-MailboxFolderStatistics ADDRESS -FolderScope Calendar; remote, the hop there",
		Then:   "Mend the calendar, or what Test-OAuthConnectivity or Test-WebServicesConnectivity says of the hop.", Risk: advice.Look, When: advice.Morning,
		Separates: "the same request for another mailbox of the same server",
		For:       codes("ErrorFreeBusyGenerationFailed"),
	},
	{
		Key:   "request_not_understood",
		Means: "The server says that the request is malformed: it is another version than the module speaks, no Exchange, or something on the way changed the request.", Suffers: "Nobody, if other clients work.",
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox},
		First:  "ews_exporter probe MODULE TARGET --direct SERVER: understood there, something on the way changes bodies; else set operations to what it serves",
		Then:   "Leave the operation out of the module, or take what changes bodies out of the way.", Risk: advice.Change, When: advice.Morning,
		Separates: "the same probe of a server past the box", Direct: "request_not_understood_by_server",
		For: codes(groups[OwnRequest]...),
	},
	{
		Key:   "request_not_understood_by_server",
		Means: "The server says that the request is malformed: it is another version than the module speaks, or no Exchange.", Suffers: "Nobody, if other clients work.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Read the code in the message, and leave the operation out of the module's operations where this server does not serve it",
		Then:  "Reload the configuration.", Risk: advice.Change, When: advice.Morning,
	},
}

// codes are cases of ResponseCodes: in a response message, in a fault, and in the server error that a prober makes of one which
// does not look into the document.
func codes(names ...string) []advice.Case {
	return slices.Concat(advice.Codes("content/"+ReasonResponseError, names...), advice.Codes("content/"+ReasonFault, names...), advice.Codes("status/server_error", names...))
}

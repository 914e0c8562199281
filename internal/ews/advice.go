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
		Means: "Exchange is too busy for this account, and asks to be left alone; the probe keeps to it.", Suffers: "This account alone; where others are throttled too, everybody on that server.",
		Owners: []advice.Owner{advice.Account}, Certainty: advice.Likely,
		On:    "on BACKEND, in the Exchange Management Shell",
		First: "ls $env:ExchangeInstallPath\\Logging\\Ews | sort Name | select -l 2 | sls USER | select -l 20",
		Then:  "Somebody else uses it: give the probe an account of its own. The whole server is short: lift no limit, and find in the same log which account asks most. Else probe less often; or, where only this account is short, note its policy ($null where it has none), then New-ThrottlingPolicy EwsProbe -EwsMaxConcurrency Unlimited -EwsCutoffBalance Unlimited and Set-ThrottlingPolicyAssociation USER -ThrottlingPolicy EwsProbe, which hold for this account alone. To undo, set the noted policy again, then Remove-ThrottlingPolicy EwsProbe.",
		Risk:  advice.Change, When: advice.Plan,
		Separates: "If lines of the account name other programs (UserAgent) than ews_exporter: somebody else uses it up; Exchange's own probes, AMProbe, are none. If only the exporter's are there: its policy is narrow (Get-ThrottlingPolicyAssociation USER; no ThrottlingPolicyId: the organization's), or the whole server is short: the same command with ErrorServerBusy in place of USER shows other accounts then. If there is no line: look in the file before, and on the next server. The columns are named in the first line of the file; ErrorServerBusy marks a request that was turned away.",
		For:       append(advice.About("ews_throttled", "content/"+ReasonThrottled), codes(groups[Throttled]...)...),
	},
	{
		Key:   "mailbox_not_here",
		Means: "There is no mailbox of this address here: it was moved to the cloud, removed, or is misspelled in the module.", Suffers: "Whoever works with that mailbox.",
		Owners: []advice.Owner{advice.Exporter, advice.Mailbox},
		On:     advice.InShell,
		First:  "Get-Recipient ADDRESS | Format-List RecipientTypeDetails,Database,EmailAddresses",
		Then:   "Give the module a mailbox that lives on these servers, or restore the mailbox; note the module's present one.", Risk: advice.Change, When: advice.Morning,
		Separates: "If it finds nothing: the address is misspelled in the module, or the mailbox was removed. If the type is RemoteUserMailbox: it was moved to Exchange Online. If the type is UserMailbox with a Database: the account has another mailbox than the module says, or none; see mailbox and auth of the module.",
		For:       codes("ErrorNonExistentMailbox", "ErrorMailRecipientNotFound", "ErrorMissingEmailAddress"),
	},
	{
		Key:   "mailbox_on_the_move",
		Means: "Exchange says that the mailbox is on the move to another database; clients are kept out in the last phase of a move.", Suffers: "Whoever works with that mailbox, until the move is complete.",
		Owners: []advice.Owner{advice.Nobody}, Certainty: advice.Likely,
		On:    advice.InShell,
		First: "Get-MoveRequestStatistics ADDRESS | Format-List Status,StatusDetail,PercentComplete,Message",
		Then:  "Wait for its end. Where it stalls, mend what StatusDetail names; the move then goes on by itself.",
		Risk:  advice.Look, When: advice.Plan,
		Separates: "If Status is Failed or Suspended, or StatusDetail begins with Stalled: Message says why, and the Exchange administrators act. If it is CompletionInProgress, or InProgress with PercentComplete 95 or more, which may stand for minutes: its last phase keeps clients out, and nobody has to act. If it is Queued, Synced, AutoSuspended, or InProgress with less: an online move keeps nobody out yet, an offline one does all the time; probe again, and where the error comes again, Message tells more. If it is Completed or CompletedWithWarning: probe again. If there is no such request: ask Exchange Online PowerShell the same, which alone knows moves to and from it; if that has none either, the move was ended; probe again.",
		For:       codes("ErrorMailboxMoveInProgress"),
	},
	{
		Key:   "store_down",
		Means: "The mailbox's database is not mounted where the front end looks for it, or fails over.", Suffers: "Everybody whose mailbox is in that database.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Sure,
		On:    advice.InShell,
		First: "Get-Mailbox ADDRESS | ForEach-Object { Get-MailboxDatabaseCopyStatus \"$($_.Database)\" }",
		Then:  "Note which copy is active. Where none is Mounted, and a copy is Healthy with short queues: Move-ActiveMailboxDatabase DATABASE -ActivateOnServer OTHER, after reading in the Application log why it dismounted; undo by moving it back. Without a healthy copy: Mount-Database DATABASE.",
		Risk:  advice.Restart, When: advice.Now,
		Separates: "If no copy is Mounted: the database is down. If one is Mounted: it has failed over; probe again in five minutes, and if it fails still, Get-ServerHealth of that copy's server shows what is ill.",
		For:       codes("ErrorMailboxStoreUnavailable", "ErrorMailboxFailover"),
	},
	{
		Key:   "account_without_right",
		Means: "Exchange knows the account and does not let it do this with that mailbox.", Suffers: "Nobody but this monitoring, unless the account is an application's too.",
		Owners: []advice.Owner{advice.Account}, Certainty: advice.Sure,
		On:    advice.InShell,
		First: "Get-MailboxPermission ADDRESS -User USER | Format-List AccessRights,Deny",
		Then:  "Give it the one right that the module needs. Delegate: Add-MailboxPermission ADDRESS -User USER -AccessRights FullAccess, undone by Remove-MailboxPermission with the same. Impersonation: New-ManagementRoleAssignment EwsProbe -Role ApplicationImpersonation -User USER -CustomRecipientWriteScope of the probe's mailboxes alone, undone by Remove-ManagementRoleAssignment EwsProbe.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If the module has impersonation: Get-ManagementRoleAssignment -RoleAssignee USER -Role ApplicationImpersonation must show an assignment, and this command may show nothing. If it has none and this shows nothing: the account lacks the right. If it shows FullAccess without Deny: see EwsEnabled and EwsApplicationAccessPolicy of Get-CASMailbox USER.",
		For:       codes(groups[Permission]...),
	},
	{
		Key:   "free_busy_hop_fails",
		Means: "The server that was asked works; the hop to the server, site or organisation that has the other mailbox does not.", Suffers: "Free/busy and MailTips across that border: hatched calendars.",
		Owners: []advice.Owner{advice.Exchange, advice.Identity},
		On:     advice.InShell,
		First:  "Get-Recipient ADDRESS | Format-List RecipientTypeDetails,ExternalEmailAddress,Database",
		Then:   "Correct what the test names: the other side's URL, certificate, trust or right, after noting it. Hybrid needs the dedicated hybrid application since 2025. If the tests pass: read the folder $env:ExchangeInstallPath\\Logging\\Ews on SERVER at the proof's time.", Risk: advice.Look, When: advice.Morning,
		Separates: "If it is remote, in Exchange Online: Test-OAuthConnectivity -Service EWS -TargetUri https://outlook.office365.com/ews/exchange.asmx -Mailbox YOURS shows whether the trust holds. If it is remote elsewhere: Test-OrganizationRelationship -UserIdentity YOURS -Identity RELATIONSHIP does; Get-OrganizationRelationship lists them, one has the address's domain. If it is local, with a Database: EWS of SERVER finds no server for that Database's site; Get-WebServicesVirtualDirectory -ADPropertiesOnly | Format-List Server,InternalUrl must have a URL at each. (YOURS is a mailbox of this organization.)",
		For:       codes(groups[Topology]...),
	},
	{
		Key:   "directory_unreachable",
		Means: "The server cannot reach Active Directory, or a time limit behind it passed.", Suffers: allOfEWS,
		Owners: []advice.Owner{advice.Exchange, advice.ActiveDirectory},
		On:     advice.InPowerShell,
		First:  "nltest /dsgetdc:$env:USERDNSDOMAIN /gc /force",
		Then:   "Bring a global catalog of that site back, or correct the site of the server's subnet; note what was set. Exchange: read the Application log of SERVER (source MSExchange ADAccess) at the proof's time.", Risk: advice.Look, When: advice.Now,
		Separates: "If it fails, or Dc Site Name is not Our Site Name: the domain controllers of that site, or the network to them. If both are the same: Exchange on that server.",
		For:       codes("ErrorADUnavailable", "ErrorADOperation"),
	},
	{
		Key:   "mailbox_full",
		Means: "The mailbox has no room for what was to be created.", Suffers: "Whoever works with that mailbox.",
		Owners: []advice.Owner{advice.Mailbox}, Certainty: advice.Sure,
		On:    advice.InShell,
		First: "Get-MailboxStatistics ADDRESS | Format-List TotalItemSize,TotalDeletedItemSize,StorageLimitStatus",
		Then:  "Empty it; or note the present quotas (Get-Mailbox ADDRESS | Format-List *Quota*), and Set-Mailbox ADDRESS -UseDatabaseQuotaDefaults $false with larger ones. Undo by setting the noted ones.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If TotalItemSize is at the quota: delete items. If TotalDeletedItemSize is large: Recoverable Items fill it. If StorageLimitStatus is empty or BelowLimit: room was made meanwhile; probe again.",
		For:       codes("ErrorQuotaExceeded"),
	},
	{
		Key:   "server_short_of_resources",
		Means: "The server behind the front end is short of something, or failed for the moment.", Suffers: allOfEWS,
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On:    advice.InShell,
		First: advice.BackendHealth,
		Then:  "Mend what the health names. Where health or log shows BACKEND ill, it is in a DAG, and other copies are Healthy (Get-MailboxDatabaseCopyStatus *): meanwhile move its active databases away (Move-ActiveMailboxDatabase -Server BACKEND), and note where they were for undoing.",
		Risk:  advice.Look, When: advice.Now,
		Separates: "If it names Store, EWS or a disk: that is short. If it names other things, or nothing: look in the folder $env:ExchangeInstallPath\\Logging\\Ews on BACKEND for the proof's request-id or time; its column GenericErrors says why. If it is not there either, and the next probes succeed: it was for the moment.",
		For:       codes(groups[BackEnd]...),
	},
	{
		Key:   "subscription_refused",
		Means: "Exchange does not serve the subscription.", Suffers: "Clients that are notified over EWS.",
		Owners: []advice.Owner{advice.Exchange, advice.Middlebox},
		On:     advice.OnExporter,
		First:  advice.AskServer,
		Then:   "Note the present value, and let the box keep a client on one server; undo by setting the noted value. On the server: what its health and its throttling policy show.", Risk: advice.Look, When: advice.Morning,
		Separates: "If it works at SERVER several times over: the box sends the requests of one client to different servers. If it fails there too: that server.", Direct: "subscription_refused_by_server",
		For: codes(groups[Subscription]...),
	},
	{
		Key:   "subscription_refused_by_server",
		Means: "The server does not serve the subscription.", Suffers: "Clients that are notified over EWS by this server.",
		Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely,
		On:    advice.InShell,
		First: advice.Health,
		Then:  "Mend what the health names. If it names nothing: look in the folder $env:ExchangeInstallPath\\Logging\\Ews on SERVER for the proof's request-id or time.",
		Risk:  advice.Look, When: advice.Morning,
		Separates: "If it names Store or EWS: that is ill. If it names nothing, and the code speaks of a limit: see EwsMaxSubscriptions of Get-ThrottlingPolicy. If it names nothing, and the code says that the subscription is not found: a database has failed over; probe again.",
	},
	{
		Key:   "free_busy_not_made",
		Means: "Exchange could not make free/busy of that mailbox: its calendar cannot be read, or it is elsewhere and the hop fails.", Suffers: "Whoever plans a meeting with that mailbox: a hatched calendar.",
		Owners: []advice.Owner{advice.Mailbox, advice.Exchange},
		On:     advice.InShell,
		First:  "Get-MailboxFolderStatistics ADDRESS -FolderScope Calendar | Format-List FolderPath,ItemsInFolder",
		Then:   "Mailbox: in a quiet hour New-MailboxRepairRequest -Mailbox ADDRESS -CorruptionType FolderView,SearchFolder -DetectOnly looks for damage; nobody reaches the mailbox meanwhile. Hop: mend what Test-OAuthConnectivity (Exchange Online) or the other site's Get-ServerHealth shows.", Risk: advice.Look, When: advice.Morning,
		Separates: "If it shows the calendar, and free/busy of other mailboxes of that database is made: this mailbox. If it shows the calendar, and none of theirs is made: the server of that database. If the mailbox is not found: it is elsewhere, and the hop there fails.",
		For:       codes("ErrorFreeBusyGenerationFailed"),
	},
	{
		Key:   "request_not_understood",
		Means: "The server says that the request is malformed: it is another version than the module speaks, no Exchange, or something on the way changed the request.", Suffers: "Nobody, if other clients work.",
		Owners: []advice.Owner{advice.Exporter, advice.Middlebox},
		On:     advice.OnExporter,
		First:  advice.AskServer,
		Then:   "Take the operation out of operations of the module and reload (undo by putting it back), or turn off on the box what changes bodies on their way to /EWS, and note what was on.", Risk: advice.Change, When: advice.Morning,
		Separates: "If SERVER understands it: something on the way changes bodies. If SERVER does not: the server does not serve what the module asks for.", Direct: "request_not_understood_by_server",
		For: codes(groups[OwnRequest]...),
	},
	{
		Key:   "request_not_understood_by_server",
		Means: "The server says that the request is malformed: it is another version than the module speaks, or no Exchange.", Suffers: "Nobody, if other clients work.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Likely,
		First: "Read in the first line of this report which operation the server did not understand.",
		Then:  "Take that operation out of operations of the module, and reload. Undo by putting it back.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If other servers serve that operation: this one is of another version, and wants a module of its own. If none does: no module should ask for it.",
	},
}

// codes are cases of ResponseCodes: in a response message, in a fault, and in the server error that a prober makes of one which
// does not look into the document.
func codes(names ...string) []advice.Case {
	return slices.Concat(advice.Codes("content/"+ReasonResponseError, names...), advice.Codes("content/"+ReasonFault, names...), advice.Codes("status/server_error", names...))
}

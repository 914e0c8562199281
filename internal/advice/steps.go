package advice

// First steps that several pieces of advice share, and where they are done. Words in capitals are filled in where
// they are known (see Words).
const (
	AskServer  = "ews_exporter probe MODULE TARGET --direct SERVER" + WithConfig
	AskServers = "ews_exporter probe MODULE TARGET --direct SERVERS" + WithConfig
	WithConfig = " --config.file CONFIG" // is left out where there is none

	InShell  = "in the Exchange Management Shell"
	AtPrompt = "on SERVER, at an elevated prompt"
	AtEach   = "on each server behind SERVICE, at an elevated prompt"
	OnBox    = "on the box"

	// PoolOrServers is what the comparison of a server error tells.
	PoolOrServers = "If some of them fail, or all: those servers. If none fails: the box in front, or another machine that it sends this name to; where Microsoft-HTTPAPI answered (the proof shows it), that is a Windows machine."

	// PoolMended is what follows where either servers fail, or the pool of the box in front has none left.
	PoolMended = "A server: mend what its own report names; until then, where others answer, take it out of the box's pool. The box: bring the pool's members back, and correct the check that took them out. To undo, set the former state."

	// Inactive leaves out what is never active but in Microsoft's cloud (HealthChecker.ps1 of Exchange's own support skips the same two).
	Inactive      = "Get-ServerComponentState SERVER | ? State -ne Active | ? Component -notin ForwardSyncDaemon,ProvisioningRps"
	Health        = "Get-ServerHealth SERVER | Where-Object AlertValue -ne Healthy"
	BackendHealth = "Get-ServerHealth BACKEND | Where-Object AlertValue -ne Healthy"
	Modules       = `C:\Windows\System32\inetsrv\appcmd list modules /app.name:"{app}"`
	// PoolStopped is what http.sys's own server error tells. It does not tell whose http.sys that is.
	PoolStopped = "http.sys answered in place of an application: the application pool is stopped, or its queue is full."
	// PoolState is what the state of that pool on each server tells, and ElsePool what no such state explains.
	PoolState = "If it is stopped on one: that server, whose System log has the reason (source WAS). If it is started on all: its queue is full on one" + ElsePool
	ElsePool  = "; C:\\Windows\\System32\\LogFiles\\HTTPERR says QueueFull there. If neither is so anywhere: a Windows machine in front answered so itself (ARR, Web Application Proxy), and its own pools and HTTPERR tell why."
	// StoppedPools lists pools that are stopped, and StoppedPool what that tells of each server.
	StoppedPools = `C:\Windows\System32\inetsrv\appcmd list apppool /state:Stopped`
	StoppedPool  = "If a pool of Exchange is listed on one: that server, whose System log has the reason (source WAS). If none is: a queue is full on one" + ElsePool
	// ModulesDiffer is what the list of modules of IIS tells where bodies come other than they were sent.
	ModulesDiffer = "If the list has a module that the same list of another server lacks, such as one of an antivirus program: that module. If the lists are alike: something that inspects traffic between the exporter and SERVER."
	// StartPool brings back an application pool that stopped.
	StartPool    = "Where others are well, take that server out of the box's pool; mend what the log names, start the pool (C:\\Windows\\System32\\inetsrv\\appcmd start apppool, with its name), and put the server back."
	ServicesPool = `C:\Windows\System32\inetsrv\appcmd list apppool MSExchangeServicesAppPool`
)

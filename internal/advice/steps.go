package advice

// First steps that several pieces of advice share, and where they are done. Words in capitals are filled in where
// they are known (see Words).
const (
	AskServer  = "ews_exporter probe MODULE TARGET --direct SERVER" + WithConfig
	AskServers = "ews_exporter probe MODULE TARGET --direct SERVERS" + WithConfig
	WithConfig = " --config.file CONFIG" // is left out where there is none

	InShell  = "in the Exchange Management Shell"
	AtPrompt = "on SERVER, in a command prompt run as administrator"
	AtEach   = "on each server behind SERVICE, in a command prompt run as administrator"
	OnBox    = "on the box"

	Health        = "Get-ServerHealth SERVER | Where-Object AlertValue -ne Healthy"
	BackendHealth = "Get-ServerHealth BACKEND | Where-Object AlertValue -ne Healthy"
	Modules       = `C:\Windows\System32\inetsrv\appcmd list modules /app.name:"Default Web Site/EWS"`
	ServicesPool  = `C:\Windows\System32\inetsrv\appcmd list apppool MSExchangeServicesAppPool`
)

package advice

// First steps that several pieces of advice share, and where they are done. In SERVERS the reader writes names; the other words
// in capitals the report fills in where they are known.
const (
	AtExporter   = "on the exporter's machine, with its --config.file added; SERVER is one behind SERVICE"
	AskServer    = "ews_exporter probe MODULE TARGET --direct SERVER"
	AtExporterIn = "on the exporter's machine, with its --config.file added; SERVERS are those behind SERVICE, as ex01,ex02"
	AskServers   = "ews_exporter probe MODULE TARGET --direct SERVERS"

	InShell  = "in the Exchange Management Shell"
	AtPrompt = "on SERVER, in a command prompt"
	AtEach   = "on each server behind SERVICE, in a command prompt"
	OnBox    = "on the box"

	Health        = "Get-ServerHealth SERVER | Where-Object AlertValue -ne Healthy"
	BackendHealth = "Get-ServerHealth BACKEND | Where-Object AlertValue -ne Healthy"
	Modules       = `C:\Windows\System32\inetsrv\appcmd list modules /app.name:"Default Web Site/EWS"`
	ServicesPool  = `C:\Windows\System32\inetsrv\appcmd list apppool MSExchangeServicesAppPool`
)

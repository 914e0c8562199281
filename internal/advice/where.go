package advice

// Where first steps are done.
const (
	InPowerShell = "on SERVER in PowerShell as admin"
	OnEach       = "on each server behind SERVICE"
	OnExporter   = "on the exporter's machine"
	OnUnix       = "on the exporter's machine, or a Unix one beside it" // for what Windows has not
)

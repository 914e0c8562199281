package advice

// Where first steps are done.
const (
	InPowerShell = "on SERVER, in PowerShell run as administrator"
	OnEach       = "on each Exchange server behind SERVICE"
	OnExporter   = "on the exporter's machine"
)

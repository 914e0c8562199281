package probes_test

import "github.com/ews-exporter/ews_exporter/internal/test/conformance"

// exemptions are what is declared and a probe of a case cannot show. The list only shrinks: an exemption that is not needed
// fails the suite. Those without a prober are of reasons that all probers share.
var exemptions = []conformance.Exemption{
	{Prober: "ews_sync", What: "reason config/stream_busy", Why: "two probes hold one auth at once; the prober's TestNoTurn plays that"},
	{Prober: "sstp", What: "reason connect/turn", Why: "two probes ask one target at once; the prober's TestTurns plays that"},

	// The exporter's own doing, for which no peer is needed.
	{What: "reason connect/busy", Why: "many probes at one address; TestNoPlaceAtAnAddress of internal/runner"},
	{What: "reason internal/panic", Why: "no prober panics on purpose; TestPanic of internal/runner has one that does"},
	{What: "reason internal/error", Why: "an error without a stage, which would be a fault of the program; package failure"},
	{What: "reason internal/out_of_files", Why: "it would starve the other tests; TestNobodyIsBlamedForOurFiles of cmd/ews_exporter has a process of its own"},
	{What: "reason internal/out_of_memory", Why: "it would starve the machine; TestOurOwnShortageIsNobodysFault of internal/failure"},
	{What: "reason internal/out_of_ports", Why: "it would starve the machine; TestOurOwnShortageIsNobodysFault of internal/failure"},
	{What: "reason auth/waiting", Why: "logons at once that have no verdict; package auth's tests of the gate"},
	{What: "reason auth/not_remembered", Why: "a storage that cannot be written; TestADiskThatTakesNothingIsNoReasonNotToRun of cmd/ews_exporter"},

	// What is refused before a probe begins, and would be told as such if it were not.
	{What: "reason policy/name_not_allowed", Why: "such a request is answered 403; package policy"},
	{What: "reason auth/module_not_listed", Why: "such a request is answered 403; package auth"},
	{What: "reason auth/not_https", Why: "such a request is answered 400; TestNoLogonOverPlainHTTP of internal/runner"},
	{What: "reason auth/scheme_unknown", Why: "such a configuration is refused; TestNewSchemeUnknown of internal/auth"},
	{What: "reason policy/too_many_connections", Why: "settings that would want more are refused"},

	// What the operating system decides, or crypto/tls.
	{What: "reason connect/reset", Chance: true, Why: "a reset before a busy machine has seen the answer to its connection request; TestConnectReason of internal/wire"},
	{What: "reason connect/error", Why: "errors of connect(2) that have no other reason"},
	{What: "reason send/closed", Chance: true, Why: "whether sending or receiving meets the end first is chance; the reading end is shown"},
	{What: "reason send/reset", Chance: true, Why: "as above"},
	{What: "reason send/alert", Chance: true, Why: "as above"},
	{What: "reason send/timeout", Why: "all that the probers send fits into the buffers of a socket"},
	{What: "reason send/error", Why: "errors of write(2) that have no other reason"},
	{What: "reason receive/error", Why: "errors of read(2) that have no other reason"},
	{What: "reason send/invalid", Why: "nothing that a peer gives goes into a line or a head unchecked; package wire's tests try"},
	{What: "reason tls/client_certificate_revoked", Why: "crypto/tls sends no such alert; TestServersThatAskForACertificate of internal/runner has servers that do"},
	{What: "reason receive/client_certificate_revoked", Why: "as above"},
	{What: "reason tls/certificate_missing", Why: "crypto/tls ends such a handshake itself"},
}

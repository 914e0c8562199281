package lab

import "net/http"

// directories are what a server of Exchange has beside EWS and the pages of health: by path, in lower case, what answers
// there. Each passes by the logon itself (see passes), where Exchange asks for one.
var directories = map[string]func(e *exchange, w http.ResponseWriter, r *http.Request){
	movesPath:       (*exchange).moveProxy,
	movesDoor:       (*exchange).moveService,
	ManifestPath:    manifest,
	MetadataPath:    authMetadata,
	mailboxEndpoint: (*exchange).mapiEndpoint,
	addressEndpoint: (*exchange).mapiEndpoint,
	rpcProxy:        (*exchange).rpc,
}

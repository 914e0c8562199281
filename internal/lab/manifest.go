package lab

import "net/http"

// Manifest is the offline manifest of a healthy site, at ManifestPath.
const (
	ManifestPath = "/offline.appcache"
	ManifestType = "text/cache-manifest"
	Manifest     = "CACHE MANIFEST\n# version 1\nNETWORK:\n*\n"
)

// manifest answers with the offline manifest, as IIS does with a static file for everybody whose folder has DisableCache.
func manifest(_ *exchange, w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	SetHeader(h, "Cache-Control", "no-cache")
	SetHeader(h, "ETag", `"0-1"`)
	Answer(w, http.StatusOK, ManifestType, Manifest)
}

package kerberos

import (
	"github.com/jcmturner/gokrb5/v8/credentials"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// readCache reads a credential cache. gokrb5 panics on one that is cut short.
func readCache(content []byte) (cache *credentials.CCache, err error) {
	defer func() {
		if recover() != nil {
			cache, err = nil, failure.New(failure.Auth, Unusable, "the credential cache is damaged")
		}
	}()
	cache = &credentials.CCache{}
	if cache.Unmarshal(content) != nil {
		return nil, failure.New(failure.Auth, Unusable, "the credential cache cannot be read: it is damaged, or of another kind than FILE")
	}
	return cache, nil
}

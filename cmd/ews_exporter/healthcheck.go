package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"
)

const healthLimit = 3 * time.Second

// runHealthcheck asks a running exporter whether it is healthy. Proxies of the environment are not for it. One that asks
// for a password runs, which is all that is to be known; and as none is sent, it need not prove who it is, so that
// https://127.0.0.1 will do.
func (c *command) runHealthcheck(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.healthcheck, nil)
	if err != nil {
		return c.usage("%v", err)
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- nothing is sent
	}}
	response, err := client.Do(req)
	if err != nil {
		return c.fail("not healthy: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusUnauthorized {
		return c.fail("not healthy: %s answered %s", c.healthcheck, response.Status)
	}
	c.print("healthy\n")
	return exitOK
}

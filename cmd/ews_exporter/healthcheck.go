package main

import (
	"context"
	"net/http"
	"time"
)

const healthLimit = 3 * time.Second

// runHealthcheck asks a running exporter whether it is healthy. Proxies of the environment are not for it.
func (c *command) runHealthcheck(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.healthcheck, nil)
	if err != nil {
		return c.usage("%v", err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(req)
	if err != nil {
		return c.fail("not healthy: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return c.fail("not healthy: %s answered %s", c.healthcheck, response.Status)
	}
	c.print("healthy\n")
	return exitOK
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/delivery"
)

// story is what is shown, while it happens.
type story struct {
	out    io.Writer
	factor int
	site   *lab.Site
	chain  *delivery.Chain
	notes  chan delivery.Notification
	began  time.Time
}

func (s *story) address(scenario string) string {
	c, _ := s.site.Scenario(scenario)
	return c.Address
}

func (s *story) tell(ctx context.Context) error {
	_, _ = fmt.Fprintf(s.out, `The whole way of an alert, on this machine alone. Every duration of the shipped rules and examples is
divided by %d: what takes 5 minutes elsewhere takes %.0f seconds here.

  the balancer   %s   a simulated Kemp LoadMaster, set to RFC 2616
  the server     %s   behind it, healthy
  the exporter   %s/
  Prometheus     %s/   see the menu: Alerts
  Alertmanager   %[7]s/   Debian's has no page of alerts: amtool alert --alertmanager.url=%[7]s

Stop with Ctrl-C.
`, s.factor, 300/float64(s.factor), s.address(balancer), s.address(server), s.chain.Exporter, s.chain.Prometheus.URL, s.chain.Alertmanager)
	for _, step := range []func(context.Context) error{s.broken, s.mended} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// broken follows the 501 from the balancer to the alert.
func (s *story) broken(ctx context.Context) error {
	if err := s.await(ctx, `probe_http_responses{code="501"} > 0 and on () (probe_success{via="direct"} == 1)`); err != nil {
		return err
	}
	s.say("The exporter got a 501 through the balancer. Asked directly, the server answers as it should.")
	if err := s.await(ctx, `ALERTS{alertname="EwsLateBodyRejected"}`); err != nil {
		return err
	}
	s.say("Prometheus sees the finding, and waits whether it lasts.")
	if err := s.show(ctx, "firing"); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(s.out, "  The same on this machine: %s/findings/late_body_rejected\n", s.chain.Exporter)
	return nil
}

// mended changes the setting, and waits for the end of the alert.
func (s *story) mended(ctx context.Context) error {
	if err := s.site.Change(balancer, mended); err != nil {
		return err
	}
	s.say("Now the LoadMaster's 100-Continue Handling is set to RFC-7231 Compliant.")
	if err := s.await(ctx, `min(probe_success) == 1`); err != nil {
		return err
	}
	s.say("The exporter gets 100 Continue, and then 200. The alert is kept for a while, because a fault may come back:\n      that takes two more minutes here. Ctrl-C, if you have seen enough.")
	return s.show(ctx, "resolved")
}

// say writes a line with the time since the beginning.
func (s *story) say(text string) {
	passed := time.Since(s.began).Round(time.Second)
	_, _ = fmt.Fprintf(s.out, "\n%d:%02d  %s\n", int(passed.Minutes()), int(passed.Seconds())%60, text)
}

// show prints what Alertmanager sends, until an alert of that status comes.
func (s *story) show(ctx context.Context, status string) error {
	limit := time.After(patience)
	for {
		select {
		case n := <-s.notes:
			found := false
			for _, a := range n.Alerts {
				s.say(a.Text())
				found = found || a.Status == status
			}
			if found {
				return nil
			}
		case <-limit:
			return fmt.Errorf("no alert that is %s came from Alertmanager within %v", status, patience)
		case <-s.chain.Done():
			return s.chain.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// await waits until an expression gives something.
func (s *story) await(ctx context.Context, expression string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("prometheus had nothing to say to %s within %v", expression, patience))
	defer cancel()
	for {
		samples, err := s.chain.Prometheus.Query(ctx, expression)
		if err == nil && len(samples) > 0 {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-s.chain.Done():
			return s.chain.Err()
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

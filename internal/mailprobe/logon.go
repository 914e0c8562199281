package mailprobe

import (
	"context"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/mailaccess"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// logOn logs on once, in the first way that is offered.
func (p *probe) logOn(ctx context.Context, step *prober.Step, offered mailaccess.Capabilities) error {
	logon := step.Step("logon")
	err := p.present(ctx, logon, offered)
	p.loggedOn = err == nil
	logon.End(err)
	return err
}

func (p *probe) present(ctx context.Context, logon *prober.Step, offered mailaccess.Capabilities) error {
	ways := p.talk.ClearLogons(offered)
	if len(ways) == 0 {
		return failure.New(failure.Auth, auth.SchemeNotOffered, "%s offers no logon by user name and password over TLS; it offers %s: let it offer that, or leave the auth out", p.conn, offered)
	}
	var answer mailaccess.Answer
	err := p.run.Present(ctx, p.conn, p.options(), func(username, password string) (prober.Presented, error) {
		var err error
		answer, err = p.talk.LogOn(ways[0], username, password)
		return presented(answer), err
	})
	if answer.Text != "" {
		logon.Detail("%s: %s", ways[0], answer.Text)
	}
	switch {
	case err != nil:
		return err
	case answer.Unsent, answer.Reads() == mailaccess.NoSuchWay:
		return failure.New(failure.Auth, auth.SchemeNotOffered, "%s offers %s and does not take it: it answered %q, so nothing is known of the secret", p.conn, ways[0], plain.Cut(answer.Text, 200))
	case !answer.OK:
		return failure.New(failure.Status, mailaccess.LogonUnavailable.Reason, "%s could not judge the logon: it answered %q, so nothing is known of the secret", p.conn, plain.Cut(answer.Text, 200)).Named(answer.Code)
	}
	return nil
}

// presented is what an answer means for who guards the account.
func presented(a mailaccess.Answer) prober.Presented {
	judged := prober.Presented{Said: a.Text, Code: a.Code}
	switch says := a.Reads(); {
	case a.Unsent:
		judged.Judgement = prober.Unsent
	case says == mailaccess.Accepted:
		judged.Judgement = prober.Admitted
	case says == mailaccess.NotJudged, says == mailaccess.NoSuchWay:
		judged.Judgement = prober.Unjudged
	default:
		judged.Judgement, judged.Wrong = prober.Rejected, says == mailaccess.Wrong
	}
	return judged
}

package runner

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// job is a request that passed: everything looked up and permitted.
type job struct {
	module *config.Module
	prober prober.Prober
	auth   *config.Auth            // nil without one
	others map[string]*config.Auth // that the module's own settings name, by name
	proxy  *config.Auth            // of the module's proxy; nil without one
	target target.Target
	whom   string          // see prober.Aim
	at     netip.Addr      // of the target's addresses the only one to ask; invalid: as the module prefers
	stands bool            // the caller named only that address, so that the name must have it
	hosts  []target.Target // that a look-up begins with; none when the target itself is contacted
	policy *policy.Policy
	limit  time.Duration

	mailbox string // that the request names; empty: the module's own

	outside bool     // the exporter's vantage
	files   []string // of the configuration
}

// key tells requests apart, however they are written. A reload makes new modules, so it shares nothing with probes of the old
// configuration.
type key struct {
	module  *config.Module
	auth    *config.Auth
	target  string
	name    string
	limit   time.Duration
	at      netip.Addr
	mailbox string
}

func (j *job) key() key {
	path := j.target.Path
	if own := j.prober.Paths(); len(own) == 1 && own[0] == path {
		path = "" // it would be asked for anyway
	}
	asked := j.target.Scheme + "://" + j.target.HostPort() + path
	if len(j.hosts) > 0 {
		asked = "look-up below " + asked
	}
	return key{j.module, j.auth, asked + " " + j.whom, j.target.Name, j.limit, j.at, j.mailbox}
}

// logsOn tells whether there is an auth to log on with, and not one that is a client's certificate alone.
func (j *job) logsOn() bool { return j.auth != nil && len(j.auth.Schemes) > 0 }

// plan lists the steps that the probe will take if all goes well; http has no TLS.
func (j *job) plan() []string {
	steps := j.prober.Plan(j.logsOn())
	if j.target.Scheme == "http" {
		steps = slices.DeleteFunc(steps, func(name string) bool { return strings.HasSuffix(name, ".tls") })
	}
	return steps
}

// statusClientGone is what nginx logs for a caller that left; nobody reads the answer.
const statusClientGone = 499

func refuse(status int, reason, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// policyOf makes the policy of a configuration once, and not for every probe.
func (r *Runner) policyOf(cfg *config.Config) *policy.Policy {
	if now := r.inForce.Load(); now != nil && now.config == cfg {
		return now.policy
	}
	r.last.use(cfg)
	r.chains.Forget()
	now := &inForce{cfg, policy.New(cfg.Policy.Allow, cfg.Policy.Deny, r.Listeners)}
	r.inForce.Store(now)
	return now.policy
}

// inForce is the policy of the configuration that was asked for last.
type inForce struct {
	config *config.Config
	policy *policy.Policy
}

// grain is how finely limits of requests count, or whoever asks could have any number of them, and with each a probe of his own.
const grain = 100 * time.Millisecond

// prepare looks up what a request names and asks policy whether it may be. The error is a *Refusal.
func (r *Runner) prepare(req Request) (*job, error) {
	if r.stopped.Load() {
		return nil, refuse(http.StatusServiceUnavailable, Stopping, "the exporter is stopping")
	}
	cfg := r.Config()
	j := &job{policy: r.policyOf(cfg), outside: cfg.Vantage == config.Outside, files: cfg.Files}
	if j.module = cfg.Modules[req.Module]; j.module == nil {
		return nil, refuse(http.StatusBadRequest, BadRequest, "unknown module %.100q: %s", req.Module, among(req.Module, cfg.Modules))
	}
	if err := j.aim(cfg, req); err != nil {
		return nil, err
	}
	var err error
	if j.auth, err = authFor(cfg, j, req.Auth); err != nil {
		return nil, err
	}
	if j.others, err = othersFor(cfg, j); err != nil {
		return nil, err
	}
	if j.proxy, err = proxyAuth(cfg, j.module); err != nil {
		return nil, err
	}
	if err := j.reachable(); err != nil {
		return nil, refuse(http.StatusForbidden, DeniedTarget, "%v", err)
	}
	if err := j.bound(); err != nil {
		return nil, refuse(http.StatusForbidden, DeniedTarget, "%v", err)
	}
	j.limit = j.module.Timeout
	if req.Limit > 0 && req.Limit < j.limit {
		j.limit = max(req.Limit.Truncate(grain), min(req.Limit, grain))
	}
	return j, nil
}

// aim reads what the request is about: which mailbox, and which target.
func (j *job) aim(cfg *config.Config, req Request) error {
	if req.Mailbox != "" {
		if err := cfg.MailboxOf(j.module, req.Mailbox); err != nil {
			return refuse(http.StatusForbidden, DeniedTarget, "%v", err)
		}
	}
	j.prober, j.mailbox = j.module.For(req.Mailbox), req.Mailbox
	asked := req
	if name, address, ok := cfg.Stands(req.Module, req.Target, req.Hostname); ok {
		asked.Target, asked.Hostname, asked.At = name, "", address
	}
	aim, err := prober.AimOf(j.module.Definition, j.prober, asked.Target, asked.Hostname)
	if err != nil {
		return refuse(http.StatusBadRequest, BadRequest, "%v", err)
	}
	j.target, j.hosts, j.whom = aim.Target, aim.Hosts, aim.Whom
	if asked.Target != req.Target {
		j.target.Raw, j.stands = req.Target, true
	}
	return j.only(asked.At)
}

// othersFor finds the auths that the module's own settings name, and checks them as authFor does.
func othersFor(cfg *config.Config, j *job) (map[string]*config.Auth, error) {
	user, ok := j.prober.(prober.AuthUser)
	if !ok {
		return nil, nil //nolint:nilnil // none is an answer
	}
	others := map[string]*config.Auth{}
	for _, name := range user.Auths() {
		a, err := authFor(cfg, j, name)
		if err != nil {
			return nil, err
		}
		others[name] = a
	}
	return others, nil
}

// bound says whether the module may be asked for the target. A configuration that was read has targets wherever they are
// demanded; one that was made otherwise may not.
func (j *job) bound() error {
	if why := j.module.WantsTargets(); why != "" && len(j.module.Targets) == 0 {
		return fmt.Errorf("the module %q needs targets, because of %s, and has none", j.module.Name, why)
	}
	return j.module.Targets.Target(j.target)
}

// check says whether an address may be dialled for the sake of a host.
func (j *job) check(host string, a netip.AddrPort) error {
	if host == j.target.Host || !j.module.Targets.Known(j.target) {
		if err := j.module.Targets.Address(host, a); err != nil {
			return err
		}
	}
	return j.policy.Address(host, a)
}

// checkElsewhere says whether an address may be dialled for the sake of a host that a target named. Where a module must not be
// turned against just anybody, and its targets are networks alone, the names that whoever asks chooses must lead into them too.
func (j *job) checkElsewhere(host string, a netip.AddrPort) error {
	if j.module.WantsTargets() != "" && !j.module.Targets.Known(j.target) {
		if err := j.module.Targets.Address(host, a); err != nil {
			return err
		}
	}
	return j.policy.Elsewhere(host, a)
}

// reachable asks policy about the target, or whether one of the hosts of a look-up may be reached.
func (j *job) reachable() error {
	if len(j.hosts) == 0 {
		return j.policy.Target(j.target)
	}
	var first error
	for _, host := range j.hosts {
		err := j.policy.Target(host)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// authFor finds the auth of a request, nil for none, and checks all that can be known before the first packet.
func authFor(cfg *config.Config, j *job, override string) (*config.Auth, error) {
	name := override
	if name == "" {
		name = j.module.Auth
	}
	if name == "" {
		return nil, nil //nolint:nilnil // no auth is an answer
	}
	a := cfg.Auths[name]
	if a == nil {
		return nil, refuse(http.StatusBadRequest, BadRequest, "unknown auth %.100q: %s", name, among(name, cfg.Auths))
	}
	if j.module.TLS.InsecureSkipVerify {
		return nil, refuse(http.StatusForbidden, DeniedAuth, "the module %q does not verify certificates (insecure_skip_verify), so no auth may be used with it", j.module.Name)
	}
	if limiter, ok := j.prober.(prober.LogonLimiter); ok {
		if _, problem := limiter.LogonProblem(a.Schemes); problem != "" {
			return nil, refuse(http.StatusForbidden, DeniedAuth, "the auth %q may not be used with the module %q: %s", name, j.module.Name, problem)
		}
	}
	if err := permit(a.Credential(), j); err != nil {
		return nil, refuse(http.StatusForbidden, DeniedAuth, "%v", err)
	}
	if path := j.target.Path; path != "" && !slices.Contains(j.prober.Paths(), path) {
		return nil, refuse(http.StatusForbidden, DeniedAuth, "the auth %q may only be used with the paths of the module %q (%s), and the target asks for %s", name, j.module.Name, strings.Join(j.prober.Paths(), ", "), path)
	}
	return a, nil
}

// permit asks the auth about the target. Which hosts a look-up leads to is not known before, so the auth's targets are
// held against each of them when it comes to that.
func permit(c auth.Credential, j *job) error {
	if len(j.hosts) > 0 {
		return c.PermitModule(j.module.Name)
	}
	return c.Permit(j.module.Name, j.target)
}

// among says what a configuration has, for a person who mistyped word.
func among[T any](word string, m map[string]T) string {
	names := slices.Sorted(maps.Keys(m))
	if len(names) == 0 {
		return "the configuration has none"
	}
	all := "the configuration has " + strings.Join(names, ", ")
	if near := suggest.Nearest(word, names); near != "" {
		return "did you mean " + near + "? " + all
	}
	return all
}

// tooShort is the failure of a time limit under which the probe makes no sense, nil when there is time enough. from is
// where limits of requests come from.
func (j *job) tooShort(from string) *failure.Failure {
	need := j.prober.Need()
	if j.limit >= need {
		return nil
	}
	var raise []string
	if j.limit < j.module.Timeout {
		raise = append(raise, from)
	}
	if j.module.Timeout < need {
		raise = append(raise, "the module's timeout")
	}
	return failure.New(failure.Config, reasonLimitTooShort, "the time limit is %s and module %q needs %s: raise %s", j.limit, j.module.Name, need, strings.Join(raise, " and "))
}

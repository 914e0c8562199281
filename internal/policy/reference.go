package policy

import (
	"fmt"
	"strings"
)

// AllServices is the service that stands for all of them, in a rule or a pattern that refers to services.
const AllServices = "*"

// servicePrefix begins a rule or a pattern that refers to a service of the configuration.
const servicePrefix = "service:"

// reference reads service:NAME or service:*, with which a rule or a pattern stands for all that a service names. What is all
// digits is no service: a host may be called so, and that is its port.
func reference(s string) (service string, is bool, err error) {
	service, is = strings.CutPrefix(s, servicePrefix)
	if !is || service != "" && strings.Trim(service, "0123456789") == "" {
		return "", false, nil
	}
	if service != AllServices && !ServiceName(service) {
		return "", true, fmt.Errorf("%.64q names no service: write service:NAME, or service:* for all of them", s)
	}
	return service, true, nil
}

// ServiceName tells whether a service may be called so: letters of ASCII, digits, hyphens, underscores and dots, with one at
// least that is no digit, so that it can stand in a rule and in a URL.
func ServiceName(s string) bool {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, odd) && strings.Trim(s, "0123456789") != ""
}

// Service is the service that the rule refers to, AllServices for all of them; empty where it is a rule by itself. A reference
// matches nothing: the configuration puts the rules in its place for which it stands.
func (r Rule) Service() string { return r.service }

// Service is the service that the pattern refers to, in the manner of Rule.Service.
func (p TargetPattern) Service() string { return p.service }

package prober

import "github.com/ews-exporter/ews_exporter/internal/failure"

// ReasonTooManyConnections is that of a probe that wants more connections than MaxConnections.
const ReasonTooManyConnections = "too_many_connections"

// Reasons are those for which a Run fails by itself.
var Reasons = append([]failure.Reason{
	{Stage: failure.Auth, Reason: ReasonNoLogonNeeded, Help: "EWS answered a request without a logon; see ews_answers_without_logon."},
	{Stage: failure.Policy, Reason: ReasonTooManyConnections, Help: "The probe wants more than 64 connections."},
}, proxyReasons...)

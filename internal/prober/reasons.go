package prober

import (
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// ReasonTooManyConnections is that of a probe that wants more connections than MaxConnections.
const ReasonTooManyConnections = "too_many_connections"

// Reasons are those for which a Run fails by itself.
var Reasons = append([]failure.Reason{
	{Stage: failure.Auth, Reason: ReasonNoLogonNeeded, Help: "EWS answered a request without a logon; see ews_answers_without_logon."},
	{Stage: failure.Status, Reason: wire.CertificateWanted, Help: "A page says that the server wants a client's certificate, and got none (nginx 400 or 496, IIS 403.7, Apache httpd over TLS 1.3)."},
	{Stage: failure.Status, Reason: wire.CertificateRefused, Help: "A page says that the server refused the exporter's client certificate (nginx 400 or 495, IIS 403.12)."},
	{Stage: failure.Status, Reason: wire.CertificateExpired, Help: "A page says that the exporter's client certificate has expired or is not valid yet (IIS 403.17)."},
	{Stage: failure.Status, Reason: wire.CertificateRevoked, Help: "A page says that the exporter's client certificate is revoked, or that nobody could say (IIS 403.13)."},
	{Stage: failure.Status, Reason: wire.CertificateUntrusted, Help: "A page says that the issuer of the exporter's client certificate is not trusted (IIS 403.16)."},
	{Stage: failure.Policy, Reason: ReasonTooManyConnections, Help: "The probe wants more than 64 connections."},
}, proxyReasons...)

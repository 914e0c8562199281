package wire

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/advice"
)

// Keys of the advice about the client's certificate, for who finds the same by other signs.
const (
	AdviceCertificateWanted    = "client_certificate_wanted"
	AdviceCertificateRefused   = "client_certificate_not_taken"
	AdviceCertificateExpired   = "client_certificate_out_of_date"
	AdviceCertificateRevoked   = "client_certificate_revoked"
	AdviceCertificateUntrusted = "client_certificate_not_trusted"
)

// Where and how the exporter's own certificate is looked at; what is to be shown follows.
const (
	ownFile   = "on the exporter's machine; CERT_FILE is cert_file of the module's auth"
	showsFile = "openssl x509 -in CERT_FILE -noout "
)

// nobodyButMonitoring is who suffers where the exporter's certificate alone is refused.
const nobodyButMonitoring = "This monitoring; and clients, where theirs are of the same issuer or the server's list is at fault."

// trusting are where boxes have the authorities and the revocation lists by which they judge clients' certificates.
var trusting = advice.Places{
	{Product: "nginx", Setting: "ssl_client_certificate or ssl_trusted_certificate, ssl_verify_depth, ssl_crl"},
	{Product: "haproxy", Setting: "ca-file, ca-verify-file and crl-file of the bind line"},
	{Product: "apache", Setting: "SSLCACertificateFile, SSLVerifyDepth, SSLCARevocationFile"},
}

// ownAdvice is for servers that refuse the client's certificate: by an alert, or by a page.
var ownAdvice = slices.Concat(
	refusedOwn(advice.Advice{
		Key: AdviceCertificateRefused, Means: "The server refused the exporter's client certificate, and does not tell the client why.",
		Owners: []advice.Owner{advice.Exporter, advice.IIS, advice.Middlebox},
		First:  showsFile + "-subject -issuer -dates -ext extendedKeyUsage",
		Then:   "Keep both files for undoing, and put a certificate there that the server takes; they are read anew by themselves. Or note the present setting where TLS ends, and let it take this one. Undo by setting the noted one.",
		Separates: "If the dates are past, TLS Web Client Authentication is missing, or it is not the certificate that is meant: the exporter's files. If all is right: who ends TLS for this address refuses it, " +
			"and that log says why (nginx error_log, HAProxy log, IIS sc-substatus of the 403).",
		For: advice.About(aboutOwn(CertificateRefused)...),
	}),
	refusedOwn(advice.Advice{
		Key: AdviceCertificateExpired, Means: "To the server the exporter's client certificate has expired. Servers with OpenSSL say the same where their revocation list has.",
		Owners:    []advice.Owner{advice.Exporter, advice.IIS, advice.Middlebox},
		First:     showsFile + "-dates",
		Then:      "Renew the certificate and put it and its key into the auth's two files, which are read anew by themselves; keep the old ones for undoing. Or have the list, or the clock, of the server set right, and note what was there.",
		Separates: "If notAfter is past: the exporter's certificate. If it is not: another certificate in CERT_FILE has expired, or the server's revocation list (openssl crl -nextupdate), or its clock is wrong.",
		For:       advice.About(aboutOwn(CertificateExpired)...),
	}),
	refusedOwn(advice.Advice{
		Key: AdviceCertificateRevoked, Means: "To the server the exporter's client certificate is revoked. IIS says the same (403.13) where it cannot get the revocation list.",
		Owners:    []advice.Owner{advice.Certificate, advice.IIS, advice.Middlebox},
		First:     showsFile + "-serial -ext crlDistributionPoints",
		Then:      "Revoked: find out why, and have another one issued. Not revoked: let the server reach the list (certutil -verify -urlfetch there shows whether it can), and note what is changed for that, for undoing.",
		Separates: "If the list at that place has the serial number (openssl crl -inform der -text): its issuer revoked it. If it has not: the server has an old list, or cannot get one.",
		For:       advice.About(aboutOwn(CertificateRevoked)...),
	}),
	refusedOwn(advice.Advice{
		Key: AdviceCertificateUntrusted, Means: "The server does not trust the issuer of the exporter's client certificate, or cannot follow the chain to it.",
		Owners: []advice.Owner{advice.Exporter, advice.IIS, advice.Middlebox},
		First:  showsFile + "-subject -issuer",
		Then:   "Append the intermediate certificate to CERT_FILE, or put one of the right issuer there with its key; keep the old files for undoing. Or note the authorities that the server takes and add the issuer; undo by taking it out.",
		Separates: "If the issuer is none that clients of this server have: the exporter's certificate is the wrong one. If an intermediate issued it, and CERT_FILE has one certificate: that is missing there. " +
			"If neither: the server does not list the issuer, or lacks its revocation list.",
		For: advice.About(aboutOwn(CertificateUntrusted)...),
	}),
)

// aboutOwn are the names of a reason in all stages in which a server tells of the client's certificate.
func aboutOwn(reason string) []string {
	return []string{"tls/" + reason, "receive/" + reason, "status/" + reason}
}

// refusedOwn completes advice about the exporter's client certificate, and makes that for a server which was asked directly.
func refusedOwn(a advice.Advice) []advice.Advice {
	a.Suffers, a.On, a.Risk, a.When = nobodyButMonitoring, ownFile, advice.Change, advice.Morning
	direct := a
	a.Places, a.Direct = trusting, a.Key+"_by_server"
	direct.Key, direct.For = a.Direct, nil
	direct.Owners = slices.DeleteFunc(slices.Clone(a.Owners), func(o advice.Owner) bool { return o == advice.Middlebox })
	return []advice.Advice{a, direct}
}

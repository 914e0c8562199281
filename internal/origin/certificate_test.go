package origin

import "testing"

// TestCertificate: pages that are about the client's certificate are told, and those that look alike are not.
func TestCertificate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   CertificateWord
	}{
		"nginx, none":                      {400, "<center><h1>400 Bad Request</h1></center>\n<center>No required SSL certificate was sent</center>", CertificateWanted},
		"nginx, refused":                   {400, "<head><title>400 The SSL certificate error</title></head>", CertificateRefused},
		"nginx, its own 496":               {496, "", CertificateWanted},
		"nginx, its own 495":               {495, "", CertificateRefused},
		"IIS 403.7":                        {403, "<h2>HTTP Error 403.7 - Forbidden</h2>", CertificateWanted},
		"IIS 403.12":                       {403, "<h2>HTTP Error 403.12 - Forbidden</h2>", CertificateRefused},
		"IIS 403.13":                       {403, "<h2>HTTP Error 403.13 - Forbidden</h2>", CertificateRevoked},
		"IIS 403.16":                       {403, "<h2>HTTP Error 403.16 - Forbidden</h2>", CertificateUntrusted},
		"IIS 403.17":                       {403, "<title>IIS 10.0 Detailed Error - 403.17 - Forbidden</title>", CertificateExpired},
		"Apache over TLS 1.3":              {403, "<p>You don't have permission to access this resource.Reason: Cannot perform Post-Handshake Authentication.<br />\n</p>", CertificateWanted},
		"IIS 403.1":                        {403, "<h2>HTTP Error 403.1 - Forbidden</h2>", ""},
		"IIS 403.14":                       {403, "<h2>HTTP Error 403.14 - Forbidden</h2>", ""},
		"IIS for others":                   {403, "<h2>403 - Forbidden: Access is denied.</h2>", ""},
		"nginx, plain HTTP":                {400, "<center>The plain HTTP request was sent to HTTPS port</center>", ""},
		"mail about it":                    {200, "No required SSL certificate was sent", ""},
		"an error about it in other words": {500, "HTTP Error 403.7 - Forbidden", ""},
	} {
		if got := Certificate(&Response{Status: tt.status, Body: []byte(tt.body)}); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

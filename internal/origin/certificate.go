package origin

import "regexp"

// CertificateWord is what a page says of the client's certificate.
type CertificateWord string

// The words.
const (
	CertificateWanted    CertificateWord = "wanted"  // none came
	CertificateRefused   CertificateWord = "refused" // and the page does not say why
	CertificateExpired   CertificateWord = "expired"
	CertificateRevoked   CertificateWord = "revoked"
	CertificateUntrusted CertificateWord = "untrusted"
)

// certificatePages are the pages of servers that shook hands all the same, by status.
//
//   - nginx, "Module ngx_http_ssl_module", Error Processing: 495 and 496, which it shows as 400 unless error_page names them;
//     the texts stand in ngx_http_special_response.c.
//   - IIS, "HTTP status code in IIS": the sub-status shows on detailed pages, and in its log (sc-substatus).
//   - Apache httpd, ssl_engine_kernel.c: where TLS 1.3 would need authentication after the handshake (RFC 8446 section 4.6.2).
var certificatePages = []struct {
	status int
	page   *regexp.Regexp // nil: the status says it
	word   CertificateWord
}{
	{496, nil, CertificateWanted},
	{495, nil, CertificateRefused},
	{400, regexp.MustCompile(`(?i)No required SSL certificate was sent`), CertificateWanted},
	{400, regexp.MustCompile(`(?i)The SSL certificate error`), CertificateRefused},
	{403, regexp.MustCompile(`(?i)Cannot perform Post-Handshake Authentication`), CertificateWanted},
	{403, iisForbids("7"), CertificateWanted},
	{403, iisForbids("13"), CertificateRevoked},
	{403, iisForbids("16"), CertificateUntrusted},
	{403, iisForbids("17"), CertificateExpired},
	{403, iisForbids("12"), CertificateRefused}, // nobody is mapped to it
}

// iisForbids is how IIS's pages begin to tell a sub-status: "HTTP Error 403.7 - Forbidden".
func iisForbids(substatus string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(?:HTTP Error )?403\.` + substatus + ` - Forbidden`)
}

// Certificate is what a response says of the client's certificate; empty for nothing.
func Certificate(r *Response) CertificateWord {
	word, _ := certificateSays(r)
	return word
}

// certificateSays is Certificate with the words themselves.
func certificateSays(r *Response) (CertificateWord, string) {
	body := r.Body[:min(len(r.Body), maxBody)]
	for _, known := range certificatePages {
		if r.Status != known.status {
			continue
		}
		if known.page == nil {
			return known.word, ""
		}
		if found := known.page.Find(body); found != nil {
			return known.word, string(found)
		}
	}
	return "", ""
}

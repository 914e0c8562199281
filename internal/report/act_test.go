package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// TestSteps: a word is explained where it stands in what is written, and only there.
func TestSteps(t *testing.T) {
	t.Parallel()
	v := &result.Verdict{Fault: result.Fault{Owner: advice.DNS}, First: "nslookup HOST", Then: "Ask NAMESERVER."}
	var b bytes.Buffer
	if err := Steps(&b, v); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "HOST is ") || strings.Contains(got, "NAMESERVER") {
		t.Errorf("got\n%s", got)
	}
	b.Reset()
	if err := Steps(&b, nil); err != nil || b.Len() > 0 {
		t.Errorf("of no verdict: %q, %v", b.String(), err)
	}
}

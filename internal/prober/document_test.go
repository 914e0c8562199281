package prober

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

type host string

func (n host) String() string { return string(n) }

// TestLookingThroughADocumentEndsWithTheProbe: one of megabytes is put down when the time is up, and nobody is accused of having
// broken it off; one that is read in no time is read.
func TestLookingThroughADocumentEndsWithTheProbe(t *testing.T) {
	t.Parallel()
	over, end := context.WithCancel(t.Context())
	end()
	document := func(n int) []byte {
		return []byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + strings.Repeat("<a>b</a>", n) + `</s:Body></s:Envelope>`)
	}
	large, little := document(1<<20), document(10)
	rest := Document(over, &wire.Response{}, large)
	if n, err := io.Copy(io.Discard, rest); !errors.Is(err, context.Canceled) || n > 2*small {
		t.Errorf("%d bytes are looked through, error %v", n, err)
	}
	if got := ews.Parse(Document(over, &wire.Response{}, large)).Kind; got != ews.Truncated {
		t.Errorf("it is %v", got)
	}
	if err := InTime(over, host("ex01"), len(large)); !failure.Is(err, failure.Receive, "timeout") || !strings.Contains(err.Error(), "ex01 had come") {
		t.Errorf("error %v", err)
	}
	for _, at := range []struct {
		ctx  context.Context
		body []byte
	}{{over, little}, {t.Context(), large}} {
		if all, err := io.ReadAll(Document(at.ctx, &wire.Response{}, at.body)); err != nil || !bytes.Equal(all, at.body) {
			t.Errorf("%d of %d bytes, error %v", len(all), len(at.body), err)
		}
		if err := InTime(at.ctx, host("ex01"), len(at.body)); err != nil {
			t.Error(err)
		}
	}
}

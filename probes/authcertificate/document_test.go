package authcertificate

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// TestParse: the keys of a document, however its names are written, and why one is not taken.
func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		keys    []entry
		refused string
	}{
		`{"keys":[{"usage":"signing","keyinfo":{"x5t":"a"},"keyvalue":{"type":"x509Certificate","value":"b"}}]}`: {keys: []entry{{"signing", "x509Certificate", "a", "b"}}},
		`{"Keys":[{"Usage":"signing","KeyInfo":{"X5T":"a"},"KeyValue":{"Type":"c","VALUE":"b"}}]}`:               {keys: []entry{{"signing", "c", "a", "b"}}},
		`{"keys":[{"keyValue":{"value":"b"}},{"usage":"x"}],"more":[{"keys":[1]}]}`:                              {keys: []entry{{value: "b"}, {usage: "x"}}},
		"\ufeff" + `{"keys":[]}`:     {},
		`{"n":1e999,"keys":[]}`:      {},
		`{"keys":[],"KEYS":[]}`:      {refused: `"keys" twice`},
		`{"keys":null}`:              {refused: "a list is due"},
		`{"keys":[[]]}`:              {refused: "an object is due"},
		`{"keys":[{"keyInfo":"a"}]}`: {refused: "an object is due"},
		`{"keys":[{"usage":["a"]}]}`: {refused: "a text is due"},
		`{"keys":[{}]} x`:            {refused: "something follows"},
		`{"keys":[{}`:                {refused: "breaks off"},
		`{"keys":[{]}`:               {refused: "not well formed"},
		`{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`: {refused: "more than 32 deep"},
		`{"keys":[{}` + strings.Repeat(",{}", 100) + `]}`:                 {refused: "more than 100 keys"},
	} {
		got, err := parse([]byte(text))
		if want.refused != "" {
			if err == nil || !strings.Contains(err.Error(), want.refused) {
				t.Errorf("%.60s is refused for %v, want %s", text, err, want.refused)
			}
			continue
		}
		if err != nil || len(got) != len(want.keys) {
			t.Errorf("%.60s: %v, %v, want %v", text, got, err, want.keys)
			continue
		}
		for i, k := range got {
			if k != want.keys[i] {
				t.Errorf("%.60s: %v, want %v", text, k, want.keys[i])
			}
		}
	}
}

// FuzzDocument: whatever comes, it is read to an end within its bounds, and what it says of itself is no text of the document's
// beyond a word.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(lab.Metadata(lab.SigningKey([]byte("x")))))
	f.Add([]byte(`{"keys":[{"usage":1,"keyValue":{"value":"MIIB"}}],"KEYS":{}}`))
	f.Add([]byte(strings.Repeat(`{"a":`, 40)))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parse(body)
		if len(keys) > maxKeys {
			t.Errorf("%d keys", len(keys))
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
		for _, k := range keys {
			c := read(k)
			if (c.Certificate == nil) == (c.problem == nil) || c.Certificate != nil && len(c.thumbprint) != 40 {
				t.Errorf("a certificate without a thumbprint, or nothing without a reason: %+v", c)
			}
			_ = c.misnamed()
		}
	})
}

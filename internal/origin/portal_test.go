package origin

import (
	"strings"
	"testing"
	"time"
)

func TestPasswordField(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]bool{
		`<input type="password">`:                                        true,
		`<input name=p type=password>`:                                   true,
		"<input\n\ttype = 'password'\n/>":                                true,
		`<input/type=password>`:                                          true,
		`<input type=text><input type="password" name="p">`:              true,
		`<input type=password`:                                           true,
		`<input ` + strings.Repeat(`data-x="y" `, 30) + `type=password>`: true,
		`<input type="text"> type="password"`:                            false,
		`<inputs type="password">`:                                       false,
		`<input type="passwords">`:                                       false,
		`<input mytype=password>`:                                        false,
		`<p>the password of type=password</p>`:                           false,
		``:                                                               false,
	} {
		if got := passwordField([]byte(page)); got != want {
			t.Errorf("%s: %v", page, got)
		}
	}
}

// TestPagesFullOfTagsAreReadOnce: a page of 64 KiB that begins one tag after another, as nobody's does, is looked at in milliseconds.
// Forty take five seconds and more where each beginning is gone on from again.
func TestPagesFullOfTagsAreReadOnce(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"<input ", "<input type ", "<input type = ", "<input a>", "<input type=passwords "} {
		page := []byte("<form>" + strings.Repeat(part, maxBody/len(part)))
		begun := time.Now()
		for range 40 {
			if passwordField(page) {
				t.Fatalf("%s asks for a password", part)
			}
		}
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("%s: %s", part, took)
		}
	}
}

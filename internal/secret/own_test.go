package secret

import (
	"fmt"
	"strings"
	"testing"
)

// TestOwnSentencesStayWhole: a password that is a word of a sentence does not show by its gap, and is found wherever it
// comes from elsewhere.
func TestOwnSentencesStayWhole(t *testing.T) {
	t.Parallel()
	format := Own("%s refused the logon: the user name or password is wrong, or the account may not log on (%q, 100%% sure)")
	for _, tt := range []struct{ secret, argument, want string }{
		{"wrong", "mail", ""},
		{"logon", "mail", ""},
		{"password is", "mail", ""},
		{"wrong", "wrong", `<secret> refused the logon: the user name or password is wrong, or the account may not log on ("<secret>", 100% sure)`},
		{"wrong", "is wrong", `is <secret> refused the logon: the user name or password is wrong, or the account may not log on ("is <secret>", 100% sure)`},
		{"wrong", "so wrong, or the account", `so <secret>, or the account refused the logon: the user name or password is wrong, or the account may not log on ("so <secret>, or the account", 100% sure)`},
		{"sure", "mail", `mail refused the logon: the user name or password is wrong, or the account may not log on ("mail", 100% <secret>)`}, // too short a part
		{"mail refused", "mail", `<secret> the logon: the user name or password is wrong, or the account may not log on ("mail", 100% sure)`}, // half of it is a target's
		{" refused the logon: the user name or password is wrong, or the account may", "mail", `mail<secret> not log on ("mail", 100% sure)`}, // nearly all of it
		{"wrong", "d3Jvbmc=", `<secret>= refused the logon: the user name or password is wrong, or the account may not log on ("<secret>=", 100% sure)`},
	} {
		r := &Redactor{}
		r.Add(tt.secret)
		text := fmt.Sprintf(format, tt.argument, tt.argument)
		want := tt.want
		if want == "" {
			want = text
		}
		if got := r.String(text); got != want {
			t.Errorf("with %q:\n got %s\nwant %s", tt.secret, got, want)
		}
	}
}

// TestASentenceThatIsNotOursIsRedacted: what a target sends is no sentence of this program, but for a part that is one as
// it stands, in which no secret can be told from the words.
func TestASentenceThatIsNotOursIsRedacted(t *testing.T) {
	t.Parallel()
	Own("nothing was sent to the server, which is left alone for a while")
	r := &Redactor{}
	r.Add("alone")
	for text, want := range map[string]string{
		"you sent alone":                                                              "you sent <secret>",
		"which is left alone for a while":                                             "which is left <secret> for a while",
		"nothing was sent to the server, which is left alone":                         "nothing was sent to the server, which is left <secret>",
		"nothing was sent to the server, which is left alone for a while":             "nothing was sent to the server, which is left alone for a while",
		"alone nothing was sent to the server, which is left alone for a while alone": "<secret> nothing was sent to the server, which is left alone for a while <secret>",
	} {
		if got := r.String(text); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if strings.Contains(r.String("al"+"one"), "alone") {
		t.Error("the secret alone is shown")
	}
}

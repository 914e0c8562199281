package secret

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"
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

// TestASentenceAroundEachSecret: a target that hands out words of our sentences, and repeats them, costs no more the more of them
// there are, nor the more sentences we have. Going through all sentences for each takes more than a minute.
func TestASentenceAroundEachSecret(t *testing.T) {
	t.Parallel()
	for i := range 500 {
		Own(fmt.Sprintf("%%s answered where the target was asked for object number w%dx of them all", i))
	}
	r := &Redactor{}
	r.Add("the target")
	text, begun := strings.Repeat("the target,", MaxText/11), time.Now()
	for range 128 {
		if got := r.String(text); strings.Contains(got, "target") {
			t.Fatalf("%.80s", got)
		}
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestOverlappingSentences: which part stands around a secret is told where one begins within another, too.
func TestOverlappingSentences(t *testing.T) {
	t.Parallel()
	Own("a sentence that is long and that goes on with a tail of it")
	Own("with a tail of it and more")
	Own("that goes on with a tail")
	r := &Redactor{}
	r.Add("tail of i")
	for text, want := range map[string]string{
		"a sentence that is long and that goes on with a tail of it and more": "",
		"a sentence that is long and that goes on with a tail of it":          "",
		"with a tail of it and more":                                          "",
		"that goes on with a tail of it and mor":                              "that goes on with a <secret>t and mor",
	} {
		if got := r.String(text); got != cmp.Or(want, text) {
			t.Errorf("got %s", got)
		}
	}
}

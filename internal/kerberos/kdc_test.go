package kerberos_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// judge counts verdicts.
type judge struct{ begun, accepted, refused, unknown, unsent atomic.Int32 }

func (j *judge) Accepted()    { j.accepted.Add(1) }
func (j *judge) Refused(bool) { j.refused.Add(1) }
func (j *judge) Unknown()     { j.unknown.Add(1) }
func (j *judge) Unsent()      { j.unsent.Add(1) }

func (j *judge) begin(context.Context) (kerberos.Verdict, error) {
	j.begun.Add(1)
	return j, nil
}

const password = "a long password of the test's own"

func client(r servers.Realm) *kerberos.Client {
	return kerberos.New(kerberos.Settings{Realm: r.Name, KDCs: map[string][]string{r.Name: {"127.0.0.1:1", r.KDC}}})
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKDC asks a real MIT KDC, behind one that nobody listens at.
func TestKDC(t *testing.T) {
	t.Parallel()
	r := servers.StartRealm(t)
	r.AddUser(t, "probe", password)
	r.AddUser(t, "open", password, "-requires_preauth")
	r.AddUser(t, "locked", password, "-allow_tix")
	r.AddUser(t, "stale", password, "-pwexpire 1/1/2020")
	r.AddUser(t, "random", password, "-e", "aes256-cts:special")
	r.AddUser(t, "shared", password, "-e", "aes256-cts:onlyrealm")
	r.AddUser(t, "newer", password, "-e", "aes256-sha2:normal")
	r.AddService(t, "HTTP/mail.contoso.test")
	byPassword := func(name, password string) kerberos.Login {
		return kerberos.Login{Username: name, Material: []byte(password)}
	}
	keytab := content(t, r.Keytab(t, "probe"))
	expired := content(t, r.Cache(t, "probe", "1m")) // within the margin, so as good as expired
	tests := []struct {
		name   string
		login  kerberos.Login
		host   string
		reason string
		begun  int32
	}{
		{"password", byPassword(`CONTOSO\probe`, password), "mail.contoso.test", "", 1},
		{"password, without a proof wanted", byPassword("open@contoso.test", password), "mail.contoso.test", "", 1},
		{"keytab", kerberos.Login{Username: "probe", Key: kerberos.Keytab, Material: keytab}, "mail.contoso.test", "", 1},
		{"credential cache", kerberos.Login{Key: kerberos.CredentialCache, Material: content(t, r.Cache(t, "probe", "1h"))}, "mail.contoso.test", "", 0},
		{"a salt at random", byPassword("random", password), "mail.contoso.test", kerberos.Malformed, 1},
		{"a salt at random, by keytab", kerberos.Login{Username: "random", Key: kerberos.Keytab, Material: content(t, r.Keytab(t, "random"))}, "mail.contoso.test", "", 1},
		{"the realm as salt", byPassword("shared", password), "mail.contoso.test", "", 1},
		{"a newer encryption type", byPassword("newer", password), "mail.contoso.test", "", 1},
		{"wrong password", byPassword("probe", "hunter2"), "mail.contoso.test", kerberos.WrongPassword, 1},
		{"wrong password, without a proof wanted", byPassword("open", "hunter2"), "mail.contoso.test", kerberos.WrongPassword, 1},
		{"unknown user", byPassword("nobody", password), "mail.contoso.test", kerberos.UnknownAccount, 1},
		{"locked account", byPassword("locked", password), "mail.contoso.test", kerberos.Revoked, 1},
		{"expired password", byPassword("stale", password), "mail.contoso.test", kerberos.PasswordExpired, 1},
		{"unknown service", byPassword("probe", password), "nowhere.contoso.test", kerberos.UnknownService, 1},
		{"keytab of another account", kerberos.Login{Username: "open", Key: kerberos.Keytab, Material: keytab}, "mail.contoso.test", kerberos.Unusable, 1},
		{"damaged keytab", kerberos.Login{Username: "probe", Key: kerberos.Keytab, Material: keytab[:20]}, "mail.contoso.test", kerberos.Unusable, 1},
		{"expired ticket", kerberos.Login{Key: kerberos.CredentialCache, Material: expired}, "mail.contoso.test", kerberos.TicketExpired, 0},
		{"damaged credential cache", kerberos.Login{Key: kerberos.CredentialCache, Material: expired[:100]}, "mail.contoso.test", kerberos.Unusable, 0},
		{"empty credential cache", kerberos.Login{Key: kerberos.CredentialCache}, "mail.contoso.test", kerberos.Unusable, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, j := client(r), &judge{}
			token, err := c.Token(t.Context(), tt.login, tt.host, nil, j.begin)
			if tt.reason == "" && (err != nil || len(token) == 0) {
				t.Fatal(err)
			}
			if tt.reason != "" && (!failure.Is(err, failure.Auth, tt.reason) || token != nil) {
				t.Fatalf("got %v, want %s", err, tt.reason)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), password)) {
				t.Errorf("shows a secret: %v", err)
			}
			if got := j.begun.Load(); got != tt.begun {
				t.Errorf("the gate was asked %d times, want %d", got, tt.begun)
			}
		})
	}
}

// TestTicketsAreKept: the KDC is asked once per account, however many probes there are, and again when the password changes.
func TestTicketsAreKept(t *testing.T) {
	t.Parallel()
	r := servers.StartRealm(t)
	r.AddUser(t, "probe", password)
	r.AddService(t, "HTTP/mail.contoso.test")
	c, j := client(r), &judge{}
	done := make(chan error)
	for range 20 {
		go func() {
			_, err := c.Token(t.Context(), kerberos.Login{Username: "probe", Material: []byte(password)}, "mail.contoso.test", nil, j.begin)
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if j.begun.Load() != 1 || j.accepted.Load() != 1 {
		t.Errorf("%d logons, %d accepted; want one", j.begun.Load(), j.accepted.Load())
	}
	if _, err := c.Token(t.Context(), kerberos.Login{Username: "probe", Material: []byte("hunter2")}, "mail.contoso.test", nil, j.begin); !failure.Is(err, failure.Auth, kerberos.WrongPassword) {
		t.Errorf("a ticket of the right password served a wrong one: %v", err)
	}
	if j.refused.Load() != 1 {
		t.Errorf("%d refusals", j.refused.Load())
	}
}

func framed(b []byte) string {
	return string(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
}

// TestHostileKDC: nobody at all, silence, nonsense, and more than any ticket.
func TestHostileKDC(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		script       []lab.Step
	}{
		{"hangs", kerberos.NoAnswer, []lab.Step{lab.Hang}},
		{"closes", kerberos.NoAnswer, []lab.Step{lab.Await}},
		{"nonsense", kerberos.Malformed, []lab.Step{lab.Await, lab.Write(framed([]byte("nonsense")))}},
		{"empty", kerberos.Malformed, []lab.Step{lab.Await, lab.Write(framed(nil))}},
		{"4 GiB", kerberos.Malformed, []lab.Step{lab.Await, lab.Write("\xff\xff\xff\xff"), lab.Hang}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := lab.Serve(t, tt.script...)
			c := kerberos.New(kerberos.Settings{Realm: "CONTOSO.TEST", KDCs: map[string][]string{"CONTOSO.TEST": {s.Addr()}}})
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			j := &judge{}
			start := time.Now()
			_, err := c.Token(ctx, kerberos.Login{Username: "probe", Material: []byte(password)}, "mail.contoso.test", nil, j.begin)
			if !failure.Is(err, failure.Auth, tt.reason) {
				t.Errorf("got %v, want %s", err, tt.reason)
			}
			if time.Since(start) > 5*time.Second {
				t.Errorf("took %s, far beyond the limit", time.Since(start))
			}
			if j.refused.Load()+j.unknown.Load() != 0 {
				t.Error("a request that proves nothing was counted against the account")
			}
		})
	}
	c := kerberos.New(kerberos.Settings{Realm: "CONTOSO.TEST", KDCs: map[string][]string{"CONTOSO.TEST": {"127.0.0.1:1"}}})
	if _, err := c.Token(t.Context(), kerberos.Login{Username: "probe"}, "h", nil, (&judge{}).begin); !failure.Is(err, failure.Auth, kerberos.Unreachable) {
		t.Errorf("no KDC: got %v", err)
	}
}

// TestClockSkew asks a KDC that says what one with another time says (RFC 4120 §5.9.1).
func TestClockSkew(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, framed(skewError(t)))
	}()
	c := kerberos.New(kerberos.Settings{Realm: "CONTOSO.TEST", KDCs: map[string][]string{"CONTOSO.TEST": {listener.Addr().String()}}})
	j := &judge{}
	_, err = c.Token(t.Context(), kerberos.Login{Username: "probe"}, "h", nil, j.begin)
	if !failure.Is(err, failure.Auth, kerberos.ClockSkew) || !strings.Contains(err.Error(), "behind") {
		t.Errorf("got %v", err)
	}
	if j.refused.Load() != 0 {
		t.Error("a wrong clock was counted against the account")
	}
	<-answered
}

func skewError(t *testing.T) []byte {
	t.Helper()
	e := messages.NewKRBError(types.NewPrincipalName(2, "krbtgt/CONTOSO.TEST"), "CONTOSO.TEST", 37, "")
	e.STime = time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	e.CTime, e.CName, e.CRealm = e.STime, types.NewPrincipalName(1, "probe"), "CONTOSO.TEST"
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestLookAsksOnceAnHour: whether other names have a service principal is asked of the KDC once, and again for another secret;
// a logon asks anew each time, so that one that was just registered is seen.
func TestLookAsksOnceAnHour(t *testing.T) {
	t.Parallel()
	kdc := script.KDC(t, map[string]int32{"HTTP/mail": 0, "HTTP/twice": 8})
	var asked atomic.Int32
	counted := lab.Serve(t, func(c *lab.Conn) error {
		asked.Add(1)
		behind, err := net.Dial("tcp", kdc) //nolint:noctx // a test's
		if err != nil {
			return err
		}
		defer func() { _ = behind.Close() }()
		go func() { _, _ = io.Copy(behind, c) }()
		_, err = io.Copy(c, behind)
		return err
	})
	c := kerberos.New(kerberos.Settings{Realm: script.Realm, KDCs: map[string][]string{script.Realm: {counted.Addr()}}})
	j, login := &judge{}, kerberos.Login{Username: script.KDCAccount, Material: []byte(lab.Password)}
	if err := c.Granting(t.Context(), login, j.begin); err != nil || asked.Load() != 2 {
		t.Fatalf("%d requests for a ticket-granting ticket: %v", asked.Load(), err)
	}
	for _, tt := range []struct {
		name, spn, reason string
		ask               func(context.Context, kerberos.Login, string, kerberos.Begin) error
		requests          int32
	}{
		{"the first look", "HTTP/nobody", kerberos.UnknownService, c.Look, 1},
		{"the second look", "HTTP/nobody", kerberos.UnknownService, c.Look, 0},
		{"a look at another name", "HTTP/twice", kerberos.SharedService, c.Look, 1},
		{"a logon", "HTTP/nobody", kerberos.UnknownService, c.Service, 1},
		{"a look at one that is there", "HTTP/mail", "", c.Look, 1},
		{"another look, whose ticket is kept", "HTTP/mail", "", c.Look, 0},
	} {
		before := asked.Load()
		err := tt.ask(t.Context(), login, tt.spn, j.begin)
		if tt.reason == "" && err != nil || tt.reason != "" && !failure.Is(err, failure.Auth, tt.reason) || asked.Load()-before != tt.requests {
			t.Errorf("%s: %v after %d requests, want %q after %d", tt.name, err, asked.Load()-before, tt.reason, tt.requests)
		}
	}
	if j.begun.Load() != 1 {
		t.Errorf("the secret went out %d times, want once", j.begun.Load())
	}
}

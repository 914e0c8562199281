package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestSeveralFilesAreOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	create(t, filepath.Join(dir, "auths.yml"), `
auths: {a: {username: u, password_file: secret/a, schemes: [basic], targets: [mail.contoso.com]}}
policy: {allow: [mail.contoso.com], deny: [192.0.2.1]}
`)
	create(t, filepath.Join(dir, "secret", "a"), "hunter2")
	create(t, filepath.Join(dir, "d", "one.yml"), "modules: {one: {prober: ping, auth: a}}\npolicy: {allow: [10.0.0.0/8]}\n")
	create(t, filepath.Join(dir, "d", "two[1].yml"), "modules: {two: {prober: pong}}\n")
	c, err := Load([]string{
		filepath.Join(dir, "auths.yml"), filepath.Join(dir, "d", "*.yml"),
		filepath.Join(dir, "d", "two[1].yml"), filepath.Join(dir, ".", "auths.yml"),
	}, kinds)
	check(t, err)
	if len(c.Modules) != 2 || len(c.Auths) != 1 || len(c.Policy.Allow) != 2 || len(c.Policy.Deny) != 1 {
		t.Errorf("got %+v", c)
	}
}

func TestTheSameNameInTwoFilesIsAMistake(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := filepath.Join(dir, "1.yml"), filepath.Join(dir, "2.yml")
	create(t, one, "auths:\n  a: {username: u, password: x, schemes: [basic], targets: [mail.contoso.com]}\nmodules:\n  m: {prober: pong}\n")
	create(t, two, "modules:\n\n  m: {prober: pong}\nauths:\n  a:\n")
	_, err := Load([]string{one, two}, kinds)
	want := two + ":3: modules.m: " + one + ":4 has one of this name already\n" +
		two + ":5: auths.a: " + one + ":2 has one of this name already"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, large := filepath.Join(dir, "good.yml"), filepath.Join(dir, "large.yml")
	create(t, good, "modules: {m: {prober: pong, auth: elsewhere}}")
	create(t, large, strings.Repeat("#", maxConfig+1))
	missing := filepath.Join(dir, "missing.yml")
	none := filepath.Join(dir, "*.yaml")
	_, err := Load([]string{good, missing, dir, none, large, "[x"}, kinds)
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != 5 {
		t.Fatalf("got %v", err)
	}
	for path, text := range map[string]string{
		missing: "the file cannot be read: ", dir: "the file cannot be read: it is not a regular file", none: "no file matches",
		large: "the file cannot be read: it holds more than 1048576 bytes", "[x": "this is not a pattern that can be matched",
	} {
		if !strings.Contains("\n"+err.Error(), "\n"+path+": "+text) {
			t.Errorf("%s is not told in\n%v", path, err)
		}
	}
}

func TestReloadIsAllOrNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "test.yml")
	create(t, file, "modules: {old: {prober: pong}}")
	store, err := NewStore(func() (*Config, error) { return Load([]string{file}, kinds) })
	check(t, err)
	first := store.Current()
	ok, at := store.LastReload()
	if first.Modules["old"] == nil || !ok || time.Since(at) > time.Minute {
		t.Fatalf("got %+v, last reload %v at %v", first, ok, at)
	}

	create(t, file, "modules: {new: {prober: pong}, bad: {prober: none}}")
	if err := store.Reload(); err == nil || !strings.Contains(err.Error(), file+":1: modules.bad.prober") {
		t.Errorf("a bad file: %v", err)
	}
	if ok, since := store.LastReload(); ok || since != at || store.Current() != first {
		t.Errorf("after a bad file: last reload %v at %v, configuration %+v", ok, since, store.Current())
	}

	create(t, file, "modules: {new: {prober: pong}}")
	check(t, store.Reload())
	if ok, since := store.LastReload(); !ok || since.Before(at) || store.Current().Modules["new"] == nil || store.Current().Modules["old"] != nil {
		t.Errorf("after a good file: last reload %v at %v, configuration %+v", ok, since, store.Current())
	}
}

func TestReloadsTakeTurns(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan bool), make(chan bool)
	loads := 0 // the race detector sees it when two loads overlap
	store, err := NewStore(func() (*Config, error) {
		if loads++; loads > 1 {
			entered <- true
			<-leave
		}
		return Default(kinds), nil
	})
	check(t, err)
	done := make(chan error)
	for range 2 {
		go func() { done <- store.Reload() }()
	}
	<-entered
	select {
	case <-entered:
		t.Error("a second reload began while the first was under way")
	case <-time.After(20 * time.Millisecond):
	}
	leave <- true
	<-entered
	leave <- true
	check(t, <-done)
	check(t, <-done)
	if loads != 3 {
		t.Errorf("%d loads, but each reload must see the files as they are after it was asked for", loads)
	}
}

func TestNoStoreWithoutAConfiguration(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if store, err := NewStore(func() (*Config, error) { return nil, broken }); store != nil || !errors.Is(err, broken) {
		t.Errorf("got %v, %v", store, err)
	}
}

// FuzzLoad plants a secret under auths and lets the fuzzer write around it: whatever it makes of the file, no problem
// and no warning shows the secret, and loading ends.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), "")
	}
	f.Add("", ": x")
	f.Add("modules: {m: {prober: ping, timeout: *p, *p : 1, ping: {variants: [*p]}}}\n", "\n    username: *p\n    schemes: [*p]\n    targets: [*p]\n    *p : 1\n    *p : 2")
	f.Add("<<: *a", "\n    nested: {<<: *p}\n---")
	const planted = "hunter2plantedmarker"
	f.Fuzz(func(t *testing.T, rest, tail string) {
		for _, under := range []string{"password: &p ", "password_file: &p ", "username: &p ", "schemes:\n    - &p ", "modules: [a]\n    targets: &p "} {
			l := newLoader(kinds)
			l.add("fuzz.yml", []byte("auths: &a\n  monitor:\n    "+under+planted+tail+"\n"+rest))
			c, err := l.finish()
			if err != nil && strings.Contains(err.Error(), planted) {
				t.Errorf("shown in %v", err)
			}
			if err == nil && strings.Contains(c.Warnings.Error(), planted) {
				t.Errorf("shown in %v", c.Warnings)
			}
		}
	})
}

// TestSharedAuthorities: what many modules have from one file is there once, and a mistake in it is told of each of them.
func TestSharedAuthorities(t *testing.T) {
	t.Parallel()
	const two = "modules:\n  a: {prober: ping, tls_config: {ca_file: '%[1]s'}}\n  b: {prober: ping, tls_config: {ca_file: '%[1]s'}}\n"
	good, err := filepath.Abs("testdata/contoso-ca.pem")
	check(t, err)
	c, err := load(t, fmt.Sprintf(two, good))
	check(t, err)
	if a, b := c.Modules["a"].TLS.Roots(), c.Modules["b"].TLS.Roots(); a == nil || a != b {
		t.Errorf("the modules have the authorities %p and %p", a, b)
	}
	bad := filepath.Join(t.TempDir(), "bad.pem")
	create(t, bad, "no certificate\n")
	_, err = load(t, fmt.Sprintf(two, bad))
	for _, want := range []string{":2: modules.a.tls_config.ca_file", ":3: modules.b.tls_config.ca_file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of a file without a certificate is said %v, and nothing of %s", err, want)
		}
	}
}

// TestCredentialsOfAServiceThatIsYetToStart: check warns of them, and the service itself does not start without.
func TestCredentialsOfAServiceThatIsYetToStart(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("its paths are others")
	}
	file := filepath.Join(t.TempDir(), "test.yml")
	create(t, file, `auths: {a: {username: u, password_file: /run/credentials/nobody-has.service/secret, schemes: [basic], targets: [mail.contoso.com]}}
policy: {allow: [mail.contoso.com]}
`)
	c, err := Check([]string{file}, kinds)
	if err != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].String(), "once nobody-has.service has started") {
		t.Errorf("%v, %+v", err, c)
	}
	if _, err := Load([]string{file}, kinds); err == nil || !strings.Contains(err.Error(), "auths.a.password_file: the file cannot be used") {
		t.Errorf("the service starts without: %v", err)
	}
}

func TestOnlyAServiceThatIsYetToStartIsAwaited(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	create(t, filepath.Join(folder, "runs.service", "another"), "")
	for name, want := range map[string]string{
		"runs.service/secret": "", "stands.service/secret": "stands.service", "stands.service/deeper/secret": "", "secret": "", "../stands.service/secret": "",
	} {
		if got := awaits(folder, filepath.Join(folder, filepath.FromSlash(name))); got != want {
			t.Errorf("%s awaits %q, want %q", name, got, want)
		}
	}
}

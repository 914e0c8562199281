package config

import (
	"errors"
	"net"
	"slices"
	"strings"

	krb5 "github.com/jcmturner/gokrb5/v8/config"

	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// Kerberos says where the tickets of an auth come from. With it, negotiate is Kerberos; without, NTLM within SPNEGO.
type Kerberos struct {
	Realm    string   `yaml:"realm"`
	Krb5Conf string   `yaml:"krb5_conf"` // of which [realms] is read
	KDCs     []string `yaml:"kdcs"`      // host or host:port, of the realm; instead of krb5_conf
	Keytab   string   `yaml:"keytab"`    // instead of the password
	CCache   string   `yaml:"ccache"`    // or this
	SPN      string   `yaml:"spn"`       // default HTTP/ and the target's name

	client *kerberos.Client
}

// keyFile is the file that stands for the password, and what it is.
func (k *Kerberos) keyFile() (string, kerberos.Key) {
	switch {
	case k == nil:
		return "", kerberos.Password
	case k.Keytab != "":
		return k.Keytab, kerberos.Keytab
	case k.CCache != "":
		return k.CCache, kerberos.CredentialCache
	}
	return "", kerberos.Password
}

// checkKerberos checks the keys and makes the client that all probes of the auth share.
func (l *loader) checkKerberos(path string, a *Auth) {
	k := a.Kerberos
	if k == nil {
		return
	}
	if !slices.Contains(a.Schemes, "negotiate") {
		l.report(path, "is of no use without negotiate among the schemes")
	}
	if k.Realm == "" {
		l.report(path+".realm", "required, in upper case as a rule; it is never taken from a target or a KDC")
	}
	if k.Keytab != "" && k.CCache != "" {
		l.report(path+".ccache", "keytab is set too; only one of them can be")
	}
	if service, host, ok := strings.Cut(k.SPN, "/"); k.SPN != "" && (!ok || service == "" || host == "" || strings.ContainsFunc(k.SPN, isAnyControl)) {
		l.report(path+".spn", "must be a service and a host, such as HTTP/mail.contoso.com")
	}
	k.Keytab, k.CCache = l.beside(path+".keytab", k.Keytab), l.beside(path+".ccache", k.CCache)
	for field, file := range map[string]string{"keytab": k.Keytab, "ccache": k.CCache} {
		if file != "" {
			l.checkKeyFile(path+"."+field, file)
		}
	}
	k.client = kerberos.New(kerberos.Settings{Realm: k.Realm, KDCs: l.kdcs(path, k), SPN: k.SPN})
}

func (l *loader) checkKeyFile(field, file string) {
	if _, err := secret.ReadFile(file, maxConfig); err != nil {
		l.unusable(field, file, err)
		return
	}
	for _, w := range secret.FromFile(file).Warnings() {
		l.warn(field, w)
	}
}

// kdcs are the KDCs by realm: those that are listed, or those of krb5_conf, where other realms may be listed too.
func (l *loader) kdcs(path string, k *Kerberos) map[string][]string {
	switch {
	case len(k.KDCs) > 0 && k.Krb5Conf != "":
		l.report(path+".krb5_conf", "kdcs is set too; only one of them can be")
		return nil
	case k.Krb5Conf != "":
		return l.krb5Conf(path+".krb5_conf", k)
	case len(k.KDCs) == 0:
		l.report(path+".kdcs", "required: the KDCs of the realm, or a krb5_conf that lists them; they are not looked up in DNS")
		return nil
	}
	listed := map[string][]string{}
	for i, kdc := range k.KDCs {
		address, err := withPort(kdc)
		if err != nil {
			l.report(item(path+".kdcs", i), "must be a host or host:port")
			continue
		}
		listed[k.Realm] = append(listed[k.Realm], address)
	}
	return listed
}

// krb5Conf reads the realms of a krb5.conf.
func (l *loader) krb5Conf(field string, k *Kerberos) map[string][]string {
	k.Krb5Conf = l.beside(field, k.Krb5Conf)
	text, err := l.read(k.Krb5Conf, maxConfig)
	if err != nil {
		l.unusable(field, k.Krb5Conf, err)
		return nil
	}
	parsed, err := krb5.NewFromString(string(text))
	var unsupported krb5.UnsupportedDirective
	if err != nil && !errors.As(err, &unsupported) || parsed == nil {
		l.report(field, "the file is no krb5.conf that can be read")
		return nil
	}
	listed := map[string][]string{}
	for _, r := range parsed.Realms {
		for _, kdc := range r.KDC {
			if address, err := withPort(kdc); err == nil {
				listed[r.Realm] = append(listed[r.Realm], address)
			}
		}
	}
	if len(listed[k.Realm]) == 0 {
		l.report(field, "its [realms] lists no kdc for the realm; they are not looked up in DNS")
	}
	return listed
}

// withPort is host:port, where the port may be left out.
func withPort(kdc string) (string, error) {
	if _, _, err := net.SplitHostPort(kdc); err == nil {
		return kdc, nil
	}
	host := strings.Trim(kdc, "[]")
	if host == "" || strings.ContainsAny(host, "/ @") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", errors.New("no host")
	}
	return net.JoinHostPort(host, "88"), nil
}

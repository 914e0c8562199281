package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// BenchmarkReload reads a configuration of n modules again and puts it in force, as SIGHUP does: modules of all probers, each
// with the site's ca_file and with targets, and a service with three servers for each module of the first. It must grow with them
// and no faster. Looking whether the files have changed is what automatic reloading does at each interval.
func BenchmarkReload(b *testing.B) {
	for _, n := range []int{200, 2000, 4000} {
		e := manyModules(b, n)
		b.Run(fmt.Sprintf("modules=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := e.reload(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("unchanged=%d", n), func(b *testing.B) {
			for b.Loop() {
				if e.store.Current().StateNow(e.files) != e.store.Current().State() {
					b.Fatal("the files are taken for changed")
				}
			}
		})
	}
}

// manyModules is an exporter with so many modules in its configuration, which stands in files of 500 each.
func manyModules(b *testing.B, n int) *exporter {
	b.Helper()
	dir := b.TempDir()
	authority, err := lab.NewAuthority()
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), authority.PEM(), 0o600); err != nil {
		b.Fatal(err)
	}
	parts := labs.All()
	for at := 0; at < n; at += 500 {
		var modules, services strings.Builder
		for i := at; i < min(n, at+500); i++ {
			p := parts[i%len(parts)]
			more := []string{"tls_config: {ca_file: ca.pem}"}
			if !slices.ContainsFunc(p.Least, func(key string) bool { return strings.HasPrefix(key, "targets:") }) {
				more = append(more, "targets: [mail.contoso.com, 192.0.2.0/24]")
			}
			fmt.Fprintf(&modules, "  m%04d: %s\n", i, flowOf(p, p.Least, more...))
			if p.Prober == first.Prober {
				fmt.Fprintf(&services, "  s%04d: {name: mail.contoso.com, servers: [192.0.2.1, 192.0.2.2, 192.0.2.3], modules: [m%04d]}\n", i, i)
			}
		}
		text := "modules:\n" + modules.String() + "services:\n" + services.String()
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.yml", at)), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	files := []string{filepath.Join(dir, "*.yml")}
	store, err := load(files, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	return newExporter(store, &serveFlags{files: files}, nil, slog.New(slog.DiscardHandler))
}

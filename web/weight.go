package web

import (
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// weight is about how many bytes r holds: what its parts take, and the texts that a target may make long.
func weight(r *result.Result) int {
	n := 4<<10 + 200*len(r.Samples) + 200*len(r.Planned) + steps(r.Steps)
	for _, x := range r.Exchanges {
		n += 500 + len(x.Error)
		if x.Exchange == nil {
			continue
		}
		n += fields(x.Header) + response(x.Final)
		for _, interim := range x.Interim {
			n += response(interim)
		}
	}
	for _, c := range r.Connections {
		n += 500
		if c.Secure == nil {
			continue
		}
		for _, cert := range c.Secure.Chain {
			n += 500 + len(cert.Subject) + len(cert.Issuer)
			for _, name := range cert.Names {
				n += 16 + len(name)
			}
		}
	}
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			for _, cell := range row {
				n += 16 + len(cell)
			}
		}
	}
	return n
}

func steps(all []*result.Step) int {
	n := 0
	for _, s := range all {
		n += 200 + len(s.Detail) + steps(s.Steps)
	}
	return n
}

func response(r *wire.Response) int {
	if r == nil {
		return 0
	}
	return 200 + len(r.Raw) + len(r.Excerpt) + fields(r.Header)
}

func fields(all []origin.Field) int {
	n := 0
	for _, f := range all {
		n += 32 + len(f.Name) + len(f.Value)
	}
	return n
}

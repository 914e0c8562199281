package authroundtrips

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// tabulate shows what each object cost, as an IIS log lists it: status, sc-bytes and cs-bytes of every request.
func (p *probe) tabulate() {
	if len(p.objects) == 0 {
		return
	}
	t := result.Table{
		Title:   "What each object cost",
		Columns: []string{"object", "status, bytes received and sent, of each request", "requests", "bytes", "connection", "path"},
	}
	requests, bytes := 0, int64(0)
	for i, o := range p.objects {
		list := p.run.Result.Conversations[o.first:o.last]
		n, parts := int64(0), make([]string, len(list))
		for j, e := range list {
			status := "no answer"
			if e.Final != nil {
				status = strconv.Itoa(e.Final.Status)
			}
			parts[j] = fmt.Sprintf("%s %d %d", status, e.BytesReceived, e.BytesSent)
			n += e.BytesReceived + e.BytesSent
		}
		requests, bytes = requests+len(list), bytes+n
		t.Rows = append(t.Rows, []string{
			strconv.Itoa(i + 1), strings.Join(parts, " · "), strconv.Itoa(len(list)), strconv.FormatInt(n, 10), strconv.Itoa(o.connection), o.path,
		})
	}
	t.Rows = append(t.Rows, []string{"all", "", strconv.Itoa(requests), strconv.FormatInt(bytes, 10), "", ""})
	p.run.Result.Tables = append(p.run.Result.Tables, t)
	p.tabulateTickets()
	p.tabulateModern()
}

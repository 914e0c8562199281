package report

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// The most characters that a cell of a table shows. The last of a row moves no other, so it may be a sentence.
const (
	maxCell = 64
	maxLast = 1024
)

// Table writes a table as text.
func Table(w io.Writer, t result.Table) error {
	p := &printer{}
	p.table(t)
	_, err := w.Write(p.b.Bytes())
	return err
}

// table writes a table with its columns aligned. Cells are escaped first, so that widths are those of what is shown.
func (p *printer) table(t result.Table) {
	rows := [][]string{t.Columns}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			most := maxCell
			if i == len(row)-1 {
				most = maxLast
			}
			cells[i] = plain.Text(cell, most)
		}
		rows = append(rows, cells)
	}
	widths := make([]int, len(t.Columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	p.line("\n%s", t.Title)
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		p.line("  %s", line.String())
	}
}

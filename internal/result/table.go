package result

// Table shows a person many things of one kind side by side. Every row has as many cells as there are columns.
type Table struct {
	Title   string     `json:"title"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

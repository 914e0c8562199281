package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
)

// TestTextsOfAlertsHaveAnOrder holds that an alert says the same each time: Prometheus gives what a query finds in any order, so all
// that the query groups by decides which comes first.
func TestTextsOfAlertsHaveAnOrder(t *testing.T) {
	for _, r := range allAlerts(t) {
		texts := maps.Clone(r.Annotations)
		maps.Copy(texts, r.Labels)
		for name, text := range texts {
			for _, missing := range unordered(t, text) {
				t.Errorf("%s, %s: %s", r.Alert, name, missing)
			}
		}
	}
}

func TestUnordered(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want int
	}{
		"nothing is asked":              {"EWS fails at {{ $labels.instance }}", 0},
		"one value":                     {`{{ with query "max(up)" }}{{ . | first | value }}{{ end }}`, 0},
		"all labels":                    {`{{ with query "max by (a, b) (up)" }}{{ range sortByLabel "a" (sortByLabel "b" .) }}{{ .Value }}{{ end }}{{ end }}`, 0},
		"a label too few":               {`{{ with query "max by (a, b) (up)" }}{{ range sortByLabel "a" . }}{{ .Value }}{{ end }}{{ end }}`, 1},
		"the first of no order":         {`{{ with query "max by (a) (up)" }}{{ . | first | label "a" }}{{ end }}`, 1},
		"the first of an order":         {`{{ with query "max by (a) (up)" }}{{ with . | sortByLabel "a" | first }}{{ .Value }}{{ end }}{{ end }}`, 0},
		"another query within":          {`{{ with query "max by (a) (up)" }}{{ with query "max by (b) (up)" }}{{ range sortByLabel "a" . }}{{ end }}{{ end }}{{ end }}`, 1},
		"the query's own otherwise":     {`{{ with query "max by (a) (up)" }}{{ else }}{{ with query "max by (b) (up)" }}{{ range sortByLabel "b" . }}{{ end }}{{ end }}{{ end }}`, 0},
		"series as they are":            {`{{ with query "up" }}{{ . | first | value }}{{ end }}`, 1},
		"what there is most of":         {`{{ with query "(sum by (a) (up)) == scalar(max(sum by (a) (up)))" }}{{ sortByLabel "a" . | first | label "a" }}{{ end }}`, 0},
		"the most, of which any is one": {`{{ with query "topk(1, sum by (a) (up))" }}{{ sortByLabel "a" . | first | label "a" }}{{ end }}`, 1},
		"a query that is put together":  {`{{ with printf "max by (a) (up{site=%q})" .Labels.site | query }}{{ range . }}{{ end }}{{ end }}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := unordered(t, "{{ $labels := .Labels }}"+test.text); len(got) != test.want {
				t.Errorf("got %q, want %d", got, test.want)
			}
		})
	}
}

// unordered tells of each place in a text that takes what a query gave in no certain order.
func unordered(t *testing.T, text string) (all []string) {
	t.Helper()
	tree := parse.New("text")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse("{{ $labels := . }}{{ $value := . }}"+text, "", "", map[string]*parse.Tree{}); err != nil {
		t.Fatal(err)
	}
	var walk func(node parse.Node, query string)
	check := func(pipe *parse.PipeNode, query string, takes bool) {
		words, sorted := wordsOf(pipe)
		if !takes && !slices.Contains(words, "first") {
			return
		}
		if missing := without(grouping(query), sorted); len(missing) > 0 {
			all = append(all, "what "+query+" gives is taken without regard to "+strings.Join(missing, ", "))
		}
	}
	branch := func(n *parse.BranchNode, inner, outer string) {
		walk(n.List, inner)
		if n.ElseList != nil {
			walk(n.ElseList, outer)
		}
	}
	walk = func(node parse.Node, query string) {
		switch n := node.(type) {
		case *parse.ListNode:
			for _, child := range n.Nodes {
				walk(child, query)
			}
		case *parse.ActionNode:
			check(n.Pipe, query, false)
		case *parse.IfNode:
			branch(&n.BranchNode, query, query)
		case *parse.RangeNode:
			check(n.Pipe, query, true)
			branch(&n.BranchNode, query, query)
		case *parse.WithNode:
			inner := query
			if asked := queryOf(n.Pipe); asked != "" {
				inner = asked
			} else {
				check(n.Pipe, query, false)
			}
			branch(&n.BranchNode, inner, query)
		}
	}
	walk(tree.Root, "")
	return all
}

// wordsOf are the functions that a pipeline calls, and by which labels it sorts.
func wordsOf(pipe *parse.PipeNode) (words, sorted []string) {
	for _, c := range pipe.Cmds {
		for i, arg := range c.Args {
			switch n := arg.(type) {
			case *parse.PipeNode:
				w, s := wordsOf(n)
				words, sorted = append(words, w...), append(sorted, s...)
			case *parse.IdentifierNode:
				words = append(words, n.Ident)
			case *parse.StringNode:
				if i == 1 && c.Args[0].String() == "sortByLabel" {
					sorted = append(sorted, n.Text)
				}
			}
		}
	}
	return words, sorted
}

// queryOf is what a pipeline asks; empty where it asks nothing.
func queryOf(pipe *parse.PipeNode) string {
	if words, _ := wordsOf(pipe); !slices.Contains(words, "query") {
		return ""
	}
	for _, arg := range pipe.Cmds[0].Args {
		if text, ok := arg.(*parse.StringNode); ok {
			return text.Text
		}
	}
	return "a query that is not written here"
}

var aggregation = regexp.MustCompile(`^[(0-9*\- ]*(?:max|min|sum|count) ?(?:by \(([^)]*)\) ?)?\(`)

// grouping are the labels by which what a query gives differs; those of a query that aggregates nothing may be any.
func grouping(query string) []string {
	found := aggregation.FindStringSubmatch(query)
	switch {
	case found == nil:
		return []string{"any label"}
	case found[1] == "":
		return nil
	}
	return strings.Split(found[1], ", ")
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}

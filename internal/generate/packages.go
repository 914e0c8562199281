package main

import (
	"fmt"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// packages lists in docs/design.md what each folder of Go is, in the words of its package comment. The probers' folders are
// listed elsewhere.
func packages(root string) ([]file, error) {
	comments := map[string]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, name)
		if folder = filepath.ToSlash(folder); err != nil || folder == "." {
			return err
		}
		if entry.IsDir() {
			if base := path.Base(folder); base[0] == '.' || base == "testdata" || folder == "build" || path.Dir(folder) == "probes" {
				return fs.SkipDir
			}
			return nil
		}
		if in := path.Dir(folder); path.Ext(folder) == ".go" && comments[in] == "" {
			comments[in], err = packageComment(name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var table strings.Builder
	table.WriteString("| folder | it … |\n|---|---|\n")
	for _, in := range slices.Sorted(maps.Keys(comments)) {
		if comments[in] != "" {
			fmt.Fprintf(&table, "| `%s` | %s |\n", in, comments[in])
		}
	}
	return sections(root, "docs/design.md", map[string]string{"packages": table.String()})
}

// packageComment is the first sentence of the comment on the package that a file has, without the package's name; empty where
// another file has it.
func packageComment(name string) (string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil || parsed.Doc == nil {
		return "", err
	}
	words := strings.SplitN(new(doc.Package).Synopsis(parsed.Doc.Text()), " ", 3)
	if len(words) < 3 {
		return "", fmt.Errorf("%s: the package comment has no sentence", name)
	}
	return strings.NewReplacer("<", "&lt;", "|", `\|`).Replace(words[2]), nil
}

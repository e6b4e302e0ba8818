package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// A table is written as Markdown.
type table struct {
	names []string
	rows  [][]string
}

func (t *table) write(w io.Writer) {
	line := func(cells []string) {
		escaped := make([]string, len(cells))
		for i, c := range cells {
			escaped[i] = strings.ReplaceAll(c, "|", `\|`)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(escaped, " | "))
	}
	line(t.names)
	rule := []string{"---"}
	for range t.names[1:] {
		rule = append(rule, "---:")
	}
	line(rule)
	for _, r := range t.rows {
		line(r)
	}
}

// circumstances are where, when and with what the figures were taken.
func (r *report) circumstances() string {
	parts := []string{r.Machine, r.Go, "wazero " + r.Wazero}
	if r.WasmOpt != "" {
		parts = append(parts, r.WasmOpt)
	}
	rounds := "one round"
	if r.Rounds > 1 {
		rounds = fmt.Sprintf("median of %d rounds", r.Rounds)
	}
	parts = append(parts, r.Clock+", "+rounds, r.Date.Format("2006-01-02"))
	if r.Load != "" {
		parts = append(parts, "load average "+r.Load)
	}
	return strings.Join(parts, "; ")
}

// table writes the lines of a group, without the columns in which it has nothing. The corner
// is for the name of the group, if it does not stand above.
func (r *report) table(w io.Writer, group, corner string) {
	t := table{names: []string{corner}}
	var used []int
	for i, c := range r.Columns {
		empty := true
		for _, row := range append(slices.Clone(r.Rows), r.Summary...) {
			empty = empty && (row.Group != group || math.IsNaN(row.value(i)))
		}
		if empty {
			continue
		}
		used = append(used, i)
		name := c.Name
		if c.Unit != "" && c.Unit != "ratio" {
			name += ", " + c.Unit
		}
		t.names = append(t.names, name)
	}
	add := func(rows []row, around string) {
		for _, row := range rows {
			if row.Group != group {
				continue
			}
			line := []string{around + row.Name + around}
			if row.Mark != "" {
				line[0] += " (" + row.Mark + ")"
			}
			cells := r.cells(row)
			for _, i := range used {
				if i < len(cells) {
					line = append(line, cells[i])
				} else {
					line = append(line, "–")
				}
			}
			t.rows = append(t.rows, line)
		}
	}
	add(r.Rows, "")
	add(r.Summary, "**")
	t.write(w)
}

// markdown writes the page NAME.md, beside which NAME.svg is.
func (r *report) markdown(w io.Writer, name string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n    %s\n\n%s.\n\n![%s](%s.svg)\n", r.Title, r.Command, r.circumstances(), r.Title, name)
	for _, group := range r.groups() {
		b.WriteString("\n")
		if group != "" {
			fmt.Fprintf(&b, "## %s\n\n", group)
		}
		r.table(&b, group, "")
	}
	if len(r.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

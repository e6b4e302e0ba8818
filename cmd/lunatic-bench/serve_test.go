package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestServe(t *testing.T) {
	if wrk() == "" || runtime.GOOS != "linux" {
		t.Skip("no wrk, or no /proc")
	}
	file := filepath.Join(t.TempDir(), "out.json")
	runCommand(t, 0, "serve", "-q", "-short", "-rounds", "1", "-json", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Rows []struct {
			Name   string
			Group  string
			Values []*float64
		}
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	groups := map[string]int{}
	for _, row := range r.Rows {
		groups[row.Group]++
		for i, v := range row.Values {
			missing := row.Group == groupIdle && i < 5 || i == 5 // of the memory of one, some
			if v == nil && !missing || v != nil && (*v < 0 || i == 0 && *v == 0) {
				t.Errorf("%s: value %d is missing or wrong", row.Name, i)
			}
		}
	}
	if groups[groupHTTP] < 4 || groups[groupIdle] < 2 {
		t.Errorf("rows: %v", groups)
	}
}

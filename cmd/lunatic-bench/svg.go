package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
)

// Measures of the chart in pixels.
const (
	svgLabel  = 130 // left of the bars
	svgWidth  = 640 // of the longest bar
	svgBar    = 9
	svgGap    = 10 // between rows
	svgHead   = 74
	svgMargin = 16
)

// One hue per column, told apart also without colour by their lightness.
var svgColours = []string{"#1b4965", "#5fa8d3", "#bcd8e8", "#e07a5f", "#f2cc8f", "#81b29a"}

// svg draws the columns marked Chart: a group of bars for each row and each line of
// the summary. Columns of ratios get a line at 1.
func (r *report) svg(w io.Writer) error {
	var cols []int
	ratios := true
	for i, c := range r.Columns {
		if c.Chart {
			cols = append(cols, i)
			ratios = ratios && c.Ratio
		}
	}
	rows := append(append([]row(nil), r.Summary...), r.Rows...)
	top := 0.0
	for _, row := range rows {
		for _, c := range cols {
			if v := float64(row.Values[c]); !math.IsNaN(v) {
				top = max(top, v)
			}
		}
	}
	if top == 0 {
		top = 1
	}
	tick := svgStep(top)
	step := len(cols)*svgBar + svgGap
	height := svgHead + len(rows)*step + 2*svgMargin

	var b strings.Builder
	width := svgLabel + svgWidth + 4*svgMargin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	text := func(x, y int, attrs, s string) {
		fmt.Fprintf(&b, `<text x="%d" y="%d"%s>`, x, y, attrs)
		xml.EscapeText(&b, []byte(s))
		b.WriteString("</text>\n")
	}
	text(svgMargin, 20, ` font-size="14" font-weight="bold"`, r.Title)
	text(svgMargin, 37, ` fill="#666"`, fmt.Sprintf("%s; wazero %s; %s", r.Machine, r.Wazero, r.Date.Format("2006-01-02")))
	x := svgMargin
	for i, c := range cols {
		fmt.Fprintf(&b, `<rect x="%d" y="48" width="10" height="10" fill="%s"/>`+"\n", x, svgColours[i%len(svgColours)])
		name := r.Columns[c].Name
		if u := r.Columns[c].Unit; u != "ratio" {
			name += ", " + u
		}
		text(x+14, 57, "", name)
		x += 30 + 7*len(name)
	}
	for t := tick; t <= top*1.001; t += tick { // the axis
		x := svgLabel + int(t/top*svgWidth)
		fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#eee"/>`+"\n", x, svgHead, x, height-svgMargin)
		text(x, height-4, ` text-anchor="middle" fill="#666"`, fmt.Sprintf("%g", math.Round(t*1000)/1000))
	}
	for i, row := range rows {
		y := svgHead + i*step
		name, weight := row.Name, ""
		if i < len(r.Summary) {
			name, weight = row.Group+": "+row.Name, ` font-weight="bold"`
		}
		text(svgLabel-6, y+len(cols)*svgBar/2+4, ` text-anchor="end"`+weight, name)
		for k, c := range cols {
			v := float64(row.Values[c])
			if math.IsNaN(v) {
				continue
			}
			length := v / top * svgWidth
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", svgLabel, y+k*svgBar, length, svgBar-1, svgColours[k%len(svgColours)])
			text(svgLabel+int(length)+4, y+k*svgBar+svgBar-1, ` font-size="8" fill="#444"`, fmt.Sprintf(r.Columns[c].Format, v))
		}
	}
	if ratios && top >= 1 {
		x := svgLabel + int(svgWidth/top)
		fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#c00" stroke-dasharray="3 2"/>`+"\n", x, svgHead-4, x, height-svgMargin)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// svgStep picks a round step that gives about six lines.
func svgStep(top float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(top/6)))
	for _, m := range []float64{1, 2, 5, 10} {
		if top/(m*p) <= 6 {
			return m * p
		}
	}
	return 10 * p
}

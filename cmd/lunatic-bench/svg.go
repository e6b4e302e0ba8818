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
	svgLabel  = 220 // left of the bars
	svgWidth  = 640 // of the longest bar
	svgBar    = 9
	svgGap    = 10 // between rows
	svgHead   = 74
	svgMargin = 16
)

// One hue per column, told apart also without colour by their lightness.
var svgColours = []string{"#1b4965", "#5fa8d3", "#bcd8e8", "#e07a5f", "#f2cc8f", "#81b29a"}

// A scale maps values to pixels right of the labels.
type scale struct {
	base, top float64 // values at which bars begin, and the longest ends
	low       float64 // the value at the left edge
	log       bool
}

// scaleOf picks a logarithmic scale, on which bars begin at 1, for ratios that are far apart.
func scaleOf(values []float64, ratios bool) scale {
	top, low := 0.0, math.Inf(1)
	for _, v := range values {
		if !math.IsNaN(v) {
			top = max(top, v)
			if v > 0 {
				low = min(low, v)
			}
		}
	}
	switch {
	case top == 0:
		return scale{top: 1}
	case ratios && (top > 5 || low < 0.2):
		return scale{base: 1, top: max(top, 1), low: min(low, 1) / 1.5, log: true}
	default:
		return scale{top: top}
	}
}

func (s scale) at(v float64) float64 {
	if s.log {
		return svgWidth * math.Log(max(v, s.low)/s.low) / math.Log(s.top/s.low)
	}
	return svgWidth * v / s.top
}

// ticks are where the axis has lines.
func (s scale) ticks() []float64 {
	var ts []float64
	if s.log {
		for p := math.Pow(10, math.Floor(math.Log10(s.low))); p <= s.top; p *= 10 {
			for _, m := range []float64{1, 2, 5} {
				if t := p * m; t >= s.low && t <= s.top {
					ts = append(ts, t)
				}
			}
		}
		return ts
	}
	step := svgStep(s.top)
	for t := step; t <= s.top*1.001; t += step {
		ts = append(ts, t)
	}
	return ts
}

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
	var values []float64
	for _, row := range rows {
		for _, c := range cols {
			values = append(values, row.value(c))
		}
	}
	scale := scaleOf(values, ratios)
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
	for _, t := range scale.ticks() {
		x := svgLabel + int(scale.at(t))
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
			v := row.value(c)
			if math.IsNaN(v) {
				continue
			}
			from, to := scale.at(scale.base), scale.at(v)
			fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", svgLabel+min(from, to), y+k*svgBar, math.Abs(to-from), svgBar-1, svgColours[k%len(svgColours)])
			text(svgLabel+int(max(from, to))+4, y+k*svgBar+svgBar-1, ` font-size="8" fill="#444"`, fmt.Sprintf(r.Columns[c].Format, v))
		}
	}
	if ratios && scale.top >= 1 {
		x := svgLabel + int(scale.at(1))
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

package host

import (
	"math"

	"github.com/lunatic-go/lunatic/runner"
)

// What guests count goes to runner.Config.Metrics; without that the parameters are checked
// and nothing happens.
var lunaticMetrics = runner.Namespace{Name: "lunatic::metrics", Funcs: []runner.Func{
	{Name: "counter", Type: "i32 i32 i64", Call: counter},
	{Name: "increment_counter", Type: "i32 i32", Call: incrementCounter},
	{Name: "gauge", Type: "i32 i32 f64", Call: gauge},
	{Name: "increment_gauge", Type: "i32 i32 f64", Call: incrementGauge},
	{Name: "decrement_gauge", Type: "i32 i32 f64", Call: decrementGauge},
	{Name: "histogram", Type: "i32 i32 f64", Call: histogram},
}}

// measure reads the name and calls f with where counts go, if they go anywhere.
func measure(p *runner.Process, stack []uint64, f func(m runner.Metrics, name string)) {
	name := p.Text("name_str", stack[0], stack[1])
	if m := p.Runtime().Metrics(); m != nil {
		f(m, name)
	}
}

func counter(p *runner.Process, stack []uint64) {
	measure(p, stack, func(m runner.Metrics, name string) { m.Count(name, stack[2]) })
}

func incrementCounter(p *runner.Process, stack []uint64) {
	measure(p, stack, func(m runner.Metrics, name string) { m.Count(name, 1) })
}

func gauge(p *runner.Process, stack []uint64) {
	measure(p, stack, func(m runner.Metrics, name string) { m.SetGauge(name, math.Float64frombits(stack[2])) })
}

func incrementGauge(p *runner.Process, stack []uint64) {
	measure(p, stack, func(m runner.Metrics, name string) { m.AddGauge(name, math.Float64frombits(stack[2])) })
}

func decrementGauge(p *runner.Process, stack []uint64) {
	measure(p, stack, func(m runner.Metrics, name string) { m.AddGauge(name, -math.Float64frombits(stack[2])) })
}

func histogram(p *runner.Process, stack []uint64) {
	measure(p, stack, func(m runner.Metrics, name string) { m.Observe(name, math.Float64frombits(stack[2])) })
}

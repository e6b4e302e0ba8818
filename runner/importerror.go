package runner

import (
	"fmt"
	"slices"
	"strings"
)

// An ImportError reports that a module imports functions that no namespace offers.
type ImportError struct {
	Missing []string // as MODULE.NAME, in the order of the module
	Offered []string // what there is: see Runtime.Functions
}

func (e *ImportError) Error() string {
	text := "unknown import " + e.Missing[0]
	if n := len(e.Missing) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// Functions returns the names of the functions that the namespaces offer, as MODULE.NAME
// and in alphabetical order.
func (rt *Runtime) Functions() []string {
	var all []string
	for i := range rt.cfg.Namespaces {
		ns := rt.cfg.Namespaces[i].Name
		for name := range rt.offers(ns) {
			if !rt.isVariant(ns, name) {
				all = append(all, ns+"."+name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// isVariant reports whether a function stands for another one with another type, under a
// name that guests do not use.
func (rt *Runtime) isVariant(namespace, name string) bool {
	for of, variant := range rt.variants {
		if variant == name && strings.HasPrefix(of.function, namespace+".") {
			return true
		}
	}
	return false
}

package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lunatic-go/lunatic/rtlib"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// checkImports checks that the host offers what a module imports, with the same types,
// and returns the namespaces of it. wazero would do so each time that the module is
// instantiated, which is too late to tell who has compiled it.
func (rt *Runtime) checkImports(c wazero.CompiledModule) (namespaces []string, err error) {
	all := make(map[string]map[string]api.FunctionDefinition)
	var missing []string
	for _, f := range c.ImportedFunctions() {
		module, name, _ := f.Import()
		if _, ok := all[module]; !ok {
			all[module] = rt.offers(module)
		}
		offered, ok := all[module][name]
		switch {
		case !ok:
			missing = append(missing, fmt.Sprintf("%.100s.%.100s", module, name))
			continue
		case !slices.Equal(f.ParamTypes(), offered.ParamTypes()) || !slices.Equal(f.ResultTypes(), offered.ResultTypes()):
			return nil, fmt.Errorf("import %s.%s has the type %s, but the host's is %s", module, name, typeText(f), typeText(offered))
		}
		if module != rtlib.ImportModule {
			namespaces = append(namespaces, module)
		}
	}
	if missing != nil {
		return nil, &ImportError{missing, rt.Functions()}
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces), nil
}

// offers returns the functions of a namespace; nil if there is none of that name.
func (rt *Runtime) offers(namespace string) map[string]api.FunctionDefinition {
	m := rt.wazero.Module(namespace)
	if m == nil {
		return nil
	}
	return m.ExportedFunctionDefinitions()
}

// typeText writes a function's type as Func.Type does.
func typeText(f api.FunctionDefinition) string {
	var b strings.Builder
	for _, t := range f.ParamTypes() {
		b.WriteString(api.ValueTypeName(t) + " ")
	}
	b.WriteString("->")
	for _, t := range f.ResultTypes() {
		b.WriteString(" " + api.ValueTypeName(t))
	}
	return b.String()
}

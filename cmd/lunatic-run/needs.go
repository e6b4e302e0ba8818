package main

import (
	"path"

	"github.com/lunatic-go/lunatic/wasmparse"
)

// A need is something that a module may ask for, by what it imports.
type need struct {
	Name    string   `json:"name"`
	Flags   string   `json:"flags"`   // what grants or limits it
	Imports []string `json:"imports"` // why
}

// needs has the patterns of the imports behind each need.
var needs = []struct {
	name, flags string
	imports     []string
}{
	{"spawn", "granted; --max-processes limits it", []string{"lunatic::process.spawn*", "lunatic::process.get_or_spawn"}},
	{"compile", "granted", []string{"lunatic::process.compile_module"}},
	{"configure", "granted; children get no more than it has itself", []string{"lunatic::process.create_config", "lunatic::process.config_*", "lunatic::wasi.config_*"}},
	{"connect", "granted; --allow-net connect=RULE limits it", []string{"lunatic::networking.*connect*"}},
	{"listen", "granted; --allow-net listen=RULE limits it", []string{"lunatic::networking.*_bind"}},
	{"resolve", "granted; --allow-net resolve=RULE limits it", []string{"lunatic::networking.resolve"}},
	{"databases", "files in --dir; --forbid lunatic::sqlite refuses it", []string{"lunatic::sqlite.open"}},
	{"directories", "--dir HOST[:GUEST[:ro]]", []string{wasi + ".path_*", wasi + ".fd_readdir"}},
	{"variables", "--env NAME=VALUE", []string{wasi + ".environ_get"}},
	{"arguments", "behind the module", []string{wasi + ".args_get"}},
}

const wasi = "wasi_snapshot_preview1"

// needsOf returns what a module may ask for, in the order of the table.
func needsOf(m *wasmparse.Module) []need {
	all := []need{}
	for _, n := range needs {
		var why []string
		for _, i := range m.Imports {
			name := i.Module + "." + i.Name
			for _, pattern := range n.imports {
				if ok, _ := path.Match(pattern, name); ok {
					why = append(why, name)
					break
				}
			}
		}
		if why != nil {
			all = append(all, need{n.name, n.flags, why})
		}
	}
	return all
}

package project

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lunatic-go/lunatic/rtlib/assemblyscript"
)

// transformFile is the name of the transform for asc in a project.
const transformFile = "lunatic-transform.mjs"

// planNPM has asc write artifacts, and npm build and start them. asc's target release is
// what is run: debug stays what it is, which tests in JavaScript may load.
func planNPM(p *planner) error {
	old, err := p.read("package.json")
	if err != nil {
		return err
	}
	pkg, err := parseJSON(string(old))
	if err != nil {
		return fmt.Errorf("package.json: %w", err)
	}
	oldConfig, err := p.read("asconfig.json")
	if err != nil {
		return err
	}
	if oldConfig == nil && pkg.get("devDependencies", "assemblyscript") == nil && pkg.get("dependencies", "assemblyscript") == nil {
		return fmt.Errorf("package.json: there is no AssemblyScript: npx asinit . after npm install --save-dev assemblyscript")
	}
	text := string(oldConfig)
	if oldConfig == nil {
		text = "{\n}\n"
	}
	config, err := parseJSON(text)
	if err != nil {
		return fmt.Errorf("asconfig.json: %w", err)
	}
	out, err := p.ascTarget(config)
	if err != nil {
		return fmt.Errorf("asconfig.json: %w", err)
	}
	p.edit("asconfig.json", oldConfig, []byte(config.text))
	if err := p.own(transformFile, assemblyscript.Transform); err != nil {
		return err
	}
	if err := p.npmScripts(pkg, out); err != nil {
		return fmt.Errorf("package.json: %w", err)
	}
	p.edit("package.json", old, []byte(pkg.text))
	return nil
}

// ascTarget has the target release write an artifact, and returns where.
func (p *planner) ascTarget(config *jsonFile) (out string, err error) {
	if out = config.str("targets", "release", "outFile"); out == "" {
		out = "build/release.wasm"
		if err := config.set(out, "targets", "release", "outFile"); err != nil {
			return "", err
		}
		if config.get("targets", "release", "optimizeLevel") == nil {
			if err := config.set(3, "targets", "release", "optimizeLevel"); err != nil {
				return "", err
			}
		}
	}
	ours := "./" + transformFile
	var list []string
	for _, options := range [][]string{{"targets", "release"}, {"options"}} {
		switch has := config.get(append(options, "transform")...).(type) {
		case string:
			list = append(list, has)
		case []any:
			for _, v := range has {
				s, _ := v.(string)
				list = append(list, s)
			}
		}
		for _, s := range list {
			if strings.HasSuffix(s, transformFile) || strings.HasSuffix(s, "/transform.mjs") && strings.Contains(s, "lunatic") {
				return out, nil
			}
		}
		if options[0] == "targets" && list != nil {
			break // the target's own list is what asc takes
		}
	}
	return out, config.set(append(list, ours), "targets", "release", "transform")
}

// npmScripts adds a script that builds and one that starts. A script start that is there
// stays, and ours gets another name.
func (p *planner) npmScripts(pkg *jsonFile, out string) error {
	if pkg.get("scripts", "build") == nil {
		build := "asc assembly/index.ts --target release"
		if pkg.get("scripts", "asbuild:release") != nil {
			build = "npm run asbuild:release"
		}
		if err := pkg.set(build, "scripts", "build"); err != nil {
			return err
		}
	} else if s := pkg.str("scripts", "build"); !strings.Contains(s, "asc ") && !strings.Contains(s, "asbuild") {
		p.hint("package.json: the script build is %q: it has to call asc --target release", s)
	}
	start := "lunatic-run " + out
	name := "start"
	if has := pkg.str("scripts", "start"); has != "" && !runs(has, "lunatic-run") && !p.force {
		name = "lunatic"
		p.hint("package.json: the script start is %q and stays (--force replaces it); npm run lunatic runs the program", has)
	}
	if has := pkg.str("scripts", name); runs(has, "lunatic-run") || has != "" && !p.conflict("package.json: scripts.%s is %q and would become %q", name, has, start) {
		return nil
	}
	return pkg.set(start, "scripts", name)
}

func checkNPM(dir string) []Requirement {
	node := found("node", "install node 20 or newer, from https://nodejs.org or a package nodejs", "--version")
	if major, _, _ := strings.Cut(strings.TrimPrefix(node.Found, "v"), "."); node.Found != "" {
		if n, err := strconv.Atoi(major); err != nil || n < 20 {
			node.Remedy = fmt.Sprintf("it is %s, and asc 0.28 needs 20: %s", node.Found, node.Remedy)
			node.Found = ""
		}
	}
	asc := Requirement{Name: "asc", Remedy: "npm install --save-dev assemblyscript"}
	path := filepath.Join(dir, "node_modules", ".bin", "asc")
	if _, err := exec.LookPath(path); err != nil {
		path, err = exec.LookPath("asc")
		if err != nil {
			path = ""
		}
	}
	if path != "" {
		asc = found(path, asc.Remedy)
		asc.Name = "asc"
	}
	return []Requirement{node, found("npm", "it comes with node"), asc, command("lunatic-run"), command("lunatic-build")}
}

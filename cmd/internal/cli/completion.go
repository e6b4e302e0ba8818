package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// Shells are those that Completion knows.
var Shells = []string{"bash", "zsh", "fish"}

// Completion is the script that makes a shell complete the program's command lines; empty
// for an unknown shell.
func (c *Command) Completion(shell string) string {
	switch shell {
	case "bash":
		return c.bash()
	case "zsh":
		return c.zsh()
	case "fish":
		return c.fish()
	}
	return ""
}

// identifier is the program's name for a function of a shell.
func (c *Command) identifier() string { return "_" + strings.ReplaceAll(c.program(), "-", "_") }

// eachFlag calls f with all flags.
func (c *Command) eachFlag(f func(*pflag.Flag)) {
	fs, _ := c.flags()
	fs.VisitAll(f)
}

// bash: the function looks for the word that says which command it is, and for the first
// argument, behind which only the guest's arguments come. Bash divides words at = too.
func (c *Command) bash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# bash completion of %s: source it, or put it where bash-completion looks.\n", c.Name)
	fmt.Fprintf(&b, `%s() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i=1
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    COMPREPLY=()
    case ${COMP_WORDS[1]} in
`, c.identifier())
	if len(c.Words) > 0 {
		fmt.Fprintf(&b, "        %s) (( COMP_CWORD > 1 )) && command=${COMP_WORDS[1]} i=2 ;;\n", strings.Join(c.words(), "|"))
	}
	b.WriteString("    esac\n    case $command in\n")
	for _, w := range append([]*Command{c}, c.Words...) {
		name := w.word()
		if w == c {
			name = "''"
		}
		fmt.Fprintf(&b, "    %s)\n", name)
		w.bashCommand(&b)
		b.WriteString("        ;;\n")
	}
	fmt.Fprintf(&b, "    esac\n}\ncomplete -o filenames -F %s %s\n", c.identifier(), c.program())
	return b.String()
}

func (c *Command) bashCommand(b *strings.Builder) {
	var flags, valued []string
	var actions []string
	byAction := map[string][]string{}
	c.eachFlag(func(f *pflag.Flag) {
		names := []string{"--" + f.Name}
		if f.Shorthand != "" {
			names = append(names, "-"+f.Shorthand)
		}
		flags = append(flags, names...)
		action := bashValues(valuesOf(f))
		switch {
		case f.Value.Type() == "bool":
		case !takesValue(f): // only behind =
			fmt.Fprintf(b, "        [[ $prev == --%s && ( ${COMP_WORDS[COMP_CWORD-1]} == = || ${COMP_WORDS[COMP_CWORD]} == = ) ]] && { %s; return; }\n", f.Name, action)
		default:
			valued = append(valued, names...)
			if byAction[action] == nil {
				actions = append(actions, action)
			}
			byAction[action] = append(byAction[action], names...)
		}
	})
	if len(valued) > 0 {
		b.WriteString("        case $prev in\n")
		for _, action := range actions {
			fmt.Fprintf(b, "        %s) %s; return ;;\n", strings.Join(byAction[action], "|"), action)
		}
		b.WriteString("        esac\n")
	}
	if c.Stop {
		fmt.Fprintf(b, `        for (( ; i < COMP_CWORD; i++ )); do
            case ${COMP_WORDS[i]} in
            %s) [[ ${COMP_WORDS[i+1]} == = ]] && (( i++ )); (( i++ )) ;;
            -*) [[ ${COMP_WORDS[i+1]} == = ]] && (( i += 2 )) ;;
            *) %s; return ;;
            esac
        done
`, strings.Join(valued, "|"), bashValues(Values{Kind: Files}))
	}
	fmt.Fprintf(b, "        if [[ $cur == -* ]]; then %s; return; fi\n", bashValues(Values{Words, flags}))
	fmt.Fprintf(b, "        %s\n", bashValues(c.Args))
	if len(c.Words) > 0 {
		fmt.Fprintf(b, "        (( COMP_CWORD == 1 )) && COMPREPLY+=($(compgen -W '%s' -- \"$cur\"))\n", strings.Join(c.words(), " "))
	}
}

func bashValues(v Values) string {
	switch v.Kind {
	case Words:
		return fmt.Sprintf(`COMPREPLY=($(compgen -W '%s' -- "$cur"))`, strings.Join(v.Words, " "))
	case Files:
		return `COMPREPLY=($(compgen -f -- "$cur"))`
	case Modules, Rest:
		return `COMPREPLY=($(compgen -f -X '!*.wasm' -- "$cur") $(compgen -d -- "$cur"))`
	case Dirs:
		return `COMPREPLY=($(compgen -d -- "$cur"))`
	}
	return ":"
}

// words are the names of the subcommands.
func (c *Command) words() []string {
	var names []string
	for _, w := range c.Words {
		names = append(names, w.word())
	}
	return names
}

// zsh: a specification for _arguments for each command.
func (c *Command) zsh() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n# zsh completion of %s: put it as _%s into a folder of $fpath.\n\n", c.program(), c.Name, c.program())
	fmt.Fprintf(&b, "%s() {\n", c.identifier())
	if len(c.Words) > 0 {
		b.WriteString("    if (( CURRENT > 2 )); then\n        case $words[2] in\n")
		for _, w := range c.Words {
			fmt.Fprintf(&b, "        %s)\n            shift words; (( CURRENT-- ))\n", w.word())
			w.zshCommand(&b, "            ", false)
			b.WriteString("            return ;;\n")
		}
		b.WriteString("        esac\n    fi\n")
	}
	c.zshCommand(&b, "    ", len(c.Words) > 0)
	if len(c.Words) > 0 {
		fmt.Fprintf(&b, "}\n\n%s_first() {\n    local -a commands=(\n", c.identifier())
		for _, w := range c.Words {
			fmt.Fprintf(&b, "        %s\n", shellQuote(w.word()+":"+w.Summary))
		}
		b.WriteString("    )\n    _describe -t commands command commands\n    _files -g '*.wasm'\n")
	}
	fmt.Fprintf(&b, "}\n\ncompdef %s %s\n", c.identifier(), c.program())
	return b.String()
}

func (c *Command) zshCommand(b *strings.Builder, indent string, first bool) {
	b.WriteString(indent + "_arguments -s -S")
	if c.Stop {
		b.WriteString(" -A '-*'")
	}
	line := func(spec string) { b.WriteString(" \\\n" + indent + "    " + shellQuote(spec)) }
	c.eachFlag(func(f *pflag.Flag) {
		value, text := textOf(f)
		text = strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`).Replace(text)
		spec := "[" + text + "]"
		long := "--" + f.Name
		short := "-" + f.Shorthand
		switch {
		case f.Value.Type() == "bool":
		case takesValue(f):
			spec += ":" + strings.ReplaceAll(value, ":", `\:`) + ":" + zshValues(valuesOf(f))
			long, short = "*"+long+"=", "*"+short+"+"
		default:
			spec += "::" + strings.ReplaceAll(value, ":", `\:`) + ":" + zshValues(valuesOf(f))
			long = long + "=-"
		}
		line(long + spec)
		if f.Shorthand != "" {
			line(short + spec)
		}
	})
	switch {
	case first:
		line("1:module:" + c.identifier() + "_first")
	case c.Args.Kind != Anything:
		line("1:argument:" + zshValues(c.Args))
	}
	if c.Stop {
		line("*::argument:_files")
	}
	b.WriteString("\n")
}

func zshValues(v Values) string {
	switch v.Kind {
	case Words:
		return "(" + strings.Join(v.Words, " ") + ")"
	case Files:
		return "_files"
	case Modules, Rest:
		return "_files -g \"*.wasm\""
	case Dirs:
		return "_files -/"
	}
	return ""
}

// fish: a line for each flag of each command.
func (c *Command) fish() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion of %s: put it into ~/.config/fish/completions.\n", c.Name)
	program := c.program()
	none := ""
	if len(c.Words) > 0 {
		none = "not __fish_seen_subcommand_from " + strings.Join(c.words(), " ")
		for _, w := range c.Words {
			fmt.Fprintf(&b, "complete -c %s -n %s -a %s -d %s\n", program, shellQuote("test (count (commandline -opc)) -eq 1"), w.word(), shellQuote(w.Summary))
		}
	}
	for _, w := range append([]*Command{c}, c.Words...) {
		when := none
		if w != c {
			when = "__fish_seen_subcommand_from " + w.word()
		}
		line := "complete -c " + program
		if when != "" {
			line += " -n " + shellQuote(when)
		}
		w.eachFlag(func(f *pflag.Flag) {
			_, text := textOf(f)
			b.WriteString(line + " -l " + f.Name)
			if f.Shorthand != "" {
				b.WriteString(" -s " + f.Shorthand)
			}
			if f.Value.Type() != "bool" {
				if takesValue(f) {
					b.WriteString(" -r")
				}
				b.WriteString(fishValues(valuesOf(f)))
			}
			fmt.Fprintf(&b, " -d %s\n", shellQuote(text))
		})
		switch w.Args.Kind {
		case Words:
			fmt.Fprintf(&b, "%s%s\n", line, fishValues(w.Args))
		case Modules:
			fmt.Fprintf(&b, "%s -k -xa %s\n", line, shellQuote("(__fish_complete_suffix .wasm)"))
		}
	}
	return b.String()
}

func fishValues(v Values) string {
	switch v.Kind {
	case Words:
		return " -f -a " + shellQuote(strings.Join(v.Words, " "))
	case Dirs:
		return " -f -a '(__fish_complete_directories)'"
	case Files:
		return " -F"
	}
	return " -f"
}

// shellQuote quotes a word for all three shells.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

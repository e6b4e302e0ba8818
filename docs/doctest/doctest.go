// Package doctest runs the commands of Markdown files, as a reader would: in one shell, in a
// folder that is empty at first. Its test has the list of the files.
//
// What counts in a file, from top to bottom:
//
//	```sh            commands; what they print does not matter
//	```console       commands behind "$ ", each followed by what it prints; a line "..." stands
//	                 for any number of lines. Blocks indented by four spaces whose first line
//	                 begins with "$ " are the same
//	```c NAME        the contents of the file NAME; any language, and any folder
//
// An HTML comment before a block, <!-- skip: REASON -->, leaves it out. One anywhere in the file,
// <!-- needs: clang-19 npm -->, names commands without which the file is not run, and one like
// <!-- with: bin testdata --> folders of the checkout that are in the folder, too; bin is that of
// the commands.
//
// A command that fails ends the run. The variable LUNATIC is the folder of a checkout of this
// project, whose commands are on the PATH, and so is a nc (netcat) that waits until somebody
// listens.
package doctest

import (
	"fmt"
	"regexp"
	"strings"
)

// A Document is what is to be done with a Markdown file.
type Document struct {
	Needs []string // commands
	With  []string // folders of the checkout
	Steps []Step
}

// A Step is a block that counts.
type Step struct {
	Line int // where it begins
	// File is the name of the file that the block is the contents of.
	File string
	// Text is the file's contents or the commands.
	Text string
	// Commands are those of a block that says what they print; Text is empty then.
	Commands []Command
}

// A Command is one line of a block with output.
type Command struct {
	Line, Output string
}

var (
	needs = regexp.MustCompile(`^<!-- needs: (.*) -->$`)
	with  = regexp.MustCompile(`^<!-- with: (.*) -->$`)
	skip  = regexp.MustCompile(`^<!-- skip: .+ -->$`)
	fence = regexp.MustCompile("^```+")
)

// Parse reads a Markdown file.
func Parse(text string) (*Document, error) {
	doc := &Document{}
	lines := strings.Split(text, "\n")
	skipped := false
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		mark := fence.FindString(line)
		indented := strings.HasPrefix(line, "    $ ") && (i == 0 || strings.TrimSpace(lines[i-1]) == "")
		switch {
		case needs.MatchString(line):
			doc.Needs = append(doc.Needs, strings.Fields(needs.FindStringSubmatch(line)[1])...)
			continue
		case with.MatchString(line):
			doc.With = append(doc.With, strings.Fields(with.FindStringSubmatch(line)[1])...)
			continue
		case skip.MatchString(line):
			skipped = true
			continue
		case mark != "":
			begin := i
			for i++; i < len(lines) && strings.TrimRight(lines[i], " ") != mark; i++ {
			}
			if i == len(lines) {
				return nil, fmt.Errorf("line %d: a block without an end", begin+1)
			}
			if !skipped {
				if err := doc.block(begin+1, strings.Fields(line[len(mark):]), lines[begin+1:i]); err != nil {
					return nil, err
				}
			}
		case indented:
			begin := i
			var block []string
			for ; i < len(lines) && (strings.HasPrefix(lines[i], "    ") || strings.TrimSpace(lines[i]) == ""); i++ {
				block = append(block, strings.TrimPrefix(lines[i], "    "))
			}
			i-- // the line that ended it counts, too
			for block[len(block)-1] == "" {
				block = block[:len(block)-1]
			}
			if !skipped {
				if err := doc.block(begin+1, []string{"console"}, block); err != nil {
					return nil, err
				}
			}
		}
		if strings.TrimSpace(line) != "" {
			skipped = false
		}
	}
	return doc, nil
}

// block adds the block that begins at a line, if it counts. info is what stands behind its fence.
func (d *Document) block(line int, info, text []string) error {
	switch {
	case len(info) == 0:
	case info[0] == "sh" && len(info) == 1:
		d.Steps = append(d.Steps, Step{Line: line, Text: strings.Join(text, "\n") + "\n"})
	case info[0] == "console":
		commands, err := transcript(text)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		d.Steps = append(d.Steps, Step{Line: line, Commands: commands})
	case len(info) == 2:
		d.Steps = append(d.Steps, Step{Line: line, File: info[1], Text: strings.Join(text, "\n") + "\n"})
	}
	return nil
}

func transcript(text []string) (commands []Command, err error) {
	for _, line := range text {
		switch last := len(commands) - 1; {
		case strings.HasPrefix(line, "$ "):
			commands = append(commands, Command{Line: line[2:]})
		case last < 0:
			return nil, fmt.Errorf("the first line is no command: it begins with $")
		case strings.HasSuffix(commands[last].Line, "\\") && commands[last].Output == "":
			commands[last].Line += "\n" + line
		default:
			commands[last].Output += line + "\n"
		}
	}
	return commands, nil
}

// Matches reports whether what a command printed is what its block says.
func (c Command) Matches(printed string) bool {
	pattern := regexp.QuoteMeta(c.Output)
	pattern = strings.ReplaceAll("\n"+pattern, "\n"+regexp.QuoteMeta("...")+"\n", "\n(?s:.*\n)?")
	return regexp.MustCompile(`\A` + pattern + `\z`).MatchString("\n" + printed)
}

// Script returns the document as a script for bash. It writes what the command with number n (from
// 0, over all blocks) prints to the file n in the folder that the variable OUTPUT names, and the
// line of each block to standard error before it.
func (d *Document) Script() string {
	var s strings.Builder
	s.WriteString("set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n")
	n := 0
	for i, step := range d.Steps {
		fmt.Fprintf(&s, "echo 'line %d' >&2\n", step.Line)
		switch {
		case step.File != "":
			end := fmt.Sprintf("END_OF_BLOCK_%d", i)
			fmt.Fprintf(&s, "mkdir -p \"$(dirname '%s')\"\ncat > '%s' << '%s'\n%s%s\n", step.File, step.File, end, step.Text, end)
		case step.Commands == nil:
			s.WriteString(step.Text)
		}
		for _, c := range step.Commands {
			fmt.Fprintf(&s, "{\n%s\n} > \"$OUTPUT/%d\"\n", c.Line, n)
			n++
		}
	}
	return s.String()
}

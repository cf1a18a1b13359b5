package host

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pmbot/pmbot/plugins/wire"
)

// cannotStart says why the system does not start the file, and what to do: of a script it
// only says that something is missing, or a format wrong.
func (p *Plugin) cannotStart(err error) (what, cure string) {
	path := p.spec.Path
	head := beginningOf(path)
	first, _, _ := bytes.Cut(head, []byte("\n"))
	line := string(first)
	switch {
	case strings.HasPrefix(line, "#!"):
		interpreter, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "#!")), " ")
		if _, missing := os.Stat(interpreter); missing != nil {
			return fmt.Sprintf("%s cannot be started: its first line names %s, which is not there", path, wire.Printable(interpreter, 200)),
				"begin it with an interpreter that is, such as #!/usr/bin/env python3"
		}
		if strings.HasSuffix(line, "\r") {
			return path + " cannot be started: its lines end as on Windows", "save it with the line ends of Unix"
		}
	case len(head) > 0 && !bytes.ContainsRune(head, 0) && isScript(path):
		return path + " cannot be started: its first line names no interpreter", "begin it with #!/usr/bin/env python3"
	}
	return fmt.Sprintf("%s cannot be started: %v", path, err), "is it built for this machine?"
}

// beginningOf is the beginning of a file, as far as it can be read.
func beginningOf(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(f, head) // a short file is all of it
	return head[:n]
}

func isScript(path string) bool { return filepath.Ext(path) == ".py" }

func cureForMissing(path string) string {
	if isScript(path) {
		return "name a script that is there; a path is relative to the working directory"
	}
	return "build it with: go build -o " + path
}

// lastWords quotes what the process wrote last: its panic if there is one, which is
// followed by a stack, else the last line, with the line of the author's script that a
// traceback names.
func (p *Plugin) lastWords() string {
	tail := p.output.tail()
	for _, line := range tail {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return ": " + line
		}
	}
	if len(tail) == 0 {
		return ""
	}
	if place := placeIn(tail, filepath.Dir(p.spec.Path)); place != "" {
		return " at " + place + ": " + tail[len(tail)-1]
	}
	return ": " + tail[len(tail)-1]
}

// placeIn is the innermost line of a Python traceback that lies in the directory, as
// "file:line", or "".
func placeIn(tail []string, dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	place := ""
	for _, line := range tail {
		rest, is := strings.CutPrefix(strings.TrimSpace(line), `File "`)
		file, rest, whole := strings.Cut(rest, `", line `)
		if !is || !whole || filepath.Dir(file) != dir {
			continue
		}
		number, _, _ := strings.Cut(rest, ",")
		place = filepath.Base(file) + ":" + number
	}
	return place
}

// cureForWords is what to do about last words that are well known; or "".
func cureForWords(tail []string) string {
	if len(tail) == 0 {
		return ""
	}
	module, missing := strings.CutPrefix(tail[len(tail)-1], "ModuleNotFoundError: No module named ")
	switch {
	case !missing:
		return ""
	case module == "'pmbot'":
		return "link the package beside the script, ln -s CHECKOUT/plugins/python/src/pmbot pmbot, or install it for the interpreter in the first line of the script"
	default:
		return "install it for the interpreter in the first line of the script; an activated venv and PYTHONPATH do not reach a strategy"
	}
}

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// document is a TOML text as a tree of values, with the place and the spelling of each:
// an error names the line, and 0.10 stays "0.10" in place of becoming a float.
type document struct {
	tree map[string]any
	at   map[string]origin // by path, such as strategy.0.params.fast
}

// origin is where a value stands and how it is written there.
type origin struct {
	where string // "demo.toml:12" or "--set seed=2"
	line  int    // 0 for a flag
	raw   string // of a number, a date or a flag's value; "" of a table
}

// parseDocument reads a TOML text; name is how messages call it.
func parseDocument(name, text string) (*document, error) {
	d := &document{tree: map[string]any{}, at: map[string]origin{}}
	if _, err := toml.Decode(text, &d.tree); err != nil {
		if pe, ok := errors.AsType[toml.ParseError](err); ok {
			return nil, fmt.Errorf("%s:%d: %s", name, pe.Position.Line, pe.Message)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	l := &locator{name: name, src: text, line: 1, at: d.at, tables: map[string]int{}}
	l.document()
	return d, nil
}

// locator walks a text that is known to be valid TOML and notes where its values are.
// The library that decodes keeps positions to itself.
type locator struct {
	name   string
	src    string
	pos    int
	line   int
	at     map[string]origin
	tables map[string]int // how often an array of tables was opened, by its path
}

func (l *locator) document() {
	table := toml.Key{}
	for l.skip(" \t\r\n") {
		if l.src[l.pos] == '[' {
			table = l.header()
			continue
		}
		l.keyValue(table)
	}
}

// header reads [a.b] or [[a.b]] and returns the path of the table that it opens.
func (l *locator) header() toml.Key {
	start, isArray := l.line, strings.HasPrefix(l.src[l.pos:], "[[")
	l.pos++
	if isArray {
		l.pos++
	}
	key := l.key()
	l.pos = min(l.pos+1, len(l.src))
	if isArray {
		l.pos = min(l.pos+1, len(l.src))
	}
	path := toml.Key{}
	for i, part := range key {
		path = append(path, part)
		l.note(path, start, "")
		n, known := l.tables[path.String()]
		if isArray && i == len(key)-1 {
			if known {
				n++
			}
			l.tables[path.String()], known = n, true
		}
		if known {
			path = append(path, strconv.Itoa(n))
		}
	}
	l.note(path, start, "")
	return path
}

// keyValue reads "a.b = value" of the table at path.
func (l *locator) keyValue(table toml.Key) {
	start := l.line
	path := join(table, l.key()...)
	for i := len(table) + 1; i < len(path); i++ {
		l.note(path[:i], start, "")
	}
	l.pos = min(l.pos+1, len(l.src)) // =
	l.skip(" \t")
	l.value(path)
}

// key reads a dotted key up to "=" or "]".
func (l *locator) key() toml.Key {
	var key toml.Key
	for l.pos < len(l.src) {
		switch c := l.src[l.pos]; c {
		case ' ', '\t', '.':
			l.pos++
		case '=', ']':
			return key
		case '"', '\'':
			key = append(key, unquote(l.quoted(c)))
		default:
			start := l.pos
			for l.pos < len(l.src) && !strings.ContainsRune(" \t.=]", rune(l.src[l.pos])) {
				l.pos++
			}
			key = append(key, l.src[start:l.pos])
		}
	}
	return key
}

// value reads any value and notes it, and what is inside it.
func (l *locator) value(path toml.Key) {
	if l.pos >= len(l.src) {
		return
	}
	start, line := l.pos, l.line
	switch c := l.src[l.pos]; c {
	case '"', '\'':
		l.quoted(c)
		l.note(path, line, "")
	case '[':
		l.pos++
		l.note(path, line, "")
		for i := 0; l.skip(" \t\r\n,") && l.src[l.pos] != ']'; i++ {
			l.value(join(path, strconv.Itoa(i)))
		}
		l.pos++
	case '{':
		l.pos++
		l.note(path, line, "")
		for l.skip(" \t\r\n,") && l.src[l.pos] != '}' {
			l.keyValue(path)
		}
		l.pos++
	default:
		for l.pos < len(l.src) && !strings.ContainsRune(",]}#\r\n", rune(l.src[l.pos])) {
			l.pos++
		}
		l.note(path, line, strings.TrimSpace(l.src[start:l.pos]))
	}
}

// quoted reads a string in either quote, also over several lines, and returns it as
// written.
func (l *locator) quoted(quote byte) string {
	start := l.pos
	end := strings.Repeat(string(quote), 3)
	if !strings.HasPrefix(l.src[l.pos:], end) {
		end = end[:1]
	}
	l.pos += len(end)
	for l.pos < len(l.src) && !strings.HasPrefix(l.src[l.pos:], end) {
		if quote == '"' && l.src[l.pos] == '\\' {
			l.pos++
		}
		if l.pos < len(l.src) && l.src[l.pos] == '\n' {
			l.line++
		}
		l.pos++
	}
	l.pos += len(end)
	// Up to two quotes may stand right before the closing three.
	for len(end) == 3 && l.pos < len(l.src) && l.src[l.pos] == quote {
		l.pos++
	}
	l.pos = min(l.pos, len(l.src))
	return l.src[start:l.pos]
}

// skip moves over the given characters and comments; false at the end of the text.
func (l *locator) skip(blank string) bool {
	for ; l.pos < len(l.src); l.pos++ {
		c := l.src[l.pos]
		if c == '#' {
			end := strings.IndexByte(l.src[l.pos:], '\n')
			if end < 0 {
				l.pos = len(l.src)
				return false
			}
			l.pos += end
			c = '\n'
		}
		if !strings.ContainsRune(blank, rune(c)) {
			return true
		}
		if c == '\n' {
			l.line++
		}
	}
	return false
}

func (l *locator) note(path toml.Key, line int, raw string) {
	if _, seen := l.at[path.String()]; !seen {
		l.at[path.String()] = origin{fmt.Sprintf("%s:%d", l.name, line), line, raw}
	}
}

// join returns a new path, whose memory no other path shares.
func join(path toml.Key, parts ...string) toml.Key {
	return append(append(make(toml.Key, 0, len(path)+len(parts)), path...), parts...)
}

// unquote returns the text of a quoted key.
func unquote(quoted string) string {
	var v struct{ K string }
	if _, err := toml.Decode("K = "+quoted, &v); err != nil {
		return quoted
	}
	return v.K
}

package frame

import (
	"errors"
	"fmt"
)

// ErrSyntax says that a message is not one JSON object or list, and thus damaged, cut off
// or something else altogether. It comes before any frame of the message.
var ErrSyntax = errors.New("not JSON")

// nestingMax bounds lists and objects within each other. Binance's go to six.
const nestingMax = 32

// text is a message. Its methods read what starts at byte i and return the index behind
// it. They are as strict as the standard, so that nothing damaged is skipped unseen.
type text []byte

// at says whether byte i is c.
func (t text) at(i int, c byte) bool { return i < len(t) && t[i] == c }

// space passes over white space, which Binance does not send and recorders add.
func (t text) space(i int) int {
	for i < len(t) && t[i] <= ' ' && (t[i] == ' ' || t[i] == '\n' || t[i] == '\r' || t[i] == '\t') {
		i++
	}
	return i
}

// quoted reads a string and returns the index of its closing quote.
func (t text) quoted(i int) (end int, escaped bool, err error) {
	if !t.at(i, '"') {
		return 0, false, t.unexpected(i, "a string")
	}
	for i++; i < len(t); i++ {
		switch c := t[i]; {
		case c > '\\':
		case c == '"':
			return i, escaped, nil
		case c == '\\':
			escaped = true
			i++
			if t.at(i, 'u') {
				i += 4
				if i >= len(t) || hex(t[i-3:i+1]) < 0 {
					return 0, false, t.unexpected(i-3, "four hex digits")
				}
			} else if i >= len(t) || unescape(t[i]) == 0 {
				return 0, false, t.unexpected(i, "an escape")
			}
		case c < ' ':
			return 0, false, t.unexpected(i, "a string without control characters")
		}
	}
	return 0, false, t.unexpected(i, `'"'`)
}

// colon reads the colon behind a key and the space around it.
func (t text) colon(i int) (int, error) {
	if i = t.space(i); !t.at(i, ':') {
		return 0, t.unexpected(i, "':'")
	}
	return t.space(i + 1), nil
}

// more reads what stands between the elements of a list or object, or its end.
func (t text) more(i int, end byte) (next int, more bool, err error) {
	switch i = t.space(i); {
	case t.at(i, ','):
		return t.space(i + 1), true, nil
	case t.at(i, end):
		return i + 1, false, nil
	case end == '}':
		return 0, false, t.unexpected(i, "',' or '}'")
	default:
		return 0, false, t.unexpected(i, "',' or ']'")
	}
}

// skip reads a value of any type that stands within depth others.
func (t text) skip(i, depth int) (int, error) {
	if i >= len(t) {
		return 0, t.unexpected(i, "a value")
	}
	switch c := t[i]; {
	case c == '"':
		end, _, err := t.quoted(i)
		return end + 1, err
	case c == '{' || c == '[':
		return t.skipNested(i, depth+1)
	case c == '-' || c >= '0' && c <= '9':
		return t.number(i)
	case c == 't':
		return t.literal(i, "true")
	case c == 'f':
		return t.literal(i, "false")
	case c == 'n':
		return t.literal(i, "null")
	default:
		return 0, t.unexpected(i, "a value")
	}
}

func (t text) skipNested(i, depth int) (int, error) {
	if depth > nestingMax {
		return 0, fmt.Errorf("more than %d lists and objects within each other at offset %d", nestingMax, i)
	}
	end := t[i] + 2 // '}' for '{', ']' for '['
	i = t.space(i + 1)
	if t.at(i, end) {
		return i + 1, nil
	}
	for more := true; more; {
		var err error
		if end == '}' {
			if i, _, err = t.quoted(i); err != nil {
				return 0, err
			}
			if i, err = t.colon(i + 1); err != nil {
				return 0, err
			}
		}
		if i, err = t.skip(i, depth); err != nil {
			return 0, err
		}
		if i, more, err = t.more(i, end); err != nil {
			return 0, err
		}
	}
	return i, nil
}

// number reads a number by JSON's grammar: no plus, no leading zero, digits on both sides
// of the point.
func (t text) number(i int) (int, error) {
	if t.at(i, '-') {
		i++
	}
	if t.at(i, '0') {
		i++
	} else {
		end := t.digits(i)
		if end == i {
			return 0, t.unexpected(i, "a digit")
		}
		i = end
	}
	if t.at(i, '.') {
		end := t.digits(i + 1)
		if end == i+1 {
			return 0, t.unexpected(end, "a digit")
		}
		i = end
	}
	if t.at(i, 'e') || t.at(i, 'E') {
		i++
		if t.at(i, '+') || t.at(i, '-') {
			i++
		}
		end := t.digits(i)
		if end == i {
			return 0, t.unexpected(i, "a digit")
		}
		i = end
	}
	return i, nil
}

func (t text) digits(i int) int {
	for i < len(t) && t[i]-'0' <= 9 {
		i++
	}
	return i
}

func (t text) literal(i int, word string) (int, error) {
	if end := i + len(word); end <= len(t) && string(t[i:end]) == word {
		return end, nil
	}
	return 0, t.unexpected(i, word)
}

// unexpected says what stands at byte i where something else is due.
func (t text) unexpected(i int, due string) error {
	if i >= len(t) {
		return fmt.Errorf("%w: text ends after %d bytes where %s should be", ErrSyntax, len(t), due)
	}
	return fmt.Errorf("%w: %q at offset %d where %s should be", ErrSyntax, clip(t[i:]), i, due)
}

// clip bounds what an error message repeats of its input.
func clip(b []byte) []byte {
	const most = 40
	if len(b) <= most {
		return b
	}
	return append(append([]byte(nil), b[:most]...), "..."...)
}

// unescape returns what a backslash and c stand for, 0 if nothing.
func unescape(c byte) byte {
	switch c {
	case '"', '\\', '/':
		return c
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default:
		return 0
	}
}

// hex returns the value of four hex digits, -1 if they are none.
func hex(b []byte) rune {
	var r rune
	for _, c := range b {
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}

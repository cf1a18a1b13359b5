package exchange

import (
	"fmt"
	"strconv"
)

// enum is the text of a closed set of values: index = value, "" = no such value.
type enum []string

func (e enum) text(kind string, v int) string {
	if v >= 0 && v < len(e) && e[v] != "" {
		return e[v]
	}
	return kind + "(" + strconv.Itoa(v) + ")"
}

func (e enum) parse(kind, s string) (int, error) {
	for i, name := range e {
		if name == s && s != "" {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%w %s %q", ErrUnknownName, kind, clip(s))
}

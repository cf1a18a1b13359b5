package main

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// flat is every value of the document by its dotted key, as --set would name it: a
// strategy by its label, if that names one strategy only. An empty list has the value []. Of an
// address that may be a secret it is known only whether it is the same.
func (d *document) flat() map[string]string {
	values := map[string]string{}
	d.flatten(nil, d.tree, values)
	return values
}

func (d *document) flatten(path toml.Key, v any, values map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			d.flatten(join(path, name), v[name], values)
		}
	case []map[string]any:
		for i := range v {
			d.flatten(join(path, strconv.Itoa(i)), v[i], values)
		}
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = fmt.Sprint(v[i])
		}
		values[d.spelt(path)] = "[" + strings.Join(parts, ", ") + "]"
	case string:
		if key := d.spelt(path); addressKey(key) && v != "" && !addressReference(v) {
			v = fmt.Sprintf("an address (%x)", sha256.Sum256([]byte(v)))[:len("an address (")+8] + ")"
		}
		values[d.spelt(path)] = v
	default:
		values[d.spelt(path)] = d.at[path.String()].raw
	}
}

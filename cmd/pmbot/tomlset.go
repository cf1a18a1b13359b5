package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// override is one value given on the command line: it replaces the file's, and is
// checked like it.
type override struct {
	flag  string // as the user wrote it, for messages
	key   string // dotted, such as strategy.trend.params.fast
	value string
}

// parseOverrides reads every --set, in their order.
func parseOverrides(sets []string) ([]override, error) {
	var list []override
	for _, s := range sets {
		o, err := parseOverride(s)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// parseOverride reads the "key=value" of --set.
func parseOverride(s string) (override, error) {
	key, value, ok := strings.Cut(s, "=")
	if !ok || key == "" {
		if confidential(s) {
			s = "…"
		}
		return override{}, &failure{exitUsage, fmt.Errorf("--set %s: not key=value", s), "write for example --set strategy.0.params.fast=20"}
	}
	key = strings.ReplaceAll(strings.TrimSpace(key), `"`, "") // as TOML writes um/openInterest, and shells may leave it
	if confidential(key) {
		s = key + "=…"
	}
	return override{"--set " + s, key, strings.TrimSpace(value)}, nil
}

// confidential says whether the value of a key is not to be repeated in messages: where the
// key or secret of an account, or a token, belongs by reference, somebody may have put the text itself.
func confidential(key string) bool {
	key = strings.TrimSpace(key)
	return strings.Contains(key, "secret") || strings.HasPrefix(key, "account.key") || strings.HasPrefix(key, "alert.token") || addressKey(key)
}

// overridden is a TOML text with the overrides in the place of its own values.
func overridden(name, text string, overrides []override) (*document, error) {
	doc, err := parseDocument(name, text)
	if err != nil {
		return nil, &failure{code: exitConfig, err: err}
	}
	for _, o := range overrides {
		if err := doc.set(o); err != nil {
			return nil, &failure{code: exitConfig, err: err}
		}
	}
	return doc, nil
}

// set puts an override into the tree. A strategy is named by its place or its label.
func (d *document) set(o override) error {
	parts := strings.Split(o.key, ".")
	table, path := d.tree, toml.Key{}
	for i := 0; i < len(parts)-1; i++ {
		path = append(path, parts[i])
		switch next := table[parts[i]].(type) {
		case nil:
			made := map[string]any{}
			table[parts[i]] = made
			d.at[path.String()] = origin{where: o.flag}
			table = made
		case map[string]any:
			table = next
		case []map[string]any:
			i++
			n, err := element(next, parts[i])
			if err != nil || i == len(parts)-1 {
				return d.badOverride(o, err)
			}
			path = append(path, strconv.Itoa(n))
			table = next[n]
		default:
			return d.badOverride(o, fmt.Errorf("%s is a value, not a table", path))
		}
	}
	last := parts[len(parts)-1]
	table[last] = flagValue(o.value)
	d.at[join(path, last).String()] = origin{where: o.flag, raw: o.value}
	return nil
}

func (d *document) badOverride(o override, err error) error {
	if err == nil {
		err = fmt.Errorf("%s names a whole table, not a value in it", o.key)
	}
	return fmt.Errorf("%s: %w", o.flag, err)
}

// element finds a table of an array by its place or its label.
func element(tables []map[string]any, name string) (int, error) {
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(tables) {
		return n, nil
	}
	names := labels(tables)
	if n := slices.Index(names, name); n >= 0 {
		return n, nil
	}
	return 0, fmt.Errorf("there is no %q among %s", name, strings.Join(names, ", "))
}

// labels are the labels of strategies, by default as checkStrategies gives them, and the
// place of one that has no plugin either.
func labels(tables []map[string]any) []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		label, _ := t["label"].(string)
		plugin, _ := t["plugin"].(string)
		switch {
		case label != "":
			names[i] = label
		case plugin != "":
			names[i] = defaultLabel(plugin)
		default:
			names[i] = strconv.Itoa(i)
		}
	}
	return names
}

// spelt is a path for people: with the label of a strategy in place of its number, if
// that is a label and names one strategy only.
func (d *document) spelt(path toml.Key) string {
	tables, _ := d.tree["strategy"].([]map[string]any)
	if len(path) < 2 || path[0] != "strategy" {
		return path.String()
	}
	n, err := strconv.Atoi(path[1])
	if err != nil || n >= len(tables) {
		return path.String()
	}
	names := labels(tables)
	name := names[n]
	if names[n] = ""; !strategyName.MatchString(name) || slices.Contains(names, name) {
		return path.String()
	}
	return join(toml.Key{"strategy", name}, path[2:]...).String()
}

// flagValue reads a value as TOML would, and what is no TOML value as text, so that
// nobody has to quote twice in a shell.
func flagValue(s string) any {
	var v map[string]any
	if _, err := toml.Decode("v = "+s, &v); err == nil && len(v) == 1 {
		return v["v"]
	}
	return s
}

package main

import (
	"fmt"
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

// parseOverride reads the "key=value" of --set.
func parseOverride(s string) (override, error) {
	key, value, ok := strings.Cut(s, "=")
	if !ok || key == "" {
		return override{}, &failure{exitUsage, fmt.Errorf("--set %s: not key=value", s), "write for example --set strategy.0.params.fast=20"}
	}
	return override{"--set " + s, strings.TrimSpace(key), strings.TrimSpace(value)}, nil
}

// set puts an override into the tree. A strategy is named by its place, its label or
// its plugin.
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

// element finds a table of an array by its place, its label or its plugin.
func element(tables []map[string]any, name string) (int, error) {
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(tables) {
		return n, nil
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = fmt.Sprintf("%d", i)
		for _, key := range []string{"plugin", "label"} {
			if s, ok := t[key].(string); ok && s != "" {
				names[i] = s
			}
		}
		if names[i] == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("there is no %q among %s", name, strings.Join(names, ", "))
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

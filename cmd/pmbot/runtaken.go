package main

import (
	"maps"
	"strings"
	"sync"
)

// takenKeys are keys of the configuration, as a document has them, that a swap has taken since the
// bot began.
type takenKeys struct {
	mutex sync.Mutex
	// values are by prefix, such as "strategy.trend.", and hold all keys below it.
	values map[string]map[string]string
}

// add takes all keys below a prefix from a configuration.
func (t *takenKeys) add(prefix string, flat map[string]string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.values == nil {
		t.values = map[string]map[string]string{}
	}
	t.values[prefix] = maps.Clone(flat)
	maps.DeleteFunc(t.values[prefix], func(key, _ string) bool { return !strings.HasPrefix(key, prefix) })
}

// drop forgets them: they are again as the bot began.
func (t *takenKeys) drop(prefix string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	delete(t.values, prefix)
}

// over lays them over the configuration with which the bot began.
func (t *takenKeys) over(flat map[string]string) map[string]string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for prefix, values := range t.values {
		maps.DeleteFunc(flat, func(key, _ string) bool { return strings.HasPrefix(key, prefix) })
		maps.Copy(flat, values)
	}
	return flat
}

// swapOf is the strategy that takes a key by a swap, empty if none does.
func (b *bot) swapOf(key string) string {
	for _, p := range b.players.list {
		prefix := "strategy." + p.label + "."
		if strings.HasPrefix(key, prefix) && key != prefix+"label" {
			return p.label
		}
	}
	return ""
}

package capture

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange/frame"
)

const (
	// namesMax bounds how many names a tally tells apart, nameMax a name in bytes. The
	// names are of the file.
	namesMax = 256
	nameMax  = 64
)

// tally counts by name.
type tally map[string]int64

// add counts one. Names beyond the first namesMax count together.
func (t tally) add(name string) {
	if _, known := t[name]; !known && len(t) >= namesMax {
		name = "others"
	}
	t[name]++
}

// otherName names a frame that is not decoded: by its event, or by its stream where the
// event stands for several things.
func otherName(f *frame.Frame) string {
	name := f.Name
	if len(name) == 0 || string(name) == "depthUpdate" {
		name = streamKind(f.Stream)
	}
	if len(name) == 0 {
		return "message without event"
	}
	return string(name[:min(len(name), nameMax)])
}

// streamKind is the kind in a stream's name: "rpiDepth" of "btcusdt@rpiDepth@500ms".
func streamKind(stream []byte) []byte {
	_, kind, _ := bytes.Cut(stream, []byte("@"))
	kind, _, _ = bytes.Cut(kind, []byte("@"))
	return kind
}

// list is the counts, by name.
func (t tally) list() []source.Count {
	var list []source.Count
	for name, n := range t {
		list = append(list, source.Count{Name: name, Count: n})
	}
	slices.SortFunc(list, func(a, b source.Count) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

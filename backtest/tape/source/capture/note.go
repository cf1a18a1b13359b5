package capture

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange/frame"
)

// gapsMax bounds how many gaps of a file are kept.
const gapsMax = 10_000

// noted takes a note of package record that messages were missed. Other notes, such as
// those of connections, are counted by name like any message that gives no rows.
func (r *reader) noted(f *frame.Frame) {
	name, ok := bytes.CutPrefix(f.Name, []byte("pmbot."))
	if !ok || string(name) != "gap" && string(name) != "dropped" {
		return
	}
	gap := source.Gap{}
	err := json.Unmarshal(r.line.message, &gap)
	gap.Line = r.lines.Number
	gap.Stream, gap.Text = source.Keep([]byte(gap.Stream)), source.Keep([]byte(gap.Text))
	switch {
	case err != nil:
		r.warn(fmt.Sprintf("line %d notes a gap that cannot be read: %v", gap.Line, err))
	case len(r.gaps) == gapsMax:
		r.warn(fmt.Sprintf("line %d notes one gap more than the %d that are told", gap.Line, gapsMax))
	default:
		r.gaps = append(r.gaps, gap)
	}
}

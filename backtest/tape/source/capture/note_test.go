package capture

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// TestNotes reads what package record notes: gaps are told, all notes are counted.
func TestNotes(t *testing.T) {
	var text strings.Builder
	text.WriteString(tradeLine(0, "SOLUSDT"))
	for _, note := range []string{
		`{"e":"pmbot.started"}`,
		`{"e":"pmbot.gap","stream":"solusdt@depth","from":"2026-11-23T04:00:00.000000001Z","to":"2026-11-23T04:00:01Z","text":"lost"}`,
		`{"e":"pmbot.dropped","from":"2026-11-23T04:00:00Z","to":"2026-11-23T04:00:01Z","count":5}`,
		`{"e":"pmbot.gap","from":7}`,
		`{"e":"pmbot.raw","part":1,"parts":1,"base64":"PGh0bWw+"}`,
		`{"e":"other.gap","from":7}`,
	} {
		fmt.Fprintf(&text, "%d %s\n", startNS+5, note)
	}
	f := drain(t, open(t, filepath.Join(t.TempDir(), "um", "a.txt"), []byte(text.String()), row.Key{}), false)
	f.account(7)
	at := exchange.Time(1795406400000000000)
	if diff := cmp.Diff([]source.Gap{
		{Line: 3, Stream: "solusdt@depth", From: at + 1, To: at + 1e9, Text: "lost"}, {Line: 4, From: at, To: at + 1e9, Count: 5},
	}, f.notes.Gaps); diff != "" {
		t.Error(diff)
	}
	if got, want := countText(f.notes.Passed), "other.gap 1, pmbot.dropped 1, pmbot.gap 2, pmbot.raw 1, pmbot.started 1"; got != want {
		t.Errorf("passed %s, want %s", got, want)
	}
	if len(f.notes.Warnings) != 1 || !strings.Contains(f.notes.Warnings[0], "line 5 notes a gap that cannot be read") {
		t.Errorf("warnings %q", f.notes.Warnings)
	}
	if got, want := f.notes.Gaps[1].String(), "5 messages from 2026-11-23T04:00:00Z to 2026-11-23T04:00:01Z were missed"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestManyGaps bounds what is kept.
func TestManyGaps(t *testing.T) {
	line := fmt.Sprintf("%d %s\n", startNS, `{"e":"pmbot.gap"}`)
	f := drain(t, open(t, filepath.Join(t.TempDir(), "um", "a.txt"), []byte(strings.Repeat(line, gapsMax+200)), row.Key{}), false)
	if len(f.notes.Gaps) != gapsMax || len(f.notes.Warnings) != warningsMax {
		t.Errorf("%d gaps, %d warnings", len(f.notes.Gaps), len(f.notes.Warnings))
	}
}

// TestPart reads a file that is still being written, up to the frame that is not whole.
func TestPart(t *testing.T) {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	content := z.EncodeAll([]byte(tradeLine(0, "SOLUSDT")+tradeLine(1, "SOLUSDT")), nil)
	torn := z.EncodeAll([]byte(tradeLine(2, "SOLUSDT")), nil)
	content = append(content, torn[:len(torn)-9]...)
	f := drain(t, open(t, filepath.Join(t.TempDir(), "um", "2026-11-23T04.jsonl.zst.part"), content, row.Key{}), false)
	if got := f.rows[row.Key{Product: exchange.UM, Symbol: "SOLUSDT", Kind: row.Trades}]; got != 2 || f.err != nil || len(f.notes.Warnings) != 1 {
		t.Errorf("%d rows, %v, %q", got, f.err, f.notes.Warnings)
	}
}

package loop

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/journal"
	"github.com/pmbot/pmbot/exchange"
)

// TestUnfit: a journal whose files are whole and that makes no sense is an error that names
// segment and event, and no panic.
func TestUnfit(t *testing.T) {
	decided := func(d exchange.Decision) journal.Record {
		var r journal.Record
		in := buy(1)
		r.Event.SetIntent(&in)
		r.Decision = &d
		return r
	}
	for _, c := range []struct {
		what, want string
		forge      func(snapshot []byte) []byte
		record     *journal.Record
	}{
		{what: "an unknown order is cancelled", want: "INTENT at octet", record: new(decided(exchange.Decision{Cancel: []exchange.OrderID{99}}))},
		{what: "an order of no instrument", want: "INTENT at octet", record: new(decided(exchange.Decision{Order: exchange.Order{ID: 1}}))},
		{what: "a decision without a question", want: "it has a decision is true", record: func() *journal.Record {
			r := decided(exchange.Decision{})
			r.Event.SetState(&exchange.StateChange{By: "test"})
			return &r
		}()},
		{what: "no snapshot", want: "it is damaged", forge: func([]byte) []byte { return []byte("the kernel's state") }},
		{what: "another table", want: "in the configuration", forge: func(s []byte) []byte {
			return bytes.Replace(s, []byte(`"UM BTCUSDT"`), []byte(`"UM ETHUSDT"`), 1)
		}},
	} {
		dir := t.TempDir()
		w, err := journal.Open(journal.Config{
			Dir: dir, Sync: journal.SyncNever(), Clock: func() exchange.Time { return 1 },
			Header: journal.Header{Prefix: "pm-1", Mode: "dry", Account: "a", Instruments: testInstruments(t).All()},
		})
		if err != nil {
			t.Fatal(err)
		}
		snapshot := engine.New(kernelConfig(t)).Snapshot()
		if c.forge != nil {
			forged := c.forge(snapshot)
			if bytes.Equal(forged, snapshot) {
				t.Fatalf("%s: nothing was forged in\n%.300s", c.what, snapshot)
			}
			snapshot = forged
		}
		err = w.Rotate(snapshot)
		if c.record != nil {
			c.record.Event.Seq, c.record.Event.At = 1, 1
			err = errors.Join(err, w.Append(&c.record.Event, c.record.Decision))
		}
		if err := errors.Join(err, w.Flush(), w.Close()); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		_, _, err = Recover(dir, kernelConfig(t))
		if !errors.Is(err, ErrUnfit) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

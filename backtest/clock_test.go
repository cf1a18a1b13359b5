package backtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// slowRecording is a recording of ten minutes by a clock that is slow by a second: a trade
// every second that took 20 ms, and half a second after each a quote that took 5 ms, but
// every tenth one took 700 ms.
func slowRecording() string {
	var b strings.Builder
	for i := range 600 {
		at := day.Add(time.Duration(i) * time.Second).Millis()
		const slow = -1000
		fmt.Fprintf(&b, `%d000000 {"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"T":%d,"s":"BTCUSDT","t":%d,"p":"62000.1","q":"0.010","X":"MARKET","m":true}}`+"\n",
			at+20+slow, at, at, 1000+i)
		if i == 599 {
			break // what comes after the last price is not told
		}
		at += 500
		took := int64(5)
		if i%10 == 0 {
			took = 700
		}
		fmt.Fprintf(&b, `%d000000 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":%d,"s":"BTCUSDT","b":"62000.0","B":"1.0","a":"62000.1","A":"2.0","T":%d,"E":%d}}`+"\n",
			at+took+slow, 5000+i, at, at)
	}
	return b.String()
}

// recorded puts the slow recording on a tape and returns its directory.
func recorded(t *testing.T) string { return recordedAs(t, slowRecording()) }

// recordedAs puts a recording on a tape and returns its directory.
func recordedAs(t *testing.T, text string) string {
	dir := t.TempDir()
	path := filepath.Join(dir, "btcusdt.txt")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "tape")
	store, err := tape.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	spec := tape.ImportSpec{Path: path, Spec: source.Spec{Key: row.Key{Product: exchange.UM}}}
	if _, err := tape.Import(context.Background(), store, spec, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// watches subscribes to trades and quotes of the leg.
func watches(p *puppet, env *strategy.Env) error {
	in, err := env.Instrument(p.params.Leg)
	if err == nil {
		env.Trades(in)
		env.BookTickers(in)
	}
	return err
}

// TestSourceIsClosed: a run that ends early ends the decoding of its tape, too.
func TestSourceIsClosed(t *testing.T) {
	cfg := deskConfig(0, 0)
	cfg.Data.Tape = recorded(t)
	stop := errors.New("seen enough")
	_, err := Run(context.Background(), cfg, Options{Programs: []Program{through{program(puppet{start: watches}), func(r *strategy.Runtime) Player {
		return failing{Local{r}, stop}
	}}}})
	if !errors.Is(err, stop) {
		t.Errorf("run: %v", err)
	}
	stacks := make([]byte, 1<<20)
	for range 1000 {
		if !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "tape.(*ahead)") {
			return
		}
		runtime.Gosched()
	}
	t.Error("the tape is still being decoded")
}

// failing is a player that fails at the first event.
type failing struct {
	Local
	err error
}

func (f failing) Deliver(*exchange.Event) (*strategy.Output, error) { return nil, f.err }

// TestClocks runs a recording by each clock and looks at what a strategy is told.
func TestClocks(t *testing.T) {
	dir := recorded(t)
	for _, c := range []struct {
		clock tape.Clock
		base  time.Duration
		// when the first trade and the first quotes come, since the day began
		trade, late, quote string
	}{
		{tape.ExchangeClock, 0, "0s", "500ms", "1.5s"},
		{tape.LocalClock, 0, "-980ms", "200ms", "505ms"},
		{tape.CorrectedClock, 0, "15ms", "1.195s", "1.5s"},
		{tape.CorrectedClock, 10 * time.Millisecond, "25ms", "1.205s", "1.51s"},
	} {
		cfg := deskConfig(0, 0)
		cfg.Data.Tape, cfg.Data.Clock, cfg.Data.LatencyBase = dir, c.clock, c.base
		seen := map[int64]string{}
		res := runDesk(t, cfg, through{program(puppet{start: watches}), func(r *strategy.Runtime) Player {
			return spy{Local{r}, func(e *exchange.Event) {
				switch e.Kind {
				case exchange.KindTrade:
					seen[e.Trade().ID] = since(e.At)
				case exchange.KindBookTicker:
					seen[e.BookTicker().UpdateID] = since(e.At)
				}
			}}
		}})
		if got := []string{seen[1000], seen[5000], seen[5001]}; !slices.Equal(got, []string{c.trade, c.late, c.quote}) || len(seen) != 1199 {
			t.Errorf("%v: %d events, a trade and two quotes at %v, want 1199, at %s, %s, %s", c.clock, len(seen), got, c.trade, c.late, c.quote)
		}
		if len(res.Data) != 2 || res.Data[0].Rows != 600 || res.Data[1].Kind != "bookTicker" || res.Data[1].From != day.Add(500*time.Millisecond) {
			t.Errorf("%v: data %+v", c.clock, res.Data)
		}
	}
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// replay opens the market of a tape: all it has of instruments that are known.
func (m *simMarket) replay(c *simConfig) error {
	store, err := openTape(c.Market.Tape)
	if err != nil {
		return err
	}
	known, err := knownForTape(c.Market.ExchangeInfo)
	if err != nil {
		return err
	}
	all := store.Series()
	var list []exchange.Instrument
	spec := tape.ReaderSpec{}
	first, bar := exchange.Never, time.Duration(0)
	for _, in := range known {
		keys := simSeries(&in, all)
		if len(keys) == 0 || slices.ContainsFunc(list, func(b exchange.Instrument) bool { return b.Name() == in.Name() }) {
			continue
		}
		list, first, bar = append(list, in), min(first, keys[0].From), max(bar, keys[0].Interval)
		for _, s := range keys {
			m.ends = max(m.ends, s.To)
		}
		spec.Series = append(spec.Series, keys...)
	}
	if len(list) == 0 {
		return &failure{exitNotFound, fmt.Errorf("tape %s: %w of instruments that are known", c.Market.Tape, backtest.ErrNoData), "see pmbot data ls; name their exchangeInfo with market.exchange_info"}
	}
	if m.ins, err = exchange.NewInstruments(list...); err != nil {
		return err
	}
	m.starts = max(c.Start, first)
	m.opens = m.starts
	if c.Start == 0 { // a bar's price is known at its end
		m.opens = m.starts.Add(bar)
	}
	spec.From, spec.Instrument = m.starts, m.tapeInstrument
	reader, err := store.Reader(spec)
	if err != nil {
		return tapeFailure(c.Market.Tape, err)
	}
	m.close = func() { reader.Close() }
	m.source = newTapeSource(reader, m.ins, spec.Series)
	return nil
}

// tapeInstrument numbers the series of a tape; index prices of CM go by their pair.
func (m *simMarket) tapeInstrument(p exchange.Product, symbol string) (exchange.InstrumentID, error) {
	in, err := m.ins.Find(p, symbol)
	if err == nil {
		return in.ID, nil
	}
	for _, other := range m.ins.All() {
		if other.Product == p && other.Pair == symbol {
			return other.ID, nil
		}
	}
	return 0, err
}

// knownForTape are the instruments of the named exchangeInfo files and the embedded ones.
func knownForTape(files []string) ([]exchange.Instrument, error) {
	var known []exchange.Instrument
	for _, name := range files {
		product := exchange.Margin
		switch base := strings.ToLower(filepath.Base(name)); {
		case strings.Contains(base, "fapi"):
			product = exchange.UM
		case strings.Contains(base, "dapi"):
			product = exchange.CM
		case !strings.Contains(base, "api"):
			return nil, &failure{exitConfig, fmt.Errorf("market.exchange_info: %s does not tell whose answer it is", name), "let the name contain fapi, dapi or api"}
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, &failure{codeOf(err), fmt.Errorf("exchangeInfo %s: %w", name, reason(err)), "name a file with market.exchange_info"}
		}
		list, err := exchange.DecodeExchangeInfo(product, f)
		f.Close()
		if err != nil && len(list) == 0 {
			return nil, &failure{exitConfig, fmt.Errorf("%s: %w", name, err), "save Binance's answer as it is"}
		}
		known = append(known, list...)
	}
	embedded, err := backtest.EmbeddedInstruments()
	return append(known, embedded...), err
}

// simSeries are the series of an instrument that are replayed, its prices first: trades, or
// the shortest bars without; none if it has no prices.
func simSeries(in *exchange.Instrument, all []tape.Series) []tape.Series {
	of := func(k row.Kind) (list []tape.Series) {
		for _, s := range all {
			if s.Product == in.Product && s.Kind == k && (s.Symbol == in.Symbol || k == row.IndexPriceKlines && s.Symbol == in.Pair) {
				list = append(list, s)
			}
		}
		slices.SortStableFunc(list, func(a, b tape.Series) int { return int(a.Interval - b.Interval) })
		return list[:min(len(list), 1)]
	}
	either := func(kinds ...row.Kind) []tape.Series {
		for _, k := range kinds {
			if list := of(k); len(list) > 0 {
				return list
			}
		}
		return nil
	}
	prices := either(row.AggTrades, row.Trades, row.Klines)
	if len(prices) == 0 {
		return nil
	}
	list := slices.Concat(prices, of(row.BookTicker), of(row.Depth), of(row.LiquidationSnapshot))
	if in.Product != exchange.Margin {
		list = slices.Concat(list, either(row.MarkPrice, row.MarkPriceKlines), of(row.IndexPriceKlines), of(row.FundingRate))
	}
	return list
}

// tapeSource is a tape with what it lacks for an account to be valued: the index of a
// stable coin is a dollar, that of another coin the index price, mark or price of the
// first instrument that has it for its base, and the mark of a contract without recorded
// ones its last price, once a second.
type tapeSource struct {
	reader  *tape.Reader
	ins     *exchange.Instruments
	begun   bool
	marked  []bool                // by InstrumentID, whether marks are recorded
	pricing []string              // by InstrumentID, the asset whose index it is
	last    []exchange.Time       // by InstrumentID, of the last derived mark
	stables []string              // told at the beginning
	raw     []exchange.Event      // a batch
	indexes []exchange.AssetIndex // of a batch
}

func newTapeSource(r *tape.Reader, ins *exchange.Instruments, series []tape.Series) *tapeSource {
	n := ins.Len() + 1
	t := &tapeSource{reader: r, ins: ins, marked: make([]bool, n), pricing: make([]string, n), last: make([]exchange.Time, n)}
	for _, in := range ins.All() {
		t.marked[in.ID] = slices.ContainsFunc(series, func(s tape.Series) bool {
			return s.Product == in.Product && s.Symbol == in.Symbol && (s.Kind == row.MarkPrice || s.Kind == row.MarkPriceKlines)
		})
		if !slices.Contains(t.pricing, in.Base) {
			t.pricing[in.ID] = in.Base
		}
		if in.Quote != "USD" && !slices.Contains(t.stables, in.Quote) {
			t.stables = append(t.stables, in.Quote)
		}
	}
	return t
}

// Next gives the events that come next; see [papisim.Source].
func (t *tapeSource) Next(buf []exchange.Event) (int, error) {
	const made = 3 // events that one of the tape can become: a mark, an index, itself
	if len(buf) < made+len(t.stables) {
		return 0, errors.New("a tape needs room for more events")
	}
	room := (len(buf) - len(t.stables)) / made
	if len(t.raw) < room {
		t.raw = make([]exchange.Event, room)
	}
	t.indexes = make([]exchange.AssetIndex, 0, len(buf))
	read, err := t.reader.Next(t.raw[:room])
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	out := buf[:0]
	for i := range t.raw[:read] {
		e := &t.raw[i]
		if !t.begun {
			t.begun = true
			for _, asset := range t.stables {
				out = append(out, t.index(e, asset, exchange.FixedOne))
			}
		}
		out = append(t.derive(out, e), *e)
	}
	return len(out), err
}

// derive appends the mark and the index that follow from an event; they rank before it.
func (t *tapeSource) derive(out []exchange.Event, e *exchange.Event) []exchange.Event {
	var price exchange.Fixed
	switch e.Kind {
	case exchange.KindTrade:
		price = e.TradePrice()
	case exchange.KindBar:
		price = e.Bar().Close
	case exchange.KindMark:
		m := e.Mark()
		if price = m.Index; price == 0 {
			price = m.Price
		}
		return t.priced(out, e, price)
	}
	if price <= 0 || e.At < t.last[e.Inst].Add(time.Second) || t.marked[e.Inst] {
		return out
	}
	t.last[e.Inst] = e.At
	if t.ins.At(e.Inst).Product != exchange.Margin {
		mark := exchange.Event{At: e.At, Exchange: e.Exchange, Inst: e.Inst, Flags: exchange.FlagDerived}
		mark.SetMark(exchange.Mark{Price: price})
		out = append(out, mark)
	}
	return t.priced(out, e, price)
}

// priced appends the index that an instrument's price is.
func (t *tapeSource) priced(out []exchange.Event, e *exchange.Event, price exchange.Fixed) []exchange.Event {
	if asset := t.pricing[e.Inst]; asset != "" && price > 0 {
		out = append(out, t.index(e, asset, price))
	}
	return out
}

func (t *tapeSource) index(e *exchange.Event, asset string, price exchange.Fixed) exchange.Event {
	t.indexes = append(t.indexes, exchange.AssetIndex{Asset: asset, Price: price})
	index := exchange.Event{At: e.At, Exchange: e.Exchange, Flags: exchange.FlagDerived}
	index.SetAssetIndex(&t.indexes[len(t.indexes)-1])
	return index
}

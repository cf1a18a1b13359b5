package backtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// choose picks an instrument's series: its prices, marks, indices and fundings.
func (p *plan) choose(in *exchange.Instrument, w wish, has []tape.Series) ([]tape.Series, error) {
	every, prices, err := p.prices(in, w, has)
	if err != nil {
		return nil, err
	}
	messages, err := p.messages(in, w, has, prices)
	if err != nil {
		return nil, err
	}
	keys := slices.Clone(prices)
	if in.Product == exchange.Margin {
		return append(keys, messages...), nil
	}
	mark, marked := p.marks(in, prices, has)
	if marked {
		keys = append(keys, mark)
	}
	if !marked || mark.Interval > max(every, time.Minute) {
		p.deriveMark(in, every, marked)
	}
	if index, ok := finest(has, row.IndexPriceKlines); ok {
		keys = append(keys, index)
	}
	at := slices.IndexFunc(has, func(s tape.Series) bool { return s.Kind == row.FundingRate })
	switch {
	case at >= 0:
		keys = append(keys, has[at])
	case in.Delivery == 0:
		p.warnings = append(p.warnings, Warning{"missing", "the tape has no funding of " + in.Name() + ": none is paid or received"})
	}
	return append(keys, messages...), nil
}

// message is a kind of event that a run reads beside prices, for a strategy that wants it
// or to match orders on.
type message struct {
	wanted bool
	kind   row.Kind
	name   string // as people call it
}

// messages lists all of them; the kind of trades is the first choice among two.
func (w *wish) messages() []message {
	return []message{
		{w.trades, row.AggTrades, "trades"}, {w.quotes, row.BookTicker, "best bids and asks"},
		{w.books, row.Depth, "the order book"}, {w.liquidations, row.LiquidationSnapshot, "liquidations"},
	}
}

// messages picks what is read beside prices, and hides from the venue what it must not
// match on.
func (p *plan) messages(in *exchange.Instrument, w wish, has, prices []tape.Series) (keys []tape.Series, err error) {
	matched, err := p.matching(in, has, prices)
	if err != nil {
		return nil, err
	}
	for _, m := range w.messages() {
		s, found := seriesOf(has, m.kind)
		switch {
		case m.wanted && !found:
			return nil, fmt.Errorf("a strategy wants %s of %s, but the tape has none: import %s, or give the strategy parameters by which it does without, such as vol = 0 of mm", m.name, in.Name(), m.kind)
		case !found || !m.wanted && !contains(matched, &s) || contains(prices, &s):
			continue
		}
		keys = append(keys, s)
		if step := matchOf(s.Kind); step != MatchAuto && !contains(matched, &s) {
			p.hide(in, step)
		}
	}
	return keys, nil
}

// seriesOf finds the series of a kind; trades one by one stand in for aggregate ones.
func seriesOf(has []tape.Series, k row.Kind) (tape.Series, bool) {
	at := slices.IndexFunc(has, func(s tape.Series) bool { return s.Kind == k })
	if at < 0 && k == row.AggTrades {
		return seriesOf(has, row.Trades)
	}
	if at < 0 {
		return tape.Series{}, false
	}
	return has[at], true
}

func contains(list []tape.Series, s *tape.Series) bool {
	return slices.ContainsFunc(list, func(have tape.Series) bool { return have.Key == s.Key })
}

// marks picks the recorded marks: the messages of the stream where they cover what the
// run reads of the prices, else the finest bars, which usually go further.
func (p *plan) marks(in *exchange.Instrument, prices, has []tape.Series) (tape.Series, bool) {
	bars, found := finest(has, row.MarkPriceKlines)
	at := slices.IndexFunc(has, func(s tape.Series) bool { return s.Kind == row.MarkPrice })
	if at < 0 {
		return bars, found
	}
	if s := has[at]; p.covers(prices, &s) {
		return s, true
	}
	p.warnings = append(p.warnings, Warning{"short", fmt.Sprintf("the recorded marks of %s, %v to %v, are not used: they cover a part of the prices only",
		in.Name(), has[at].From, has[at].To)})
	return bars, found
}

// prices picks the series that the run is as long as and that bars come from, and says
// how often they come: bars, or trades where orders match on these or there is no choice.
func (p *plan) prices(in *exchange.Instrument, w wish, has []tape.Series) (time.Duration, []tape.Series, error) {
	var klines []tape.Series
	var lengths []time.Duration
	for _, s := range has {
		if s.Kind == row.Klines {
			klines, lengths = append(klines, s), append(lengths, s.Interval)
		}
	}
	err := p.buildFromBars(in, w.bars, lengths)
	trades, traded := seriesOf(has, row.AggTrades)
	if traded && (err != nil || len(klines) == 0 || p.match > MatchBars || p.match == MatchAuto && p.covers(klines, &trades)) {
		p.build.drop(in.ID)
		for _, d := range w.bars {
			p.build.want(in.ID, d, exchange.KindTrade, 0)
		}
		return time.Second, []tape.Series{trades}, nil
	}
	switch {
	case err != nil:
		return 0, nil, err
	case len(klines) == 0:
		return 0, nil, fmt.Errorf("the tape has no prices of %s: import klines or aggTrades", in.Name())
	}
	return slices.Min(lengths), p.usedBars(w.bars, klines), nil
}

// usedBars are the bars that are read: those subscribed to, those that others are built
// of, and always the finest, on which orders match.
func (p *plan) usedBars(wanted []time.Duration, klines []tape.Series) []tape.Series {
	shortest := slices.MinFunc(klines, func(a, b tape.Series) int { return int(a.Interval - b.Interval) })
	used := []tape.Series{shortest}
	for _, s := range klines {
		if s.Interval != shortest.Interval && slices.Contains(wanted, s.Interval) {
			used = append(used, s)
		}
	}
	return used
}

// buildFromBars sees that every wanted length is there or can be built of the shortest.
func (p *plan) buildFromBars(in *exchange.Instrument, wanted, lengths []time.Duration) error {
	for _, d := range wanted {
		if slices.Contains(lengths, d) {
			continue
		}
		if len(lengths) == 0 || d%slices.Min(lengths) != 0 {
			return fmt.Errorf("a strategy wants %s bars of %s; the data has bars of %s, which do not make them",
				barNames(d), in.Name(), barNames(lengths...))
		}
		p.build.want(in.ID, d, exchange.KindBar, slices.Min(lengths))
	}
	return nil
}

// barNames writes lengths of bars as people do: 1m, 8h.
func barNames(lengths ...time.Duration) string {
	var names []string
	for _, d := range lengths {
		name := d.String()
		if strings.HasSuffix(name, "m0s") {
			name = strings.TrimSuffix(name, "0s")
		}
		if strings.HasSuffix(name, "h0m") {
			name = strings.TrimSuffix(name, "0m")
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func finest(has []tape.Series, k row.Kind) (tape.Series, bool) {
	var best tape.Series
	for _, s := range has {
		if s.Kind == k && (best.Interval == 0 || s.Interval < best.Interval) {
			best = s
		}
	}
	return best, best.Interval != 0
}

// deriveMark makes the mark of prices that come every so often; recorded marks that are
// rarer still win at their own instants.
func (p *plan) deriveMark(in *exchange.Instrument, every time.Duration, also bool) {
	rule := "mark = last close; what it was inside a bar, liquidation included, is not seen"
	if every == time.Second {
		rule = derive.MarkOfTrades
		p.derive.Mark(in.ID, every)
		every = time.Minute // what the tape promises of trades
	} else {
		p.derive.Mark(in.ID, 0)
	}
	if also {
		rule += ", recorded marks where there are some"
	}
	p.promise(derive.PromiseOf(in.ID, exchange.Cadence{Kind: exchange.KindMark, Every: every, Rule: rule}, in.Name()))
}

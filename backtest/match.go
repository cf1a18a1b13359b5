package backtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Match is the finest kind of recorded data that orders of a run match on. It does not
// depend on what strategies look at: subscribing to something fills no order otherwise.
type Match uint8

const (
	// MatchAuto takes, for each instrument, all kinds that cover the prices of the run.
	MatchAuto Match = iota
	// MatchBars, MatchTrades, MatchTickers and MatchDepth take what the tape has up to that
	// kind, and fail for an instrument without the kind itself. An instrument without bars
	// of its own matches on trades in any case.
	MatchBars
	MatchTrades
	MatchTickers
	MatchDepth
)

var matchNames = [...]string{"auto", "bars", "trades", "tickers", "depth"}

// String is the name in configurations.
func (m Match) String() string { return matchNames[m] }

// UnmarshalText reads auto, bars, trades, tickers or depth.
func (m *Match) UnmarshalText(text []byte) error {
	at := slices.Index(matchNames[:], string(text))
	if at < 0 {
		return fmt.Errorf("%w data to match on %q; known are auto, bars, trades, tickers, depth", exchange.ErrUnknownName, text)
	}
	*m = Match(at)
	return nil
}

// MarshalText writes the name.
func (m Match) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// matchOf is the step of Match that a kind of series belongs to, MatchAuto for none.
func matchOf(k row.Kind) Match {
	switch k {
	case row.Klines:
		return MatchBars
	case row.AggTrades, row.Trades:
		return MatchTrades
	case row.BookTicker:
		return MatchTickers
	case row.Depth:
		return MatchDepth
	}
	return MatchAuto
}

// kind is the kind of series of a step, for trades the first choice among two.
func (m Match) kind() row.Kind {
	return [...]row.Kind{"", row.Klines, row.AggTrades, row.BookTicker, row.Depth}[m]
}

// event is the kind of event that the series of a step become.
func (m Match) event() exchange.Kind {
	return [...]exchange.Kind{0, exchange.KindBar, exchange.KindTrade, exchange.KindBookTicker, exchange.KindDepth}[m]
}

// matching says which recorded kinds the orders of an instrument match on, apart from the
// bars among its prices.
func (p *plan) matching(in *exchange.Instrument, has, prices []tape.Series) ([]tape.Series, error) {
	if _, bars := seriesOf(has, row.Klines); p.match == MatchBars && !bars {
		return nil, p.lacking(in, MatchBars)
	}
	var used []tape.Series
	for _, step := range [...]Match{MatchTrades, MatchTickers, MatchDepth} {
		s, found := seriesOf(has, step.kind())
		switch {
		case step == p.match && !found:
			return nil, p.lacking(in, step)
		case !found:
		case contains(prices, &s):
			used = append(used, s)
		case p.match != MatchAuto && step > p.match:
		case p.covers(prices, &s):
			used = append(used, s)
		case p.match == MatchAuto:
			p.warnings = append(p.warnings, Warning{"short", fmt.Sprintf(
				"orders of %s do not match on its recorded %v, %v to %v, which cover a part of the prices only", in.Name(), step, s.From, s.To)})
		default:
			p.warnings = append(p.warnings, Warning{"short", fmt.Sprintf(
				"orders of %s match on recorded %v from %v to %v only", in.Name(), step, s.From, s.To)})
			used = append(used, s)
		}
	}
	return used, nil
}

// lacking tells that the tape has nothing of what orders are to match on.
func (p *plan) lacking(in *exchange.Instrument, step Match) error {
	return fmt.Errorf("orders are to match on %v, but the tape has none of %s: import %s, or let data.match be \"auto\"",
		step, in.Name(), step.kind())
}

// covers says whether a series covers what the run reads of its prices, but for a minute.
func (p *plan) covers(prices []tape.Series, s *tape.Series) bool {
	from, to := prices[0].From, prices[0].To
	for i := range prices {
		from, to = min(from, prices[i].From), max(to, prices[i].To)
	}
	from = max(from, p.window.from)
	if p.window.to != 0 {
		to = min(to, p.window.to)
	}
	return s.From <= from.Add(time.Minute) && s.To >= to.Add(-time.Minute)
}

// hide keeps from the venue what is read for strategies only.
func (p *plan) hide(in *exchange.Instrument, m Match) {
	if p.hidden == nil {
		p.hidden = make([]kindSet, p.derive.Len()+1)
	}
	p.hidden[in.ID] |= 1 << m.event()
}

// kindSet is a set of kinds of market events, a bit each.
type kindSet uint16

// hides says whether the venue must not be shown an event, because it is finer than what
// orders match on and was read for a strategy.
func (l *loop) hides(e *exchange.Event) bool {
	return l.hidden != nil && l.hidden[e.Inst]>>e.Kind&1 != 0
}

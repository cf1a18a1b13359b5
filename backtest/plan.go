package backtest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/backtest/market"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// markStreamEvery is how often messages of the mark price stream come, at the slower of
// its two speeds.
const markStreamEvery = 3 * time.Second

// plan is what a run reads, derives and builds: the answer to what the strategies
// subscribed to, from what the data has.
type plan struct {
	source   Source
	from, to exchange.Time // the span of the prices
	// window is the span that the run asks for, 0 where it has no bound.
	window   struct{ from, to exchange.Time }
	match    Match     // what was asked for
	hidden   []kindSet // by InstrumentID, what the venue is not shown; nil if nothing
	derive   *derive.Rules
	build    *builder
	opening  []exchange.Event // promises and constants, before the first event
	indexed  []string         // assets whose index the source brings
	data     []DataInfo
	warnings []Warning
}

// wish is what strategies want of one instrument.
type wish struct {
	bars []time.Duration
	// trades, quotes and so on say that events of that kind are wanted.
	trades, quotes, books, liquidations bool
}

func wishesOf(list []Player, n int) []wish {
	w := make([]wish, n+1)
	for _, p := range list {
		for _, s := range p.Subscriptions() {
			switch s.Kind {
			case exchange.KindBar:
				if !slices.Contains(w[s.Inst].bars, s.Interval) {
					w[s.Inst].bars = append(w[s.Inst].bars, s.Interval)
				}
			case exchange.KindTrade:
				w[s.Inst].trades = true
			case exchange.KindBookTicker:
				w[s.Inst].quotes = true
			case exchange.KindDepth:
				w[s.Inst].books = true
			case exchange.KindLiquidation:
				w[s.Inst].liquidations = true
			}
		}
	}
	return w
}

// makePlan chooses the data of a run, which is read from an instant on if the run has a
// beginning.
func makePlan(cfg *Config, ins *exchange.Instruments, t *margin.Tables, list []Player, reads exchange.Time) (*plan, error) {
	p := &plan{match: cfg.Data.Match, derive: newRules(ins.Len()), build: &builder{}}
	wishes := wishesOf(list, ins.Len())
	var err error
	if cfg.Data.Tape == "" {
		err = p.generated(cfg, ins, wishes)
	} else {
		err = p.recorded(cfg, ins, wishes, reads)
	}
	if err == nil {
		err = p.assets(cfg, ins, t)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// close gives back what the source holds.
func (p *plan) close() error {
	if c, ok := p.source.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// generated plans a generated market: it has bars, marks, indices and fundings.
func (p *plan) generated(cfg *Config, ins *exchange.Instruments, wishes []wish) error {
	g := cfg.Data.Generate
	if g.Ticks > 0 && g.Days > 0 {
		return p.generatedTicks(cfg, ins, wishes)
	}
	if g.Bar <= 0 || g.Days <= 0 {
		return errors.New("data: name a tape, or days and bar of a market to generate")
	}
	if p.match > MatchBars {
		return fmt.Errorf("orders are to match on %v; this generated market has bars only: set data.generate.ticks, or let data.match be \"auto\"", p.match)
	}
	s := market.Spec{Seed: cfg.Seed, Start: g.Start, Bar: g.Bar, Bars: int(time.Duration(g.Days) * 24 * time.Hour / g.Bar), Others: g.Others}
	for _, v := range g.Moves {
		s.Moves = append(s.Moves, market.Move(v))
	}
	p.indexed = append(p.indexed, g.Others...)
	for id := exchange.InstrumentID(1); int(id) <= ins.Len(); id++ {
		in := ins.At(id)
		s.Legs = append(s.Legs, in)
		p.indexed = append(p.indexed, in.Base)
		if !in.Inverse() {
			p.indexed = append(p.indexed, in.Quote)
		}
		if err := p.buildFromBars(in, wishes[id].bars, []time.Duration{g.Bar}); err != nil {
			return err
		}
		for _, w := range wishes[id].messages() {
			if w.wanted {
				return fmt.Errorf("a strategy wants %s of %s; this generated market has bars only: set data.generate.ticks, such as \"200ms\"", w.name, in.Name())
			}
		}
		p.data = append(p.data, DataInfo{
			Product: in.Product, Symbol: in.Symbol, Kind: "klines", Interval: g.Bar, From: g.Start,
			To: g.Start.Add(time.Duration(g.Days) * 24 * time.Hour), Rows: int64(s.Bars), Source: fmt.Sprintf("generated, seed %d", cfg.Seed),
		})
	}
	m, err := market.New(s)
	if err != nil {
		return err
	}
	p.source, p.from, p.to = m, g.Start, g.Start.Add(time.Duration(g.Days)*24*time.Hour)
	p.warnings = append(p.warnings, Warning{"generated", fmt.Sprintf("the market is generated from seed %d; it shows how pmbot works, not how a strategy earns", cfg.Seed)})
	return nil
}

// recorded plans a run on a tape.
func (p *plan) recorded(cfg *Config, ins *exchange.Instruments, wishes []wish, reads exchange.Time) error {
	store, err := tape.Open(cfg.Data.Tape)
	if err != nil {
		return err
	}
	all := store.Series()
	// The feed ends it: a bar may open before the end and close after.
	spec := tape.ReaderSpec{
		Instrument: instrumentOf(ins), Clock: cfg.Data.Clock, LatencyBase: cfg.Data.LatencyBase,
		Receipts: cfg.Venue.Latency.Feed == recordedLatency,
	}
	p.window.from, p.window.to = max(cfg.From, reads), cfg.To
	for id := exchange.InstrumentID(1); int(id) <= ins.Len(); id++ {
		in := ins.At(id)
		has := of(all, in)
		if len(has) == 0 {
			return fmt.Errorf("%w of %s on tape %s; see pmbot data ls and pmbot data import", ErrNoData, in.Name(), cfg.Data.Tape)
		}
		keys, err := p.choose(in, wishes[id], has)
		if err != nil {
			return err
		}
		for _, s := range keys {
			if slices.ContainsFunc(spec.Series, func(have tape.Series) bool { return have.Key == s.Key }) {
				continue // the index prices of a pair, which several contracts have in common
			}
			spec.Series = append(spec.Series, s)
			p.note(&s, &spec, store)
		}
	}
	spec.From = p.from // what is older than the first price cannot matter
	if cfg.From != 0 {
		spec.From = max(spec.From, reads)
	}
	p.span(cfg)
	for i := range spec.Series {
		p.holes(store, &spec.Series[i], spec.From, cfg.To)
	}
	reader, err := store.Reader(spec)
	if err != nil {
		return err
	}
	p.source = reader
	return nil
}

// span warns when the data begins after or ends before what was asked for.
func (p *plan) span(cfg *Config) {
	if cfg.From != 0 && cfg.From < p.from {
		p.warnings = append(p.warnings, Warning{"short", fmt.Sprintf("the prices begin at %v, after from, %v", p.from, cfg.From)})
	}
	if cfg.To > p.to {
		p.warnings = append(p.warnings, Warning{"short", fmt.Sprintf("the prices end at %v, before to, %v", p.to, cfg.To)})
	}
}

// holes warns of the gaps of a series that lie within the run.
func (p *plan) holes(store *tape.Tape, s *tape.Series, from, to exchange.Time) {
	if to == 0 {
		to = p.to
	}
	holes := slices.DeleteFunc(store.Holes(s.Key), func(h tape.Hole) bool { return h.To <= from || h.From >= to })
	switch n := len(holes); n {
	case 0:
	case 1:
		p.warnings = append(p.warnings, Warning{"gap", fmt.Sprintf("%s: one gap, from %v to %v", nameOf(s), holes[0].From, holes[0].To)})
	default:
		p.warnings = append(p.warnings, Warning{"gap", fmt.Sprintf("%s: %d gaps, the first from %v to %v", nameOf(s), n, holes[0].From, holes[0].To)})
	}
}

// nameOf names a series for people.
func nameOf(s *tape.Series) string { return fmt.Sprintf("%v %s %s", s.Product, s.Symbol, s.Kind) }

// instrumentOf numbers the series of a tape. Index prices of CM go by their pair, and a
// dated UM contract has the perpetual's symbol for its pair, so the symbol comes first.
func instrumentOf(ins *exchange.Instruments) func(exchange.Product, string) (exchange.InstrumentID, error) {
	return func(p exchange.Product, symbol string) (exchange.InstrumentID, error) {
		in, err := ins.Find(p, symbol)
		if err == nil {
			return in.ID, nil
		}
		for _, other := range ins.All() {
			if other.Product == p && other.Pair == symbol {
				return other.ID, nil
			}
		}
		return 0, err
	}
}

// of lists the series of an instrument. Index prices of CM belong to the pair.
func of(all []tape.Series, in *exchange.Instrument) []tape.Series {
	var list []tape.Series
	for _, s := range all {
		if s.Product == in.Product && (s.Symbol == in.Symbol || s.Kind == row.IndexPriceKlines && s.Symbol == in.Pair) {
			list = append(list, s)
		}
	}
	return list
}

// newRules has room for what a batch of the feed makes.
func newRules(instruments int) *derive.Rules { return derive.New(instruments, 2*feedEvents) }

// promise adds a derived cadence to the opening events and to the warnings.
func (p *plan) promise(d derive.Promise) {
	p.opening = append(p.opening, d.Event)
	p.warnings = append(p.warnings, Warning{"derived", d.Text})
}

// note lists a series in the manifest, with what was wrong with its sources. Prices count
// for the span of the run, by the clock that the run goes by.
func (p *plan) note(s *tape.Series, spec *tape.ReaderSpec, store *tape.Tape) {
	name := nameOf(s)
	p.data = append(p.data, DataInfo{
		Product: s.Product, Symbol: s.Symbol, Kind: string(s.Kind), Interval: s.Interval, From: s.From, To: s.To,
		Rows: s.Rows, Gaps: s.Gaps, Source: s.Source, Hash: s.Hash,
	})
	if s.Kind == row.Klines || s.Kind == row.AggTrades || s.Kind == row.Trades {
		from, to := store.Span(s, spec)
		if p.from == 0 || from < p.from {
			p.from = from
		}
		p.to = max(p.to, to)
	}
	if s.Duplicates > 0 {
		p.warnings = append(p.warnings, Warning{"duplicate", fmt.Sprintf("%s: %d repeated rows of the sources were left out", name, s.Duplicates)})
	}
	if s.Skipped > 0 {
		p.warnings = append(p.warnings, Warning{"skipped", fmt.Sprintf("%s: %d bad rows of the sources were left out", name, s.Skipped)})
	}
}

// assets sees that every asset of the account has a USD price: stables are worth one, a
// coin what an instrument of the run says, unless the source brings the index.
func (p *plan) assets(cfg *Config, ins *exchange.Instruments, t *margin.Tables) error {
	for _, asset := range derive.Needed(ins, cfg.held()) {
		if slices.Contains(p.indexed, asset) {
			continue
		}
		if slices.Contains(t.Stables, asset) {
			p.stable(asset)
			continue
		}
		if err := p.coin(asset, ins); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) stable(asset string) {
	promise, constant := derive.Stable(asset)
	p.promise(promise)
	p.opening = append(p.opening, constant)
}

// coin derives an index from the first instrument that prices the coin: UM, CM.
func (p *plan) coin(asset string, ins *exchange.Instruments) error {
	promise, err := p.derive.Coin(asset, ins, p.markEvery)
	if err != nil {
		return fmt.Errorf("nothing in the run prices %s, which the account holds or settles in; let a strategy parameter name a future of it", asset)
	}
	p.promise(promise)
	return nil
}

// markEvery is how often marks of an instrument come, as promised, or a minute.
func (p *plan) markEvery(in *exchange.Instrument) time.Duration {
	for i := range p.opening {
		if e := &p.opening[i]; e.Inst == in.ID && e.Kind == exchange.KindCadence && e.Cadence().Kind == exchange.KindMark {
			return e.Cadence().Every
		}
	}
	for _, d := range p.data {
		if d.Kind == string(row.MarkPriceKlines) && d.Product == in.Product && d.Symbol == in.Symbol {
			return d.Interval
		}
		if d.Kind == string(row.MarkPrice) && d.Product == in.Product && d.Symbol == in.Symbol {
			return markStreamEvery
		}
	}
	return time.Minute
}

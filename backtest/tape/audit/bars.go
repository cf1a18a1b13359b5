package audit

import (
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// builder makes minutes of the trades of a market, of which longer bars consist.
type builder struct {
	a       *auditor
	key     row.Key
	minutes *book.Bars
	// quotes says that quote volumes can be computed.
	quotes bool

	// built are the last minutes with trades, by time. All there are from since on, up to
	// until, are known, but for the times in breaks, where trades are missing.
	built        []exchange.Bar
	since, until exchange.Time
	breaks       []stretch
	lastID       int64
	lastAt       exchange.Time
	started      bool
	trades       int64
	matches      []*match
}

// stretch is a time, both ends included.
type stretch struct{ from, to exchange.Time }

// barCheck is a series of bars.
type barCheck struct {
	a   *auditor
	key row.Key
	// bars are the last ones, and passed how many came before them.
	bars    []candle
	passed  int
	matches []*match
}

// candle is a bar. wrong says that this was found: by trades and again by their aggregates
// it is still one finding.
type candle struct {
	item[row.Bar]
	wrong bool
}

// match holds bars against trades.
type match struct {
	bars  *barCheck
	built *builder
	// next is the number of the bar to be compared next.
	next     int
	compared Compared
}

const (
	// barRoom is how many minutes, and how many bars, of all markets are kept, barLeast how
	// many of each.
	barRoom  = 1 << 14
	barLeast = 64
	// breaksMax bounds the times known to lack trades.
	breaksMax = 1 << 10
)

// builderOf returns the builder for a kind of trades.
func (p *pair) builderOf(key row.Key) *builder {
	for _, b := range p.builders {
		if b.key == key {
			return b
		}
	}
	in := &exchange.Instrument{Product: p.product, Symbol: p.symbol, ContractSize: exchange.FixedOne}
	b := &builder{a: p.a, key: key, quotes: p.product != exchange.CM}
	if find := p.a.opt.Instrument; find != nil {
		if known := find(p.product, p.symbol); known != nil && known.ContractSize > 0 {
			in, b.quotes = known, true
		}
	}
	b.minutes, _ = book.NewBars(in, time.Minute) // fails for other intervals only
	p.builders = append(p.builders, b)
	for _, c := range p.bars {
		p.match(c, b)
	}
	return b
}

// newBarCheck returns the check of a series of bars: nil for those that do not follow
// from trades, or not by [book.Bars].
func (p *pair) newBarCheck(t *track) check[row.Bar] {
	key := t.series.key
	if key.Kind != row.Klines || key.Interval > 24*time.Hour {
		return nil
	}
	for _, c := range p.bars {
		if c.key == key {
			return c
		}
	}
	c := &barCheck{a: p.a, key: key}
	p.bars = append(p.bars, c)
	for _, b := range p.builders {
		p.match(c, b)
	}
	return c
}

func (p *pair) match(c *barCheck, b *builder) {
	m := &match{bars: c, built: b, next: c.passed, compared: Compared{Check: Bars, Series: c.key, Against: b.key}}
	c.matches, b.matches = append(c.matches, m), append(b.matches, m)
}

// add takes the next trade.
func (b *builder) add(it *item[row.Trade], first bool) {
	r, at := &it.v, it.when
	if b.started && !first && r.ID <= b.lastID {
		return // of a second source
	}
	switch {
	case !b.started:
		b.since, b.started = at, true
	case first, r.ID != b.lastID+1 && !row.Made(r.ID):
		b.lack(stretch{b.lastAt, at})
	}
	b.lastID, b.lastAt = r.ID, at
	b.trades++
	closed, ok := b.minutes.Close(at)
	if r.Type == row.TradeMarket {
		var err error
		_, _, err = b.minutes.Add(at, exchange.Trade{
			Price: r.Price, Qty: r.Qty, ID: r.ID, First: r.First, Last: r.Last, BuyerMaker: r.BuyerMaker,
		})
		if err != nil {
			b.lack(stretch{at, at})
		}
	}
	if ok {
		if most := share(barRoom, len(b.a.markets), barLeast); len(b.built) >= 2*most {
			n := len(b.built)
			b.since = b.built[n-most-1].Start.Add(time.Minute)
			b.built = b.built[:copy(b.built, b.built[n-most:])]
		}
		b.built = append(b.built, closed)
	}
	if minute := at.Floor(time.Minute); minute > b.until {
		b.until = minute
		for _, m := range b.matches {
			m.settle()
		}
	}
}

// lack notes a time in which trades are missing.
func (b *builder) lack(s stretch) {
	if len(b.breaks) == breaksMax { // what is before the second one counts as unknown
		b.since = max(b.since, b.breaks[0].to+1)
		b.breaks = b.breaks[:copy(b.breaks, b.breaks[1:])]
	}
	b.breaks = append(b.breaks, s)
}

func (b *builder) end() {
	for _, m := range b.matches {
		m.settle()
	}
}

// sum joins the minutes of a bar. It says no where not all trades in it are known.
func (b *builder) sum(from, to exchange.Time) (sum exchange.Bar, known bool) {
	if from < b.since {
		return sum, false
	}
	for _, s := range b.breaks {
		if s.from < to && s.to >= from {
			return sum, false
		}
	}
	for i := len(b.built) - 1; i >= 0 && b.built[i].Start >= from; i-- {
		m := &b.built[i]
		if m.Start >= to {
			continue
		}
		if sum.Trades == 0 {
			sum = *m
			continue
		}
		sum.Open, sum.High, sum.Low = m.Open, max(sum.High, m.High), min(sum.Low, m.Low)
		var errs [3]error
		sum.Volume, errs[0] = sum.Volume.Add(m.Volume)
		sum.QuoteVolume, errs[1] = sum.QuoteVolume.Add(m.QuoteVolume)
		sum.TakerBuy, errs[2] = sum.TakerBuy.Add(m.TakerBuy)
		if errors.Join(errs[:]...) != nil {
			return sum, false
		}
		sum.Trades += m.Trades
	}
	return sum, true
}

// row takes the next bar.
func (c *barCheck) row(it *item[row.Bar], _ bool) {
	if most := share(barRoom, len(c.a.markets), barLeast); len(c.bars) >= 2*most {
		c.bars = c.bars[:copy(c.bars, c.bars[most:])]
		c.passed += most
	}
	c.bars = append(c.bars, candle{item: *it})
	for _, m := range c.matches {
		m.settle()
	}
}

func (c *barCheck) end() {}

// settle compares the bars whose trades are all there.
func (m *match) settle() {
	c := m.bars
	for m.next = max(m.next, c.passed); m.next < c.passed+len(c.bars); m.next++ {
		it := &c.bars[m.next-c.passed]
		from, to := it.when, it.when.Add(c.key.Interval)
		if to > m.built.until {
			return
		}
		sum, known := m.built.sum(from, to)
		if !known {
			continue
		}
		m.compared.Points++
		why := m.unlike(&it.v, &sum)
		if why == "" {
			m.compared.Equal++
		} else if !it.wrong {
			it.wrong = true
			c.a.ledger.find(Bars, c.key, it.at, "%s, by the %s in it", why, m.built.key.Kind)
		}
	}
}

// unlike says where a bar differs from its trades, empty if it does not. A volume of 0 is
// what a source has that has none, unless no trade was made.
func (m *match) unlike(r *row.Bar, sum *exchange.Bar) string {
	if sum.Trades > 0 {
		for _, p := range [...]struct {
			name       string
			mine, ours exchange.Fixed
		}{{"open", r.Open, sum.Open}, {"high", r.High, sum.High}, {"low", r.Low, sum.Low}, {"close", r.Close, sum.Close}} {
			if p.mine != p.ours {
				return fmt.Sprintf("%s is %v and should be %v", p.name, p.mine, p.ours)
			}
		}
	}
	for _, v := range [...]struct {
		name  string
		mine  exchange.Wide
		ours  exchange.Wide
		slack int64
	}{
		{"volume", r.Volume.Value(), sum.Volume, 0},
		{"taker_buy", r.TakerBuy.Value(), sum.TakerBuy, 0},
		// Each trade's part is rounded, and an aggregate's differs from those of its trades.
		{"quote_volume", r.QuoteVolume.Value(), sum.QuoteVolume, sum.Trades},
	} {
		if v.mine.Sign() == 0 || v.name == "quote_volume" && !m.built.quotes {
			continue
		}
		if !near(v.mine, v.ours, v.slack) {
			return fmt.Sprintf("%s is %v and should be %v", v.name, v.mine, v.ours)
		}
	}
	if r.Trades != 0 && r.Trades != sum.Trades && m.built.key.Kind == row.Trades {
		return fmt.Sprintf("number of trades is %d and should be %d", r.Trades, sum.Trades)
	}
	return ""
}

// near says whether two volumes differ by at most slack units of 1e-8.
func near(a, b exchange.Wide, slack int64) bool {
	above := func(a, b exchange.Wide) bool { // a > b + slack
		sum, err := b.Add(exchange.WideFromWords(0, uint64(slack)))
		if err != nil {
			return false
		}
		hi, lo := a.Words()
		sumHi, sumLo := sum.Words()
		return hi > sumHi || hi == sumHi && lo > sumLo
	}
	return !above(a, b) && !above(b, a)
}

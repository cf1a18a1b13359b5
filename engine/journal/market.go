package journal

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Units in which instants and durations mostly are whole.
const (
	millisecond = exchange.Time(time.Millisecond)
	second      = exchange.Time(time.Second)
)

// A trade follows the one before: its ids count on.
func (c *codec) trade(e *exchange.Event) {
	m := c.memory.market(e.Inst)
	var t exchange.Trade
	if c.writing {
		t = e.Trade()
	}
	last := &m.trade
	scaled(c, &t.Price, m.tick, last.Price)
	scaled(c, &t.Qty, m.step, 0)
	scaled(c, &t.ID, 1, last.ID+1)
	scaled(c, &t.First, 1, last.Last+1)
	scaled(c, &t.Last, 1, t.First)
	*last = t
	if !c.writing {
		e.SetTrade(t) // whether the buyer rested is one of the event's flags
	}
}

// A best bid and ask mostly move together, or not at all.
func (c *codec) bookTicker(e *exchange.Event) {
	m := c.memory.market(e.Inst)
	var b exchange.BookTicker
	if c.writing {
		b = e.BookTicker()
	}
	last := &m.ticker
	scaled(c, &b.Bid, m.tick, last.Bid)
	scaled(c, &b.Ask, m.tick, b.Bid+(last.Ask-last.Bid))
	scaled(c, &b.BidQty, m.step, last.BidQty)
	scaled(c, &b.AskQty, m.step, last.AskQty)
	scaled(c, &b.UpdateID, 1, last.UpdateID)
	*last = b
	if !c.writing {
		e.SetBookTicker(b)
	}
}

func (c *codec) mark(e *exchange.Event) {
	m := c.memory.market(e.Inst)
	var v exchange.Mark
	if c.writing {
		v = e.Mark()
	}
	last := &m.mark
	scaled(c, &v.Price, 1, last.Price)
	scaled(c, &v.Index, 1, last.Index)
	scaled(c, &v.Rate, 1, last.Rate)
	scaled(c, &v.NextFunding, second, last.NextFunding)
	scaled(c, &v.Settle, 1, last.Settle)
	*last = v
	if !c.writing {
		e.SetMark(v)
	}
}

func (c *codec) funding(e *exchange.Event) {
	var f exchange.Funding
	if c.writing {
		f = e.Funding()
	}
	signed(c, &f.Rate)
	signed(c, &f.Mark)
	scaled(c, &f.Interval, time.Second, 0)
	if !c.writing {
		e.SetFunding(f) // whether it is special is one of the event's flags
	}
}

func (c *codec) barOpen(e *exchange.Event) {
	var b exchange.BarOpen
	if c.writing {
		b = e.BarOpen()
	}
	scaled(c, &b.Price, c.memory.market(e.Inst).tick, 0)
	scaled(c, &b.Interval, time.Second, 0)
	if !c.writing {
		e.SetBarOpen(b)
	}
}

func (c *codec) liquidation(e *exchange.Event) {
	m := c.memory.market(e.Inst)
	var l exchange.Liquidation
	if c.writing {
		l = e.Liquidation()
	}
	unsigned(c, &l.Side)
	scaled(c, &l.Price, m.tick, 0)
	scaled(c, &l.Average, m.tick, l.Price)
	scaled(c, &l.Qty, m.step, 0)
	if !c.writing {
		e.SetLiquidation(l)
	}
}

func (c *codec) bar(e *exchange.Event) {
	m := c.memory.market(e.Inst)
	b := &exchange.Bar{}
	if c.writing {
		b = e.Bar()
	}
	scaled(c, &b.Start, second, e.At)
	scaled(c, &b.Interval, time.Second, 0)
	scaled(c, &b.Open, m.tick, m.trade.Price)
	scaled(c, &b.High, m.tick, b.Open)
	scaled(c, &b.Low, m.tick, b.Open)
	scaled(c, &b.Close, m.tick, b.Open)
	c.wide(&b.Volume)
	c.wide(&b.QuoteVolume)
	c.wide(&b.TakerBuy)
	signed(c, &b.Trades)
	if !c.writing {
		e.SetBar(b)
	}
}

// wide is a volume. Few need more than 64 bits.
func (c *codec) wide(v *exchange.Wide) {
	small, err := v.Fixed()
	long := err != nil
	c.flag(&long)
	if !long {
		signed(c, &small)
		*v = exchange.WideOf(small)
		return
	}
	high, low := v.Words()
	signed(c, &high)
	unsigned(c, &low)
	*v = exchange.WideFromWords(high, low)
}

func (c *codec) assetIndex(a *exchange.AssetIndex) {
	c.text(&a.Asset)
	signed(c, &a.Price)
}

func (c *codec) cadence(p *exchange.Cadence) {
	unsigned(c, &p.Kind)
	c.text(&p.Asset)
	scaled(c, &p.Every, time.Millisecond, 0)
	c.text(&p.Rule)
}

func (c *codec) clock(e *exchange.Event) {
	var v exchange.Clock
	if c.writing {
		v = e.Clock()
	}
	signed(c, &v.Offset)
	signed(c, &v.Within)
	if !c.writing {
		e.SetClock(v)
	}
}

func (c *codec) gap(g *exchange.Gap) {
	unsigned(c, &g.Kind)
	signed(c, &g.From)
	scaled(c, &g.To, 1, g.From)
	c.text(&g.Reason)
}

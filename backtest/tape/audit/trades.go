package audit

import (
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// quoteSide is how many trades or tickers before and after one tell what is usual.
const quoteSide = 5

// tradeCheck looks at trades, and builds bars of those whose price can be.
type tradeCheck struct {
	t      *track
	prices neighbours[trade]
	bars   *builder
}

// trade is a row and whether it follows nothing.
type trade struct {
	item[row.Trade]
	first bool
}

func (p *pair) newTradeCheck(t *track) check[row.Trade] {
	c := &tradeCheck{t: t, bars: p.builderOf(t.series.key)}
	c.prices = neighbours[trade]{side: quoteSide, judge: c.judge}
	return c
}

func (c *tradeCheck) row(it *item[row.Trade], first bool) {
	r := &it.v
	if r.Type == row.TradeVoid {
		c.t.find(Void, it.at, "trade %d is void: it takes an id but has no price and no quantity", r.ID)
	}
	price := r.Price
	if r.Type != row.TradeMarket {
		price = 0 // the others were agreed on, not found
	}
	c.prices.push(price, trade{*it, first})
}

func (c *tradeCheck) judge(t *trade, n *neighbours[trade]) {
	if r := &t.v; r.Type == row.TradeMarket {
		if m, off := n.off(r.Price, c.t.a.opt.TradePercent); off {
			c.t.find(Price, t.at, "a trade at %v among trades around %v", r.Price, m)
			c.bars.lack(stretch{t.when, t.when})
		}
	}
	c.bars.add(&t.item, t.first)
}

func (c *tradeCheck) end() {
	c.prices.end()
	c.bars.end()
}

// tickerCheck looks at best bids and asks, and gives those that can be to the book.
type tickerCheck struct {
	t      *track
	prices neighbours[item[row.Ticker]]
	book   *rebuilt
}

func (p *pair) newTickerCheck(t *track) check[row.Ticker] {
	c := &tickerCheck{t: t, book: p.rebuilt()}
	c.prices = neighbours[item[row.Ticker]]{side: quoteSide, judge: c.judge}
	return c
}

func (c *tickerCheck) row(it *item[row.Ticker], _ bool) {
	usual := max(it.v.Bid, it.v.Ask)
	if it.v.Bid != 0 && it.v.Ask != 0 {
		usual = it.v.Bid + (it.v.Ask-it.v.Bid)/2
	}
	c.prices.push(usual, *it)
}

func (c *tickerCheck) judge(it *item[row.Ticker], n *neighbours[item[row.Ticker]]) {
	r, most := &it.v, c.t.a.opt.TradePercent
	for _, price := range [...]exchange.Fixed{r.Bid, r.Ask} {
		if m, off := n.off(price, most); off && price != 0 {
			c.t.find(Price, it.at, "best bid %v and ask %v among prices around %v", r.Bid, r.Ask, m)
			return
		}
	}
	if r.Bid != 0 && r.Ask != 0 && r.Bid >= r.Ask {
		c.t.find(Crossed, it.at, "best bid %v is not below best ask %v", r.Bid, r.Ask)
		return
	}
	c.book.ticker(it)
}

func (c *tickerCheck) end() { c.prices.end() }

package journal

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// units are the price's and the quantity's of an instrument, 0 where it is not known.
func (c *codec) units(id exchange.InstrumentID) (tick, step exchange.Fixed) {
	m := c.memory.market(id)
	return m.tick, m.step
}

func (c *codec) orderUpdate(u *exchange.OrderUpdate) {
	tick, step := c.units(c.memory.inst)
	unsigned(c, &u.ID)
	unsigned(c, &u.Strategy)
	unsigned(c, &u.Ref)
	c.text(&u.ClientID)
	signed(c, &u.VenueID)
	unsigned(c, &u.Status)
	scaled(c, &u.Price, tick, 0)
	scaled(c, &u.Qty, step, 0)
	scaled(c, &u.Filled, step, 0)
	c.text(&u.Reason)
	signed(c, &u.Code)
	c.flag(&u.Retryable)
	c.text(&u.Child)
}

func (c *codec) fill(f *exchange.Fill) {
	tick, step := c.units(c.memory.inst)
	unsigned(c, &f.Order)
	unsigned(c, &f.Strategy)
	unsigned(c, &f.Ref)
	c.text(&f.ClientID)
	signed(c, &f.VenueID)
	signed(c, &f.TradeID)
	unsigned(c, &f.Side)
	unsigned(c, &f.PositionSide)
	scaled(c, &f.Price, tick, 0)
	scaled(c, &f.Qty, step, 0)
	c.flag(&f.Maker)
	c.decimal(&f.Fee)
	c.decimal(&f.Realized)
	c.text(&f.FeeAsset)
	unsigned(c, &f.Forced)
}

func (c *codec) ledger(l *exchange.LedgerEntry) {
	c.text(&l.Asset)
	unsigned(c, &l.Wallet)
	unsigned(c, &l.Reason)
	c.decimal(&l.Delta)
	c.decimal(&l.Balance)
	unsigned(c, &l.Order)
	unsigned(c, &l.Strategy)
}

func (c *codec) account(a *exchange.Account) {
	c.decimal(&a.Equity)
	c.decimal(&a.ActualEquity)
	c.decimal(&a.OpenLoss)
	c.decimal(&a.MaintMargin)
	c.decimal(&a.InitialMargin)
	c.decimal(&a.Available)
	c.decimal(&a.UniMMR)
	unsigned(c, &a.Status)
}

func (c *codec) actUpdate(u *exchange.ActUpdate) {
	unsigned(c, &u.ID)
	unsigned(c, &u.Strategy)
	unsigned(c, &u.Ref)
	unsigned(c, &u.Kind)
	c.text(&u.Asset)
	c.decimal(&u.Amount)
	unsigned(c, &u.Status)
	signed(c, &u.Transaction)
	signed(c, &u.Code)
	c.text(&u.Reason)
	c.flag(&u.Retryable)
}

func (c *codec) taskUpdate(u *exchange.TaskUpdate) {
	unsigned(c, &u.Strategy)
	unsigned(c, &u.Ref)
	unsigned(c, &u.Kind)
	unsigned(c, &u.Status)
	unsigned(c, &u.Inst)
	unsigned(c, &u.Hedge)
	c.decimal(&u.Coins)
	c.decimal(&u.Lead)
	c.decimal(&u.Hedged)
	signed(c, &u.Trigger)
	signed(c, &u.Qty)
	c.text(&u.Reason)
}

func (c *codec) lending(l *exchange.Lending) {
	c.text(&l.Asset)
	c.decimal(&l.Available)
	c.flag(&l.Known)
	c.decimal(&l.Hourly)
	c.flag(&l.Rated)
}

// What a survey has beside its incomes.
const (
	surveyedQueue = 1 << iota
	surveyedCopy
	surveyedRates
	surveyedUnknown // and above
)

func (c *codec) survey(s *exchange.Survey) {
	has := bit(s.Queue != nil, surveyedQueue) | bit(s.Copy != nil, surveyedCopy) | bit(len(s.Rates) > 0, surveyedRates)
	if c.octet(&has); has >= surveyedUnknown {
		c.fail(fmt.Errorf("a survey has the unknown parts %#x", has))
	}
	if !c.writing {
		if has&surveyedQueue != 0 {
			s.Queue = new(exchange.ADLQueue)
		}
		if has&surveyedCopy != 0 {
			s.Copy = new(exchange.Truth)
		}
	}
	if s.Queue != nil {
		list(c, &s.Queue.Places, (*codec).place)
	}
	part(c, &s.Income, func(c *codec, i *exchange.Income) {
		signed(c, &i.From)
		list(c, &i.Sums, (*codec).incomeSum)
	})
	if s.Copy != nil {
		c.truth(s.Copy)
	}
	if has&surveyedRates != 0 {
		list(c, &s.Rates, func(c *codec, r *exchange.CollateralRate) {
			c.text(&r.Asset)
			signed(c, &r.Rate)
		})
	}
}

// part is a part of a payload that may be left out.
func part[T any](c *codec, to **T, both func(*codec, *T)) {
	has := *to != nil
	if c.flag(&has); !has {
		return
	}
	if !c.writing {
		*to = new(T)
	}
	both(c, *to)
}

func (c *codec) place(p *exchange.Place) {
	unsigned(c, &p.Inst)
	unsigned(c, &p.Side)
	quantile := int64(p.Quantile)
	signed(c, &quantile)
	p.Quantile = int(quantile)
}

func (c *codec) incomeSum(s *exchange.IncomeSum) {
	c.text(&s.Asset)
	unsigned(c, &s.Wallet)
	unsigned(c, &s.Reason)
	c.decimal(&s.Sum)
}

func (c *codec) position(p *exchange.Position) {
	unsigned(c, &p.Inst)
	unsigned(c, &p.Side)
	c.decimal(&p.Qty)
	c.decimal(&p.Entry)
}

func (c *codec) truth(t *exchange.Truth) {
	signed(c, &t.At)
	list(c, &t.Orders, (*codec).truthOrder)
	list(c, &t.Positions, (*codec).position)
	list(c, &t.Balances, (*codec).truthBalance)
	c.account(&t.Account)
	list(c, &t.Foreign, (*codec).text)
}

func (c *codec) truthOrder(o *exchange.TruthOrder) {
	c.order(&o.Order)
	c.flag(&o.Ours)
}

func (c *codec) truthBalance(b *exchange.TruthBalance) {
	c.text(&b.Asset)
	unsigned(c, &b.Wallet)
	c.decimal(&b.Amount)
}

// truthDecision is what was made of a reading.
func (c *codec) truthDecision(d *exchange.TruthDecision) {
	list(c, &d.Differences, (*codec).difference)
	c.flag(&d.Sets)
	unsigned(c, &d.State)
}

func (c *codec) difference(d *exchange.Difference) {
	unsigned(c, &d.Kind)
	unsigned(c, &d.Remedy)
	unsigned(c, &d.Inst)
	unsigned(c, &d.Side)
	c.text(&d.Asset)
	unsigned(c, &d.Wallet)
	c.text(&d.Order)
	c.decimal(&d.Ours)
	c.decimal(&d.Theirs)
	c.text(&d.Text)
	signed(c, &d.Seen)
	c.flag(&d.Traded)
}

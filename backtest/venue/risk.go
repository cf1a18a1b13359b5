package venue

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// risk is the account's valuation, and what is remembered of it between events.
type risk struct {
	model *margin.Portfolio
	// line is the highest of the ladder: above it the account is Normal.
	line   exchange.Fixed
	status exchange.AccountStatus
	// touched says that money, positions or prices are no longer those that the status
	// was found with; booked that money has moved since the last account event, or that
	// the account could not be valued yet.
	touched, booked bool
	terms           LiquidationTerms
	// absorbed is what the insurance fund has taken over of the account's debts, in USD.
	absorbed decimal.Decimal
	// failed is the first error of the model.
	failed error
}

func newRisk(c Config) (risk, error) {
	if c.Tables == nil {
		return risk{}, errors.New("no margin tables")
	}
	tables := *c.Tables
	tables.LeverageDefault = c.Leverage
	model, err := margin.New(c.Instruments, &tables)
	if err != nil {
		return risk{}, err
	}
	must(model.SetShocks(nil)) // the exchange knows no shocks
	l := tables.Ladder
	if err := c.Liquidation.check(); err != nil {
		return risk{}, err
	}
	return risk{
		model: model, status: exchange.StatusNormal, terms: c.Liquidation,
		line: max(l.MarginCall, l.SupplyMargin, l.ReduceOnly, l.Liquidation),
	}, nil
}

// must is for calls on the model that can fail only by a bug of ours.
func must(err error) {
	if err != nil {
		panic("venue: " + err.Error())
	}
}

// must is for calls on the model that can fail only when a price, rate or quantity of the
// market data is absurd; see [Venue.Err].
func (v *Venue) must(err error) {
	if err != nil && v.risk.failed == nil {
		v.risk.failed = fmt.Errorf("venue: at %v the account outgrew what the margin model holds; look for a price, rate or quantity in the data that cannot be: %w", v.now, err)
	}
}

// Err says that the account cannot be valued any more: absurd market data has made an amount
// of 1e16 of an asset, or a position of 1e12. What the venue does from then on means nothing,
// so the owner must end the run.
func (v *Venue) Err() error { return v.risk.failed }

// priced tells the model a mark or an index price.
func (v *Venue) priced(e *exchange.Event) {
	switch e.Kind {
	case exchange.KindMark:
		if e.Mark().Price > 0 {
			v.must(v.risk.model.SetMark(e.Inst, e.Mark().Price))
		}
	case exchange.KindAssetIndex:
		if a := e.AssetIndex(); a.Price > 0 && a.Asset != "" {
			v.must(v.risk.model.SetIndex(a.Asset, a.Price))
		}
	}
}

// moved tells the model a balance.
func (v *Venue) moved(asset string, w exchange.Wallet, amount decimal.Decimal) {
	v.risk.touched, v.risk.booked = true, true
	v.must(v.risk.model.SetBalance(asset, w, amount))
}

// repositioned tells the model a position.
func (v *Venue) repositioned(p *exchange.Position) {
	v.risk.touched = true
	v.must(v.risk.model.SetPosition(*p))
}

// exposed tells the model how an open order stands now; conditional orders count only
// when they have triggered. The model knows orders by the venue's number, for a child has
// no other. Of an OCO it knows the list while both legs are open, and counts the worse.
func (v *Venue) exposed(o *order) {
	if o.paired() {
		o = o.parent
	}
	if o.Request.Type.Conditional() {
		return
	}
	if o.market.in.Product == exchange.Margin {
		v.risk.touched = true // open loss lowers uniMMR
	}
	v.must(v.risk.model.SetOrder(o.numbered()))
}

// released tells the model that an order is over.
func (v *Venue) released(o *order) {
	if o.market.in.Product == exchange.Margin {
		v.risk.touched = true
	}
	v.risk.model.RemoveOrder(exchange.OrderID(o.VenueID))
}

// numbered is the order under the venue's number. What it needs to borrow was borrowed
// when it was placed.
func (o *order) numbered() exchange.Order {
	n := o.Order
	n.ID = exchange.OrderID(o.VenueID)
	if o.root().loan != nil {
		n.Request.SideEffect = exchange.NoSideEffect
		if o.repays() {
			n.Request.SideEffect = exchange.AutoRepay
		}
	}
	return n
}

// admitAccount checks what the account's status lets it do.
func (v *Venue) admitAccount(o *order) cause {
	switch r := &o.Request; {
	case v.risk.status >= exchange.StatusActiveLiquidation:
		return errLiquidation
	case v.risk.status != exchange.StatusReduceOnly:
	case o.market.in.Product == exchange.Margin:
		if !o.repays() {
			return errReduceAccount
		}
	case !r.ReduceOnly && !r.ClosePosition && o.Remaining() > o.held():
		return errReduceAccount
	}
	return cause{}
}

// admitMargin checks that the account can carry what an order adds to what it must hold,
// and every position its leverage, as [margin.Portfolio.Admit] weighs them.
func (v *Venue) admitMargin(o *order) cause {
	m := o.market
	v.lend(m)
	a, err := v.risk.model.Admit(o.numbered(), m.last, m.best(o.Request.Side))
	switch cost := a.Cost(); {
	case err != nil:
		return errMargin
	case cost.IsPositive() && cost.GreaterThan(a.Available):
		return errMargin
	case len(a.Breaches) > 0:
		return errLeverage
	}
	return cause{}
}

// lend gives the model the last price of an instrument whose mark has not been seen.
func (v *Venue) lend(m *market) {
	if m.mark == 0 && m.last > 0 && m.in.Product != exchange.Margin {
		v.must(v.risk.model.SetMark(m.in.ID, m.last))
	}
}

// lendAll does so wherever there is a position.
func (v *Venue) lendAll() {
	for i := 1; i < len(v.markets); i++ {
		if m := &v.markets[i]; !m.flat() {
			v.lend(m)
		}
	}
}

// assess values the account. What has no price yet counts as nothing.
func (v *Venue) assess() exchange.Account {
	v.lendAll()
	a := v.risk.model.Account()
	if v.risk.status == exchange.StatusBankrupted && !a.Equity.IsPositive() {
		a.Status = exchange.StatusBankrupted // empty, until somebody pays in
	}
	return a
}

// value ends a call. When something has changed, or a price has left the band in which
// nothing can, the account's status is found anew, and told and acted on if it is another
// one. When money has moved, an account event follows as soon as every price that it
// needs is known.
func (v *Venue) value() {
	r := &v.risk
	if !r.touched {
		return
	}
	r.touched = false
	// Safe also seeks the band in which coming marks are quiet, so it is always asked.
	if safe := r.model.Safe(r.line); safe && !r.booked && r.status == exchange.StatusNormal {
		return
	}
	a := v.assess()
	if r.model.Missing() != nil {
		return
	}
	if a.Status != r.status {
		a = v.respond(a)
		r.touched = false
	}
	if r.booked {
		r.booked = false
		v.emit(0).SetAccount(v.out.accounts.put(a))
	}
}

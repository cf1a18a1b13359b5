package strategytest

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// check says what is wrong with a wish, whatever the exchange would answer.
func (d *desk) check(i *exchange.Intent) (faults []string) {
	bad := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	view := d.rt.View()
	switch i.Kind {
	case exchange.IntentNew:
		if !d.ins.Has(i.Request.Inst) {
			bad("it is of no instrument")
			return faults
		}
		faults = append(faults, d.checkOrder(&i.Request)...)
	case exchange.IntentAmend:
		o := d.find(i.Ref)
		if o == nil {
			return nil // it may have ended before the strategy could know
		}
		r := o.want
		r.Price, r.Qty = i.Request.Price, i.Request.Qty
		faults = append(faults, d.checkOrder(&r)...)
	case exchange.IntentCancel:
		if i.Ref == 0 || i.Ref > d.rt.LastRef() {
			bad("no order has that ref")
		}
		return faults
	case exchange.IntentPair, exchange.IntentProtect:
		if wrong := d.checkTask(i); wrong != "" {
			bad("%s", wrong)
			return faults
		}
	case exchange.IntentBorrow, exchange.IntentRepay:
		if !d.manifest.Borrow && i.Kind == exchange.IntentBorrow {
			bad("the manifest does not say Borrow")
		}
		if i.Amount <= 0 {
			bad("an amount must be above 0")
		}
	default:
		return nil
	}
	if view.Warming() {
		bad("sent during the warm-up, where all orders are refused: ask env.Warming()")
	}
	if d.ins.Has(i.Request.Inst) && view.State(d.ins.At(i.Request.Inst)) == exchange.Halted && i.Kind == exchange.IntentNew && !i.Request.Protects() {
		bad("sent while trading is halted, where all orders are refused: ask env.State(in)")
	}
	return faults
}

// checkOrder holds an order against the manifest and the filters of its instrument.
func (d *desk) checkOrder(r *exchange.OrderRequest) (faults []string) {
	bad := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	in, m := d.ins.At(r.Inst), &d.manifest
	if len(m.Products) > 0 && !slices.Contains(m.Products, in.Product) {
		bad("the manifest declares %v and not %v", m.Products, in.Product)
	}
	if len(m.OrderTypes) > 0 && !slices.Contains(m.OrderTypes, r.Type) {
		bad("the manifest declares %v and not %v", m.OrderTypes, r.Type)
	}
	if r.SideEffect != 0 && r.SideEffect != exchange.AutoRepay && !m.Borrow {
		bad("it borrows, and the manifest does not say Borrow")
	}
	if r.Qty != 0 || !r.ClosePosition && r.QuoteQty == 0 {
		lot := in.LotFor(r.Type)
		switch {
		case r.Qty <= 0 || r.Qty < lot.Min:
			bad("quantity %v is below the least, %v: bring it to the grid by strategy.Lots", r.Qty, lot.Min)
		case lot.Max > 0 && r.Qty > lot.Max:
			bad("quantity %v is above the most, %v: bring it to the grid by strategy.Lots", r.Qty, lot.Max)
		case !r.Qty.IsMultipleOf(lot.Step, lot.Min):
			bad("quantity %v is not on the grid of %v: bring it there by strategy.Lots", r.Qty, lot.Step)
		}
	}
	for _, p := range []struct {
		name  string
		price exchange.Fixed
		must  bool
	}{{"price", r.Price, r.Type == exchange.Limit && r.PriceMatch == 0}, {"trigger", r.Trigger, false}, {"stop price", r.StopPrice, false}} {
		switch {
		case p.price < 0 || p.price == 0 && p.must:
			bad("%s %v must be above 0", p.name, p.price)
		case p.price != 0 && !p.price.IsMultipleOf(in.Tick, 0):
			bad("%s %v is not on the grid of %v: bring it there by Round(in.Tick, ...) or strategy.Snap", p.name, p.price, in.Tick)
		case p.price != 0 && (p.price < in.PriceMin || in.PriceMax > 0 && p.price > in.PriceMax):
			bad("%s %v is beyond %v to %v", p.name, p.price, in.PriceMin, in.PriceMax)
		}
	}
	return append(faults, d.checkNotional(in, r)...)
}

// checkNotional holds the value against the least that the exchange takes, at the price
// that it would take: the limit's, the trigger's, else the mark or the last price.
func (d *desk) checkNotional(in *exchange.Instrument, r *exchange.OrderRequest) []string {
	if in.NotionalMin == 0 || r.ReduceOnly || r.ClosePosition || r.QuoteQty != 0 {
		return nil
	}
	view, price := d.rt.View(), r.Price
	for _, p := range []exchange.Fixed{r.Trigger, view.Mark(in).Price, view.Last(in), view.Quote(in).Mid()} {
		if price == 0 {
			price = p
		}
	}
	if n := in.Notional(r.Qty, price); price != 0 && n.LessThan(in.NotionalMin.Decimal()) {
		return []string{fmt.Sprintf("its value of %v %s is below the least, %v", n, in.Quote, in.NotionalMin)}
	}
	return nil
}

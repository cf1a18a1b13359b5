package venue

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// What the exchange changes while an account trades. Each method lets an instant come,
// makes the change and values the account anew; an error names what is wrong with the
// change, which then is not made. The tables that the venue was made of stay as they are.

// SetCollateral gives an asset another collateral schedule. What is held of it counts at
// the new rates at once.
func (v *Venue) SetCollateral(asset string, s margin.Schedule, at exchange.Time) error {
	v.open(at)
	if err := v.risk.model.SetCollateral(asset, s); err != nil {
		return fmt.Errorf("venue: %w", err)
	}
	v.revalue()
	return nil
}

// SetCollateralRate gives an asset one rate for any holding.
func (v *Venue) SetCollateralRate(asset string, rate exchange.Fixed, at exchange.Time) error {
	return v.SetCollateral(asset, margin.Flat(rate, v.CollateralOf(asset).Source), at)
}

// SetBrackets gives a futures instrument other maintenance brackets; see
// [margin.Portfolio.SetBrackets].
func (v *Venue) SetBrackets(inst exchange.InstrumentID, b margin.Brackets, at exchange.Time) error {
	v.open(at)
	if err := v.risk.model.SetBrackets(inst, b); err != nil {
		return fmt.Errorf("venue: %w", err)
	}
	v.revalue()
	return nil
}

// ScaleBrackets moves the edges of a futures instrument's brackets by a factor of what they
// are now, as a change of the account's notionalCoef does: at 0.5 every maintenance rate
// begins at half the size.
func (v *Venue) ScaleBrackets(inst exchange.InstrumentID, factor exchange.Fixed, at exchange.Time) error {
	b, err := v.risk.model.Brackets(inst).Scaled(factor)
	if err != nil {
		v.open(at)
		return fmt.Errorf("venue: %w", err)
	}
	return v.SetBrackets(inst, b, at)
}

// revalue ends a change of what the account's value rests on.
func (v *Venue) revalue() {
	v.risk.touched = true
	v.value()
}

// symbolStatus are Binance's words for the state of a symbol, and whether positions are
// settled with it.
var symbolStatus = [...]struct {
	word    string
	settles bool
}{
	{exchange.StatusTrading, false}, {"PENDING_TRADING", false}, {"PRE_DELIVERING", false}, {"DELIVERING", false},
	{"DELIVERED", true}, {"PRE_SETTLE", false}, {"SETTLING", true}, {"CLOSE", true},
	{"HALT", false}, {"BREAK", false}, {"END_OF_DAY", false},
}

// SymbolStatus says whether a word is one of Binance's for the state of a symbol.
func SymbolStatus(word string) bool {
	_, known := statusOf(word)
	return known
}

// statusOf says whether a word is known, and whether positions are settled with it.
func statusOf(word string) (settles, known bool) {
	for _, s := range symbolStatus {
		if s.word == word {
			return s.settles, true
		}
	}
	return false, false
}

// SetStatus gives a symbol another status, one of Binance's words. In any but TRADING no
// new orders pass and the open ones expire. SETTLING, DELIVERED and CLOSE close positions at
// the mark, under client ids that begin with "settlement_autoclose-" and with the taker fee,
// which is assumed: Binance settles a delisted contract at an average of its index price,
// which no tape tells.
func (v *Venue) SetStatus(inst exchange.InstrumentID, status string, at exchange.Time) error {
	v.open(at)
	m, err := v.changeable(inst)
	if err != nil {
		return err
	}
	settles, known := statusOf(status)
	if !known {
		return fmt.Errorf("venue: status %q of %s is none of Binance's, such as TRADING or SETTLING", status, m.in.Name())
	}
	in := *m.in
	in.Status = status
	m.in = &in
	if status != exchange.StatusTrading {
		v.cancelAll(func(other *market) bool { return other == m }, errSymbolEnded)
	}
	if settles {
		v.settle(m, m.valuation())
	}
	v.value()
	return nil
}

// settle closes every position in a symbol at a price, with the taker's fee. Without a price
// there cannot be a position.
func (v *Venue) settle(m *market, price exchange.Fixed) {
	for leg := range m.legs {
		if price > 0 && !m.legs[leg].Qty.IsZero() {
			o := v.force(m, m.closing(exchange.PositionSide(leg)), "settlement_autoclose-")
			v.fill(o, execution{price: price, qty: unlimited, forced: exchange.ForcedDelivery})
		}
	}
}

// SetFilter lets a symbol's order rules be changed: prices, lots, notional, percent price,
// order counts, protections and the clearance fee. Resting orders stay as they are. What
// makes the instrument what it is, its status included, must not change, and no number may
// turn negative.
func (v *Venue) SetFilter(inst exchange.InstrumentID, change func(*exchange.Instrument), at exchange.Time) error {
	v.open(at)
	m, err := v.changeable(inst)
	if err != nil {
		return err
	}
	in := *m.in
	in.OrderTypes, in.TimesInForce = slices.Clone(in.OrderTypes), slices.Clone(in.TimesInForce)
	change(&in)
	if identity(&in) != identity(m.in) {
		return fmt.Errorf("venue: filters of %s: the change is to the instrument itself; change order rules only", m.in.Name())
	}
	for _, n := range [...]exchange.Fixed{
		in.PriceMin, in.PriceMax, in.Tick, in.Lot.Min, in.Lot.Max, in.Lot.Step, in.MarketLot.Min, in.MarketLot.Max,
		in.MarketLot.Step, in.NotionalMin, in.PercentUp, in.PercentDown, in.TriggerProtect, in.MarketTakeBound,
		in.LiquidationFee, exchange.Fixed(in.OrdersMax), exchange.Fixed(in.AlgoOrdersMax),
	} {
		if n < 0 {
			return fmt.Errorf("venue: filters of %s: a rule is negative; 0 is no rule", m.in.Name())
		}
	}
	m.in = &in
	v.value()
	return nil
}

// identity is what an instrument cannot change without being another one.
func identity(in *exchange.Instrument) (id struct {
	id                                                  exchange.InstrumentID
	product                                             exchange.Product
	symbol, pair, base, quote, margin, contract, status string
	size                                                exchange.Fixed
	onboard, delivery                                   exchange.Time
}) {
	id.id, id.product, id.size, id.onboard, id.delivery = in.ID, in.Product, in.ContractSize, in.Onboard, in.Delivery
	id.symbol, id.pair, id.base, id.quote = in.Symbol, in.Pair, in.Base, in.Quote
	id.margin, id.contract, id.status = in.MarginAsset, in.ContractType, in.Status
	return id
}

func (v *Venue) changeable(inst exchange.InstrumentID) (*market, error) {
	if !v.ins.Has(inst) {
		return nil, fmt.Errorf("venue: no instrument %d; the table has %d", inst, v.ins.Len())
	}
	return &v.markets[inst], nil
}

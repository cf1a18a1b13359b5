package margin

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Tables are the numbers that Binance sets and changes: collateral rates, brackets,
// loan terms, fees and the lines of the risk ladder. Live they are read from papi and
// sapi; a backtest, for which no history of them exists, starts from [Assumed]. A
// [Portfolio] copies them and follows later changes through its setters, such as
// [Portfolio.SetCollateral]; do not change Tables that something has been made of.
type Tables struct {
	// Collateral is the schedule of an asset. An asset that is not listed is worth
	// nothing as collateral and counts in full as a debt.
	Collateral map[string]Schedule
	// UM and CM are the maintenance brackets by symbol, as [DecodeBrackets] reads them. A
	// dated contract without its own uses its perpetual's.
	UM, CM map[string]Brackets
	// Loan is the maintenance rate of a margin loan by the leverage of its asset, and
	// LoanLeverage that leverage: LoanLeverageDefault where an asset is not listed.
	Loan                []LoanRate
	LoanSource          Source
	LoanLeverage        map[string]int
	LoanLeverageDefault int
	LoanLeverageSource  Source
	// LeverageDefault is the leverage of a futures symbol until SetLeverage; a symbol
	// whose first bracket allows less starts there.
	LeverageDefault int
	LeverageSource  Source
	// UMLeverage and CMLeverage are the leverages that the account has set, by symbol; of what
	// is not listed it is LeverageDefault.
	UMLeverage, CMLeverage map[string]int
	// Fees are the account's commission rates. The model charges the taker's.
	Fees map[exchange.Product]Fee
	// Interest is the hourly rate of loans and negative balances by asset, for venues;
	// the model itself charges none.
	Interest       map[string]exchange.Fixed
	InterestSource Source
	// Ladder has the lines of uniMMR at which the account's status changes.
	Ladder Ladder
	// Stables are assets whose index does not move with any coin; a shock depegs them.
	Stables []string
	// Collar is how much worse than the mark a market order is taken to fill.
	Collar exchange.Fixed
}

// Source tells where numbers come from.
type Source struct {
	// Text names the document or endpoint, Date the day or month of its state.
	Text, Date string
	// Assumed says that nobody has published the numbers for this use: they are
	// plausible, and a result that rests on them must say so.
	Assumed bool
}

// Schedule is the collateral rate of an asset in tiers like tax brackets: each part of
// the holding counts at the rate of its own tier.
type Schedule struct {
	Tiers []Tier
	// ByValue says that the edges are dollars of the holding and not units of the asset.
	ByValue bool
	Source  Source
}

// Tier is one step of a [Schedule], from the cap of the one before, or 0, up to Cap. A
// Cap of 0 has no end; what exceeds the last Cap is worth nothing as collateral.
type Tier struct {
	Cap, Rate exchange.Fixed
}

// Flat is the schedule of plain Portfolio Margin: one rate for any holding.
func Flat(rate exchange.Fixed, s Source) Schedule {
	return Schedule{Tiers: []Tier{{Rate: rate}}, Source: s}
}

// LoanRate is the maintenance rate of loans in assets of a leverage.
type LoanRate struct {
	Leverage int
	MMR      exchange.Fixed
}

// Fee is the commission of a product as ratios of the notional. A rebate is negative.
type Fee struct {
	Maker, Taker exchange.Fixed
	Source       Source
}

// Ladder are the lines of uniMMR: a status holds at its line and below. A line of 0 is
// not drawn. Plain Portfolio Margin draws ReduceOnly at 1.2 and Liquidation at 1.05.
type Ladder struct {
	MarginCall, SupplyMargin, ReduceOnly, Liquidation exchange.Fixed
	Source                                            Source
}

// check finds what would make the model nonsense, naming it.
func (t *Tables) check() error {
	for _, asset := range sortedKeys(t.Collateral) {
		if err := t.Collateral[asset].check(); err != nil {
			return fmt.Errorf("collateral schedule of %s: %w", asset, err)
		}
	}
	for _, l := range t.Loan {
		if l.Leverage < 2 || l.MMR < 0 || l.MMR > exchange.FixedOne {
			return fmt.Errorf("loan rate for leverage %d: want a leverage of 2 or more and a rate in 0..1, not %v", l.Leverage, l.MMR)
		}
	}
	for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
		if f := t.Fees[p].Taker; f < -exchange.FixedOne || f > exchange.FixedOne {
			return fmt.Errorf("taker fee of %v: want a ratio within -1..1, not %v", p, f)
		}
	}
	if t.Collar < 0 || t.Collar >= exchange.FixedOne {
		return fmt.Errorf("collar of market orders: want a ratio from 0 to below 1, not %v", t.Collar)
	}
	if t.LeverageDefault < 1 {
		return fmt.Errorf("default leverage: want 1 or more, not %d", t.LeverageDefault)
	}
	return nil
}

func (s Schedule) check() error {
	floor := exchange.Fixed(0)
	before := exchange.FixedOne
	for i, t := range s.Tiers {
		if t.Rate < 0 || t.Rate > exchange.FixedOne {
			return fmt.Errorf("tier %d: rate %v is not in 0..1", i+1, t.Rate)
		}
		if t.Rate > before {
			return fmt.Errorf("tier %d: rate %v is above the tier before it", i+1, t.Rate)
		}
		if t.Cap != 0 && t.Cap <= floor || t.Cap == 0 && i != len(s.Tiers)-1 {
			return fmt.Errorf("tier %d: cap %v does not lie above %v", i+1, t.Cap, floor)
		}
		floor, before = t.Cap, t.Rate
	}
	return nil
}

// LoanLeverageOf is the leverage of loans in an asset: its own, or the default.
func (t *Tables) LoanLeverageOf(asset string) int {
	if leverage, ok := t.LoanLeverage[asset]; ok {
		return leverage
	}
	return t.LoanLeverageDefault
}

// loanTerms returns the leverage and maintenance rate of loans in an asset.
func (t *Tables) loanTerms(asset string) (leverage int, mmr exchange.Fixed, err error) {
	leverage = t.LoanLeverageOf(asset)
	for _, l := range t.Loan {
		if l.Leverage == leverage {
			return leverage, l.MMR, nil
		}
	}
	return 0, 0, fmt.Errorf("loans in %s: no maintenance rate for leverage %d; add it to the loan table", asset, leverage)
}

// brackets returns those of a futures instrument and whether they are borrowed from its
// perpetual.
func (t *Tables) brackets(in *exchange.Instrument) (b Brackets, borrowed, ok bool) {
	table, perpetual := t.UM, in.Pair
	if in.Product == exchange.CM {
		table, perpetual = t.CM, in.Pair+"_PERP"
	}
	if b, ok = table[in.Symbol]; ok {
		return b, false, true
	}
	b, ok = table[perpetual]
	return b, true, ok
}

// Warnings lists, one line each and in a fixed order, the assumed values that a run over
// these instruments and assets rests on, for the WARNINGS of console and report. Interest
// rates are not among them: the model charges none.
func (t *Tables) Warnings(ins *exchange.Instruments, assets []string) []string {
	var lines []string
	note := func(what string, s Source) {
		if s.Assumed {
			lines = append(lines, fmt.Sprintf("%s: %s, %s", what, s.Text, s.Date))
		}
	}
	for _, in := range ins.All() {
		if in.Product == exchange.Margin {
			continue
		}
		b, borrowed, _ := t.brackets(&in)
		note("maintenance brackets of "+in.Name(), b.Source)
		if borrowed {
			lines = append(lines, fmt.Sprintf("maintenance brackets of %s: those of its perpetual", in.Name()))
		}
	}
	assets = slices.Compact(slices.Sorted(slices.Values(assets)))
	for _, a := range assets {
		s, ok := t.Collateral[a]
		if !ok {
			lines = append(lines, fmt.Sprintf("collateral rate of %s: not known, taken as 0", a))
		}
		note("collateral rate of "+a, s.Source)
	}
	for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
		if slices.ContainsFunc(ins.All(), func(in exchange.Instrument) bool { return in.Product == p }) {
			note("fees of "+p.String(), t.Fees[p].Source)
		}
	}
	note("loan maintenance rates", t.LoanSource)
	note("loan leverage", t.LoanLeverageSource)
	note("symbol leverage", t.LeverageSource)
	note("risk ladder", t.Ladder.Source)
	return lines
}

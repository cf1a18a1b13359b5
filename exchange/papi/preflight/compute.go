package preflight

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Prices move between the reads, and the exchange rounds: what differs by less than
// differenceGood is taken to be equal, and from differenceMax on our picture is wrong.
var (
	differenceGood = decimal.RequireFromString("0.005")
	differenceMax  = decimal.RequireFromString("0.02")
)

// computed compares the account as our model values it with what the exchange reports.
func computed(f *Facts, w *Want) Verdict {
	if err := errors.Join(f.Account.Err, f.Balances.Err, f.UM.Err, f.CM.Err, f.Indexes.Err); err != nil {
		return unknown(err)
	}
	p, strangers, err := model(f, w)
	if err != nil {
		return fail("model", "report it with the answers of papi: the model must be able to hold every account", "the account cannot be computed: %v", err)
	}
	if len(strangers) > 0 {
		return warn("model-partial", "add them to the instruments of the run; until then the guard does not see their risk", "not compared, for these are not among the instruments of the run: %s", some(strangers))
	}
	if err := p.Missing(); err != nil {
		return warn("model-price", "the guard refuses orders until the price comes", "not compared: %v", err)
	}
	mine, theirs := p.Account(), &f.Account.Value
	worst, where := decimal.Zero, "nothing"
	for _, x := range [...]struct {
		name         string
		mine, theirs decimal.Decimal
	}{
		{"equity", mine.Equity, theirs.AccountEquity},
		{"actual equity", mine.ActualEquity, theirs.ActualEquity},
		{"maintenance margin", mine.MaintMargin, theirs.AccountMaintMargin},
	} {
		if d := difference(x.mine, x.theirs); d.GreaterThan(worst) {
			worst, where = d, fmt.Sprintf("%s: computed %v, reported %v", x.name, x.mine.Round(8), x.theirs)
		}
	}
	const cure = "look at the tables below; a collateral rate or bracket that Binance has changed, an asset or position that it does not list, or the delta mode explain most differences"
	percent := worst.Mul(decimal.NewFromInt(100)).Round(2)
	switch {
	case worst.GreaterThanOrEqual(differenceMax):
		return fail("account-differs", cure, "our model and Binance differ by %v%% (%s)", percent, where)
	case worst.GreaterThanOrEqual(differenceGood):
		return warn("account-drifts", cure, "our model and Binance differ by %v%% (%s)", percent, where)
	}
	if percent.IsZero() {
		return ok("account-equal", "our model and Binance agree")
	}
	return ok("account-equal", "our model and Binance agree to %v%%", percent)
}

// difference is |a-b| as a ratio of the larger amount; amounts below a dollar are nothing.
func difference(a, b decimal.Decimal) decimal.Decimal {
	most := decimal.Max(a.Abs(), b.Abs())
	if most.LessThan(decimal.NewFromInt(1)) {
		return decimal.Zero
	}
	return a.Sub(b).Abs().DivRound(most, 16)
}

// tables names what our model takes from embedded tables, because Binance did not say.
func tables(f *Facts, w *Want) Verdict {
	t := f.Tables()
	var assets []string
	for _, b := range f.Balances.Value {
		assets = append(assets, b.Asset)
	}
	slices.Sort(assets)
	if notes := t.Warnings(w.Instruments, assets); len(notes) > 0 {
		return warn("tables-assumed", "what is assumed is plausible and not Binance's: keep a wide uniMMR floor, or give the numbers in the configuration", "%s", strings.Join(notes, "; "))
	}
	return ok("tables-read", "brackets, collateral rates and loan leverages are those that Binance answers")
}

// Tables are the embedded tables of the margin model with everything that Binance answered in
// its place; each number tells its source.
func (f *Facts) Tables() *margin.Tables {
	t := *margin.Assumed()
	day := f.At.UTC().Format(time.DateOnly)
	t.UM, t.CM = maps.Clone(t.UM), maps.Clone(t.CM)
	for _, b := range f.UMBrackets.Value {
		if tiers, ok := umTiers(b); ok {
			t.UM[b.Symbol] = margin.Brackets{Product: exchange.UM, Tiers: tiers, Source: margin.Source{Text: "papi um/leverageBracket", Date: day}}
		}
	}
	for _, b := range f.CMBrackets.Value {
		if tiers, ok := cmTiers(b); ok {
			t.CM[b.Symbol] = margin.Brackets{Product: exchange.CM, Tiers: tiers, Source: margin.Source{Text: "papi cm/leverageBracket", Date: day}}
		}
	}
	if f.Rates.Known() {
		t.Collateral = map[string]margin.Schedule{}
		for _, r := range f.Rates.Value {
			if rate, err := exchange.FixedFromDecimal(r.CollateralRate, exchange.RoundFloor); err == nil {
				t.Collateral[r.Asset] = margin.Flat(rate, margin.Source{Text: "sapi portfolio/collateralRate", Date: day})
			}
		}
	}
	if f.Leverages.Known() {
		t.LoanLeverage = map[string]int{}
		for _, l := range f.Leverages.Value {
			t.LoanLeverage[l.Asset] = int(l.Leverage)
		}
		t.LoanLeverageSource = margin.Source{Text: "sapi portfolio/margin-asset-leverage", Date: day}
	}
	f.leverages(&t, day)
	t.Fees = maps.Clone(t.Fees)
	for _, x := range [...]struct {
		product exchange.Product
		fees    *Fact[papi.CommissionRate]
		text    string
	}{{exchange.UM, f.UMFees, "papi um/commissionRate"}, {exchange.CM, f.CMFees, "papi cm/commissionRate"}} {
		if x.fees == nil || !x.fees.Known() {
			continue
		}
		maker, err1 := exchange.FixedFromDecimal(x.fees.Value.MakerCommissionRate, exchange.RoundHalfUp)
		taker, err2 := exchange.FixedFromDecimal(x.fees.Value.TakerCommissionRate, exchange.RoundHalfUp)
		if err1 == nil && err2 == nil {
			t.Fees[x.product] = margin.Fee{Maker: maker, Taker: taker, Source: margin.Source{Text: x.text, Date: day}}
		}
	}
	return &t
}

// leverages are what the account has set of each symbol. Where Binance did not say, the
// default stands in for all, and is assumed.
func (f *Facts) leverages(t *margin.Tables, day string) {
	t.LeverageSource = margin.Source{Text: "papi um/symbolConfig and cm/account", Date: day}
	if err := errors.Join(f.UMSymbols.Err, f.CMSide.Err); err != nil {
		t.LeverageSource = margin.Source{Text: fmt.Sprintf("%d where Binance did not tell it", t.LeverageDefault), Date: day, Assumed: true}
	}
	t.UMLeverage, t.CMLeverage = map[string]int{}, map[string]int{}
	for _, s := range f.UMSymbols.Value {
		t.UMLeverage[s.Symbol] = int(s.Leverage)
	}
	for _, p := range f.CMSide.Value.Positions {
		t.CMLeverage[p.Symbol] = int(p.Leverage)
	}
}

// model is the account as papi tells it, in our margin model. Strangers are positions of
// instruments that the run does not have.
func model(f *Facts, w *Want) (p *margin.Portfolio, strangers []string, err error) {
	if p, err = margin.New(w.Instruments, f.Tables()); err != nil {
		return nil, nil, err
	}
	if err := p.SetShocks(nil); err != nil {
		return nil, nil, err
	}
	for _, x := range f.Indexes.Value {
		if price, err := exchange.FixedFromDecimal(x.AssetIndexPrice, exchange.RoundHalfUp); err == nil && price > 0 {
			if err := p.SetIndex(x.Asset, price); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, b := range f.Balances.Value {
		if err := setBalances(p, &b); err != nil {
			return nil, nil, err
		}
	}
	take := func(product exchange.Product, symbol string, side papi.PositionSide, qty, entry, mark decimal.Decimal) error {
		in, err := w.Instruments.Find(product, symbol)
		leg, known := side.Known()
		switch {
		case qty.IsZero():
			return nil
		case err != nil || !known:
			strangers = append(strangers, fmt.Sprintf("%v %s %v", product, symbol, qty))
			return nil
		}
		price, err := exchange.FixedFromDecimal(mark, exchange.RoundHalfUp)
		if err != nil {
			return fmt.Errorf("mark of %s: %w", in.Name(), err)
		}
		if err := p.SetMark(in.ID, price); err != nil {
			return err
		}
		return p.SetPosition(exchange.Position{Inst: in.ID, Side: leg, Qty: qty, Entry: entry})
	}
	for _, x := range f.UM.Value {
		if err := take(exchange.UM, x.Symbol, x.PositionSide, x.PositionAmt, x.EntryPrice, x.MarkPrice); err != nil {
			return nil, nil, err
		}
	}
	for _, x := range f.CM.Value {
		if err := take(exchange.CM, x.Symbol, x.PositionSide, x.PositionAmt, x.EntryPrice, x.MarkPrice); err != nil {
			return nil, nil, err
		}
	}
	return p, strangers, nil
}

// setBalances tells the model one asset: papi's cross margin amount is free and locked.
func setBalances(p *margin.Portfolio, b *papi.Balance) error {
	for _, x := range [...]struct {
		wallet exchange.Wallet
		amount decimal.Decimal
	}{
		{exchange.WalletMargin, b.CrossMarginFree.Add(b.CrossMarginLocked)},
		{exchange.WalletUM, b.UMWalletBalance},
		{exchange.WalletCM, b.CMWalletBalance},
		{exchange.WalletLoan, b.CrossMarginBorrowed},
		{exchange.WalletInterest, b.CrossMarginInterest},
	} {
		if x.amount.IsZero() {
			continue
		}
		if err := p.SetBalance(b.Asset, x.wallet, x.amount); err != nil {
			return fmt.Errorf("balance of %s: %w", b.Asset, err)
		}
	}
	return nil
}

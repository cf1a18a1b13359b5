package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// act is what is done on a venue beside market events and orders: by the account, such as
// a transfer, by the exchange, such as a change of a rate, or by the clock. The error is
// the exchange's refusal.
type act interface {
	do(v *Venue, at exchange.Time) error
}

// clockAct lets what is due happen.
type clockAct struct{}

func (clockAct) do(v *Venue, at exchange.Time) error {
	v.Advance(at)
	return nil
}

// moneyAct is what the account itself does with money: deposit, withdraw, transfer, borrow
// or repay.
type moneyAct struct {
	kind, asset string
	from, to    exchange.Wallet
	amount      decimal.Decimal
}

func (a moneyAct) do(v *Venue, at exchange.Time) error {
	switch a.kind {
	case "deposit":
		return v.Deposit(a.asset, a.amount, at)
	case "withdraw":
		return v.Withdraw(a.asset, a.amount, at)
	case "borrow":
		return v.Borrow(a.asset, a.amount, at)
	case "repay":
		return v.Repay(a.asset, a.amount, at)
	default:
		return v.Transfer(a.asset, a.from, a.to, a.amount, at)
	}
}

// rateAct changes the interest of an asset, stockAct what there is to borrow of it.
type rateAct struct {
	asset  string
	hourly exchange.Fixed
}

func (a rateAct) do(v *Venue, at exchange.Time) error { return v.SetInterest(a.asset, a.hourly, at) }

type stockAct struct {
	asset  string
	amount decimal.Decimal
}

func (a stockAct) do(v *Venue, at exchange.Time) error {
	v.SetBorrowable(a.asset, a.amount, at)
	return nil
}

type feesAct struct {
	product exchange.Product
	fees    Fees
}

func (a feesAct) do(v *Venue, at exchange.Time) error { return v.SetFees(a.product, a.fees, at) }

type collateralAct struct {
	asset    string
	schedule margin.Schedule
}

func (a collateralAct) do(v *Venue, at exchange.Time) error {
	return v.SetCollateral(a.asset, a.schedule, at)
}

// bracketsAct replaces brackets, or moves their edges by a factor.
type bracketsAct struct {
	inst   exchange.InstrumentID
	factor exchange.Fixed
	tiers  []margin.Bracket
}

func (a bracketsAct) do(v *Venue, at exchange.Time) error {
	if a.tiers != nil {
		return v.SetBrackets(a.inst, margin.Brackets{Product: v.ins.At(a.inst).Product, Tiers: a.tiers}, at)
	}
	return v.ScaleBrackets(a.inst, a.factor, at)
}

type filterAct struct {
	inst   exchange.InstrumentID
	change func(*exchange.Instrument)
}

func (a filterAct) do(v *Venue, at exchange.Time) error { return v.SetFilter(a.inst, a.change, at) }

type statusAct struct {
	inst   exchange.InstrumentID
	status string
}

func (a statusAct) do(v *Venue, at exchange.Time) error { return v.SetStatus(a.inst, a.status, at) }

type adlAct struct {
	inst  exchange.InstrumentID
	side  exchange.PositionSide
	share exchange.Fixed
}

func (a adlAct) do(v *Venue, at exchange.Time) error { return v.ADL(a.inst, a.side, a.share, at) }

type leverageAct struct {
	inst     exchange.InstrumentID
	leverage int
}

func (a leverageAct) do(v *Venue, at exchange.Time) error {
	return v.SetLeverage(a.inst, a.leverage, at)
}

type modeAct struct{ hedge bool }

func (a modeAct) do(v *Venue, at exchange.Time) error { return v.SetPositionMode(a.hedge, at) }

// act does something beside orders now.
func (g *generator) act(a act) { g.ops = append(g.ops, op{at: g.at, act: a}) }

var walletAssets = []string{"USDT", "BTC", "ETH", "BNB"}

func (g *generator) asset() string { return walletAssets[g.rng.IntN(len(walletAssets))] }

// money is an amount below most dollars, in an asset, with eight decimals.
func (g *generator) money(asset string, most int64) decimal.Decimal {
	units := 1 + g.rng.Int64N(most*1e8)
	if asset != "USDT" {
		units = 1 + units/1000
	}
	return decimal.New(units, -8)
}

// pay is a random movement of money.
func (g *generator) pay() {
	asset := g.asset()
	a := moneyAct{asset: asset, amount: g.money(asset, 300)}
	switch a.kind = []string{"deposit", "withdraw", "transfer", "transfer", "borrow", "repay"}[g.rng.IntN(6)]; a.kind {
	case "transfer":
		a.from, a.to = exchange.Wallet(1+g.rng.IntN(3)), exchange.Wallet(1+g.rng.IntN(3))
		if a.from == exchange.WalletMargin && g.rng.IntN(3) > 0 {
			a.from, a.to = a.to, a.from
		}
	case "deposit":
		if g.rng.IntN(2) == 0 {
			return
		}
	}
	g.act(a)
}

// rule changes one of the exchange's rules, or does what the exchange can do to us.
func (g *generator) rule() {
	fixed := exchange.MustFixed
	s := g.futures()
	switch g.rng.IntN(8) {
	case 0:
		g.act(rateAct{g.asset(), exchange.Fixed(g.rng.IntN(20000))})
	case 1:
		g.act(stockAct{g.asset(), decimal.NewFromInt(int64(g.rng.IntN(60) - 5))})
	case 2:
		g.act(feesAct{exchange.Product(1 + g.rng.IntN(3)), Fees{exchange.Fixed(g.rng.IntN(50000) - 10000), exchange.Fixed(g.rng.IntN(100000))}})
	case 3:
		rate := exchange.Fixed(60+g.rng.IntN(40)) * exchange.FixedOne / 100
		g.act(collateralAct{coins[g.rng.IntN(len(coins))], margin.Schedule{Tiers: []margin.Tier{{Cap: fixed("10"), Rate: rate}, {Rate: rate / 2}}}})
	case 4:
		g.act(bracketsAct{inst: s.inst, factor: []exchange.Fixed{fixed("0.5"), fixed("1.5"), fixed("2")}[g.rng.IntN(3)]})
	case 5:
		g.act(filterAct{s.inst, func(in *exchange.Instrument) {
			in.LiquidationFee += fixed("0.0001")
			in.NotionalMin = fixed("7")
		}})
	case 6:
		g.act(leverageAct{s.inst, 5 + g.rng.IntN(16)})
	case 7:
		g.act(adlAct{s.inst, g.leg(), exchange.Fixed(1+g.rng.IntN(100)) * exchange.FixedOne / 100})
	}
}

// futures is a random stage with positions.
func (g *generator) futures() stage {
	for {
		if s := stages[g.rng.IntN(len(stages))]; s.marks {
			return s
		}
	}
}

// leg is a random position side of the mode that the account is to be in.
func (g *generator) leg() exchange.PositionSide {
	if g.hedge {
		return exchange.Long + exchange.PositionSide(g.rng.IntN(2))
	}
	return exchange.Both
}

// collect moves all but a unit of USDT, and all but a thousandth of that of BNB, out of the
// UM wallet: sums that halve, of which those that are too large are refused.
func (g *generator) collect(most int64) {
	for n := most; n > 0; n /= 2 {
		a := moneyAct{kind: "transfer", asset: "USDT", from: exchange.WalletUM, to: exchange.WalletMargin, amount: decimal.NewFromInt(n)}
		g.act(a)
		a.asset, a.amount = "BNB", decimal.New(n, -3)
		g.act(a)
	}
}

// buyAll buys coins for all USDT of the margin wallet but a few.
func (g *generator) buyAll(most exchange.Fixed) {
	for n := most; n >= 10; n /= 2 {
		g.send(exchange.OrderRequest{Inst: instSpotBNB, Side: exchange.Buy, Type: exchange.Market, QuoteQty: n * exchange.FixedOne})
	}
}

// lever sends market orders as large as they come, of one side, on several instruments.
func (g *generator) lever(side exchange.Side) {
	leg := exchange.Both
	if g.hedge {
		leg = exchange.PositionSide(side) // a buy opens the long leg, a sell the short one
	}
	for _, inst := range []exchange.InstrumentID{instUM, instCM, instETH} {
		for _, qty := range []exchange.Fixed{100, 100, 50, 25, 12, 6, 3} {
			if inst == instCM {
				qty *= 10
			}
			g.send(exchange.OrderRequest{Inst: inst, Side: side, PositionSide: leg, Type: exchange.Market, Qty: qty * exchange.FixedOne})
		}
	}
}

// churn pays fees: it buys and sells the same.
func (g *generator) churn(inst exchange.InstrumentID, qty exchange.Fixed) {
	leg := exchange.Both
	if g.hedge {
		leg = exchange.Long
	}
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		g.send(exchange.OrderRequest{Inst: inst, Side: side, PositionSide: leg, Type: exchange.Market, Qty: qty * exchange.FixedOne})
	}
}

// clear ends all orders, and on request all positions of one-way mode: symbols are halted
// for a moment, and positions deleveraged whole.
func (g *generator) clear(positions bool) {
	for _, s := range g.live() {
		g.act(statusAct{s.inst, "HALT"})
		if positions && s.marks {
			g.act(adlAct{s.inst, exchange.Both, exchange.FixedOne})
		}
		g.act(statusAct{s.inst, exchange.StatusTrading})
	}
}

// withdrawAll takes out what the account can spare: amounts that halve, of which those that
// are too large are refused.
func (g *generator) withdrawAll() {
	for n := int64(16384 * 64); n > 0; n /= 2 {
		for _, asset := range walletAssets {
			amount := decimal.NewFromInt(n).DivRound(decimal.NewFromInt(64), 6)
			if asset != "USDT" {
				amount = amount.DivRound(decimal.NewFromInt(1000), 8)
			}
			if amount.IsPositive() {
				g.act(moneyAct{kind: "withdraw", asset: asset, amount: amount})
			}
		}
	}
}

package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// episode is what happens in every run, by its minute. Chance alone would reach it in some
// runs only: a run must have every kind of event.
func (g *generator) episode(n int) {
	g.tidy(n)
	switch n {
	case 10:
		g.collect(16384)
	case 29: // a negative futures wallet for the auto-repay of 23:00, minute 30
		g.idle, g.spends = true, true
		g.clear(false)
		g.act(feesAct{exchange.UM, Fees{-20000, 500000}})
		g.collect(16384)
	case 31:
		g.idle, g.spends = false, false
		g.act(feesAct{exchange.UM, Fees{-20000, 50000}})
	case 63: // from one-way mode to hedge mode
		g.clear(true)
		g.act(modeAct{hedge: true})
		g.hedge = true
	case 87: // less than no USDT at midnight, minute 90
		g.idle = true
		g.deposit("BTC", 2)
		g.clear(false)
		g.collect(32768)
		g.buyAll(32768)
		g.act(feesAct{exchange.UM, Fees{20000, 50000}})
	case 88:
		g.longOnly(5)
	case 89:
		g.collect(4096)
		g.buyAll(4096)
		for _, amount := range []int64{8, 4, 2, 1} {
			g.act(moneyAct{kind: "withdraw", asset: "USDT", amount: decimal.NewFromInt(amount)})
		}
		g.act(feesAct{exchange.UM, Fees{20000, 600000}})
		g.spends = true
		g.pays(exchange.FixedOne / 200)
	case 91:
		g.idle, g.spends = false, false
		g.act(feesAct{exchange.UM, Fees{-10000, 50000}})
		g.deposit("USDT", 3000)
	case 133, 178: // positions for the deliveries of minutes 135 and 180
		g.open(instUMDated)
		g.open(instCMDated)
	case 142:
		g.act(statusAct{instETH, "HALT"})
	case 144:
		g.act(statusAct{instETH, exchange.StatusTrading})
	case 147, 155, 160: // a funding that costs more dollars than there are, so that coins are sold
		g.deposit("BTC", 8)
		g.act(leverageAct{instUM, 20})
		for range 4 {
			g.send(exchange.OrderRequest{Inst: instUM, Side: exchange.Buy, PositionSide: exchange.Long, Type: exchange.Market, Qty: 12 * exchange.FixedOne})
		}
	case 149, 157, 162:
		g.idle = true
		g.clear(false)
		g.longOnly(4)
		g.collect(16384)
		g.buyAll(16384)
	case 150, 158, 163:
		g.idle = false
		g.pays(exchange.FixedOne / 8)
	case 165, 195: // crashes, when the account has all that it can carry
		g.deposit("USDT", 2000)
		for _, s := range g.live() {
			if s.marks {
				g.act(leverageAct{s.inst, 20})
			}
		}
	case 171, 201:
		g.idle = true
		g.clear(false)
	case 172:
		g.lever(exchange.Buy)
	case 202:
		g.lever(exchange.Sell)
	case 173:
		g.withdrawAll()
		g.gap = g.rng.IntN(2) == 0
		g.crash(-1)
	case 203:
		g.withdrawAll()
		g.gap = !g.gap
		g.crash(1)
	case 176, 207:
		g.drift, g.idle = 0, false
	}
	if n > 10 && n < 30 || n >= 87 && n < 90 {
		g.churn(instUM, 8)
		g.churn(instETH, 1)
		g.churn(instUMDated, 2)
	}
	if n > 100 && n < 110 {
		g.meet()
	}
	if n > 100 && n < 160 {
		for _, leg := range []exchange.PositionSide{exchange.Long, exchange.Short} {
			if g.rng.IntN(8) == 0 {
				g.act(adlAct{g.futures().inst, leg, exchange.FixedOne / 3})
			}
		}
	}
}

// tidy cancels some of the conditional orders, which would fill the limits of the symbols.
func (g *generator) tidy(n int) {
	if n%15 != 0 {
		return
	}
	for _, o := range g.orders[max(0, len(g.orders)-120):] {
		if o.Request.Type.Conditional() && g.rng.IntN(2) == 0 {
			g.ops = append(g.ops, op{at: g.at, order: o, cancel: true})
		}
	}
}

func (g *generator) deposit(asset string, amount int64) {
	g.act(moneyAct{kind: "deposit", asset: asset, amount: decimal.NewFromInt(amount)})
}

// open opens a position on a contract.
func (g *generator) open(inst exchange.InstrumentID) {
	for range 3 {
		g.send(exchange.OrderRequest{Inst: inst, Side: exchange.Buy, PositionSide: exchange.Long, Type: exchange.Market, Qty: exchange.FixedOne})
	}
}

// longOnly leaves the account a long position in UM, and no short one, from the next
// opening of a bar on.
func (g *generator) longOnly(qty exchange.Fixed) {
	g.act(adlAct{instUM, exchange.Short, exchange.FixedOne})
	g.send(exchange.OrderRequest{Inst: instUM, Side: exchange.Buy, PositionSide: exchange.Long, Type: exchange.Market, Qty: qty * exchange.FixedOne})
}

// pays settles a funding of UM at a rate, which the long position pays.
func (g *generator) pays(rate exchange.Fixed) {
	g.event(instUM, func(e *exchange.Event) { e.SetFunding(exchange.Funding{Rate: rate, Special: true}) })
}

// meet lets an order of the account come upon another one.
func (g *generator) meet() {
	r := exchange.OrderRequest{Inst: instETH, Side: exchange.Buy, PositionSide: exchange.Long, Type: exchange.Limit, PriceMatch: exchange.Queue, Qty: exchange.FixedOne / 10}
	g.send(r)
	r.Side, r.PositionSide, r.Type, r.PriceMatch = exchange.Sell, exchange.Short, exchange.Market, 0
	r.Qty, r.STP = exchange.FixedOne*10, exchange.ExpireTaker+exchange.STP(g.rng.IntN(3))
	g.send(r)
}

// crash moves all prices, down or up: over some minutes, or by half at once.
func (g *generator) crash(way int64) {
	if !g.gap {
		g.drift = way * int64(60+g.rng.IntN(240))
		return
	}
	for _, coin := range coins {
		g.coin[coin] += way * g.coin[coin] * 45 / 100
	}
}

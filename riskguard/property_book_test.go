package riskguard

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// book is an account written down plainly, for the property test: what it holds, what may
// still fill, and what Binance's formulas make of that. It has no line of the guard's or the
// model's code; of the model's tables it reads the numbers.
type book struct {
	ins     *exchange.Instruments
	tables  *margin.Tables
	balance map[string]decimal.Decimal // all wallets of an asset
	held    map[exchange.InstrumentID]bookPosition
	index   map[string]decimal.Decimal
	mark    map[exchange.InstrumentID]decimal.Decimal
	last    map[exchange.InstrumentID]decimal.Decimal
}

type bookPosition struct{ qty, entry decimal.Decimal }

// bookOrder is what may still fill, of one order: as it was asked for last, and as it was
// before that while the exchange has not said which of the two it is.
type bookOrder struct {
	order  exchange.Order
	before *exchange.OrderRequest
}

// bookShock is a move of the market: of the coins, or of one of them, of the dollar coins, and
// of the haircuts.
type bookShock struct {
	coins           map[string]decimal.Decimal
	stable, haircut decimal.Decimal
}

var bookOne = decimal.New(1, 0)

// bookShocks are the market as it is and the shocks of the limits.
func bookShocks(l *Limits) []bookShock {
	list := []bookShock{{}}
	for _, coins := range [][]string{{"BTC", "ETH"}, {"BTC"}, {"ETH"}} {
		for _, move := range []decimal.Decimal{l.ShockCoin, l.ShockCoin.Neg()} {
			s := bookShock{coins: map[string]decimal.Decimal{}}
			for _, c := range coins {
				s.coins[c] = move
			}
			list = append(list, s)
		}
	}
	return append(list, bookShock{stable: l.ShockStable.Neg()}, bookShock{haircut: l.ShockHaircut})
}

func (s *bookShock) price(p decimal.Decimal, asset string) decimal.Decimal {
	move := s.coins[asset]
	if asset == "USDT" {
		move = s.stable
	}
	return p.Mul(bookOne.Add(move)).Round(8)
}

func (b *book) clone() *book {
	c := *b
	c.balance, c.held = map[string]decimal.Decimal{}, map[exchange.InstrumentID]bookPosition{}
	for a, x := range b.balance {
		c.balance[a] = x
	}
	for id, p := range b.held {
		c.held[id] = p
	}
	return &c
}

// profit of a signed quantity, in the asset in which the contract settles.
func (b *book) profit(in *exchange.Instrument, qty, entry, price decimal.Decimal) decimal.Decimal {
	if in.Product != exchange.CM {
		return qty.Mul(price.Sub(entry))
	}
	return qty.Mul(in.ContractSize.Decimal()).Mul(price.Sub(entry)).DivRound(entry.Mul(price), 16)
}

func (b *book) notional(in *exchange.Instrument, qty, price decimal.Decimal) decimal.Decimal {
	if in.Product == exchange.CM {
		return qty.Mul(in.ContractSize.Decimal()).DivRound(price, 16)
	}
	return qty.Mul(price)
}

// fill books a fill and returns by how much the settlement asset, or quote, and base changed.
func (b *book) fill(inst exchange.InstrumentID, side exchange.Side, qty, price decimal.Decimal) (settled, base decimal.Decimal) {
	in := b.ins.At(inst)
	fee := b.notional(in, qty, price).Mul(b.tables.Fees[in.Product].Taker.Decimal())
	signed := qty.Mul(decimal.NewFromInt(side.Sign()))
	if in.Product == exchange.Margin {
		settled, base = signed.Neg().Mul(price).Sub(fee).Round(8), signed
		b.balance[in.Quote] = b.balance[in.Quote].Add(settled)
		b.balance[in.Base] = b.balance[in.Base].Add(base)
		return settled, base
	}
	p := b.held[inst]
	total := p.qty.Add(signed)
	switch {
	case p.qty.Sign()*signed.Sign() >= 0: // more of it, at the mean price
		old, fresh := p.qty.Abs(), qty
		if in.Product == exchange.CM {
			// An inverse contract's mean is harmonic.
			sum := fresh.DivRound(price, 32)
			if !old.IsZero() {
				sum = sum.Add(old.DivRound(p.entry, 32))
			}
			p.entry = old.Add(fresh).DivRound(sum, 16)
		} else {
			p.entry = old.Mul(p.entry).Add(fresh.Mul(price)).DivRound(old.Add(fresh), 16)
		}
	case total.Sign()*signed.Sign() <= 0: // less of it
		settled = b.profit(in, signed.Neg(), p.entry, price)
	default: // through zero
		settled = b.profit(in, p.qty, p.entry, price)
		p.entry = price
	}
	p.qty = total
	b.held[inst] = p
	settled = settled.Sub(fee).Round(8)
	b.balance[in.MarginAsset] = b.balance[in.MarginAsset].Add(settled)
	return settled, decimal.Zero
}

// valued is adjusted equity before open loss, and maintenance margin, under a shock.
func (b *book) valued(s *bookShock) (equity, maint decimal.Decimal) {
	net := map[string]decimal.Decimal{}
	for a, x := range b.balance {
		net[a] = x
	}
	for inst, p := range b.held {
		if p.qty.IsZero() {
			continue
		}
		in := b.ins.At(inst)
		m := s.price(b.mark[inst], in.Base)
		net[in.MarginAsset] = net[in.MarginAsset].Add(b.profit(in, p.qty, p.entry, m))
		maint = maint.Add(b.maintenance(in, b.notional(in, p.qty.Abs(), m)).Mul(s.price(b.index[in.MarginAsset], in.MarginAsset)))
	}
	for a, n := range net {
		value := n.Mul(s.price(b.index[a], a))
		if n.IsPositive() {
			value = value.Mul(b.rate(a, s))
		}
		equity = equity.Add(value)
	}
	return equity, maint
}

func (b *book) rate(asset string, s *bookShock) decimal.Decimal {
	return decimal.Max(decimal.Zero, b.tables.Collateral[asset].Tiers[0].Rate.Decimal().Sub(s.haircut))
}

// maintenance of a value, by steps whose margins join.
func (b *book) maintenance(in *exchange.Instrument, value decimal.Decimal) decimal.Decimal {
	table := b.tables.UM
	if in.Product == exchange.CM {
		table = b.tables.CM
	}
	sum := decimal.Zero
	for _, t := range table[in.Symbol].Tiers {
		if part := decimal.Min(value, t.Cap.Decimal()).Sub(t.Floor.Decimal()); part.IsPositive() {
			sum = sum.Add(part.Mul(t.MMR.Decimal()))
		}
	}
	return sum
}

// openLoss is what a resting margin order gives away by swapping collateral.
func (b *book) openLoss(o *exchange.Order, r *exchange.OrderRequest, s *bookShock) decimal.Decimal {
	in := b.ins.At(r.Inst)
	if in.Product != exchange.Margin || r.Type != exchange.Limit {
		return decimal.Zero
	}
	gap := b.rate(in.Quote, s).Sub(b.rate(in.Base, s))
	if r.Side == exchange.Sell {
		gap = gap.Neg()
	}
	left := max(0, r.Qty-o.Filled).Decimal()
	return decimal.Max(decimal.Zero, left.Mul(r.Price.Decimal()).Mul(s.price(b.index[in.Quote], in.Quote)).Mul(gap))
}

// price is where an order may fill, at the worst.
func (b *book) price(r *exchange.OrderRequest) decimal.Decimal {
	if r.Type != exchange.Market {
		return r.Price.Decimal()
	}
	in := b.ins.At(r.Inst)
	p := b.mark[r.Inst]
	if in.Product == exchange.Margin {
		p = b.index[in.Base].DivRound(b.index[in.Quote], 8)
	}
	return p.Mul(bookOne.Add(b.tables.Collar.Decimal().Mul(decimal.NewFromInt(r.Side.Sign())))).Round(8)
}

// worst tries every subset of the orders, each as it is and as it was: the lowest uniMMR under
// each shock, and the least equity as the market is.
func (b *book) worst(orders []*bookOrder, shocks []bookShock) (uniMMR []decimal.Decimal, equity decimal.Decimal) {
	uniMMR = slices.Repeat([]decimal.Decimal{decimal.NewFromInt(exchange.UniMMRMax)}, len(shocks))
	equity = decimal.New(1, 30)
	var try func(at *book, i int, resting []*exchange.OrderRequest)
	try = func(at *book, i int, resting []*exchange.OrderRequest) {
		if i < len(orders) {
			o := orders[i]
			for _, r := range o.versions() {
				try(at, i+1, append(resting[:i:i], r))
				filled := at.clone()
				if left := filled.canFill(r, o.order.Filled); left.IsPositive() {
					filled.fill(r.Inst, r.Side, left, b.price(r))
				}
				try(filled, i+1, append(resting[:i:i], nil))
			}
			return
		}
		for k := range shocks {
			e, m := at.valued(&shocks[k])
			for n, r := range resting {
				if r != nil {
					e = e.Sub(at.openLoss(&orders[n].order, r, &shocks[k]))
				}
			}
			uniMMR[k] = decimal.Min(uniMMR[k], bookRatio(e, m))
			if k == 0 {
				equity = decimal.Min(equity, e)
			}
		}
	}
	// What only reduces can do most after those of the other side, and before those of its own;
	// or before all, or after.
	type turn struct{ buys, sells, reduces int }
	for _, t := range [...]turn{{buys: 1, sells: 1}, {reduces: 1}, {buys: 2, reduces: 1}, {sells: 2, reduces: 1}} {
		place := func(o *bookOrder) int {
			switch r := &o.order.Request; {
			case r.ReduceOnly:
				return t.reduces
			case r.Side == exchange.Buy:
				return t.buys
			default:
				return t.sells
			}
		}
		orders = slices.SortedStableFunc(slices.Values(orders), func(x, y *bookOrder) int { return place(x) - place(y) })
		if try(b, 0, nil); !slices.ContainsFunc(orders, func(o *bookOrder) bool { return o.order.Request.ReduceOnly }) {
			break
		}
	}
	return uniMMR, equity
}

// canFill is what is left of an order, of one that only reduces as far as it does.
func (b *book) canFill(r *exchange.OrderRequest, done exchange.Fixed) decimal.Decimal {
	left := max(0, r.Qty-done).Decimal()
	if r.ReduceOnly {
		room := b.held[r.Inst].qty.Mul(decimal.NewFromInt(-r.Side.Sign()))
		left = decimal.Min(left, decimal.Max(decimal.Zero, room))
	}
	return left
}

// versions are what an order may turn out to be. One that is being amended may fill in part
// as it was and then as it shall be, which is no worse than all of it at the worse price.
func (o *bookOrder) versions() []*exchange.OrderRequest {
	list := []*exchange.OrderRequest{&o.order.Request}
	if o.before != nil {
		worst := o.worst()
		list = append(list, o.before, &worst)
	}
	return list
}

// worst is the larger of both quantities at the worse of both prices.
func (o *bookOrder) worst() exchange.OrderRequest {
	r := o.order.Request
	if o.before == nil {
		return r
	}
	r.Qty = max(r.Qty, o.before.Qty)
	if r.Side == exchange.Buy {
		r.Price = max(r.Price, o.before.Price)
	} else {
		r.Price = min(r.Price, o.before.Price)
	}
	return r
}

// bookRatio is uniMMR.
func bookRatio(equity, maint decimal.Decimal) decimal.Decimal {
	most := decimal.NewFromInt(exchange.UniMMRMax)
	if maint.IsZero() {
		if equity.IsNegative() {
			return most.Neg()
		}
		return most
	}
	return decimal.Min(most, equity.DivRound(maint, 16))
}

// reach is the largest position of an instrument, by absolute value, that fills of one side's
// orders can lead to, or for a pair their sum.
func (b *book) reach(inst exchange.InstrumentID, side exchange.Side, orders []*bookOrder) decimal.Decimal {
	return b.turned(inst, side, orders).Abs()
}

// turned is that position. Orders that only reduce end at zero.
func (b *book) turned(inst exchange.InstrumentID, side exchange.Side, orders []*bookOrder) decimal.Decimal {
	sum, closes, sign := b.held[inst].qty, decimal.Zero, decimal.NewFromInt(side.Sign())
	opens := decimal.Zero
	for _, o := range orders {
		if o.order.Request.Inst != inst || o.order.Request.Side != side {
			continue
		}
		worst := o.worst()
		left := max(0, worst.Qty-o.order.Filled).Decimal()
		if worst.ReduceOnly {
			closes = closes.Add(left)
		} else {
			opens = opens.Add(left)
		}
	}
	if against := sum.Mul(sign).Neg(); against.IsPositive() {
		sum = sum.Add(decimal.Min(against, closes).Mul(sign))
	}
	return sum.Add(opens.Mul(sign))
}

// stakes are what orders can put at stake at most, in dollars: "gross", "net", and each coin.
func (b *book) stakes(orders []*bookOrder) map[string]decimal.Decimal {
	all := map[string]decimal.Decimal{}
	up, down := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	for inst := benchUM; inst <= benchCross; inst++ {
		in := b.ins.At(inst)
		buys, sells := b.turned(inst, exchange.Buy, orders), b.turned(inst, exchange.Sell, orders)
		size := decimal.Max(buys.Abs(), sells.Abs())
		coins, worth := bookOne, b.index[in.Base]
		if in.Product != exchange.Margin {
			worth = b.mark[inst].Mul(b.index[in.MarginAsset])
			if in.Product == exchange.CM {
				worth, coins = in.ContractSize.Decimal().DivRound(b.mark[inst], 16).Mul(b.index[in.Base]), in.ContractSize.Decimal().DivRound(b.mark[inst], 16)
			}
		}
		all["gross"] = all["gross"].Add(size.Mul(worth))
		held := b.held[inst].qty
		up[in.Base] = up[in.Base].Add(decimal.Max(decimal.Zero, buys.Sub(held)).Mul(coins))
		down[in.Base] = down[in.Base].Add(decimal.Max(decimal.Zero, held.Sub(sells)).Mul(coins))
	}
	for _, coin := range []string{"BTC", "ETH"} {
		delta := b.delta(coin)
		all[coin] = decimal.Max(delta.Add(up[coin]).Abs(), delta.Sub(down[coin]).Abs()).Mul(b.index[coin])
		all["net"] = all["net"].Add(all[coin])
	}
	return all
}

// delta is the exposure to a coin.
func (b *book) delta(coin string) decimal.Decimal {
	sum := b.balance[coin]
	for inst, p := range b.held {
		in := b.ins.At(inst)
		if in.MarginAsset == coin && !p.qty.IsZero() {
			sum = sum.Add(b.profit(in, p.qty, p.entry, b.mark[inst]))
		}
		if in.Base == coin && in.Product == exchange.UM {
			sum = sum.Add(p.qty)
		} else if in.Base == coin {
			sum = sum.Add(p.qty.Mul(in.ContractSize.Decimal()).DivRound(b.mark[inst], 16))
		}
	}
	return sum
}

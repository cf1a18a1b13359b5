package venue

import (
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// books are kept from what the account was told, without the venue's own arithmetic:
// fills as cash flows, fees from rates, funding from positions.
type books struct {
	t       *testing.T
	seed    uint64
	c       Config
	mark    map[exchange.InstrumentID]decimal.Decimal
	sums    map[string]decimal.Decimal // ledger deltas by asset and wallet
	fills   map[exchange.InstrumentID][]exchange.Fill
	flows   map[string]decimal.Decimal // expected by asset, over all wallets, without price profit
	entries int
	kinds   map[exchange.Reason]int
}

func round8(d decimal.Decimal) decimal.Decimal { return d.Round(8) }

// position is the net of the fills so far.
func (b *books) position(inst exchange.InstrumentID) decimal.Decimal {
	sum := decimal.Zero
	for _, f := range b.fills[inst] {
		sum = sum.Add(f.Qty.Decimal().Mul(decimal.NewFromInt(f.Side.Sign())))
	}
	return sum
}

func (b *books) fill(inst exchange.InstrumentID, f exchange.Fill) {
	b.fills[inst] = append(b.fills[inst], f)
	in := b.c.Instruments.At(inst)
	q, p := f.Qty.Decimal(), f.Price.Decimal()
	fees := map[exchange.Product]Fees{exchange.UM: b.c.UM, exchange.CM: b.c.CM, exchange.Margin: b.c.Margin}[in.Product]
	rate := fees.Taker
	if f.Maker {
		rate = fees.Maker
	}
	notional := q.Mul(p)
	switch {
	case in.Product == exchange.CM:
		notional = q.Mul(in.ContractSize.Decimal()).DivRound(p, 30)
	case in.Product == exchange.Margin && f.Side == exchange.Buy:
		notional = q
	}
	if fee := round8(notional.Mul(rate.Decimal())); !fee.Equal(f.Fee) {
		b.t.Fatalf("-seed=%d: fill %v of %s: fee %v, want %v", b.seed, f, in.Name(), f.Fee, fee)
	}
	b.flow(f.FeeAsset, f.Fee.Neg())
	if in.Product == exchange.Margin {
		sign := decimal.NewFromInt(f.Side.Sign())
		b.flow(in.Base, q.Mul(sign))
		b.flow(in.Quote, round8(q.Mul(p)).Mul(sign).Neg())
	}
}

func (b *books) flow(asset string, d decimal.Decimal) { b.flows[asset] = b.flows[asset].Add(d) }

func (b *books) funding(e *exchange.Event) {
	in, f := b.c.Instruments.At(e.Inst), e.Funding()
	mark := b.mark[e.Inst]
	if f.Mark != 0 {
		mark = f.Mark.Decimal()
	}
	owed := b.position(e.Inst).Mul(f.Rate.Decimal())
	if in.Product == exchange.CM {
		owed = owed.Mul(in.ContractSize.Decimal()).DivRound(mark, 30)
	} else {
		owed = owed.Mul(mark)
	}
	b.flow(in.MarginAsset, round8(owed).Neg())
}

func (b *books) ledger(l *exchange.LedgerEntry) {
	b.entries++
	b.kinds[l.Reason]++
	key := l.Asset + l.Wallet.String()
	b.sums[key] = b.sums[key].Add(l.Delta)
	if !b.sums[key].Equal(l.Balance) || !round8(l.Delta).Equal(l.Delta) || l.Delta.IsZero() {
		b.t.Fatalf("-seed=%d: entry %+v after a sum of %v", b.seed, l, b.sums[key])
	}
	switch l.Reason {
	case exchange.ReasonDeposit, exchange.ReasonLiquidation, exchange.ReasonAutoExchange:
		b.flow(l.Asset, l.Delta)
	}
}

// check compares: the wallets with the sums of the ledger, exactly; and each asset's
// wallets and unrealised profit with deposits, flows and the profit of all fills against
// the mark, but for the rounding of each entry.
func (b *books) check(v *Venue) {
	profit := map[string]decimal.Decimal{}
	for inst, fills := range b.fills {
		in := b.c.Instruments.At(inst)
		if in.Product == exchange.Margin {
			continue
		}
		for _, f := range fills {
			sign := decimal.NewFromInt(f.Side.Sign())
			gain := b.mark[inst].Sub(f.Price.Decimal()).Mul(f.Qty.Decimal()).Mul(sign)
			if in.Inverse() {
				gain = gain.Mul(in.ContractSize.Decimal()).DivRound(b.mark[inst].Mul(f.Price.Decimal()), 30)
			}
			profit[in.MarginAsset] = profit[in.MarginAsset].Add(gain)
		}
	}
	for i, asset := range v.wallets.assets {
		held := decimal.Zero
		for w := exchange.WalletMargin; w <= exchange.WalletInterest; w++ {
			amount := v.wallets.amounts[i][w]
			if !amount.Equal(b.sums[asset+w.String()]) {
				b.t.Fatalf("-seed=%d: %s in %v is %v, its entries sum to %v", b.seed, asset, w, amount, b.sums[asset+w.String()])
			}
			if w.Debt() {
				amount = amount.Neg()
			}
			held = held.Add(amount)
		}
		b.doubled(v, asset, held)
		for j := range v.markets {
			if m := &v.markets[j]; m.in != nil && m.in.MarginAsset == asset && m.in.Product != exchange.Margin {
				held = held.Add(m.in.PnL(m.legs[0].Qty, m.legs[0].Entry, b.mark[m.in.ID]))
				if !m.legs[0].Qty.Equal(b.position(m.in.ID)) {
					b.t.Fatalf("-seed=%d: position of %s is %v, fills sum to %v", b.seed, m.in.Name(), m.legs[0].Qty, b.position(m.in.ID))
				}
			}
		}
		want := b.flows[asset].Add(profit[asset])
		if off := held.Sub(want).Abs(); off.GreaterThan(decimal.New(int64(b.entries), -8)) {
			b.t.Fatalf("-seed=%d: %s comes to %v, the fills say %v, off by %v after %d entries", b.seed, asset, held, want, off, b.entries)
		}
	}
}

// doubled checks that account and pools together hold nothing of an asset.
func (b *books) doubled(v *Venue, asset string, held decimal.Decimal) {
	for _, amount := range v.pools.of(asset) {
		held = held.Add(amount)
	}
	if !held.IsZero() {
		b.t.Fatalf("-seed=%d: account and pools together hold %v %s", b.seed, held, asset)
	}
}

// locked checks that the margin wallet holds what the open limit orders lock of it.
func (b *books) locked(v *Venue) {
	locks := map[string]decimal.Decimal{}
	for i := range v.markets {
		for _, o := range v.markets[i].orders {
			in, r := o.market.in, &o.Request
			if in.Product != exchange.Margin || r.Type != exchange.Limit || o.borrows() {
				continue
			}
			asset, amount := in.Base, (r.Qty - o.Filled).Decimal()
			if r.Side == exchange.Buy {
				asset, amount = in.Quote, amount.Mul(r.Price.Decimal())
			}
			locks[asset] = locks[asset].Add(amount)
		}
	}
	for asset, amount := range locks {
		if has := v.wallets.balance(asset, exchange.WalletMargin); has.LessThan(amount.Round(8)) {
			b.t.Fatalf("-seed=%d: open orders lock %v %s of %v", b.seed, amount, asset, has)
		}
	}
}

// TestConservation keeps its own books over random runs.
func TestConservation(t *testing.T) {
	kinds := map[exchange.Reason]int{}
	for _, seed := range seeds(24) {
		rng := rand.New(rand.NewPCG(seed, 3))
		c := randomConfig(rng)
		v, ops := newVenue(t, c), randomOps(rng, 250)
		b := &books{
			t: t, seed: seed, c: c, mark: map[exchange.InstrumentID]decimal.Decimal{}, sums: map[string]decimal.Decimal{},
			fills: map[exchange.InstrumentID][]exchange.Fill{}, flows: map[string]decimal.Decimal{}, kinds: kinds,
		}
		v.Start(ops[0].at)
		b.read(v)
		for i := range ops {
			switch o := &ops[i]; o.event.Kind {
			case exchange.KindMark:
				b.mark[o.event.Inst] = o.event.Mark().Price.Decimal()
			case exchange.KindFunding:
				b.funding(&o.event)
			}
			ops[i].do(v, false)
			b.read(v)
			b.locked(v)
			if i%100 == 99 && len(b.mark) == 3 {
				b.check(v)
			}
		}
		b.check(v)
	}
	for _, r := range []exchange.Reason{
		exchange.ReasonRealizedPnL, exchange.ReasonCommission, exchange.ReasonFunding, exchange.ReasonTrade,
		exchange.ReasonBorrow, exchange.ReasonRepay, exchange.ReasonLiquidation,
	} {
		if kinds[r] == 0 && *seedFlag == 0 {
			t.Errorf("no entry of %v: the test does not reach it", r)
		}
	}
}

func (b *books) read(v *Venue) {
	events := v.Events()
	for i := range events {
		switch e := &events[i]; e.Kind {
		case exchange.KindFill:
			b.fill(e.Inst, *e.Fill())
		case exchange.KindLedger:
			b.ledger(e.Ledger())
		}
	}
}

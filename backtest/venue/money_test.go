package venue

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// purse follows the money of an account by what it is told, and computes interest, from
// its own sums, in its own way.
type purse struct {
	t       *testing.T
	seed    uint64
	c       Config
	v       *Venue
	at      exchange.Time
	wallets map[string]decimal.Decimal // by asset and wallet
	kinds   map[string]int
}

var purseAssets = []string{"USDT", "BTC", "BNB"}

func (p *purse) has(asset string, w exchange.Wallet) decimal.Decimal {
	return p.wallets[asset+w.String()]
}

func (p *purse) total(asset string) decimal.Decimal {
	return p.has(asset, exchange.WalletMargin).Add(p.has(asset, exchange.WalletUM)).Add(p.has(asset, exchange.WalletCM))
}

// read books what the account was told; what came of interest is summed up by asset, that
// of loans and that of negative balances apart.
func (p *purse) read() (loans, negative map[string]decimal.Decimal, quiet bool) {
	loans, negative, quiet = map[string]decimal.Decimal{}, map[string]decimal.Decimal{}, true
	moved := map[string]decimal.Decimal{} // sums of transfers
	events := p.v.Events()
	for i := range events {
		switch e := &events[i]; e.Kind {
		case exchange.KindLedger:
			l := e.Ledger()
			key := l.Asset + l.Wallet.String()
			p.wallets[key] = p.wallets[key].Add(l.Delta)
			p.kinds[l.Reason.String()]++
			switch {
			case l.Reason == exchange.ReasonInterest && l.Wallet == exchange.WalletInterest:
				loans[l.Asset] = loans[l.Asset].Add(l.Delta)
			case l.Reason == exchange.ReasonInterest:
				negative[l.Asset] = negative[l.Asset].Sub(l.Delta)
				p.kinds["daily interest"]++
			case l.Reason == exchange.ReasonTransfer:
				moved[l.Asset] = moved[l.Asset].Add(l.Delta)
			case l.Reason == exchange.ReasonAutoExchange:
				quiet = false
			}
		case exchange.KindRiskLevel:
			quiet = false
		}
	}
	for _, asset := range purseAssets {
		if !moved[asset].IsZero() {
			p.t.Fatalf("-seed=%d: transfers of %s sum to %v", p.seed, asset, moved[asset])
		}
	}
	return loans, negative, quiet
}

// pass lets time pass and checks what was charged meanwhile.
func (p *purse) pass(d time.Duration) {
	from := p.at
	p.at = p.at.Add(d)
	wantLoans, wantNegative := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	for _, asset := range purseAssets {
		rate := p.c.Tables.Interest[asset].Decimal()
		total := p.total(asset)
		for hour := from.Floor(time.Hour).Add(time.Hour); hour <= p.at; hour = hour.Add(time.Hour) {
			wantLoans[asset] = wantLoans[asset].Add(p.has(asset, exchange.WalletLoan).Mul(rate).Round(8))
			if hour%exchange.Time(24*time.Hour) != 0 {
				continue
			}
			if over := total.Add(p.c.Money.NegativeFree[asset]); over.IsNegative() {
				paid := over.Neg().Mul(rate).Mul(decimal.NewFromInt(24)).Round(8)
				total, wantNegative[asset] = total.Sub(paid), wantNegative[asset].Add(paid)
			}
		}
	}
	p.v.Advance(p.at)
	loans, negative, quiet := p.read()
	for _, asset := range purseAssets {
		if quiet && (!loans[asset].Equal(wantLoans[asset]) || !negative[asset].Equal(wantNegative[asset])) {
			p.t.Fatalf("-seed=%d: from %v to %v: interest on %s: loans %v, want %v; negative balance %v, want %v",
				p.seed, from, p.at, asset, loans[asset], wantLoans[asset], negative[asset], wantNegative[asset])
		}
	}
}

// check holds the wallets to the purse, account and pools together to nothing, and the
// margin wallet to what it can be.
func (p *purse) check() {
	for _, asset := range purseAssets {
		sum := decimal.Zero
		for w := exchange.WalletMargin; w <= exchange.WalletInterest; w++ {
			has := p.v.wallets.balance(asset, w)
			if !has.Equal(p.has(asset, w)) {
				p.t.Fatalf("-seed=%d: %v of %s has %v, told were %v", p.seed, w, asset, has, p.has(asset, w))
			}
			if has.IsNegative() && w != exchange.WalletUM && w != exchange.WalletCM {
				p.t.Fatalf("-seed=%d: %v of %s is below zero: %v", p.seed, w, asset, has)
			}
			if w.Debt() {
				has = has.Neg()
			}
			sum = sum.Add(has)
		}
		for _, amount := range p.v.pools.of(asset) {
			sum = sum.Add(amount)
		}
		if !sum.IsZero() {
			p.t.Fatalf("-seed=%d: account and pools together hold %v %s", p.seed, sum, asset)
		}
	}
}

// act does one thing at random.
func (p *purse) act(rng *rand.Rand, n int) {
	asset := purseAssets[rng.IntN(3)]
	amount := decimal.New(1+rng.Int64N(2_000_000), -6)
	if asset == "USDT" {
		amount = amount.Mul(decimal.NewFromInt(5_000))
	}
	var err error
	what := rng.IntN(12)
	switch what {
	case 0:
		if asset == "USDT" && p.seed%2 == 0 {
			return // an account that has only coins
		}
		err = p.v.Deposit(asset, amount, p.at)
	case 1:
		most := p.v.MaxWithdraw(asset)
		err = p.v.Withdraw(asset, amount, p.at)
		if (err == nil) != amount.LessThanOrEqual(most) {
			p.t.Fatalf("-seed=%d: withdrawal of %v %s: %v, though %v could be", p.seed, amount, asset, err, most)
		}
	case 2:
		most := p.v.MaxBorrowable(asset)
		err = p.v.Borrow(asset, amount, p.at)
		if (err == nil) != amount.LessThanOrEqual(most) {
			p.t.Fatalf("-seed=%d: loan of %v %s: %v, though %v could be", p.seed, amount, asset, err, most)
		}
	case 3:
		err = p.v.Repay(asset, amount, p.at)
	case 4:
		ways := [...][2]exchange.Wallet{
			{exchange.WalletUM, exchange.WalletMargin}, {exchange.WalletMargin, exchange.WalletUM},
			{exchange.WalletCM, exchange.WalletMargin}, {exchange.WalletMargin, exchange.WalletCM},
		}
		way := ways[rng.IntN(len(ways))]
		err = p.v.Transfer(asset, way[0], way[1], amount, p.at)
	case 5:
		p.v.SetBorrowable(asset, amount, p.at)
	default:
		p.trade(rng, n)
		return
	}
	if err != nil {
		p.kinds["refused"]++
		if no := (*Error)(nil); !errors.As(err, &no) {
			p.t.Fatalf("-seed=%d: %v is no rejection", p.seed, err)
		}
		return
	}
	p.kinds[fmt.Sprint("request ", what)]++
}

// trade sends a market order and opens a bar for it.
func (p *purse) trade(rng *rand.Rand, n int) {
	inst := []exchange.InstrumentID{1, 2, 3, 6, 7}[rng.IntN(5)]
	r := exchange.OrderRequest{Inst: inst, Side: exchange.Side(1 + rng.IntN(2)), Type: exchange.Market, Qty: exchange.FixedOne / 2}
	if p.c.Instruments.At(inst).Product == exchange.CM {
		r.Qty = exchange.Fixed(1+rng.IntN(50)) * exchange.FixedOne
	}
	if inst == 3 {
		r.SideEffect = exchange.SideEffect(rng.IntN(4))
	}
	p.v.receive(exchange.Order{ID: exchange.OrderID(n), ClientID: fmt.Sprint("o", n), Request: r}, false, p.at)
	e := exchange.Event{At: p.at, Inst: inst}
	e.SetBarOpen(exchange.BarOpen{Price: p.v.markets[1].mark, Interval: time.Minute})
	p.v.Market(&e)
}

// prices tells new ones.
func (p *purse) prices(rng *rand.Rand) {
	price := exchange.Fixed(8_000+rng.IntN(4_000)) * exchange.FixedOne
	for _, inst := range []exchange.InstrumentID{1, 2, 6, 7} {
		e := exchange.Event{At: p.at, Inst: inst}
		e.SetMark(exchange.Mark{Price: price, Index: price + exchange.Fixed(rng.IntN(9_999_999))})
		p.v.Market(&e)
	}
	for i, usd := range [...]exchange.Fixed{exchange.FixedOne, price, price / 20} {
		e := exchange.Event{At: p.at}
		e.SetAssetIndex(&exchange.AssetIndex{Asset: purseAssets[i], Price: usd})
		p.v.Market(&e)
	}
}

// TestMoney runs accounts through months of random requests, trades and prices.
func TestMoney(t *testing.T) {
	kinds := map[string]int{}
	for _, seed := range seeds(20) {
		rng := rand.New(rand.NewPCG(seed, 11))
		c := testConfig()
		fixed, d := exchange.MustFixed, decimal.RequireFromString
		c.Tables.Interest = map[string]exchange.Fixed{"USDT": fixed("0.00001234"), "BTC": fixed("0.00000342"), "BNB": fixed("0.00000777")}
		c.Money = Money{
			BurnUM: rng.IntN(2) == 0, BurnMargin: rng.IntN(2) == 0, Interest: true, AutoRepay: rng.IntN(2) == 0,
			NegativeFree: map[string]decimal.Decimal{"USDT": d("500")}, ExchangeCost: fixed("0.01"),
			ExchangeAt: map[string]decimal.Decimal{"USDT": d("1500")}, BorrowMax: map[string]decimal.Decimal{"BTC": d("3")},
		}
		c.Balances = []Balance{
			{exchange.WalletMargin, "BTC", d("10")}, {exchange.WalletMargin, "BNB", d("20")}, {exchange.WalletUM, "BNB", d("0.01")},
			{exchange.WalletLoan, "USDT", d("1000")},
		}
		p := &purse{t: t, seed: seed, c: c, v: newVenue(t, c), wallets: map[string]decimal.Decimal{}, kinds: kinds}
		p.at = exchange.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		p.v.Start(p.at)
		p.prices(rng)
		p.read()
		for n := range 500 {
			p.pass(time.Duration(rng.IntN(2*3600)) * time.Second)
			p.prices(rng)
			p.read()
			p.act(rng, n+1)
			p.read()
			p.check()
		}
	}
	for _, kind := range []string{
		"INTEREST", "daily interest", "TRANSFER", "AUTO_EXCHANGE", "BORROW", "REPAY", "DEPOSIT", "WITHDRAW",
		"DELIVERED_SETTLEMENT", "COMMISSION", "refused", "request 0", "request 1", "request 2", "request 3", "request 4",
	} {
		if t.Logf("%s: %d", kind, kinds[kind]); kinds[kind] == 0 && *seedFlag == 0 {
			t.Errorf("%s does not occur: the test does not reach it", kind)
		}
	}
}

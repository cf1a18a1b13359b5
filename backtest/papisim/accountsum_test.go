package papisim

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// ask decodes a good answer to a path with parameters.
func (s *testSim) ask(path string, into any) {
	s.t.Helper()
	path, params, _ := strings.Cut(path, "?")
	status, body := s.send("GET", path, params, true)
	if status != 200 {
		s.t.Fatalf("%s: %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
}

// TestAccountSums lets an account do many things at random: what its pages list one by one
// sums up to what GET account says, and both are what the venue says.
func TestAccountSums(t *testing.T) {
	for seed := range uint64(30) {
		inSim(t, func(t *testing.T, s *testSim) {
			r := rand.New(rand.NewPCG(seed, 1))
			for range 40 {
				s.wander(r)
			}
			s.checkSums(seed)
		}, richConfig)
	}
}

// wander does one thing.
func (s *testSim) wander(r *rand.Rand) {
	type act struct{ path, params string }
	side := [...]string{"BUY", "SELL"}[r.IntN(2)]
	price := func(around, step int64) string {
		return decimal.New(around+(r.Int64N(21)-10)*step, 0).String()
	}
	switch r.IntN(8) {
	case 0:
		s.mark(umBTC, price(60000, 200))
	case 1:
		p := price(60000, 200)
		s.mark(cmBTC, p)
		s.index("BTC", p)
	case 2:
		s.index("ETH", price(3000, 30))
	default:
		acts := [...]act{
			{"um/order", "symbol=BTCUSDT&type=MARKET&quantity=0.3&side=" + side},
			{"um/order", "symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&quantity=0.2&price=" + price(60000, 100) + "&side=" + side},
			{"cm/order", "symbol=BTCUSD_PERP&type=MARKET&quantity=40&side=" + side},
			{"cm/order", "symbol=BTCUSD_PERP&type=LIMIT&timeInForce=GTC&quantity=30&price=" + price(60000, 100) + "&side=" + side},
			{"marginLoan", "asset=ETH&amount=1.5"},
			{"margin/order", "symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&quantity=0.01&price=" + price(60000, 500) + "&side=" + side},
			{"um/leverage", "symbol=BTCUSDT&leverage=" + decimal.New(1+r.Int64N(50), 0).String()},
		}
		a := acts[r.IntN(len(acts))]
		s.book(umBTC, "59999.9x10", "60000.1x10")
		s.book(cmBTC, "59999.9x5000", "60000.1x5000")
		s.book(spotBTC, "59999.99x10", "60000.01x10")
		s.call("POST", "/papi/v1/"+a.path, a.params) // some are refused, as some are anywhere
	}
}

func (s *testSim) checkSums(seed uint64) {
	s.t.Helper()
	var whole struct{ AccountMaintMargin, AccountInitialMargin, AccountEquity, UniMMR decimal.Decimal }
	s.ask("/papi/v1/account", &whole)
	type futures struct {
		Assets []struct {
			Asset                          string
			MaintMargin, InitialMargin     decimal.Decimal
			PositionInitialMargin          decimal.Decimal
			OpenOrderInitialMargin         decimal.Decimal
			CrossUnPnl, CrossWalletBalance decimal.Decimal
		}
		Positions []struct{ MaintMargin, InitialMargin, UnrealizedProfit decimal.Decimal }
	}
	var maint, initial decimal.Decimal
	for _, path := range [...]string{"/papi/v1/um/account", "/papi/v1/cm/account"} {
		var f futures
		s.ask(path, &f)
		var assetsMaint, positionsMaint decimal.Decimal
		for _, a := range f.Assets {
			index := s.venue.IndexOf(a.Asset).Decimal()
			maint, initial = maint.Add(a.MaintMargin.Mul(index)), initial.Add(a.InitialMargin.Mul(index))
			assetsMaint = assetsMaint.Add(a.MaintMargin)
			if !near(a.InitialMargin, a.PositionInitialMargin.Add(a.OpenOrderInitialMargin), 8) {
				s.t.Errorf("seed %d: %s of %s: initial margin %v is not %v and %v", seed, path, a.Asset, a.InitialMargin, a.PositionInitialMargin, a.OpenOrderInitialMargin)
			}
		}
		for _, p := range f.Positions {
			positionsMaint = positionsMaint.Add(p.MaintMargin)
		}
		if !near(assetsMaint, positionsMaint, 7) { // UM settles in USDT, CM in BTC alone
			s.t.Errorf("seed %d: %s: positions need %v, the assets %v", seed, path, positionsMaint, assetsMaint)
		}
	}
	for _, asset := range s.venue.Assets() {
		m, i := s.venue.LoanMargin(asset)
		index := s.venue.IndexOf(asset).Decimal()
		maint, initial = maint.Add(m.Mul(index)), initial.Add(i.Mul(index))
	}
	truth := s.venue.Account()
	if !near(maint, whole.AccountMaintMargin, 2) || !near(initial, whole.AccountInitialMargin, 2) {
		s.t.Errorf("seed %d: parts need %v and %v, the account %v and %v", seed, maint, initial, whole.AccountMaintMargin, whole.AccountInitialMargin)
	}
	if !near(truth.MaintMargin, whole.AccountMaintMargin, 8) || !near(truth.Equity, whole.AccountEquity, 8) || truth.MaintMargin.IsZero() {
		s.t.Errorf("seed %d: the venue has equity %v and maintenance %v, GET account says %v and %v", seed, truth.Equity, truth.MaintMargin, whole.AccountEquity, whole.AccountMaintMargin)
	}
	s.checkBalances(seed)
}

// checkBalances holds every asset of GET balance against its parts and the venue's wallets.
func (s *testSim) checkBalances(seed uint64) {
	s.t.Helper()
	var list []struct {
		Asset                                                 string
		TotalWalletBalance, CrossMarginAsset, CrossMarginFree decimal.Decimal
		CrossMarginLocked, UMWalletBalance, CMWalletBalance   decimal.Decimal
		CrossMarginBorrowed                                   decimal.Decimal
	}
	s.ask("/papi/v1/balance", &list)
	for _, b := range list {
		free, locked := b.CrossMarginFree, b.CrossMarginLocked
		if !b.CrossMarginAsset.Equal(free.Add(locked)) || !b.TotalWalletBalance.Equal(free.Add(locked).Add(b.UMWalletBalance).Add(b.CMWalletBalance)) {
			s.t.Errorf("seed %d: balance of %s does not add up: %+v", seed, b.Asset, b)
		}
		if !b.CrossMarginAsset.Equal(s.venue.Balance(b.Asset, exchange.WalletMargin)) || !b.CrossMarginBorrowed.Equal(s.venue.Balance(b.Asset, exchange.WalletLoan)) {
			s.t.Errorf("seed %d: balance of %s is not the venue's: %+v", seed, b.Asset, b)
		}
	}
}

// near says whether two numbers are the same but for a unit of the last of some decimals.
func near(a, b decimal.Decimal, places int32) bool {
	return a.Sub(b).Abs().LessThanOrEqual(decimal.New(1, -places))
}

package margin

import (
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// stressed is the oracle's: the account under a scenario, without orders.
func (w *world) stressed(s *Scenario) Stressed {
	factor := func(asset string, index bool) decimal.Decimal {
		f := one
		for _, k := range s.Shocks {
			if w.moves(&k, asset) || index && k.Asset == asset {
				f = one.Add(dec(k.Move))
			}
		}
		return f
	}
	cut := Shock{}
	for _, k := range s.Shocks {
		cut.Haircut = max(cut.Haircut, k.Haircut)
	}
	ratioFor := func(list []CoinRatio, coin string) decimal.Decimal {
		named := map[string]decimal.Decimal{}
		for _, x := range list {
			named[x.Coin] = dec(x.Ratio)
		}
		if x, known := named[coin]; known {
			return x
		}
		return named[AllCoins]
	}
	markFactor := func(in *exchange.Instrument) decimal.Decimal {
		f := factor(in.Base, false).Mul(one.Add(ratioFor(s.Basis, in.Base))).Round(8)
		f = f.Mul(one.Add(ratioFor(s.Quotes, in.Quote))).Round(8)
		for _, m := range s.Marks {
			if m.Inst == in.ID {
				f = one.Add(dec(m.Move))
			}
		}
		return f
	}
	out := Stressed{Scenario: s.Name}
	gains := map[string]decimal.Decimal{}
	maint := map[string]decimal.Decimal{}
	for _, pos := range w.positions {
		in := w.ins.At(pos.Inst)
		mark := dec(w.marks[pos.Inst])
		f := markFactor(in)
		end, half := mark.Mul(f).Round(8), mark.Mul(one.Add(f.Sub(one).DivRound(decimal.NewFromInt(2), 16).Truncate(8))).Round(8)
		now, then := profit(in, pos.Qty, pos.Entry, mark), profit(in, pos.Qty, pos.Entry, half)
		if s.ADL && then.IsPositive() && then.GreaterThan(now) {
			gains[in.MarginAsset] = gains[in.MarginAsset].Add(then)
			continue
		}
		paid := decimalOf("0")
		if rate := ratioFor(s.Funding, in.Base); !rate.IsZero() {
			paid = in.Value(pos.Qty.Abs(), end).Mul(rate).Mul(decimal.NewFromInt(int64(pos.Qty.Sign())))
		}
		gains[in.MarginAsset] = gains[in.MarginAsset].Add(profit(in, pos.Qty, pos.Entry, end)).Sub(paid)
		maint[in.MarginAsset] = maint[in.MarginAsset].Add(w.maintenance(in, pos.Qty.Abs(), end))
	}
	for _, a := range w.assetNames() {
		b, moved := w.balance[a], *w
		net := b[exchange.WalletMargin].Add(b[exchange.WalletUM]).Add(b[exchange.WalletCM]).Sub(w.debt(a)).Add(gains[a])
		index := dec(w.index[a]).Mul(factor(a, true)).Round(8)
		x, _ := exchange.FixedFromDecimal(index, exchange.RoundDown)
		moved.index = map[string]exchange.Fixed{a: x}
		deep := w.lowered(s, a, &cut, &moved)
		out.Equity = out.Equity.Add(moved.equity(a, net, &deep))
		_, mmr := w.loan(a)
		out.MaintMargin = out.MaintMargin.Add(maint[a].Add(w.debt(a).Mul(mmr)).Mul(index))
	}
	out.UniMMR = ratio(out.Equity, out.MaintMargin)
	if out.MaintMargin.IsZero() {
		out.UniMMR = decimal.NewFromInt(exchange.UniMMRMax)
	}
	l := w.tables.Ladder
	switch {
	case out.Equity.IsNegative():
		out.Status = exchange.StatusBankrupted
	case out.UniMMR.LessThanOrEqual(dec(l.Liquidation)):
		out.Status = exchange.StatusActiveLiquidation
	case out.UniMMR.LessThanOrEqual(dec(l.ReduceOnly)):
		out.Status = exchange.StatusReduceOnly
	default:
		out.Status = exchange.StatusNormal
	}
	return out
}

// lowered is the cut of an asset's rates, whose steps the world gets another table for.
func (w *world) lowered(s *Scenario, asset string, cut *Shock, moved *world) Shock {
	deep, steps := *cut, 0
	named := map[string]RateCut{}
	for _, c := range s.RateCuts {
		named[c.Asset] = c
	}
	c, known := named[asset]
	if !known {
		c = named[AllCoins]
	}
	deep.Haircut, steps = max(deep.Haircut, c.Points), c.Steps
	tables := *w.tables
	tables.Collateral = maps.Clone(tables.Collateral)
	schedule := tables.Collateral[asset]
	var tiers []Tier
	for i, t := range schedule.Tiers {
		tiers = append(tiers, Tier{t.Cap, schedule.Tiers[min(len(schedule.Tiers)-1, i+steps)].Rate})
	}
	schedule.Tiers = tiers
	tables.Collateral[asset] = schedule
	moved.tables = &tables
	return deep
}

// drawScenario is up to four shocks of any kind, with and without ADL, and in every other
// world basis, fundings, moves of single marks and cuts of single assets.
func drawScenario(r *rand.Rand) Scenario {
	s := Scenario{Name: "drawn", ADL: r.IntN(2) == 0}
	coins := []string{AllCoins, "BTC", "ETH", "BNB", "USDT"}
	if r.IntN(2) == 0 {
		for range r.IntN(3) {
			ratio := exchange.Fixed(r.Int64N(20_000_000) - 10_000_000)
			s.Basis = append(s.Basis, CoinRatio{coins[r.IntN(4)], ratio})
			s.Funding = append(s.Funding, CoinRatio{coins[r.IntN(4)], -ratio / 7})
			s.Quotes = append(s.Quotes, CoinRatio{[]string{"USDT", "USD", "USDC"}[r.IntN(3)], 2 * ratio})
			s.RateCuts = append(s.RateCuts, RateCut{append(testAssets, AllCoins)[r.IntN(6)], exchange.Fixed(r.Int64N(30_000_000)), r.IntN(4)})
			s.Marks = append(s.Marks, MarkMove{exchange.InstrumentID(1 + r.IntN(5)), 3 * ratio})
		}
	}
	for range r.IntN(5) {
		move := exchange.Fixed(r.Int64N(130_000_000) - 90_000_000)
		switch r.IntN(4) {
		case 0:
			s.Shocks = append(s.Shocks, Shock{Asset: testAssets[r.IntN(len(testAssets))], Move: move})
		case 1:
			s.Shocks = append(s.Shocks, Shock{Haircut: exchange.Fixed(r.Int64N(int64(exchange.FixedOne) + 1))})
		default:
			s.Shocks = append(s.Shocks, Shock{Coin: coins[r.IntN(len(coins))], Move: move})
		}
	}
	return s
}

func (a Stressed) equal(b Stressed) bool {
	return a.Scenario == b.Scenario && a.Equity.Equal(b.Equity) && a.MaintMargin.Equal(b.MaintMargin) && a.UniMMR.Equal(b.UniMMR) && a.Status == b.Status
}

// TestStressEqualsOracle compares random accounts under random scenarios and under all of
// the report's with the oracle, to the last digit, and sees that stress leaves no trace: the
// portfolio stays equal to one that was never asked, its proof included.
func TestStressEqualsOracle(t *testing.T) {
	statuses := map[exchange.AccountStatus]int{}
	for i := range worlds(t, 400) {
		r := rand.New(rand.NewPCG(23, uint64(i)))
		w := draw(t, r)
		p, untouched := w.portfolio(t), w.portfolio(t)
		for _, q := range []*Portfolio{p, untouched} {
			q.Account()
			q.Safe(exchange.MustFixed("1.2"))
		}
		list := append(p.StressScenarios(), drawScenario(r), drawScenario(r), drawScenario(r))
		got, err := p.Stress(list)
		ok(t, err)
		for k := range list {
			if want := w.stressed(&list[k]); !got[k].equal(want) {
				t.Fatalf("world %d: %+v, the oracle says %+v under %+v", i, got[k], want, list[k])
			}
			statuses[got[k].Status]++
		}
		if !reflect.DeepEqual(p, untouched) {
			t.Fatalf("world %d: stress has left a trace", i)
		}
	}
	if len(statuses) < 4 {
		t.Errorf("the accounts came to %v only", statuses)
	}
}

// TestStressIsTheAccount: without a shock it is the account without its orders, and under
// one what the guard's own model says.
func TestStressIsTheAccount(t *testing.T) {
	for i := range worlds(t, 200) {
		r := rand.New(rand.NewPCG(29, uint64(i)))
		w := draw(t, r)
		w.orders = nil
		p := w.portfolio(t)
		list := []Scenario{{}}
		for _, s := range w.shocks {
			list = append(list, Scenario{Name: s.Name, Shocks: []Shock{s}})
		}
		got, err := p.Stress(list)
		ok(t, err)
		if a := p.Account(); !got[0].equal(Stressed{"", a.Equity, a.MaintMargin, a.UniMMR, a.Status}) {
			t.Fatalf("world %d: stress %+v, account %+v", i, got[0], a)
		}
		bounds, err := p.Scenarios()
		ok(t, err)
		for k, b := range bounds {
			if !got[k].Equity.Equal(b.Equity) || !got[k].MaintMargin.Equal(b.MaintMargin) {
				t.Fatalf("world %d: stress %+v, scenario %+v", i, got[k], b)
			}
		}
	}
}

// TestStressOfACarry is counted by hand: 10 BTC at 95% and a short of 9 at 100,000.
func TestStressOfACarry(t *testing.T) {
	p := smallAccount(t)
	ok(t, p.SetBalance("USDT", exchange.WalletUM, decimalOf("10000")))
	got, err := p.Stress(p.StressScenarios())
	ok(t, err)
	want := map[string]string{
		// 9 at 100,000: 900,000·0.0065 - 950 = 4,900 in the third step.
		"no shock": "960000 4900 NORMAL",
		// 475,000 of coins, 450,000 of gains and 10,000; 450,000·0.005 - 50.
		"coins -50%": "935000 2200 NORMAL",
		// 1,425,000 of coins less 450,000 of losses and 10,000 more; 1,350,000·0.0065 - 950.
		"coins +50%":          "985000 7825 NORMAL",
		"USDT -10%":           "959000 4410 NORMAL",
		"haircuts +20 points": "758000 4900 NORMAL", // of USDT, too
		// 85,000: coins at 807,500; the short closes at 92,500 with 67,500; 10,000.
		"10 October 2025: BTC -15%, winners closed half-way by ADL": "885000 0 NORMAL",
	}
	for _, s := range got {
		line, known := want[s.Scenario]
		if delete(want, s.Scenario); known && s.Equity.String()+" "+s.MaintMargin.String()+" "+s.Status.String() != line {
			t.Errorf("%s: %v %v %v, want %s", s.Scenario, s.Equity, s.MaintMargin, s.Status, line)
		}
	}
	if len(want) > 0 {
		t.Errorf("no scenario %v", want)
	}
}

// TestStressScenarios: a coin alone only beside others, and only what the account has.
func TestStressScenarios(t *testing.T) {
	names := func(p *Portfolio) (list []string) {
		for _, s := range p.StressScenarios() {
			list = append(list, s.Name)
		}
		return list
	}
	common := strings.Split("no shock,coins -50%,coins -40%,coins -30%,coins -20%,coins -10%,coins +10%,coins +20%,coins +30%,coins +50%", ",")
	cuts := []string{"haircuts +10 points", "haircuts +20 points"}
	empty := smallAccount(t)
	ok(t, empty.SetBalance("BTC", exchange.WalletMargin, decimal.Zero))
	ok(t, empty.SetPosition(exchange.Position{Inst: 2}))
	rich := smallAccount(t)
	for _, a := range []string{"WBETH", "ETH", "USDE", "DOGE", "USDC"} {
		ok(t, rich.SetBalance(a, exchange.WalletMargin, decimalOf("1")))
	}
	for _, c := range []struct {
		p    *Portfolio
		want []string
	}{
		{empty, slices.Concat(common, cuts, []string{"10 October 2025: winners closed half-way by ADL"})},
		{smallAccount(t), slices.Concat(common, []string{"USDT -5%", "USDT -10%"}, cuts,
			[]string{"10 October 2025: BTC -15%, winners closed half-way by ADL"})},
		{rich, slices.Concat(common, []string{
			"BTC -30%", "BTC +30%", "DOGE -30%", "DOGE +30%", "ETH -30%", "ETH +30%", "WBETH -30%", "WBETH +30%",
			"USDC -5%", "USDC -10%", "USDE -5%", "USDE -10%", "USDT -5%", "USDT -10%",
		}, cuts, []string{"10 October 2025: BTC -15%, ETH -20%, WBETH -90%, USDE -35%, other coins -60%, winners closed half-way by ADL"})},
	} {
		if got := names(c.p); !slices.Equal(got, c.want) {
			t.Errorf("scenarios %q, want %q", got, c.want)
		}
	}
}

func TestStressRefuses(t *testing.T) {
	p := smallAccount(t)
	if _, err := p.Stress([]Scenario{{Name: "all gone", Shocks: []Shock{{Coin: AllCoins, Move: -exchange.FixedOne}}}}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), `"all gone"`) {
		t.Errorf("a fall to nothing: %v", err)
	}
	ok(t, p.SetBalance("ETH", exchange.WalletMargin, decimalOf("1")))
	if _, err := p.Stress(p.StressScenarios()); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "index of ETH") {
		t.Errorf("an asset without a price: %v", err)
	}
	ins := smallAccount(t).ins
	p, err := New(ins, Assumed())
	ok(t, err)
	ok(t, p.SetPosition(exchange.Position{Inst: 2, Qty: decimalOf("1"), Entry: decimalOf("1")}))
	if _, err := p.Stress([]Scenario{{}}); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "mark of UM BTCUSDT") {
		t.Errorf("a position without a mark: %v", err)
	}
}

// TestStressEdges: the smallest price there is does not fall to nothing, by which a contract
// in coins would be worth without end, and a debt without margin is bankrupt at the
// exchange's own uniMMR.
func TestStressEdges(t *testing.T) {
	p, err := New(testInstruments(t), testTables())
	ok(t, err)
	for _, err := range []error{
		p.SetMark(5, 1), p.SetIndex("ETH", 1),
		p.SetPosition(exchange.Position{Inst: 5, Qty: decimalOf("1"), Entry: decimalOf("0.00000001")}),
	} {
		ok(t, err)
	}
	got, err := p.Stress([]Scenario{{Shocks: []Shock{{Coin: AllCoins, Move: hundredths(-90)}}}})
	ok(t, err)
	if !got[0].MaintMargin.IsPositive() {
		t.Errorf("%+v", got[0])
	}
	p = smallAccount(t)
	ok(t, p.SetBalance("BTC", exchange.WalletMargin, decimal.Zero))
	ok(t, p.SetPosition(exchange.Position{Inst: 2}))
	ok(t, p.SetBalance("USDT", exchange.WalletUM, decimalOf("-5")))
	got, err = p.Stress([]Scenario{{}})
	ok(t, err)
	if u := p.Account().UniMMR; !got[0].UniMMR.Equal(u) || got[0].Status != exchange.StatusBankrupted {
		t.Errorf("%+v, the account has a uniMMR of %v", got[0], u)
	}
}

// BenchmarkStress is one stress table of the report.
func BenchmarkStress(b *testing.B) {
	for _, c := range []struct {
		name string
		p    *Portfolio
	}{{"small", smallAccount(b)}, {"large", largeAccount(b)}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				got, err := c.p.Stress(c.p.StressScenarios())
				if err != nil {
					b.Fatal(err)
				}
				rows = len(got)
			}
			b.ReportMetric(float64(rows), "rows")
		})
	}
}

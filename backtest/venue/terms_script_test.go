package venue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// terms obeys one line about what the exchange changes, or about what the account is worth:
//
//	collateral ASSET RATE          brackets INST CAP:MMR:LEVERAGE ...   scale INST FACTOR
//	status INST WORD               filter INST tick|step|notional|clearance NUMBER
//	adl INST BOTH|LONG|SHORT SHARE
//	expect equity|maintenance|uniMMR|status VALUE      rounded to VALUE's decimals
//	pools                          prints what the other sides have
//
// known is false for other lines.
func (s *script) terms(f []string) (known bool, err error) {
	v := s.v
	switch f[0] {
	case "collateral":
		return true, v.SetCollateral(f[1], margin.Flat(exchange.MustFixed(f[2]), margin.Source{}), s.now)
	case "brackets", "scale", "status", "filter", "adl":
	case "expect":
		return true, s.expect(f[1], f[2])
	case "pools":
		s.extra += s.printPools()
		return true, nil
	default:
		return false, nil
	}
	inst, err := instrument(f[1])
	if err != nil {
		return true, err
	}
	switch f[0] {
	case "brackets":
		b, err := readBrackets(v.markets[inst].in.Product, f[2:])
		if err != nil {
			return true, err
		}
		return true, v.SetBrackets(inst, b, s.now)
	case "scale":
		return true, v.ScaleBrackets(inst, exchange.MustFixed(f[2]), s.now)
	case "status":
		return true, v.SetStatus(inst, f[2], s.now)
	case "filter":
		return true, v.SetFilter(inst, func(in *exchange.Instrument) { setFilter(in, f[2], f[3]) }, s.now)
	default:
		side, err := exchange.ParsePositionSide(f[2])
		if err != nil {
			return true, err
		}
		return true, v.ADL(inst, side, exchange.MustFixed(f[3]), s.now)
	}
}

func setFilter(in *exchange.Instrument, key, value string) {
	rule := map[string]*exchange.Fixed{
		"tick": &in.Tick, "step": &in.Lot.Step, "notional": &in.NotionalMin, "clearance": &in.LiquidationFee,
	}[key]
	*rule = exchange.MustFixed(value)
}

// readBrackets joins steps of CAP:MMR:LEVERAGE.
func readBrackets(p exchange.Product, words []string) (margin.Brackets, error) {
	b := margin.Brackets{Product: p}
	var before margin.Bracket
	for _, word := range words {
		part := strings.Split(word, ":")
		if len(part) != 3 {
			return b, fmt.Errorf("want CAP:MMR:LEVERAGE, not %s", word)
		}
		leverage, err := strconv.Atoi(part[2])
		if err != nil {
			return b, err
		}
		t := margin.Bracket{Floor: before.Cap, Cap: exchange.MustFixed(part[0]), MMR: exchange.MustFixed(part[1]), Leverage: leverage}
		step := t.Floor.Decimal().Mul((t.MMR - before.MMR).Decimal())
		cum, err := exchange.FixedFromDecimal(before.Cum.Decimal().Add(step), exchange.RoundHalfUp)
		if err != nil {
			return b, err
		}
		t.Cum = cum
		b.Tiers = append(b.Tiers, t)
		before = t
	}
	return b, nil
}

// expect compares the account with a value that was worked out by hand. -rewrite leaves it
// alone, so it fails whatever the engine prints.
func (s *script) expect(what, want string) error {
	a := s.v.Account()
	got, known := map[string]decimal.Decimal{"equity": a.Equity, "maintenance": a.MaintMargin, "uniMMR": a.UniMMR}[what]
	if what == "status" {
		if a.Status.String() != want {
			return fmt.Errorf("status is %v", a.Status)
		}
		return nil
	}
	if !known {
		return fmt.Errorf("no such value")
	}
	_, decimals, _ := strings.Cut(want, ".")
	if !got.Round(int32(len(decimals))).Equal(decimal.RequireFromString(want)) {
		return fmt.Errorf("%s is %v", what, got.Round(8))
	}
	return nil
}

func (s *script) printPools() string {
	names := [...]string{poolMarket: "market", poolFees: "fees", poolInsurance: "insurance", poolLender: "lender", poolOutside: "outside"}
	var b strings.Builder
	for _, asset := range slices.Sorted(slices.Values(s.v.pools.assets)) {
		fmt.Fprintf(&b, "  pools %s:", asset)
		for i, amount := range s.v.pools.of(asset) {
			if !amount.IsZero() {
				fmt.Fprintf(&b, " %s %v", names[i], amount)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// setTerms obeys "set KEY VALUE" for what a liquidation goes by; known is false for others.
func (s *script) setTerms(key, value string) (known bool) {
	number := exchange.MustFixed(value)
	l := &s.config.Tables.Ladder
	asset, isRate := strings.CutPrefix(key, "rate.")
	switch {
	case isRate:
		s.config.Tables.Collateral[asset] = margin.Flat(number, margin.Source{})
	case key == "clearance":
		s.config.Liquidation.LoanClearance = number
	case key == "fund":
		s.config.Liquidation.InsuranceFund = number
	case key == "ladder.margin_call":
		l.MarginCall = number
	case key == "ladder.supply_margin":
		l.SupplyMargin = number
	case key == "ladder.reduce_only":
		l.ReduceOnly = number
	case key == "ladder.liquidation":
		l.Liquidation = number
	default:
		return false
	}
	return true
}

package riskguard

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// act asks for an act: "act BORROW BTC 0.1", "act REPAY_DEBT USDT 5 sell BTC ETH",
// "act LEVERAGE UM 20", "act POSITION_MODE UM on", "act TRANSFER_BNB 1 on".
func (b *bench) act(f []string) string {
	act, err := parseAct(b, f)
	if err != nil {
		return err.Error()
	}
	v := b.g.CheckAct(act, b.now)
	switch {
	case v.Refusal == nil && v.Approved.Valid(b.g.Epoch(), b.now) && v.Approved.Act().Kind == act.Kind:
		return "passes"
	case v.Refusal == nil || v.Approved.Valid(b.g.Epoch(), b.now):
		return "neither approved nor refused"
	default:
		return v.Refusal.Error()
	}
}

func parseAct(b *bench, f []string) (act exchange.Act, err error) {
	if act.Kind, err = exchange.ParseActKind(f[0]); err != nil {
		return act, err
	}
	for i, word := range f[1:] {
		amount, err := decimal.NewFromString(word)
		switch {
		case word == "on":
			act.On = true
		case strings.HasPrefix(word, "strategy="):
			act.Strategy = exchange.StrategyID(word[9] - '0')
		case word == "sell":
			act.Assets = slices.Clone(f[i+2:])
			return act, nil
		case act.Kind == exchange.ActLeverage && err == nil:
			act.Leverage, _ = strconv.Atoi(word)
		case err == nil:
			act.Amount = amount
		case act.Kind == exchange.ActLeverage:
			act.Inst = b.inst(word)
		case act.Kind == exchange.ActPositionMode:
			act.Product, _ = exchange.ParseProduct(word)
		default:
			act.Asset = word
		}
	}
	return act, nil
}

// TestApprovedActIsNobodysToChange: what was approved is what is done, whatever happens to
// the lists that were passed in or given out.
func TestApprovedActIsNobodysToChange(t *testing.T) {
	b := newBench(t, DefaultLimits())
	act := exchange.Act{Kind: exchange.ActRepayDebt, Asset: "USDT", Assets: []string{"BTC"}}
	v := b.g.CheckAct(act, b.now)
	if v.Refusal != nil {
		t.Fatal(v.Refusal)
	}
	act.Assets[0] = "ETH"
	v.Approved.Act().Assets[0] = "ETH"
	if got := v.Approved.Act(); got.Assets[0] != "BTC" {
		t.Errorf("approved %v", got)
	}
	if v.Approved.Order().ID != 0 || (Approved{}).Valid(0, 0) {
		t.Error("an act is no order, and nothing is not approved")
	}
	if v.Approved.Valid(b.g.Epoch(), b.now.Add(b.g.limits.ApprovalTTL+1)) || v.Approved.Valid(b.g.Epoch()+1, b.now) {
		t.Error("an approval holds for its time and its epoch")
	}
}

// TestActPanicHalts: a control that fails refuses and asks for a halt.
func TestActPanicHalts(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.g.ins = nil
	v := b.g.CheckAct(exchange.Act{Kind: exchange.ActLeverage, Inst: benchUM, Leverage: 5}, b.now)
	if v.Refusal == nil || v.Halt == "" || v.Approved.Valid(b.g.Epoch(), b.now) {
		t.Errorf("%+v", v)
	}
}

// since is a projection without what was at stake before.
func since(p margin.Projection) margin.Projection {
	p.Exposure.GrossBefore, p.Exposure.NetBefore, p.Exposure.DebtBefore, p.Exposure.Gap, p.Exposure.GapCoin = 0, 0, 0, 0, ""
	return p
}

// TestProjectionsOfActs: a projection is what comes of the act, and keeps nothing of it.
func TestProjectionsOfActs(t *testing.T) {
	b := newBench(t, DefaultLimits())
	for _, line := range []string{"send a buy UM 0.003 limit 50000", "send b sell CM 1 limit 50000", "fill UM BUY 0.1 50000"} {
		b.do(strings.Fields(line))
	}
	m := b.g.model
	before, err := m.Project()
	if err != nil {
		t.Fatal(err)
	}
	loan, err := m.ProjectBorrow("BTC", decimal.NewFromInt(1))
	if err != nil {
		t.Fatal(err)
	}
	leverage, err := m.ProjectLeverage(benchUM, 3)
	if err != nil {
		t.Fatal(err)
	}
	after, err := m.Project()
	if err != nil || !reflect.DeepEqual(before, after) || m.Leverage(benchUM) == 3 {
		t.Errorf("kept something: %+v, %v", after, err)
	}
	if reflect.DeepEqual(loan, before) || reflect.DeepEqual(leverage, before) {
		t.Error("an act changes nothing")
	}
	if err := m.SetLeverage(benchUM, 3); err != nil {
		t.Fatal(err)
	}
	// What was at stake before is another thing now.
	project := func() (margin.Projection, error) {
		p, err := m.Project()
		return since(p), err
	}
	leverage, loan = since(leverage), since(loan)
	if got, err := project(); err != nil || !reflect.DeepEqual(got, leverage) {
		t.Errorf("leverage: projected %+v, is %+v, %v", leverage, got, err)
	}
	m.SetLeverage(benchUM, 20)
	b.do([]string{"deposit", "MARGIN", "BTC", "1"})
	b.do([]string{"deposit", "LOAN", "BTC", "1"})
	if got, err := project(); err != nil || !reflect.DeepEqual(got, loan) {
		t.Errorf("loan: projected %+v, is %+v, %v", loan, got, err)
	}
}

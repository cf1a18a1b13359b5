package papi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// TestWording sends an order of every kind, its amendment and its cancel, and holds the
// requests against testdata/requests.txt.
func TestWording(t *testing.T) {
	ins := testInstruments(t)
	var out strings.Builder
	transport := &carrier{answer: func(r *http.Request, body string) (*http.Response, error) {
		values := r.URL.Query()
		form, _ := url.ParseQuery(body)
		for k, v := range form {
			values[k] = v
		}
		for _, unsteady := range []string{"timestamp", "signature", "recvWindow"} {
			values.Del(unsteady)
		}
		text, _ := url.QueryUnescape(values.Encode())
		out.WriteString("  " + r.Method + " " + r.URL.Path + " " + text + "\n")
		return respond(400, `{"code":-1121,"msg":"Invalid symbol."}`), nil
	}}
	desk := newDesk(t)
	client := newTestClient(t, transport)
	client.SetEpoch(desk.guard.Epoch())
	b, err := NewBroker(BrokerConfig{Client: client, Instruments: ins, Deliver: func(exchange.Event) {}})
	if err != nil {
		t.Fatal(err)
	}
	go func() { // OCOs are announced
		for range b.inbox {
		}
	}()
	for _, k := range orderKinds() {
		out.WriteString(k.name + "\n")
		o := exchange.Order{ID: 1, ClientID: "pm-1-a", Request: k.request}
		for _, r := range []*request{
			{kind: toPlace, approved: desk.approve(), order: o}, {kind: toAmend, approved: desk.approve(), order: o}, {kind: toCancel, order: o},
		} {
			before := out.Len()
			var e *Error
			if a := b.send(t.Context(), r); out.Len() == before && errors.As(a.err, &e) {
				out.WriteString("  not sent: " + e.Msg + "\n")
			}
		}
	}
	golden(t, "testdata/requests.txt", out.String())
}

type orderKind struct {
	name    string
	request exchange.OrderRequest
}

// orderKinds are orders of all kinds that papi takes, with each parameter at least once.
func orderKinds() []orderKind {
	f := exchange.MustFixed
	limit := exchange.OrderRequest{Side: exchange.Buy, Type: exchange.Limit, Qty: f("0.5"), Price: f("50000.1")}
	kind := func(name string, inst exchange.InstrumentID, change func(*exchange.OrderRequest)) orderKind {
		r := limit
		r.Inst = inst
		change(&r)
		return orderKind{name, r}
	}
	stop := func(t exchange.OrderType) func(*exchange.OrderRequest) {
		return func(r *exchange.OrderRequest) {
			r.Type, r.Side, r.Trigger = t, exchange.Sell, f("45000")
			if t.Market() {
				r.Price = 0
			}
		}
	}
	return []orderKind{
		kind("UM limit", testUM, func(*exchange.OrderRequest) {}),
		kind("UM post-only, hedge mode, self-trade prevention", testUM, func(r *exchange.OrderRequest) {
			r.TimeInForce, r.PositionSide, r.STP = exchange.GTX, exchange.Long, exchange.ExpireBoth
		}),
		kind("UM good till date, reduce-only", testUM, func(r *exchange.OrderRequest) {
			r.TimeInForce, r.GoodTill, r.ReduceOnly, r.STP = exchange.GTD, exchange.Millis(1900000000000), true, exchange.STPNone
		}),
		kind("UM price match", testUM, func(r *exchange.OrderRequest) { r.PriceMatch, r.Price = exchange.Queue5, 0 }),
		kind("UM market", testUM, func(r *exchange.OrderRequest) { r.Type, r.Price = exchange.Market, 0 }),
		kind("UM stop", testUM, stop(exchange.Stop)),
		kind("UM stop market that closes", testUM, func(r *exchange.OrderRequest) {
			stop(exchange.StopMarket)(r)
			r.ClosePosition, r.Qty, r.WorkingType, r.PriceProtect = true, 0, exchange.MarkPrice, true
		}),
		kind("UM take profit", testUM, stop(exchange.TakeProfit)),
		kind("UM take profit market", testUM, stop(exchange.TakeProfitMarket)),
		kind("UM trailing stop", testUM, func(r *exchange.OrderRequest) {
			stop(exchange.TrailingStopMarket)(r)
			r.Trigger, r.Activation, r.Callback, r.ReduceOnly = 0, f("52000"), f("0.015"), true
		}),
		kind("CM limit", testCM, func(r *exchange.OrderRequest) { r.Qty, r.TimeInForce = f("10"), exchange.IOC }),
		kind("CM market", testCM, func(r *exchange.OrderRequest) {
			r.Qty, r.Type, r.Price, r.PositionSide = f("10"), exchange.Market, 0, exchange.Short
		}),
		kind("CM stop", testCM, func(r *exchange.OrderRequest) { stop(exchange.Stop)(r); r.Qty = f("10") }),
		kind("CM trailing stop", testCM, func(r *exchange.OrderRequest) {
			stop(exchange.TrailingStopMarket)(r)
			r.Qty, r.Trigger, r.Callback, r.WorkingType = f("10"), 0, f("0.01"), exchange.MarkPrice
		}),
		kind("margin limit", testMargin, func(r *exchange.OrderRequest) { r.SideEffect, r.Iceberg = exchange.MarginBuy, f("0.1") }),
		kind("margin post-only", testMargin, func(r *exchange.OrderRequest) { r.TimeInForce = exchange.GTX }),
		kind("margin market by quote", testMargin, func(r *exchange.OrderRequest) {
			r.Type, r.Price, r.Qty, r.QuoteQty, r.SideEffect = exchange.Market, 0, 0, f("100"), exchange.AutoBorrowRepay
		}),
		kind("margin stop", testMargin, stop(exchange.Stop)),
		kind("margin stop market", testMargin, stop(exchange.StopMarket)),
		kind("margin take profit", testMargin, stop(exchange.TakeProfit)),
		kind("margin take profit market", testMargin, stop(exchange.TakeProfitMarket)),
		kind("margin trailing stop", testMargin, stop(exchange.TrailingStopMarket)),
		kind("margin OCO", testMargin, func(r *exchange.OrderRequest) {
			r.Type, r.Side, r.Trigger, r.Price = exchange.OCO, exchange.Sell, f("45000"), f("55000")
		}),
		kind("margin OCO with a stop limit", testMargin, func(r *exchange.OrderRequest) {
			r.Type, r.Side, r.Trigger, r.StopPrice, r.SideEffect = exchange.OCO, exchange.Sell, f("45000"), f("44900"), exchange.AutoRepay
		}),
	}
}

// TestActs: what is sent is what was approved, and an approval of something else sends
// nothing.
func TestActs(t *testing.T) {
	var sent string
	transport := &carrier{answer: func(r *http.Request, body string) (*http.Response, error) {
		values := r.URL.Query()
		form, _ := url.ParseQuery(body)
		for k, v := range form {
			values[k] = v
		}
		for _, unsteady := range []string{"timestamp", "signature", "recvWindow"} {
			values.Del(unsteady)
		}
		sent = r.Method + " " + r.URL.Path + " " + values.Encode()
		return respond(400, `{"code":-1109,"msg":"Invalid account."}`), nil
	}}
	ins := testInstruments(t)
	desk := newDesk(t)
	client := newTestClient(t, transport)
	client.SetEpoch(desk.guard.Epoch())
	ctx := t.Context()
	calls := []struct {
		name string
		act  exchange.Act
		call func(riskguard.Approved) error
		want string
	}{
		{"repay", exchange.Act{Kind: exchange.ActRepay, Asset: "BTC", Amount: decimal.RequireFromString("0.5")},
			func(a riskguard.Approved) error { _, err := client.Repay(ctx, a); return err }, "POST /papi/v1/repayLoan amount=0.5&asset=BTC"},
		{"repay debt", exchange.Act{Kind: exchange.ActRepayDebt, Asset: "USDT", Assets: []string{"BTC", "USDT"}},
			func(a riskguard.Approved) error { _, err := client.RepayDebt(ctx, a); return err }, "POST /papi/v1/margin/repay-debt asset=USDT&specifyRepayAssets=BTC%2CUSDT"},
		{"UM leverage", exchange.Act{Kind: exchange.ActLeverage, Inst: testUM, Leverage: 7},
			func(a riskguard.Approved) error { _, err := client.SetUMLeverage(ctx, ins, a); return err }, "POST /papi/v1/um/leverage leverage=7&symbol=BTCUSDT"},
		{"CM leverage", exchange.Act{Kind: exchange.ActLeverage, Inst: testCM, Leverage: 8},
			func(a riskguard.Approved) error { _, err := client.SetCMLeverage(ctx, ins, a); return err }, "POST /papi/v1/cm/leverage leverage=8&symbol=BTCUSD_PERP"},
		{"UM mode", exchange.Act{Kind: exchange.ActPositionMode, Product: exchange.UM, On: true},
			func(a riskguard.Approved) error { _, err := client.SetPositionMode(ctx, a); return err }, "POST /papi/v1/um/positionSide/dual dualSidePosition=true"},
		{"CM mode", exchange.Act{Kind: exchange.ActPositionMode, Product: exchange.CM},
			func(a riskguard.Approved) error { _, err := client.SetPositionMode(ctx, a); return err }, "POST /papi/v1/cm/positionSide/dual dualSidePosition=false"},
		{"fee burn", exchange.Act{Kind: exchange.ActFeeBurn},
			func(a riskguard.Approved) error { _, err := client.SetFeeBurn(ctx, a); return err }, "POST /papi/v1/um/feeBurn feeBurn=false"},
		{"repay switch", exchange.Act{Kind: exchange.ActRepaySwitch, On: true},
			func(a riskguard.Approved) error { _, err := client.SetRepaySwitch(ctx, a); return err }, "POST /papi/v1/repay-futures-switch autoRepay=true"},
		{"repay negative", exchange.Act{Kind: exchange.ActRepayNegative},
			func(a riskguard.Approved) error { _, err := client.RepayNegative(ctx, a); return err }, "POST /papi/v1/repay-futures-negative-balance "},
		{"collect all", exchange.Act{Kind: exchange.ActCollectAll},
			func(a riskguard.Approved) error { _, err := client.CollectAll(ctx, a); return err }, "POST /papi/v1/auto-collection "},
		{"collect one", exchange.Act{Kind: exchange.ActCollectAsset, Asset: "USDT"},
			func(a riskguard.Approved) error { _, err := client.CollectAsset(ctx, a); return err }, "POST /papi/v1/asset-collection asset=USDT"},
		{"transfer", exchange.Act{Kind: exchange.ActTransferBNB, Amount: decimal.New(2, 0)},
			func(a riskguard.Approved) error { _, err := client.TransferBNB(ctx, a); return err }, "POST /papi/v1/bnb-transfer amount=2&transferSide=FROM_UM"},
		{"sign", exchange.Act{Kind: exchange.ActSignContract},
			func(a riskguard.Approved) error { _, err := client.SignContract(ctx, a); return err }, "POST /papi/v1/um/stock/contract "},
	}
	approve := func(act exchange.Act) riskguard.Approved {
		v := desk.guard.CheckAct(act, exchange.TimeOf(time.Now()))
		if v.Refusal != nil {
			t.Fatal(v.Refusal)
		}
		return v.Approved
	}
	for i, c := range calls {
		client = newTestClient(t, transport) // with a budget of its own
		client.SetEpoch(desk.guard.Epoch())
		sent = ""
		if err := c.call(approve(c.act)); err == nil || sent != c.want {
			t.Errorf("%s: sent %q, %v, want %q", c.name, sent, err, c.want)
		}
		sent = ""
		other := calls[(i+5)%len(calls)]
		for name, a := range map[string]riskguard.Approved{other.name: approve(other.act), "an order": desk.approve(), "nothing": {}} {
			if err := c.call(a); err == nil || sent != "" {
				t.Errorf("%s with an approval of %s: sent %q, %v", c.name, name, sent, err)
			}
		}
	}
	if _, err := client.Borrow(ctx, approve(calls[0].act)); err == nil || sent != "" {
		t.Errorf("a loan with an approval to repay: sent %q, %v", sent, err)
	}
}

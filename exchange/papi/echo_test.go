package papi

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// echoed decodes an answer and compares it with what was sent.
func echoed[A any](t *testing.T, compare func(A) error) func(string) error {
	return func(body string) error {
		var a A
		if err := decode([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		return compare(a)
	}
}

// TestEcho answers each kind of order with what was sent, and then with one value changed.
func TestEcho(t *testing.T) {
	f := exchange.MustFixed
	um := newUMOrder{
		Symbol: "SOLUSDT", Side: "BUY", Type: "LIMIT", PositionSide: "LONG", TimeInForce: "GTD", Quantity: f("1.5"), Price: f("142.25"),
		NewClientOrderID: "c1", NewOrderRespType: "ACK", SelfTradePreventionMode: "EXPIRE_MAKER", GoodTillDate: exchange.Millis(1790000000999),
	}
	oneWay := um
	oneWay.PositionSide = ""
	reducing := oneWay
	reducing.ReduceOnly = true
	matching := um
	matching.Price, matching.PriceMatch = 0, "QUEUE_5"
	const umBody = `{"symbol":"SOLUSDT","orderId":7,"status":"NEW","side":"BUY","type":"LIMIT","positionSide":"LONG","timeInForce":"GTD",` +
		`"origQty":"1.500","price":"142.250","clientOrderId":"c1","reduceOnly":false,"priceMatch":"NONE","selfTradePreventionMode":"EXPIRE_MAKER","goodTillDate":1790000000000}`
	algo := newUMAlgoOrder{
		Symbol: "SOLUSDT", Side: "SELL", Type: "STOP", Quantity: f("1.5"), Price: f("99"), TriggerPrice: f("100"), WorkingType: "MARK_PRICE",
		ReduceOnly: true, ClientAlgoID: "c2", PriceProtect: true,
	}
	const algoBody = `{"algoId":7,"clientAlgoId":"c2","algoType":"CONDITIONAL","orderType":"STOP","symbol":"SOLUSDT","side":"SELL","positionSide":"BOTH",` +
		`"timeInForce":"GTC","quantity":"1.5","algoStatus":"NEW","triggerPrice":"100.00","price":"99.0","workingType":"MARK_PRICE","priceProtect":true,"reduceOnly":true}`
	closing := newUMAlgoOrder{Symbol: "SOLUSDT", Side: "SELL", Type: "STOP_MARKET", TriggerPrice: f("100"), ClosePosition: true, ClientAlgoID: "c2"}
	const closingBody = `{"algoId":7,"clientAlgoId":"c2","algoType":"CONDITIONAL","orderType":"STOP_MARKET","symbol":"SOLUSDT","side":"SELL",` +
		`"quantity":"0","algoStatus":"NEW","triggerPrice":"100","closePosition":true,"reduceOnly":true}`
	trailing := newCMConditionalOrder{
		Symbol: "SOLUSD_PERP", Side: "SELL", StrategyType: "TRAILING_STOP_MARKET", Quantity: f("3"), ActivationPrice: f("150"), CallbackRate: f("0.5"),
		NewClientStrategyID: "c3", StopPrice: f("140"), WorkingType: "MARK_PRICE", ReduceOnly: true,
	}
	const trailingBody = `{"newClientStrategyId":"c3","strategyId":7,"strategyStatus":"NEW","strategyType":"TRAILING_STOP_MARKET","origQty":"3","reduceOnly":true,` +
		`"side":"SELL","positionSide":"BOTH","stopPrice":"140","symbol":"SOLUSD_PERP","activatePrice":"150","priceRate":"0.50","workingType":"MARK_PRICE","priceProtect":false}`
	cm := newCMOrder{Symbol: "SOLUSD_PERP", Side: "BUY", Type: "MARKET", Quantity: f("3"), NewClientOrderID: "c4"}
	const cmBody = `{"symbol":"SOLUSD_PERP","orderId":7,"status":"NEW","side":"BUY","type":"MARKET","positionSide":"BOTH","timeInForce":"GTC","origQty":"3","price":"0","clientOrderId":"c4"}`
	amend := amendUMOrder{Symbol: "SOLUSDT", Side: "BUY", Quantity: f("2"), Price: f("141"), OrigClientOrderID: "c1", ModifyID: 5}
	const amendBody = `{"symbol":"SOLUSDT","orderId":7,"status":"NEW","side":"BUY","origQty":"2.0","price":"141","clientOrderId":"c1","modifyId":5}`
	margin := newMarginOrder{
		NewOrderRespType: "RESULT",
		Symbol:           "SOLUSDT", Side: "BUY", Type: "STOP_LOSS_LIMIT", Quantity: f("1"), Price: f("150"), StopPrice: f("149"), TimeInForce: "GTC", NewClientOrderID: "c5"}
	const marginBody = `{"symbol":"SOLUSDT","orderId":7,"clientOrderId":"c5","transactTime":1,"price":"150","origQty":"1","status":"NEW","timeInForce":"GTC","type":"STOP_LOSS_LIMIT","side":"BUY"}`
	ack := margin
	ack.NewOrderRespType = ""
	const ackBody = `{"symbol":"SOLUSDT","orderId":7,"clientOrderId":"c5","transactTime":1}`
	oco := newMarginOCO{
		Symbol: "SOLUSDT", ListClientOrderID: "c6", Side: "SELL", Quantity: f("1"), LimitClientOrderID: "c6-l", Price: f("160"),
		StopClientOrderID: "c6-s", StopPrice: f("130"), StopLimitPrice: f("129"), StopLimitTimeInForce: "GTC",
	}
	const ocoBody = `{"orderListId":9,"contingencyType":"OCO","listOrderStatus":"EXECUTING","listClientOrderId":"c6","symbol":"SOLUSDT",` +
		`"orders":[{"symbol":"SOLUSDT","orderId":7,"clientOrderId":"c6-s"},{"symbol":"SOLUSDT","orderId":8,"clientOrderId":"c6-l"}],"orderReports":[` +
		`{"symbol":"SOLUSDT","orderId":7,"clientOrderId":"c6-s","price":"129","origQty":"1","timeInForce":"GTC","type":"STOP_LOSS_LIMIT","side":"SELL","stopPrice":"130"},` +
		`{"symbol":"SOLUSDT","orderId":8,"clientOrderId":"c6-l","price":"160","origQty":"1","timeInForce":"GTC","type":"LIMIT_MAKER","side":"SELL"}]}`

	for _, c := range []struct {
		name, body string
		echo       func(string) error
		changes    []string // old, new, field
	}{
		{"a UM order", umBody, echoed(t, um.echo), []string{
			"SOLUSDT", "BTCUSDT", "symbol", `"c1"`, `"c9"`, "newClientOrderId", "BUY", "SELL", "side", `"LIMIT"`, `"MARKET"`, "type",
			"LONG", "SHORT", "positionSide", `"GTD"`, `"GTC"`, "timeInForce", "1.500", "1.4", "quantity", "142.250", "0", "price",
			"EXPIRE_MAKER", "NONE", "selfTradePreventionMode", "1790000000000", "0", "goodTillDate",
			`"reduceOnly":false`, `"reduceOnly":true`, "", "NONE", "QUEUE", "",
		}},
		{"a UM order one-way", umBody, echoed(t, oneWay.echo), []string{`"reduceOnly":false`, `"reduceOnly":true`, "reduceOnly", "LONG", "BOTH", ""}},
		{"a UM order that reduces", strings.Replace(umBody, "false", "true", 1), echoed(t, reducing.echo), []string{"true", "false", "reduceOnly"}},
		{"a UM order that matches", strings.Replace(umBody, `"NONE"`, `"QUEUE_5"`, 1), echoed(t, matching.echo), []string{"142.250", "1", "", "QUEUE_5", "NONE", "priceMatch"}},
		{"a UM amendment", amendBody, echoed(t, amend.echo), []string{
			"SOLUSDT", "BTCUSDT", "symbol", "BUY", "SELL", "side", `"2.0"`, `"1.5"`, "quantity", `"141"`, `"142"`, "price", "c1", "c9", "origClientOrderId",
			`"modifyId":5`, `"modifyId":6`, "modifyId",
		}},
		{"a CM amendment", amendBody, echoed(t, amendCMOrder(amend).echo), []string{
			`"2.0"`, `"1.5"`, "quantity", `"141"`, `"142"`, "price", "c1", "c9", "origClientOrderId", `"modifyId":5`, `"modifyId":6`, "modifyId",
		}},
		{"an algo order", algoBody, echoed(t, algo.echo), []string{
			`"100.00"`, `"0"`, "triggerPrice", `"99.0"`, `"98"`, "price", "MARK_PRICE", "CONTRACT_PRICE", "workingType", "c2", "c9", "clientAlgoId",
			`"STOP"`, `"STOP_MARKET"`, "type", "SELL", "BUY", "side", `"1.5"`, `"15"`, "quantity", `"priceProtect":true`, `"priceProtect":false`, "priceProtect",
			`"reduceOnly":true`, `"reduceOnly":false`, "reduceOnly", "CONDITIONAL", "VP", "algoType",
		}},
		{"an algo order that closes", closingBody, echoed(t, closing.echo), []string{
			`"closePosition":true`, `"closePosition":false`, "closePosition", `"reduceOnly":true`, `"reduceOnly":false`, "", `"100"`, `"0"`, "triggerPrice",
		}},
		{"a CM order", cmBody, echoed(t, cm.echo), []string{`"3"`, `"30"`, "quantity", "c4", "c9", "newClientOrderId", "MARKET", "LIMIT", "type", `"GTC"`, `"IOC"`, ""}},
		{"a trailing stop", trailingBody, echoed(t, trailing.echo), []string{
			`"140"`, `"0"`, "stopPrice", `"150"`, `"0"`, "activationPrice", `"0.50"`, `"5"`, "callbackRate", "MARK_PRICE", "CONTRACT_PRICE", "workingType",
			`"3"`, `"2"`, "quantity", "c3", "c9", "newClientStrategyId", `"reduceOnly":true`, `"reduceOnly":false`, "reduceOnly", "SELL", "BUY", "side",
		}},
		{"a margin order", marginBody, echoed(t, margin.echo), []string{
			`"150"`, `"151"`, "price", `"origQty":"1"`, `"origQty":"2"`, "quantity", "STOP_LOSS_LIMIT", "STOP_LOSS", "type", "c5", "c9", "newClientOrderId", "BUY", "SELL", "side",
		}},
		{"a margin order acknowledged", ackBody, echoed(t, ack.echo), []string{"SOLUSDT", "BTCUSDT", "symbol", "c5", "c9", "newClientOrderId"}},
		{"a margin order hollow", marginBody, echoed(t, margin.echo), []string{`,"status":"NEW","timeInForce":"GTC","type":"STOP_LOSS_LIMIT","side":"BUY"`, "", "side"}},
		{"an OCO", ocoBody, echoed(t, oco.echo), []string{
			`"c6"`, `"c9"`, "listClientOrderId", `"130"`, `"0"`, "stopPrice", `"129"`, `"0"`, "stopLimitPrice", `"160"`, `"161"`, "price",
			`"clientOrderId":"c6-s","price"`, `"clientOrderId":"c9","price"`, "stopClientOrderId", `"clientOrderId":"c6-l","price"`, `"clientOrderId":"c9","price"`, "limitClientOrderId",
			`"origQty":"1"`, `"origQty":"2"`, "quantity", `,{"symbol":"SOLUSDT","orderId":8,"clientOrderId":"c6-l"}`, "", "legs",
			`"timeInForce":"GTC"`, `"timeInForce":"IOC"`, "stopLimitTimeInForce",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.echo(c.body); err != nil {
				t.Errorf("what was sent: %v", err)
			}
			for i := 0; i < len(c.changes); i += 3 {
				old, changed, field := c.changes[i], c.changes[i+1], c.changes[i+2]
				if !strings.Contains(c.body, old) {
					t.Fatalf("no %s in the answer", old)
				}
				err := c.echo(strings.Replace(c.body, old, changed, 1))
				var difference *EchoError
				switch {
				case field == "" && err != nil:
					t.Errorf("%s for %s is no difference, and is %v", changed, old, err)
				case field != "" && (!errors.As(err, &difference) || difference.Field != field):
					t.Errorf("%s for %s is a difference of %s, and is %v", changed, old, field, err)
				}
			}
		})
	}
	if got := (&EchoError{Field: "triggerPrice", Sent: "100", Echoed: "0"}).Error(); got != `the exchange took triggerPrice "0", and "100" was sent` {
		t.Error(got)
	}
}

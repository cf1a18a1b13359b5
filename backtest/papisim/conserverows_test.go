package papisim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// fillRow is a row of userTrades and myTrades.
type fillRow struct {
	OrderID                             int64
	Qty, Price, Commission, RealizedPNL decimal.Decimal
	CommissionAsset, Side               string
	IsBuyer                             bool
}

// income sums up the lists of one kind of futures: income by wallet, and what has left it
// for the margin wallet, and fills by position. Fills and income tell of the same fees and
// profits.
func (a *account) income(product, symbol string) {
	var rows []struct {
		IncomeType, Asset, Symbol string
		Income                    decimal.Decimal
	}
	a.s.ask("/papi/v1/"+product+"/income?limit=1000", &rows)
	earned := moves{}
	for _, row := range rows[1:] { // but what the account was opened with
		a.moves.add(product+" "+row.Asset, row.Income)
		if row.IncomeType == "TRANSFER" {
			a.moves.add("margin "+row.Asset, row.Income.Neg())
		}
		earned.add(row.IncomeType+" "+row.Asset, row.Income)
	}
	var fills []fillRow
	a.s.ask("/papi/v1/"+product+"/userTrades?limit=1000&symbol="+symbol, &fills)
	paid, filled, profit := moves{}, map[int64]decimal.Decimal{}, decimal.Zero
	for _, f := range fills {
		a.moves.add("position "+symbol, signed(f.Side, f.Qty))
		filled[f.OrderID] = filled[f.OrderID].Add(f.Qty)
		paid.add("COMMISSION "+f.CommissionAsset, f.Commission.Neg())
		profit = profit.Add(f.RealizedPNL)
	}
	for what, sum := range paid {
		if !sum.Equal(earned[what]) {
			a.t.Errorf("seed %d: %s: fills say %v, income %v", a.seed, what, sum, earned[what])
		}
	}
	if booked := earned["REALIZED_PNL USDT"].Add(earned["REALIZED_PNL BTC"]); !booked.Equal(profit) {
		a.t.Errorf("seed %d: %s: fills have earned %v, by income %v", a.seed, product, profit, booked)
	}
	a.orders(product+"/allOrders?limit="+map[string]string{"um": "1000", "cm": "100"}[product]+"&symbol="+symbol, filled)
}

// orders holds what orders have executed against their fills.
func (a *account) orders(path string, filled map[int64]decimal.Decimal) {
	var orders []struct {
		OrderID     int64
		ExecutedQty decimal.Decimal
	}
	a.s.ask("/papi/v1/"+path, &orders)
	for _, o := range orders {
		if !o.ExecutedQty.Equal(filled[o.OrderID]) {
			a.t.Errorf("seed %d: order %d has executed %v, its fills %v", a.seed, o.OrderID, o.ExecutedQty, filled[o.OrderID])
		}
	}
}

func (a *account) marginTrades() {
	var fills []fillRow
	a.s.ask("/papi/v1/margin/myTrades?symbol=BTCUSDT&limit=1000", &fills)
	filled := map[int64]decimal.Decimal{}
	for _, f := range fills {
		side := "SELL"
		if f.IsBuyer {
			side = "BUY"
		}
		a.moves.add("margin BTC", signed(side, f.Qty))
		a.moves.add("margin USDT", signed(side, f.Qty.Mul(f.Price)).Neg())
		a.moves.add("margin "+f.CommissionAsset, f.Commission.Neg())
		filled[f.OrderID] = filled[f.OrderID].Add(f.Qty)
	}
	a.orders("margin/allOrders?symbol=BTCUSDT&limit=500", filled)
}

// loans sums up loans, repayments and interest.
func (a *account) loans() {
	for _, asset := range [...]string{"USDT", "BTC", "ETH", "BNB"} {
		for _, path := range [...]string{"marginLoan", "repayLoan", "marginInterestHistory"} {
			for page := 1; ; page++ {
				var answer struct {
					Rows []struct{ Principal, Interest, Amount decimal.Decimal }
				}
				a.s.ask("/papi/v1/margin/"+path+"?size=100&asset="+asset+"&current="+decimal.NewFromInt(int64(page)).String(), &answer)
				for _, row := range answer.Rows {
					switch path {
					case "marginLoan":
						a.moves.add("loan "+asset, row.Principal)
						a.moves.add("margin "+asset, row.Principal)
					case "repayLoan":
						a.moves.add("loan "+asset, row.Principal.Neg())
						a.moves.add("interest "+asset, row.Interest.Neg())
						a.moves.add("margin "+asset, row.Amount.Neg())
					default:
						a.moves.add("interest "+asset, row.Interest)
					}
				}
				if len(answer.Rows) < 100 {
					break
				}
			}
		}
	}
}

// listen goes through the events: what moves by them, and the last state of each wallet.
func (a *account) listen() moves {
	sum, debts := moves{}, moves{}
	for _, f := range a.frames {
		number := func(object, name string) decimal.Decimal {
			d, err := decimal.NewFromString(strings.Trim(field(a.t, object, name), `"`))
			if err != nil {
				a.t.Fatalf("%s of %s: %v", name, object, err)
			}
			return d
		}
		word := func(object, name string) string { return strings.Trim(field(a.t, object, name), `"`) }
		switch event := word(f, "e"); event {
		case "ORDER_TRADE_UPDATE":
			if o := field(a.t, f, "o"); word(o, "x") == "TRADE" {
				sum.add("position "+word(o, "s"), signed(word(o, "S"), number(o, "l")))
			}
		case "ACCOUNT_UPDATE":
			for _, b := range items(a.t, field(a.t, f, "a"), "B") {
				a.last[strings.ToLower(word(f, "fs"))+" "+word(b, "a")] = number(b, "wb")
			}
		case "executionReport":
			if word(f, "x") == "TRADE" {
				sum.add("margin BTC", signed(word(f, "S"), number(f, "l")))
				sum.add("margin USDT", signed(word(f, "S"), number(f, "Y")).Neg())
				sum.add("margin "+word(f, "N"), number(f, "n").Neg())
			}
		case "balanceUpdate":
			sum.add("margin "+word(f, "a"), number(f, "d"))
		case "outboundAccountPosition":
			for _, b := range items(a.t, f, "B") {
				a.last["margin "+word(b, "a")] = number(b, "f").Add(number(b, "l"))
				a.last["free "+word(b, "a")] = number(b, "f")
			}
		case "liabilityChange":
			asset := word(f, "a")
			loan, interest := "loan "+asset, "interest "+asset
			if kind := word(f, "t"); kind != "INTEREST" { // a loan or a repayment goes through the margin wallet
				sum.add("margin "+asset, number(f, "l").Sub(debts[asset]))
			}
			a.last[loan], a.last[interest], debts[asset] = number(f, "p"), number(f, "i"), number(f, "l")
		}
	}
	return sum
}

// signed is a quantity, below 0 if it is sold.
func signed(side string, qty decimal.Decimal) decimal.Decimal {
	if side == "SELL" {
		return qty.Neg()
	}
	return qty
}

// items are the members of a list in an object.
func items(t *testing.T, object, name string) []string {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(field(t, object, name)), &list); err != nil {
		t.Fatal(object, err)
	}
	var texts []string
	for _, item := range list {
		texts = append(texts, string(item))
	}
	return texts
}

package papisim

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// accountUpdate is an ACCOUNT_UPDATE in the making: of one product, for one reason.
type accountUpdate struct {
	at        exchange.Time
	product   exchange.Product
	reason    string
	symbol    string // of a funding fee
	balances  []walletChange
	positions []accountPosition
}

// walletChange is what has become of an asset, and its change without profits and fees.
type walletChange struct {
	asset           string
	balance, change decimal.Decimal
}

// book adds a booking.
func (a *accountUpdate) book(e *exchange.LedgerEntry) {
	at := -1
	for i := range a.balances {
		if a.balances[i].asset == e.Asset {
			at = i
		}
	}
	if at < 0 {
		at = len(a.balances)
		a.balances = append(a.balances, walletChange{asset: e.Asset})
	}
	b := &a.balances[at]
	b.balance = e.Balance
	if e.Reason != exchange.ReasonRealizedPnL && e.Reason != exchange.ReasonCommission && e.Reason != exchange.ReasonDelivery {
		b.change = b.change.Add(e.Delta)
	}
}

type accountFrame struct {
	Event   string       `json:"e"`
	Unit    string       `json:"fs"`
	Time    int64        `json:"E"`
	At      int64        `json:"T"`
	Alias   string       `json:"i"`
	Account accountInner `json:"a"`
}

type accountInner struct {
	Reason    string            `json:"m"`
	Balances  []accountBalance  `json:"B,omitempty"`
	Positions []accountPosition `json:"P,omitempty"` // not with funding, for example
	Symbol    string            `json:"S,omitempty"` // of a funding fee
}

type accountBalance struct {
	Asset  string `json:"a"`
	Wallet string `json:"wb"`
	Cross  string `json:"cw"`
	Change string `json:"bc"`
}

type accountPosition struct {
	Symbol    string `json:"s"`
	Amount    string `json:"pa"`
	Entry     string `json:"ep"`
	Realized  string `json:"cr"`
	PnL       string `json:"up"`
	Leg       string `json:"ps"`
	BreakEven string `json:"bep"`
}

func (a *accountUpdate) frame() accountFrame {
	inner := accountInner{Reason: a.reason, Symbol: a.symbol, Positions: a.positions}
	for _, b := range a.balances {
		wallet := money8(b.balance)
		inner.Balances = append(inner.Balances, accountBalance{b.asset, wallet, wallet, money8OrZero(b.change)})
	}
	return accountFrame{"ACCOUNT_UPDATE", a.product.String(), a.at.Millis(), a.at.Millis(), alias(a.product), inner}
}

// accountPosition shows a position. Its break-even price is the entry moved by a taker's
// fee on the way in and one on the way out, which is assumed.
func (s *Sim) accountPosition(in *exchange.Instrument, p *exchange.Position) accountPosition {
	mark, fee := s.venue.MarkOf(in.ID), s.venue.FeesOf(in.ID).Taker.Decimal()
	both := fee.Add(fee)
	if p.Qty.IsNegative() {
		both = both.Neg()
	}
	a := accountPosition{
		Symbol: in.Symbol, Amount: onGrid(p.Qty, in.Lot.Step), Entry: p.Entry.StringFixed(5),
		Realized: s.user.realized[leg{in.ID, p.Side}].String(), PnL: "0", Leg: p.Side.String(),
		BreakEven: p.Entry.Add(p.Entry.Mul(both)).StringFixed(5),
	}
	if mark != 0 && !p.Qty.IsZero() {
		a.PnL = money8(in.PnL(p.Qty, p.Entry, mark.Decimal()))
	}
	return a
}

type positionFrame struct {
	Event    string          `json:"e"`
	Time     int64           `json:"E"`
	Updated  int64           `json:"u"`
	ID       int64           `json:"U"`
	Balances []marginBalance `json:"B"`
}

type marginBalance struct {
	Asset  string `json:"a"`
	Free   string `json:"f"`
	Locked string `json:"l"`
}

type balanceFrame struct {
	Event   string `json:"e"`
	Time    int64  `json:"E"`
	Asset   string `json:"a"`
	Delta   string `json:"d"`
	ID      int64  `json:"U"`
	Cleared int64  `json:"T"`
}

// liabilityFrame has a transaction id where other events have a time.
type liabilityFrame struct {
	Event     string `json:"e"`
	Time      int64  `json:"E"`
	Asset     string `json:"a"`
	Kind      string `json:"t"`
	ID        int64  `json:"T"`
	Principal string `json:"p"`
	Interest  string `json:"i"`
	Total     string `json:"l"`
}

type lossFrame struct {
	Event  string      `json:"e"`
	Time   int64       `json:"E"`
	Losses []assetLoss `json:"O"`
}

// assetLoss is what open margin orders would lose. The venue knows the sum in dollars only;
// that it is told as one of USDT is assumed.
type assetLoss struct {
	Asset string `json:"a"`
	Loss  string `json:"o"`
}

type riskFrame struct {
	Event  string `json:"e"`
	Time   int64  `json:"E"`
	UniMMR string `json:"u"`
	Level  string `json:"s"`
	Equity string `json:"eq"`
	Actual string `json:"ae"`
	Maint  string `json:"m"`
}

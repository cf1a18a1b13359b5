package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// flowAnswer is a row of capital-flow.
type flowAnswer struct {
	ID     int64  `json:"id"`
	Tran   int64  `json:"tranId"`
	Time   int64  `json:"timestamp"`
	Asset  string `json:"asset"`
	Symbol string `json:"symbol"`
	Type   string `json:"type"`
	Amount string `json:"amount"`
	Note   string `json:"note"`
}

// flowType is the word for a booking in the margin wallet. Only BORROW stands in an example;
// the others are assumed. base says that the asset is the one that its trade was about.
func flowType(b *booking, base bool) string {
	switch b.Reason {
	case exchange.ReasonBorrow:
		return "BORROW"
	case exchange.ReasonRepay:
		return "REPAY"
	case exchange.ReasonCommission:
		return "TRADING_COMMISSION"
	case exchange.ReasonInterest:
		return "INTEREST"
	case exchange.ReasonTrade:
		bought, direction := b.Delta.IsPositive() == base, "EXPENSE"
		if b.Delta.IsPositive() {
			direction = "INCOME"
		}
		if bought {
			return "BUY_" + direction
		}
		return "SELL_" + direction
	case exchange.ReasonLiquidation:
		return "LIQUIDATION_FEE"
	case exchange.ReasonAutoExchange:
		return "OTHER_LIQUIDATION"
	default:
		return "TRANSFER"
	}
}

const (
	flowLife = 90 * day
	flowSpan = 7 * day
)

// getCapitalFlow lists the movements of the margin wallet: the place where a liquidation
// shows that has no orders.
func (s *Sim) getCapitalFlow(c *web.Call) (any, *web.Error) {
	tooLong := web.Errorf(-4047, "Time interval is more than 7 days.") // another meaning than in the futures' list
	asset, kind := c.Text("asset"), c.Text("type")
	symbol := s.symbolIfSent(c, exchange.Margin)
	when := spanRule{usual: flowSpan, most: flowSpan, keeps: flowLife, tooLong: tooLong}.read(c)
	from, most := c.Int("fromId"), limit(c, "limit", 500, 1000)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := []flowAnswer{}
	for i := range s.ledger.bookings {
		b := &s.ledger.bookings[i]
		row := flowAnswer{ID: b.id, Tran: b.id, Time: b.at.Millis(), Asset: b.Asset, Amount: b.Delta.String()}
		base := false
		if b.inst != 0 {
			in := s.ins.At(b.inst)
			row.Symbol, base = in.Symbol, in.Base == b.Asset
		}
		row.Type = flowType(b, base)
		if len(list) < most && b.Wallet == exchange.WalletMargin && when.has(b.at) && b.id >= from &&
			(asset == "" || asset == b.Asset) && (kind == "" || kind == row.Type) && (symbol == nil || symbol.ID == b.inst) {
			list = append(list, row)
		}
	}
	return list, nil
}

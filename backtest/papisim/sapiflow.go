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
// the others are assumed.
func flowType(b *booking) string {
	in := b.Delta.IsPositive()
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
		if in {
			return "BUY_INCOME"
		}
		return "BUY_EXPENSE"
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
		row := flowAnswer{b.id, b.id, b.at.Millis(), b.Asset, "", flowType(b), b.Delta.String(), ""}
		if b.inst != 0 {
			row.Symbol = s.ins.At(b.inst).Symbol
		}
		if len(list) < most && b.Wallet == exchange.WalletMargin && when.has(b.at) && b.id >= from &&
			(asset == "" || asset == b.Asset) && (kind == "" || kind == row.Type) && (symbol == nil || symbol.ID == b.inst) {
			list = append(list, row)
		}
	}
	return list, nil
}

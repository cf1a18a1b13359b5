package papisim

import (
	"strconv"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// incomeRoutes list what has moved the futures wallets.
func (s *Sim) incomeRoutes() []web.Route {
	return []web.Route{
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/income", Security: web.UserData, Weight: 30, Serve: s.getIncomeUM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/cm/income", Security: web.UserData, Weight: 30, Serve: s.getIncomeCM},
	}
}

// incomeAnswer is a row of um/income and cm/income. tranId is a text, unique within its
// type.
type incomeAnswer struct {
	Symbol string `json:"symbol"`
	Type   string `json:"incomeType"`
	Income string `json:"income"`
	Asset  string `json:"asset"`
	Info   string `json:"info"`
	Time   int64  `json:"time"`
	ID     string `json:"tranId"`
	Trade  string `json:"tradeId"`
}

// incomeTypesUM and incomeTypesCM are the words that the lists can be filtered by, misspelt
// as Binance has them.
func incomeTypesUM() []string {
	return []string{
		"TRANSFER", "WELCOME_BONUS", "REALIZED_PNL", "FUNDING_FEE", "COMMISSION", "INSURANCE_CLEAR", "REFERRAL_KICKBACK",
		"COMMISSION_REBATE", "API_REBATE", "CONTEST_REWARD", "CROSS_COLLATERAL_TRANSFER", "OPTIONS_PREMIUM_FEE",
		"OPTIONS_SETTLE_PROFIT", "INTERNAL_TRANSFER", "AUTO_EXCHANGE", "DELIVERED_SETTELMENT", "COIN_SWAP_DEPOSIT",
		"COIN_SWAP_WITHDRAW", "POSITION_LIMIT_INCREASE_FEE",
	}
}

func incomeTypesCM() []string {
	return []string{"TRANSFER", "WELCOME_BONUS", "FUNDING_FEE", "REALIZED_PNL", "COMMISSION", "INSURANCE_CLEAR", "DELIVERED_SETTELMENT"}
}

// incomeType is the word for a booking in a futures wallet. What no word fits is a
// TRANSFER, which is assumed: deposits that the account was opened with, the daily interest
// of negative balances, and on CM, which has no AUTO_EXCHANGE, conversions.
func incomeType(p exchange.Product, r exchange.Reason) string {
	switch r {
	case exchange.ReasonRealizedPnL, exchange.ReasonCommission, exchange.ReasonFunding, exchange.ReasonLiquidation:
		return r.String()
	case exchange.ReasonDelivery:
		return "DELIVERED_SETTELMENT"
	case exchange.ReasonAutoExchange:
		if p == exchange.UM {
			return "AUTO_EXCHANGE"
		}
	}
	return "TRANSFER"
}

// incomeLife is how long the lists go back.
const incomeLife = 92 * day

func (s *Sim) getIncomeUM(c *web.Call) (any, *web.Error) {
	rule := spanRule{usual: 7 * day, keeps: incomeLife}
	return s.getIncome(c, exchange.UM, incomeTypesUM(), rule)
}

func (s *Sim) getIncomeCM(c *web.Call) (any, *web.Error) {
	rule := spanRule{usual: 7 * day, most: 200 * day, keeps: incomeLife, tooLong: daysMax(200)}
	return s.getIncome(c, exchange.CM, incomeTypesCM(), rule)
}

// getIncome lists bookings, oldest first, up to the limit. The parameter page, which ended
// in October 2026, is ignored like any that is not known: who still asks for a second page
// gets the first again.
func (s *Sim) getIncome(c *web.Call, p exchange.Product, types []string, rule spanRule) (any, *web.Error) {
	symbol := s.symbolIfSent(c, p)
	kind := c.OneOf("incomeType", invalid("incomeType"), types...)
	when, most := rule.read(c), limit(c, "limit", 100, 1000)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := []incomeAnswer{}
	for i := range s.ledger.bookings {
		b := &s.ledger.bookings[i]
		if len(list) == most {
			break
		}
		if b.Wallet == exchange.WalletOf(p) && when.has(b.at) && (symbol == nil || symbol.ID == b.inst) && (kind == "" || kind == incomeType(p, b.Reason)) {
			list = append(list, s.incomeOf(p, b))
		}
	}
	return list, nil
}

// incomeOf writes a booking. Its info is what the examples have: the type's own word on UM,
// and on CM which way a transfer went.
func (s *Sim) incomeOf(p exchange.Product, b *booking) incomeAnswer {
	row := incomeAnswer{
		Type: incomeType(p, b.Reason), Income: money8(b.Delta), Asset: b.Asset, Time: b.at.Millis(), ID: strconv.FormatInt(b.id, 10),
	}
	if b.inst != 0 {
		row.Symbol = s.ins.At(b.inst).Symbol
	}
	if b.trade != 0 {
		row.Trade = strconv.FormatInt(b.trade, 10)
	}
	switch {
	case p == exchange.UM:
		row.Info = row.Type
	case row.Type == "TRANSFER" && b.Delta.IsNegative():
		row.Info = "WITHDRAW"
	case row.Type == "TRANSFER":
		row.Info = "DEPOSIT"
	}
	return row
}

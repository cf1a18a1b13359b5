package riskguard

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// loanWatch: what is owed was borrowed at a rate that could be paid, and the rate of the next hour
// is another one. Where nothing is left to borrow, what is repaid now cannot be had again, and the
// exchange may call loans in.
func (w *watch) loanWatch() {
	for i := range w.g.lending {
		l := &w.g.lending[i]
		owed := w.g.Debt(l.asset)
		if !owed.IsPositive() {
			continue
		}
		yearly := l.hourly.Mul(decimal.NewFromInt(hoursOfYear))
		dear, gone := l.ratedAt != 0 && yearly.GreaterThan(w.g.limits.LoanRateMax), l.stockedAt != 0 && !l.available.IsPositive()
		value := ""
		switch {
		case dear && gone:
			value = fmt.Sprintf("%v are owed at %v a year, and nothing is left to borrow: repay, or find what it is worth", owed, yearly)
		case dear:
			value = fmt.Sprintf("%v are owed at %v a year: repay, or find what it is worth", owed, yearly)
		case gone:
			value = fmt.Sprintf("%v are owed, and nothing is left to borrow: what is repaid cannot be had again", owed)
		default:
			continue
		}
		w.alert(0, exchange.Alert{Asset: l.asset, Severity: exchange.SeverityWarning, Value: value, Limit: fmt.Sprintf("%v a year", w.g.limits.LoanRateMax)})
	}
}

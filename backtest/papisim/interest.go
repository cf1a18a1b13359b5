package papisim

import (
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
)

// interestRoutes list what negative balances cost.
func (s *Sim) interestRoutes() []web.Route {
	return []web.Route{
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/portfolio/interest-history", Security: web.UserData, Weight: 50, Serve: s.getInterestHistory},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/portfolio/negative-balance-exchange-record", Security: web.UserData, Weight: 100, Serve: s.getExchangeRecord},
	}
}

// dailyInterestAnswer is a row of portfolio/interest-history.
type dailyInterestAnswer struct {
	Asset     string `json:"asset"`
	Interest  string `json:"interest"`
	Time      int64  `json:"interestAccuredTime"`
	Rate      string `json:"interestRate"`
	Principal string `json:"principal"`
}

// getInterestHistory lists the daily interest of negative balances, newest first, the first
// page of it: there is no parameter for others.
func (s *Sim) getInterestHistory(c *web.Call) (any, *web.Error) {
	asset, size := c.Text("asset"), limit(c, "size", 10, 100)
	when := spanRule{usual: 7 * day, most: 30 * day, tooLong: daysMax(30)}.read(c)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := []dailyInterestAnswer{}
	for i := len(s.ledger.interest) - 1; i >= 0 && len(list) < size; i-- {
		if r := &s.ledger.interest[i]; r.kind == negativeBalance && (asset == "" || asset == r.asset) && when.has(r.at) {
			list = append(list, dailyInterestAnswer{r.asset, money8(r.interest), r.at.Millis(), money8(r.rate), money8(r.principal)})
		}
	}
	return list, nil
}

// exchangeAnswer is a row of portfolio/negative-balance-exchange-record: the conversions of
// one instant. Amounts are numbers here.
type (
	exchangeAnswer struct {
		From    int64            `json:"startTime"`
		To      int64            `json:"endTime"`
		Details []exchangeDetail `json:"details"`
	}
	exchangeDetail struct {
		Asset string `json:"asset"`
		Short number `json:"negativeBalance"`
		Limit number `json:"negativeMaxThreshold"`
	}
)

// exchangeAge is how far apart startTime and endTime may be.
const exchangeAge = 92 * day

func (s *Sim) getExchangeRecord(c *web.Call) (any, *web.Error) {
	c.Need("startTime")
	c.Need("endTime")
	when := spanRule{most: exchangeAge, tooLong: daysMax(int(exchangeAge / day))}.read(c)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	rows := []exchangeAnswer{}
	for _, r := range s.ledger.converts {
		if !when.has(r.at) {
			continue
		}
		detail := exchangeDetail{r.asset, number{r.short}, number{r.limit}}
		if n := len(rows); n > 0 && rows[n-1].From == r.at.Millis() {
			rows[n-1].Details = append(rows[n-1].Details, detail)
			continue
		}
		rows = append(rows, exchangeAnswer{r.at.Millis(), r.at.Add(exchangeTime).Millis(), []exchangeDetail{detail}})
	}
	return struct {
		Total int              `json:"total"`
		Rows  []exchangeAnswer `json:"rows"`
	}{len(rows), rows}, nil
}

// exchangeTime is how long a conversion takes by its record; the venue's takes no time.
const exchangeTime = time.Second

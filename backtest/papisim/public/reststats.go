package public

import (
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// statisticsRoutes are the statistics of fapi and dapi, which have paths of their own. No event
// tells their values: they waver with the time, around the symbol's own where it has one.
func (s *Service) statisticsRoutes(h web.Host, p exchange.Product) []web.Route {
	m := side{s, p}
	weight, taker := 0, "takerlongshortRatio"
	if p == exchange.CM {
		weight, taker = 1, "takerBuySellVol"
	}
	var list []web.Route
	for _, e := range []struct {
		path  string
		serve func(*web.Call) (any, *web.Error)
	}{
		{"openInterestHist", m.statistics(interestStatistic)},
		{"topLongShortPositionRatio", m.statistics(positionStatistic)},
		{"topLongShortAccountRatio", m.statistics(accountStatistic)},
		{"globalLongShortAccountRatio", m.statistics(accountStatistic)},
		{taker, m.statistics(takerStatistic)},
		{"basis", m.statistics(basisStatistic)},
		{"delivery-price", m.deliveryPrice},
	} {
		list = append(list, web.Route{Path: "/futures/data/" + e.path, Weight: weight, Serve: e.serve})
	}
	return complete(h, list)
}

// statisticsAge is how far statistics go back.
const statisticsAge = 30 * day

// statisticsPeriod reads how long a row's time is.
func statisticsPeriod(c *web.Call) time.Duration {
	i, ok := parseInterval(c.Need("period"))
	if !slices.Contains([]interval{minute5, minute15, minute30, hour1, hour2, hour4, hour6, hour12, day1}, i) {
		ok = false
	}
	if !ok {
		c.Fail(invalid("period"))
		return time.Minute
	}
	return i.length()
}

// statistics serves rows of one statistic: those of the whole periods asked for, 30 unless limit
// says so.
func (m side) statistics(row func(side, *symbol, moment) any) func(*web.Call) (any, *web.Error) {
	return func(c *web.Call) (any, *web.Error) {
		every, n := statisticsPeriod(c), limit(c, 30, 500)
		from, to := span(c)
		s, wrong := m.statisticsOf(c)
		if wrong != nil {
			return nil, wrong
		}
		oldest := c.At.Add(-statisticsAge)
		if from != 0 && from < oldest {
			return nil, invalid("startTime")
		}
		last := c.At
		if to != 0 {
			last = min(last, to)
		}
		if from != 0 { // the first rows, else the newest
			first := from.Add(every - 1).Floor(every)
			last = min(last, first.Add(time.Duration(n-1)*every))
		}
		rows := []any{}
		for at := last.Floor(every); at >= max(from, oldest) && len(rows) < n; at = at.Add(-every) {
			rows = append(rows, row(m, s, moment{at, c.At}))
		}
		slices.Reverse(rows)
		return rows, nil
	}
}

// statisticsOf finds the symbol of a statistic: fapi is asked by symbol, or for the basis by
// pair and contract type; dapi by pair and, where it matters, contract type.
func (m side) statisticsOf(c *web.Call) (*symbol, *web.Error) {
	if m.product == exchange.UM && !c.Has("pair") {
		return m.symbolOf(c)
	}
	pair, kind := c.Need("pair"), c.Text("contractType")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if kind == "ALL" {
		kind = ""
	}
	s := m.contract(m.product, pair, kind)
	if s == nil {
		return nil, web.Errorf(-1121, "Invalid pair.")
	}
	return s, nil
}

// moment is the time of a row, and when it was asked for.
type moment struct{ at, now exchange.Time }

// waver is a number from 0 to 0.0999 that belongs to the moment.
func (m moment) waver() decimal.Decimal {
	mixed := uint64(m.at.Millis()/60_000) * 0x9E3779B97F4A7C15
	return decimal.New(int64(mixed>>32%1000), -4)
}

// text is the time as UM's statistics have it.
func (m moment) text() string { return strconv.FormatInt(m.at.Millis(), 10) }

type interestStatisticRow struct {
	Symbol string `json:"symbol"`
	Sum    string `json:"sumOpenInterest"`
	Value  string `json:"sumOpenInterestValue"`
	Supply string `json:"CMCCirculatingSupply"`
	Time   string `json:"timestamp"`
}

type interestStatisticRowCM struct {
	Pair     string `json:"pair"`
	Contract string `json:"contractType"`
	Sum      string `json:"sumOpenInterest"`
	Value    string `json:"sumOpenInterestValue"`
	Time     int64  `json:"timestamp"`
}

func interestStatistic(m side, s *symbol, at moment) any {
	open := s.openInterest(at.now).Decimal().Mul(decimal.NewFromInt(1).Sub(at.waver()))
	if m.product == exchange.CM {
		value := quotient(open.Mul(s.in.ContractSize.Decimal()), s.worth())
		return interestStatisticRowCM{s.in.Pair, s.in.ContractType, open.StringFixed(0), value.StringFixed(pricePlaces), at.at.Millis()}
	}
	return interestStatisticRow{
		s.in.Symbol, open.StringFixed(pricePlaces), open.Mul(s.worth()).StringFixed(pricePlaces), "19000000.00000000", at.text(),
	}
}

// worth is the last price, and 1 before there is one.
func (s *symbol) worth() decimal.Decimal {
	if s.last.Price == 0 {
		return decimal.NewFromInt(1)
	}
	return s.last.Price.Decimal()
}

type ratioRow struct {
	Symbol string `json:"symbol"`
	Ratio  string `json:"longShortRatio"`
	Long   string `json:"longAccount"`
	Short  string `json:"shortAccount"`
	Time   string `json:"timestamp"`
}

type ratioRowCM struct {
	Pair  string `json:"pair"`
	Ratio string `json:"longShortRatio"`
	Long  string `json:"longAccount"`
	Short string `json:"shortAccount"`
	Time  int64  `json:"timestamp"`
}

type positionRowCM struct {
	Pair  string `json:"pair"`
	Ratio string `json:"longShortRatio"`
	Long  string `json:"longPosition"`
	Short string `json:"shortPosition"`
	Time  int64  `json:"timestamp"`
}

// ratio is a share of longs around a half, that of shorts, and the one by the other.
func (m moment) ratio() (ratio, long, short string) {
	l := decimal.New(45, -2).Add(m.waver())
	s := decimal.NewFromInt(1).Sub(l)
	return l.DivRound(s, 4).StringFixed(4), l.StringFixed(4), s.StringFixed(4)
}

func accountStatistic(m side, s *symbol, at moment) any {
	ratio, long, short := at.ratio()
	if m.product == exchange.CM {
		return ratioRowCM{s.in.Pair, ratio, long, short, at.at.Millis()}
	}
	return ratioRow{s.in.Symbol, ratio, long, short, at.text()}
}

func positionStatistic(m side, s *symbol, at moment) any {
	if m.product == exchange.CM {
		ratio, long, short := at.ratio()
		return positionRowCM{s.in.Pair, ratio, long, short, at.at.Millis()}
	}
	return accountStatistic(m, s, at)
}

type takerRow struct {
	Ratio string `json:"buySellRatio"`
	Buy   string `json:"buyVol"`
	Sell  string `json:"sellVol"`
	Time  string `json:"timestamp"`
}

type takerRowCM struct {
	Pair      string `json:"pair"`
	Contract  string `json:"contractType"`
	Buy       string `json:"takerBuyVol"`
	Sell      string `json:"takerSellVol"`
	BuyValue  string `json:"takerBuyVolValue"`
	SellValue string `json:"takerSellVolValue"`
	Time      int64  `json:"timestamp"`
}

func takerStatistic(m side, s *symbol, at moment) any {
	buy := decimal.NewFromInt(950).Add(at.waver().Mul(decimal.NewFromInt(1000)))
	sell := decimal.NewFromInt(1000)
	if m.product == exchange.CM {
		value := func(contracts decimal.Decimal) string {
			return quotient(contracts.Mul(s.in.ContractSize.Decimal()), s.worth()).StringFixed(4)
		}
		return takerRowCM{s.in.Pair, s.in.ContractType, buy.StringFixed(0), sell.StringFixed(0), value(buy), value(sell), at.at.Millis()}
	}
	return takerRow{buy.DivRound(sell, 4).StringFixed(4), buy.StringFixed(4), sell.StringFixed(4), at.text()}
}

type basisRow struct {
	Index    string `json:"indexPrice"`
	Contract string `json:"contractType"`
	Rate     string `json:"basisRate"`
	Price    string `json:"futuresPrice"`
	Annual   string `json:"annualizedBasisRate"`
	Basis    string `json:"basis"`
	Pair     string `json:"pair"`
	Time     int64  `json:"timestamp"`
}

func basisStatistic(_ side, s *symbol, at moment) any {
	price, index := s.last.Price.Decimal(), s.mark.Index.Decimal()
	basis := price.Sub(index)
	r := basisRow{
		index.StringFixed(pricePlaces), s.in.ContractType, quotient(basis, index).StringFixed(4), s.price(s.last.Price), "",
		basis.StringFixed(pricePlaces), s.in.Pair, at.at.Millis(),
	}
	if left := s.in.Delivery.Sub(at.at); s.in.Delivery != 0 && left > day {
		years := decimal.NewFromInt(int64(left/day)).DivRound(decimal.NewFromInt(365), pricePlaces)
		r.Annual = quotient(quotient(basis, index), years).StringFixed(4)
	}
	return r
}

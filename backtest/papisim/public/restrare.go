package public

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// What is asked for seldom, and told by no event: values are assumed, as package comment says.

// deliveryRow is a delivery, whose price has no quotes.
type deliveryRow struct {
	Time  int64       `json:"deliveryTime"`
	Price json.Number `json:"deliveryPrice"`
}

// deliveryPrice tells the deliveries of a pair that have happened here, the newest first.
func (m side) deliveryPrice(c *web.Call) (any, *web.Error) {
	pair := c.Need("pair")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if m.contract(m.product, pair, "") == nil {
		return nil, web.Errorf(-1121, "Invalid pair.")
	}
	rows := []deliveryRow{}
	m.all(m.product, func(s *symbol) {
		if s.in.Pair == pair && s.delivered != 0 {
			rows = append(rows, deliveryRow{s.in.Delivery.Millis(), number(s.delivered)})
		}
	})
	slices.SortStableFunc(rows, func(a, b deliveryRow) int { return int(min(1, max(-1, b.Time-a.Time))) })
	return rows, nil
}

// compositeRow is an index that is made of others. Here each UM perpetual's counts as one of a
// single part, its own coin.
type compositeRow struct {
	Symbol    string          `json:"symbol"`
	Time      int64           `json:"time"`
	Component string          `json:"component"`
	Assets    []compositePart `json:"baseAssetList"`
}

type compositePart struct {
	Base    string `json:"baseAsset"`
	Quote   string `json:"quoteAsset"`
	Qty     string `json:"weightInQuantity"`
	Percent string `json:"weightInPercentage"`
}

// indexInfo answers with a list, also for one symbol.
func (m side) indexInfo(c *web.Call) (any, *web.Error) {
	list, wrong := m.wanted(c)
	if wrong != nil {
		return nil, wrong
	}
	rows := []compositeRow{}
	for _, s := range list {
		if s.perpetual() {
			rows = append(rows, compositeRow{
				s.in.Symbol, c.At.Millis(), "baseAsset", []compositePart{{s.in.Base, s.in.Quote, "1.00000000", "1.00000000"}},
			})
		}
	}
	return rows, nil
}

type compositeFrame struct {
	Event     string           `json:"e"`
	Time      int64            `json:"E"`
	Symbol    string           `json:"s"`
	Price     string           `json:"p"`
	Component string           `json:"C"`
	Parts     []compositeInner `json:"c"`
}

type compositeInner struct {
	Base    string `json:"b"`
	Quote   string `json:"q"`
	Qty     string `json:"w"`
	Percent string `json:"W"`
	Price   string `json:"i"`
}

func (s *symbol) composite(now exchange.Time) compositeFrame {
	price := rate(s.mark.Index)
	return compositeFrame{
		"compositeIndex", now.Millis(), s.in.Symbol, price, "baseAsset",
		[]compositeInner{{s.in.Base, s.in.Quote, "1.00000000", "1.00000000", price}},
	}
}

type adlRow struct {
	Symbol string `json:"symbol"`
	Risk   string `json:"adlRisk"`
	Time   int64  `json:"updateTime"`
}

// adlRisk is low for all, as of the last half hour.
func (m side) adlRisk(c *web.Call) (any, *web.Error) {
	return m.rows(c, func(s *symbol) any {
		return adlRow{s.in.Symbol, "low", c.At.Floor(30 * time.Minute).Millis()}
	})
}

type insuranceAnswer struct {
	Symbols []string         `json:"symbols"`
	Assets  []insuranceAsset `json:"assets"`
}

type insuranceAsset struct {
	Asset   string `json:"asset"`
	Balance string `json:"marginBalance"`
	Time    int64  `json:"updateTime"`
}

// insurance is one fund for all symbols: an object for one symbol, else a list.
func (m side) insurance(c *web.Call) (any, *web.Error) {
	if _, wrong := m.wanted(c); wrong != nil {
		return nil, wrong
	}
	var a insuranceAnswer
	for _, asset := range m.marginAssets() {
		a.Assets = append(a.Assets, insuranceAsset{asset.Asset, "100000000.00000000", c.At.Floor(time.Hour).Millis()})
	}
	m.all(m.product, func(s *symbol) { a.Symbols = append(a.Symbols, s.in.Symbol) })
	if c.Has("symbol") {
		return a, nil
	}
	return []insuranceAnswer{a}, nil
}

// session is a time of the day of the stock market of New York, in winter, which is assumed for
// all the year: where it ends, counted from midnight UTC, and its name. Saturdays and Sundays
// of UTC have none.
type session struct {
	end  time.Duration
	name string
}

func sessions(at exchange.Time) []session {
	if weekday := at.UTC().Weekday(); weekday == time.Saturday || weekday == time.Sunday {
		return []session{{day, "NO_TRADING"}}
	}
	return []session{
		{time.Hour, "AFTER_MARKET"}, {9 * time.Hour, "OVERNIGHT"}, {14*time.Hour + 30*time.Minute, "PRE_MARKET"},
		{21 * time.Hour, "REGULAR"}, {day, "AFTER_MARKET"},
	}
}

type sessionRow struct {
	From int64  `json:"startTime"`
	To   int64  `json:"endTime"`
	Type string `json:"type"`
}

// sessionsOf are the sessions of a day.
func sessionsOf(at exchange.Time) []sessionRow {
	var rows []sessionRow
	midnight := at.Floor(day)
	from := midnight
	for _, s := range sessions(at) {
		rows = append(rows, sessionRow{from.Millis(), midnight.Add(s.end).Millis(), s.name})
		from = midnight.Add(s.end)
	}
	return rows
}

type scheduleAnswer struct {
	Updated   int64                     `json:"updateTime"`
	Schedules map[string]marketSchedule `json:"marketSchedules"`
}

type marketSchedule struct {
	Sessions []sessionRow `json:"sessions"`
}

// schedule tells the sessions of a week before and after, those of commodities like those of
// stocks.
func (m side) schedule(c *web.Call) (any, *web.Error) {
	var rows []sessionRow
	for d := -7; d <= 7; d++ {
		rows = append(rows, sessionsOf(c.At.Add(time.Duration(d)*day))...)
	}
	all := marketSchedule{rows}
	return scheduleAnswer{c.At.Floor(day).Millis(), map[string]marketSchedule{"EQUITY": all, "COMMODITY": all}}, c.Err()
}

type sessionFrame struct {
	Event string `json:"e"`
	Time  int64  `json:"E"`
	From  int64  `json:"t"`
	To    int64  `json:"T"`
	Name  string `json:"S"`
}

// session is the one that runs.
func sessionAt(now exchange.Time) sessionFrame {
	rows := sessionsOf(now)
	i := slices.IndexFunc(rows, func(r sessionRow) bool { return now.Millis() < r.To })
	return sessionFrame{"EquityUpdate", now.Millis(), rows[i].From, rows[i].To, rows[i].Type}
}

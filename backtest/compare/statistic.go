package compare

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// StatisticRow is one statistic of every run.
type StatisticRow struct {
	Group  string     `json:"group"`
	Key    string     `json:"key"`
	Name   string     `json:"name"`
	Unit   stats.Unit `json:"unit"`
	Better int        `json:"better"`
	// SpanBound says that the figure grows with the length of the run.
	SpanBound bool     `json:"span_bound"`
	Values    []Figure `json:"values"`
	// Best are the runs with the best value, none if it is the same in all, if there is
	// no better, or if the figure is span bound and the periods differ.
	Best []int `json:"best"`
}

// Figure is a value of one run.
type Figure struct {
	// Value is null where the statistic is undefined, and Reason then says why. Change is
	// the difference to the first run's, null where one of the two is.
	Value  decimal.NullDecimal `json:"value"`
	Reason string              `json:"reason,omitempty"`
	Change decimal.NullDecimal `json:"change"`
	// instant says that Value counts the nanoseconds since 1970.
	instant bool
}

// MarshalJSON writes an instant as such, like the document of a single run.
func (f Figure) MarshalJSON() ([]byte, error) {
	type plain Figure // without this method
	if !f.instant || !f.Value.Valid {
		return json.Marshal(plain(f))
	}
	return json.Marshal(struct {
		Value exchange.Time `json:"value"`
		plain
	}{exchange.Time(f.Value.Decimal.IntPart()), plain(f)})
}

// MonthRow is the change of equity of every run in one UTC month.
type MonthRow struct {
	// Name is the month, such as 2026-08.
	Name    string        `json:"name"`
	Returns []MonthReturn `json:"returns"`
}

// MonthReturn is the change of one run's equity in percent of what it was when the month,
// or the run, began: null where the run has none. Whole says that the run lasted all month.
type MonthReturn struct {
	Percent decimal.NullDecimal `json:"percent"`
	Whole   bool                `json:"whole"`
}

// months has a row for every month that any run has, oldest first.
func (c *Comparison) months() []MonthRow {
	rows := []MonthRow{}
	at := map[string]int{}
	for i, found := range c.found {
		for _, m := range found.Months {
			name := m.From.UTC().Format("2006-01")
			n, known := at[name]
			if !known {
				n = len(rows)
				at[name] = n
				rows = append(rows, MonthRow{name, make([]MonthReturn, len(c.found))})
			}
			if m.OK {
				rows[n].Returns[i] = MonthReturn{decimal.NewNullDecimal(m.Percent), m.Whole}
			}
		}
	}
	slices.SortFunc(rows, func(a, b MonthRow) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

// statistics has a row for every statistic that any run has, in the order of the first.
func (c *Comparison) statistics() []StatisticRow {
	rows := []StatisticRow{}
	at := map[string]int{}
	for i, found := range c.found {
		for _, group := range found.Groups {
			for _, item := range group.Items {
				n, known := at[item.Key]
				if !known {
					n = len(rows)
					at[item.Key] = n
					rows = append(rows, c.newRow(&group, &item))
				}
				rows[n].Values[i] = Figure{Reason: item.Reason}
				if item.OK {
					rows[n].Values[i] = Figure{Value: decimal.NewNullDecimal(item.Number), instant: item.Unit == stats.Time}
				}
			}
		}
	}
	for i := range rows {
		rows[i].measure()
		if rows[i].SpanBound && !c.SamePeriod {
			rows[i].Best = []int{}
		}
	}
	return rows
}

func (c *Comparison) newRow(g *stats.Group, item *stats.Item) StatisticRow {
	row := StatisticRow{Group: g.Name, Key: item.Key, Name: item.Name, Unit: item.Unit, Better: item.Better,
		SpanBound: !slices.Contains(strings.Fields(spanFree), item.Key), Values: make([]Figure, len(c.Results))}
	for i := range row.Values {
		row.Values[i].Reason = "the run has no such statistic"
	}
	return row
}

// spanFree are the statistics that do not depend on how long a run was: averages, shares,
// and what is by the day or the year.
const spanFree = "cagr volatility sharpe sortino omega profit_factor_days skewness excess_kurtosis var_95 cvar_95 " +
	"trades_per_day win_rate average_win average_loss payoff_ratio expectancy profit_factor average_duration " +
	"average_duration_won average_duration_lost long_share turnover_per_day turnover_ratio fees_bp slippage_bp " +
	"funding_pct_notional maker_share time_in_market average_gross_exposure average_leverage average_net_delta " +
	"orders_per_fill rejected_share refused_share underwater_pct"

// measure computes the changes and finds the best values.
func (s *StatisticRow) measure() {
	s.Best = []int{}
	first := s.Values[0].Value
	differ := false
	for i := range s.Values {
		f := &s.Values[i]
		if !f.Value.Valid {
			continue
		}
		if i > 0 && first.Valid && s.Unit != stats.Time {
			f.Change = decimal.NewNullDecimal(f.Value.Decimal.Sub(first.Decimal))
		}
		if len(s.Best) == 0 {
			s.Best = append(s.Best, i)
			continue
		}
		order := f.Value.Decimal.Cmp(s.Values[s.Best[0]].Value.Decimal)
		differ = differ || order != 0
		switch {
		case order == 0:
			s.Best = append(s.Best, i)
		case order == s.Better:
			s.Best = []int{i}
		}
	}
	if s.Better == 0 || !differ {
		s.Best = []int{}
	}
}

// Differs says whether the runs have different values, or some of them none.
func (s *StatisticRow) Differs() bool {
	first := s.Values[0].Value
	for _, f := range s.Values[1:] {
		if f.Value.Valid != first.Valid || first.Valid && !f.Value.Decimal.Equal(first.Decimal) {
			return true
		}
	}
	return false
}

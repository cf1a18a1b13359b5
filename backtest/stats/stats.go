// Package stats turns what a run has written down into statistics: the ratios that the
// field compares, each with the formula and the source it follows, or with the reason why
// it cannot be given. It is for the report and for whoever compares runs; it reads a
// [backtest.Result] and nothing else, so equal results have equal statistics.
//
// Start at [Of].
package stats

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// Value is a figure, or the reason why there is none. Ratios are computed in float64 and
// kept to twelve significant digits, so that they are the same on every machine; money is
// exact.
type Value struct {
	Number decimal.Decimal
	OK     bool
	// Reason completes "undefined: " when OK is false.
	Reason string
}

// Unit is how a figure is to be read.
type Unit string

// The units.
const (
	Ratio    Unit = "ratio"
	Percent  Unit = "percent"
	USD      Unit = "usd"
	Count    Unit = "count"
	Duration Unit = "ns"    // nanoseconds
	Time     Unit = "time"  // nanoseconds since 1970
	PerDay   Unit = "1/day" // how often a day
	Points   Unit = "bp"    // hundredths of a percent
)

// Item is one statistic.
type Item struct {
	// Key is its stable name in files, such as "sharpe".
	Key  string
	Name string
	Unit Unit
	Value
	// Formula says how it is computed, Source where the formula is from, if it is of
	// anybody's.
	Formula, Source string
	// Better says which direction is better: 1 more, -1 less, 0 neither.
	Better int
}

// Group is the statistics of one subject.
type Group struct {
	Key, Name string
	Items     []Item
}

// Statistics are all figures of a run.
type Statistics struct {
	Groups []Group
	// Months are the returns of UTC months, whole or not, oldest first.
	Months []Return
	// Days are the returns of whole UTC days.
	Days []Return
	// Falls are the deepest drawdowns that do not overlap, deepest first.
	Falls []Fall
	// Rolling is the Sharpe ratio of the RollingDays before each day.
	Rolling []Point
	// Exits counts round trips by what ended them.
	Exits []Exit
}

// Return is what equity did between two instants.
type Return struct {
	From, To   exchange.Time
	Start, End decimal.Decimal
	// Percent is the change in percent of Start.
	Percent decimal.Decimal
	// Whole says that the period is a whole one.
	Whole bool
}

// Fall is a drawdown, from the peak to the trough, and until the peak was reached again.
type Fall struct {
	Peak, Trough exchange.Time
	// Recovered is 0 if the run ended before.
	Recovered    exchange.Time
	Percent, USD decimal.Decimal
}

// Point is a value at an instant.
type Point struct {
	At    exchange.Time
	Value float64
}

// Exit counts the round trips that ended for one reason.
type Exit struct {
	Strategy, Reason string
	Trades, Won      int
	Net              decimal.Decimal
}

// Of computes the statistics of a run.
func Of(r *backtest.Result) *Statistics { return &Statistics{} }

// Get finds a statistic by its key; one that is not known has a reason that says so.
func (s *Statistics) Get(key string) Item {
	for _, g := range s.Groups {
		for _, item := range g.Items {
			if item.Key == key {
				return item
			}
		}
	}
	return Item{Key: key, Value: Value{Reason: "there is no statistic " + key}}
}

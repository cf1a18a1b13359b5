// Package stats turns what a run has written down into statistics: the ratios that the
// field compares, each with the formula and the source it follows, or with the reason why
// it cannot be given. It is for the report and for whoever compares runs; it reads a
// [backtest.Result] and nothing else, so equal results have equal statistics. It takes any
// result, of an empty run or from a damaged file: a figure is a finite number or undefined.
//
// Start at [Of], or at [SummaryOf] for a document. STATISTICS.md defines every statistic;
// it is written from the code.
package stats

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

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
	// Formula says how it is computed, Source where the formula is from, "-" if it is
	// nobody's.
	Formula, Source string
	// Undefined says of which runs it has no value, "-" if every run has one.
	Undefined string
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
	// Days are the returns of whole UTC days, up to the first that ends without equity.
	Days []Return
	// Falls are the deepest drawdowns that do not overlap, deepest first, at most FallsMax.
	Falls []Fall
	// Rolling is the Sharpe ratio of the RollingDays before each midnight, where it has
	// one.
	Rolling []Point
	// Exits counts closed round trips by strategy and what ended them, Reasons over all
	// strategies.
	Exits, Reasons []Exit
}

// Return is what equity did between two instants.
type Return struct {
	From, To   exchange.Time
	Start, End decimal.Decimal
	// Percent is the change in percent of Start, rounded to eight decimals. OK is false
	// where the period began without equity: then no return is defined and Percent is 0.
	Percent decimal.Decimal
	OK      bool
	// Whole says that the period is a whole one.
	Whole bool
}

// Fall is a drawdown: from the last instant at a peak, over the trough, until the peak was
// reached again.
type Fall struct {
	Peak, Trough exchange.Time
	// Recovered is 0 if the run ended before.
	Recovered exchange.Time
	// Percent is of the equity at the peak, rounded to four decimals.
	Percent, USD decimal.Decimal
}

// Point is a value at an instant.
type Point struct {
	At    exchange.Time
	Value float64
}

// Exit counts the closed round trips that ended for one reason: the author's tag, the kind
// of a forced fill such as "LIQUIDATION", or "untagged". Strategy is empty in a sum.
type Exit struct {
	Strategy, Reason string
	Trades, Won      int
	Net              decimal.Decimal
}

// Of computes the statistics of a run.
func Of(r *backtest.Result) *Statistics {
	n := newRun(r)
	s := &Statistics{
		Months: n.months, Days: n.days, Falls: n.falls.deepest(), Rolling: n.rolling(),
		Exits: n.trips.exits.list(), Reasons: n.trips.exits.reasons().list(),
	}
	for _, subject := range subjects() {
		g := Group{Key: subject.key, Name: subject.name}
		for _, m := range subject.measures {
			value := m.of(n)
			if m.unit == USD { // as a booking holds it
				value.Number = value.Number.Round(exchange.FixedPlaces)
			}
			g.Items = append(g.Items, Item{Key: m.key, Name: m.name, Unit: m.unit, Value: value,
				Formula: m.formula, Source: m.source, Undefined: m.undefined, Better: m.better})
		}
		s.Groups = append(s.Groups, g)
	}
	return s
}

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

package tape

import (
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// fundingRow is a settled funding rate as a file holds it: schema funding/1.
type fundingRow struct {
	// Time is the published time, a few milliseconds after the settlement.
	Time micros         `parquet:"time,delta,timestamp(microsecond)"`
	Rate exchange.Fixed `parquet:"rate,delta,decimal(8:18)"`
	// Mark is the mark price of the settlement, 0 where the source has none.
	Mark exchange.Fixed `parquet:"mark,delta,decimal(8:18)"`
	// Hours is the interval that the source names, 0 where it names none.
	Hours int64 `parquet:"interval_hours,delta"`
}

// Columns of fundingRate in the archives' order; the archives have no mark.
const (
	fundingTime = iota
	fundingHours
	fundingRate
	fundingMark
)

var fundingColumns = []csvColumn{
	fundingTime:  {"time", "calc_time", true},
	fundingHours: {"interval_hours", "funding_interval_hours", false},
	fundingRate:  {"rate", "last_funding_rate", true},
	fundingMark:  {"mark", "mark_price", false},
}

func fundingFormat() format {
	return &rowFormat[fundingRow, *fundingRow]{
		name: "funding/1", columns: fundingColumns, archiveWidth: 3, holes: inferredHoles, load: loadFunding,
		span:   func(time.Duration) span { return year },
		cursor: newFundingCursor,
	}
}

// fundingLate is how long after the whole hour a settlement may be published.
const fundingLate = time.Minute

var (
	errFundingTime  = errors.New("a settlement is published within a minute after a whole hour")
	errFundingHours = errors.New("more than a week between settlements")
	errFundingMark  = errors.New("mark price is negative")
)

func (r *fundingRow) decode(f *fields) {
	r.Time = f.micros(fundingTime)
	r.Rate, r.Mark = f.fixed(fundingRate), f.fixed(fundingMark)
	r.Hours = f.integer(fundingHours)
	if f.err != nil {
		return
	}
	if r.Time.time().Sub(r.when()) > fundingLate {
		f.fail(fundingTime, fmt.Errorf("%v: %w", r.Time, errFundingTime))
	}
	if r.Hours > 168 {
		f.fail(fundingHours, fmt.Errorf("%d hours: %w", r.Hours, errFundingHours))
	}
	if r.Mark < 0 {
		f.fail(fundingMark, fmt.Errorf("%v: %w", r.Mark, errFundingMark))
	}
}

func (r *fundingRow) key() int64 { return int64(r.when()) }

// when is the settlement instant: the whole hour that the published time belongs to.
func (r *fundingRow) when() exchange.Time { return r.Time.time().Floor(time.Hour) }

func (r *fundingRow) canonical(b []byte) []byte {
	return appendInts(b, int64(r.Time), int64(r.Rate), int64(r.Mark), r.Hours)
}

func loadFunding(c *columns, rows []fundingRow) {
	for i, v := range c.ints(0) {
		rows[i].Time = micros(v)
	}
	for i, v := range c.ints(1) {
		rows[i].Rate = exchange.Fixed(v)
	}
	for i, v := range c.ints(2) {
		rows[i].Mark = exchange.Fixed(v)
	}
	for i, v := range c.ints(3) {
		rows[i].Hours = v
	}
}

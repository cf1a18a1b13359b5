package row

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Funding is a settled funding rate: schema funding/1, kind fundingRate.
type Funding struct {
	// Time is the published time, a few milliseconds after the settlement.
	Time Micros `parquet:"time,delta,timestamp(microsecond)"`
	// Rate is what longs pay to shorts when positive.
	Rate exchange.Fixed `parquet:"rate,delta,decimal(8:18)"`
	// Mark is the mark price of the settlement, 0 where the source has none.
	Mark exchange.Fixed `parquet:"mark,delta,decimal(8:18)"`
	// Hours is the interval that the source names, 0 where it names none.
	Hours int64 `parquet:"interval_hours,delta"`
}

// fundingLate is how long after the whole hour a settlement may be published.
const fundingLate = time.Minute

// Key is the settlement instant.
func (r *Funding) Key() int64 { return int64(r.When()) }

// When is the settlement instant: the whole hour that the published time belongs to.
func (r *Funding) When() exchange.Time { return r.Time.Time().Floor(time.Hour) }

// Clocks are none.
func (r *Funding) Clocks() (event, local exchange.Time) { return 0, 0 }

// Bare is the row itself.
func (r *Funding) Bare() Funding { return *r }

// Check wants the time within a minute after a whole hour.
func (r *Funding) Check(*Key) error {
	switch {
	case r.Time.Time().Sub(r.When()) > fundingLate:
		return fault("time", "%v: a settlement is published within a minute after a whole hour", r.Time)
	case r.Hours < 0 || r.Hours > 168:
		return fault("interval_hours", "%d hours: more than a week between settlements", r.Hours)
	case r.Mark < 0:
		return fault("mark", "%v: mark price is negative", r.Mark)
	}
	return nil
}

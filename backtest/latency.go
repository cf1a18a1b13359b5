package backtest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/backtest/venue/link"
	"github.com/pmbot/pmbot/exchange"
)

// LatencyConfig is how long messages are on their way, as [link.ParseDelay] reads it:
// "20ms", "10ms..40ms", "20ms tail 5ms" or "recorded"; empty is no time.
type LatencyConfig struct {
	// Feed is the way of market data to us, Entry that of orders and cancels to the
	// exchange, and Answer that of what the exchange tells us of our account.
	Feed   string `toml:"feed" json:"feed"`
	Entry  string `toml:"entry" json:"entry"`
	Answer string `toml:"answer" json:"answer"`
}

// recordedLatency is the delay that a recording's two clocks give.
const recordedLatency = "recorded"

// Delays reads the three delays. The error names the key.
func (c *LatencyConfig) Delays() (feed, entry, answer link.Delay, err error) {
	for _, d := range []struct {
		key, text string
		to        *link.Delay
	}{{"feed", c.Feed, &feed}, {"entry", c.Entry, &entry}, {"answer", c.Answer, &answer}} {
		if *d.to, err = link.ParseDelay(d.text); err != nil {
			return feed, entry, answer, fmt.Errorf("venue.latency.%s: %w", d.key, err)
		}
	}
	if !feed.Recorded() && (entry.Recorded() || answer.Recorded()) {
		err = errors.New(`venue.latency: entry and answer take recorded delays from those of the feed: make feed "recorded", too`)
	}
	return feed, entry, answer, err
}

// CheckLatency finds what makes no sense in the latencies together with the data, and in
// the faults. Each of its joined errors begins with the key.
func (c *Config) CheckLatency() error {
	_, faults := link.ParseFaults(c.Venue.Faults)
	if faults != nil {
		faults = fmt.Errorf("venue.faults: %w", faults)
	}
	feed, _, _, err := c.Venue.Latency.Delays()
	switch {
	case err != nil:
	case feed.Recorded() && c.Data.Tape == "":
		err = errors.New("venue.latency.feed: a generated market has no recorded delays; give a length such as 20ms")
	case feed.Recorded() && c.Data.Clock == tape.ExchangeClock:
		err = errors.New(`venue.latency.feed: recorded delays need the times of the recorder: set data.clock to "corrected" or "local"`)
	}
	return errors.Join(err, faults)
}

// link puts a link before the venue, or returns nil where there is nothing for it to do.
func (c *Config) link(v *venue.Venue, ins *exchange.Instruments) (*link.Link, error) {
	if err := c.CheckLatency(); err != nil {
		return nil, err
	}
	l, err := c.Link(ins)
	if err != nil || !l.Needed() {
		return nil, err
	}
	return link.New(v, l)
}

// Link is what the way to the simulated exchange is made of, for a backtest and for a dry run.
func (c *Config) Link(ins *exchange.Instruments) (link.Config, error) {
	feed, entry, answer, err := c.Venue.Latency.Delays()
	if err != nil {
		return link.Config{}, err
	}
	faults, err := link.ParseFaults(c.Venue.Faults)
	return link.Config{Instruments: ins, Seed: c.Seed, From: c.From, Feed: feed, Entry: entry, Answer: answer, Faults: faults}, err
}

// recordedWarnings says where recorded delays are none: messages took no time that the
// recorder's clock has before the exchange's. A few may be, where that clock jitters.
func (c *DataConfig) recordedWarnings(l *link.Link) []Warning {
	all, early := l.Recorded()
	switch {
	case early > 0 && early >= all/100:
		return []Warning{{"latency", fmt.Sprintf("%d of %d messages were received before they were sent, by the recorder's clock, and took no time: "+
			`set data.clock to "corrected" and data.latency_base to your smallest latency`, early, all)}}
	case all > 0 && c.Clock == tape.CorrectedClock && c.LatencyBase == 0:
		return []Warning{{"latency", "the fastest message of each market counts as one that took no time: set data.latency_base"}}
	}
	return nil
}

// warnings says where latency and data do not fit together.
func (c *LatencyConfig) warnings(data []DataInfo) []Warning {
	feed, entry, _, err := c.Delays()
	if err != nil {
		return nil // the run did not begin
	}
	ticks := slices.ContainsFunc(data, func(d DataInfo) bool {
		switch row.Kind(d.Kind) {
		case row.AggTrades, row.Trades, row.BookTicker, row.Depth:
			return true
		}
		return false
	})
	switch {
	case ticks && entry.None():
		return []Warning{{"latency", "orders reach the exchange in no time and meet prices that nobody could have met: set venue.latency"}}
	case !ticks && !(feed.None() && entry.None()):
		return []Warning{{"latency", "bars say nothing of what is shorter: an order that is sent at a close arrives after the next open and waits for the one after that"}}
	}
	return nil
}

package market

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

const (
	refreshDefault = 10 * time.Minute
	clockDefault   = time.Minute
	// depthDefault is how many levels a side the snapshot of a book has: the most that
	// futures give. Of spot, which gives 5,000, it is as many.
	depthDefault = 1000
)

// Tap takes everything as it came, for a recorder. Its calls come one at a time, in the order
// of time, and before what is made of it; they must not block or call the feed, and what they
// are given is good until they return.
type Tap interface {
	// Message is a message of a stream.
	Message(*socket.Message)
	// Answer is an answer of REST that the feed has asked for: snapshots, exchangeInfo,
	// candles, rates. The time is not among them.
	Answer(exchange.Product, rest.Answer)
	// Notice is what Config.Notice is told.
	Notice(Notice)
}

// BarSpec asks for the bars of an instrument, built of its trades.
type BarSpec struct {
	Inst exchange.InstrumentID
	// Interval is one of Binance's from a minute to a day.
	Interval time.Duration
}

// Config says what a [Feed] listens to, and who listens to it.
type Config struct {
	// Instruments are those that events are told of. Frames about others are passed over, but
	// the Tap has them. Symbols that the exchange does not list are told as Unlisted.
	Instruments *exchange.Instruments
	// Streams are listened to, each once. An instrument with a Depth stream has a book. Trades
	// are told of aggTrade streams, and of trade streams where an instrument has no other.
	Streams []stream.Stream
	// REST is asked for snapshots, candles, rates, listings and the time; nil is nobody: then
	// books, filled bars and fundings stay out, and the local clock is taken for right.
	REST *rest.Client
	// Socket says how the streams are read. Its Deliver and Notice are the feed's own and must
	// be nil. Its Now is the feed's clock, too.
	Socket socket.Config
	// Sink takes the events, one at a time; At never decreases. It must not block, and must
	// not call the feed. The event is the feed's again when it returns. nil is nobody.
	Sink func(*exchange.Event)
	// Tap takes everything raw; nil is nobody.
	Tap Tap
	// Notice takes what happens to the feed itself, bound as Sink is; nil is nobody.
	Notice func(Notice)
	// Bars are built of trades. A Kline stream without a BarSpec gives bars, too: the venue's.
	Bars []BarSpec
	// Refresh is how often exchangeInfo is read again, ten minutes by default; ClockEvery how
	// often the exchange's clock is measured, a minute by default. Negative is never.
	Refresh, ClockEvery time.Duration
	// DepthLevels is how many levels a side a snapshot has: 5, 10, 20, 50, 100, 500 or 1000,
	// which is the default. It decides what a snapshot weighs.
	DepthLevels int
}

// ErrConfig says that a [Config] asks for what cannot be.
var ErrConfig = errors.New("market feed")

func wrongConfig(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...)
}

// complete checks a configuration and fills in its defaults.
func (c *Config) complete() error {
	switch {
	case c.Instruments == nil:
		return wrongConfig("no instruments")
	case len(c.Streams) == 0:
		return wrongConfig("no streams")
	case c.Socket.Deliver != nil || c.Socket.Notice != nil:
		return wrongConfig("the socket's Deliver and Notice are the feed's own: leave them nil and use Sink, Tap and Notice")
	}
	seen := map[stream.Stream]bool{}
	for _, s := range c.Streams {
		if err := s.Check(); err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
		if seen[s] {
			return wrongConfig("stream %v is listed twice", s)
		}
		seen[s] = true
	}
	if c.Refresh == 0 {
		c.Refresh = refreshDefault
	}
	if c.ClockEvery == 0 {
		c.ClockEvery = clockDefault
	}
	if c.Refresh > 0 && c.Refresh < time.Second || c.ClockEvery > 0 && c.ClockEvery < time.Second {
		return wrongConfig("refresh %v and clock %v: want at least a second, or a negative value for never", c.Refresh, c.ClockEvery)
	}
	if c.DepthLevels == 0 {
		c.DepthLevels = depthDefault
	}
	switch c.DepthLevels {
	case 5, 10, 20, 50, 100, 500, 1000:
	default:
		return wrongConfig("snapshots of %d levels: there are 5, 10, 20, 50, 100, 500 and 1000", c.DepthLevels)
	}
	c.callNobody()
	return nil
}

// callNobody puts a function where nobody is to be called.
func (c *Config) callNobody() {
	if c.Sink == nil {
		c.Sink = func(*exchange.Event) {}
	}
	if c.Tap == nil {
		c.Tap = deaf{}
	}
	if c.Notice == nil {
		c.Notice = func(Notice) {}
	}
	if c.Socket.Now == nil {
		c.Socket.Now = func() exchange.Time { return exchange.TimeOf(time.Now()) }
	}
}

// deaf is a Tap for nobody.
type deaf struct{}

func (deaf) Message(*socket.Message)              {}
func (deaf) Answer(exchange.Product, rest.Answer) {}
func (deaf) Notice(Notice)                        {}

// sockets is what the feed needs of a socket.Set. The Set calls the feed, so that whoever
// calls the Set must not hold the feed's mutex.
type sockets interface {
	Run(context.Context) error
	Update(add, remove []stream.Stream) error
}

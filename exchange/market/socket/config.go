package socket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/stream"
)

const (
	// rotateDefault leaves an hour for what Binance closes after 24.
	rotateDefault = 23 * time.Hour
	// overlapDefault is long for what mostly takes a second: quiet streams wait for it.
	overlapDefault = time.Minute
	// heldDefault is the room for what is held back while a connection takes over.
	heldDefault = 32 << 20
)

// Config says what a [Set] does. The zero value of all but Deliver is a default.
type Config struct {
	// Hosts are the base addresses by route, [DefaultHosts] where one is missing. They
	// begin with ws:// or wss://; "/stream" is appended.
	Hosts map[stream.Route]string
	// Dial makes connections below TLS; nil is the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// PerConnection is how many streams a connection has, 1 to 1,024, which is the default.
	PerConnection int
	// Rotate is the age at which a connection gets a successor, 23 hours by default, which is
	// before Binance closes it at 24. Negative is never.
	Rotate time.Duration
	// Overlap is how long old and new connection are heard at most to prove that nothing is
	// missing between them, a minute by default. It must exceed by far what a message travels.
	Overlap time.Duration
	// HeldBytes is how much may be held back meanwhile on a connection, 32 MiB by default.
	HeldBytes int
	// Silence replaces [stream.Stream.Silence] by kind: how long a stream may be silent, 0
	// for ever.
	Silence map[stream.Kind]time.Duration
	// Now is the local clock; nil is time.Now. Waits are measured by the monotonic clock.
	Now func() exchange.Time
	// Log gets what is of use for finding faults, at level Debug; nil is nowhere.
	Log *slog.Logger
	// Deliver takes messages, one call at a time over all connections. While it runs
	// nothing is read, so it must not block; and it must not call the Set.
	Deliver func(*Message)
	// Notice takes notices, nil is nobody. It is bound as Deliver is, and never runs at
	// the same time.
	Notice func(Notice)
}

// DefaultHosts are the addresses of Binance.
func DefaultHosts() map[stream.Route]string {
	return map[stream.Route]string{
		stream.Public: "wss://fstream.binance.com/public",
		stream.Market: "wss://fstream.binance.com/market",
		stream.Coin:   "wss://dstream.binance.com",
		stream.Spot:   "wss://stream.binance.com:9443",
	}
}

// complete checks a configuration and fills in its defaults.
func (c *Config) complete() error {
	switch {
	case c.Deliver == nil:
		return errors.New("socket: Deliver is missing: nobody would hear the streams")
	case c.PerConnection < 0 || c.PerConnection > stream.PerConnection:
		return fmt.Errorf("socket: %d streams on a connection: Binance takes 1 to %d", c.PerConnection, stream.PerConnection)
	case c.Rotate > 0 && c.Rotate < time.Minute || c.Rotate > 24*time.Hour:
		return fmt.Errorf("socket: rotation after %v: want one minute to 24 hours, or a negative value for never", c.Rotate)
	case c.Overlap < 0 || c.Overlap > 10*time.Minute:
		return fmt.Errorf("socket: an overlap of %v: want at most 10 minutes", c.Overlap)
	case c.HeldBytes < 0:
		return fmt.Errorf("socket: %d bytes to hold back: want none for the default, or more than 0", c.HeldBytes)
	}
	hosts := DefaultHosts()
	for route, host := range c.Hosts {
		u, err := url.Parse(host)
		if _, ok := hosts[route]; !ok || err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" || u.RawQuery != "" {
			return fmt.Errorf("socket: host %q of route %v: want an address such as wss://fstream.binance.com/public", host, route)
		}
		hosts[route] = host
	}
	for kind, silence := range c.Silence {
		if silence < 0 || silence > 0 && silence < time.Second {
			return fmt.Errorf("socket: silence of %v for %v: want 0 for ever, or at least a second", silence, kind)
		}
	}
	c.Hosts = hosts
	c.PerConnection = orDefault(c.PerConnection, stream.PerConnection)
	c.Rotate = orDefault(c.Rotate, rotateDefault)
	c.Overlap = orDefault(c.Overlap, overlapDefault)
	c.HeldBytes = orDefault(c.HeldBytes, heldDefault)
	if c.Now == nil {
		c.Now = func() exchange.Time { return exchange.TimeOf(time.Now()) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Notice == nil {
		c.Notice = func(Notice) {}
	}
	return nil
}

func orDefault[T int | time.Duration](v, standard T) T {
	if v == 0 {
		return standard
	}
	return v
}

package papi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// DropCopyConfig says what is read by a second key, and who is told.
type DropCopyConfig struct {
	// Client has the second key, which needs no right but to read.
	Client *Client
	// Instruments are those of the broker, and Prefixes how client ids of our orders begin.
	Instruments *exchange.Instruments
	Prefixes    []string
	// Every is how often is read, within [DropCopyMin] and [DropCopyMax]. A reading weighs about
	// 190 of 6000 a minute, and 5 more for each pair of margin.
	Every time.Duration
	// Deliver takes each reading as an event of KindSurvey; its payload is the receiver's.
	Deliver func(exchange.Event)
	// Failed hears why there was none; nil is nobody.
	Failed func(error)
}

// DropCopyMin and DropCopyMax bound DropCopyConfig.Every: readings more often take weight away
// from orders, and rarer ones come too late.
const DropCopyMin, DropCopyMax = 10 * time.Second, time.Hour

// RunDropCopy reads the account by a second key until the context ends, whose error it returns: open
// orders of all lists, positions and balances. A reading that fails is left out, whole. It changes
// nothing at the exchange.
func RunDropCopy(ctx context.Context, c DropCopyConfig) error {
	if c.Client == nil || c.Instruments == nil || c.Deliver == nil {
		return errors.New("papi: a drop copy needs a client, instruments and somebody to deliver to")
	}
	if c.Every < DropCopyMin || c.Every > DropCopyMax {
		return fmt.Errorf("papi: a drop copy every %v is not within %v to %v", c.Every, DropCopyMin, DropCopyMax)
	}
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	for {
		if err := c.read(ctx); err != nil && ctx.Err() == nil && c.Failed != nil {
			c.Failed(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// read reads once, as a catch-up does, but for what only that needs.
func (c *DropCopyConfig) read(ctx context.Context) error {
	if _, err := c.Client.MeasureClock(ctx); err != nil {
		return fmt.Errorf("drop copy: %w", err)
	}
	o := &owner{Broker: &Broker{config: BrokerConfig{Client: c.Client, Instruments: c.Instruments, Prefixes: c.Prefixes}}}
	got := caughtUp{truth: &Truth{At: c.Client.ServerTime()}}
	for _, part := range []func(context.Context, *caughtUp) error{o.readFutures, o.readMargin, o.askPositions, o.readBalances} {
		if err := part(ctx, &got); err != nil {
			return fmt.Errorf("drop copy: %w", err)
		}
	}
	o.collect(&got, want{named: map[orderNumber]string{}, active: map[exchange.InstrumentID]bool{}})
	told := o.reading(&got)
	told.Account = exchange.Account{} // it was not read
	var e exchange.Event
	e.SetSurvey(&exchange.Survey{Copy: &told})
	c.Deliver(e)
	return nil
}

func (b *Broker) readBalances(ctx context.Context, c *caughtUp) (err error) {
	c.truth.Balances, err = b.config.Client.Balances(ctx, "")
	return err
}

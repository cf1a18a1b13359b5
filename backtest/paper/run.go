package paper

import (
	"context"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// waitMax bounds how long Run sleeps, so that a local clock that was set is noticed.
const waitMax = time.Minute

// Run opens the account and lets time pass until the context ends, or the account cannot be
// valued any more. The error is nil if the context has ended.
func (b *Broker) Run(ctx context.Context) error {
	if err := b.begin(); err != nil {
		return err
	}
	if b.config.Live != nil {
		b.config.Live("the simulated exchange is open")
	}
	account := time.NewTicker(b.config.AccountEvery)
	defer account.Stop()
	for {
		timer := time.NewTimer(b.wait())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			b.pass()
		case <-account.C:
			b.value()
		case <-b.wake:
		}
		timer.Stop()
		if err := b.err(); err != nil {
			return err
		}
	}
}

// begin opens the account: what is derived is promised, what the account owns is told, and the
// account is read.
func (b *Broker) begin() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened {
		return nil
	}
	b.opened = true
	at := b.config.Clock()
	for i := range b.opening {
		e := &b.opening[i]
		e.At = at
		b.far.Market(e)
		b.config.Deliver(own(e))
	}
	b.far.Start(at)
	if o := b.config.Opening; o != nil {
		if err := b.far.Resume(o.Orders, at); err != nil {
			return err
		}
		b.settle()
		b.settleActs(o.Acts, at)
	}
	b.settle()
	b.read()
	for _, o := range b.early {
		b.far.Cancel(o, at)
	}
	b.early = nil
	b.settle()
	return nil
}

// wait is how long there is nothing to do.
func (b *Broker) wait() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = b.far.Due()
	if b.armed == exchange.Never {
		return waitMax
	}
	return min(waitMax, max(0, b.armed.Sub(b.config.Clock())))
}

// pass lets happen what is due by now.
func (b *Broker) pass() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.far.Advance(b.config.Clock())
	b.settle()
}

// value tells the account, if it can be valued.
func (b *Broker) value() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.venue.Missing() != nil {
		return
	}
	e := exchange.Event{At: b.config.Clock()}
	e.Exchange = e.At
	account := b.venue.Account()
	e.SetAccount(&account)
	if b.link == nil {
		b.config.Deliver(e)
		return
	}
	b.link.Tell(&e)
	b.settle()
}

func (b *Broker) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.far.Err()
}

// settle delivers what the exchange has said, and sees that Run looks again when something is
// due before it would.
func (b *Broker) settle() {
	for {
		events := b.far.Events()
		if len(events) == 0 {
			break
		}
		for i := range events {
			b.config.Deliver(own(&events[i]))
		}
	}
	b.changes()
	if b.far.Due() < b.armed {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

// own gives an event a payload that nobody else writes to.
func own(e *exchange.Event) exchange.Event {
	o := *e
	switch e.Kind {
	case exchange.KindOrderUpdate:
		u := *e.OrderUpdate()
		o.SetOrderUpdate(&u)
	case exchange.KindFill:
		f := *e.Fill()
		o.SetFill(&f)
	case exchange.KindLedger:
		l := *e.Ledger()
		o.SetLedger(&l)
	case exchange.KindAccount:
		a := *e.Account()
		o.SetAccount(&a)
	case exchange.KindAct:
		u := *e.Act()
		o.SetAct(&u)
	case exchange.KindRiskLevel:
		a := *e.Account()
		o.SetRiskLevel(&a)
	case exchange.KindLending:
		l := *e.Lending()
		o.SetLending(&l)
	case exchange.KindAssetIndex:
		x := *e.AssetIndex()
		o.SetAssetIndex(&x)
	}
	o.Flags = e.Flags
	return o
}

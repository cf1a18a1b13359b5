package papi

import (
	"context"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/internal/wire"
)

// upshot is what came of a request.
type upshot struct {
	r *request
	// news are what the exchange said of the order and, of an OCO, its legs.
	news []news
	err  error
	// mismatch says what was wrong with the order that the exchange took, which has been
	// cancelled then: canceled tells whether that is certain.
	mismatch string
	canceled bool
}

// announce tells the owner of an OCO that is about to be sent.
type announce struct{ r *request }

// work carries out requests until the context ends.
func (b *Broker) work(ctx context.Context, queue <-chan *request) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-queue:
			b.taken(r)
			for r != nil && ctx.Err() == nil {
				b.inbox <- b.send(ctx, r)
				r = b.done(r.order.ID)
			}
			if r != nil {
				b.inbox <- r.unsent()
			}
		}
	}
}

// unsent is what came of a request that found the broker stopped.
func (r *request) unsent() upshot {
	if r.undo != nil {
		return *r.undo
	}
	return upshot{r: r, err: &Error{Outcome: Refused, Msg: stopped, Retryable: true}}
}

// send carries out a request and waits for its answer. An order that is not the one that was
// sent is cancelled at once.
func (b *Broker) send(ctx context.Context, r *request) upshot {
	if r.undo != nil {
		return b.undo(ctx, *r.undo)
	}
	d, err := b.errand(r)
	if err != nil {
		return upshot{r: r, err: err}
	}
	if d.ep == epNewMarginOCO {
		b.inbox <- announce{r}
	}
	got, err := b.config.Client.attempt(ctx, d.ep, d.q, *d.approved)
	a := d.upshot(r, got, err)
	if a.mismatch != "" {
		return b.undo(ctx, a)
	}
	return a
}

// undo cancels an order that the exchange took otherwise than it was sent.
func (b *Broker) undo(ctx context.Context, a upshot) upshot {
	placed := a.news
	d := b.cancel(&a.r.order)
	got, err := b.config.Client.attempt(ctx, d.ep, d.q, *d.approved)
	if a.news, a.err = d.read(got, err); a.err == nil {
		a.canceled = true
		if len(a.news) == 0 {
			a.news = placed
		}
	}
	return a
}

// fly sends a request on the caller's goroutine, for whom a wake-up costs more than all the
// rest, if it can leave now; false says that it must wait for a worker. An OCO must, for it is
// announced first.
func (b *Broker) fly(r *request) (wire.Flight, bool) {
	d, err := b.errand(r)
	if err != nil || d.ep == epNewMarginOCO {
		return wire.Flight{}, false
	}
	return b.config.Client.start(d.ep, d.q, *d.approved, func(got reply, err error) { b.landed(d.upshot(r, got, err)) })
}

// landed takes what came of a request that flew, and queues what waits behind it.
func (b *Broker) landed(a upshot) {
	w, r := &b.waiting, a.r
	w.Lock()
	undo := a.mismatch != "" && w.count < queueMax
	if undo {
		w.count++
	}
	w.Unlock()
	if !undo {
		b.inbox <- a // before what waits behind is sent, for upshots come in the order of requests
	}
	w.Lock()
	defer w.Unlock()
	if undo {
		b.resume(&request{kind: toCancel, order: r.order, undo: &a})
	} else {
		b.pass(r.order.ID)
	}
	delete(w.flying, r)
	w.flights.Done()
}

// pass gives the next request about an order to the workers, after one has been answered
// that no worker has sent. The mutex is held.
func (b *Broker) pass(id exchange.OrderID) {
	w := &b.waiting
	behind := w.behind[id]
	if len(behind) == 0 {
		delete(w.behind, id)
		return
	}
	w.behind[id] = behind[1:]
	b.resume(behind[0])
}

// resume queues a request that has its place among those that wait, until a worker takes it.
// The queues have room for all of these.
func (b *Broker) resume(r *request) {
	r.resumed = true
	b.queue(r) <- r
}

// ground gives up what flies, and lets nothing fly any more.
func (b *Broker) ground(why error) {
	w := &b.waiting
	w.Lock()
	defer w.Unlock()
	w.sending = false
	for _, flight := range w.flying {
		flight.Abort(why)
	}
}

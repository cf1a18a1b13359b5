package papi

import (
	"context"
	"errors"

	"github.com/pmbot/pmbot/exchange"
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
			for r != nil && ctx.Err() == nil {
				b.inbox <- b.send(ctx, r)
				r = b.done(r.order.ID)
			}
			if r != nil {
				b.inbox <- upshot{r: r, err: &Error{Outcome: Refused, Msg: stopped, Retryable: true}}
			}
		}
	}
}

// errNoWord says that the exchange has no such request for a product.
var errNoWord = errors.New("the product has no such order")

// send carries out a request and waits for its answer.
func (b *Broker) send(ctx context.Context, r *request) upshot {
	a := upshot{r: r}
	in := b.config.Instruments.At(r.order.Request.Inst)
	switch r.kind {
	case toPlace:
		a.news, a.err = b.place(ctx, r, in)
	case toAmend:
		a.news, a.err = b.amend(ctx, r, in)
	case toCancel:
		a.news, a.err = b.cancel(ctx, &r.order, in)
	}
	var other *EchoError
	if !errors.As(a.err, &other) {
		return a
	}
	a.mismatch = other.Error()
	placed := a.news
	if a.news, a.err = b.cancel(ctx, &r.order, in); a.err == nil {
		a.canceled = true
		if len(a.news) == 0 {
			a.news = placed
		}
	}
	return a
}

// said is what was told of an order together with whether it is the one that was sent.
func said(n []news, err, echo error) ([]news, error) {
	if err != nil {
		return nil, err
	}
	return n, echo
}

func (b *Broker) place(ctx context.Context, r *request, in *exchange.Instrument) ([]news, error) {
	c, o := b.config.Client, &r.order
	switch listOf(in.Product, o.Request.Type) {
	case listUM:
		p := umOrderOf(in.Symbol, o.ClientID, &o.Request)
		a, err := c.newUMOrder(ctx, p, r.approved)
		return said([]news{a.news(in.ID)}, err, p.echo(a))
	case listUMAlgo:
		p := umAlgoOrderOf(in.Symbol, o.ClientID, &o.Request)
		a, err := c.newUMAlgoOrder(ctx, p, r.approved)
		return said([]news{a.news(in.ID)}, err, p.echo(a))
	case listCM:
		p := cmOrderOf(in.Symbol, o.ClientID, &o.Request)
		a, err := c.newCMOrder(ctx, p, r.approved)
		return said([]news{a.news(in.ID)}, err, p.echo(a))
	case listCMConditional:
		p := cmConditionalOrderOf(in.Symbol, o.ClientID, &o.Request)
		a, err := c.newCMConditionalOrder(ctx, p, r.approved)
		return said([]news{a.news(in.ID)}, err, p.echo(a))
	case listOCO:
		p := marginOCOOf(in.Symbol, o.ClientID, &o.Request)
		b.inbox <- announce{r}
		a, err := c.newMarginOCO(ctx, p, r.approved)
		return said(a.news(in.ID), err, p.echo(a))
	default:
		p := marginOrderOf(in.Symbol, o.ClientID, &o.Request)
		if p.Type == "" {
			return nil, &Error{Outcome: Refused, Msg: "margin has no " + o.Request.Type.String(), Err: errNoWord}
		}
		a, err := c.newMarginOrder(ctx, p, r.approved)
		return said([]news{a.news(in.ID)}, err, p.echo(a))
	}
}

func (b *Broker) amend(ctx context.Context, r *request, in *exchange.Instrument) ([]news, error) {
	o := &r.order
	p := amendUMOrder{
		Symbol: in.Symbol, Side: Side(o.Request.Side.String()), Quantity: o.Request.Qty, Price: priceOf(&o.Request),
		OrigClientOrderID: o.ClientID, PriceMatch: matchOf(o.Request.PriceMatch),
	}
	switch listOf(in.Product, o.Request.Type) {
	case listUM:
		a, err := b.config.Client.amendUMOrder(ctx, p, r.approved)
		return said([]news{a.news(in.ID)}, err, p.echo(a))
	case listCM:
		p := amendCMOrder(p)
		a, err := b.config.Client.amendCMOrder(ctx, p, r.approved)
		return said([]news{a.news(in.ID)}, err, p.echo(a))
	}
	return nil, &Error{Outcome: Refused, Msg: "only UM and CM limit orders can be amended", Err: errNoWord}
}

// cancel ends an order on the list on which it is. That of a UM algo order is answered
// without a word on the order, so no news are returned.
func (b *Broker) cancel(ctx context.Context, o *exchange.Order, in *exchange.Instrument) ([]news, error) {
	c, ref := b.config.Client, OrderRef{OrigClientOrderID: o.ClientID}
	switch listOf(in.Product, o.Request.Type) {
	case listUM:
		a, err := c.CancelUMOrder(ctx, in.Symbol, ref)
		return said([]news{a.news(in.ID)}, err, nil)
	case listUMAlgo:
		_, err := c.CancelUMAlgoOrder(ctx, AlgoRef{ClientAlgoID: o.ClientID})
		return nil, err
	case listCM:
		a, err := c.CancelCMOrder(ctx, in.Symbol, ref)
		return said([]news{a.news(in.ID)}, err, nil)
	case listCMConditional:
		a, err := c.CancelCMConditionalOrder(ctx, in.Symbol, StrategyRef{NewClientStrategyID: o.ClientID})
		return said([]news{a.news(in.ID)}, err, nil)
	case listOCO:
		a, err := c.CancelMarginOrderList(ctx, CancelListQuery{Symbol: in.Symbol, ListClientOrderID: o.ClientID})
		if err != nil {
			return nil, err
		}
		return a.news(in.ID)[1:], nil
	default:
		a, err := c.CancelMarginOrder(ctx, in.Symbol, ref, "")
		return said([]news{a.news(in.ID)}, err, nil)
	}
}

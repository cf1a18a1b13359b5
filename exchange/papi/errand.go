package papi

import (
	"errors"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// errand is a request about an order in the exchange's words, and how its answer is read.
type errand struct {
	ep       endpoint
	q        *query
	approved *riskguard.Approved // the request's; of a cancel one that is not valid
	// read makes news of the answer. An EchoError comes with news of the order that the exchange
	// took, which is not the one that was sent.
	read func(reply, error) ([]news, error)
}

// errandOf is an errand whose answer is an A.
func errandOf[A any](ep endpoint, q *query, approved *riskguard.Approved, tell func(*A) ([]news, error)) errand {
	return errand{ep, q, approved, func(r reply, err error) ([]news, error) {
		a, err := answer[A](ep, r, err)
		if err != nil {
			return nil, err
		}
		return tell(&a)
	}}
}

// upshot reads what came of an errand.
func (d *errand) upshot(r *request, got reply, err error) upshot {
	a := upshot{r: r}
	a.news, a.err = d.read(got, err)
	var other *EchoError
	if errors.As(a.err, &other) {
		a.mismatch = other.Error()
	}
	return a
}

// errNoWord says that the exchange has no such request for a product.
var errNoWord = errors.New("the product has no such order")

// errand puts a request into words.
func (b *Broker) errand(r *request) (errand, error) {
	switch r.kind {
	case toPlace:
		return b.place(r)
	case toAmend:
		return b.amend(r)
	default:
		return b.cancel(&r.order), nil
	}
}

func (b *Broker) place(r *request) (errand, error) {
	o, ok := &r.order, &r.approved
	in := b.config.Instruments.At(o.Request.Inst)
	switch listOf(in.Product, o.Request.Type) {
	case listUM:
		p := umOrderOf(in.Symbol, o.ClientID, &o.Request)
		return errandOf(epNewUMOrder, p.query(), ok, func(a *UMOrderAck) ([]news, error) { return []news{a.news(in.ID)}, p.echo(*a) }), nil
	case listUMAlgo:
		p := umAlgoOrderOf(in.Symbol, o.ClientID, &o.Request)
		return errandOf(epNewUMAlgoOrder, p.query(), ok, func(a *UMAlgoOrder) ([]news, error) { return []news{a.news(in.ID)}, p.echo(*a) }), nil
	case listCM:
		p := cmOrderOf(in.Symbol, o.ClientID, &o.Request)
		return errandOf(epNewCMOrder, p.query(), ok, func(a *CMOrderAck) ([]news, error) { return []news{a.news(in.ID)}, p.echo(*a) }), nil
	case listCMConditional:
		p := cmConditionalOrderOf(in.Symbol, o.ClientID, &o.Request)
		return errandOf(epNewCMConditionalOrder, p.query(), ok, func(a *CMConditionalOrder) ([]news, error) {
			return []news{a.news(in.ID)}, p.echo(*a)
		}), nil
	case listOCO:
		p := marginOCOOf(in.Symbol, o.ClientID, &o.Request)
		return errandOf(epNewMarginOCO, p.query(), ok, func(a *OrderList) ([]news, error) { return a.news(in.ID), p.echo(*a) }), nil
	default:
		p := marginOrderOf(in.Symbol, o.ClientID, &o.Request)
		if p.Type == "" {
			return errand{}, &Error{Outcome: Refused, Msg: "margin has no " + o.Request.Type.String(), Err: errNoWord}
		}
		return errandOf(epNewMarginOrder, p.query(), ok, func(a *MarginOrderAck) ([]news, error) { return []news{a.news(in.ID)}, p.echo(*a) }), nil
	}
}

func (b *Broker) amend(r *request) (errand, error) {
	o := &r.order
	in := b.config.Instruments.At(o.Request.Inst)
	p := amendUMOrder{
		Symbol: in.Symbol, Side: Side(o.Request.Side.String()), Quantity: o.Request.Qty, Price: priceOf(&o.Request),
		OrigClientOrderID: o.ClientID, PriceMatch: matchOf(o.Request.PriceMatch),
	}
	switch listOf(in.Product, o.Request.Type) {
	case listUM:
		return errandOf(epAmendUMOrder, p.query(), &r.approved, func(a *UMOrderAck) ([]news, error) { return []news{a.news(in.ID)}, p.echo(*a) }), nil
	case listCM:
		p := amendCMOrder(p)
		return errandOf(epAmendCMOrder, p.query(), &r.approved, func(a *CMOrderAck) ([]news, error) { return []news{a.news(in.ID)}, p.echo(*a) }), nil
	}
	return errand{}, &Error{Outcome: Refused, Msg: "only UM and CM limit orders can be amended", Err: errNoWord}
}

// cancel ends an order on the list on which it is. That of a UM algo order is answered
// without a word on the order, so it has no news.
func (b *Broker) cancel(o *exchange.Order) errand {
	in := b.config.Instruments.At(o.Request.Inst)
	none, ref := new(riskguard.Approved), OrderRef{OrigClientOrderID: o.ClientID}
	switch listOf(in.Product, o.Request.Type) {
	case listUM:
		return errandOf(epCancelUMOrder, ref.query(in.Symbol), none, func(a *UMOrderAck) ([]news, error) { return []news{a.news(in.ID)}, nil })
	case listUMAlgo:
		return errandOf(epCancelUMAlgoOrder, AlgoRef{ClientAlgoID: o.ClientID}.query(), none, func(*UMAlgoCancel) ([]news, error) { return nil, nil })
	case listCM:
		return errandOf(epCancelCMOrder, ref.query(in.Symbol), none, func(a *CMOrderAck) ([]news, error) { return []news{a.news(in.ID)}, nil })
	case listCMConditional:
		q := StrategyRef{NewClientStrategyID: o.ClientID}.query(in.Symbol)
		return errandOf(epCancelCMConditionalOrder, q, none, func(a *CMConditionalOrder) ([]news, error) { return []news{a.news(in.ID)}, nil })
	case listOCO:
		q := CancelListQuery{Symbol: in.Symbol, ListClientOrderID: o.ClientID}.query()
		return errandOf(epCancelMarginOrderList, q, none, func(a *OrderList) ([]news, error) { return a.news(in.ID)[1:], nil })
	default:
		return errandOf(epCancelMarginOrder, ref.query(in.Symbol), none, func(a *MarginCancel) ([]news, error) { return []news{a.news(in.ID)}, nil })
	}
}

package engine

import (
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// orderSnapshot is an order with all that the kernel knows of it. Keys rise; what is zero is
// left out. An amend on its way has its price and quantity in Asked, the leg of an OCO its
// list in List.
type orderSnapshot struct {
	Activation    exchange.Fixed              `json:"activation,omitzero"`
	Asked         *askedSnapshot              `json:"asked,omitzero"`
	Callback      exchange.Fixed              `json:"callback,omitzero"`
	CancelAsked   bool                        `json:"cancel_asked,omitzero"`
	Child         bool                        `json:"child,omitzero"`
	ClientID      string                      `json:"client_id"`
	ClosePosition bool                        `json:"close_position,omitzero"`
	Created       exchange.Time               `json:"created,omitzero"`
	Filled        exchange.Fixed              `json:"filled,omitzero"`
	GoodTill      exchange.Time               `json:"good_till,omitzero"`
	Heard         exchange.Time               `json:"heard,omitzero"`
	Iceberg       exchange.Fixed              `json:"iceberg,omitzero"`
	ID            exchange.OrderID            `json:"id"`
	Inst          exchange.InstrumentID       `json:"inst"`
	LegOver       bool                        `json:"leg_over,omitzero"`
	List          exchange.OrderID            `json:"list,omitzero"`
	Parent        exchange.OrderID            `json:"parent,omitzero"`
	PositionSide  word[exchange.PositionSide] `json:"position_side,omitzero"`
	Price         exchange.Fixed              `json:"price,omitzero"`
	PriceMatch    word[exchange.PriceMatch]   `json:"price_match,omitzero"`
	PriceProtect  bool                        `json:"price_protect,omitzero"`
	Qty           exchange.Fixed              `json:"qty,omitzero"`
	QuoteQty      exchange.Fixed              `json:"quote_qty,omitzero"`
	ReduceOnly    bool                        `json:"reduce_only,omitzero"`
	Ref           uint64                      `json:"ref,omitzero"`
	Side          word[exchange.Side]         `json:"side,omitzero"`
	SideEffect    word[exchange.SideEffect]   `json:"side_effect,omitzero"`
	Status        word[exchange.OrderStatus]  `json:"status"`
	StopPrice     exchange.Fixed              `json:"stop_price,omitzero"`
	STP           word[exchange.STP]          `json:"stp,omitzero"`
	Strategy      exchange.StrategyID         `json:"strategy,omitzero"`
	TimeInForce   word[exchange.TimeInForce]  `json:"time_in_force,omitzero"`
	Traded        exchange.Fixed              `json:"traded,omitzero"`
	Trades        []int64                     `json:"trades,omitzero"`
	Trigger       exchange.Fixed              `json:"trigger,omitzero"`
	Type          word[exchange.OrderType]    `json:"type,omitzero"`
	Updated       exchange.Time               `json:"updated,omitzero"`
	VenueID       int64                       `json:"venue_id,omitzero"`
	WorkingType   word[exchange.WorkingType]  `json:"working_type,omitzero"`
}

type askedSnapshot struct {
	Price exchange.Fixed `json:"price,omitzero"`
	Qty   exchange.Fixed `json:"qty,omitzero"`
}

// word is one of a closed set of values, written by its name.
type word[T named] struct{ is T }

type named interface {
	~uint8
	fmt.Stringer
}

func (w word[T]) MarshalText() ([]byte, error) { return []byte(w.is.String()), nil }

// UnmarshalText reads any name, and what String prints of a value without one: the kernel
// keeps what an exchange has said of others' orders, whatever it was.
func (w *word[T]) UnmarshalText(text []byte) error {
	for v := range 256 {
		if w.is = T(v); w.is.String() == string(text) {
			return nil
		}
	}
	kind, _, _ := strings.Cut(T(255).String(), "(")
	return fmt.Errorf("%w %s %.40q", exchange.ErrUnknownName, kind, text)
}

func (o *order) snapshot() orderSnapshot {
	r := &o.Request
	s := orderSnapshot{
		Activation: r.Activation, Callback: r.Callback, CancelAsked: o.cancelAsked, Child: o.child, ClientID: o.ClientID,
		ClosePosition: r.ClosePosition, Created: o.Created, Filled: o.Filled, GoodTill: r.GoodTill, Heard: o.heard,
		Iceberg: r.Iceberg, ID: o.ID, Inst: r.Inst, LegOver: o.legOver, Parent: o.Parent,
		PositionSide: word[exchange.PositionSide]{r.PositionSide}, Price: r.Price,
		PriceMatch: word[exchange.PriceMatch]{r.PriceMatch}, PriceProtect: r.PriceProtect, Qty: r.Qty, QuoteQty: r.QuoteQty,
		ReduceOnly: r.ReduceOnly, Ref: o.Ref, Side: word[exchange.Side]{r.Side},
		SideEffect: word[exchange.SideEffect]{r.SideEffect}, Status: word[exchange.OrderStatus]{o.Status},
		StopPrice: r.StopPrice, STP: word[exchange.STP]{r.STP}, Strategy: o.Strategy,
		TimeInForce: word[exchange.TimeInForce]{r.TimeInForce}, Traded: o.traded, Trades: o.trades, Trigger: r.Trigger,
		Type: word[exchange.OrderType]{r.Type}, Updated: o.Updated, VenueID: o.VenueID,
		WorkingType: word[exchange.WorkingType]{r.WorkingType},
	}
	if o.asked != nil {
		s.Asked = &askedSnapshot{o.asked.Price, o.asked.Qty}
	}
	if o.list != nil {
		s.List = o.list.ID
	}
	return s
}

// order is the order that was written, without its links.
func (s *orderSnapshot) order() *order {
	o := &order{
		Order: exchange.Order{
			ID: s.ID, Strategy: s.Strategy, Ref: s.Ref, Status: s.Status.is, ClientID: s.ClientID, VenueID: s.VenueID,
			Parent: s.Parent, Filled: s.Filled, Created: s.Created, Updated: s.Updated,
			Request: exchange.OrderRequest{
				Inst: s.Inst, Side: s.Side.is, PositionSide: s.PositionSide.is, Type: s.Type.is, TimeInForce: s.TimeInForce.is,
				Qty: s.Qty, Price: s.Price, Trigger: s.Trigger, StopPrice: s.StopPrice, WorkingType: s.WorkingType.is,
				PriceProtect: s.PriceProtect, Activation: s.Activation, Callback: s.Callback, ReduceOnly: s.ReduceOnly,
				ClosePosition: s.ClosePosition, GoodTill: s.GoodTill, PriceMatch: s.PriceMatch.is, STP: s.STP.is,
				SideEffect: s.SideEffect.is, QuoteQty: s.QuoteQty, Iceberg: s.Iceberg,
			},
		},
		trades: s.Trades, traded: s.Traded, cancelAsked: s.CancelAsked, heard: s.Heard, child: s.Child, legOver: s.LegOver,
	}
	if s.Asked != nil {
		asked := o.Request // an amend changes nothing else
		asked.Price, asked.Qty = s.Asked.Price, s.Asked.Qty
		o.asked = &asked
	}
	return o
}

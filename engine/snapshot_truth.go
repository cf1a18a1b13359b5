package engine

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// truthSnapshot is what is kept of readings of the exchange's account.
type truthSnapshot struct {
	Accepted    []string             `json:"accepted,omitzero"`
	Agreed      bool                 `json:"agreed,omitzero"`
	At          exchange.Time        `json:"at,omitzero"`
	Differences []differenceSnapshot `json:"differences,omitzero"`
	Heard       exchange.Time        `json:"heard,omitzero"`
	// Orders and Positions are those of the newest reading that its differences are about.
	Orders    []orderSnapshot    `json:"orders,omitzero"`
	Positions []positionSnapshot `json:"positions,omitzero"`
	Started   exchange.Time      `json:"started,omitzero"`
}

type differenceSnapshot struct {
	Asset  string                        `json:"asset,omitzero"`
	Inst   exchange.InstrumentID         `json:"inst,omitzero"`
	Kind   word[exchange.DifferenceKind] `json:"kind"`
	Order  string                        `json:"order,omitzero"`
	Ours   decimal.Decimal               `json:"ours"`
	Remedy word[exchange.Remedy]         `json:"remedy"`
	Seen   int                           `json:"seen"`
	Side   word[exchange.PositionSide]   `json:"side,omitzero"`
	Text   string                        `json:"text"`
	Theirs decimal.Decimal               `json:"theirs"`
	Traded bool                          `json:"traded,omitzero"`
	Wallet word[exchange.Wallet]         `json:"wallet,omitzero"`
}

type positionSnapshot struct {
	Entry decimal.Decimal             `json:"entry"`
	Inst  exchange.InstrumentID       `json:"inst"`
	Qty   decimal.Decimal             `json:"qty"`
	Side  word[exchange.PositionSide] `json:"side"`
}

func (t *truth) snapshot() truthSnapshot {
	s := truthSnapshot{Accepted: t.accepted, Agreed: t.agreed, At: t.last.At, Heard: t.heard, Started: t.started}
	for i := range t.differences {
		d := &t.differences[i]
		s.Differences = append(s.Differences, differenceSnapshot{
			d.Asset, d.Inst, word[exchange.DifferenceKind]{d.Kind}, d.Order, d.Ours, word[exchange.Remedy]{d.Remedy}, d.Seen,
			word[exchange.PositionSide]{d.Side}, d.Text, d.Theirs, d.Traded, word[exchange.Wallet]{d.Wallet},
		})
	}
	for i := range t.last.Orders {
		o := order{Order: t.last.Orders[i].Order}
		s.Orders = append(s.Orders, o.snapshot())
	}
	for _, p := range t.last.Positions {
		s.Positions = append(s.Positions, positionSnapshot{p.Entry, p.Inst, p.Qty, word[exchange.PositionSide]{p.Side}})
	}
	return s
}

// restore brings back what was kept. A difference that names what there is not is an error.
func (t *truth) restore(s *truthSnapshot, ins *exchange.Instruments) error {
	known := func(id exchange.InstrumentID, side exchange.PositionSide) bool {
		return ins.Has(id) && side <= exchange.Short
	}
	for i := range s.Differences {
		d := &s.Differences[i]
		if d.Kind.is == exchange.DifferentPosition && !known(d.Inst, d.Side.is) {
			return fmt.Errorf("a difference is of the position of instrument %d, %v, which there is not", d.Inst, d.Side.is)
		}
		t.differences = append(t.differences, exchange.Difference{
			Kind: d.Kind.is, Remedy: d.Remedy.is, Inst: d.Inst, Side: d.Side.is, Asset: d.Asset, Wallet: d.Wallet.is, Order: d.Order,
			Ours: d.Ours, Theirs: d.Theirs, Text: d.Text, Seen: d.Seen, Traded: d.Traded,
		})
	}
	for i := range s.Orders {
		o := s.Orders[i].order().Order
		if !ins.Has(o.Request.Inst) {
			return fmt.Errorf("order %.40q of a reading is of instrument %d, which there is not", o.ClientID, o.Request.Inst)
		}
		t.last.Orders = append(t.last.Orders, exchange.TruthOrder{Order: o})
	}
	for _, p := range s.Positions {
		if !known(p.Inst, p.Side.is) {
			return fmt.Errorf("a position of a reading is of instrument %d, %v, which there is not", p.Inst, p.Side.is)
		}
		t.last.Positions = append(t.last.Positions, exchange.Position{Inst: p.Inst, Side: p.Side.is, Qty: p.Qty, Entry: p.Entry})
	}
	t.accepted, t.agreed, t.heard, t.started, t.last.At = s.Accepted, s.Agreed, s.Heard, s.Started, s.At
	return nil
}

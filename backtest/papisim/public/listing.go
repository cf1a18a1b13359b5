package public

import (
	"encoding/json"

	"github.com/pmbot/pmbot/exchange"
)

// life is what a symbol's status means for those who look on.
type life uint8

const (
	// alive symbols are as their market is, whatever status they began with. Halted ones have
	// been given a status without trading: no trades, and their book stands still. Over is
	// the end: no marks either. Unlisted ones nobody can see yet.
	alive life = iota
	halted
	over
	unlisted
)

// lifeOf is what a status means that a symbol is given.
func lifeOf(status string) life {
	switch status {
	case exchange.StatusTrading:
		return alive
	case "":
		return unlisted
	case "SETTLING", "DELIVERED", "CLOSE", "PENDING_TRADING":
		return over
	}
	return halted
}

// Instrument takes down what has become of an instrument, one of those it was made of: another
// status, other filters. Requests see it at once, and the contractInfo streams tell it. One
// without a status is not listed, until it gets one.
func (s *Service) Instrument(in exchange.Instrument, at exchange.Time) {
	sym := &s.symbols[in.ID]
	s.now = max(s.now, at)
	if sym.in.Status != in.Status {
		if sym.life == unlisted {
			sym.onboard = at
		}
		sym.life = lifeOf(in.Status)
		sym.ended = 0
		if in.Status == "DELIVERED" && in.Delivery != 0 {
			sym.delivered = sym.settle()
		}
		if sym.life != alive && in.Delivery == 0 && in.Status != "PENDING_TRADING" {
			sym.ended = at
		}
	}
	sym.in, sym.pricePlaces, sym.qtyPlaces = in, placesOf(in.Tick), placesOf(in.Lot.Step)
	if in.Product != exchange.Margin && sym.life != unlisted {
		s.pushKey(Key{Futures, "!contractInfo"}, sym.contractInfo(at))
	}
}

// Bracket is one step of a symbol's maintenance margin: above Floor and up to Cap, of the
// margin asset on UM and of coins on CM, margin is size times MMR less Cum, and leverage at most
// Leverage.
type Bracket struct {
	Floor, Cap, MMR, Cum exchange.Fixed
	Leverage             int
}

// Brackets tells that a contract has other brackets.
func (s *Service) Brackets(inst exchange.InstrumentID, list []Bracket, at exchange.Time) {
	sym := &s.symbols[inst]
	s.now = max(s.now, at)
	if sym.life == unlisted {
		return
	}
	f := sym.contractInfo(at)
	for i, b := range list {
		least := 1
		if i+1 < len(list) {
			least = list[i+1].Leverage + 1
		}
		f.Brackets = append(f.Brackets, bracketRow{
			i + 1, number(b.Floor), number(b.Cap), number(b.MMR), number(b.Cum), least, b.Leverage,
		})
	}
	s.pushKey(Key{Futures, "!contractInfo"}, f)
}

// number writes what Binance writes without quotes.
func number(f exchange.Fixed) json.Number { return json.Number(f.String()) }

// silent says whether an event of a symbol does not become public.
func (s *symbol) silent(e *exchange.Event) bool {
	switch s.life {
	case alive:
	case halted:
		switch e.Kind {
		case exchange.KindTrade, exchange.KindBookTicker, exchange.KindDepth, exchange.KindBar, exchange.KindLiquidation:
			s.torn = true
			return true
		}
	default:
		s.torn = true
		return true
	}
	if s.torn && e.Kind == exchange.KindDepth { // differences of a book that has gone on unseen
		if !e.Depth().Snapshot {
			return true
		}
		s.torn = false
	}
	return false
}

type contractFrame struct {
	Event    string       `json:"e"`
	Time     int64        `json:"E"`
	Symbol   string       `json:"s"`
	Pair     string       `json:"ps"`
	Contract string       `json:"ct"`
	Delivery int64        `json:"dt"`
	Onboard  int64        `json:"ot"`
	Status   string       `json:"cs"`
	Brackets []bracketRow `json:"bks,omitempty"`
	Type     int          `json:"st"`
}

type bracketRow struct {
	Bracket  int         `json:"bs"`
	Floor    json.Number `json:"bnf"`
	Cap      json.Number `json:"bnc"`
	MMR      json.Number `json:"mmr"`
	Cum      json.Number `json:"cf"`
	Least    int         `json:"mi"`
	Leverage int         `json:"ma"`
}

// contractInfo tells what has become of a contract, without brackets, which Binance leaves
// out unless they have changed.
func (s *symbol) contractInfo(now exchange.Time) contractFrame {
	return contractFrame{
		Event: "contractInfo", Time: now.Millis(), Symbol: s.in.Symbol, Pair: s.in.Pair, Contract: s.contractType(),
		Delivery: s.delivery(), Onboard: s.onboarded().Millis(), Status: s.in.Status, Type: s.symbolType(),
	}
}

// contractType is Binance's word, which changes while a contract delivers: with a blank for
// dated ones.
func (s *symbol) contractType() string {
	if s.in.Status != "PRE_DELIVERING" && s.in.Status != "DELIVERING" {
		return s.in.ContractType
	}
	if s.in.Delivery == 0 {
		return s.in.ContractType + "_DELIVERING"
	}
	return s.in.ContractType + " DELIVERING"
}

// onboarded is when it was listed.
func (s *symbol) onboarded() exchange.Time { return max(s.in.Onboard, s.onboard) }

// perpetualDelivery is the delivery date that Binance gives to what never delivers.
const perpetualDelivery = 4_133_404_800_000

// delivery is when a contract delivers, or a perpetual has ceased to trade.
func (s *symbol) delivery() int64 {
	switch {
	case s.in.Delivery != 0:
		return s.in.Delivery.Millis()
	case s.ended != 0:
		return s.ended.Millis()
	}
	return perpetualDelivery
}

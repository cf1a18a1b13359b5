package margin

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// snapshot is what a portfolio has been told, but for its open orders, which are their
// owner's to set again, and for tables and shocks, which are its maker's. What follows from
// these is computed anew, and is the same. Keys rise, so that equal states are equal bytes.
type snapshot struct {
	Assets      []assetSnapshot `json:"assets"`
	Instruments []slotSnapshot  `json:"instruments"`
}

// assetSnapshot is an asset; the list has them in the order in which they were first named,
// for that is the order of the shocks.
type assetSnapshot struct {
	Asset   string           `json:"asset"`
	Index   exchange.Fixed   `json:"index,omitzero"`
	Wallets []walletSnapshot `json:"wallets,omitzero"`
}

type walletSnapshot struct {
	Amount decimal.Decimal `json:"amount"`
	Wallet exchange.Wallet `json:"wallet"`
}

// slotSnapshot is an instrument of which there is something to tell. Leverage is that which
// was set, 0 if it is the tables'.
type slotSnapshot struct {
	Inst      exchange.InstrumentID `json:"inst"`
	Leverage  int                   `json:"leverage,omitzero"`
	Mark      exchange.Fixed        `json:"mark,omitzero"`
	Positions []positionSnapshot    `json:"positions,omitzero"`
}

type positionSnapshot struct {
	Entry decimal.Decimal       `json:"entry"`
	Qty   decimal.Decimal       `json:"qty"`
	Side  exchange.PositionSide `json:"side"`
}

// Snapshot writes what the portfolio has been told as a JSON object, for
// [Portfolio.Restore]: assets with index and wallets, marks, leverage and positions. Open
// orders are not in it, nor tables and shocks; and nothing of what [Portfolio.Safe] has
// proven, which is proven again.
func (p *Portfolio) Snapshot() []byte {
	s := snapshot{Assets: make([]assetSnapshot, len(p.assets)), Instruments: []slotSnapshot{}}
	for i, a := range p.assets {
		s.Assets[i] = assetSnapshot{Asset: a.name, Index: a.index}
		for w := exchange.WalletMargin; w <= exchange.WalletInterest; w++ {
			if !a.wallet[w].zero() {
				s.Assets[i].Wallets = append(s.Assets[i].Wallets, walletSnapshot{a.wallet[w].decimal(amountPlaces), w})
			}
		}
	}
	for _, slot := range p.slots {
		if told := slot.snapshot(p.tables); told.Mark != 0 || told.Leverage != 0 || told.Positions != nil {
			s.Instruments = append(s.Instruments, told)
		}
	}
	text, err := json.Marshal(&s)
	if err != nil {
		panic(fmt.Sprintf("margin: snapshot: %v", err)) // numbers and names always can be written
	}
	return text
}

func (s *slot) snapshot(t *Tables) slotSnapshot {
	told := slotSnapshot{Inst: s.in.ID, Mark: s.mark}
	if s.pair == nil && s.leverage != s.untouched(t) {
		told.Leverage = int(s.leverage)
	}
	for _, l := range s.legs {
		if l != nil && !(l.qty.zero() && l.entry.zero()) {
			told.Positions = append(told.Positions, positionSnapshot{l.position.Entry, l.position.Qty, l.position.Side})
		}
	}
	return told
}

// untouched is the leverage of a futures symbol that nobody has set here: the tables'.
func (s *slot) untouched(t *Tables) int64 {
	leverage := t.UMLeverage[s.in.Symbol]
	if s.in.Product == exchange.CM {
		leverage = t.CMLeverage[s.in.Symbol]
	}
	if leverage < 1 {
		leverage = t.LeverageDefault
	}
	return int64(min(leverage, s.brackets.Tiers[0].Leverage))
}

// Restore tells a portfolio that is new, or made with more instruments behind those there
// were, what another one has written by [Portfolio.Snapshot]. A leverage that the brackets
// do not allow any more falls to what they do. What cannot be is an error that names it;
// the portfolio must not be used then.
func (p *Portfolio) Restore(text []byte) error {
	var s snapshot
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return fmt.Errorf("margin model: %w", err)
	}
	for _, told := range s.Assets {
		if err := p.restoreAsset(&told); err != nil {
			return fmt.Errorf("margin model: asset %.20q: %w", told.Asset, err)
		}
	}
	for _, told := range s.Instruments {
		if err := p.restoreSlot(&told); err != nil {
			return fmt.Errorf("margin model: instrument %d: %w", told.Inst, err)
		}
	}
	return nil
}

func (p *Portfolio) restoreAsset(told *assetSnapshot) error {
	if _, err := p.asset(told.Asset); err != nil {
		return err
	}
	if told.Index != 0 {
		if err := p.SetIndex(told.Asset, told.Index); err != nil {
			return err
		}
	}
	for _, w := range told.Wallets {
		if err := p.SetBalance(told.Asset, w.Wallet, w.Amount); err != nil {
			return err
		}
	}
	return nil
}

func (p *Portfolio) restoreSlot(told *slotSnapshot) error {
	s, err := p.slot(told.Inst)
	if err != nil {
		return err
	}
	if told.Mark != 0 {
		if err := p.SetMark(told.Inst, told.Mark); err != nil {
			return err
		}
	}
	if told.Leverage != 0 && s.pair == nil {
		if err := p.SetLeverage(told.Inst, min(told.Leverage, s.brackets.Tiers[0].Leverage)); err != nil {
			return err
		}
	}
	for _, l := range told.Positions {
		position := exchange.Position{Inst: told.Inst, Side: l.Side, Qty: l.Qty, Entry: l.Entry}
		if err := p.SetPosition(position); err != nil {
			return err
		}
	}
	return nil
}

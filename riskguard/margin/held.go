package margin

import (
	"github.com/pmbot/pmbot/exchange"
)

// Held is a futures position with what follows from it.
type Held struct {
	exchange.Position
	// Mark is 0 while it is not known; the amounts of LegMargin are 0 then.
	Mark exchange.Fixed
	LegMargin
}

// Positions lists the futures positions that are not flat, by instrument and position side.
func (p *Portfolio) Positions() []Held {
	var list []Held
	for _, s := range p.slots {
		for side, l := range s.legs {
			if l != nil && !l.qty.zero() {
				list = append(list, Held{l.position, s.mark, p.LegMargin(s.in.ID, exchange.PositionSide(side))})
			}
		}
	}
	return list
}

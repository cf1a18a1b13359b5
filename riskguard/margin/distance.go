package margin

import (
	"github.com/pmbot/pmbot/exchange"
)

// The farthest moves that [Portfolio.Distances] looks at, how far apart the moves are at which
// it looks first, and how exact what it finds is.
const (
	FarthestDown = -exchange.FixedOne * 95 / 100
	FarthestUp   = exchange.FixedOne * 3
	distanceStep = exchange.FixedOne / 100
	distanceFine = exchange.FixedOne / 10_000
)

// Distance is how far the price of one coin may move, or of all together, until uniMMR is at
// a line. Everything else stays as it is.
type Distance struct {
	// Coin is the asset that moves: marks of its futures and index price, and of a stable
	// asset the index price; or AllCoins.
	Coin string
	Line exchange.Fixed
	// Down and Up are the first moves each way at which uniMMR is at the line or below, as
	// ratios to a hundredth of a percent, rounded away from where prices are. None says that
	// there is none as far as FarthestDown and FarthestUp. Both are 0 where uniMMR is
	// there already.
	Down, Up         exchange.Fixed
	NoneDown, NoneUp bool
}

// Distances tells of every coin and stable asset that the account has something of, and
// before them of all coins together if there are several, how far it is from each line. It
// reckons as [Portfolio.Stress] does: without open orders, as if nobody acted meanwhile. Moves
// are looked at in steps of a percent and then halved, so that a dip below the line that is
// narrower than a percent may be passed over. A missing price is ErrMissing.
func (p *Portfolio) Distances(lines []exchange.Fixed) ([]Distance, error) {
	coins, stables := p.exposed()
	var names []string
	if len(coins) > 1 {
		names = []string{AllCoins}
	}
	names = append(append(names, coins...), stables...)
	list := make([]Distance, 0, len(names)*len(lines))
	for i, name := range names {
		at := Shock{Coin: name}
		if i >= len(names)-len(stables) {
			at = Shock{Asset: name}
		}
		down, err := p.crossings(at, FarthestDown, lines)
		if err != nil {
			return nil, err
		}
		up, err := p.crossings(at, FarthestUp, lines)
		if err != nil {
			return nil, err
		}
		for k, line := range lines {
			list = append(list, Distance{
				Coin: name, Line: line, Down: down[k].move, NoneDown: !down[k].found, Up: up[k].move, NoneUp: !up[k].found,
			})
		}
	}
	return list, nil
}

// crossing is the first move at which uniMMR is at a line or below.
type crossing struct {
	move  exchange.Fixed
	found bool
}

// crossings looks one way, as far as a move, for all lines at once.
func (p *Portfolio) crossings(at Shock, farthest exchange.Fixed, lines []exchange.Fixed) ([]crossing, error) {
	found := make([]crossing, len(lines))
	step, left := distanceStep, len(lines)
	if farthest < 0 {
		step = -step
	}
	for move := exchange.Fixed(0); left > 0 && move.Abs() <= farthest.Abs(); move += step {
		u, err := p.moved(at, move)
		if err != nil {
			return nil, err
		}
		for i, line := range lines {
			if found[i].found || wideInt(int64(line)).up().less(u) {
				continue
			}
			left--
			found[i] = crossing{move, true}
			if move != 0 {
				if found[i].move, err = p.between(at, move-step, move, line); err != nil {
					return nil, err
				}
			}
		}
	}
	return found, nil
}

// between halves the way from a move above a line to one that is not.
func (p *Portfolio) between(at Shock, above, not, line exchange.Fixed) (exchange.Fixed, error) {
	for (not - above).Abs() > distanceFine {
		middle := (above/distanceFine + not/distanceFine) / 2 * distanceFine
		u, err := p.moved(at, middle)
		if err != nil {
			return 0, err
		}
		if wideInt(int64(line)).up().less(u) {
			above = middle
		} else {
			not = middle
		}
	}
	return not, nil
}

// moved is uniMMR after a move (quotient scale).
func (p *Portfolio) moved(at Shock, move exchange.Fixed) (wide, error) {
	at.Move = move
	equity, maint, err := p.under(&Scenario{Shocks: []Shock{at}})
	return uniMMR(equity, maint), err
}

package market

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// movesMax bounds the moves of a market.
const movesMax = 100

// Move is something that happens to a price of a bar market by plan, beside all chance.
type Move struct {
	// At is when it begins, after the market's start, and For how long it takes: whole bars, at
	// least one.
	At, For time.Duration
	// Asset is the coin, or one of the other assets, and By how far its price moves: -0.4 ends
	// at 0.6 of what it was, in equal steps. Above -1, at most 10.
	Asset string
	By    exchange.Fixed
}

// Check says what is wrong with a move of a market of a coin and other assets with so many bars of
// that length, beginning with the name of the field.
func (v *Move) Check(coin string, others []string, bar time.Duration, bars int) error {
	switch {
	case v.Asset != coin && !slices.Contains(others, v.Asset):
		return fmt.Errorf("asset %q is neither the coin %s nor one of the others %q", v.Asset, coin, others)
	case v.At < 0 || v.At%bar != 0:
		return fmt.Errorf("at %v must be a whole number of bars (%v) after the start", v.At, bar)
	case v.For < bar || v.For%bar != 0:
		return fmt.Errorf("for %v must be a whole number of bars (%v), and one at least", v.For, bar)
	case v.At/bar+v.For/bar > time.Duration(bars):
		return fmt.Errorf("for %v ends %v after the start, and the market after %v", v.For, v.At+v.For, bar*time.Duration(bars))
	case v.By <= -exchange.FixedOne || v.By > 10*exchange.FixedOne:
		return fmt.Errorf("by %v must be above -1 and at most 10", v.By)
	}
	return nil
}

// move is one under way or to come: the first bar that it moves, how many there are, and the step
// of each, which is known once it has begun.
type move struct {
	asset       string
	first, bars int64
	by          exchange.Fixed
	step        exchange.Fixed
}

// other is an asset that nothing of the market is traded in: a stable coin by its price, which an
// account may hold.
type other struct {
	name  string
	price exchange.Fixed
}

// plan takes the moves and the other assets of a spec.
func (m *Market) plan(s *Spec) error {
	if len(s.Moves) > movesMax {
		return fmt.Errorf("%d moves; %d at most", len(s.Moves), movesMax)
	}
	for i, name := range s.Others {
		if name == "" || name == m.coin.asset {
			return errors.New("other assets must have names, and not the coin's")
		}
		for _, in := range s.Legs {
			if name == in.Quote {
				return fmt.Errorf("other asset %s is what %s is quoted in, and has an index already", name, in.Name())
			}
		}
		if slices.Contains(s.Others[:i], name) {
			return fmt.Errorf("other asset %s stands twice", name)
		}
		m.others = append(m.others, other{name, exchange.FixedOne})
	}
	for i := range s.Moves {
		v := &s.Moves[i]
		if err := v.Check(m.coin.asset, s.Others, s.Bar, s.Bars); err != nil {
			return fmt.Errorf("move %d: %w", i, err)
		}
		m.moves = append(m.moves, move{asset: v.Asset, first: int64(v.At / s.Bar), bars: int64(v.For / s.Bar), by: v.By})
	}
	return nil
}

// moveBy applies what is planned for the bar of that number, from 0.
func (m *Market) moveBy(bar int64) {
	for i := range m.moves {
		v := &m.moves[i]
		if bar < v.first || bar >= v.first+v.bars {
			continue
		}
		price := m.priceOf(v.asset)
		if bar == v.first {
			v.step = v.stepOf(*price)
		}
		*price = max(*price+v.step, 1)
		if v.asset == m.coin.asset {
			m.coin.price = min(max(m.coin.price, m.coin.start/wall), wall*m.coin.start)
			if size, err := mulDiv(max(v.step, -v.step), one, m.coin.price).Fixed(); err == nil {
				m.coin.now = min(max(m.coin.now, int64(size)/4), one/16) // such bars have wicks and turnover
			}
		}
	}
}

// stepOf is a bar's part of the move of a price, rounded toward zero.
func (v *move) stepOf(price exchange.Fixed) exchange.Fixed {
	step, err := mulDiv(price, max(v.by, -v.by), exchange.FixedOne*exchange.Fixed(v.bars)).Fixed()
	if err != nil {
		step = price // further than any price may go; its bounds hold it
	}
	if v.by < 0 {
		return -step
	}
	return step
}

func (m *Market) priceOf(asset string) *exchange.Fixed {
	for i := range m.others {
		if m.others[i].name == asset {
			return &m.others[i].price
		}
	}
	return &m.coin.price
}

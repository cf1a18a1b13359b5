package market

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// jumpMax bounds a factor, and 1/jumpMax is the least.
const jumpMax = 100 * exchange.FixedOne

// Jump moves the price of an asset by a factor, 0.01 to 100, from the next instant on: index,
// marks and books of all that it is the base or the quote of follow. It cannot leave the
// bounds of a generated price. Stable coins lose their dollar and go back to it in minutes.
func (m *Ticks) Jump(name string, factor exchange.Fixed) error {
	a := m.asset(name)
	if a == nil {
		return fmt.Errorf("generated market: %s is not traded in it", name)
	}
	if factor < exchange.FixedOne*exchange.FixedOne/jumpMax || factor > jumpMax {
		return fmt.Errorf("generated market: %s cannot jump by a factor of %v, but by 0.01 to 100", name, factor)
	}
	level, err := mulDiv(exchange.Fixed(a.level), factor, exchange.FixedOne).Fixed()
	if err != nil {
		level = wall * one
	}
	a.level = min(max(int64(level), one/wall), wall*one)
	a.price = part(a.start, a.level)
	return nil
}

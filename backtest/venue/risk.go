package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

func (v *Venue) admitAccount(o *order) cause { return cause{} }
func (v *Venue) admitMargin(o *order) cause  { return cause{} }
func (v *Venue) released(o *order)           {}
func (v *Venue) repositioned(m *market)      {}
func (v *Venue) moved(asset string, w exchange.Wallet, amount decimal.Decimal) {
}

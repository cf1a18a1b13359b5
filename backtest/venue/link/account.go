package link

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// What the account is at the exchange now, whatever we have been told of it; each is that
// of [venue.Venue].

// Account values the account.
func (l *Link) Account() exchange.Account { return l.venue.Account() }

// Missing names the first price that the account's value lacks.
func (l *Link) Missing() error { return l.venue.Missing() }

// Holdings is the account asset by asset.
func (l *Link) Holdings() []margin.Holding { return l.venue.Holdings() }

// Stress is the account under the scenarios of a report.
func (l *Link) Stress() ([]margin.Stressed, error) { return l.venue.Stress() }

// Picture is the account as a document.
func (l *Link) Picture() margin.Picture { return l.venue.Picture() }

// Value is what an amount of an asset alone would count as.
func (l *Link) Value(asset string, net decimal.Decimal) (margin.Holding, error) {
	return l.venue.Value(asset, net)
}

package papisim

import (
	"slices"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// Source yields market events in order of time, as tapes and generated markets do; io.EOF
// ends them, and from then on prices stand still.
type Source interface {
	Next(buf []exchange.Event) (int, error)
}

// Config is what a simulated exchange is made of.
type Config struct {
	// Venue is the account and its exchange; its Instruments are those that are listed.
	Venue venue.Config
	// Source is the market, from Start on.
	Source Source
	// Start is the exchange's time when the clock starts, and Speed how many seconds pass
	// there in one of ours, at least 1.
	Start exchange.Time
	Speed int
	// FirstOrderID is where order ids begin, from 1 to 2^62; 0 is about 2.6e11, as on
	// Binance. Beyond 2^53 they try clients that keep ids in floating point.
	FirstOrderID int64
	// Keys are the account's API keys; all are of the same account.
	Keys []Key
	// Limits are how much a client may ask; none are [DefaultLimits].
	Limits Limits
	// Account is what the exchange knows of the account beside its money.
	Account AccountType
	// Witness, unless it is nil, hears what the market's streams tell, before any fault and
	// whoever is connected, in order: of each stream that a client has once asked for, where it
	// delivers, everything from then on, and for a stream of differences first its book. It is
	// called while the exchange stands still, so it should be quick and must not call it.
	Witness func(Told)
}

// Key is an API key as Binance's key page shows it.
type Key struct {
	// ID is the public part. Secret is that of an HMAC key; for RSA and Ed25519 keys
	// Public is the PEM of the public key, and Secret is empty.
	ID, Secret string
	Public     []byte
	// Created is when it was made; a key that is older than Activated of the account has
	// the rights of its time.
	Created exchange.Time
	Permissions
}

// Permissions are the boxes that can be ticked for a key.
type Permissions struct {
	Reading, PortfolioMargin, Margin, Futures, Withdrawals, InternalTransfer, UniversalTransfer bool
	// IPs, when there are any, are the only addresses that may use the key.
	IPs []string
}

// AccountType is what the exchange knows of the account beside its money.
type AccountType struct {
	// Kind is sapi's accountType: PM_1 is PM Pro, PM_2 the Portfolio Margin of this
	// program, PM_3 PM Pro SPAN; "" is an account without Portfolio Margin.
	Kind string
	// Activated is when Portfolio Margin was switched on, the last time.
	Activated exchange.Time
	// DeltaMode is sapi's delta-mode.
	DeltaMode bool
	// VIP is the fee tier.
	VIP int
}

// PricedAssets are the assets that a market of these instruments gives a price: their base
// and quote assets, in the order of the instruments. An account that holds another one
// cannot be valued, and all its orders are refused.
func PricedAssets(ins *exchange.Instruments) []string {
	var list []string
	for _, in := range ins.All() {
		for _, asset := range [...]string{in.Base, in.Quote} {
			if asset != "USD" && !slices.Contains(list, asset) {
				list = append(list, asset)
			}
		}
	}
	return list
}

package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Services are what the kernel does for the account by itself. Each is a wish of the house,
// which the guard answers as it answers every other; serve.go says when. The zero value does
// nothing. Amounts are not below 0.
type Services struct {
	// AutoRepay says what of the debts is repaid: RepayOff, RepayHouse or RepayAll.
	AutoRepay AutoRepay `toml:"auto_repay" json:"auto_repay"`
	// AutoRepayAfter is how long an amount must have lain free in the margin wallet to be repaid
	// with, from 1m to 24h, and AutoRepayMinUSD the least worth a request.
	AutoRepayAfter  time.Duration   `toml:"auto_repay_after" json:"auto_repay_after"`
	AutoRepayMinUSD decimal.Decimal `toml:"auto_repay_min_usd" json:"auto_repay_min_usd"`
	// Keep is how much of an asset no service takes out of the margin wallet, in the asset.
	Keep map[string]decimal.Decimal `toml:"keep" json:"keep"`
	// Collect moves what the futures wallets have of an asset that is to be repaid into the margin
	// wallet, if that has not enough of it.
	Collect bool `toml:"collect" json:"collect"`
	// NegativeRepayUSD is how far below 0 a futures wallet's balance may be before it is paid off
	// out of the margin wallet; 0 is never.
	NegativeRepayUSD decimal.Decimal `toml:"negative_repay_usd" json:"negative_repay_usd"`
	// BNBLow is the amount of BNB in the UM wallet below which it is filled up to BNBHigh out of
	// the margin wallet; 0 is never.
	BNBLow  decimal.Decimal `toml:"bnb_low" json:"bnb_low"`
	BNBHigh decimal.Decimal `toml:"bnb_high" json:"bnb_high"`
	// BNBBuy buys at the market, on a margin pair such as BNBUSDT, what the margin wallet lacks
	// for that; "" buys nothing. The pair must be among the instruments.
	BNBBuy string `toml:"bnb_buy" json:"bnb_buy"`
}

// AutoRepay says which debts are repaid by themselves.
type AutoRepay string

// What AutoRepay may be; the empty text is RepayOff.
const (
	// RepayOff repays nothing.
	RepayOff AutoRepay = "off"
	// RepayHouse repays what strategies have not borrowed: what orders and people have, and
	// interest.
	RepayHouse AutoRepay = "house"
	// RepayAll repays the loans of strategies, too.
	RepayAll AutoRepay = "all"
)

// DefaultServices does nothing, and has a sensible value for what a switch leaves open.
func DefaultServices() Services {
	return Services{AutoRepay: RepayOff, AutoRepayAfter: 10 * time.Minute, AutoRepayMinUSD: decimal.NewFromInt(10)}
}

// IsZero says that no service is switched on: such a configuration is not written down.
func (s Services) IsZero() bool {
	return !s.repays() && s.NegativeRepayUSD.IsZero() && s.BNBLow.IsZero()
}

func (s *Services) repays() bool { return s.AutoRepay == RepayHouse || s.AutoRepay == RepayAll }

// repayAfterMin and repayAfterMax bound Services.AutoRepayAfter.
const repayAfterMin, repayAfterMax = time.Minute, 24 * time.Hour

// Check finds values that make no sense. Each error begins with its key.
func (s *Services) Check() error {
	var wrong []error
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	switch s.AutoRepay {
	case "", RepayOff, RepayHouse, RepayAll:
	default:
		say("auto_repay %q is none of off, house and all", s.AutoRepay)
	}
	if s.repays() && (s.AutoRepayAfter < repayAfterMin || s.AutoRepayAfter > repayAfterMax) {
		say("auto_repay_after %v is not within %v to %v", s.AutoRepayAfter, repayAfterMin, repayAfterMax)
	}
	for _, n := range []struct {
		key   string
		value decimal.Decimal
	}{
		{"auto_repay_min_usd", s.AutoRepayMinUSD}, {"negative_repay_usd", s.NegativeRepayUSD}, {"bnb_low", s.BNBLow}, {"bnb_high", s.BNBHigh},
	} {
		if n.value.IsNegative() || n.value.GreaterThan(serviceMax) {
			say("%s %v is not within 0 to %v", n.key, n.value, serviceMax)
		}
	}
	for _, asset := range slices.Sorted(maps.Keys(s.Keep)) {
		if n := s.Keep[asset]; n.IsNegative() || n.GreaterThan(serviceMax) {
			say("keep.%s %v is not within 0 to %v", asset, n, serviceMax)
		}
	}
	switch {
	case s.Collect && !s.repays():
		say("collect goes with auto_repay only, which is off")
	case s.BNBLow.IsPositive() && s.BNBHigh.LessThanOrEqual(s.BNBLow):
		say("bnb_high %v is not above bnb_low, %v", s.BNBHigh, s.BNBLow)
	case s.BNBBuy != "" && s.BNBLow.IsZero():
		say("bnb_buy goes with bnb_low only, which is 0")
	}
	return errors.Join(wrong...)
}

// serviceMax bounds the amounts of services.
var serviceMax = decimal.NewFromInt(1_000_000_000)

// pair is the margin pair on which BNB is bought, nil if none is.
func (s *Services) pair(ins *exchange.Instruments) *exchange.Instrument {
	if s.BNBBuy == "" {
		return nil
	}
	in, err := ins.Find(exchange.Margin, s.BNBBuy)
	if err != nil || in.Base != bnb {
		return nil
	}
	return in
}

// Fit says whether the services can work with a table of instruments.
func (s *Services) Fit(ins *exchange.Instruments) error {
	if s.BNBBuy != "" && s.pair(ins) == nil {
		return fmt.Errorf("bnb_buy %q is no margin pair of BNB among the instruments; name it there as MARGIN:BNBUSDT", s.BNBBuy)
	}
	return nil
}

// bnb is the coin that pays fees.
const bnb = "BNB"

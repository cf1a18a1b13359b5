package preflight

import (
	"errors"
	"time"

	"github.com/pmbot/pmbot/exchange/papi"
)

// The exchange refuses a request whose timestamp is more than a second ahead of its clock
// (-1021), so that is the bound; half of it leaves room for drift until the next look.
const (
	offsetMax  = time.Second
	offsetGood = 500 * time.Millisecond
)

func clock(f *Facts, _ *Want) Verdict {
	if !f.Offset.Known() {
		return fail("unreachable", "look at the network and at the base URLs; Binance may be in maintenance or have banned this address",
			"the exchange does not tell the time: %v", f.Offset.Err)
	}
	off := f.Offset.Value.Round(time.Millisecond)
	const cure = "let the system keep time, for example with chrony or systemd-timesyncd; requests are stamped in the exchange's time, but a clock that jumps makes orders late (-1021)"
	switch {
	case off.Abs() >= offsetMax:
		return fail("clock-off", cure, "this machine's clock differs from the exchange's by %v", off)
	case off.Abs() >= offsetGood:
		return warn("clock-drifts", cure, "this machine's clock differs from the exchange's by %v", off)
	}
	return ok("clock", "this machine's clock differs from the exchange's by %v", off)
}

// key says whether the exchange knows the key at all: sapi answers any good key.
func key(f *Facts, _ *Want) Verdict {
	err := f.Key.Err
	var e *papi.Error
	switch {
	case err == nil:
		return ok("key", "the key is good; it was made at %v", f.Key.Value.CreateTime)
	case errors.As(err, &e) && e.Code == -2014:
		return fail("key-format", "copy the key again, without quotes and line ends", "the key is no key of Binance's: %v", err)
	case errors.As(err, &e) && e.Code == -1022:
		return fail("key-secret", "the secret does not belong to the key: copy both again; for RSA and Ed25519 it is the private key whose public half Binance has", "the signature is not valid: %v", err)
	case errors.Is(err, papi.ErrKey):
		return fail("key-refused", "one of three: the key does not exist any more, this machine's address is not among those that it is bound to, or it may not read; look at the key's page",
			"Binance does not accept the key: %v", err)
	case errors.Is(err, papi.ErrBanned):
		return fail("banned", "wait until the ban is over; a second program on this address may be using up the limits", "Binance answers nothing to this address: %v", err)
	default:
		return fail("key-unknown", "try again; if it stays so, look at the network", "whether the key is good is not known: %v", err)
	}
}

func reading(f *Facts, _ *Want) Verdict {
	switch {
	case !f.Key.Known():
		return unknown(f.Key.Err)
	case !f.Key.Value.EnableReading:
		return fail("no-reading", `tick "Enable Reading" on the key's page`, "the key may not read")
	}
	return ok("reading", "the key may read")
}

// tradingRight tells three cases apart that all answer -2015: a key from before Portfolio
// Margin, one whose box is not ticked, and one whose box is ticked and dead since Portfolio
// Margin was closed and opened again.
func tradingRight(f *Facts, w *Want) Verdict {
	const again = `make a new key now, while Portfolio Margin is on, tick "Enable Portfolio Margin Trading", and delete this one`
	if !f.Key.Known() {
		return unknown(f.Key.Err)
	}
	k := &f.Key.Value
	refused := errors.Is(f.Trade.Err, papi.ErrKey)
	old := w.Activated != 0 && k.CreateTime < w.Activated
	switch {
	case k.EnablePortfolioMarginTrading && refused && kindOf(f) == "":
		return unknown(f.Trade.Err) // it is the account that is at fault; see accountKind
	case k.EnablePortfolioMarginTrading && refused:
		return fail("right-frozen", again,
			`"Enable Portfolio Margin Trading" is ticked, and papi refuses the key all the same (%v): Portfolio Margin was closed and opened again after the key was made at %v, which freezes the right for good`, f.Trade.Err, k.CreateTime)
	case k.EnablePortfolioMarginTrading && !f.Trade.Known():
		return unknown(f.Trade.Err)
	case k.EnablePortfolioMarginTrading:
		return ok("trading-right", "the key may trade Portfolio Margin")
	case old:
		return fail("key-before-pm", again,
			"the key was made at %v, before Portfolio Margin was switched on at %v; the right to trade it is fixed when a key is made", k.CreateTime, w.Activated)
	default:
		return fail("right-missing", `tick "Enable Portfolio Margin Trading" on the key's page; if the box cannot be ticked, the key (made at `+k.CreateTime.String()+`) is older than Portfolio Margin on this account: `+again,
			`"Enable Portfolio Margin Trading" is not ticked`)
	}
}

func futuresRight(f *Facts, _ *Want) Verdict {
	switch {
	case !f.Key.Known():
		return unknown(f.Key.Err)
	case f.Key.Value.EnableFutures:
		return warn("futures-right", "look whether Portfolio Margin is on: it takes this right from every key",
			`"Enable Futures" is ticked, which no key of a Portfolio Margin account has`)
	}
	return ok("futures-stripped", `"Enable Futures" is off, which is normal: switching Portfolio Margin on takes it from every key for good; orders go through papi and do not need it`)
}

func withdrawals(f *Facts, _ *Want) Verdict {
	switch {
	case !f.Key.Known():
		return unknown(f.Key.Err)
	case f.Key.Value.EnableWithdrawals:
		return fail("withdrawals", `untick "Enable Withdrawals"; whoever steals such a key takes the money, and pmbot refuses to run with it`, "the key may withdraw")
	}
	return ok("no-withdrawals", "the key may not withdraw")
}

func transfers(f *Facts, _ *Want) Verdict {
	switch {
	case !f.Key.Known():
		return unknown(f.Key.Err)
	case f.Key.Value.EnableInternalTransfer || f.Key.Value.PermitsUniversalTransfer:
		return warn("transfers", "untick internal and universal transfers: pmbot moves money only within Portfolio Margin, which does not need them", "the key may move money to other accounts")
	}
	return ok("no-transfers", "the key may not move money to other accounts")
}

func addresses(f *Facts, _ *Want) Verdict {
	const cure = "bind the key to this machine's address on the key's page; Binance ends the trading right of keys that are bound to none"
	switch k := &f.Key.Value; {
	case !f.Key.Known():
		return unknown(f.Key.Err)
	case !k.IPRestrict && k.TradingAuthorityExpirationTime != 0:
		return warn("address-expires", cure, "the key is bound to no address and may trade until %v only", k.TradingAuthorityExpirationTime)
	case !k.IPRestrict:
		return warn("address-open", cure, "the key is bound to no address: it works for whoever has it")
	}
	return ok("address-bound", "the key is bound to addresses, and this one is among them")
}

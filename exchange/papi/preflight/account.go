package preflight

import (
	"errors"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// kindOf is sapi's accountType, "" when the account has none or nobody knows.
func kindOf(f *Facts) string {
	if !f.Portfolio.Known() {
		return ""
	}
	return f.Portfolio.Value.AccountType
}

func accountKind(f *Facts, _ *Want) Verdict {
	const papiless = "trade it with a program for the ordinary fapi and dapi endpoints; pmbot's margin model is that of Portfolio Margin (PM_2)"
	switch kind := kindOf(f); {
	case kind == "PM_2":
		return ok("pm", "the account is in Portfolio Margin (PM_2)")
	case kind == "PM_1":
		return fail("pm-pro", papiless, "the account is in Portfolio Margin Pro (PM_1), which has other endpoints and another ladder of uniMMR")
	case kind == "PM_3":
		return fail("pm-span", papiless, "the account is in Portfolio Margin Pro SPAN (PM_3), whose margin is computed otherwise")
	case kind != "":
		return fail("pm-other", "ask Binance what it is; pmbot does not know its rules", "the account is of the kind %q", kind)
	case f.Info.Known() && f.Info.Value.IsPortfolioMarginRetailEnabled:
		return unknown(f.Portfolio.Err)
	case f.Info.Known():
		return fail("not-pm", "switch Portfolio Margin on, on Binance's page, and make the API key after that", "the account is not in Portfolio Margin")
	default:
		return unknown(f.Info.Err)
	}
}

func deltaMode(f *Facts, _ *Want) Verdict {
	switch {
	case !f.Delta.Known():
		return unknown(f.Delta.Err)
	case f.Delta.Value:
		return fail("delta-on", "switch the delta mode off on Binance's page: the margin of hedged positions is computed otherwise there, and the guard's projections would be wrong", "the delta mode is on")
	}
	return ok("delta-off", "the delta mode is off")
}

func positionMode(f *Facts, w *Want) Verdict {
	name := func(hedge bool) string {
		if hedge {
			return "hedge mode"
		}
		return "one-way mode"
	}
	switch {
	case !f.UMHedge.Known():
		return unknown(f.UMHedge.Err)
	case !f.CMHedge.Known():
		return unknown(f.CMHedge.Err)
	case f.UMHedge.Value != f.CMHedge.Value:
		return fail("mode-differs", "close all futures positions and orders and set the same mode for both; since April 2026 Binance does not take different ones (-4220)",
			"UM is in %s and CM in %s", name(f.UMHedge.Value), name(f.CMHedge.Value))
	case f.UMHedge.Value != w.HedgeMode:
		return fail("mode-unexpected", "set account.hedge_mode as the account is, or change the account's mode while it is flat",
			"the account is in %s and the configuration expects %s", name(f.UMHedge.Value), name(w.HedgeMode))
	}
	return ok("mode", "UM and CM are in %s, as configured", name(f.UMHedge.Value))
}

func status(f *Facts, _ *Want) Verdict {
	if !f.Account.Known() {
		return unknown(f.Account.Err)
	}
	if s := f.Account.Value.AccountStatus; s != "NORMAL" {
		return fail("status", "bring margin in or reduce positions by hand; nothing may be opened in this state", "the account's status is %s", s)
	}
	return ok("status", "the account's status is NORMAL")
}

// The lines of Binance's ladder, and a distance that survives a bad minute.
var (
	uniMMRCall = decimal.RequireFromString("1.2")
	uniMMRNear = decimal.RequireFromString("2")
)

func uniMMR(f *Facts, _ *Want) Verdict {
	if !f.Account.Known() {
		return unknown(f.Account.Err)
	}
	const cure = "bring margin in, or reduce the positions that need the most maintenance margin"
	switch u := f.Account.Value.UniMMR; {
	case u.LessThanOrEqual(uniMMRCall):
		return fail("unimmr-low", cure, "uniMMR is %v: at 1.2 Binance calls for margin, at 1.05 it liquidates", u)
	case u.LessThan(uniMMRNear):
		return warn("unimmr-near", cure, "uniMMR is %v, not far from 1.2, where Binance calls for margin", u)
	case u.GreaterThanOrEqual(decimal.NewFromInt(exchange.UniMMRMax)):
		return ok("unimmr-free", "nothing needs maintenance margin")
	default:
		return ok("unimmr", "uniMMR is %v", u)
	}
}

// some prints the first few of a list.
func some(list []string) string {
	const few = 3
	if len(list) <= few {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:few], ", "), len(list)-few)
}

func orders(f *Facts, w *Want) Verdict {
	if !f.Orders.Known() {
		return unknown(f.Orders.Err)
	}
	var ours int
	var foreign []string
	for _, o := range f.Orders.Value {
		if w.OrderPrefix != "" && strings.HasPrefix(o.ClientID, w.OrderPrefix) {
			ours++
			continue
		}
		foreign = append(foreign, fmt.Sprintf("%s %s %s", o.List, o.Symbol, o.ClientID))
	}
	if len(foreign) > 0 {
		return warn("foreign-orders", "cancel them, or leave them: the guard counts their risk, but nobody's strategy will manage them; if another bot trades here, stop one of the two",
			"%d open orders are not ours: %s", len(foreign), some(foreign))
	}
	if ours > 0 {
		return ok("orders", "all open orders are ours, %d", ours)
	}
	return ok("orders", "no open order")
}

func positions(f *Facts, w *Want) Verdict {
	if err := errors.Join(f.UM.Err, f.CM.Err, f.Balances.Err); err != nil {
		return unknown(err)
	}
	var held []string
	for _, p := range f.UM.Value {
		if !p.PositionAmt.IsZero() {
			held = append(held, fmt.Sprintf("UM %s %v", p.Symbol, p.PositionAmt))
		}
	}
	for _, p := range f.CM.Value {
		if !p.PositionAmt.IsZero() {
			held = append(held, fmt.Sprintf("CM %s %v", p.Symbol, p.PositionAmt))
		}
	}
	for _, b := range f.Balances.Value {
		if owed := b.CrossMarginBorrowed.Add(b.CrossMarginInterest); owed.IsPositive() {
			held = append(held, fmt.Sprintf("a loan of %v %s", owed, b.Asset))
		}
	}
	if len(held) > 0 {
		return warn("foreign-positions", "close them, or start with them on purpose: the guard counts them, and until a strategy adopts them nobody manages them",
			"the account is not flat: %s", some(held))
	}
	return ok("flat", "no position and no loan")
}

func bnb(f *Facts, _ *Want) Verdict {
	switch {
	case !f.Burn.Known():
		return unknown(f.Burn.Err)
	case !f.Balances.Known():
		return unknown(f.Balances.Err)
	case !f.Burn.Value:
		return ok("fees-plain", "UM fees are paid in the asset traded; in BNB they would be 10%% cheaper")
	}
	held := decimal.Zero
	for _, b := range f.Balances.Value {
		if b.Asset == "BNB" {
			held = b.UMWalletBalance
		}
	}
	if !held.IsPositive() {
		return warn("bnb-missing", "move some BNB to the UM wallet, or switch the fee burn off", "UM fees are to be paid in BNB, and the UM wallet has none: they are paid in full in the asset traded")
	}
	return ok("fees-bnb", "UM fees are paid in BNB; the UM wallet has %v", held)
}

func userStream(f *Facts, _ *Want) Verdict {
	err := f.ListenKey.Err
	switch {
	case err == nil:
		return ok("user-stream", "Binance opens a user stream for the key")
	case errors.Is(err, papi.ErrKey):
		return fail("stream-refused", "cure what is wrong with the key or its trading right first", "Binance opens no user stream for the key: %v", err)
	default:
		return unknown(err)
	}
}

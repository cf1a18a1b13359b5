package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// act carries out a line about acts on the account:
//
//	wish s1 #1 borrow USDT 500, wish house #0 transfer-bnb BNB -0.5, wish house #0 repay-negative
//	told 1 DONE transaction=7, told 1 REJECTED code=-3045
//	book LOAN USDT BORROW 500 to 500
//	lend USDT available=1000 hourly=0.00001
//	acts, loans
func (b *bench) act(f []string) error {
	e := exchange.Event{At: b.now, Exchange: b.now}
	switch f[0] {
	case "wish":
		return b.wishAct(f[1:])
	case "told":
		id, err := strconv.ParseUint(f[1], 10, 64)
		if err != nil {
			return err
		}
		u := exchange.ActUpdate{ID: exchange.ActID(id)}
		if u.Status, err = exchange.ParseActStatus(f[2]); err != nil {
			return err
		}
		for _, word := range f[3:] {
			switch key, value, _ := strings.Cut(word, "="); key {
			case "transaction":
				u.Transaction, _ = strconv.ParseInt(value, 10, 64)
			case "code":
				u.Code, _ = strconv.Atoi(value)
			}
		}
		e.SetAct(&u)
	case "book":
		w, err := exchange.ParseWallet(f[1])
		if err != nil {
			return err
		}
		why, err := exchange.ParseReason(f[3])
		if err != nil {
			return err
		}
		e.SetLedger(&exchange.LedgerEntry{
			Asset: f[2], Wallet: w, Reason: why, Delta: decimal.RequireFromString(f[4]), Balance: decimal.RequireFromString(f[6]),
		})
	case "lend":
		l := exchange.Lending{Asset: f[1]}
		for _, word := range f[2:] {
			switch key, value, _ := strings.Cut(word, "="); key {
			case "available":
				l.Available, l.Known = decimal.RequireFromString(value), true
			case "hourly":
				l.Hourly, l.Rated = decimal.RequireFromString(value), true
			}
		}
		e.SetLending(&l)
	case "acts":
		for _, list := range [][]exchange.OpenAct{b.kernel.Acts(), b.kernel.EndedActs()} {
			for _, a := range list {
				b.say("%d s%d #%d %v %v %s %v, transaction %d", a.ID, a.Strategy, a.Ref, a.Kind, a.Amount, a.Asset, a.Status, a.Transaction)
			}
		}
		return nil
	case "loans":
		for _, a := range b.kernel.Loans() {
			b.say("%s owed %v and %v, charged %v, expected %v", a.Asset, a.Principal, a.Interest, a.Charged, a.Expected)
			for _, h := range a.Shares {
				b.say("  s%d has %v of it, charged %v", h.Strategy, h.Principal, h.Charged)
			}
		}
		return nil
	}
	return b.driver.Deliver(&e)
}

func (b *bench) wishAct(f []string) error {
	ref, err := strconv.ParseUint(f[1][1:], 10, 64)
	if err != nil {
		return err
	}
	in := exchange.Intent{Ref: ref, Tag: "script"}
	if f[0] != "house" {
		in.Strategy = exchange.StrategyID(f[0][1] - '0')
	}
	kinds := map[string]exchange.IntentKind{
		"borrow": exchange.IntentBorrow, "repay": exchange.IntentRepay, "repay-negative": exchange.IntentRepayNegative,
		"transfer-bnb": exchange.IntentTransferBNB, "dance": 99,
	}
	in.Kind = kinds[f[2]]
	if len(f) > 3 {
		in.Asset, in.Amount = f[3], exchange.MustFixed(f[4])
	}
	return b.driver.Wish(&Wishes{Intents: []exchange.Intent{in}}, b.now)
}

// sayAct tells of an act that is submitted.
func (b *bench) sayAct(a riskguard.Approved) {
	act := a.Act()
	b.say("do %v", strings.TrimSpace(fmt.Sprintf("%d %v %v %s", act.ID, act.Kind, act.Amount, act.Asset)))
}

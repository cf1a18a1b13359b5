package compare

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// RunPartings tells where a run leaves the way of the first one.
type RunPartings struct {
	// Run is the letter of the run.
	Run string `json:"run"`
	// Equal says that it came to the same result hash as the first run.
	Equal bool `json:"-"`
	// List has the first difference of each kind of row, the earliest first. It is empty
	// if there is none.
	List []Parting `json:"list"`
}

// Parting is the first row of a kind in which two runs differ.
type Parting struct {
	// Kind is the row's: "refusal", "fill", "booking", "sample"; or "start" if the runs
	// begin at different instants.
	Kind string `json:"kind"`
	// Number counts the rows of the kind from 1; 0 for a start.
	Number int           `json:"number,omitempty"`
	At     exchange.Time `json:"at"`
	// First is what the first run did then, Other what the other did.
	First string `json:"first"`
	Other string `json:"other"`
}

// partings finds where b leaves a, by all that the result hash covers and the runs keep.
// Of what happened at one instant a decision stands before its outcome.
func partings(a, b *backtest.Result) []Parting {
	list := []Parting{}
	if sameResult(a, b) {
		return list
	}
	if a.From != b.From {
		list = append(list, Parting{Kind: "start", At: min(a.From, b.From), First: "begins at " + readable.Instant(a.From), Other: "begins at " + readable.Instant(b.From)})
	}
	add := func(p *Parting) {
		if p != nil {
			list = append(list, *p)
		}
	}
	add(firstApart("refusal", backtest.Each(a.Refusals), backtest.Each(b.Refusals), rowRules[backtest.RefusalRow]{
		at: func(r *backtest.RefusalRow) exchange.Time { return r.At }, same: sameRefusal, say: sayRefusal}))
	add(firstApart("fill", a.Fills.All(), b.Fills.All(), rowRules[backtest.FillRow]{
		at: func(r *backtest.FillRow) exchange.Time { return r.At }, same: sameFill, say: sayFill}))
	add(firstApart("booking", a.Ledger.All(), b.Ledger.All(), rowRules[backtest.LedgerRow]{
		at: func(r *backtest.LedgerRow) exchange.Time { return r.At }, same: sameBooking, say: sayBooking}))
	add(partSamples(a.Equity, b.Equity))
	slices.SortStableFunc(list, func(x, y Parting) int { return cmp.Compare(x.At, y.At) })
	return list
}

// rowRules is what firstApart must know of a kind of row.
type rowRules[R any] struct {
	at   func(*R) exchange.Time
	same func(a, b *R) bool
	say  func(*R) string
}

// firstApart finds the first row in which two lists differ, or nil.
func firstApart[R any](kind string, a, b iter.Seq2[int, *R], rules rowRules[R]) *Parting {
	nextA, stopA := iter.Pull2(a)
	defer stopA()
	nextB, stopB := iter.Pull2(b)
	defer stopB()
	for n := 1; ; n++ {
		_, x, okA := nextA()
		_, y, okB := nextB()
		switch {
		case !okA && !okB:
			return nil
		case okA && okB && rules.at(x) == rules.at(y) && rules.same(x, y):
			continue
		case !okA:
			return &Parting{kind, n, rules.at(y), "no further " + kind, rules.say(y)}
		case !okB:
			return &Parting{kind, n, rules.at(x), rules.say(x), "no further " + kind}
		}
		p := &Parting{kind, n, min(rules.at(x), rules.at(y)), rules.say(x), rules.say(y)}
		later := func(at exchange.Time, text string) string {
			if at == p.At {
				return text
			}
			return fmt.Sprintf("no %s then; its next at %s: %s", kind, readable.Instant(at), text)
		}
		p.First, p.Other = later(rules.at(x), p.First), later(rules.at(y), p.Other)
		return p
	}
}

func sameRefusal(a, b *backtest.RefusalRow) bool {
	return a.Strategy == b.Strategy && a.Rule == b.Rule && a.Text == b.Text
}

func sayRefusal(r *backtest.RefusalRow) string {
	return readable.Clean(r.Strategy) + ": " + readable.Clean(r.Text)
}

func sameFill(a, b *backtest.FillRow) bool {
	return a.Strategy == b.Strategy && a.Product == b.Product && a.Symbol == b.Symbol && a.Side == b.Side &&
		a.PositionSide == b.PositionSide && a.Maker == b.Maker && a.Price == b.Price && a.Qty == b.Qty &&
		a.FeeAsset == b.FeeAsset && a.Forced == b.Forced && a.Fee.Equal(b.Fee) && a.Realized.Equal(b.Realized)
}

func sayFill(r *backtest.FillRow) string {
	liquidity := "taker"
	if r.Maker {
		liquidity = "maker"
	}
	side := strings.ToLower(r.Side.String())
	if r.PositionSide != exchange.Both {
		side += " (" + strings.ToLower(r.PositionSide.String()) + ")"
	}
	text := fmt.Sprintf("%s: %s %s %s at %s, %s, fee %s %s", readable.Clean(r.Strategy), side, readable.Terminal.Fixed(r.Qty),
		readable.Leg(r.Product, r.Symbol), readable.Terminal.Fixed(r.Price), liquidity, readable.Terminal.Exact(r.Fee), readable.Clean(r.FeeAsset))
	if !r.Realized.IsZero() {
		text += ", realized " + readable.Terminal.Exact(r.Realized)
	}
	if r.Forced != 0 {
		text += ", forced by " + strings.ToLower(r.Forced.String())
	}
	return text
}

func sameBooking(a, b *backtest.LedgerRow) bool {
	return a.Strategy == b.Strategy && a.Product == b.Product && a.Symbol == b.Symbol && a.Asset == b.Asset &&
		a.Wallet == b.Wallet && a.Reason == b.Reason && a.Delta.Equal(b.Delta) && a.Balance.Equal(b.Balance)
}

func sayBooking(r *backtest.LedgerRow) string {
	leg := ""
	if r.Symbol != "" {
		leg = " of " + readable.Leg(r.Product, r.Symbol)
	}
	return fmt.Sprintf("%s: %s%s, %s %s in %s, balance then %s", readable.Clean(r.Strategy), strings.ToLower(r.Reason.String()), leg,
		readable.Terminal.Exact(r.Delta), readable.Clean(r.Asset), r.Wallet, readable.Terminal.Exact(r.Balance))
}

// partSamples compares samples of the same instants, for runs may be sampled at other
// intervals. If no such pair differs, the first sample that only one run has is named.
func partSamples(a, b []backtest.Sample) *Parting {
	var alone *Parting
	only := func(n int, s *backtest.Sample, inFirst bool) {
		if alone == nil {
			alone = &Parting{"sample", n + 1, s.At, "no sample then", "a sample"}
			if inFirst {
				alone.First, alone.Other = alone.Other, alone.First
			}
		}
	}
	i, k := 0, 0
	for i < len(a) || k < len(b) {
		switch {
		case k == len(b) || i < len(a) && a[i].At < b[k].At:
			only(i, &a[i], true)
			i++
		case i == len(a) || b[k].At < a[i].At:
			only(k, &b[k], false)
			k++
		default:
			if first, other := sampleDifference(&a[i].Account, &b[k].Account); first != "" {
				return &Parting{"sample", i + 1, a[i].At, first, other}
			}
			i++
			k++
		}
	}
	return alone
}

// sampleDifference names the figures of the account that differ.
func sampleDifference(a, b *exchange.Account) (first, other string) {
	var x, y []string
	figure := func(name string, p, q decimal.Decimal) {
		if p.Equal(q) {
			return
		}
		digits := readable.Terminal.Money
		if digits(p) == digits(q) {
			digits = readable.Terminal.Exact
		}
		x, y = append(x, name+" "+digits(p)), append(y, name+" "+digits(q))
	}
	figure("equity", a.Equity, b.Equity)
	figure("before haircuts", a.ActualEquity, b.ActualEquity)
	figure("open loss", a.OpenLoss, b.OpenLoss)
	figure("maintenance margin", a.MaintMargin, b.MaintMargin)
	figure("initial margin", a.InitialMargin, b.InitialMargin)
	figure("uniMMR", a.UniMMR, b.UniMMR)
	if a.Status != b.Status {
		x, y = append(x, "status "+a.Status.String()), append(y, "status "+b.Status.String())
	}
	return strings.Join(x, ", "), strings.Join(y, ", ")
}

package sweep

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// Report is what is known of an account that is being swept.
type Report struct {
	Schema string `json:"schema"` // pmbot.sweep/1
	// At is when the report was made, in the exchange's time.
	At exchange.Time `json:"at"`
	// Confirmed says that nothing is open but what was kept; without it Unconfirmed says why.
	Confirmed   bool     `json:"confirmed"`
	Unconfirmed []string `json:"unconfirmed"`
	// Took is how long it took so far, in whole milliseconds, and Rounds how often all was read.
	Took   int64 `json:"took_ms"`
	Rounds int   `json:"rounds"`
	// Ended are the orders that were open and are not any more, Kept the stops that stay, and
	// Open the ones that were open when they were read last.
	Ended []Order `json:"ended"`
	Kept  []Order `json:"kept"`
	Open  []Order `json:"open"`
	// Held is what the account holds. Its errors stand in NotRead.
	Held
	NotRead []string `json:"not_read"`
}

// Held is what an account holds, as the exchange tells it.
type Held struct {
	Positions []Position `json:"positions"`
	Assets    []Asset    `json:"assets"`
	// UniMMR, Equity in USD and Status are the account's; Status is "" if they are not known.
	UniMMR decimal.Decimal `json:"unimmr"`
	Equity decimal.Decimal `json:"equity"`
	Status string          `json:"status"`
}

// Position is a futures position.
type Position struct {
	// Symbol is such as "UM:BTCUSDT", Side BOTH in one-way mode.
	Symbol string          `json:"symbol"`
	Side   string          `json:"side"`
	Qty    decimal.Decimal `json:"qty"`
	Entry  decimal.Decimal `json:"entry"`
	Mark   decimal.Decimal `json:"mark"`
	// Notional is in USD by the mark price, without a sign; PnL is in the asset of the contract.
	Notional decimal.Decimal `json:"notional"`
	PnL      decimal.Decimal `json:"pnl"`
}

// Asset is what is in the wallets, or owed.
type Asset struct {
	Asset    string          `json:"asset"`
	Total    decimal.Decimal `json:"total"`
	Borrowed decimal.Decimal `json:"borrowed"`
	Interest decimal.Decimal `json:"interest"`
}

// answer is what was answered last, and the error of the newest question.
type answer[A any] struct {
	value A
	known bool
	err   error
}

// asks is a question whose answer takes the place of the one before, if there is one.
func (a *answer[A]) asks(ctx context.Context, call func(context.Context) (A, error)) func() {
	return func() {
		var value A
		if value, a.err = ask(ctx, call); a.err == nil {
			a.value, a.known = value, true
		}
	}
}

// facts are the account beside its orders.
type facts struct {
	um       answer[[]papi.UMPosition]
	cm       answer[[]papi.CMPosition]
	account  answer[papi.Account]
	balances answer[[]papi.Balance]
	// failed are the cancels of the last round that the exchange did not take.
	failed []string
}

func (f *facts) questions(ctx context.Context, c *papi.Client) []func() {
	return []func(){
		f.um.asks(ctx, func(ctx context.Context) ([]papi.UMPosition, error) { return c.UMPositions(ctx, "") }),
		f.cm.asks(ctx, func(ctx context.Context) ([]papi.CMPosition, error) { return c.CMPositions(ctx, "", "") }),
		f.account.asks(ctx, c.Account),
		f.balances.asks(ctx, func(ctx context.Context) ([]papi.Balance, error) { return c.Balances(ctx, "") }),
	}
}

func (f *facts) errors() []error { return []error{f.um.err, f.cm.err, f.account.err, f.balances.err} }

// locked is the money of the margin wallet that open orders lock, "" for none.
func (f *facts) locked() string {
	var list []string
	for _, b := range f.balances.value {
		if b.CrossMarginLocked.IsPositive() {
			list = append(list, b.CrossMarginLocked.String()+" "+b.Asset)
		}
	}
	return strings.Join(list, ", ")
}

// reduces says whether a stop has a position to reduce. While positions are not known it is
// taken for one: it cannot open any.
func (f *facts) reduces(o *Order) bool {
	held := func(symbol string, side papi.PositionSide, qty decimal.Decimal) bool {
		if symbol != o.Symbol || string(side) != o.position && o.position != "" {
			return false
		}
		return o.Side == "SELL" && qty.IsPositive() || o.Side == "BUY" && qty.IsNegative()
	}
	if o.product == exchange.CM {
		return !f.cm.known || slices.ContainsFunc(f.cm.value, func(p papi.CMPosition) bool { return held(p.Symbol, p.PositionSide, p.PositionAmt) })
	}
	return !f.um.known || slices.ContainsFunc(f.um.value, func(p papi.UMPosition) bool { return held(p.Symbol, p.PositionSide, p.PositionAmt) })
}

// held is the account for people.
func (f *facts) held() Held {
	h := Held{Positions: []Position{}, Assets: []Asset{}, UniMMR: f.account.value.UniMMR, Equity: f.account.value.AccountEquity, Status: string(f.account.value.AccountStatus)}
	for _, p := range f.um.value {
		if !p.PositionAmt.IsZero() {
			h.Positions = append(h.Positions, Position{"UM:" + p.Symbol, string(p.PositionSide), p.PositionAmt, p.EntryPrice, p.MarkPrice,
				p.PositionAmt.Mul(p.MarkPrice).Abs(), p.UnrealizedProfit})
		}
	}
	for _, p := range f.cm.value {
		if !p.PositionAmt.IsZero() {
			h.Positions = append(h.Positions, Position{"CM:" + p.Symbol, string(p.PositionSide), p.PositionAmt, p.EntryPrice, p.MarkPrice,
				p.NotionalValue.Mul(p.MarkPrice).Abs(), p.UnrealizedProfit})
		}
	}
	for _, b := range f.balances.value {
		a := Asset{b.Asset, b.TotalWalletBalance, b.CrossMarginBorrowed, b.CrossMarginInterest}
		if !a.Total.IsZero() || !a.Borrowed.IsZero() || !a.Interest.IsZero() {
			h.Assets = append(h.Assets, a)
		}
	}
	return h
}

// tell makes the report of a round.
func (s *sweep) tell(done bool) {
	r := &Report{
		Schema: "pmbot.sweep/1", At: s.config.Client.ServerTime(), Confirmed: done, Took: time.Since(s.began).Milliseconds(), Rounds: s.rounds,
		Unconfirmed: []string{}, Ended: []Order{}, Kept: []Order{}, Open: []Order{}, NotRead: []string{}, Held: s.facts.held(),
	}
	for _, o := range s.seen {
		switch {
		case !o.open:
			r.Ended = append(r.Ended, o.Order)
		case o.kept:
			r.Kept = append(r.Kept, o.Order)
		default:
			r.Open = append(r.Open, o.Order)
		}
	}
	if !done {
		r.Unconfirmed = append(append(r.Unconfirmed, s.doubts()...), s.facts.failed...)
		if len(r.Unconfirmed) == 0 {
			r.Unconfirmed = append(r.Unconfirmed, "all lists are empty, and were not for long enough: a request on its way could still arrive")
		}
	}
	for i, err := range s.facts.errors() {
		if err != nil {
			r.NotRead = append(r.NotRead, [...]string{"UM positions: ", "CM positions: ", "account: ", "balances: "}[i]+err.Error())
		}
	}
	s.report = r
	if s.config.Tell != nil {
		s.config.Tell(r)
	}
}
